"""A charging profile in no version's spelling: what the compiler makes and each version spells its own way."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import RateUnit


class Version(StrEnum):
    """The OCPP versions that are spoken."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"


class Purpose(StrEnum):
    """What a profile is for, in the words of OCPP 2.x."""

    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A limit from ``start_s`` on, until the next period; the last one of a schedule has no end."""

    start_s: int
    """After the start of the schedule. [s]"""
    limit: Decimal
    """One decimal, in the schedule's unit: A per phase, or W over all phases."""
    number_phases: int | None = None
    """None: three on AC; always None on DC."""
    setpoint: Decimal | None = None
    """Below 0: what the vehicle gives back, where the limit is 0; only OCPP 2.1 can tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingSchedule:
    """Limits over time from an absolute instant on, without end."""

    id: int
    unit: RateUnit
    start: datetime
    """Whole seconds, UTC."""
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """One profile of kind Absolute."""

    id: int
    """Unique at its station, see :func:`profile_id`."""
    purpose: Purpose
    stack_level: int
    schedule: ChargingSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseProfile:
    """A profile and the EVSE, session and transaction that it is for."""

    evse_id: str
    station_id: str
    evse_number: int
    """evseId in OCPP 2.x, connectorId in OCPP 1.6."""
    session_id: str
    transaction_id: str | None
    """None: the station has told of no transaction, so the profile is a default of the EVSE."""
    profile: ChargingProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """A session that gets no profile now, and why."""

    session_id: str
    evse_id: str
    reason: str


def version_of(text: str) -> Version:
    """The version of this name. Raises InvalidScenario for any other."""
    try:
        return Version(text)
    except ValueError:
        message, remedy = f"OCPP version {text!r} is not spoken", f"say one of {', '.join(Version)}"
        raise InvalidScenario((Finding(path="version", message=message, remedy=remedy),)) from None


_SLOTS = 10
_SLOT = {Purpose.STATION_MAX: 0, Purpose.TX_DEFAULT: 1, Purpose.TX: 2}


def profile_id(evse_number: int, purpose: Purpose) -> int:
    """Ten times the EVSE's number at its station, plus 0, 1 or 2 by purpose: EVSE 3 has default 31 and plan 32.

    One id for each EVSE and purpose, so a new plan replaces the old one instead of standing beside it, and adding
    an EVSE elsewhere on the site changes no id.
    """
    return _SLOTS * evse_number + _SLOT[purpose]
