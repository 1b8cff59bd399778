"""Far periods of a rounding looked at together: as a rule there is room in each of them for all that is owed.

Period by period this took 2.4 ms of 50 connectors over a day, and every plan of an answer is rounded.
"""

import numpy as np

from optimizer.giving.discs import Floats
from optimizer.giving.room import Ints, Limits
from optimizer.giving.table import surely_fits, table_of
from optimizer.heuristics.crowd import FULL_SHARE
from optimizer.instance import Instance

BLOCK = 24
"""Periods that are looked at together: where one of them has no room, all of these are walked one by one."""
_SURE = 1.0 - 1e-11
"""Share of a peak that the same loads keep in whatever order they are added up."""


class Ahead:
    """What everybody is owed period by period, as long as everybody is given it."""

    def __init__(self, instance: Instance, limits: Limits, power_kw: Floats, peak_kw: Floats) -> None:
        """``power_kw`` (N,) is wanted, at evse; charging at grid stays within ``peak_kw`` (T,)."""
        who, cells = instance.sessions, instance.cells
        self._table, self._limits, self._peak_kw = table_of(instance), limits, peak_kw
        self._remaining_kwh = who.remaining_kwh
        self._wanted_kwh = self._table.hours * self._table.laid_out(power_kw)
        self._most_kw = self._table.laid_out(who.max_power_kw[cells.session])
        self._at_grid = self._table.laid_out(cells.share / who.efficiency[cells.session])

    def owed_kw(self, periods: slice, had_kwh: Floats, wanted_kwh: Floats) -> Floats:
        """(T, S) of some periods; what they bring is entered into the accounts (S,) of energy had and wanted. [kW]"""
        hours, most_kw = self._table.hours[periods], self._most_kw[periods]
        owed_kw = np.zeros_like(hours)
        for k, wanted in enumerate(self._wanted_kwh[periods]):
            wanted_kwh += wanted
            debt = np.minimum(wanted_kwh - had_kwh, self._remaining_kwh - had_kwh)
            owed_kw[k] = np.minimum(np.maximum(0.0, debt) / hours[k], most_kw[k])
            had_kwh += hours[k] * owed_kw[k]
        return owed_kw

    def has_room(self, periods: slice, power_kw: Floats) -> bool:
        """Whether powers (T, S) of some periods surely keep every limit and the peak. [kW]"""
        drawn_kw = (self._at_grid[periods] * power_kw).sum(axis=1)
        if (drawn_kw > self._peak_kw[periods] * _SURE).any():
            return False
        return surely_fits(self._limits, power_kw, periods, FULL_SHARE)

    def cells(self, periods: slice, power_kw: Floats) -> tuple[Ints, Floats]:
        """Cells of some periods, and their powers of a table (T, S). [kW]"""
        table = self._table
        here = np.flatnonzero((table.period >= periods.start) & (table.period < periods.stop))
        return here, power_kw[table.period[here] - periods.start, table.session[here]]
