"""Events that are known when a plan is sent: what was promised for them lies at the stations before they begin."""

from models.domain.scenario import Scenario
from models.domain.signal import Cap, Direction, Dispatch, Event
from models.domain.staggering import Holding, returns
from models.domain.times import seconds
from models.ocpp.timeline import Span


def known_events(scenario: Scenario) -> tuple[Event, ...]:
    """Those that ask for less load, for money."""
    events = (signal for signal in scenario.signals if isinstance(signal, Event))
    return tuple(
        event
        for event in events
        if event.direction is Direction.REDUCE and (event.payment_per_kwh > 0.0 or event.penalty_per_kwh > 0.0)
    )


def coming_back(scenario: Scenario) -> tuple[Holding, ...]:
    """Signals after whose end the load of stations comes back one after the other."""
    held = (signal for signal in scenario.signals if isinstance(signal, Cap | Dispatch))
    return tuple(returns((*known_events(scenario), *held)))


def held_spans(scenario: Scenario) -> tuple[Span, ...]:
    """When a plan that gives less than the fail-safe share goes on to be followed without contact."""
    return tuple((seconds(event.start), seconds(event.end)) for event in known_events(scenario))
