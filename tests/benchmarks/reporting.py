"""Tables of figures beside goals, as plain text, and the verdict over them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HELD, MISSED, NO_GOAL = "held", "MISSED", ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells, and whether what it promises holds; None where nothing is promised."""

    cells: tuple[str, ...]
    held: bool | None = None

    @property
    def verdict(self) -> str:
        if self.held is None:
            return NO_GOAL
        return HELD if self.held else MISSED


def table(title: str, head: Sequence[str], rows: Iterable[Row]) -> str:
    """A title, a head and aligned columns; the last column is the verdict."""
    lines = [(*head, "verdict"), *((*row.cells, row.verdict) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join(["", title, "-" * len(title), *text])


def missed(rows: Iterable[Row]) -> int:
    """How many rows promise something that does not hold."""
    return sum(row.held is False for row in rows)


def milliseconds(seconds: float) -> str:
    """``12.3`` below a second, ``1,234`` from there on."""
    value = 1e3 * seconds
    return f"{value:.1f}" if value < 1e3 else f"{value:,.0f}"
