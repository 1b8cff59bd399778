"""Pyomo, and the only import of it: the same program for analysts who read it, add to it, or solve it elsewhere.

>>> model = to_pyomo(formulate(scenario).program)
>>> model.my_rule = pyo.Constraint(expr=model.charge_power["van-7", "2026-03-02T17:00:00Z"] <= 5)
>>> solve_pyomo(model)
"""

from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.appsi.solvers import Highs
from pyomo.core.expr.numeric_expr import LinearExpression

from models.domain.errors import SolverFault
from optimizer.program import Block, LinearProgram

Label = str | tuple[str, ...] | None


def to_pyomo(program: LinearProgram) -> pyo.ConcreteModel:
    """A ConcreteModel with one Var per block of columns, one Constraint per block of rows, and the objective ``cost``.

    Components are indexed by labels: a tuple, or the label itself where a block has one dim. Every bound and
    coefficient comes from the program, so there is no second formulation that could differ.
    """
    model = pyo.ConcreteModel()
    columns: list[Any] = []
    for block in program.columns.values():
        columns += _add_variables(model, program, block)
    for block in program.rows.values():
        _add_constraints(model, program, block, columns)
    nonzero = np.flatnonzero(program.cost)
    expression = _linear(program.cost[nonzero], nonzero, columns, program.cost_offset)
    model.cost = pyo.Objective(expr=expression, sense=pyo.minimize)
    return model


def solve_pyomo(model: pyo.ConcreteModel) -> float:
    """Solve with HiGHS through Pyomo's own interface; the optimum. Raises SolverFault if there is none."""
    solver = Highs()
    # HiGHS shares one scheduler of threads per process and refuses a second count.
    solver.highs_options = {"threads": 1}
    solver.config.load_solution = False
    results = solver.solve(model)
    if results.termination_condition.name != "optimal":
        raise SolverFault(f"the Pyomo model ended as {results.termination_condition.name}")
    results.solution_loader.load_vars()
    return float(pyo.value(model.cost))


def labels_of(program: LinearProgram, block: Block) -> list[Label]:
    """Index of each element of a block in the Pyomo model; None where a block has no dims."""
    found = [program.labels(block, k) for k in range(block.size)]
    return [label[0] if len(label) == 1 else label or None for label in found]


def _add_variables(model: pyo.ConcreteModel, program: LinearProgram, block: Block) -> list[Any]:
    labels = labels_of(program, block)
    variables = pyo.Var(labels) if block.dims else pyo.Var()
    model.add_component(block.name, variables)
    made = []
    for j, label in enumerate(labels, start=block.start):
        variable = variables[label]
        variable.setlb(_bound(program.col_lower[j]))
        variable.setub(_bound(program.col_upper[j]))
        made.append(variable)
    return made


def _add_constraints(model: pyo.ConcreteModel, program: LinearProgram, block: Block, columns: list[Any]) -> None:
    labels = labels_of(program, block)
    constraint = pyo.Constraint(labels) if block.dims else pyo.Constraint([None])
    model.add_component(block.name, constraint)
    for i, label in enumerate(labels, start=block.start):
        positions, coefficients = program.matrix.row(i)
        body = _linear(coefficients, positions, columns)
        constraint.add(label, (_bound(program.row_lower[i]), body, _bound(program.row_upper[i])))


def _linear(coefficients: Any, positions: Any, columns: list[Any], constant: float = 0.0) -> LinearExpression:
    variables = [columns[j] for j in positions]
    return LinearExpression(constant=constant, linear_coefs=coefficients.tolist(), linear_vars=variables)


def _bound(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
