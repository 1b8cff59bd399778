"""Limits of a site at an instant as constraints of acnportal: lines (6) first, then whatever limits power."""

from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.session import Session
from optimizer.backtest.acn.angles import with_angles
from optimizer.backtest.acn.infrastructure import InfrastructureInfo
from optimizer.backtest.acn.stations import Stations
from optimizer.completing import complete
from optimizer.giving.room import Limits, group_limits, power_limits, rebound_limits
from optimizer.instance import CurrentPoint, Instance, instance_of

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
_Row = tuple[str, Complexes, float]
"""(name, what one kW at each EVSE adds (N,), what is left for them)"""


def infrastructure_of(stations: Stations, present: Scenario) -> InfrastructureInfo:
    """Stations and what limits leave them in the one period of a scenario, whoever is there."""
    instance = instance_of(complete(_with_everybody(present)).scenario)
    rows = list(chain(_lines(instance), _powers(instance)))
    phasors = np.array([row for _, row, _ in rows], dtype=complex).reshape(len(rows), len(stations.ids))
    matrix, angles = with_angles(np.asarray(phasors * stations.kw_per_a, dtype=complex))
    return InfrastructureInfo(
        constraint_matrix=matrix,
        constraint_limits=np.array([left for _, _, left in rows]),
        phases=np.rad2deg(angles),
        voltages=stations.voltages.copy(),
        constraint_ids=[name for name, _, _ in rows],
        station_ids=list(stations.ids),
        max_pilot=stations.max_pilot.copy(),
        min_pilot=stations.min_pilot.copy(),
        allowable_pilots=[pilots.copy() for pilots in stations.allowable_pilots],
        is_continuous=stations.is_continuous.copy(),
    )


def _with_everybody(present: Scenario) -> Scenario:
    """The same with a car at every EVSE, of which nothing is known."""
    now = present.horizon
    assert now is not None, "it was made with one period"
    cars = tuple(
        Session(id=evse.id, evse=evse.id, arrival=now.start, departure=now.end, energy_target_kwh=1.0)
        for evse in present.site.evses
    )
    return replace(present, site=replace(present.site, setpoints=None, habits=None), sessions=cars)


def _lines(instance: Instance) -> list[_Row]:
    """A row a line, as currents add up while everybody draws what is offered; of unknown phases, in size."""
    return [row for point in instance.currents for row in _of_point(instance, point)]


def _of_point(instance: Instance, point: CurrentPoint) -> list[_Row]:
    known, rows = np.array([leg.known for leg in point.legs], dtype=bool), []
    name = instance.tree.nodes[point.node].id
    for line in point.lines:
        legs = line.phasors if known.all() else abs(line.phasors)
        row = np.zeros(instance.sessions.count, dtype=complex)
        row[point.sessions] = legs[point.leg] * point.amperes_per_kw
        left_a = max(0.0, float((line.limit_a - line.kept_a - point.installed_a(line))[0]))
        if row.any():
            rows.append((f"{name} {line.label}", row, left_a))
    return rows


def _powers(instance: Instance) -> list[_Row]:
    """Nodes, cabinets, capped groups and meters of events, in kW."""
    who = instance.sessions
    at = instance.response.meters
    nodes = power_limits(instance.limits, who.evse_ids, who.efficiency, who.power_factor)
    groups = group_limits(instance.limits, instance.groups, who.evse_ids, who.efficiency)
    named = ((instance.limits.ids, nodes), (instance.groups.ids, groups), (at.ids, rebound_limits(instance)))
    return [row for ids, limits in named for row in _of_powers(ids, limits)]


def _of_powers(ids: tuple[str, ...], limits: Limits) -> list[_Row]:
    return [
        (f"{name} kW", length.astype(complex), float(left_kw))
        for name, length, left_kw in zip(ids, limits.length, limits.radius[:, 0], strict=True)
        if length.any() and np.isfinite(left_kw)
    ]
