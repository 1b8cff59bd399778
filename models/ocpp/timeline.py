"""A session's setpoints as a timeline of limits: from a minute before now, until the fail-safe share without end."""

from datetime import UTC, datetime
from math import floor

from models.domain.schedule import Schedule, SessionPlan
from models.ocpp.limits import LimitScale
from models.ocpp.steps import Step, capped, merged, whole_second_steps

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
    fail_safe_kw: float,
    now: datetime,
    most: int,
    gives_back: bool = False,
) -> tuple[Step, ...]:
    """At most ``most`` steps after :func:`timeline_start`.

    The period that runs at ``now`` is extended back over the minute before. A plan that starts later is preceded by
    the fail-safe share, every plan is followed by it. After the planned departure the limit is 0 until the plan
    ends, because the plan gave that power to others.

    With ``gives_back`` a step below 0 is what to give back, rounded towards 0; where that makes more steps than there
    may be, and without it, the limit is 0 then.
    """
    fail_safe = scale.tenths(fail_safe_kw)
    limits = [scale.tenths(float(power_kw)) for power_kw in plan.limit_kw]
    back = [scale.tenths(float(power_kw)) for power_kw in plan.given_back_kw]
    signed = [limit or -given for limit, given in zip(limits, back, strict=True)]
    for setpoints in (signed, limits) if gives_back else (limits,):
        planned = [0] * schedule.period_count
        planned[plan.first_period : plan.first_period + len(setpoints)] = setpoints
        steps = merged(list(_placed(schedule, [fail_safe, *planned, fail_safe], now)))
        if len(steps) <= most or setpoints is limits:
            break
    return capped(steps, most)


def _placed(schedule: Schedule, tenths: list[int], now: datetime) -> tuple[Step, ...]:
    """Limits before, in and after the periods, against the start of the timeline."""
    origin_s, start_s = _origin_s(now), float(schedule.instants_s[0])
    # A plan for the next full minute counts as begun: stations would otherwise pause for these seconds.
    begun_s = start_s if start_s - BACKDATE_S <= now.timestamp() < start_s else now.timestamp()
    starts_s = [0.0 if s <= begun_s else float(s) - origin_s for s in (float("-inf"), *schedule.instants_s)]
    return whole_second_steps(starts_s, tenths)


def _origin_s(now: datetime) -> int:
    return floor(now.timestamp()) - BACKDATE_S
