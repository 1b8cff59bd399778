"""Whether to take part in an event: the day with it beside the day without it."""

from dataclasses import dataclass

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import plain, some_of
from models.domain.scenario import Scenario
from models.domain.schedule import EventPlan, Schedule
from models.domain.signal import Event
from optimizer.completing import complete
from optimizer.explain import Reason, reasons
from optimizer.optimize import optimize
from optimizer.response.lifting import without
from optimizer.settings import Settings

BROKEN_KWH = 0.05
"""A promise that lacks less is kept; no meter of a car shows it. [kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptIn:
    """Both days, and which of them is better."""

    event: EventPlan
    taking_part: Schedule
    staying_out: Schedule
    waiting: tuple[Reason, ...]
    """Who waits for the event."""

    @property
    def gain(self) -> float:
        """What the day without it costs more, missed targets at their worth included. [currency]"""
        return self.staying_out.objective - self.taking_part.objective

    @property
    def elsewhere(self) -> float:
        """What energy, peaks and missed targets cost more with it. [currency]"""
        return self.event.made - self.gain

    @property
    def broken_kwh(self) -> float:
        """What promises lack more with it. [kWh]"""
        return _broken_kwh(self.taking_part) - _broken_kwh(self.staying_out)

    @property
    def missed_kwh(self) -> float:
        """What drivers miss more with it, beyond promises. [kWh]"""
        return _missed_kwh(self.taking_part) - _missed_kwh(self.staying_out)

    @property
    def better(self) -> bool:
        """Whether to take part: no promise is broken for it, and it earns more than it costs."""
        return self.broken_kwh < BROKEN_KWH and self.gain > 0.0


def opt_in(scenario: Scenario, event_id: str, settings: Settings = Settings()) -> OptIn:
    """The answer for one event of a valid scenario; every other signal stays as it is. Two plans, and one for reasons.

    Raises InvalidScenario where there is no such event; SolverFault or DeadlinePassed.
    """
    _refuse_unknown(scenario, event_id)
    completed = complete(scenario).scenario
    taking_part = optimize(completed, settings)
    staying_out = optimize(without(completed, {event_id}), settings)
    told = reasons(completed, taking_part, settings)
    return OptIn(
        event=next(plan for plan in taking_part.events if plan.event_id == event_id),
        taking_part=taking_part,
        staying_out=staying_out,
        waiting=tuple(reason for reason in told if reason.cause == event_id),
    )


def _refuse_unknown(scenario: Scenario, event_id: str) -> None:
    known = [signal.id for signal in scenario.signals if isinstance(signal, Event)]
    if event_id not in known:
        message = f"there is no event {plain(event_id)}"
        remedy = f"write one of {some_of(known)}" if known else "add one to signals"
        raise InvalidScenario([Finding(path="signals", message=message, remedy=remedy, ids=(event_id,))])


def _broken_kwh(plan: Schedule) -> float:
    return sum(session.minimum_shortfall_kwh for session in plan.sessions)


def _missed_kwh(plan: Schedule) -> float:
    return sum(session.target_shortfall_kwh for session in plan.sessions)
