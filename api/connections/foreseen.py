"""What a VTN may ask of hours to come, or of what would have been: from the current plan, and from like days."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from api.sites.keeping import Desk
from api.sites.measured_loads import measured_loads
from api.sites.plans import KeptPlan, current_plan
from api.sites.settling import grid_of
from api.store.records import Kind
from models.domain.calendar import calendar_of
from models.domain.errors import DeadlinePassed, InvalidScenario, NotFound, SolverFault
from models.domain.signal import Direction, Event
from models.domain.tariff import Tariff
from models.domain.units import hours_from_seconds
from models.settlement.files import SITE
from models.settlement.load import Quality, summed
from optimizer.flexibility import flexibility
from optimizer.response.baselines import History, baseline, spans_of
from optimizer.response.storage import Store, battery_store, gives_back, inside_together, together, vehicle_store

LIKE_DAYS = "caiso_10_in_10"
"""By which method what would have been is told, where no programme says another one."""
UNKNOWN = (0.0, Quality.MISSING.value)

Told = tuple[float, str]
Foreseen = Callable[[Desk, datetime, datetime], Told]


def usage_forecast(desk: Desk, start: datetime, end: datetime) -> Told:
    """Energy that the current plan has for a stretch; MISSING beyond its horizon. [kWh]"""
    load_kw = _planned_kw(current_plan(desk), start, end)
    return UNKNOWN if load_kw is None else (round(load_kw * _hours(start, end), 3), "OK")


def load_shed(desk: Desk, start: datetime, end: datetime) -> Told:
    """How much less could be drawn throughout, promises kept, as a change: 0 or below. [kW]"""
    scenario = current_plan(desk).scenario
    try:
        found = flexibility(scenario, Direction.REDUCE, start, end - start)
    except (InvalidScenario, SolverFault, DeadlinePassed):
        return UNKNOWN
    return -round(found.points[-1].power_kw, 3) + 0.0, "OK"


def usable_capacity(desk: Desk, start: datetime, end: datetime) -> Told:
    """Of batteries, and of vehicles that the plan has there and that give back, without their reserves. [kWh]"""
    return sum(store.usable_kwh for store in _stores(desk, start)) + 0.0, "OK"


def charge_level(desk: Desk, start: datetime, end: datetime) -> Told:
    """What is inside at the beginning, of what is usable, by the current plan; MISSING where nothing can be filled."""
    state = together(_stores(desk, start))
    known = state is not None and state.usable_kwh > 0.0
    return (round(state.charge_level, 6), Quality.ESTIMATED.value) if state is not None and known else UNKNOWN


def stored(desk: Desk, start: datetime, end: datetime) -> Told:
    """What could be given back from the beginning on, by the current plan; MISSING where it does not reach. [kWh]"""
    inside_kwh = inside_together(_stores(desk, start))
    return UNKNOWN if inside_kwh is None else (round(inside_kwh, 3), Quality.ESTIMATED.value)


def most_charge(desk: Desk, start: datetime, end: datetime) -> Told:
    """[kW]"""
    return sum(store.max_charge_kw for store in _stores(desk, start)) + 0.0, "OK"


def most_discharge(desk: Desk, start: datetime, end: datetime) -> Told:
    """[kW]"""
    return sum(store.max_discharge_kw for store in _stores(desk, start)) + 0.0, "OK"


def usual_load(desk: Desk, start: datetime, end: datetime) -> Told:
    """Load of like days, adjusted by the same day; MISSING where too few were measured. [kW]"""
    asked = Event(id="report", start=start, end=end, direction=Direction.REDUCE, baseline_kw=0.0)
    spans = spans_of(start.timestamp(), end.timestamp(), (end - start).total_seconds())
    kept = desk.find(Kind.TARIFF)
    tariff = kept.value if kept else Tariff(currency="", import_price=0.0)
    try:
        loads, _ = measured_loads(desk, grid_of(asked), asked, whole=False)
        load = loads[SITE] if SITE in loads else summed("evses", list(loads.values()))
        calendar = calendar_of(tariff, desk.get(Kind.SITE).value.time_zone)
        found = baseline(LIKE_DAYS, spans, History(load=load, calendar=calendar))
    except InvalidScenario:
        return UNKNOWN
    return round(float(found.adjusted_kw[0]), 3), Quality.ESTIMATED.value


FORESEEN: Mapping[str, Foreseen] = {
    "USAGE_FORECAST": usage_forecast,
    "LOAD_SHED_DELTA_AVAILABLE": load_shed,
    "BASELINE": usual_load,
    "STORAGE_USABLE_CAPACITY": usable_capacity,
    "STORAGE_CHARGE_LEVEL": charge_level,
    "STORAGE_DISPATCH_FORECAST": stored,
    "STORAGE_MAX_CHARGE_POWER": most_charge,
    "STORAGE_MAX_DISCHARGE_POWER": most_discharge,
}
"""By payload type. Sums over sites are those of all of them."""
WEIGHED: Mapping[str, Foreseen] = {"STORAGE_CHARGE_LEVEL": usable_capacity}
"""Payload types that are no sums: of several sites the mean, each weighed by this. For a charge level that is what all
of them hold together, of what they could hold."""


def _stores(desk: Desk, at: datetime) -> list[Store]:
    """Batteries of the site, and of vehicles as far as the current plan reaches: what is inside is the plan's."""
    batteries = desk.get(Kind.SITE).value.batteries
    try:
        plan = current_plan(desk)
    except NotFound:
        return [battery_store(battery, None) for battery in batteries]
    inside = {one.storage_id: _at(plan.document.instants, one.energy_kwh, at) for one in plan.document.storage}
    stores = [battery_store(battery, inside.get(battery.id)) for battery in batteries]
    return [*stores, *_vehicles(plan, at)]


def _vehicles(plan: KeptPlan, at: datetime) -> Iterator[Store]:
    sessions = {session.id: session for session in plan.scenario.sessions}
    for one in plan.document.sessions:
        session, told = sessions[one.session_id], one.energy_in_battery or []
        inside_kwh = _at([each.at for each in told], [each.energy_kwh for each in told], at)
        if inside_kwh is not None and gives_back(session):
            yield vehicle_store(plan.scenario.site, session, inside_kwh)


def _at(instants: Sequence[datetime], energies_kwh: Sequence[float | None], when: datetime) -> float | None:
    """Between instants in a straight line; None before the first, from the last on, and without numbers."""
    if not instants or None in energies_kwh or not instants[0] <= when < instants[-1]:
        return None
    told = np.array(energies_kwh, dtype=np.float64)
    return float(np.interp(when.timestamp(), [at.timestamp() for at in instants], told))


def _planned_kw(plan: KeptPlan, start: datetime, end: datetime) -> float | None:
    """Mean expected load of the connection; None where the plan does not reach. [kW]"""
    instants_s = np.array([at.timestamp() for at in plan.document.instants])
    if start.timestamp() < instants_s[0] or end.timestamp() > instants_s[-1]:
        return None
    root = next(node for node in plan.document.nodes if node.parent is None)
    drawn = np.append(0.0, np.cumsum(np.array(root.expected_kw, dtype=np.float64) * np.diff(instants_s)))
    begin, until = np.interp([start.timestamp(), end.timestamp()], instants_s, drawn)
    return float(until - begin) / (end - start).total_seconds()


def _hours(start: datetime, end: datetime) -> float:
    return hours_from_seconds((end - start).total_seconds())
