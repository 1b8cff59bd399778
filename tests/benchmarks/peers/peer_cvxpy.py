"""The random site of B3 in cvxpy with HiGHS; runs where cvxpy is.

As its documentation has it: few objects over whole vectors, sums by sparse matrices, bounds as attributes of variables,
its default canonicalization (its others, tried as well, took as long or longer).
"""

import cvxpy as cp
import numpy as np
from answering import Draws, answer, cells, hours, insist_on_optimum
from scipy import sparse


def solve(draws: Draws) -> float:
    problem = described(draws)
    problem.solve(solver=cp.HIGHS)
    insist_on_optimum(problem.status)
    return float(problem.value)


def described(draws: Draws) -> cp.Problem:
    """Power of every cell [kW], energy that a session lacks [kWh], and the peak of the site [kW]."""
    session, period = cells(draws)
    power = cp.Variable(len(session), bounds=[0, draws["power"][session]])
    lack = cp.Variable(len(draws["need"]), bounds=[0, draws["need"]])
    peak = cp.Variable(nonneg=True)
    met = hours(draws) * (summing(session, len(draws["need"])) @ power) + lack == draws["need"]
    prices = hours(draws) * draws["price"]
    energy = prices[period] @ power + prices @ draws["base"]
    cost = energy + float(draws["value_per_kwh"]) * cp.sum(lack) + float(draws["peak_price"]) * peak
    return cp.Problem(cp.Minimize(cost), [met, *limits(draws, power, peak)])


def limits(draws: Draws, power: cp.Variable, peak: cp.Variable) -> list[cp.Constraint]:
    """Of the connection and of every feeder; the peak is the highest of all periods."""
    (session, period), periods = cells(draws), len(draws["price"])
    feeder_limit = np.repeat(draws["group_limit"], periods)
    load = summing(period, periods) @ power + draws["base"]
    on_feeders = summing(draws["group"][session] * periods + period, len(feeder_limit)) @ power
    return [load <= draws["limit"][0], load <= peak, on_feeders <= feeder_limit]


def summing(rows: np.ndarray, size: int) -> sparse.csr_array:
    """The matrix that sums cells by their row."""
    count = len(rows)
    return sparse.csr_array((np.ones(count), (rows, np.arange(count))), shape=(size, count))


if __name__ == "__main__":
    answer(solve, packages=("cvxpy", "highspy"), options="vectors, bounds, HIGHS")
