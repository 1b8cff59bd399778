"""A plan laid beside its scenario: what is well formed enough to be computed with, and what is not."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.domain.calendar import Calendar, calendar_of
from models.domain.installed import Installed
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule, SessionPlan
from models.domain.session import Session
from models.domain.site import Evse, GridNode, MeasuringPoint, Tier
from models.domain.tariff import Tariff
from models.domain.units import hours_from_seconds
from optimizer.audit.followed import starting_kw
from optimizer.audit.inside import Inside, inside_of
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.timeline import Timeline, timeline, utc
from optimizer.audit.tree import leaves_first
from optimizer.audit.wiring import efficiency, highest_power_kw

INSTANT_TOLERANCE_S = 1e-3
_OF_INTERVALS = ("committed_kw", "baseline_kw", "load_kw", "delivered_kw", "shortfall_kw", "payment", "penalty")


@dataclass(frozen=True, slots=True)
class Stay:
    """One session of the scenario with the plan it got, everything measured at evse."""

    session: Session
    evse: Evse
    tier: Tier | None
    plan: SessionPlan
    periods: slice
    """The periods that the plan covers."""
    overlap_h: Floats
    """Hours of each of them inside the stay, recomputed. [h]"""
    remaining_kwh: float
    promised_kwh: float
    max_power_kw: float
    after_h: float
    """Hours of the stay after the end of the horizon. [h]"""
    given_kw: Floats
    inside: Inside | None
    """What is known of its battery; None where its energy is not followed."""

    @property
    def power_kw(self) -> Floats:
        return self.plan.charge_power_kw

    @property
    def offered_kw(self) -> Floats:
        """What its EVSE may draw, which limits count. [kW]"""
        return self.power_kw if self.plan.offered_power_kw is None else self.plan.offered_power_kw

    @property
    def energy_kwh(self) -> float:
        return float(self.overlap_h @ self.power_kw)

    @property
    def lacking_kwh(self) -> float:
        """What of the target is not there when the plan ends, at evse. [kWh]"""
        if self.inside is None:
            return self.remaining_kwh - self.energy_kwh
        energy = self.inside.energy_kwh(self.overlap_h, self.power_kw, self.given_kw)
        return (self.inside.target_kwh - float(energy[-1])) / self.inside.into


@dataclass(frozen=True)
class Case:
    """A completed scenario, its plan, and the time they share."""

    scenario: Scenario
    schedule: Schedule
    tariff: Tariff
    tolerance_kw: float

    @cached_property
    def time(self) -> Timeline:
        return timeline(self.scenario, self.schedule.instants_s)

    @cached_property
    def calendar(self) -> Calendar:
        return calendar_of(self.tariff, self.scenario.site.time_zone)

    @cached_property
    def installed(self) -> dict[str, Installed]:
        """What EVSEs were sent before, by EVSE."""
        return {one.evse: one for one in self.scenario.installed}

    @cached_property
    def starting_kw(self) -> dict[str, Floats]:
        """By EVSE that may get a car unseen: what that follows (T,). [kW at evse]"""
        return starting_kw(self.scenario, self.schedule)

    @cached_property
    def evses(self) -> dict[str, Evse]:
        return {evse.id: evse for evse in self.scenario.site.evses}

    @cached_property
    def leaves_first(self) -> tuple[GridNode, ...]:
        """Every grid node after all nodes below it."""
        return leaves_first(self.scenario.site)

    @cached_property
    def faults(self) -> tuple[list[str], ...]:
        """Of every plan of a session why it cannot be computed with; in the order of the schedule."""
        return tuple(plan_faults(plan, self.schedule.period_count) for plan in self.schedule.sessions)

    @cached_property
    def stays(self) -> tuple[Stay, ...]:
        """Of every known session its first plan that can be computed with."""
        tiers = {tier.id: tier for tier in self.scenario.site.tiers}
        sessions = {session.id: session for session in self.scenario.sessions}
        plans: dict[str, SessionPlan] = {}
        for plan, faults in zip(self.schedule.sessions, self.faults, strict=True):
            if plan.session_id in sessions and not faults:
                plans.setdefault(plan.session_id, plan)
        return tuple(_stay(self, sessions[name], plan, tiers) for name, plan in plans.items())


def at_evse(session: Session, evse: Evse, energy_kwh: float) -> float:
    """Energy of a session, given at its own measuring point, as energy at evse. [kWh]"""
    if session.measured_at is MeasuringPoint.GRID:
        return energy_kwh * efficiency(evse)
    if session.measured_at is MeasuringPoint.BATTERY and session.vehicle is not None:
        return energy_kwh / (session.vehicle.charge_efficiency or 1.0)
    return energy_kwh


def instants_of(session: Session) -> tuple[float, float]:
    """Arrival and departure. [s]"""
    if session.departure is None:
        raise ValueError(f"session {session.id}: departure is unknown; complete the scenario before its audit")
    return session.arrival.timestamp(), session.departure.timestamp()


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
    numbers = (plan.energy_remaining_kwh, plan.energy_kwh, plan.energy_after_horizon_kwh, plan.target_shortfall_kwh,
               plan.minimum_shortfall_kwh, plan.energy_cost)  # fmt: skip
    if len(plan.given_back_kw) != length:
        faults.append(f"{length} setpoints, but {len(plan.given_back_kw)} for giving back")
    inside = np.zeros(length + 1) if plan.energy_in_battery_kwh is None else plan.energy_in_battery_kwh
    if len(inside) != length + 1:
        faults.append(f"{length} setpoints, but {len(inside)} energies in the battery")
    arrays = (plan.charge_power_kw, offered, plan.plugged_in_h, plan.given_back_kw, inside, np.array(numbers))
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


def _after_h(session: Session, since_s: float, departure_s: float) -> float:
    """Nobody counts on hours after the horizon of a car that may have left by then. [h]"""
    return 0.0 if session.still_there else max(0.0, hours_from_seconds(departure_s - since_s))


def _stay(case: Case, session: Session, plan: SessionPlan, tiers: dict[str, Tier]) -> Stay:
    evse = case.evses[session.evse]
    arrival_s, departure_s = instants_of(session)
    periods = slice(plan.first_period, plan.first_period + len(plan.charge_power_kw))
    lacking = at_evse(session, evse, (session.energy_target_kwh or 0.0) - session.delivered_kwh)
    promised = at_evse(session, evse, session.energy_minimum_kwh - session.delivered_kwh)
    end_s = float(case.schedule.instants_s[-1])
    return Stay(
        session=session,
        evse=evse,
        tier=tiers.get(session.tier or ""),
        plan=plan,
        periods=periods,
        overlap_h=case.time.overlap_h(arrival_s, departure_s, periods),
        remaining_kwh=max(0.0, lacking),
        promised_kwh=min(max(0.0, lacking), max(0.0, promised)),
        max_power_kw=highest_power_kw(session, evse, case.scenario.site.voltage_v),
        after_h=_after_h(session, max(arrival_s, end_s), departure_s),
        given_kw=plan.given_back_kw,
        inside=inside_of(session, evse, lacking, case.scenario.site.voltage_v) if len(plan.charge_power_kw) else None,
    )
