"""The load without an event, by which frozen hours and rebounds are measured: that of a plan of the day without it."""

from dataclasses import replace

import numpy as np

from models.domain.findings import Assumption
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Method, Schedule
from models.domain.series import steps_of, values
from models.domain.signal import Event
from models.domain.signal_times import settlement_ends_s
from models.domain.value import Step
from optimizer.completing import complete
from optimizer.heuristics import heuristic

SOURCE = "the same day was planned without the event first"


def lacking_reference(scenario: Scenario) -> tuple[str, ...]:
    """Events that something is measured by and that say nothing of the load without them."""
    return tuple(s.id for s in scenario.signals if isinstance(s, Event) and s.reference_kw is None and _needs(s))


def _needs(event: Event) -> bool:
    frozen = event.freeze is not None and event.freeze.price_per_kwh > 0.0
    return frozen or (event.rebound is not None and event.rebound.above_reference_kw is not None)


def with_references(scenario: Scenario, without: Schedule) -> tuple[Scenario, list[Assumption]]:
    """The scenario with the loads of a plan without these events, and what that assumes."""
    signals, told, lacking = list(scenario.signals), [], lacking_reference(scenario)
    for i, signal in enumerate(signals):
        if isinstance(signal, Event) and signal.id in lacking:
            load = load_at(scenario, signal, without)
            signals[i] = replace(signal, reference_kw=_steps(without, load))
            value = f"{load.min():.1f} to {load.max():.1f} kW, period by period"
            told.append(Assumption(what=f"signals[{i}].reference_kw", value=value, source=SOURCE))
    return replace(scenario, signals=tuple(signals)), told


def as_planned(scenario: Scenario, plan: Schedule) -> Scenario:
    """The scenario with the loads without events that a plan was made with, where it says nothing of them itself."""
    known = {event.event_id: event.reference_kw for event in plan.events}
    if all(load is None for load in known.values()):
        return scenario
    signals = list(scenario.signals)
    for i, signal in enumerate(signals):
        load = known.get(signal.id)
        if isinstance(signal, Event) and signal.reference_kw is None and load is not None:
            signals[i] = replace(signal, reference_kw=_steps(plan, load))
    return replace(scenario, signals=tuple(signals))


def _steps(plan: Schedule, load_kw: Floats) -> tuple[Step, ...]:
    return tuple(Step(start=plan.instant(t), value=float(power)) for t, power in enumerate(load_kw))


def load_at(scenario: Scenario, event: Event, plan: Schedule) -> Floats:
    """Expected load where the event is measured (T,). [kW]"""
    if not event.evses:
        root = next(node.id for node in scenario.site.nodes if node.parent is None)
        return next(node.expected_kw for node in plan.nodes if node.node_id == (event.node or root))
    load = np.zeros(plan.period_count)
    for session in plan.sessions:
        if session.evse_id in event.evses:
            power = session.charge_power_kw - session.given_back_kw
            there = slice(session.first_period, session.first_period + len(power))
            load[there] += power * session.plugged_in_h / plan.period_h[there]
    return load


def uncontrolled_kw(scenario: Scenario, event: Event) -> tuple[Step, ...]:
    """Load at the meter of an event when every car charges as fast as it can from arrival on: what a session would have
    drawn if nobody had planned it, as a mean of each settlement interval. A valid scenario."""
    plan = heuristic(complete(scenario).scenario, Method.UNCONTROLLED)
    edges = settlement_ends_s(event)
    return steps_of(edges, values(_steps(plan, load_at(scenario, event, plan)), edges))
