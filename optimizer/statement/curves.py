"""Powers that are constant in their periods, taken over other stretches of time than their own."""

import numpy as np

from models.domain.schedule import Floats
from models.domain.units import SECONDS_PER_HOUR


def means(power_kw: Floats, instants_s: Floats, starts_s: Floats, ends_s: Floats) -> Floats:
    """Mean over each stretch of a power that is constant in its periods and 0 outside them. [kW]"""
    energy = np.concatenate(([0.0], np.cumsum(power_kw * np.diff(instants_s))))
    drawn = np.interp(ends_s, instants_s, energy) - np.interp(starts_s, instants_s, energy)
    mean_kw: Floats = drawn / (ends_s - starts_s)
    return mean_kw


def energy_between_kwh(power_kw: Floats, instants_s: Floats, start_s: float, end_s: float) -> float:
    """Of the same, between two instants; 0 where the second is not after the first. [kWh]"""
    begins, ends = np.maximum(instants_s[:-1], start_s), np.minimum(instants_s[1:], end_s)
    return float(power_kw @ np.maximum(0.0, ends - begins)) / SECONDS_PER_HOUR
