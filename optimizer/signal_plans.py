"""What a plan does for each signal, counted from its setpoints, whatever made them."""

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import DispatchPlan, EventPlan, GroupPlan
from models.domain.series import values
from models.domain.signal import Event
from optimizer.instance import Instance
from optimizer.instance.events import Intervals
from optimizer.outcome import Outcome

Floats = NDArray[np.float64]


def group_plans(instance: Instance, outcome: Outcome) -> tuple[GroupPlan, ...]:
    """Caps on groups of EVSEs, equation (13)."""
    groups = instance.groups
    if not groups.ids:
        return ()
    drawn = _group_kw(instance, outcome)
    worth = np.zeros_like(drawn) if outcome.group_worth_per_kw is None else outcome.group_worth_per_kw
    return tuple(
        GroupPlan(cap_id=cap, drawn_kw=drawn[g], limit_kw=groups.limit_kw[g], worth_per_kw=worth[g])
        for g, cap in enumerate(groups.ids)
    )


def _group_kw(instance: Instance, outcome: Outcome) -> Floats:
    """What cars of each group may draw in full, less PV at its least and what batteries give (G, T). [kW at grid]"""
    cells, supply = instance.cells, instance.generation
    drawn = instance.following.counted_kw(outcome.limit_kw) / instance.sessions.efficiency[cells.session]
    least = supply.least_kw.copy()
    still_there = 1.0 - outcome.curtailed_kw / supply.curtailable_kw
    least[supply.plant, supply.period] *= still_there
    shared = (outcome.storage_charge_kw - outcome.storage_discharge_kw).sum(axis=0) - least.sum(axis=0)
    inside = instance.groups.members(instance.sessions.evse_ids)[:, cells.session]
    cars = [np.bincount(cells.period, weights=drawn * mine, minlength=len(shared)) for mine in inside]
    return np.asarray(np.array(cars) + instance.groups.held_kw + shared)


def metered_kw(instance: Instance, outcome: Outcome) -> Floats:
    """Expected load at the measurement points of events and dispatch (M, T). [kW]"""
    if not instance.response.meters.ids:
        return instance.response.meters.base_kw
    at, cells, supply, count = instance.response.meters, instance.cells, instance.generation, instance.periods.count
    share = cells.share
    stored = outcome.storage_charge_kw - outcome.storage_discharge_kw
    load = at.base_kw + at.battery @ stored
    for m in range(len(at.ids)):
        passed = at.drawn[m, cells.session] * outcome.charge_power_kw
        passed = passed - at.given[m, cells.session] * outcome.discharge_power_kw
        load[m] += np.bincount(cells.period, weights=share * passed, minlength=count)
        held = at.plant[m, supply.plant] * outcome.curtailed_kw
        load[m] += np.bincount(supply.period, weights=held, minlength=count)
    return np.asarray(load)


def event_plans(instance: Instance, load_kw: Floats) -> tuple[EventPlan, ...]:
    """Equation (12), of the loads at the meters."""
    q = instance.response.intervals
    if not instance.response.meters.ids:
        return ()
    mean, delivered = q.mean_kw(load_kw), q.delivered_kw(load_kw)
    after = _after_costs(instance, load_kw)
    return tuple(
        _event_plan(instance, i, signal, q, (mean, delivered), after[i])
        for i, signal in enumerate(instance.scenario.signals)
        if isinstance(signal, Event)
    )


def _event_plan(
    instance: Instance, i: int, event: Event, q: Intervals, told: tuple[Floats, Floats], after_cost: float
) -> EventPlan:
    mine = np.flatnonzero(q.signal == i)
    load, delivered = (array[mine] for array in told)
    shortfall, hours = np.maximum(0.0, q.committed_kw[mine] - delivered), q.hours[mine]
    reference = event.reference_kw if event.rebound is not None or event.freeze is not None else None
    return EventPlan(
        event_id=event.id,
        starts_s=q.start_s[mine],
        ends_s=q.end_s[mine],
        committed_kw=q.committed_kw[mine],
        baseline_kw=q.baseline_kw[mine],
        load_kw=load,
        delivered_kw=delivered,
        shortfall_kw=shortfall,
        payment=hours * event.payment_per_kwh * delivered,
        penalty=hours * event.penalty_per_kwh * shortfall,
        after_cost=float(after_cost),
        reference_kw=None if reference is None else values(reference, instance.periods.instants_s),
    )


def _after_costs(instance: Instance, load_kw: Floats) -> Floats:
    """Of what follows from each signal: rebound and frozen hours. [currency]"""
    asked, count = instance.response, len(instance.scenario.signals)
    total = np.zeros(count)
    for held in (asked.rebound, asked.frozen):
        total += np.bincount(held.signal, weights=held.costs(load_kw), minlength=count)
    return total


def dispatch_plans(instance: Instance, load_kw: Floats) -> tuple[DispatchPlan, ...]:
    """Equation (14), of the loads at the meters."""
    held = instance.response.dispatch
    if not len(held.signal):
        return ()
    costs, plans = held.costs(load_kw), []
    for i in np.unique(held.signal).tolist():
        mine = np.flatnonzero(held.signal == i)
        plans.append(
            DispatchPlan(
                signal_id=instance.scenario.signals[i].id,
                first_period=int(held.period[mine[0]]),
                setpoint_kw=held.target_kw[mine],
                load_kw=load_kw[held.meter[mine], held.period[mine]],
                cost=float(costs[mine].sum()),
            )
        )
    return tuple(plans)


def response_costs(instance: Instance, load_kw: Floats) -> dict[str, float]:
    """By component, what is earned as a negative number; nothing without events and dispatch. [currency]"""
    asked = instance.response
    if not asked.meters.ids:
        return {}
    plans = event_plans(instance, load_kw)
    return {
        "event_payment": -float(sum(plan.payment.sum() for plan in plans)),
        "event_penalty": float(sum(plan.penalty.sum() for plan in plans)),
        "rebound_excess": float(asked.rebound.costs(load_kw).sum()),
        "freeze_deviation": float(asked.frozen.costs(load_kw).sum()),
        "dispatch_deviation": float(asked.dispatch.costs(load_kw).sum()),
    }
