"""The coefficients of a linear program: rows of a matrix, zeros left out, one after the other in three arrays.

What a program needs of a sparse matrix and no more (docs/decisions/0008): built once from triplets, put below one
another, read row by row. Indices are of the 32 bits that solvers take, so nothing is copied on the way to them.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Index = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Row i has ``data[indptr[i]:indptr[i + 1]]`` in columns ``indices[indptr[i]:indptr[i + 1]]``, which ascend."""

    indptr: Index
    """Where each row begins, and where the last one ends (rows + 1,)."""
    indices: Index
    """Column of each coefficient (nnz,)."""
    data: Floats
    """The coefficients (nnz,)."""
    shape: tuple[int, int]
    """Rows, columns."""

    @classmethod
    def from_triplets(cls, values: ArrayLike, places: tuple[ArrayLike, ArrayLike], shape: tuple[int, int]) -> Self:
        """Values at ``places`` = (rows, columns); equal places are added up, then zeros left out."""
        row, column = (np.asarray(part, dtype=np.int64) for part in places)
        return cls.from_places(np.asarray(values, dtype=float), row * shape[1] + column, shape)

    @classmethod
    def from_places(cls, values: Floats, place: NDArray[np.int64], shape: tuple[int, int]) -> Self:
        """The same with each place as one number: row · columns + column."""
        order = place.argsort(kind="stable")
        place, data = place[order], values[order]
        repeated = place[1:] == place[:-1]
        if repeated.any():
            first = np.append(0, (~repeated).nonzero()[0] + 1)
            place, data = place[first], np.add.reduceat(data, first)
        if not data.all():
            kept = data.nonzero()[0]
            place, data = place[kept], data[kept]
        width = max(1, shape[1])
        row = place // width
        column = place - row * width
        return cls(_starts(row, shape[0]), column.astype(np.int32), data, shape)

    @property
    def nnz(self) -> int:
        return len(self.data)

    @property
    def row_of(self) -> Index:
        """Row of each coefficient (nnz,)."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))

    def row(self, i: int) -> tuple[Index, Floats]:
        """Columns and coefficients of row ``i``."""
        span = slice(self.indptr[i], self.indptr[i + 1])
        return self.indices[span], self.data[span]

    def above(self, other: "Rows") -> "Rows":
        """These rows and then the other ones, which must have as many columns."""
        if self.shape[1] != other.shape[1]:
            raise ValueError(f"rows of {other.shape[1]} columns below rows of {self.shape[1]}")
        return Rows(
            np.concatenate([self.indptr, self.indptr[-1] + other.indptr[1:]]),
            np.concatenate([self.indices, other.indices]),
            np.concatenate([self.data, other.data]),
            (self.shape[0] + other.shape[0], self.shape[1]),
        )

    def below(self, first: int) -> "Rows":
        """The rows from ``first`` on."""
        start = self.indptr[first]
        shape = (self.shape[0] - first, self.shape[1])
        return Rows(self.indptr[first:] - start, self.indices[start:], self.data[start:], shape)

    def widened(self, columns: int) -> "Rows":
        """The same coefficients with so many empty columns more on the right."""
        return Rows(self.indptr, self.indices, self.data, (self.shape[0], self.shape[1] + columns))

    def with_copied(self, copy: NDArray[np.int64]) -> "Rows":
        """With every coefficient of column j once more in column ``copy[j]``, where that is not -1.

        Copies must ascend with their columns and stand to the right of all that have coefficients.
        """
        twice = copy[self.indices] >= 0
        row = np.concatenate([self.row_of, self.row_of[twice]])
        order = np.argsort(row, kind="stable")
        indices = np.concatenate([self.indices, copy[self.indices[twice]].astype(np.int32)])[order]
        data = np.concatenate([self.data, self.data[twice]])[order]
        return Rows(_starts(row, self.shape[0]), indices, data, self.shape)

    def __matmul__(self, values: Floats) -> Floats:
        """Σ coefficient · value of each row (rows,)."""
        sums = np.zeros(self.shape[0])
        np.add.at(sums, self.row_of, self.data * values[self.indices])
        return sums


def _starts(row: NDArray[np.integer[Any]], count: int) -> Index:
    starts = np.zeros(count + 1, dtype=np.int32)
    starts[1:] = np.bincount(row, minlength=count).cumsum()
    return starts
