"""Whether sessions would use more room in their cells, and why not."""

from dataclasses import dataclass

import numpy as np

from optimizer.explain.cells import AT_MOST, DONE_KWH, SAME_PRICE, Cells
from optimizer.explain.planned import Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Cell by cell (N,)."""

    at_most: Flags
    """It has what the hardware can do."""
    pays: Flags
    """More energy is worth more than all that it costs there."""
    equal: Flags
    """More energy is worth what it costs there."""
    uses: Flags
    """More room saves money, or costs none and brings energy earlier."""
    uses_freely: Flags
    """The same, if no peak, signal or contract made it dearer and no event limited the load after it."""
    charges: Flags


def wishes_in(cells: Cells) -> Wishes:
    """Of what sessions meet in their cells."""
    rate = cells.rates
    same = SAME_PRICE * (1.0 + np.abs(rate.price))
    pays = cells.first | (cells.saved > rate.price + same)
    equal = np.asarray(abs(cells.saved - rate.price) <= same)
    added = rate.peak + rate.rebound + rate.event + rate.contract
    return Wishes(
        at_most=cells.power_kw >= cells.most_kw * (1.0 - AT_MOST),
        pays=pays,
        equal=equal,
        uses=pays | (equal & cells.later),
        uses_freely=cells.saved > rate.price - added + same,
        charges=cells.power_kw * cells.hours > DONE_KWH,
    )
