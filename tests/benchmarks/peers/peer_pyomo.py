"""The random site of B3 in Pyomo by hand, through its persistent interface to HiGHS; runs where Pyomo is.

As its documentation has it: variables over the sparse set of sessions and periods, sums by ``quicksum``, APPSI's Highs.
A model and a solver are made anew for every run, as for a site whose sessions are others every time.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import pyomo.environ as pyo
from answering import Draws, answer, cells, hours, insist_on_optimum
from pyomo.contrib.appsi.solvers import Highs

Cell = tuple[int, int]
"""A session, and a period in which it is plugged in."""


def solve(draws: Draws) -> float:
    model = described(draws)
    insist_on_optimum(Highs().solve(model).termination_condition.name)
    return pyo.value(model.cost)


def described(draws: Draws) -> pyo.ConcreteModel:
    """Pyomo wants numbers of Python: those of numpy are slow in its expressions."""
    numbers = {name: values.tolist() for name, values in draws.items()}
    plugged = list(zip(*(column.tolist() for column in cells(draws)), strict=True))
    model = pyo.ConcreteModel()
    add_variables(model, numbers, plugged)
    add_limits(model, numbers, plugged)
    add_energy(model, numbers, plugged, hours(draws))
    add_cost(model, numbers, plugged, hours(draws))
    return model


def add_variables(model: pyo.ConcreteModel, numbers: dict[str, Any], plugged: list[Cell]) -> None:
    """Power of every cell [kW], energy that a session lacks [kWh], and the peak of the site [kW]."""
    need, power = numbers["need"], numbers["power"]
    model.power = pyo.Var(plugged, bounds=lambda _, i, t: (0.0, power[i]))
    model.lack = pyo.Var(range(len(need)), bounds=lambda _, i: (0.0, need[i]))
    model.peak = pyo.Var(bounds=(0.0, None))


def add_limits(model: pyo.ConcreteModel, numbers: dict[str, Any], plugged: list[Cell]) -> None:
    """Of the connection and of every feeder, where a car is; the peak is the highest of all periods."""
    base, (limit,), feeder_limit = numbers["base"], numbers["limit"], numbers["group_limit"]
    at, on = grouped(plugged, lambda i, t: t), grouped(plugged, lambda i, t: (numbers["group"][i], t))

    def load(cells: Iterable[Cell]) -> Any:
        return pyo.quicksum(model.power[cell] for cell in cells)

    model.connection = pyo.Constraint(list(at), rule=lambda _, t: load(at[t]) <= limit - base[t])
    model.highest = pyo.Constraint(range(len(base)), rule=lambda _, t: load(at.get(t, ())) + base[t] <= model.peak)
    model.feeder = pyo.Constraint(list(on), rule=lambda _, g, t: load(on[g, t]) <= feeder_limit[g])


def add_energy(model: pyo.ConcreteModel, numbers: dict[str, Any], plugged: list[Cell], period_h: float) -> None:
    """What a session gets and what it lacks make its need. [kWh]"""
    need, stay = numbers["need"], grouped(plugged, lambda i, t: i)

    def met(_: Any, i: int) -> Any:
        return pyo.quicksum(period_h * model.power[cell] for cell in stay[i]) + model.lack[i] == need[i]

    model.energy = pyo.Constraint(range(len(need)), rule=met)


def add_cost(model: pyo.ConcreteModel, numbers: dict[str, Any], plugged: list[Cell], period_h: float) -> None:
    """Energy of cars and of the base load, energy that lacks, and the peak. [currency]"""
    price = numbers["price"]
    energy = pyo.quicksum(period_h * price[t] * model.power[i, t] for i, t in plugged)
    lacking = pyo.quicksum(numbers["value_per_kwh"] * model.lack[i] for i in model.lack)
    base = period_h * sum(p * b for p, b in zip(price, numbers["base"], strict=True))
    model.cost = pyo.Objective(expr=energy + lacking + numbers["peak_price"] * model.peak + base)


def grouped(plugged: list[Cell], key: Callable[[int, int], Hashable]) -> dict[Any, list[Cell]]:
    found = defaultdict(list)
    for cell in plugged:
        found[key(*cell)].append(cell)
    return found


if __name__ == "__main__":
    answer(solve, packages=("pyomo", "highspy"), options="quicksum, APPSI's Highs")
