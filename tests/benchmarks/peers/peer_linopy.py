"""The random site of B3 in linopy, handed to HiGHS without a file between; runs where linopy is.

As its documentation has it: labelled arrays, sums by ``groupby``, a sparse model, which needs the semantics v1, and
``io_api="direct"``. One dimension of the cells in which a car is plugged in: sessions by periods with a mask, tried as
well, took a sixth (500 connectors) to a half (10) longer.
"""

import linopy
import numpy as np
import pandas as pd
import xarray as xr
from answering import Draws, answer, cells, hours, insist_on_optimum


def solve(draws: Draws) -> float:
    model = described(draws)
    _, status = model.solve(solver_name="highs", io_api="direct", output_flag=False)
    insist_on_optimum(status)
    return float(model.objective.value + hours(draws) * draws["price"] @ draws["base"])


def described(draws: Draws) -> linopy.Model:
    """Power of every cell [kW], energy that a session lacks [kWh], and the peak of the site [kW]."""
    session, period = cells(draws)
    model = linopy.Model(sparse=True)
    power = model.add_variables(0, labelled("cell", draws["power"][session]), name="power")
    lack = model.add_variables(0, labelled("session", draws["need"]), name="lack")
    peak = model.add_variables(float(draws["base"].max()), name="peak")
    add_limits(model, draws, power, peak)
    energy = (hours(draws) * power).groupby(by_cell("session", session)).sum()
    model.add_constraints(energy + lack == labelled("session", draws["need"]), name="energy")
    prices = labelled("cell", hours(draws) * draws["price"][period])
    lacking = float(draws["value_per_kwh"]) * lack
    model.add_objective((prices * power).sum() + lacking.sum() + float(draws["peak_price"]) * peak)
    return model


def add_limits(model: linopy.Model, draws: Draws, power: linopy.Variable, peak: linopy.Variable) -> None:
    """Of the connection and of every feeder, where a car is; the peak is the highest of these periods and the base."""
    (session, period), periods = cells(draws), len(draws["price"])
    load, base = (1 * power).groupby(by_cell("period", period)).sum(), labelled("period", draws["base"])
    base = base.sel(period=np.unique(period))
    model.add_constraints(load <= float(draws["limit"][0]) - base, name="connection")
    model.add_constraints(load - peak <= -base, name="highest")
    place = draws["group"][session] * periods + period
    limit = labelled("place", np.repeat(draws["group_limit"], periods)).sel(place=np.unique(place))
    model.add_constraints((1 * power).groupby(by_cell("place", place)).sum() <= limit, name="feeder")


def labelled(dimension: str, values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, coords=[pd.RangeIndex(len(values), name=dimension)])


def by_cell(name: str, keys: np.ndarray) -> pd.Series:
    """What ``groupby`` sums the cells by."""
    return pd.Series(keys, index=pd.RangeIndex(len(keys), name="cell"), name=name)


if __name__ == "__main__":
    linopy.options["semantics"] = "v1"
    answer(solve, packages=("linopy", "highspy"), options="sparse=True, io_api='direct'")
