"""A linear program as plain arrays with names: min c'x subject to row_lower <= Ax <= row_upper, lower <= x <= upper.

Columns and rows come in named blocks over labelled dims, so every number can be traced back to a variable, a session
and a period. Blocks are ragged: an element exists only where it means something. Nothing here knows a solver.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.sparse import Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = np.inf


class Labels(Protocol):
    """Names of the coordinates of one dim, by position."""

    def __len__(self) -> int: ...
    def __getitem__(self, position: int, /) -> str: ...


class Placed(NamedTuple):
    """Columns and the row (counted inside its block) to which each of them is added."""

    columns: Ints
    rows: Ints
    cells: Ints | None
    """Positions of the columns inside their block; None: all of them in order."""


class Block(NamedTuple):
    """A named run of columns or rows; ``positions`` has one array of coordinates for each dim."""

    name: str
    dims: tuple[str, ...]
    unit: str
    start: int
    size: int
    positions: tuple[Ints, ...]

    @property
    def slice(self) -> slice:
        return slice(self.start, self.start + self.size)

    @property
    def columns(self) -> Ints:
        return np.arange(self.start, self.start + self.size)

    def by(self, rows: Ints, cells: Ints | None = None) -> Placed:
        """Add element ``cells[i]`` (all of them, in order, if None) to row ``rows[i]``."""
        return Placed(self.columns if cells is None else self.start + cells, rows, cells)


Coefficient = Floats | float
"""A number of each column's own, or one for all."""
Term = tuple[Coefficient, Block | Placed]
NOWHERE: Ints = np.zeros(0, dtype=np.int64)
_Entries = tuple[int, Ints, Ints, Coefficient]
"""First row of a block, rows inside it, columns, coefficients."""
_Bounds = tuple[slice, ArrayLike, ArrayLike]
"""Where a block is, and its lower and upper bounds."""


class Definitions(NamedTuple):
    """Columns that only name what an equation sums up, and the row of the equation of each; where solvers begin."""

    columns: Ints
    rows: Ints


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """The arrays, and the names that tell what they mean."""

    coords: dict[str, Labels]
    columns: dict[str, Block]
    rows: dict[str, Block]
    cost: Floats
    """(columns,) [currency per unit of the column]"""
    cost_offset: float
    col_lower: Floats
    col_upper: Floats
    row_lower: Floats
    row_upper: Floats
    matrix: Rows
    """(rows, columns)"""
    definitions: "Definitions"

    def column_label(self, j: int) -> tuple[str, tuple[str, ...]]:
        """Name and labels of column ``j``."""
        return self._label(self.columns, j)

    def row_label(self, i: int) -> tuple[str, tuple[str, ...]]:
        """Name and labels of row ``i``."""
        return self._label(self.rows, i)

    def _label(self, blocks: dict[str, Block], index: int) -> tuple[str, tuple[str, ...]]:
        for block in blocks.values():
            if block.start <= index < block.start + block.size:
                return block.name, self.labels(block, index - block.start)
        raise IndexError(index)

    def labels(self, block: Block, k: int) -> tuple[str, ...]:
        """Labels of the k-th element of a block."""
        pairs = zip(block.dims, block.positions, strict=True)
        return tuple(self.coords[dim][int(positions[k])] for dim, positions in pairs)


class ProgramBuilder:
    """Collects blocks of columns and rows, term by term, and builds the sparse arrays in one go."""

    def __init__(self, **coords: Labels) -> None:
        self.coords: dict[str, Labels] = dict(coords)
        self.columns: dict[str, Block] = {}
        self.rows: dict[str, Block] = {}
        self.cost_offset = 0.0
        self._sizes = {"columns": 0, "rows": 0}
        self._column_bounds: list[_Bounds] = []
        self._row_bounds: list[_Bounds] = []
        self._entries: list[_Entries] = []
        self._cost: list[tuple[slice | Ints, Coefficient]] = []
        self._definitions: list[tuple[Ints, Ints]] = []

    def variable(
        self,
        name: str,
        dims: Sequence[str] = (),
        positions: Sequence[Ints] = (),
        *,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = INF,
        unit: str,
    ) -> Block:
        """Declare a block of columns, one for each entry of ``positions``."""
        block = self._declare(self.columns, "columns", name, dims, positions, unit)
        if block.size:
            self._column_bounds.append((block.slice, lower, upper))
        return block

    def nothing(self, name: str, dims: Sequence[str], *, unit: str) -> Block:
        """Declare a block without a column: of what a site does not have."""
        return self._declare(self.columns, "columns", name, dims, (NOWHERE,) * len(dims), unit)

    def equal(
        self,
        name: str,
        dims: Sequence[str],
        positions: Sequence[Ints],
        terms: Iterable[Term],
        *,
        to: ArrayLike,
        unit: str,
        defines: Block | Placed | None = None,
    ) -> Block:
        """Σ terms = to; ``defines`` is the column whose value each row tells, given all the others."""
        block = self._constrain(name, dims, positions, terms, to, to, unit)
        if defines is not None and block.size:
            placed = defines if isinstance(defines, Placed) else defines.by(np.arange(block.size))
            self._definitions.append((placed.columns, block.start + placed.rows))
        return block

    def at_most(
        self,
        name: str,
        dims: Sequence[str],
        positions: Sequence[Ints],
        terms: Iterable[Term],
        *,
        bound: ArrayLike,
        unit: str,
    ) -> Block:
        """Σ terms <= bound"""
        return self._constrain(name, dims, positions, terms, -INF, bound, unit)

    def at_least(
        self,
        name: str,
        dims: Sequence[str],
        positions: Sequence[Ints],
        terms: Iterable[Term],
        *,
        bound: ArrayLike,
        unit: str,
    ) -> Block:
        """Σ terms >= bound"""
        return self._constrain(name, dims, positions, terms, bound, INF, unit)

    def minimize(self, terms: Iterable[Term], *, offset: float = 0.0) -> None:
        """Add terms to the objective."""
        for coefficient, x in terms:
            where, size = (x.slice, x.size) if isinstance(x, Block) else (x.columns, len(x.columns))
            if size:
                self._cost.append((where, _fitting(coefficient, size)))
        self.cost_offset += offset

    def _declare(
        self, blocks: dict[str, Block], kind: str, name: str, dims: Sequence[str], positions: Sequence[Ints], unit: str
    ) -> Block:
        if name in blocks:
            raise ValueError(f"block {name!r} is declared twice")
        start, size = self._sizes[kind], len(positions[0]) if positions else 1
        block = blocks[name] = Block(name, tuple(dims), unit, start, size, tuple(positions))
        self._sizes[kind] = start + size
        return block

    def _constrain(
        self,
        name: str,
        dims: Sequence[str],
        positions: Sequence[Ints],
        terms: Iterable[Term],
        lower: ArrayLike,
        upper: ArrayLike,
        unit: str,
    ) -> Block:
        block = self._declare(self.rows, "rows", name, dims, positions, unit)
        self._row_bounds.append((block.slice, lower, upper))
        for coefficient, x in terms:
            columns, rows, _ = x if isinstance(x, Placed) else x.by(np.arange(block.size))
            if len(columns):
                self._entries.append((block.start, rows, columns, _fitting(coefficient, len(columns))))
        return block

    def build(self) -> LinearProgram:
        """The finished program; zero coefficients are left out, equal places added up."""
        shape = (self._sizes["rows"], self._sizes["columns"])
        cost = np.zeros(shape[1])
        for where, values in self._cost:
            if isinstance(where, slice):
                cost[where] += values
            else:
                np.add.at(cost, where, values)
        lower, upper = _bounds(self._column_bounds, shape[1])
        row_lower, row_upper = _bounds(self._row_bounds, shape[0])
        return LinearProgram(
            self.coords,
            self.columns,
            self.rows,
            cost,
            self.cost_offset,
            lower,
            upper,
            row_lower,
            row_upper,
            _matrix(self._entries, shape),
            Definitions(*_joined(self._definitions)),
        )


