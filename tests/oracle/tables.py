"""A linear program as two tables by name, whoever built it: columns with bounds and price, rows with coefficients."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from optimizer.program import LinearProgram
from tests.oracle.paper_model import Tangent

Name = tuple[str, ...]
"""A block's name and the labels of one of its members."""
NEGLIGIBLE = 1e-12
"""Coefficients below this are cosines of a right angle."""


@dataclass(frozen=True)
class Column:
    lower: float
    upper: float
    cost: float


@dataclass(frozen=True)
class Row:
    coefficients: dict[Name, float]
    lower: float
    upper: float


@dataclass(frozen=True)
class Tables:
    columns: dict[Name, Column]
    rows: dict[Name, Row]


def rows_of(model: pyo.ConcreteModel) -> dict[Name, Row]:
    """Every constraint of a Pyomo model by block and labels."""
    return {name_of(row): row_of(row) for row in model.component_data_objects(pyo.Constraint)}


def row_of(constraint: pyo.Constraint) -> Row:
    repn = generate_standard_repn(constraint.body)
    lower = -inf if constraint.lower is None else pyo.value(constraint.lower) - repn.constant
    upper = inf if constraint.upper is None else pyo.value(constraint.upper) - repn.constant
    return Row(coefficients_of(repn), lower, upper)


def coefficients_of(repn: pyo.Expression) -> dict[Name, float]:
    """Linear terms by column; a column that stands in several terms has their sum."""
    found: dict[Name, float] = {}
    for coefficient, column in zip(repn.linear_coefs, repn.linear_vars, strict=True):
        found[name_of(column)] = found.get(name_of(column), 0.0) + float(coefficient)
    return {name: value for name, value in found.items() if abs(value) > NEGLIGIBLE}


def name_of(component: pyo.Var | pyo.Constraint) -> Name:
    index = component.index()
    return (component.parent_component().name, *(index if isinstance(index, tuple) else (index,)))


def tables_of(model: pyo.ConcreteModel) -> Tables:
    """Columns and rows of a paper model."""
    prices = coefficients_of(generate_standard_repn(model.money.expr))
    columns = {
        name_of(v): Column(
            -inf if v.lb is None else float(v.lb), inf if v.ub is None else float(v.ub), prices.get(name_of(v), 0.0)
        )
        for v in model.component_data_objects(pyo.Var)
    }
    return Tables(columns, rows_of(model))


def tables_of_program(program: LinearProgram) -> Tables:
    """Columns and rows of the formulation's program."""
    names = [column_name(program, j) for j in range(len(program.cost))]
    columns = {
        name: Column(float(low), float(up), float(cost))
        for name, low, up, cost in zip(names, program.col_lower, program.col_upper, program.cost, strict=True)
    }
    return Tables(columns, dict(program_rows(program, names)))


def program_rows(program: LinearProgram, columns: list[Name]) -> Iterator[tuple[Name, Row]]:
    for i in range(program.matrix.shape[0]):
        found: dict[Name, float] = {}
        for j, value in zip(*program.matrix.row(i), strict=True):
            found[columns[j]] = found.get(columns[j], 0.0) + float(value)
        kept = {name: value for name, value in found.items() if np.isnan(value) or abs(value) > NEGLIGIBLE}
        yield row_name(program, i), Row(kept, float(program.row_lower[i]), float(program.row_upper[i]))


def column_name(program: LinearProgram, j: int) -> Name:
    block, labels = program.column_label(j)
    return (block, *labels)


def row_name(program: LinearProgram, i: int) -> Name:
    block, labels = program.row_label(i)
    return (block, *labels)


def tangents_of(program: LinearProgram) -> list[Tangent]:
    """Labels of the current rows that the formulation laid."""
    if "node_phase_current" not in program.rows:
        return []
    rows = program.rows["node_phase_current"]
    names = [row_name(program, i) for i in range(rows.start, rows.start + rows.size)]
    return [(node, line, angle, period) for _, node, line, angle, period in names]
