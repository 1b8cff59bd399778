"""Equation (5), guaranteed: what cars and batteries draw in full stays under each limit with the high base load."""

import numpy as np
from numpy.typing import NDArray

from optimizer.formulation.energy import Charging
from optimizer.formulation.storage import Storing
from optimizer.instance import Instance
from optimizer.instance.below import cells_of
from optimizer.instance.limits import drawn_per_kw
from optimizer.program import Floats, Ints, ProgramBuilder


def node_limits(lp: ProgramBuilder, instance: Instance, charging: Charging, storing: Storing) -> None:
    """A row where a limit is finite and a car or a battery is below; caps (13) are in the limit already."""
    limits, cells, count = instance.limits, instance.cells, instance.periods.count
    cell, node = instance.below.cell, instance.below.node
    limited = np.isfinite(limits.limit_kw)[node, cells.period[cell]]
    kept = (limited & ~instance.following.out_of_reach(cell)).nonzero()[0]
    cell, node = cell[kept], node[kept]
    place = node * count + cells.period[cell]
    unit, above, period = units_below(instance, limits.limit_kw)
    rows, every = distinct(np.concatenate([place, above * count + period]), len(limits.ids) * count)
    row, stored = every[: len(place)], every[len(place) :]
    firm = np.where(instance.storage.firm[above], 1.0, 0.0)
    giver, over = _firm_givers(instance)
    given = rows.searchsorted(over * count + cells.period[giver])
    efficiency = instance.sessions.efficiency
    # (5)  Σ_{below n} charge_power/κ, or reserved_power/κ, - firm[n] κ discharge_power
    #      + storage_charge - firm[n] storage_discharge
    #      <= import_limit[n,t] - high_base[n,t] - standby[n]
    session = cells.session[cell]
    at_grid = drawn_per_kw(limits, node, efficiency[session], instance.sessions.power_factor[session])
    lp.at_most(
        "node_import_limit",
        ("node", "period"),
        (rows // count, rows % count),
        [
            *charging.counted.terms(at_grid, row, cell),
            (
                -efficiency[cells.session[giver]],
                charging.discharge_power.by(given, instance.states.giving_at(giver)),
            ),
            (1.0, storing.charge.by(stored, unit)),
            (-firm, storing.discharge.by(stored, unit)),
        ],
        bound=limits.room_kw.ravel()[rows],
        unit="kW at grid",
    )


def _firm_givers(instance: Instance) -> tuple[Ints, Ints]:
    """Pairs of a cell in which a car may give back and a limited node above it that counts on that."""
    givers = instance.states.givers
    if not len(givers):
        return givers, givers
    cell, node = cells_below(instance, givers, instance.limits.limit_kw)
    firm = np.flatnonzero(instance.storage.firm[node])
    return cell[firm], node[firm]


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
    return present.nonzero()[0], (present.cumsum() - 1)[places]
