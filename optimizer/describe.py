"""A linear program as sentences: one row a line, terms and bounds by name. What golden tests compare."""

from collections.abc import Iterator

import numpy as np

from optimizer.program import Block, LinearProgram


def describe(program: LinearProgram, block: str, *, limit: int | None = None) -> str:
    """The rows of a row block, or the bounds and costs of a column block, as text; KeyError for an unknown name."""
    if block in program.rows:
        lines = row_sentences(program, program.rows[block])
    else:
        lines = column_sentences(program, program.columns[block])
    return "\n".join(line for k, line in enumerate(lines) if limit is None or k < limit)


def row_sentences(program: LinearProgram, block: Block) -> Iterator[str]:
    """``node_import_limit[grid, 17:00]: +1 charge_power[a, 17:00] <= 10``"""
    for k in range(block.size):
        i = block.start + k
        pairs = zip(*program.matrix.row(i), strict=True)
        body = " ".join(f"{value:+.10g} {_name(*program.column_label(int(j)))}" for j, value in pairs)
        yield f"{_name(*program.row_label(i))}: {_between(body, program.row_lower[i], program.row_upper[i])}"


def column_sentences(program: LinearProgram, block: Block) -> Iterator[str]:
    """``charge_power[a, 17:00]: 0 <= . <= 11, costs +0.05``"""
    for k in range(block.size):
        j = block.start + k
        bounds = _between(".", program.col_lower[j], program.col_upper[j])
        yield f"{_name(*program.column_label(j))}: {bounds}, costs {program.cost[j]:+.10g}"


def _between(body: str, lower: float, upper: float) -> str:
    if lower == upper:
        return f"{body} = {lower:.10g}"
    low = f"{lower:.10g} <= " if np.isfinite(lower) else ""
    high = f" <= {upper:.10g}" if np.isfinite(upper) else ""
    return f"{low}{body}{high}"


def _name(block: str, labels: tuple[str, ...]) -> str:
    return f"{block}[{', '.join(labels)}]" if labels else block
