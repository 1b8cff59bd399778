"""Equation (5), guaranteed, for export: at low load PV is curtailed until what is fed in stays under each limit."""

import numpy as np

from optimizer.formulation.energy import Charging
from optimizer.formulation.nodes import cells_below, distinct, units_below
from optimizer.formulation.storage import Storing
from optimizer.instance import Generation, Instance
from optimizer.program import Block, Ints, ProgramBuilder


def curtailment(lp: ProgramBuilder, instance: Instance) -> Block:
    """Columns of the pairs of plant and period in which output can be curtailed."""
    supply = instance.generation
    if not len(supply.plant):
        return lp.nothing("pv_curtailed", ("pv", "period"), unit="kW at grid")
    # 0 <= pv_curtailed[v,t] <= pv_expected[v,t]
    return lp.variable(
        "pv_curtailed", ("pv", "period"), (supply.plant, supply.period), upper=supply.curtailable_kw, unit="kW at grid"
    )


def export_limits(
    lp: ProgramBuilder, instance: Instance, charging: Charging, curtailed: Block, storing: Storing
) -> None:
    """A row where export is limited and a car, a battery or PV below can feed in; never more than it can be."""
    limits, supply, cells, count = instance.limits, instance.generation, instance.cells, instance.periods.count
    cell, node = _curtailable_below(supply)
    place = node * count + supply.period[cell]
    limited = np.isfinite(limits.export_room_kw).ravel()[place]
    cell, place = cell[limited], place[limited]
    unit, above, period = units_below(instance, limits.export_room_kw)
    at = above * count + period
    giver, over = cells_below(instance, instance.states.givers, limits.export_room_kw)
    places = [place, at, over * count + cells.period[giver]]
    rows, every = distinct(np.concatenate(places), len(limits.ids) * count)
    row, stored, given = np.split(every, np.cumsum([len(place), len(at)]))
    # (5)  Σ_{below n} κ discharge_power + storage_discharge - pv_curtailed
    #      <= export_limit[n,t] + low_base[n,t] + standby[n] - Σ_{below n} pv_highest[v,t]
    efficiency = instance.sessions.efficiency[cells.session[giver]]
    lp.at_most(
        "node_export_limit",
        ("node", "period"),
        (rows // count, rows % count),
        [
            (efficiency, charging.discharge_power.by(given, instance.states.giving_at(giver))),
            (1.0, storing.discharge.by(stored, unit)),
            (-1.0, curtailed.by(row, cell)),
        ],
        bound=np.maximum(limits.export_room_kw, -limits.curtailable_kw).ravel()[rows],
        unit="kW at grid",
    )


def _curtailable_below(supply: Generation) -> tuple[Ints, Ints]:
    """Pairs of a cell of a plant and a node above it."""
    pairs = [(cell, node) for cell, plant in enumerate(supply.plant) for node in supply.above[plant]]
    cell, node = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2).T
    return cell, node
