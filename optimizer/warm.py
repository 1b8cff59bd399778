"""A solver's basis carried by label from one program into the next.

The formulation is always rebuilt from nothing; two programs of one site built five minutes apart share the labels of
what they share. New columns start at their lower bound, new rows basic; the solver repairs what does not fit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.program import Block, Floats, Ints, Labels, LinearProgram

Statuses = NDArray[np.uint8]
LOWER, BASIC, UPPER = 0, 1, 2
"""Where a column or row stands in a basis."""

BROAD_CHANGE = 0.02
"""Share of shared rows with another bound above which a large program is solved from nothing."""
LARGE = 50_000
"""Columns. A cap over 8 of 96 periods took 138 ms warm and 208 cold at 1,000 connectors, 4,900 and 4,300 at 5,000."""
DENSE = 16
"""A table may have so many places for each element; where labels are too many for that, elements are sorted."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Columns or rows of a solved program: what they are called, and the status of each."""

    coords: dict[str, Labels]
    blocks: dict[str, Block]
    statuses: Statuses
    upper: Floats
    """Upper bounds of rows, to see how much has changed; of columns as well, unused."""


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
        Carried(program.coords, program.columns, column_statuses, program.col_upper),
        Carried(program.coords, program.rows, row_statuses, program.row_upper),
    )


def statuses_for(program: LinearProgram, basis: Basis) -> tuple[Statuses, Statuses] | None:
    """Statuses to start a program from; None where starting from nothing is measured to be faster."""
    columns, _ = _statuses(basis.columns, program.coords, program.columns, program.col_upper, LOWER)
    rows, changed = _statuses(basis.rows, program.coords, program.rows, program.row_upper, BASIC)
    if len(program.cost) > LARGE and changed > BROAD_CHANGE:
        return None
    return columns, rows


def _statuses(
    carried: Carried, coords: dict[str, Labels], blocks: dict[str, Block], upper: Floats, new: int
) -> tuple[Statuses, float]:
    """Statuses, ``new`` where nothing of that name was before; and the share of the others with another bound."""
    statuses = np.full(len(upper), new, dtype=np.uint8)
    shared, changed = 0, 0
    before: dict[str, Ints] = {}
    for name, block in blocks.items():
        old = carried.blocks.get(name)
        if old is None or old.dims != block.dims:
            continue
        for dim in block.dims:
            if dim not in before:
                before[dim] = _before(carried.coords[dim], coords[dim])
        sizes = [len(carried.coords[dim]) for dim in block.dims]
        source = _sources(old, block, [before[dim] for dim in block.dims], sizes)
        here = np.flatnonzero(source >= 0)
        there, here = old.start + source[here], block.start + here
        statuses[here] = carried.statuses[there]
        shared += len(here)
        changed += int((upper[here] != carried.upper[there]).sum())
    return statuses, changed / shared if shared else 1.0


def _before(old: Labels, new: Labels) -> Ints:
    """For each label where it was before; -1 for a new one."""
    if hasattr(old, "numbers") and hasattr(new, "numbers"):
        was, now = np.asarray(old.numbers()), np.asarray(new.numbers())
        place = np.minimum(np.searchsorted(was, now), len(was) - 1)
        return np.where(was[place] == now, place, -1)
    known = {old[i]: i for i in range(len(old))}
    return np.array([known.get(new[i], -1) for i in range(len(new))], dtype=np.int64)


def _sources(old: Block, new: Block, before: list[Ints], sizes: list[int]) -> Ints:
    """For each element of a block where the one of the same labels was inside the old block; -1 for a new one."""
    code, old_code = np.zeros(new.size, dtype=np.int64), np.zeros(old.size, dtype=np.int64)
    known = np.ones(new.size, dtype=bool)
    for was, size, positions, old_positions in zip(before, sizes, new.positions, old.positions, strict=True):
        place = was[positions]
        known &= place >= 0
        code, old_code = code * size + place, old_code * size + old_positions
    places = int(np.prod(sizes, dtype=np.int64))
    found = np.full(new.size, -1, dtype=np.int64)
    found[known] = _looked_up(old_code, code[known], places)
    return found


def _looked_up(codes: Ints, wanted: Ints, places: int) -> Ints:
    """Position of each wanted code among codes; -1 where it is not there."""
    if places <= DENSE * (len(codes) + len(wanted) + DENSE):
        table = np.full(places, -1, dtype=np.int64)
        table[codes] = np.arange(len(codes))
        return table[wanted]
    if not len(codes):
        return np.full(len(wanted), -1, dtype=np.int64)
    order = np.argsort(codes)
    place = order[np.minimum(np.searchsorted(codes, wanted, sorter=order), len(codes) - 1)]
    return np.where(codes[place] == wanted, place, -1)
