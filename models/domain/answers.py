"""What becomes of what we send, and of the line to a station: answers, reports of profiles, connections, readiness."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from models.domain.events import LimitStep, StationEvent


class Outcome(StrEnum):
    """How a command ended."""

    ACCEPTED = "accepted"
    """Of which no more follows than that it arrived: stations accept what they then ignore."""
    REJECTED = "rejected"
    NOT_SUPPORTED = "not_supported"
    CALL_ERROR = "call_error"
    """Some stations answer with an error where others reject."""
    TIMED_OUT = "timed_out"
    """Nobody knows whether it arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswered(StationEvent):
    command_id: str
    outcome: Outcome
    detail: str = ""
    """The reason that the station gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLost(StationEvent):
    """The station cannot be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRegained(StationEvent):
    """It is there again; what it did in between is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionNamed(StationEvent):
    """The CSMS gave a transaction its id: in OCPP 1.6, in the answer to StartTransaction."""

    transaction_id: str
    accepted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionGoesOn(StationEvent):
    """A transaction that runs was told of, TxResumed after a reboot among them."""

    transaction_id: str
    phases_used: int | None = None
    resumed: bool = False
    offline: bool = False
    """It happened while the station had no connection: told late, and no error of its clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseReserved(StationEvent):
    """ReserveNow: somebody is expected."""

    reservation_id: str
    until: datetime | None = None
    token_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationEnded(StationEvent):
    reservation_id: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityAsked(StationEvent):
    """ChangeAvailability: an EVSE, or the station, is to serve or not; what it does then its states tell."""

    operative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareTold(StationEvent):
    """How an update goes; one that installs may reboot the station at any moment."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityTold(StationEvent):
    """A driver asked for priority charging at the station, or no longer does."""

    transaction_id: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePulled(StationEvent):
    """The station asks for the present value of a dynamic profile; the answer may not wait for a plan."""

    profile_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleScheduleTold(StationEvent):
    """What the vehicle itself means to draw at most."""

    steps: tuple[LimitStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedProfile:
    """A profile that a station says it has."""

    id: int
    purpose: str
    stack_level: int
    evse_number: int
    """0 for the station."""
    source: str = ""
    transaction_id: str | None = None
    steps: tuple[LimitStep, ...] = ()
    wire: Mapping[str, Any] = field(default_factory=dict)
    """As it came: what gives it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilesReported(StationEvent):
    """What is installed; a report in parts says of all but the last that more comes."""

    request_id: int | None
    profiles: tuple[ReportedProfile, ...]
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeTold(StationEvent):
    """What a station would follow, by its own account; no steps where it told none."""

    command_id: str
    steps: tuple[LimitStep, ...] = ()
