"""A plan laid beside its scenario: what is well formed enough to be computed with, and what is not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from models.domain.calendar import Calendar, calendar_of
from models.domain.installed import Installed
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule, SessionPlan
from models.domain.site import Evse, GridNode
from models.domain.tariff import Tariff
from optimizer.audit.followed import starting_kw
from optimizer.audit.ground import Ground, Grounds
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.stay import Stay, stay_of, visits_of
from optimizer.audit.timeline import Timeline, utc
from optimizer.audit.together import Together, together

INSTANT_TOLERANCE_S = 1e-3
_OF_INTERVALS = ("committed_kw", "baseline_kw", "load_kw", "delivered_kw", "shortfall_kw", "payment", "penalty")


@dataclass(frozen=True)
class Case:
    """A completed scenario, its plan, and the time they share."""

    scenario: Scenario
    schedule: Schedule
    tariff: Tariff
    tolerance_kw: float
    grounds: Grounds = field(default_factory=Grounds, compare=False, repr=False)
    """Of all cases that are judged together."""

    @cached_property
    def ground(self) -> Ground:
        return self.grounds.of(self.scenario, self.schedule.instants_s)

    @property
    def time(self) -> Timeline:
        return self.ground.time

    @cached_property
    def calendar(self) -> Calendar:
        return calendar_of(self.tariff, self.scenario.site.time_zone)

    @property
    def installed(self) -> dict[str, Installed]:
        """What EVSEs were sent before, by EVSE."""
        return self.ground.installed

    @cached_property
    def starting_kw(self) -> dict[str, Floats]:
        """By EVSE that may get a car unseen: what that follows (T,). [kW at evse]"""
        return starting_kw(self.scenario, self.schedule)

    @property
    def evses(self) -> dict[str, Evse]:
        return self.ground.evses

    @property
    def leaves_first(self) -> tuple[GridNode, ...]:
        """Every grid node after all nodes below it."""
        return self.ground.leaves_first

    @cached_property
    def faults(self) -> tuple[list[str], ...]:
        """Of every plan of a session why it cannot be computed with; in the order of the schedule."""
        plans, count = self.schedule.sessions, self.schedule.period_count
        if all(_fits(plan, count) for plan in plans) and _are_finite(plans):
            return ([],) * len(plans)
        return tuple(plan_faults(plan, count) for plan in plans)

    @cached_property
    def together(self) -> Together:
        """All stays laid end to end."""
        return together(self.stays)

    @cached_property
    def stays(self) -> tuple[Stay, ...]:
        """Of every known session its first plan that can be computed with."""
        sessions = {session.id: session for session in self.scenario.sessions}
        plans: dict[str, SessionPlan] = {}
        for plan, faults in zip(self.schedule.sessions, self.faults, strict=True):
            if plan.session_id in sessions and not faults:
                plans.setdefault(plan.session_id, plan)
        visits = self.ground.once(visits_of)
        return tuple(stay_of(visits[name], plan) for name, plan in plans.items())


def _fits(plan: SessionPlan, period_count: int) -> bool:
    """Whether all arrays of a session's plan are as long as they should be, and within the plan."""
    length = len(plan.charge_power_kw)
    others = (plan.offered_power_kw, plan.plugged_in_h, plan.discharge_power_kw)
    inside = plan.energy_in_battery_kwh
    return (
        0 <= plan.first_period <= period_count - length
        and all(other is None or len(other) == length for other in others)
        and (inside is None or len(inside) == length + 1)
    )


def _are_finite(plans: Sequence[SessionPlan]) -> bool:
    """Whether everything in some plans is: looked at in one go, for it is hardly ever anything else."""
    arrays = [
        array
        for plan in plans
        for array in (plan.charge_power_kw, plan.offered_power_kw, plan.plugged_in_h, plan.discharge_power_kw,
                      plan.energy_in_battery_kwh)
        if array is not None
    ]  # fmt: skip
    return bool(np.isfinite(np.concatenate([*arrays, [number for plan in plans for number in _numbers(plan)]])).all())


def _numbers(plan: SessionPlan) -> tuple[float, ...]:
    return (plan.energy_remaining_kwh, plan.energy_kwh, plan.energy_after_horizon_kwh, plan.target_shortfall_kwh,
            plan.minimum_shortfall_kwh, plan.energy_cost)  # fmt: skip


def plan_faults(plan: SessionPlan, period_count: int) -> list[str]:
    """Why a session's plan cannot be computed with; nothing if it can."""
    faults, length = [], len(plan.charge_power_kw)
    offered = plan.charge_power_kw if plan.offered_power_kw is None else plan.offered_power_kw
    if len(offered) != length:
        faults.append(f"{length} setpoints, but {len(offered)} offers")
    if len(plan.plugged_in_h) != length:
        faults.append(f"{length} setpoints, but {len(plan.plugged_in_h)} plugged-in hours")
    if plan.first_period < 0 or plan.first_period + length > period_count:
        faults.append(f"periods {plan.first_period} to {plan.first_period + length} of a plan with {period_count}")
    if len(plan.given_back_kw) != length:
        faults.append(f"{length} setpoints, but {len(plan.given_back_kw)} for giving back")
    inside = np.zeros(length + 1) if plan.energy_in_battery_kwh is None else plan.energy_in_battery_kwh
    if len(inside) != length + 1:
        faults.append(f"{length} setpoints, but {len(inside)} energies in the battery")
    arrays = (plan.charge_power_kw, offered, plan.plugged_in_h, plan.given_back_kw, inside, np.array(_numbers(plan)))
    if not all(np.isfinite(array).all() for array in arrays):
        faults.append("a number that is not finite")
    return faults


