"""Two programs side by side, by name: everything in which they differ."""

from dataclasses import dataclass
from math import isclose

from tests.oracle.tables import Column, Name, Row, Tables

RELATIVE = 1e-9
ABSOLUTE = 1e-9
"""Of a bound, which is often a difference of larger numbers; a coefficient is compared with the relative one alone."""


@dataclass(frozen=True)
class Difference:
    """One thing that the program has otherwise than the paper."""

    what: str
    """``missing_column``, ``extra_row``, ``cost``, ``coefficient`` ..."""
    name: Name
    paper: float | None = None
    program: float | None = None
    column: Name = ()

    def __str__(self) -> str:
        place = f"{self.name[0]}[{', '.join(self.name[1:])}]"
        beside = f" of {self.column[0]}[{', '.join(self.column[1:])}]" if self.column else ""
        values = "" if self.paper is None and self.program is None else f": paper {self.paper}, program {self.program}"
        return f"{self.what}{beside} in {place}{values}"


def differences(paper: Tables, program: Tables) -> list[Difference]:
    """Every difference in columns, bounds, prices, rows, sides and coefficients; empty when both say the same."""
    found = presence("column", paper.columns, program.columns) + presence("row", paper.rows, program.rows)
    for name in paper.columns.keys() & program.columns.keys():
        found += of_columns(name, paper.columns[name], program.columns[name])
    for name in paper.rows.keys() & program.rows.keys():
        found += of_rows(name, paper.rows[name], program.rows[name])
    return sorted(found, key=lambda d: (d.what, d.name, d.column))


def presence(kind: str, paper: dict[Name, Column] | dict[Name, Row], program: object) -> list[Difference]:
    theirs = set(program) if isinstance(program, dict) else set()
    missing = [Difference(f"missing_{kind}", name) for name in paper.keys() - theirs]
    return missing + [Difference(f"extra_{kind}", name) for name in theirs - paper.keys()]


def of_columns(name: Name, paper: Column, program: Column) -> list[Difference]:
    pairs = [
        ("lower_bound", paper.lower, program.lower, ABSOLUTE),
        ("upper_bound", paper.upper, program.upper, ABSOLUTE),
        ("cost", paper.cost, program.cost, 0.0),
    ]
    return [Difference(what, name, a, b) for what, a, b, tolerance in pairs if not same(a, b, tolerance)]


def of_rows(name: Name, paper: Row, program: Row) -> list[Difference]:
    sides = [("lower_side", paper.lower, program.lower), ("upper_side", paper.upper, program.upper)]
    found = [Difference(what, name, a, b) for what, a, b in sides if not same(a, b, ABSOLUTE)]
    for column in paper.coefficients.keys() | program.coefficients.keys():
        a, b = paper.coefficients.get(column, 0.0), program.coefficients.get(column, 0.0)
        if not same(a, b, 0.0):
            found.append(Difference("coefficient", name, a, b, column))
    return found


def same(a: float, b: float, absolute: float) -> bool:
    return isclose(a, b, rel_tol=RELATIVE, abs_tol=absolute)
