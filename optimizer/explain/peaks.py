"""Where a plan's import is at a peak that is charged for, and what more of it would cost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.duals import dual_values
from optimizer.explain.planned import Floats, Ints, Planned, among

AT_PEAK_KW = 0.05
"""A demand that is closer than this to the peak is at it. [kW]"""


@dataclass(frozen=True, slots=True)
class Peaks:
    """Metering intervals (Q,) of equation (10) in a plan."""

    full: NDArray[np.bool_]
    """(Q,) whether the demand is the peak of a window that costs something."""
    worth: Floats
    """(Q,) of one more kW that is not charged for. [currency/kW]"""
    row: Ints
    """Pairs of an interval and a period that overlap: the interval ..."""
    period: Ints
    """... the period ..."""
    share: Floats
    """... and the part of the interval that the period covers."""
    window: Ints
    """(Q,) position of the demand window."""
    windows: tuple[tuple[int, ...], ...]
    """Positions of the windows at whose peak each period is (T,)."""

    def cost(self, periods: int) -> Floats:
        """Of one more kW of import throughout each period (T,). [currency/kW]"""
        weights = self.share * self.worth[self.row]
        return np.bincount(self.period, weights=weights, minlength=periods).astype(float)

    def worth_of(self, windows: tuple[int, ...], periods: Ints) -> float:
        """Of one more kW in every interval of these windows that the periods meet. [currency]"""
        if not windows:
            return 0.0
        met = np.unique(self.row[among(self.period, periods, len(self.windows))])
        of_these = among(self.window[met], windows, int(self.window.max(initial=0)) + 1)
        return float(self.worth[met[of_these]].sum())


def peaks(told: Planned) -> Peaks:
    """Of a plan; without duals nothing is worth anything."""
    demand, plan = told.instance.money.demand, told.schedule
    mean_kw = demand.metered_kw + np.bincount(
        demand.row, weights=demand.share * plan.grid_import_kw[demand.period], minlength=len(demand.window)
    )
    peak_kw = np.array([peak.peak_kw for peak in plan.peaks], dtype=float)
    charged = np.array([window.cost_per_kw > 0.0 for window in demand.windows], dtype=bool)
    duals = dual_values(plan.duals, "peak_import_definition")
    worth = np.zeros(len(demand.window)) if duals is None else np.maximum(0.0, duals)
    full = ((mean_kw > peak_kw[demand.window] - AT_PEAK_KW) | (worth > 0.0)) & charged[demand.window]
    of: list[set[int]] = [set() for _ in range(told.instance.periods.count)]
    for k in np.flatnonzero(full[demand.row]).tolist():
        of[demand.period[k]].add(int(demand.window[demand.row[k]]))
    windows = tuple(tuple(sorted(found)) for found in of)
    return Peaks(full, worth, demand.row, demand.period, demand.share, demand.window, windows)
