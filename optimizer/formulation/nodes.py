"""Equation (5), guaranteed: what cars and batteries draw in full stays under each limit with the high base load."""

import numpy as np

from optimizer.formulation.energy import Charging
from optimizer.formulation.storage import Storing
from optimizer.instance import Cells, Instance
from optimizer.program import Ints, ProgramBuilder


def node_limits(lp: ProgramBuilder, instance: Instance, charging: Charging, storing: Storing) -> None:
    """A row where a limit is finite and a car or a battery is below; caps (13) are in the limit already."""
    limits, cells, count = instance.limits, instance.cells, instance.periods.count
    cell, node = _cells_below(instance)
    place = node * count + cells.period[cell]
    limited = np.isfinite(limits.limit_kw).ravel()[place]
    cell, node, place = cell[limited], node[limited], place[limited]
    unit, above, period = instance.storage.below(count)
    here = np.isfinite(limits.limit_kw[above, period])
    unit, above, period = unit[here], above[here], period[here]
    rows, every = distinct(np.concatenate([place, above * count + period]), len(limits.ids) * count)
    row, stored = np.split(every, [len(place)])
    firm = np.where(instance.storage.firm[above], 1.0, 0.0)
    # (5)  Σ_{below n} charge_power/κ + storage_charge - firm[n] storage_discharge
    #      <= import_limit[n,t] - high_base[n,t] - standby[n]
    at_grid = np.where(limits.at_evse[node], 1.0, 1.0 / instance.sessions.efficiency[cells.session[cell]])
    lp.at_most(
        "node_import_limit",
        ("node", "period"),
        (rows // count, rows % count),
        [
            (at_grid, charging.charge_power.by(row, cell)),
            (1.0, storing.charge.by(stored, unit)),
            (-firm, storing.discharge.by(stored, unit)),
        ],
        bound=limits.room_kw.ravel()[rows],
        unit="kW at grid",
    )


def _cells_below(instance: Instance) -> tuple[Ints, Ints]:
    """Pairs of a cell and a limited node above it."""
    limits = instance.limits
    limited = np.isfinite(limits.limit_kw).max(axis=1)
    pairs = [
        (s, node)
        for s, evse in enumerate(instance.sessions.evse_ids)
        for node in limits.evse_nodes[evse]
        if limited[node]
    ]
    session, node = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2).T
    cell, pair = cells_of(instance.cells, session)
    return cell, node[pair]


def cells_of(cells: Cells, sessions: Ints) -> tuple[Ints, Ints]:
    """All cells of each of ``sessions``, and which of them (by position) each cell belongs to."""
    count = cells.per_session[sessions]
    which = np.repeat(np.arange(len(sessions)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    return cells.offset[sessions][which] + within, which


def distinct(places: Ints, size: int) -> tuple[Ints, Ints]:
    """The different places in order, and for each entry which of them it is; as np.unique, without sorting."""
    present = np.zeros(size, dtype=bool)
    present[places] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[places]