def with_bounds(program: LinearProgram, columns: Ints, *, lower: ArrayLike, upper: ArrayLike) -> LinearProgram:
    """The same program with other bounds on some columns."""
    col_lower, col_upper = program.col_lower.copy(), program.col_upper.copy()
    col_lower[columns], col_upper[columns] = lower, upper
    return replace(program, col_lower=col_lower, col_upper=col_upper)


def with_cost(program: LinearProgram, cost: Floats) -> LinearProgram:
    """The same program with another objective."""
    return replace(program, cost=cost, cost_offset=0.0)


def with_rows(program: LinearProgram, block: Block, entries: Rows, lower: Floats, upper: Floats) -> LinearProgram:
    """The program with one more block of rows; ``block.start`` must be its present number of rows."""
    return replace(
        program,
        rows={**program.rows, block.name: block},
        matrix=program.matrix.above(entries),
        row_lower=np.concatenate([program.row_lower, lower]),
        row_upper=np.concatenate([program.row_upper, upper]),
    )


def with_columns(program: LinearProgram, block: Block, *, cost: Floats) -> LinearProgram:
    """The program with one more block of columns >= 0; ``block.start`` must be its present number of columns."""
    return replace(
        program,
        columns={**program.columns, block.name: block},
        cost=np.concatenate([program.cost, cost]),
        col_lower=np.concatenate([program.col_lower, np.zeros(block.size)]),
        col_upper=np.concatenate([program.col_upper, np.full(block.size, INF)]),
        matrix=program.matrix.widened(block.size),
    )


def with_copies(program: LinearProgram, block: Block, columns: Ints, *, upper: Floats) -> LinearProgram:
    """The program with a copy of some columns: >= 0, at the same cost, in the same rows with the same coefficients."""
    wider = with_columns(program, block, cost=program.cost[columns])
    copy = np.full(len(program.cost), -1)
    copy[columns] = block.columns
    matrix, col_upper = wider.matrix.with_copied(copy), wider.col_upper.copy()
    col_upper[block.slice] = upper
    return replace(wider, matrix=matrix, col_upper=col_upper)


def _fitting(coefficient: Coefficient, count: int) -> Coefficient:
    """The coefficient of so many columns; ValueError for any other count."""
    if isinstance(coefficient, np.ndarray) and len(coefficient) != count:
        raise ValueError(f"{len(coefficient)} coefficients for {count} columns")
    return coefficient


def _bounds(told: list[_Bounds], size: int) -> tuple[Floats, Floats]:
    lower, upper = np.empty(size), np.empty(size)
    for mine, low, high in told:
        lower[mine], upper[mine] = low, high
    return lower, upper


def _joined(pairs: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    if not pairs:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])


def _matrix(entries: list[_Entries], shape: tuple[int, int]) -> Rows:
    if not entries:
        return Rows.from_places(np.zeros(0), NOWHERE, shape)
    sizes = [len(columns) for _, _, columns, _ in entries]
    place = np.concatenate([rows for _, rows, _, _ in entries], dtype=np.int64)
    place += np.array([first for first, _, _, _ in entries]).repeat(sizes)
    place *= shape[1]
    place += np.concatenate([columns for _, _, columns, _ in entries])
    values, end = np.empty(len(place)), 0
    for size, (_, _, _, coefficient) in zip(sizes, entries, strict=True):
        values[end : (end := end + size)] = coefficient
    return Rows.from_places(values, place, shape)
