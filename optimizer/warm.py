"""A solver's basis carried by label from one program into the next.

The formulation is always rebuilt from nothing; two programs of one site built five minutes apart share the labels of
what they share. New columns start at their lower bound, new rows basic; the solver repairs what does not fit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.program import Block, Floats, Ints, Labels, LinearProgram

Keys = NDArray[np.uint64]
Statuses = NDArray[np.uint8]

LOWER, BASIC, UPPER = 0, 1, 2
"""Where a column or row stands in a basis."""

BROAD_CHANGE = 0.02
"""Share of shared rows with another bound above which a large program is solved from nothing."""
LARGE = 50_000
"""Columns. A cap over 8 of 96 periods took 138 ms warm and 208 cold at 1,000 connectors, 4,900 and 4,300 at 5,000."""
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Carried:
    """Statuses of columns or rows in the order of their keys."""

    keys: Keys
    statuses: Statuses
    upper: Floats
    """Upper bounds of rows, to see how much has changed; of columns as well, unused."""

    def find(self, keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where each key would be, and whether it is there."""
        place = np.minimum(np.searchsorted(self.keys, keys), max(0, len(self.keys) - 1))
        return place, self.keys[place] == keys if len(self.keys) else np.zeros(len(keys), dtype=bool)


@dataclass(frozen=True, slots=True)
class Basis:
    """Of a solved program, independent of positions."""

    columns: Carried
    rows: Carried


def standing(values: Floats, lower: Floats, upper: Floats, basic: Ints) -> Statuses:
    """Of columns or rows, from their values and the positions of the basic ones; the others are at the nearer side."""
    statuses = np.where(abs(upper - values) < abs(values - lower), UPPER, LOWER).astype(np.uint8)
    statuses[basic] = BASIC
    return statuses


def basis_of(program: LinearProgram, column_statuses: Statuses, row_statuses: Statuses) -> Basis:
    """The basis with which a program was solved, by label."""
    return Basis(
        _carried(_keys(program, program.columns), column_statuses, program.col_upper),
        _carried(_keys(program, program.rows), row_statuses, program.row_upper),
    )


def statuses_for(program: LinearProgram, basis: Basis) -> tuple[Statuses, Statuses] | None:
    """Statuses to start a program from; None where starting from nothing is measured to be faster."""
    columns, _ = _statuses(basis.columns, _keys(program, program.columns), program.col_upper, LOWER)
    rows, changed = _statuses(basis.rows, _keys(program, program.rows), program.row_upper, BASIC)
    if len(program.cost) > LARGE and changed > BROAD_CHANGE:
        return None
    return columns, rows


def _statuses(carried: Carried, keys: Keys, upper: Floats, new: int) -> tuple[Statuses, float]:
    place, there = carried.find(keys)
    statuses = np.full(len(keys), new, dtype=np.uint8)
    statuses[there] = carried.statuses[place[there]]
    other = upper[there] != carried.upper[place[there]]
    return statuses, float(other.mean()) if len(other) else 1.0


def _carried(keys: Keys, statuses: Statuses, upper: Floats) -> Carried:
    order = np.argsort(keys)
    return Carried(keys[order], statuses[order], upper[order])


def _keys(program: LinearProgram, blocks: dict[str, Block]) -> Keys:
    """One number for each element, from the name of its block and its labels."""
    known: dict[str, Keys] = {}
    parts = []
    for block in blocks.values():
        key = np.full(block.size, hash(block.name) & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64)
        for dim, positions in zip(block.dims, block.positions, strict=True):
            if dim not in known:
                known[dim] = _label_keys(program.coords[dim])
            key = (key ^ known[dim][positions]) * _MIX
            key ^= key >> np.uint64(29)
        parts.append(key)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)


def _label_keys(labels: Labels) -> Keys:
    numbers = getattr(labels, "numbers", None)
    if numbers is not None:
        return np.asarray(numbers(), dtype=np.int64).astype(np.uint64)
    return np.array([hash(labels[i]) for i in range(len(labels))], dtype=np.int64).astype(np.uint64)
