"""From what a script showed to a record with a grade."""

from collections.abc import Iterator

from models.commissioning.drawing import DRAWS_A, phases_drawn
from models.commissioning.flaws import LOWERED, clock_is_off, flaws_seen
from models.commissioning.observations import Observations
from models.commissioning.record import Flaw, Grade, Outcome, Record
from models.commissioning.script import EXPECTED_A
from models.commissioning.seen import Seen, capability_seen, metering_seen, offline_seen, seen
from models.domain.installed import OfflineBehaviour

FOLLOW_WITHIN_S = 60.0
"""A plan that is followed later than that is not followed: others have been raised meanwhile. [s]"""
_MAXIMUM_FLAWS = {Flaw.MAXIMUM_PER_CONNECTOR, Flaw.MAXIMUM_IGNORED}


def judge(observations: Observations) -> Record:
    """What was seen, what is wrong, and the grade with the reasons why it is no better."""
    facts = seen(observations, EXPECTED_A)
    flaws = flaws_seen(facts)
    against_plan, against_fail_safe = tuple(_against_the_plan(facts)), tuple(_against_the_fail_safe(facts))
    grade = Grade.C if against_plan else Grade.B if against_fail_safe else Grade.A
    return Record(
        station_id=observations.station_id,
        version=observations.version,
        grade=grade,
        because=(*against_plan, *against_fail_safe),
        capability=capability_seen(observations),
        flaws=flaws,
        evidence=tuple(facts.shown.values()),
        phases=phases_drawn(observations, 1),
        least_a=_least_a(facts),
        follow_s=_follow_s(facts),
        wakes=_wakes(facts),
        offline=offline_seen(facts),
        default_after_boot=_yes_or_no(facts, "reboot"),
        maximum_holds=_maximum_holds(facts, flaws),
        clock_offset_s=round(observations.clock_offset_s),
        metering=metering_seen(observations),
    )


def _against_the_plan(facts: Seen) -> Iterator[str]:
    for step in (*LOWERED, "tail"):
        if not facts.held(step):
            yield _told(facts, step)
    late_s = _follow_s(facts)
    if late_s is not None and late_s > FOLLOW_WITHIN_S:
        yield f"it followed after {late_s:.0f} s; {FOLLOW_WITHIN_S:.0f} s are allowed"
    if clock_is_off(facts):
        yield f"its clock is off by {facts.observations.clock_offset_s:+.0f} s: plans run late or early by as much"


def _against_the_fail_safe(facts: Seen) -> Iterator[str]:
    for step in ("default-in-session", "default-after-plan", "reboot"):
        if not facts.held(step):
            yield _told(facts, step)
    offline = offline_seen(facts)
    if offline in (OfflineBehaviour.FULL, OfflineBehaviour.UNKNOWN):
        yield f"cut: what it does without a connection is {offline.value}"


def _told(facts: Seen, step: str) -> str:
    shown = facts.shown[step]
    if shown.outcome is Outcome.EXCEEDED:
        return f"{step}: the car drew {shown.measured_a:.1f} A at a limit of {shown.expected_a:g} A"
    if shown.measured_a is None:
        return f"{step}: nothing was measured"
    return f"{step}: no proof, the car never drew more than {facts.most_a:.1f} A"


def _least_a(facts: Seen) -> float | None:
    """The smallest limit at which it drew."""
    drew = [s.expected_a for s in facts.shown.values() if s.measured_a is not None and s.measured_a > DRAWS_A]
    return min((limit_a for limit_a in drew if limit_a > 0.0), default=None)


def _follow_s(facts: Seen) -> float | None:
    times = [facts.shown[step].followed_after_s for step in LOWERED if step in facts.shown]
    return max((time for time in times if time is not None), default=None)


def _wakes(facts: Seen) -> bool | None:
    resumed_a = facts.measured_a("follow-5")
    return None if resumed_a is None or not facts.held("follow-4") else resumed_a > DRAWS_A


def _yes_or_no(facts: Seen, step: str) -> bool | None:
    return {Outcome.HELD: True, Outcome.EXCEEDED: False}.get(facts.outcome(step))


def _maximum_holds(facts: Seen, flaws: tuple[Flaw, ...]) -> bool | None:
    if facts.observations.evses == 1:
        return _yes_or_no(facts, "maximum")
    return not _MAXIMUM_FLAWS & set(flaws)
