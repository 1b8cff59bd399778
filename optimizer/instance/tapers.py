"""Charging curves: the power that a battery takes over the energy inside it."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.domain.session import Vehicle

Floats = NDArray[np.float64]
Point = tuple[float, float]

STRAIGHT_KW = 1e-9
"""What a curve may lie below its concave envelope and still be concave. [kW]"""

SLACK_KW = 1e-9
"""Less is the last digits of a number. [kW]"""


@dataclass(frozen=True, slots=True)
class Curve:
    """Straight lines between points of energy in the battery and power at evse, from empty to full."""

    energy_kwh: Floats
    power_kw: Floats

    def lines(self) -> list[Point]:
        """Intercept and slope of the lines whose minimum is the concave envelope. [kW], [1/h]"""
        hull = _upper_hull(list(zip(self.energy_kwh.tolist(), self.power_kw.tolist(), strict=True)))
        slopes = [(p1 - p0) / (e1 - e0) for (e0, p0), (e1, p1) in pairwise(hull)]
        return [(p - slope * e, slope) for (e, p), slope in zip(hull, slopes, strict=False)]

    @property
    def is_concave(self) -> bool:
        """Whether the envelope is the curve itself."""
        envelope = np.min([a + b * self.energy_kwh for a, b in self.lines()], axis=0)
        return bool((envelope <= self.power_kw + STRAIGHT_KW).all())

    def at(self, energy_kwh: float) -> float:
        return float(np.interp(energy_kwh, self.energy_kwh, self.power_kw))

    def followable(self, energy_kwh: float, gain_h: float) -> float:
        """The highest constant power that the curve allows from first to last; each kW of it adds ``gain_h`` kWh. [kW]

        A power p is too high if the curve is below it at some energy that p reaches. So p is at most the greater of
        what the curve allows at x and what it takes to reach x, for every x above: the least of these is the answer.
        """
        if gain_h <= 0.0:
            return self.at(energy_kwh)
        x = np.append(energy_kwh, self.energy_kwh[self.energy_kwh > energy_kwh])
        allowed, reaching = np.interp(x, self.energy_kwh, self.power_kw), (x - energy_kwh) / gain_h
        spare = allowed - reaching
        crossed = np.flatnonzero((spare[:-1] > 0.0) & (spare[1:] <= 0.0))
        share = spare[crossed] / (spare[crossed] - spare[crossed + 1])
        crossings = reaching[crossed] + share * (reaching[crossed + 1] - reaching[crossed])
        return float(min(np.maximum(allowed, reaching).min(), crossings.min(initial=np.inf)))

    def where_at_least(self, power_kw: float, energy_kwh: float) -> tuple[float, float]:
        """The energies around one that the curve allows as much at, without a gap. [kWh]"""
        short = self.power_kw < power_kw - SLACK_KW
        below = np.flatnonzero(short & (self.energy_kwh < energy_kwh))
        above = np.flatnonzero(short & (self.energy_kwh > energy_kwh))
        low = self._crossing(int(below[-1]), power_kw) if len(below) else 0.0
        high = self._crossing(int(above[0]) - 1, power_kw) if len(above) else np.inf
        return min(low, energy_kwh), max(high, energy_kwh)

    def _crossing(self, line: int, power_kw: float) -> float:
        """Where the line after a point has a power that lies between its ends. [kWh]"""
        (e0, e1), (p0, p1) = self.energy_kwh[line : line + 2], self.power_kw[line : line + 2]
        return float(e0 + (e1 - e0) * (power_kw - p0) / (p1 - p0))


def curve_of(vehicle: Vehicle | None) -> Curve | None:
    """The curve of a vehicle; None where it has none."""
    if vehicle is None or not vehicle.taper or vehicle.battery_capacity_kwh is None:
        return None
    soc, power = [p.soc for p in vehicle.taper], [p.power_kw for p in vehicle.taper]
    if soc[0] > 0.0:
        soc, power = [0.0, *soc], [power[0], *power]
    if soc[-1] < 1.0:
        soc, power = [*soc, 1.0], [*power, power[-1]]
    return Curve(np.array(soc) * vehicle.battery_capacity_kwh, np.array(power))


def _upper_hull(points: list[Point]) -> list[Point]:
    hull: list[Point] = []
    for point in points:
        while len(hull) > 1 and not _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_down(a: Point, b: Point, c: Point) -> bool:
    return (b[1] - a[1]) * (c[0] - b[0]) > (c[1] - b[1]) * (b[0] - a[0])
