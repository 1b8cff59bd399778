"""All that an algorithm ever sees of a site, real or simulated, and all that it answers.

A batch of messages ends with a ``Tick``; the answer to it is one ``Setpoints``. Instants are seconds since 1970 in UTC,
powers and energies of cars are measured at evse.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models.domain.signal import Event
from models.domain.site import BaseLoad, PvPlant


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
    """Since the car was plugged in. [kWh]"""
    power_kw: float
    """Mean since the reading before. [kW]"""


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
    """What each EVSE with a car may draw from now on; who is not named may draw nothing."""

    at_s: float
    power_kw: Mapping[str, float]
    """By session. [kW]"""
