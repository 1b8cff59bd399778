"""What happened at a station, in no protocol's spelling: what sessions, limits and trust in a station are kept from.

``evse_number`` is the number of the EVSE at its station; 0 or None where the message was about the whole station.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from models.domain.site import Phase


class EvseState(StrEnum):
    """What an EVSE says that it is doing."""

    AVAILABLE = "available"
    CONNECTED = "connected"
    """A vehicle is plugged in and does not charge (Preparing, Occupied, EVConnected)."""
    CHARGING = "charging"
    SUSPENDED_BY_VEHICLE = "suspended_by_vehicle"
    SUSPENDED_BY_STATION = "suspended_by_station"
    FINISHING = "finishing"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"


@dataclass(frozen=True, slots=True, kw_only=True)
class StationEvent:
    """Where and when; the time is the station's own."""

    station_id: str
    evse_number: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted(StationEvent):
    vendor: str = ""
    model: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardFrom(StationEvent):
    """A sign of life and nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShown(StationEvent):
    """A driver was recognised; ``token_digest`` stands for who, and cannot be turned back."""

    token_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTold(StationEvent):
    state: EvseState
    detail: str = ""
    """The station's own word for it, and its error if it told one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionBegan(StationEvent):
    transaction_id: str | None
    """None in OCPP 1.6, where the CSMS gives it in its answer."""
    token_digest: str | None = None
    meter_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnded(StationEvent):
    transaction_id: str
    meter_kwh: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(StationEvent):
    """What the meter of an EVSE showed; None and missing phases were not told."""

    transaction_id: str | None = None
    power_kw: float | None = None
    """Drawn; below 0 where the vehicle gave back. [kW at evse]"""
    energy_kwh: float | None = None
    """The register: it only rises. [kWh]"""
    current_a: dict[Phase, float] = field(default_factory=dict)
    voltage_v: dict[Phase, float] = field(default_factory=dict)
    soc: float | None = None
    """0 to 1"""
    offered_a: float | None = None
    offered_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsTold(StationEvent):
    """What a vehicle asks for by itself (ISO 15118); energies in the battery, powers at evse."""

    departure: datetime | None = None
    energy_kwh: float | None = None
    """To the target."""
    energy_least_kwh: float | None = None
    """To the least state of charge; below 0 where it is above that already."""
    energy_most_kwh: float | None = None
    cycling_from_kwh: float | None = None
    """What is missing to the band in which it lets itself be cycled; above 0 below the band."""
    cycling_to_kwh: float | None = None
    """What may still come in inside the band."""
    min_current_a: float | None = None
    max_current_a: float | None = None
    max_charge_kw: float | None = None
    max_discharge_kw: float | None = None
    soc: float | None = None
    soc_target: float | None = None
    capacity_kwh: float | None = None
    transfer: str = ""
    """The mode asked for, as in ``AC_three_phase``, ``DC_BPT``."""
    max_periods: int | None = None
    """Of a schedule that the vehicle takes."""

    @property
    def gives_back(self) -> bool:
        return "BPT" in self.transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitStep:
    """A limit from an instant on."""

    start: datetime
    limit_kw: float | None
    """None where the unit was A and the phases were not told."""
    limit_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLimitTold(StationEvent):
    """Somebody else limits the station: it binds until it is cleared."""

    source: str
    grid_critical: bool = False
    steps: tuple[LimitStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLimitCleared(StationEvent):
    source: str
