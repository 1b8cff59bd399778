"""Duals of a program by the names of its blocks of rows; labels are made only for the blocks that somebody reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import DualBlock
from optimizer.formulation.nodes import distinct
from optimizer.program import Block, Floats, Ints, Labels, LinearProgram


@dataclass(frozen=True, slots=True)
class Duals(Mapping[str, DualBlock]):
    """Every block of rows that has a dual, in the order of the program.

    Labels took a sixth of the time of a plan of 10 connectors, and most plans are never asked for them.
    """

    coords: Mapping[str, Labels]
    blocks: Mapping[str, Block]
    row_duals: Floats

    @staticmethod
    def of(program: LinearProgram, row_duals: Floats) -> "Duals":
        return Duals(program.coords, {b.name: b for b in program.rows.values() if b.size}, row_duals)

    def __getitem__(self, name: str) -> DualBlock:
        block = self.blocks[name]
        pairs = zip(block.dims, block.positions, strict=True)
        labels = tuple(_labels(self.coords[dim], positions) for dim, positions in pairs)
        return DualBlock(unit=block.unit, dims=block.dims, labels=labels, values=self.row_duals[block.slice])

    def __iter__(self) -> Iterator[str]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)


def dual_values(duals: Mapping[str, DualBlock], name: str) -> Floats | None:
    """Of one block, in the order of its rows, without its labels: texts of times took a tenth of an explanation."""
    if isinstance(duals, Duals):
        return duals.row_duals[duals.blocks[name].slice] if name in duals.blocks else None
    found = duals.get(name)
    return None if found is None else found.values


def _labels(names: Labels, positions: Ints) -> NDArray[np.object_]:
    """Each name is made once, however often it is told."""
    few = len(names) <= len(positions)
    present, which = distinct(positions, len(names)) if few else np.unique(positions, return_inverse=True)
    return np.array([names[int(i)] for i in present], dtype=object)[which]
