"""Spreadsheets as CSV with formulas in their cells, worked out: the few functions that settlements by hand need."""

import csv
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

_RANGE = re.compile(r"\b([A-Z])(\d+):([A-Z])(\d+)\b")
_CELL = re.compile(r"\b([A-Z])(\d+)\b")


class Sheet:
    """A1 is the upper left cell."""

    def __init__(self, path: Path) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            self.rows = list(csv.reader(file))

    def text(self, cell: str) -> str:
        row = self.rows[int(cell[1:]) - 1]
        column = ord(cell[0]) - ord("A")
        return row[column] if column < len(row) else ""

    def value(self, cell: str) -> float:
        """The number of a cell, or of its formula."""
        told = self.text(cell)
        return self._worked_out(told[1:]) if told.startswith("=") else float(told)

    def row(self, name: str) -> int:
        """The number of the row that begins with a name."""
        return 1 + next(k for k, row in enumerate(self.rows) if row[0] == name)

    def named(self, name: str, columns: str = "B") -> list[float]:
        """Numbers of the row that begins with a name."""
        return [self.value(f"{column}{self.row(name)}") for column in columns]

    def _worked_out(self, formula: str) -> float:
        names = _RANGE.sub(lambda found: f"within('{found[1]}', {found[2]}, '{found[3]}', {found[4]})", formula)
        apart = re.split(r"('[A-Z]')", names)
        told = "".join(part if part.startswith("'") else _CELL.sub(r"cell('\1\2')", part) for part in apart)
        return float(eval(told, {"__builtins__": {}}, _FUNCTIONS | {"cell": self.value, "within": self._within}))

    def _within(self, first: str, top: int, last: str, bottom: int) -> list[float]:
        columns = [chr(code) for code in range(ord(first), ord(last) + 1)]
        return [self.value(f"{column}{row}") for row in range(top, bottom + 1) for column in columns]


def _flat(given: tuple[float | list[float], ...]) -> list[float]:
    return [number for one in given for number in (one if isinstance(one, list) else [one])]


def _rounded(number: float, digits: int) -> float:
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "AVERAGE": lambda *given: sum(_flat(given)) / len(_flat(given)),
    "SUM": lambda *given: sum(_flat(given)),
    "MIN": lambda *given: min(_flat(given)),
    "MAX": lambda *given: max(_flat(given)),
    "LARGE": lambda given, k: sorted(given, reverse=True)[int(k) - 1],
    "ROUND": _rounded,
}
