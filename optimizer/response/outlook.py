"""What a site expects of the hours to come: load, what it could shed, and its batteries, for a utility that asks."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule
from models.domain.signal import Direction
from models.domain.states import RESERVE_SOC
from models.domain.times import instant
from models.domain.units import hours_from_seconds, seconds_from_minutes
from models.settlement.reported import ReportSpan, StorageState
from optimizer.completing import complete
from optimizer.flexibility import flexibility
from optimizer.optimize import optimize
from optimizer.settings import Settings

MOST_SPANS = 96


def outlook(scenario: Scenario, minutes: float, settings: Settings = Settings()) -> tuple[ReportSpan, ...]:
    """The plan of a scenario in spans of so many minutes; what can be shed is that of each span by itself.

    Raises InvalidScenario where the spans are too many, SolverFault or DeadlinePassed.
    """
    completed = complete(scenario).scenario
    plan = optimize(completed, settings)
    spans = list(_spans(plan, minutes))
    if len(spans) > MOST_SPANS:
        remedy = f"ask for longer spans: at most {MOST_SPANS}"
        raise InvalidScenario([Finding(path="minutes", message=f"there would be {len(spans)} spans", remedy=remedy)])
    load_kw = plan.grid_import_kw - plan.grid_export_kw
    return tuple(
        ReportSpan(
            interval_id=k,
            start=instant(start_s),
            length_s=end_s - start_s,
            expected_kw=float(_mean(load_kw, plan, start_s, end_s)),
            shed_kw=_shed_kw(completed, start_s, end_s, settings),
            storage=storage_state(completed, plan, start_s),
        )
        for k, (start_s, end_s) in enumerate(spans)
    )


def storage_state(scenario: Scenario, plan: Schedule, at_s: float) -> StorageState | None:
    """Batteries of the site, and of vehicles that are there and give back, as the plan has them; None without any."""
    stores = [*_stationary(scenario, plan, at_s), *_plugged_in(scenario, plan, at_s)]
    if not stores:
        return None
    usable_kwh, inside_kwh, charge_kw, discharge_kw = (sum(column) for column in zip(*stores, strict=True))
    return StorageState(
        usable_kwh=usable_kwh,
        charge_level=inside_kwh / usable_kwh if usable_kwh > 0.0 else 0.0,
        max_charge_kw=charge_kw,
        max_discharge_kw=discharge_kw,
    )


_Store = tuple[float, float, float, float]
"""Usable and inside without the reserve [kWh], most charge and discharge [kW]."""


def _stationary(scenario: Scenario, plan: Schedule, at_s: float) -> Iterator[_Store]:
    batteries = {battery.id: battery for battery in scenario.site.batteries}
    for one in plan.storage:
        battery = batteries[one.storage_id]
        inside_kwh = float(np.interp(at_s, plan.instants_s, one.energy_kwh)) - battery.reserve_kwh
        usable_kwh = battery.capacity_kwh - battery.reserve_kwh
        yield usable_kwh, max(0.0, inside_kwh), battery.max_charge_kw, battery.max_discharge_kw


def _plugged_in(scenario: Scenario, plan: Schedule, at_s: float) -> Iterator[_Store]:
    """Vehicles whose energy the plan follows and that can give back; completed, so that their numbers are there."""
    evses = {evse.id: evse for evse in scenario.site.evses}
    sessions = {session.id: session for session in scenario.sessions}
    for one in plan.sessions:
        energies, vehicle = one.energy_in_battery_kwh, sessions[one.session_id].vehicle
        first = one.first_period
        there_s = plan.instants_s[first : first + len(one.charge_power_kw) + 1]
        gives_back = vehicle is not None and vehicle.max_discharge_kw and vehicle.battery_capacity_kwh
        if energies is None or vehicle is None or not gives_back or not there_s[0] <= at_s < there_s[-1]:
            continue
        capacity_kwh, reserve = vehicle.battery_capacity_kwh or 0.0, sessions[one.session_id].soc_reserve
        kept_kwh = (RESERVE_SOC if reserve is None else reserve) * capacity_kwh
        inside_kwh = max(0.0, float(np.interp(at_s, there_s, energies)) - kept_kwh)
        evse_kw = evse_max_power_kw(evses[one.evse_id], vehicle, scenario.site.voltage_v or NOMINAL_VOLTAGE_V)
        most_kw = min(evse_kw, vehicle.max_charge_kw or evse_kw)
        yield capacity_kwh - kept_kwh, inside_kwh, most_kw, vehicle.max_discharge_kw or 0.0


def _spans(plan: Schedule, minutes: float) -> Iterator[tuple[float, float]]:
    start_s, last_s = float(plan.instants_s[0]), float(plan.instants_s[-1])
    length_s = seconds_from_minutes(minutes)
    while start_s < last_s:
        yield start_s, min(start_s + length_s, last_s)
        start_s += length_s


def _mean(kw: Floats, plan: Schedule, start_s: float, end_s: float) -> float:
    drawn = np.append(0.0, np.cumsum(kw * np.diff(plan.instants_s)))
    begin, end = np.interp([start_s, end_s], plan.instants_s, drawn)
    return float(end - begin) / (end_s - start_s)


def _shed_kw(scenario: Scenario, start_s: float, end_s: float, settings: Settings) -> float:
    window = timedelta(hours=hours_from_seconds(end_s - start_s))
    return flexibility(scenario, Direction.REDUCE, instant(start_s), window, settings).points[-1].power_kw
