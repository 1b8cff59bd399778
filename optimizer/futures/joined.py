"""Several programs as one: rows of each hold, money is the weighted sum, and shared columns are one column.

Every block carries the dim ``scenario`` before its own, but for the shared columns, which are blocks of their own,
``common_`` before the name. Labels stay labels: what is called the same in two programs is the same coordinate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.program import Block, Definitions, Floats, Ints, Labels, LinearProgram
from optimizer.sparse import Rows

SCENARIO = "scenario"


@dataclass(frozen=True, slots=True)
class Joined:
    """The program, and where each column of each of its parts went."""

    program: LinearProgram
    columns: tuple[Ints, ...]

    def part(self, k: int, values: Floats) -> Floats:
        """Values of the columns of part k, in its own order."""
        return np.asarray(values[self.columns[k]])


def joined(
    names: Sequence[str], weights: Sequence[float], parts: Sequence[LinearProgram], shared: Sequence[dict[str, Ints]]
) -> Joined:
    """``shared``: for each part, by block, the positions inside the block that are common; as many in every part."""
    coords, codes = _coords(names, parts)
    columns, where = _columns(parts, shared, codes)
    rows, at = _rows(parts, codes)
    shape = (sum(block.size for block in rows.values()), sum(block.size for block in columns.values()))
    cost, lower, upper = np.zeros(shape[1]), np.full(shape[1], -np.inf), np.full(shape[1], np.inf)
    row_lower, row_upper = np.zeros(shape[0]), np.zeros(shape[0])
    for weight, part, to, row in zip(weights, parts, where, at, strict=True):
        cost[to] += weight * part.cost
        lower[to], upper[to] = np.maximum(lower[to], part.col_lower), np.minimum(upper[to], part.col_upper)
        row_lower[row], row_upper[row] = part.row_lower, part.row_upper
    offset = sum(weight * part.cost_offset for weight, part in zip(weights, parts, strict=True))
    matrix = _matrix(parts, where, at, shape)
    bounds, ties = (lower, upper, row_lower, row_upper), _definitions(parts, where, at)
    program = LinearProgram(coords, columns, rows, cost, offset, *bounds, matrix, ties)
    return Joined(program, tuple(where))


def _definitions(parts: Sequence[LinearProgram], where: list[Ints], at: list[Ints]) -> Definitions:
    columns = [to[part.definitions.columns] for part, to in zip(parts, where, strict=True)]
    rows = [to[part.definitions.rows] for part, to in zip(parts, at, strict=True)]
    return Definitions(np.concatenate(columns), np.concatenate(rows))


def _matrix(parts: Sequence[LinearProgram], where: list[Ints], at: list[Ints], shape: tuple[int, int]) -> Rows:
    values = np.concatenate([part.matrix.data for part in parts])
    row = np.concatenate([to[part.matrix.row_of] for part, to in zip(parts, at, strict=True)])
    column = np.concatenate([to[part.matrix.indices] for part, to in zip(parts, where, strict=True)])
    return Rows.from_triplets(values, (row, column), shape)


def _coords(
    names: Sequence[str], parts: Sequence[LinearProgram]
) -> tuple[dict[str, Labels], list[dict[str, Ints | None]]]:
    """Labels of all parts, and for each part by dim the new position of each of its labels; None: as it was."""
    coords: dict[str, Labels] = {SCENARIO: tuple(names)}
    codes: list[dict[str, Ints | None]] = [{} for _ in parts]
    for dim in dict.fromkeys(dim for part in parts for dim in part.coords):
        labels = [part.coords[dim] for part in parts if dim in part.coords]
        if any(hasattr(one, "numbers") for one in labels):
            coords[dim] = labels[0]  # times and angles, the same everywhere
            continue
        number: dict[str, int] = {}
        for part, code in zip(parts, codes, strict=True):
            mine = part.coords.get(dim, ())
            code[dim] = np.array([number.setdefault(mine[i], len(number)) for i in range(len(mine))], dtype=np.int64)
        coords[dim] = tuple(number)
    return coords, codes


def _columns(
    parts: Sequence[LinearProgram], shared: Sequence[dict[str, Ints]], codes: list[dict[str, Ints | None]]
) -> tuple[dict[str, Block], list[Ints]]:
    """Shared columns first; and where each column of each part goes."""
    where = [np.zeros(len(part.cost), dtype=np.int64) for part in parts]
    blocks: dict[str, Block] = {}
    start = 0
    for name, places in shared[0].items():
        first = parts[0].columns[name]
        positions = _coded(first, places, codes[0])
        blocks[f"common_{name}"] = Block(f"common_{name}", first.dims, first.unit, start, len(places), positions)
        for to, part, common in zip(where, parts, shared, strict=True):
            to[part.columns[name].start + common[name]] = start + np.arange(len(places))
        start += len(places)
    own = [_without(part.columns, common) for part, common in zip(parts, shared, strict=True)]
    _lay(blocks, [part.columns for part in parts], own, codes, where, start)
    return blocks, where


def _rows(parts: Sequence[LinearProgram], codes: list[dict[str, Ints | None]]) -> tuple[dict[str, Block], list[Ints]]:
    at = [np.zeros(part.matrix.shape[0], dtype=np.int64) for part in parts]
    blocks: dict[str, Block] = {}
    _lay(blocks, [part.rows for part in parts], [_without(part.rows, {}) for part in parts], codes, at, 0)
    return blocks, at


def _without(blocks: dict[str, Block], shared: dict[str, Ints]) -> dict[str, Ints]:
    """Positions inside each block that are not shared."""
    none = np.zeros(0, dtype=np.int64)
    return {name: np.setdiff1d(np.arange(block.size), shared.get(name, none)) for name, block in blocks.items()}


def _lay(
    blocks: dict[str, Block],
    parts: Sequence[dict[str, Block]],
    own: Sequence[dict[str, Ints]],
    codes: list[dict[str, Ints | None]],
    where: list[Ints],
    start: int,
) -> None:
    """Lay block after block, in each the parts one after the other."""
    for name in dict.fromkeys(name for part in parts for name in part):
        kept = [(k, part[name], own[k][name]) for k, part in enumerate(parts) if name in part]
        size = sum(len(places) for _, _, places in kept)
        first = kept[0][1]
        scenario = np.concatenate([np.full(len(places), k) for k, _, places in kept])
        labels = zip(*(_coded(block, places, codes[k]) for k, block, places in kept), strict=True)
        positions = (scenario, *(np.concatenate(part) for part in labels))
        blocks[name] = Block(name, (SCENARIO, *first.dims), first.unit, start, size, positions)
        for k, block, places in kept:
            where[k][block.start + places] = start + np.arange(len(places))
            start += len(places)


def _coded(block: Block, places: Ints, codes: dict[str, Ints | None]) -> tuple[Ints, ...]:
    found = []
    for dim, positions in zip(block.dims, block.positions, strict=True):
        code = codes.get(dim)
        found.append(positions[places] if code is None else code[positions[places]])
    return tuple(found)
