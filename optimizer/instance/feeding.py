"""How much a site can give to the grid at most: what PV, building, batteries and cars feed in together."""

import numpy as np
from numpy.typing import NDArray

from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions
from optimizer.instance.states import States
from optimizer.instance.storage import Storage

Floats = NDArray[np.float64]
DUST_KW = 1e-9
"""What sums of powers that cancel out leave; a site that gives as much as it takes feeds in nothing. [kW]"""


def most_export_kw(
    expected_kw: Floats, units: Storage, followed: States, who: Sessions, cells: Cells, span: Periods
) -> Floats:
    """Expected, with every battery and car giving back in full; not above 0 where nothing can be fed in (T,). [kW]"""
    most: Floats = -expected_kw
    if units.count:
        most = most + units.max_discharge_kw.sum()
    if len(followed.giving):
        most = most + _from_cars(followed, who, cells, span)
    return np.where(abs(most) < DUST_KW, 0.0, most)


def _from_cars(followed: States, who: Sessions, cells: Cells, span: Periods) -> Floats:
    giver, member = followed.cell[followed.giving], followed.member[followed.giving]
    share = cells.share[giver]
    back = share * who.efficiency[cells.session[giver]] * followed.max_discharge_kw[member]
    return np.bincount(cells.period[giver], weights=back, minlength=span.count).astype(float)
