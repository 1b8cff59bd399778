"""Proof that an answer is the optimum of a linear program, from its values and duals alone. Knows no solver.

Source: Dantzig's optimality conditions in the bounded form, min c'x, L <= Ax <= U, l <= x <= u, with
z = c - A'y: y and z are >= 0 at a lower side, <= 0 at an upper one, 0 between, and the dual bound meets the cost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
FEASIBILITY = 1e-6
"""Solvers keep rows and bounds to this in absolute terms. [unit of the row]"""
DUAL = 1e-6
GAP = 1e-7


@dataclass(frozen=True)
class Certificate:
    """How far an answer is from being proved optimal; all zero in exact arithmetic."""

    primal: float
    """Largest excess over a bound or a side."""
    stationarity: float
    """Largest error of c - A'y = z."""
    dual_sign: float
    """Largest dual that pushes towards a side that is not there."""
    gap: float
    """Cost minus dual bound, over the larger of 1 and the cost."""

    def failures(self) -> list[str]:
        """The conditions that do not hold, in words; empty for an optimum."""
        limits = {"primal": FEASIBILITY, "stationarity": DUAL, "dual_sign": DUAL, "gap": GAP}
        # Written as "not within", so that a NaN fails.
        broken = [name for name, limit in limits.items() if not abs(getattr(self, name)) <= limit]
        return [f"{name} {getattr(self, name):.3g} is above {limits[name]:g}" for name in broken]


def certify(
    matrix: sparse.csr_matrix | sparse.csr_array,
    cost: Floats,
    columns: tuple[Floats, Floats],
    rows: tuple[Floats, Floats],
    answer: tuple[Floats, Floats, Floats],
) -> Certificate:
    """Check ``answer`` = (values x, row duals y, reduced costs z) against bounds given as (lower, upper)."""
    x, y, z = answer
    activity = np.asarray(matrix @ x)
    scale = np.maximum(1.0, np.abs(cost))
    return Certificate(
        primal=max(excess(x, *columns), excess(activity, *rows)),
        stationarity=largest(np.abs(cost - np.asarray(matrix.T @ y) - z) / scale),
        dual_sign=max(homeless(z, *columns), homeless(y, *rows)),
        gap=gap(float(cost @ x), dual_bound(z, *columns) + dual_bound(y, *rows)),
    )


def largest(values: Floats) -> float:
    return float(values.max(initial=0.0))


def excess(values: Floats, lower: Floats, upper: Floats) -> float:
    """How far a value lies outside its bounds, relative where the bound is above 1."""
    below = (lower - values) / np.maximum(1.0, np.abs(np.where(np.isfinite(lower), lower, 1.0)))
    above = (values - upper) / np.maximum(1.0, np.abs(np.where(np.isfinite(upper), upper, 1.0)))
    return max(largest(below), largest(above))


def homeless(duals: Floats, lower: Floats, upper: Floats) -> float:
    """A positive dual needs a lower side, a negative one an upper side."""
    wrong_up = np.where(np.isfinite(lower), 0.0, np.maximum(duals, 0.0))
    wrong_down = np.where(np.isfinite(upper), 0.0, np.maximum(-duals, 0.0))
    return max(largest(wrong_up), largest(wrong_down))


def dual_bound(duals: Floats, lower: Floats, upper: Floats) -> float:
    """What duals prove about the cost: each times the side that it leans on."""
    side = np.where(duals >= 0, lower, upper)
    return float(np.where(np.isfinite(side), duals * np.where(np.isfinite(side), side, 0.0), 0.0).sum())


def gap(primal: float, dual: float) -> float:
    return (primal - dual) / max(1.0, abs(primal))
