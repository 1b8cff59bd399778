"""Whether one session would use more room in its cells, and why not."""

from dataclasses import dataclass

import numpy as np

from optimizer.explain.cells import AT_MOST, DONE_KWH, SAME_PRICE, Cells
from optimizer.explain.planned import Flags


@dataclass(frozen=True, slots=True)
class Wishes:
    """One session's, cell by cell in order of time."""

    at_most: list[bool]
    """It has what the hardware can do."""
    pays: list[bool]
    """More energy is worth more than all that it costs there."""
    equal: list[bool]
    """More energy is worth what it costs there."""
    uses: list[bool]
    """More room saves money, or costs none and brings energy earlier."""
    uses_freely: list[bool]
    """The same, if no peak, signal or contract made it dearer and no event limited the load after it."""
    charges: list[bool]


def wishes_of(cells: Cells) -> Wishes:
    """Of what a session meets in its cells."""
    same = SAME_PRICE * (1.0 + np.abs(cells.price))
    pays = cells.first | (cells.saved > cells.price + same)
    equal = _equal(cells, same)
    added = cells.peak + cells.rebound + cells.event + cells.contract
    return Wishes(
        at_most=(cells.power_kw >= cells.most_kw * (1.0 - AT_MOST)).tolist(),
        pays=pays.tolist(),
        equal=equal.tolist(),
        uses=(pays | (equal & cells.later)).tolist(),
        uses_freely=(cells.saved > cells.price - added + same).tolist(),
        charges=(cells.power_kw * cells.hours > DONE_KWH).tolist(),
    )


def _equal(cells: Cells, same: np.ndarray) -> Flags:
    return np.asarray(abs(cells.saved - cells.price) <= same)
