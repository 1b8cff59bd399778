"""A car at a plug: what it takes of what it is offered."""

from dataclasses import dataclass

VOLTAGE_V = 230.0
LEAST_OFFER_A = 6.0
"""Below it a car must not draw (IEC 61851-1). [A]"""
WH_PER_KWH, S_PER_H = 1000.0, 3600.0


@dataclass(slots=True, kw_only=True)
class Car:
    battery_kwh: float = 60.0
    soc: float = 0.2
    """0 to 1."""
    max_a: float = 16.0
    phases: int = 3
    min_a: float = LEAST_OFFER_A
    """A car may need more than the standard's 6 A. [A]"""
    taper_from: float = 0.9
    """State of charge above which its current falls in a straight line to a tenth."""
    leaves_s: float | None = None

    def draw_a(self, offer_a: float) -> float:
        """Current on each of its phases. [A]"""
        if self.soc >= 1.0 or offer_a < max(LEAST_OFFER_A, self.min_a):
            return 0.0
        return min(offer_a, self._most_a())

    def take(self, current_a: float, seconds: float) -> float:
        """Charge for a while; the energy that came through the plug. [Wh]"""
        energy_wh = current_a * VOLTAGE_V * self.phases * seconds / S_PER_H
        self.soc = min(1.0, self.soc + energy_wh / (self.battery_kwh * WH_PER_KWH))
        return energy_wh

    def _most_a(self) -> float:
        if self.soc <= self.taper_from:
            return self.max_a
        left = (1.0 - self.soc) / (1.0 - self.taper_from)
        return max(self.min_a, self.max_a * max(0.1, left))
