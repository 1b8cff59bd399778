"""Powers over time in other periods than their own."""

import numpy as np

from models.domain.schedule import Floats, Schedule
from models.domain.units import seconds_from_minutes
from optimizer.statement.curves import means

__all__ = ["import_peak_kw", "means", "peak_kw", "quarter_hours"]
PEAK_INTERVAL_S = seconds_from_minutes(15.0)
"""Over which a peak is told: the metering interval of most contracts, so that plans with other periods compare."""


def peak_kw(power_kw: Floats, instants_s: Floats) -> float:
    """Highest mean over any quarter hour of the clock that the periods touch. [kW]"""
    edges_s = quarter_hours(instants_s)
    return float(means(power_kw, instants_s, edges_s[:-1], edges_s[1:]).max(initial=0.0))


def quarter_hours(instants_s: Floats) -> Floats:
    """Quarter hours of the clock that cover all periods. [s]"""
    first, last = instants_s[0] // PEAK_INTERVAL_S, -(-instants_s[-1] // PEAK_INTERVAL_S)
    edges_s: Floats = PEAK_INTERVAL_S * np.arange(first, last + 1)
    return edges_s


def import_peak_kw(schedule: Schedule) -> float:
    """The same of what a plan imports. [kW]"""
    return peak_kw(schedule.grid_import_kw, schedule.instants_s)
