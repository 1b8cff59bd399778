"""A charging session as a data set tells it: what happened, and what the driver had said."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSession:
    """One stay of one car at one EVSE."""

    id: str
    evse: str
    arrival: datetime
    departure: datetime
    energy_kwh: float
    """What was delivered, measured at evse. [kWh]"""
    stated_departure: datetime | None = None
    """What the driver said. None: nothing."""
    stated_energy_kwh: float | None = None
    """What the driver asked for. None: nothing. [kWh]"""
    power_kw: float | None = None
    """The highest power of EVSE and car together, where the data tell it. [kW]"""
    driver: str | None = None
    """Who it was, under a name that tells nothing of the token. None: unknown."""
