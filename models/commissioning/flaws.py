"""What is wrong with a station, by what its script showed; a flaw that another one explains is not named twice."""

from collections.abc import Iterator

from models.commissioning.drawing import DRAWS_A, phases_drawn
from models.commissioning.observations import PLUGGED
from models.commissioning.record import Flaw, Outcome
from models.commissioning.script import SHARED_A
from models.commissioning.seen import (
    Seen,
    above,
    capability_seen,
    levels_tried,
    metering_seen,
    offline_seen,
    total_a,
)
from models.domain.events import TransactionEnded
from models.domain.installed import OfflineBehaviour
from models.domain.site import RateUnit
from models.ocpp.capabilities import FEWEST_MAX_PERIODS

CLOCK_OFF_S = 30.0
LOWERED = ("follow-2", "follow-3", "follow-4")
UNKNOWN_ACTION = {"NotImplemented", "NotSupported"}


def flaws_seen(facts: Seen) -> tuple[Flaw, ...]:
    found = [*_of_limits(facts), *_of_memory(facts), *_of_answers(facts), *_of_metering(facts)]
    return tuple(dict.fromkeys(found))


def clock_is_off(facts: Seen) -> bool:
    return abs(facts.observations.clock_offset_s) > CLOCK_OFF_S


def _of_limits(facts: Seen) -> Iterator[Flaw]:
    if clock_is_off(facts):
        yield Flaw.CLOCK_OFF
    elif any(facts.outcome(step) is Outcome.EXCEEDED for step in LOWERED):
        yield Flaw.IGNORES
        return
    resumed_a = facts.measured_a("follow-5")
    if facts.held("follow-4") and resumed_a is not None and resumed_a <= DRAWS_A:
        yield Flaw.SLEEPS_AT_ZERO
    yield from _of_the_maximum(facts)


def _of_the_maximum(facts: Seen) -> Iterator[Flaw]:
    if clock_is_off(facts):
        return
    together_a = total_a(facts.observations, "maximum-shared")
    if together_a is not None and together_a > above(SHARED_A):
        yield Flaw.MAXIMUM_PER_CONNECTOR
    if facts.observations.evses == 1 and facts.outcome("maximum") is Outcome.EXCEEDED:
        yield Flaw.MAXIMUM_IGNORED


def _of_memory(facts: Seen) -> Iterator[Flaw]:
    """In the order in which one explains the next."""
    if clock_is_off(facts) or any(facts.outcome(step) is Outcome.EXCEEDED for step in LOWERED):
        return
    if facts.outcome("default-in-session") is Outcome.EXCEEDED:
        yield Flaw.DEFAULT_IGNORED_IN_SESSION
    elif facts.outcome("default-after-plan") is Outcome.EXCEEDED:
        yield Flaw.LAST_PROFILE_ONLY
    elif offline_seen(facts) is OfflineBehaviour.FULL:
        yield Flaw.DROPS_AT_DISCONNECT
    elif facts.outcome("reboot") is Outcome.EXCEEDED:
        yield Flaw.FACTORY_LIMITS_AFTER_REBOOT


def _of_answers(facts: Seen) -> Iterator[Flaw]:
    observations = facts.observations
    took = capability_seen(observations)
    if took.rate_units == (RateUnit.A,):
        yield Flaw.AMPERES_ONLY
    if took.rate_units == (RateUnit.W,):
        yield Flaw.WATTS_ONLY
    if took.max_periods is not None and took.max_periods < FEWEST_MAX_PERIODS:
        yield Flaw.FEW_PERIODS
    levels = levels_tried(observations)
    if any(not taken and level > low for level, taken in levels for low, there in levels if there):
        yield Flaw.REJECTS_TOP_LEVEL
    refusals = [a for a in observations.answered if a.action == "SetChargingProfile" and a.error is not None]
    if any(refusal.error not in UNKNOWN_ACTION for refusal in refusals):
        yield Flaw.CALL_ERROR
    if any(_has_fractions(a.reply) for a in observations.answered if a.action == "GetCompositeSchedule"):
        yield Flaw.FLOAT_PERIODS
    if _aborted(facts):
        yield Flaw.ABORTS_WHEN_ANSWERED_LATE


def _has_fractions(reply: object) -> bool:
    """A startPeriod that is no whole number, anywhere in an answer."""
    if isinstance(reply, dict):
        start = reply.get("startPeriod")
        return (isinstance(start, float) and start % 1.0 != 0.0) or any(map(_has_fractions, reply.values()))
    return isinstance(reply, list) and any(map(_has_fractions, reply))


def _aborted(facts: Seen) -> bool:
    """A transaction ended in the step after the car was plugged in, and nobody had asked for it."""
    plugs = facts.observations.of_step("late-answer", PLUGGED)
    ends = [at for step, at, e in facts.observations.heard if step == "late-answer" and isinstance(e, TransactionEnded)]
    return bool(plugs) and any(at_s > plugs[-1].at_s for at_s in ends)


def _of_metering(facts: Seen) -> Iterator[Flaw]:
    observations, told = facts.observations, metering_seen(facts.observations)
    if told == ("energy",):
        yield Flaw.ENERGY_ONLY
    currents = [m.current_a for _, m in observations.measured(1) if m.current_a]
    phases_told = max((len(current_a) for current_a in currents), default=0)
    if phases_told == 1 and (phases_drawn(observations, 1) or 1) > 1:
        yield Flaw.ONE_PHASE_REPORTED
