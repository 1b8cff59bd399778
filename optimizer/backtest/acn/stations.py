"""EVSEs of a site in the amperes of acnportal, which do not change while a course is played."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw, kw_per_ampere, min_current_a
from models.domain.site import Evse, Site
from models.domain.units import watts_from_kw

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stations:
    """In the order of the site. Without rules for setpoints any current from 0 up can be offered."""

    site: Site

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """(N,)"""
        return tuple(evse.id for evse in self.site.evses)

    @cached_property
    def position(self) -> dict[str, int]:
        """By id."""
        return {name: i for i, name in enumerate(self.ids)}

    @cached_property
    def kw_per_a(self) -> Floats:
        """(N,) of all conductors together. [kW/A]"""
        volts = self.site.voltage_v or NOMINAL_VOLTAGE_V
        return np.array([kw_per_ampere(evse, None, volts) for evse in self.site.evses])

    @cached_property
    def voltages(self) -> Floats:
        """(N,) as ``InfrastructureInfo`` has them. [V]"""
        return np.array([watts_from_kw(kw) for kw in self.kw_per_a])

    @cached_property
    def max_pilot(self) -> Floats:
        """(N,) [A]"""
        volts = self.site.voltage_v or NOMINAL_VOLTAGE_V
        return np.array([evse_max_power_kw(evse, None, volts) for evse in self.site.evses]) / self.kw_per_a

    @cached_property
    def allowable_pilots(self) -> tuple[Floats, ...]:
        """(N,) levels with 0 among them, or the two ends of a range that is offered besides 0. [A]"""
        return tuple(map(self._pilots, self.site.evses, self.max_pilot.tolist()))

    @cached_property
    def is_continuous(self) -> NDArray[np.bool_]:
        """(N,)"""
        return np.array([self.site.setpoints is None or evse.pilot_levels_a is None for evse in self.site.evses])

    @cached_property
    def min_pilot(self) -> Floats:
        """(N,) smallest one other than 0; 0 where any current can be offered. [A]"""
        least = zip(self.allowable_pilots, self.is_continuous.tolist(), strict=True)
        return np.array([pilots[0] if continuous else pilots[1:2].sum() for pilots, continuous in least])

    def _pilots(self, evse: Evse, most_a: float) -> Floats:
        if self.site.setpoints is None:
            return np.array([0.0, most_a])
        if evse.pilot_levels_a is None:
            return np.array([min_current_a(evse), most_a])
        return np.array(sorted({0.0, *evse.pilot_levels_a}))
