"""What a VTN may ask of hours to come, or of what would have been: from the current plan, and from like days."""

from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np

from api.sites.keeping import Desk
from api.sites.measured_loads import measured_loads
from api.sites.plans import KeptPlan, current_plan
from api.sites.settling import grid_of
from api.store.records import Kind
from models.domain.calendar import calendar_of
from models.domain.errors import DeadlinePassed, InvalidScenario, SolverFault
from models.domain.signal import Direction, Event
from models.domain.tariff import Tariff
from models.domain.units import hours_from_seconds
from models.settlement.files import SITE
from models.settlement.load import Quality, summed
from optimizer.flexibility import flexibility
from optimizer.response.baselines import History, baseline, spans_of

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
    """Of the stationary batteries of the site, without their reserve. [kWh]"""
    site = desk.get(Kind.SITE).value
    return sum(battery.capacity_kwh - battery.reserve_kwh for battery in site.batteries) + 0.0, "OK"


def most_charge(desk: Desk, start: datetime, end: datetime) -> Told:
    """[kW]"""
    return sum(battery.max_charge_kw for battery in desk.get(Kind.SITE).value.batteries) + 0.0, "OK"


def most_discharge(desk: Desk, start: datetime, end: datetime) -> Told:
    """[kW]"""
    return sum(battery.max_discharge_kw for battery in desk.get(Kind.SITE).value.batteries) + 0.0, "OK"


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
    "STORAGE_MAX_CHARGE_POWER": most_charge,
    "STORAGE_MAX_DISCHARGE_POWER": most_discharge,
}
"""By payload type. Sums over sites are those of all of them."""


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
