"""Which cells load which nodes: every pair of a cell and a node or power cabinet above its EVSE."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.instance.limits import ImportLimits
from optimizer.instance.sessions import Cells, Sessions

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Below:
    """By session, then by node, then by period (P,)."""

    cell: Ints
    node: Ints


def below(who: Sessions, cells: Cells, limits: ImportLimits) -> Below:
    """Made once: limits are laid over them, and loads are counted over them."""
    above = [limits.evse_nodes[evse] for evse in who.evse_ids]
    session = np.arange(who.count).repeat([len(nodes) for nodes in above])
    node = np.array([node for nodes in above for node in nodes], dtype=np.int64)
    cell, pair = cells_of(cells, session)
    return Below(cell, node[pair])


def cells_of(cells: Cells, sessions: Ints) -> tuple[Ints, Ints]:
    """All cells of each of ``sessions``, and which of them (by position) each cell belongs to."""
    count = cells.per_session[sessions]
    which = np.arange(len(sessions)).repeat(count)
    within = np.arange(len(which)) - (count.cumsum() - count).repeat(count)
    return cells.offset[sessions][which] + within, which
