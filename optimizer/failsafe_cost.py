"""What being safe without us costs: the plan beside the one that keeps no room for it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule
from optimizer.optimize import optimize
from optimizer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class FailSafeCost:
    """Less than without a fail-safe; below 0 where it is more."""

    power_kw: float
    """The most that cars are offered less at a time while nobody may be in contact. [kW at evse]"""
    put_off_kwh: float
    """What they get less in that time, and mostly later. [kWh at evse]"""
    missed_kwh: float
    """What they miss more in the end. [kWh at evse]"""


def fail_safe_cost(scenario: Scenario, plan: Schedule, settings: Settings = Settings()) -> FailSafeCost | None:
    """Of a plan of a scenario; None where its site has no fail-safe. Raises what ``optimize`` raises."""
    told = plan.fail_safe
    if told is None:
        return None
    free = optimize(replace(scenario, shares=(), site=replace(scenario.site, fail_safe=None)), settings)
    blind = _blind(plan, told.plan_until_s)
    less_kw = _on(plan, free) - _total_kw(plan)
    return FailSafeCost(
        power_kw=float(less_kw[blind].max(initial=0.0)),
        put_off_kwh=float(less_kw[blind] @ plan.period_h[blind]),
        missed_kwh=sum(one.missing_kwh for one in plan.sessions) - sum(one.missing_kwh for one in free.sessions),
    )


def _blind(plan: Schedule, until_s: float) -> NDArray[np.intp]:
    """Periods that begin before stations leave the plan."""
    return np.flatnonzero(plan.instants_s[:-1] < until_s)


def _on(plan: Schedule, other: Schedule) -> Floats:
    """What the other plan offers at the start of each period of this one (T,): turns may have split periods. [kW]"""
    return _total_kw(other)[np.searchsorted(other.instants_s, plan.instants_s[:-1], side="right") - 1]


def _total_kw(plan: Schedule) -> Floats:
    """What all cars are offered (T,). [kW at evse]"""
    total = np.zeros(plan.period_count)
    for session in plan.sessions:
        total[session.first_period : session.first_period + len(session.limit_kw)] += session.limit_kw
    return total
