"""What a battery takes and gives back: constant power, then less and less towards full; down to a reserve.

Source: the two-stage model of ACN-Sim (Lee et al., 2021): up to a state of charge the battery takes its full power,
from there on power falls on a straight line to zero at full. A lower offer is followed until that line crosses it.
Giving back is steady and ends at the reserve.
"""

from dataclasses import dataclass
from math import exp, inf

CAPACITIES_KWH = (8.0, 24.0, 40.0, 60.0, 85.0, 100.0)
"""Sizes of which the published runs take the smallest that could have taken what was delivered. [kWh]"""
TAPERS_FROM = 0.8
_HALVINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery as it is on arrival."""

    capacity_kwh: float
    energy_kwh: float
    """On arrival. [kWh]"""
    power_kw: float
    """Below the taper, measured at evse. [kW]"""
    tapers_from: float = TAPERS_FROM
    """State of charge, 0 to 1; at 1 it takes its full power until it is full."""
    charge_efficiency: float = 1.0
    """Energy inside over energy at evse."""
    discharge_efficiency: float = 1.0
    """Energy at evse over energy taken out."""
    discharge_kw: float = 0.0
    """What it can give back, measured at evse. [kW]"""
    reserve_kwh: float = 0.0
    """Inside; nothing is given back below it. [kWh]"""

    @property
    def round_trip(self) -> float:
        """Energy given back over energy that was taken for it, both at evse."""
        return self.charge_efficiency * self.discharge_efficiency

    def inside_kwh(self, got_kwh: float) -> float:
        """What is inside when so much has come since arrival, less what it takes to make up for what went. [kWh]"""
        return self.energy_kwh + self.charge_efficiency * got_kwh

    def made_up_kwh(self, given_kwh: float) -> float:
        """What it takes to make up for what it gave back, both at evse. [kWh]"""
        return given_kwh / self.round_trip

    def taken_kwh(self, inside_kwh: float, offer_kw: float, hours: float) -> float:
        """What it takes of an offer in some hours, with so much inside at their beginning. [kWh at evse]"""
        offer_kw = min(offer_kw, self.power_kw)
        if offer_kw <= 0.0:
            return 0.0
        if self.tapers_from >= 1.0:
            return min(offer_kw * hours, max(0.0, self.capacity_kwh - inside_kwh) / self.charge_efficiency)
        into_kw = self.charge_efficiency * offer_kw
        slope_per_h = self.charge_efficiency * self.power_kw / ((1.0 - self.tapers_from) * self.capacity_kwh)
        knee_kwh = self.capacity_kwh - into_kw / slope_per_h
        """Where the line crosses the offer."""
        steady_h = min(hours, max(0.0, (knee_kwh - inside_kwh) / into_kw))
        at_knee_kwh = inside_kwh + into_kw * steady_h
        left_kwh = max(0.0, self.capacity_kwh - at_knee_kwh)
        falling_kwh = left_kwh * (1.0 - exp(-slope_per_h * (hours - steady_h)))
        return offer_kw * steady_h + falling_kwh / self.charge_efficiency

    def given_kwh(self, inside_kwh: float, asked_kw: float, hours: float) -> float:
        """What it gives back of what is asked for in some hours, with so much inside at their beginning.
        [kWh at evse]"""
        above_kwh = max(0.0, inside_kwh - self.reserve_kwh)
        return min(min(asked_kw, self.discharge_kw) * hours, above_kwh * self.discharge_efficiency)


def fitted(energy_kwh: float, stay_h: float, power_kw: float) -> Battery:
    """The smallest battery, as full as possible on arrival, that can take an energy within a stay at full power.

    That makes the taper as long as the data allow. Where none of the usual sizes can, the energy is taken without one.
    """
    for capacity_kwh in CAPACITIES_KWH:
        if energy_kwh <= capacity_kwh and (found := _fullest(capacity_kwh, energy_kwh, stay_h, power_kw)) is not None:
            return found
    return Battery(capacity_kwh=2.0 * energy_kwh / (1.0 - TAPERS_FROM), energy_kwh=0.0, power_kw=power_kw)


def _fullest(capacity_kwh: float, energy_kwh: float, stay_h: float, power_kw: float) -> Battery | None:
    """By bisection: the fuller it comes, the less it takes."""

    def takes(inside_kwh: float) -> bool:
        battery = Battery(capacity_kwh=capacity_kwh, energy_kwh=inside_kwh, power_kw=power_kw)
        return battery.taken_kwh(inside_kwh, inf, stay_h) >= energy_kwh

    low, high = 0.0, capacity_kwh
    if not takes(low):
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if takes(middle) else (low, middle)
    return Battery(capacity_kwh=capacity_kwh, energy_kwh=low, power_kw=power_kw)
