"""Which cells load which nodes: every pair of a cell and a node or power cabinet above its EVSE."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.instance.limits import ImportLimits, drawn_per_kw
from optimizer.instance.sessions import Cells, Sessions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Below:
    """By session, then by node, then by period (P,)."""

    cell: Ints
    node: Ints
    place: Ints
    """Of node and period in a table of them (M, T)."""
    drawn_per_kw: Floats
    """What the import limit of the node counts for one kW of the cell."""


def below(who: Sessions, cells: Cells, limits: ImportLimits, periods: int) -> Below:
    """Made once: limits are laid over them, and loads are counted over them."""
    above = [limits.evse_nodes[evse] for evse in who.evse_ids]
    session = np.arange(who.count).repeat([len(nodes) for nodes in above])
    node = np.array([node for nodes in above for node in nodes], dtype=np.int64)
    per_kw = 1.0 / who.efficiency[session]
    if limits.apparent.any() or limits.at_evse.any():
        per_kw = drawn_per_kw(limits, node, who.efficiency[session], who.power_factor[session])
    cell, pair = cells_of(cells, session)
    of_pair = node[pair]
    return Below(cell, of_pair, of_pair * periods + cells.period[cell], per_kw[pair])


def cells_of(cells: Cells, sessions: Ints) -> tuple[Ints, Ints]:
    """All cells of each of ``sessions``, and which of them (by position) each cell belongs to."""
    count = cells.per_session[sessions]
    which = np.arange(len(sessions)).repeat(count)
    first = cells.offset[sessions] + count - count.cumsum()
    return np.asarray(np.arange(len(which)) + first.repeat(count)), which
