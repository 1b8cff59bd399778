"""Which of some things each cell of a plan meets: the same sets come again and again, so each is numbered once."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from optimizer.explain.planned import Flags, Ints

Thing = TypeVar("Thing", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Met(Generic[Thing]):
    """Of each cell the number of the set that it meets (N,); set 0 is empty."""

    number: Ints
    sets: tuple[tuple[Thing, ...], ...]

    def of(self, k: int) -> tuple[Thing, ...]:
        """What cell k meets."""
        return self.sets[self.number[k]]

    @property
    def any(self) -> Flags:
        """Cells that meet anything (N,)."""
        return np.asarray(self.number > 0)


def nothing_met(count: int) -> Met[Thing]:
    """In any of so many cells."""
    return Met(np.zeros(count, dtype=np.int64), ((),))


def met_in_order(found: Iterable[tuple[Thing, ...]]) -> Met[Thing]:
    """Cell by cell."""
    numbers: dict[tuple[Thing, ...], int] = {(): 0}
    number = np.array([numbers.setdefault(one, len(numbers)) for one in found], dtype=np.int64)
    return Met(number, tuple(numbers))


def met_in_table(things: list[Thing], table: Flags) -> Met[Thing]:
    """Of a table (N, things) that says which of them each cell meets; in the order of the columns."""
    number, numbers = np.zeros(len(table), dtype=np.int64), dict[bytes, int]()
    sets: list[tuple[Thing, ...]] = [()]
    rows = np.flatnonzero(table.any(axis=1))
    for k, row in zip(rows.tolist(), np.packbits(table[rows], axis=1), strict=True):
        known = numbers.setdefault(row.tobytes(), len(sets))
        if known == len(sets):
            sets.append(tuple(things[i] for i in np.flatnonzero(table[k]).tolist()))
        number[k] = known
    return Met(number, tuple(sets))
