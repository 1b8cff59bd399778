"""Events (12) and dispatch (14): loads where they are measured, what is delivered of them, and what that is paid.

What would have been without an event is taken from the scenario, or else from the plan: an audit plans nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from models.domain.schedule import DispatchPlan, EventPlan, Floats
from models.domain.signal import Direction, Dispatch, Event
from models.domain.units import SECONDS_PER_HOUR
from models.domain.value import Series
from optimizer.audit.case import Case
from optimizer.audit.loads import NodeLoad, expected_kw
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.timeline import steps_at, utc
from optimizer.audit.tree import root_of

MONEY_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Measured:
    """A signal with the load where it is measured, and what nobody could help there (T,). [kW]"""

    signal: Event | Dispatch
    load_kw: Floats
    rest_kw: Floats
    """Cars and batteries at rest, all PV held back."""


def measured(case: Case, loads: Iterable[NodeLoad]) -> tuple[Measured, ...]:
    """Every event and every dispatch."""
    by_label = {load.label: load for load in loads}
    found = []
    for signal in case.scenario.signals:
        if not isinstance(signal, Event | Dispatch):
            continue
        if signal.evses:
            found.append(Measured(signal, _at_evses(case, signal.evses), np.zeros(case.schedule.period_count)))
        else:
            node = by_label[signal.node or root_of(case.scenario.site).id]
            rest = case.time.mean(node.expected_base_kw) + node.curtailable_kw
            found.append(Measured(signal, expected_kw(case, node), rest))
    return tuple(found)


def _at_evses(case: Case, evses: tuple[str, ...]) -> Floats:
    """What their own meters count (T,). [kW at evse]"""
    load = np.zeros(case.schedule.period_count)
    for stay in case.stays:
        if stay.evse.id in evses:
            load[stay.periods] += (stay.power_kw - stay.given_kw) * stay.overlap_h / case.time.period_h[stay.periods]
    return load


def event_breaks(case: Case, found: tuple[Measured, ...]) -> Iterator[Break]:
    """(12), (14): every event and dispatch has one plan, and its numbers are those of the setpoints."""
    events = {plan.event_id: plan for plan in case.schedule.events}
    followed = {plan.signal_id: plan for plan in case.schedule.dispatch}
    for one in found:
        signal = one.signal
        if isinstance(signal, Event):
            plan = events.pop(signal.id, None)
            yield from _no_plan(signal.id) if plan is None else _event_breaks(case, one, signal, plan)
        else:
            told = followed.pop(signal.id, None)
            yield from _dispatch_breaks(case, one, signal, told)
    for name in (*events, *followed):
        yield _break(BreakCode.EVENT_PLAN, name, None, 1.0, 0.0, "the scenario has no such event")


def _no_plan(name: str) -> Iterator[Break]:
    yield _break(BreakCode.EVENT_PLAN, name, None, 0.0, 1.0, "the plan says nothing of this event")


def _event_breaks(case: Case, one: Measured, event: Event, plan: EventPlan) -> Iterator[Break]:
    spans = np.array(list(_intervals(case, event))).reshape(-1, 2)
    stated = np.column_stack((plan.starts_s, plan.ends_s))
    if stated.shape != spans.shape or not np.allclose(stated, spans, rtol=0.0, atol=1e-3):
        message = f"it has {len(spans)} settlement intervals, the plan has {len(stated)}, or others"
        yield _break(BreakCode.EVENT_PLAN, event.id, None, len(spans), len(stated), message)
        return
    for q, (start_s, end_s) in enumerate(spans):
        yield from _interval_breaks(case, one, event, plan, q, start_s, end_s)
    yield from _rebound_breaks(case, one, event, plan)
    after = rebound_cost(case, one, event, plan) + freeze_cost(case, one, event, plan)
    if abs(after - plan.after_cost) > MONEY_TOLERANCE * max(1.0, abs(after)):
        message = f"what follows from it costs {after:.6f}, the plan says {plan.after_cost:.6f}"
        yield _break(BreakCode.EVENT_PLAN, event.id, None, after, plan.after_cost, message)


def _interval_breaks(
    case: Case, one: Measured, event: Event, plan: EventPlan, q: int, start_s: float, end_s: float
) -> Iterator[Break]:
    """event_delivered <= σ (load - baseline), at most what is accepted, 0 below the share that is needed."""
    hours, tolerance = (end_s - start_s) / SECONDS_PER_HOUR, case.tolerance_kw
    load, baseline = _mean_kw(case, one.load_kw, event, start_s, end_s), _mean_of(event.baseline_kw, start_s, end_s)
    sign = 1.0 if event.direction is Direction.TURN_UP else -1.0
    accepted = event.committed_kw if event.accepted_kw is None else event.accepted_kw
    full = min(max(0.0, sign * (load - baseline)), accepted)
    least = event.pays_from_share * event.committed_kw
    possible = [full] if full > least + tolerance else [0.0] if full < least - tolerance else [full, 0.0]
    delivered = min(possible, key=lambda kw: abs(kw - plan.delivered_kw[q]))
    short = max(0.0, event.committed_kw - float(plan.delivered_kw[q]))
    told = (
        ("committed", plan.committed_kw[q], event.committed_kw, tolerance),
        ("baseline", plan.baseline_kw[q], baseline, tolerance),
        ("load", plan.load_kw[q], load, tolerance),
        ("delivered", plan.delivered_kw[q], delivered, tolerance),
        ("shortfall", plan.shortfall_kw[q], short, tolerance),
        ("payment", plan.payment[q], hours * event.payment_per_kwh * plan.delivered_kw[q], MONEY_TOLERANCE),
        ("penalty", plan.penalty[q], hours * event.penalty_per_kwh * plan.shortfall_kw[q], MONEY_TOLERANCE),
    )
    for name, stated, right, allowed in told:
        if abs(stated - right) > allowed * max(1.0, abs(right) if allowed is MONEY_TOLERANCE else 1.0):
            message = f"{name} is {right:.6f}, the plan says {stated:.6f}"
            yield _break(BreakCode.EVENT_PLAN, event.id, start_s, right, stated, message)


def _intervals(case: Case, event: Event) -> Iterator[tuple[float, float]]:
    """The part of each settlement interval that the plan reaches. [s]"""
    plan_start, plan_end = float(case.schedule.instants_s[0]), float(case.schedule.instants_s[-1])
    step, begin = timedelta(minutes=event.settlement_min), event.start
    while (event.end - begin).total_seconds() > 1e-3:
        end = min(begin + step, event.end)
        start_s, end_s = begin.timestamp(), min(end.timestamp(), plan_end)
        if not (event.metered_kwh is not None and start_s < plan_start < end.timestamp()):
            start_s = max(start_s, plan_start)
        if end.timestamp() > plan_start and end_s - start_s >= 1e-3:
            yield start_s, end_s
        begin = end


def _mean_kw(case: Case, load_kw: Floats, event: Event, start_s: float, end_s: float) -> float:
    """Energy of the plan inside an interval, and what was metered before it, over its length. [kW]"""
    planned_kwh = float(load_kw @ case.time.overlap_h(start_s, end_s, slice(None)))
    before_kwh = (event.metered_kwh or 0.0) if start_s < case.schedule.instants_s[0] else 0.0
    return (planned_kwh + before_kwh) / ((end_s - start_s) / SECONDS_PER_HOUR)


def _mean_of(series: Series, start_s: float, end_s: float) -> float:
    steps = () if isinstance(series, float | int) else series
    inside = [step.start.timestamp() for step in steps if start_s < step.start.timestamp() < end_s]
    edges = np.array([start_s, *inside, end_s])
    return float(steps_at(series, edges[:-1]) @ np.diff(edges)) / (end_s - start_s)


def _by_period(case: Case, series: Series) -> Floats:
    instants = case.time.instants_s
    pairs = zip(instants[:-1].tolist(), instants[1:].tolist(), strict=True)
    return np.array([_mean_of(series, start, end) for start, end in pairs])


def _reference_kw(case: Case, event: Event, plan: EventPlan | None) -> Floats | None:
    if event.reference_kw is not None:
        return _by_period(case, event.reference_kw)
    return None if plan is None else plan.reference_kw


def _hours(case: Case, start: datetime, end: datetime) -> Floats:
    return case.time.overlap_h(start.timestamp(), end.timestamp(), slice(None))


def _rebound(case: Case, event: Event, plan: EventPlan | None) -> tuple[Floats, Floats] | None:
    """Hours of each period after the event, and the limit in it; None where there is none, or where it is not known."""
    rebound = event.rebound
    if rebound is None:
        return None
    hours = _hours(case, event.end, event.end + timedelta(hours=rebound.hours))
    if rebound.limit_kw is not None:
        return hours, np.full(len(hours), rebound.limit_kw)
    reference = _reference_kw(case, event, plan)
    return None if reference is None else (hours, reference + (rebound.above_reference_kw or 0.0))


def rebound_excesses(case: Case, found: tuple[Measured, ...]) -> Iterator[Break]:
    """Of all events, where the time after them has a hard limit."""
    plans = {plan.event_id: plan for plan in case.schedule.events}
    for one in found:
        if isinstance(one.signal, Event) and one.signal.id in plans:
            yield from _rebound_breaks(case, one, one.signal, plans[one.signal.id])


def _rebound_breaks(case: Case, one: Measured, event: Event, plan: EventPlan) -> Iterator[Break]:
    """load <= limit in the time after the event, where that has no price."""
    told = _rebound(case, event, plan)
    if told is None or event.rebound is None or event.rebound.price_per_kwh is not None:
        return
    most = np.maximum(told[1], one.rest_kw)
    for t in np.flatnonzero((told[0] > 0.0) & (one.load_kw > most + case.tolerance_kw)):
        message = f"{one.load_kw[t]:.4f} kW after the event, {most[t]:.4f} kW are allowed"
        yield _break(BreakCode.REBOUND, event.id, case.time.instants_s[t], one.load_kw[t], most[t], message)


def rebound_cost(case: Case, one: Measured, event: Event, plan: EventPlan | None) -> float:
    """[currency]"""
    told = _rebound(case, event, plan)
    if told is None or event.rebound is None or event.rebound.price_per_kwh is None:
        return 0.0
    return event.rebound.price_per_kwh * float(told[0] @ np.maximum(0.0, one.load_kw - told[1]))


def freeze_cost(case: Case, one: Measured, event: Event, plan: EventPlan | None) -> float:
    """[currency]"""
    reference = _reference_kw(case, event, plan)
    if event.freeze is None or reference is None:
        return 0.0
    hours = _hours(case, event.freeze.start, event.freeze.end)
    return event.freeze.price_per_kwh * float(hours @ np.abs(one.load_kw - reference))


def dispatch_cost(case: Case, one: Measured, told: Dispatch) -> float:
    """(14)  [currency]"""
    over = one.load_kw - _by_period(case, told.setpoint_kw)
    price = np.where(over > 0.0, told.price_above_per_kwh, -told.price_below_per_kwh)
    return float(_hours(case, told.start, told.end) @ (price * over))


def _dispatch_breaks(case: Case, one: Measured, told: Dispatch, plan: DispatchPlan | None) -> Iterator[Break]:
    if told.price_above_per_kwh == 0.0 == told.price_below_per_kwh:
        return
    if plan is None:
        yield from _no_plan(told.id)
        return
    inside = np.flatnonzero(_hours(case, told.start, told.end) > 0.0)
    setpoint, cost = _by_period(case, told.setpoint_kw)[inside], dispatch_cost(case, one, told)
    same_time = len(plan.load_kw) == len(plan.setpoint_kw) == len(inside) and plan.first_period == inside[0]
    tolerance = case.tolerance_kw
    if (
        not same_time
        or not np.allclose(plan.setpoint_kw, setpoint, rtol=0.0, atol=tolerance)
        or not np.allclose(plan.load_kw, one.load_kw[inside], rtol=0.0, atol=tolerance)
        or abs(plan.cost - cost) > MONEY_TOLERANCE * max(1.0, abs(cost))
    ):
        message = "the plan's powers, setpoints or costs are not those of its setpoints"
        yield _break(BreakCode.EVENT_PLAN, told.id, None, cost, plan.cost, message)


def event_costs(case: Case, found: tuple[Measured, ...]) -> dict[str, float]:
    """By component; nothing without events and dispatch. What counts as delivered is checked above. [currency]"""
    if not found:
        return {}
    plans = {plan.event_id: plan for plan in case.schedule.events}
    names = ("event_payment", "event_penalty", "rebound_excess", "freeze_deviation", "dispatch_deviation")
    total = dict.fromkeys(names, 0.0)
    for one in found:
        if isinstance(one.signal, Dispatch):
            total["dispatch_deviation"] += dispatch_cost(case, one, one.signal)
            continue
        plan = plans.get(one.signal.id)
        total["rebound_excess"] += rebound_cost(case, one, one.signal, plan)
        total["freeze_deviation"] += freeze_cost(case, one, one.signal, plan)
        if plan is not None:
            hours = (plan.ends_s - plan.starts_s) / SECONDS_PER_HOUR
            total["event_payment"] -= one.signal.payment_per_kwh * float(hours @ plan.delivered_kw)
            total["event_penalty"] += one.signal.penalty_per_kwh * float(hours @ plan.shortfall_kw)
    return total


def _break(code: BreakCode, where: str, start_s: float | None, amount: float, limit: float, message: str) -> Break:
    start = None if start_s is None else utc(start_s)
    return Break(code=code, where=where, start=start, amount=float(amount), limit=float(limit), message=message)
