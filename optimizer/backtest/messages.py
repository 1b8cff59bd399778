"""All that an algorithm ever sees of a site, real or simulated, and all that it answers.

A batch of messages ends with a ``Tick``; the answer to it is one ``Setpoints``. Instants are seconds since 1970 in UTC,
powers and energies of cars are measured at evse.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models.domain.signal import Event
from models.domain.site import BaseLoad, PvPlant


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a CSMS hears of a car whose driver consents to V2G: from the car (ISO 15118-20), and from the contract."""

    capacity_kwh: float
    soc: float
    """On arrival, 0 to 1."""
    discharge_kw: float
    """What it can give back at most, measured at evse. [kW]"""
    reserve_soc: float
    """Kept at every instant, 0 to 1; where it comes with less, it gives nothing back until it has that."""
    price_per_kwh: float | None = None
    """Paid for energy given back, measured at evse. None: what the driver paid for it. [currency/kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A car was plugged in, and its driver may have said something."""

    session: str
    evse: str
    at_s: float
    power_kw: float | None = None
    """What the car can take at most, where it tells. [kW]"""
    stated_departure_s: float | None = None
    stated_kwh: float | None = None
    minimum_kwh: float = 0.0
    """What its driver was promised. [kWh]"""
    consent: Consent | None = None
    """None: it gives nothing back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A car was unplugged."""

    session: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """What the meter of an EVSE shows."""

    session: str
    at_s: float
    energy_kwh: float
    """Drawn since the car was plugged in. [kWh]"""
    power_kw: float
    """Mean since the reading before; negative while it gives back. [kW]"""
    given_back_kwh: float = 0.0
    """Since the car was plugged in: the other register of the same meter. [kWh]"""
    soc: float | None = None
    """Of a car whose driver consents to V2G, 0 to 1. None: not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReading:
    """What the meter of the site shows, measured at grid."""

    at_s: float
    import_kw: float
    """Mean since the reading before. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What other load and sun are expected to do from now on, in place of the forecast before."""

    at_s: float
    base_loads: tuple[BaseLoad, ...] = ()
    pv_plants: tuple[PvPlant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCalled:
    """A utility called an event in which the site takes part."""

    at_s: float
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The time; everything up to now has been told."""

    at_s: float


Message = Arrival | Departure | MeterReading | SiteReading | Forecast | EventCalled | Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoints:
    """What each EVSE with a car may draw from now on; who is not named may draw nothing. Below 0: what a car whose
    driver consents gives back."""

    at_s: float
    power_kw: Mapping[str, float]
    """By session. [kW]"""