def shape_breaks(scenario: Scenario, schedule: Schedule) -> Iterator[Break]:
    """Faults of form: with any of these outside the sessions, nothing else can be computed."""
    instants = schedule.instants_s
    if len(instants) < 2 or not np.isfinite(instants).all() or not (np.diff(instants) > 0.0).all():
        yield _malformed(BreakCode.INSTANTS, "plan", "its instants must be finite and strictly increasing")
        return
    yield from _horizon_breaks(scenario, instants)
    for name, array in (("grid_import_kw", schedule.grid_import_kw), ("grid_export_kw", schedule.grid_export_kw)):
        yield from _array_breaks(name, array, schedule.period_count)
    for pv in schedule.pv:
        for name, array in (("expected_kw", pv.expected_kw), ("curtailed_kw", pv.curtailed_kw)):
            yield from _array_breaks(f"{pv.pv_id} {name}", array, schedule.period_count)
    for unit in schedule.storage:
        for name, array in (("charge", unit.charge_power_kw), ("discharge", unit.discharge_power_kw)):
            yield from _array_breaks(f"{unit.storage_id} {name}", array, schedule.period_count)
        yield from _array_breaks(f"{unit.storage_id} energy", unit.energy_kwh, schedule.period_count + 1)
    for group in schedule.groups:
        limit = np.where(np.isposinf(group.limit_kw), 0.0, group.limit_kw)
        for name, array in (("drawn_kw", group.drawn_kw), ("limit_kw", limit), ("worth", group.worth_per_kw)):
            yield from _array_breaks(f"{group.cap_id} {name}", array, schedule.period_count)
    for event in schedule.events:
        for name in ("starts_s", "ends_s", *_OF_INTERVALS):
            yield from _array_breaks(f"{event.event_id} {name}", getattr(event, name), len(event.starts_s), "intervals")
        if event.reference_kw is not None:
            yield from _array_breaks(f"{event.event_id} reference_kw", event.reference_kw, schedule.period_count)
    for told in schedule.dispatch:
        for name, array in (("setpoint_kw", told.setpoint_kw), ("load_kw", told.load_kw)):
            yield from _array_breaks(f"{told.signal_id} {name}", array, len(told.setpoint_kw))
    for plan in schedule.nodes:
        for name, array in (("expected_kw", plan.expected_kw), ("guaranteed_kw", plan.guaranteed_kw)):
            yield from _array_breaks(f"{plan.node_id} {name}", array, schedule.period_count)
        limit = np.where(np.isposinf(plan.import_limit_kw), 0.0, plan.import_limit_kw)  # inf: there is none
        yield from _array_breaks(f"{plan.node_id} import_limit_kw", limit, schedule.period_count)
    for contract in schedule.contracts:
        limit = np.where(np.isposinf(contract.limit_kw), 0.0, contract.limit_kw)  # inf: there is none
        for name, array in (("limit_kw", limit), ("excess_kw", contract.excess_kw)):
            yield from _array_breaks(f"{contract.contract} {name}", array, schedule.period_count)
    named = [(f"cost {name}", cost) for name, cost in schedule.costs.items()] + [("objective", schedule.objective)]
    peaks = [*schedule.peaks, *(one for contract in schedule.contracts for one in contract.largest)]
    named += [(event.event_id, event.after_cost) for event in schedule.events]
    named += [(told.signal_id, told.cost) for told in schedule.dispatch]
    named += [(f"peak {p.demand_window}", x) for p in peaks for x in (p.peak_kw, p.floor_kw, p.cost)]
    yield from (_malformed(BreakCode.ARRAYS, name, f"{x} is not finite") for name, x in named if not np.isfinite(x))


def _horizon_breaks(scenario: Scenario, instants_s: Floats) -> Iterator[Break]:
    if scenario.horizon is None:
        return
    for which, at, due in (("start", 0, scenario.horizon.start), ("end", -1, scenario.horizon.end)):
        found, expected = float(instants_s[at]), due.timestamp()
        if abs(found - expected) > INSTANT_TOLERANCE_S:
            message = f"the plan's {which} is {utc(found).isoformat()}, the horizon's is {due.isoformat()}"
            yield Break(code=BreakCode.INSTANTS, where="plan", amount=found, limit=expected, message=message)


def _array_breaks(name: str, array: Floats, length: int, of: str = "periods") -> Iterator[Break]:
    if len(array) != length:
        yield _malformed(BreakCode.ARRAYS, name, f"{len(array)} values for {length} {of}")
    elif not np.isfinite(array).all():
        yield _malformed(BreakCode.ARRAYS, name, "a number that is not finite")


def _malformed(code: BreakCode, where: str, message: str) -> Break:
    return Break(code=code, where=where, amount=float("nan"), limit=float("nan"), message=message)
