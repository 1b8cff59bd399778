"""PV plants: whether their plans can be followed, and what is held back and could be, at each node."""

from collections.abc import Iterator

import numpy as np

from models.domain.schedule import Floats, PvPlan
from models.domain.site import PvPlant
from optimizer.audit.case import Case
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.timeline import utc
from optimizer.audit.tree import rolled_up


def roof_breaks(case: Case) -> Iterator[Break]:
    """Every plant has one plan, and gives neither less than nothing nor more than it can."""
    plans = {plan.pv_id: plan for plan in case.schedule.pv}
    for plant in case.scenario.site.pv_plants:
        if plant.id in plans:
            yield from _plan_breaks(case, plant, plans.pop(plant.id))
        else:
            yield _break(plant.id, None, 0.0, 1.0, "the plan says nothing of this PV plant")
    for name in plans:
        yield _break(name, None, 1.0, 0.0, "the site has no such PV plant")


def _plan_breaks(case: Case, plant: PvPlant, plan: PvPlan) -> Iterator[Break]:
    """0 <= curtailed <= expected, and 0 where it cannot be curtailed."""
    expected, tolerance = expected_kw(case, plant), case.tolerance_kw
    most = expected if plant.curtailable else np.zeros_like(expected)
    starts = case.time.instants_s
    for t in np.flatnonzero(np.abs(plan.expected_kw - expected) > tolerance):
        message = f"{expected[t]:.4f} kW are expected, the plan says {plan.expected_kw[t]:.4f} kW"
        yield _break(plant.id, starts[t], expected[t], plan.expected_kw[t], message)
    for t in np.flatnonzero((plan.curtailed_kw < -tolerance) | (plan.curtailed_kw > most + tolerance)):
        message = f"{plan.curtailed_kw[t]:.4f} kW are curtailed, between 0 and {most[t]:.4f} kW can be"
        yield _break(plant.id, starts[t], plan.curtailed_kw[t], most[t], message)


def expected_kw(case: Case, plant: PvPlant) -> Floats:
    """Mean output over each period, uncurtailed (T,). [kW]"""
    return case.time.mean(case.time.steps(plant.expected_kw))


def curtailed_below(case: Case) -> dict[str, Floats]:
    """What the plan holds back below each node (T,). [kW]"""
    own = _nothing(case)
    nodes = {plant.id: plant.node for plant in case.scenario.site.pv_plants}
    for plan in case.schedule.pv:
        if plan.pv_id in nodes:
            own[nodes[plan.pv_id]] = own[nodes[plan.pv_id]] + plan.curtailed_kw
    return rolled_up(case.leaves_first, own)


def curtailable_below(case: Case) -> dict[str, Floats]:
    """What it could hold back below each node (T,). [kW]"""
    own = _nothing(case)
    for plant in case.scenario.site.pv_plants:
        if plant.curtailable:
            own[plant.node] = own[plant.node] + expected_kw(case, plant)
    return rolled_up(case.leaves_first, own)


def _nothing(case: Case) -> dict[str, Floats]:
    return {node.id: np.zeros(case.schedule.period_count) for node in case.scenario.site.nodes}


def _break(where: str, start_s: float | None, amount: float, limit: float, message: str) -> Break:
    start = None if start_s is None else utc(start_s)
    code = BreakCode.PV_PLAN
    return Break(code=code, where=where, start=start, amount=float(amount), limit=float(limit), message=message)
