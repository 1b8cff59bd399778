"""Cells of an instance as tables over periods and sessions, so that all periods can be looked at in one go."""

from dataclasses import dataclass

import numpy as np

from models.domain.made_once import made_once
from optimizer.giving.discs import Floats
from optimizer.giving.room import Ints, Limits
from optimizer.instance import Instance

SHORTEST_H = 1e-9
"""Of a period; less is no time at all. [h]"""
_EMPTY = 12
"""Places of a table for each cell, above which periods one by one take no longer."""
_SUMS = 1e-11
"""Share by which sums of up to ten thousand numbers differ that are added up in another order, and ten times more."""


@dataclass(frozen=True, slots=True)
class Table:
    """Where the cells are, and how long."""

    period: Ints
    session: Ints
    shape: tuple[int, int]
    hours: Floats
    """(T, S) at least ``SHORTEST_H``; 1 where a session is not there, so that nothing is divided by 0. [h]"""

    def laid_out(self, values: Floats) -> Floats:
        """(T, S) of cells (N,), with 0 where a session is not there."""
        return _laid_out(self, values, 0.0)

    def nothing(self) -> Floats:
        """(T, S) of 0."""
        return np.zeros(self.shape)

    def cells(self, table: Floats) -> Floats:
        """(N,) of a table (T, S)."""
        return np.asarray(table[self.period, self.session])


def is_worth_laying_out(instance: Instance) -> bool:
    """Whether a table is not mostly empty, as of a month in which everybody comes for hours."""
    return instance.periods.count * instance.sessions.count <= _EMPTY * instance.cells.count


def table_of(instance: Instance) -> Table:
    """Of an instance."""
    return made_once(_table_of, instance)


def surely_fits(limits: Limits, power_kw: Floats, periods: slice, share: float) -> bool:
    """Whether powers (T, S) of some periods keep this share of every limit, in whatever order they are added up."""
    given = power_kw.T
    used = limits.length @ given
    if limits.directed:
        used = used + abs(limits.beside[:, periods] + limits.phasor @ given)
    return bool((used <= limits.radius[:, periods] * (share * (1.0 - _SUMS))).all())


def _table_of(instance: Instance) -> Table:
    cells, shape = instance.cells, (instance.periods.count, instance.sessions.count)
    bare = Table(cells.period, cells.session, shape, np.ones(shape))
    hours = _laid_out(bare, np.maximum(cells.hours, SHORTEST_H), 1.0)
    return Table(cells.period, cells.session, shape, hours)


def _laid_out(table: Table, values: Floats, absent: float) -> Floats:
    found = np.full(table.shape, absent)
    found[table.period, table.session] = values
    return found
