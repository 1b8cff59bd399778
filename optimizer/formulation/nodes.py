"""Equation (5), guaranteed: what cars and batteries draw in full stays under each limit with the high base load."""

import numpy as np
from numpy.typing import NDArray

from optimizer.formulation.energy import Charging
from optimizer.formulation.storage import Storing
from optimizer.instance import Instance
from optimizer.instance.below import cells_of
from optimizer.program import Floats, Ints, ProgramBuilder, Term


def node_limits(lp: ProgramBuilder, instance: Instance, charging: Charging, storing: Storing) -> None:
    """A row where a limit is finite and a car or a battery is below; caps (13) are in the limit already."""
    limits, count = instance.limits, instance.periods.count
    cell, place, per_kw = _drawing(instance)
    unit, above, period = units_below(instance, limits.limit_kw)
    at = np.concatenate([place, above * count + period]) if len(unit) else place
    rows, every = distinct(at, len(limits.ids) * count)
    row, stored = every[: len(place)], every[len(place) :]
    # (5)  Σ_{below n} charge_power/κ, or reserved_power/κ, - firm[n] κ discharge_power
    #      + storage_charge - firm[n] storage_discharge
    #      <= import_limit[n,t] - high_base[n,t] - standby[n]
    lp.at_most(
        "node_import_limit",
        ("node", "period"),
        (rows // count, rows % count),
        [
            *charging.counted.terms(per_kw, row, cell),
            *_given_back(instance, charging, rows),
            *_stored(instance, storing, stored, unit, above),
        ],
        bound=limits.room_kw.ravel()[rows],
        unit="kW at grid",
    )


def _drawing(instance: Instance) -> tuple[Ints, Ints, Floats]:
    """Pairs of a cell in reach and a limited node above it: the cell, the place of the limit, what a kW counts."""
    below = instance.below
    kept = np.isfinite(instance.limits.limit_kw).ravel()[below.place]
    if instance.following.kind is not None:
        kept &= ~instance.following.out_of_reach(below.cell)
    if kept.all():
        return below.cell, below.place, below.drawn_per_kw
    return below.cell[kept], below.place[kept], below.drawn_per_kw[kept]


def _given_back(instance: Instance, charging: Charging, rows: Ints) -> list[Term]:
    """Of cars, at limited nodes that count on that; ``rows`` are places of node and period, ascending."""
    states, cells, givers = instance.states, instance.cells, instance.states.givers
    if not len(givers):
        return []
    cell, node = cells_below(instance, givers, instance.limits.limit_kw)
    firm = np.flatnonzero(instance.storage.firm[node])
    giver, over = cell[firm], node[firm]
    given = rows.searchsorted(over * instance.periods.count + cells.period[giver])
    efficiency = instance.sessions.efficiency[cells.session[giver]]
    return [(-efficiency, charging.discharge_power.by(given, states.giving_at(giver)))]


def _stored(instance: Instance, storing: Storing, row: Ints, unit: Ints, above: Ints) -> list[Term]:
    """Of batteries."""
    if not len(unit):
        return []
    firm = np.where(instance.storage.firm[above], 1.0, 0.0)
    return [(1.0, storing.charge.by(row, unit)), (-firm, storing.discharge.by(row, unit))]


def cells_below(instance: Instance, sessions: Ints, limit_kw: Floats) -> tuple[Ints, Ints]:
    """Pairs of a cell of some sessions and a node above it where and when its limit is finite."""
    limited: NDArray[np.bool_] = np.isfinite(limit_kw)
    of_node = np.flatnonzero(limited.any(axis=1)).tolist()
    who = instance.sessions
    pairs = [(s, n) for s in sessions.tolist() for n in instance.limits.evse_nodes[who.evse_ids[s]] if n in of_node]
    session, node = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2).T
    cell, pair = cells_of(instance.cells, session)
    node = node[pair]
    kept = np.flatnonzero(limited[node, instance.cells.period[cell]])
    return cell[kept], node[kept]


def units_below(instance: Instance, limit_kw: Floats) -> tuple[Ints, Ints, Ints]:
    """Pairs of a battery and a node above it where and when its limit is finite: (battery, period), node, period."""
    unit, above, period = instance.storage.below(instance.periods.count)
    if not len(unit):
        return unit, above, period
    here = np.isfinite(limit_kw[above, period])
    return unit[here], above[here], period[here]


def distinct(places: Ints, size: int) -> tuple[Ints, Ints]:
    """The different places in order, and for each entry which of them it is; as np.unique, without sorting."""
    present = np.zeros(size, dtype=bool)
    present[places] = True
    found = present.nonzero()[0]
    number = np.empty(size, dtype=np.int64)
    number[found] = np.arange(len(found))
    return found, number[places]
