"""What a site expects of the hours to come: load, what it could shed, and its batteries, for a utility that asks."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule
from models.domain.signal import Direction
from models.domain.times import instant
from models.domain.units import hours_from_seconds, seconds_from_minutes
from models.settlement.reported import ReportSpan, StorageState
from optimizer.completing import complete
from optimizer.flexibility import flexibility
from optimizer.optimize import optimize
from optimizer.response.storage import Store, battery_store, gives_back, together, vehicle_store
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
    return together([*_stationary(scenario, plan, at_s), *_plugged_in(scenario, plan, at_s)])


def _stationary(scenario: Scenario, plan: Schedule, at_s: float) -> Iterator[Store]:
    batteries = {battery.id: battery for battery in scenario.site.batteries}
    for one in plan.storage:
        yield battery_store(batteries[one.storage_id], float(np.interp(at_s, plan.instants_s, one.energy_kwh)))


def _plugged_in(scenario: Scenario, plan: Schedule, at_s: float) -> Iterator[Store]:
    """Vehicles whose energy the plan follows and that can give back; completed, so that their numbers are there."""
    sessions = {session.id: session for session in scenario.sessions}
    for one in plan.sessions:
        energies, first = one.energy_in_battery_kwh, one.first_period
        there_s = plan.instants_s[first : first + len(one.charge_power_kw) + 1]
        session = sessions[one.session_id]
        if energies is not None and gives_back(session) and there_s[0] <= at_s < there_s[-1]:
            yield vehicle_store(scenario.site, session, float(np.interp(at_s, there_s, energies)))


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
