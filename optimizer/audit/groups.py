"""Caps on groups of EVSEs (13): what they draw in full, less what PV gives at least and what batteries give."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Floats, GroupPlan
from models.domain.signal import Cap
from optimizer.audit.case import Case
from optimizer.audit.installed import counted_kw, floor_kw, held_kw
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.roofs import expected_kw
from optimizer.audit.timeline import utc
from optimizer.audit.unseen import reserve_kw
from optimizer.audit.wiring import efficiency


def group_breaks(case: Case) -> Iterator[Break]:
    """Every cap on a group, and what the plan says of it."""
    yield from group_excesses(case)
    plans = {plan.cap_id: plan for plan in case.schedule.groups}
    for cap in case.scenario.signals:
        if isinstance(cap, Cap) and cap.evses:
            if cap.id in plans:
                yield from _plan_breaks(case, cap, plans.pop(cap.id))
            else:
                yield _break(cap.id, None, 0.0, 1.0, "the plan says nothing of this group")
    for name in plans:
        yield _break(name, None, 1.0, 0.0, "no cap of the scenario is on such a group")


def group_excesses(case: Case) -> Iterator[Break]:
    """(13)  Σ charge_power / κ + Σ (charge - discharge) of batteries - Σ pv <= import_limit"""
    instants = case.time.instants_s
    for cap in case.scenario.signals:
        if isinstance(cap, Cap) and cap.evses:
            drawn, limit = drawn_kw(case, cap), cap.import_limit_kw or 0.0
            alone = _held_kw(case, cap)
            for stay in case.stays:
                if stay.evse.id in cap.evses:
                    alone[stay.periods] += floor_kw(case, stay) / efficiency(stay.evse)
            for t in np.flatnonzero(group_inside(case, cap) & (drawn > np.maximum(limit, alone) + case.tolerance_kw)):
                message = f"its EVSEs draw {drawn[t]:.4f} kW beyond PV and batteries where {limit:.4f} kW are allowed"
                yield _break(cap.id, instants[t], drawn[t], limit, message)


def group_inside(case: Case, cap: Cap) -> NDArray[np.bool_]:
    """Periods that the cap's window touches (T,)."""
    instants = case.time.instants_s
    inside: NDArray[np.bool_] = (instants[:-1] < cap.end.timestamp()) & (instants[1:] > cap.start.timestamp())
    return inside


def _plan_breaks(case: Case, cap: Cap, plan: GroupPlan) -> Iterator[Break]:
    """What the plan says of a group is what its setpoints make."""
    drawn, instants, tolerance = drawn_kw(case, cap), case.time.instants_s, case.tolerance_kw
    for t in np.flatnonzero(np.abs(plan.drawn_kw - drawn) > tolerance):
        message = f"its EVSEs draw {drawn[t]:.4f} kW, the plan says {plan.drawn_kw[t]:.4f} kW"
        yield _break(cap.id, instants[t], drawn[t], plan.drawn_kw[t], message)
    stated = np.where(group_inside(case, cap), cap.import_limit_kw or 0.0, np.inf)
    for t in np.flatnonzero(~np.isclose(plan.limit_kw, stated, rtol=0.0, atol=tolerance)):
        message = f"its limit is {stated[t]:.4f} kW, the plan says {plan.limit_kw[t]:.4f} kW"
        yield _break(cap.id, instants[t], stated[t], plan.limit_kw[t], message)


def drawn_kw(case: Case, cap: Cap) -> Floats:
    """(T,) [kW at grid]"""
    drawn = np.zeros(case.schedule.period_count)
    for stay in case.stays:
        if stay.evse.id in cap.evses:
            drawn[stay.periods] += counted_kw(case, stay, floor_kw(case, stay)) / efficiency(stay.evse)
    drawn += _held_kw(case, cap)
    for unit in case.schedule.storage:
        drawn += unit.charge_power_kw - unit.discharge_power_kw
    curtailed = {plan.pv_id: plan.curtailed_kw for plan in case.schedule.pv}
    for plant in case.scenario.site.pv_plants:
        mean = expected_kw(case, plant)
        least = np.minimum(mean, case.time.least(case.time.steps(plant.expected_kw)))
        left = np.divide(mean - curtailed.get(plant.id, 0.0), mean, out=np.zeros_like(mean), where=mean > 0.0)
        drawn -= least * left
    return drawn


def _held_kw(case: Case, cap: Cap) -> Floats:
    """What EVSEs of the group draw that cannot be reached, and that may start unseen (T,). [kW at grid]"""
    found = case.ground.once(held_kw)
    total = reserve_kw(case, {name: 1.0 / efficiency(case.evses[name]) for name in cap.evses})
    for evse_id in found.keys() & set(cap.evses):
        total += found[evse_id] / efficiency(case.evses[evse_id])
    return total


def _break(where: str, start_s: float | None, amount: float, limit: float, message: str) -> Break:
    start, code = None if start_s is None else utc(start_s), BreakCode.GROUP_LIMIT
    return Break(code=code, where=where, start=start, amount=float(amount), limit=float(limit), message=message)
