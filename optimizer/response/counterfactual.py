"""What sessions would have drawn without an event: at full power from their arrival, or by the everyday plan."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from models.datasets.recorded import RecordedSession
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule, SessionPlan
from models.domain.units import hours_from_seconds, seconds_from_hours
from models.settlement.load import LoadSeries, Quality
from optimizer.optimize import optimize
from optimizer.response.lifting import without
from optimizer.settings import Settings


def uncontrolled(sessions: Iterable[RecordedSession], grid: LoadSeries, most_kw: float) -> dict[str, LoadSeries]:
    """Every session charged from its arrival until it has what it got, or leaves; by EVSE, on the grid of a meter.

    ``most_kw``: of sessions that do not tell their own power. No limit of the site is looked at. [kW]
    """
    edges_s = np.append(grid.starts_s, grid.end_s)
    loads: dict[str, Floats] = defaultdict(lambda: np.zeros(len(grid.power_kw)))
    for session in sessions:
        power_kw = session.power_kw or most_kw
        begin_s, leaves_s = session.arrival.timestamp(), session.departure.timestamp()
        end_s = min(begin_s + seconds_from_hours(session.energy_kwh / power_kw), leaves_s)
        loads[session.evse] += power_kw * np.diff(np.clip(edges_s, begin_s, max(begin_s, end_s))) / grid.step_s
    return {evse: _on(grid, evse, power_kw) for evse, power_kw in sorted(loads.items())}


def everyday(
    scenario: Scenario, event_ids: Sequence[str], grid: LoadSeries, settings: Settings
) -> dict[str, LoadSeries]:
    """The day planned without these events, by EVSE; 0 outside of the horizon of the plan.

    Raises InvalidScenario, SolverFault or DeadlinePassed.
    """
    return plan_loads(optimize(without(scenario, set(event_ids)), settings), grid)


def plan_loads(plan: Schedule, grid: LoadSeries) -> dict[str, LoadSeries]:
    """What a plan draws at each EVSE, as a meter would show it."""
    edges_s = np.append(grid.starts_s, grid.end_s)
    loads: dict[str, Floats] = defaultdict(lambda: np.zeros(len(grid.power_kw)))
    for session in plan.sessions:
        drawn = np.append(0.0, np.cumsum(_energy_kwh(session)))
        there = slice(session.first_period, session.first_period + len(drawn))
        means = np.diff(np.interp(edges_s, plan.instants_s[there], drawn)) / hours_from_seconds(grid.step_s)
        loads[session.evse_id] += means
    return {evse: _on(grid, evse, power_kw) for evse, power_kw in sorted(loads.items())}


def _energy_kwh(session: SessionPlan) -> Floats:
    """Of each period in which it is plugged in, less what it gave back. [kWh]"""
    energy: Floats = (session.charge_power_kw - session.given_back_kw) * session.plugged_in_h
    return energy


def _on(grid: LoadSeries, meter: str, power_kw: Floats) -> LoadSeries:
    quality = (Quality.ESTIMATED,) * len(power_kw)
    return LoadSeries(meter=meter, start_s=grid.start_s, step_s=grid.step_s, power_kw=power_kw, quality=quality)
