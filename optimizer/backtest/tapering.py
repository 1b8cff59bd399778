"""What a car will take as its battery fills, learnt from what it took of its offers.

Towards full the power of a battery falls on a straight line over the energy inside it: two readings of a car that takes
less than it is offered show where that line reaches zero. Before a car has shown its own line, those of cars that have
left are a guess of it, by how long the fall takes beside the energy that was asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1
from statistics import median

LEAST_KWH = 0.05
"""Readings that lie closer together tell no slope. [kWh]"""


MORE = 1.25
"""What a car is tried with, beside what those before it took."""
ALIKE = 9
"""So many cars that wanted about as much tell what to expect of one."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a car took while it was offered more."""

    inside_kwh: float
    """Since its arrival, in the middle of what was taken. [kWh]"""
    power_kw: float


@dataclass(frozen=True, slots=True)
class Line:
    """Power over energy since arrival, towards full."""

    full_kwh: float
    """Where it reaches zero, since arrival. [kWh]"""
    slope_per_h: float
    """By which power falls for each kWh. [1/h]"""

    def at_ends_of(self, period_h: float) -> "Line":
        """The steeper line that, followed by what is inside at the end of each period, brings as much as this one does
        at every instant: what is missing shrinks by exp(slope period) either way."""
        return Line(self.full_kwh, expm1(self.slope_per_h * period_h) / period_h)

    def power_kw(self, inside_kwh: float) -> float:
        """What it allows with so much inside."""
        return self.slope_per_h * max(0.0, self.full_kwh - inside_kwh)

    def begins_kwh(self, power_kw: float) -> float:
        """Up to where a power is still taken. [kWh]"""
        return max(0.0, self.full_kwh - power_kw / self.slope_per_h)


@dataclass(frozen=True, slots=True)
class Shown:
    """The first and the last reading of one car in its fall."""

    first: Taken
    last: Taken

    def and_then(self, taken: Taken) -> "Shown":
        """With one more."""
        return Shown(self.first, taken)

    def line(self, wanted_kwh: float) -> Line:
        """Through its two readings where they lie apart; else through the last one, to what was asked for."""
        fell_kw, came_kwh = self.first.power_kw - self.last.power_kw, self.last.inside_kwh - self.first.inside_kwh
        if came_kwh >= LEAST_KWH and fell_kw > 0.0:
            slope_per_h = fell_kw / came_kwh
        else:
            slope_per_h = slope_at_least(self.last.power_kw, self.last.inside_kwh, wanted_kwh)
        return Line(max(wanted_kwh, self.last.inside_kwh + self.last.power_kw / slope_per_h), slope_per_h)


@dataclass(frozen=True, slots=True)
class Fell:
    """How a car that has left filled up."""

    wanted_kwh: float
    slope_per_h: float
    """Of its fall; where it was never seen to fall, what it took all the same asks of one. [1/h]"""


def slope_at_least(power_kw: float, inside_kwh: float, wanted_kwh: float) -> float:
    """Of a line to what is wanted, on which a car takes so much with so much inside. [1/h]"""
    return power_kw / max(wanted_kwh - inside_kwh, LEAST_KWH)


def expected(past: Sequence[Fell], wanted_kwh: float, least_slope_per_h: float) -> Line | None:
    """The line of a car that has not shown one, as of cars that wanted about as much; None where none was here.

    It is tried with more than that, so that a line that is too low does not prove itself.
    """
    if not past:
        return None
    alike = sorted(past, key=lambda one: abs(one.wanted_kwh - wanted_kwh))[:ALIKE]
    slope = max(median(one.slope_per_h for one in alike), least_slope_per_h)
    return Line(wanted_kwh, MORE * slope)
