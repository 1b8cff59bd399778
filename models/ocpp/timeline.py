"""A session's setpoints as a timeline of limits: from a minute before now, until the fail-safe share without end."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import floor

from models.domain.schedule import Schedule, SessionPlan
from models.domain.times import seconds
from models.ocpp.limits import LimitScale
from models.ocpp.share import tail_steps
from models.ocpp.steps import Step, capped, whole_second_steps

Span = tuple[float, float]
"""From one instant to another, half-open. [s]"""

BACKDATE_S = 60
"""A schedule that starts now is in the future for a station whose clock is slow (evcc backdates a minute, too). [s]"""


def timeline_start(now: datetime) -> datetime:
    """Start of every schedule that is made at ``now``, in whole seconds."""
    return datetime.fromtimestamp(_origin_s(now), UTC)


def timeline(
    schedule: Schedule,
    plan: SessionPlan,
    scale: LimitScale,
    *,
    shares: tuple[Step, ...],
    now: datetime,
    most: int,
    gives_back: bool = False,
    until: datetime | None = None,
    guard_s: float = 0.0,
    held: tuple[Span, ...] = (),
) -> tuple[Step, ...]:
    """At most ``most`` steps after :func:`timeline_start`; ``shares`` is a day of the fail-safe.

    The period that runs at ``now`` is extended back over the minute before. A plan that starts later is preceded by
    the fail-safe share; it is followed by it at its end, or at ``until`` if that comes first. After the planned
    departure the limit is 0 until the plan ends, because the plan gave that power to others. For ``guard_s`` before
    its end a plan gives no more than the share: stations whose clocks differ leave their plans one after the other.

    In the spans of ``held``, those of known events, a plan goes on to be followed after ``until`` where it gives less
    than the share: what was promised is kept by stations that hear nothing more.

    With ``gives_back`` a step below 0 is what to give back, rounded towards 0; where that makes more steps than there
    may be, and without it, the limit is 0 then.
    """
    limits = [scale.tenths(float(power_kw)) for power_kw in plan.limit_kw]
    back = [scale.tenths(float(power_kw)) if gives_back else 0 for power_kw in plan.given_back_kw]
    setpoints = [limit or -given for limit, given in zip(limits, back, strict=True)]
    start_s, end_s = float(schedule.instants_s[0]), float(schedule.instants_s[-1])
    end_s = end_s if until is None else max(start_s, min(end_s, seconds(until)))
    before = list(tail_steps(shares, min(start_s, float(_origin_s(now)))))
    planned = [0] * schedule.period_count
    planned[plan.first_period : plan.first_period + len(setpoints)] = setpoints
    steps = [
        *((s, value) for s, value in before if s < start_s),
        *_guarded(schedule, planned, end_s, end_s - guard_s, min(value for _, value in shares)),
        *_held_tail(schedule, planned, list(tail_steps(shares, end_s)), held),
    ]
    return capped(_placed(steps, start_s, now), most)


def _held_tail(
    schedule: Schedule, planned: list[int], tail: list[tuple[float, int]], held: tuple[Span, ...]
) -> Iterator[tuple[float, int]]:
    """The shares after the plan, in the spans no higher than what was planned."""
    from_s, instants = tail[0][0], schedule.instants_s.tolist()
    spans = [(max(begin, from_s), min(end, instants[-1])) for begin, end in held]
    spans = [(begin, end) for begin, end in spans if begin < end]
    edges = {edge for begin, end in spans for edge in (begin, end, *(s for s in instants if begin < s < end))}
    for start in sorted({*edges, *(s for s, _ in tail)}):
        share = [value for s, value in tail if s <= start][-1]
        inside = any(begin <= start < end for begin, end in spans)
        at = bisect_right(instants, start) - 1
        yield start, min(share, max(0, planned[at])) if inside else share


def _guarded(
    schedule: Schedule, planned: list[int], end_s: float, guard_from_s: float, least: int
) -> Iterator[tuple[float, int]]:
    """Setpoints before the plan's end, from the guard on none above the least share."""
    instants = schedule.instants_s.tolist()
    for start_s, until_s, value in zip(instants[:-1], instants[1:], planned, strict=True):
        if start_s < end_s:
            yield start_s, value if start_s < guard_from_s else min(value, least)
        if start_s < guard_from_s < min(until_s, end_s):
            yield guard_from_s, min(value, least)


def _placed(steps: Iterable[tuple[float, int]], start_s: float, now: datetime) -> tuple[Step, ...]:
    """Steps against the start of the timeline, those that have begun all at its start: the last of them counts."""
    origin_s = _origin_s(now)
    # A plan for the next full minute counts as begun: stations would otherwise pause for these seconds.
    begun_s = start_s if start_s - BACKDATE_S <= now.timestamp() < start_s else now.timestamp()
    starts, values = zip(*((0.0 if s <= begun_s else s - origin_s, value) for s, value in steps), strict=True)
    return whole_second_steps(list(starts), list(values))


def _origin_s(now: datetime) -> int:
    return floor(now.timestamp()) - BACKDATE_S
