"""Ways to get one number of a linear program wrong, planted with a seed.

Each fault names what a programmer did (a sign, Δ or κ forgotten, the wrong phase, an index off by one) and changes one
coefficient, side, bound or price of a finished program.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from optimizer.program import LinearProgram
from optimizer.sparse import Rows
from tests.oracle.tables import Name, column_name, row_name

Change = Callable[[float], float]
Where = Callable[[float], bool]
VISIBLE = 1e-6
"""A change smaller than this, relative, is no fault that anybody could see."""


@dataclass(frozen=True)
class Planted:
    """A program with one wrong number, and the row or column in which it is."""

    program: LinearProgram
    place: Name


Plant = Callable[[LinearProgram, Generator], Planted | None]


@dataclass(frozen=True)
class Fault:
    """What somebody did; ``plant`` answers None when a program has no place for it."""

    name: str
    plant: Plant


def anywhere(value: float) -> bool:
    return bool(np.isfinite(value))


def not_one(value: float) -> bool:
    """A coefficient into which an efficiency or a share of a period went."""
    return abs(abs(value) - 1.0) > VISIBLE


def not_zero(value: float) -> bool:
    return bool(np.isfinite(value)) and abs(value) > VISIBLE


def flipped(value: float) -> float:
    return -value


def times(factor: float) -> Change:
    return lambda value: value * factor


def plus(amount: float) -> Change:
    return lambda value: value + amount


def put(new: float) -> Change:
    return lambda value: new


def unit(value: float) -> float:
    """The number that a forgotten factor leaves behind."""
    return float(np.sign(value))


def moved(old: float, new: float) -> bool:
    """Whether the change can be seen."""
    return not np.isclose(old, new, rtol=VISIBLE, atol=VISIBLE)


def chosen(rng: Generator, places: list[int]) -> int | None:
    return places[int(rng.integers(len(places)))] if places else None


def entries(program: LinearProgram, rows: str, columns: str) -> list[tuple[int, int, float]]:
    """(row, column, coefficient) of everything that two blocks share."""
    if rows not in program.rows or columns not in program.columns:
        return []
    row_block, column_block = program.rows[rows], program.columns[columns]
    found = []
    for i in range(row_block.start, row_block.start + row_block.size):
        for j, value in zip(*program.matrix.row(i), strict=True):
            if column_block.start <= j < column_block.start + column_block.size:
                found.append((i, int(j), float(value)))
    return found


def with_entries(program: LinearProgram, changes: dict[tuple[int, int], float]) -> LinearProgram:
    """The program with other coefficients; 0 takes one away."""
    matrix = program.matrix
    dense = dict(zip(zip(matrix.row_of.tolist(), matrix.indices.tolist(), strict=True), matrix.data, strict=True))
    dense.update(changes)
    rows, columns = np.array(list(dense)).T
    wrong = Rows.from_triplets(list(dense.values()), (rows, columns), matrix.shape)
    return replace(program, matrix=wrong)


def coefficient(rows: str, columns: str, change: Change, where: Where = anywhere) -> Plant:
    """One coefficient of a block of columns in a block of rows becomes another number."""

    def plant(program: LinearProgram, rng: Generator) -> Planted | None:
        found = entries(program, rows, columns)
        k = chosen(rng, [k for k, (_, _, v) in enumerate(found) if where(v) and moved(v, change(v))])
        if k is None:
            return None
        i, j, value = found[k]
        return Planted(with_entries(program, {(i, j): change(value)}), row_name(program, i))

    return plant


def next_column(rows: str, columns: str) -> Plant:
    """One coefficient lands on the following column of its block: an index off by one."""

    def plant(program: LinearProgram, rng: Generator) -> Planted | None:
        found = entries(program, rows, columns)
        taken = {(i, j) for i, j, _ in found}
        last = program.columns[columns].start + program.columns[columns].size - 1 if found else -1
        k = chosen(rng, [k for k, (i, j, _) in enumerate(found) if j < last and (i, j + 1) not in taken])
        if k is None:
            return None
        i, j, value = found[k]
        return Planted(with_entries(program, {(i, j): 0.0, (i, j + 1): value}), row_name(program, i))

    return plant


def next_row(rows: str, columns: str) -> Plant:
    """One coefficient lands in the following row of its block: another phase, node or period."""

    def plant(program: LinearProgram, rng: Generator) -> Planted | None:
        found = entries(program, rows, columns)
        taken = {(i, j) for i, j, _ in found}
        last = program.rows[rows].start + program.rows[rows].size - 1 if found else -1
        k = chosen(rng, [k for k, (i, j, _) in enumerate(found) if i < last and (i + 1, j) not in taken])
        if k is None:
            return None
        i, j, value = found[k]
        return Planted(with_entries(program, {(i, j): 0.0, (i + 1, j): value}), row_name(program, i))

    return plant


def number(field: str, block: str, change: Change, where: Where = anywhere) -> Plant:
    """One bound, side or price of a block becomes another number. ``field`` is that of the program."""

    def plant(program: LinearProgram, rng: Generator) -> Planted | None:
        blocks = program.rows if field.startswith("row") else program.columns
        if block not in blocks:
            return None
        values = getattr(program, field)
        places = range(blocks[block].start, blocks[block].start + blocks[block].size)
        k = chosen(rng, [k for k in places if where(values[k]) and moved(values[k], change(values[k]))])
        return None if k is None else planted_number(program, field, k, change(values[k]))

    return plant


def need(block: str, change: Change) -> Plant:
    """The right-hand side of one equation becomes another number; both its sides are one."""

    def plant(program: LinearProgram, rng: Generator) -> Planted | None:
        planted = number("row_lower", block, change)(program, rng)
        return None if planted is None else with_one_side(program, planted)

    return plant


def with_one_side(right: LinearProgram, planted: Planted) -> Planted:
    """The planted program with its equations equations again: both sides are the wrong number."""
    wrong = planted.program
    upper = np.where(right.row_lower == right.row_upper, wrong.row_lower, right.row_upper)
    return replace(planted, program=replace(wrong, row_upper=upper))


def planted_number(program: LinearProgram, field: str, k: int, value: float) -> Planted:
    values = getattr(program, field).copy()
    values[k] = value
    place = row_name(program, k) if field.startswith("row") else column_name(program, k)
    return Planted(replace(program, **{field: values}), place)


def late(field: str, block: str) -> Plant:
    """One number is that of its neighbour: a price or a limit one period late."""

    def plant(program: LinearProgram, rng: Generator) -> Planted | None:
        blocks = program.rows if field.startswith("row") else program.columns
        if block not in blocks:
            return None
        values = getattr(program, field)
        places = range(blocks[block].start + 1, blocks[block].start + blocks[block].size)
        k = chosen(rng, [k for k in places if anywhere(values[k - 1]) and moved(values[k], values[k - 1])])
        return None if k is None else planted_number(program, field, k, float(values[k - 1]))

    return plant


def late_need(block: str) -> Plant:
    """One equation has the right-hand side of its neighbour."""

    def plant(program: LinearProgram, rng: Generator) -> Planted | None:
        planted = late("row_lower", block)(program, rng)
        return None if planted is None else with_one_side(program, planted)

    return plant
