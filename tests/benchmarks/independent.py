"""Benchmark B4: the random site of B3 once more, straight from its draws, by other hands.

Nothing of the optimizer is imported. The equations are written from the published generator: one column for every
session and period plugged in, one for what a session lacks, one for the peak; scipy hands it to its own HiGHS.
"""

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from tests.benchmarks.scenarios import PEAK_PRICE_PER_KW, VALUE_PER_KWH

Draws = dict[str, np.ndarray]


def least_cost(draws: Draws) -> float:
    """Optimum of energy, peak and missed energy over the day. [currency]

    Raises RuntimeError when scipy finds no optimum.
    """
    who, when, hours = _cells(draws)
    count, periods, cells = len(draws["need"]), len(draws["price"]), len(who)
    power, lacks, peak = np.arange(cells), cells + np.arange(count), cells + count
    cost = np.zeros(cells + count + 1)
    cost[power] = hours * draws["price"][when]
    cost[lacks], cost[peak] = VALUE_PER_KWH, PEAK_PRICE_PER_KW

    def summed(rows: np.ndarray, size: int) -> sparse.csr_array:
        return sparse.coo_array((np.ones(cells), (rows, power)), shape=(size, len(cost))).tocsr()

    total, by_group = summed(when, periods), summed(draws["group"][who] * periods + when, 8 * periods)
    below_peak = total - sparse.coo_array(
        (np.ones(periods), (np.arange(periods), np.full(periods, peak))), shape=total.shape
    )
    energy = hours * summed(who, count) + sparse.coo_array(
        (np.ones(count), (np.arange(count), lacks)), shape=(count, len(cost))
    )
    solved = linprog(
        cost,
        A_ub=sparse.vstack([total, by_group, below_peak]),
        b_ub=np.concatenate(
            [draws["limit"][0] - draws["base"], np.repeat(draws["group_limit"], periods), -draws["base"]]
        ),
        A_eq=energy,
        b_eq=draws["need"],
        bounds=np.column_stack([np.zeros(len(cost)), np.concatenate([draws["power"][who], draws["need"], [np.inf]])]),
        method="highs",
    )
    if solved.status != 0:
        raise RuntimeError(f"the independent formulation has no optimum: {solved.message}")
    return float(solved.fun + hours * draws["price"] @ draws["base"])


def _cells(draws: Draws) -> tuple[np.ndarray, np.ndarray, float]:
    """Sessions and periods of every pair in which a car is plugged in, and the length of a period. [h]"""
    stay = draws["departure"] - draws["arrival"]
    who = np.repeat(np.arange(len(stay)), stay)
    when = np.concatenate([np.arange(a, d) for a, d in zip(draws["arrival"], draws["departure"], strict=True)])
    return who, when, 24 / len(draws["price"])
