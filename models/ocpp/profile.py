"""A charging profile in no version's spelling: what the compiler makes and each version spells its own way."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.sending import StartToken
from models.domain.sending import Version as Version
from models.domain.site import RateUnit


class Purpose(StrEnum):
    """What a profile is for, in the words of OCPP 2.x; the last one is of 2.1."""

    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    PRIORITY = "PriorityCharging"


class ProfileKind(StrEnum):
    """How its schedule lies in time."""

    ABSOLUTE = "Absolute"
    DAILY = "Recurring"
    """Every day again, from the start of its schedule on."""
    DYNAMIC = "Dynamic"
    """One period without end, whose numbers are updated; OCPP 2.1."""


class Slot(StrEnum):
    """What a profile is there for at its EVSE: one of each, so a new one takes the place of the old one."""

    FAIL_SAFE = "fail_safe"
    PLAN = "plan"
    PLAN_DEFAULT = "plan_default"
    PRIORITY = "priority"
    STATION_MAX = "station_max"


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
    limits_l2_l3: tuple[Decimal, Decimal] | None = None
    """Limits of L2 and L3 where ``limit`` is that of L1 alone; only OCPP 2.1 can tell them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocLimit:
    """From a state of charge on, a vehicle gets no more than ``limit``; OCPP 2.1."""

    soc_percent: int
    limit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingSchedule:
    """Limits over time from an absolute instant on, without end."""

    id: int
    unit: RateUnit
    start: datetime
    """Whole seconds, UTC."""
    periods: tuple[Period, ...]
    limit_at_soc: SocLimit | None = None
    randomized_delay_s: int | None = None
    """Within which a station begins at a time of its own choice; OCPP 2.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """One profile; it says something at every instant, for ever."""

    id: int
    """Unique at its station, see :func:`profile_id`."""
    purpose: Purpose
    stack_level: int
    schedule: ChargingSchedule
    kind: ProfileKind = ProfileKind.ABSOLUTE
    max_offline_s: int | None = None
    """After so long without contact it is no longer valid, and the default holds; OCPP 2.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseProfile:
    """A profile and the EVSE, session and transaction that it is for."""

    evse_id: str | None
    """None: the station as a whole."""
    station_id: str
    evse_number: int
    """evseId in OCPP 2.x, connectorId in OCPP 1.6; 0 for the station."""
    session_id: str | None
    """None: whoever comes."""
    transaction_id: str | None
    """None: the profile is for no transaction, or for the one that is started with it."""
    profile: ChargingProfile
    slot: Slot = Slot.PLAN
    version: Version = Version.V201
    """What its station speaks."""
    start_token: StartToken | None = None
    """Whom to start a transaction for; then the profile goes with that request."""
    updates: tuple[Period, ...] = ()
    """What a Dynamic profile is to be told later, against the start of its schedule."""

    @property
    def key(self) -> tuple[str, int]:
        """Which profile at which station."""
        return self.station_id, self.profile.id


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
_DIGIT = {Slot.FAIL_SAFE: 1, Slot.PLAN: 2, Slot.PLAN_DEFAULT: 3, Slot.PRIORITY: 4, Slot.STATION_MAX: 5}


def profile_id(evse_number: int, slot: Slot, reserved_up_to: int = 0) -> int:
    """Ten times the number of the EVSE at its station, plus a digit by slot: EVSE 3 has default 31 and plan 32.

    One id for each EVSE and slot, so a new plan replaces the old one instead of standing beside it, and adding an
    EVSE elsewhere on the site changes no id. Ids above ``reserved_up_to`` are ours to give (2.1, K01.FR.81).
    """
    return reserved_up_to + _SLOTS * evse_number + _DIGIT[slot]


def slot_of(id_: int, reserved_up_to: int = 0) -> tuple[int, Slot] | None:
    """The inverse of :func:`profile_id`: number of the EVSE and slot; None for an id that is not one of ours."""
    number, digit = divmod(id_ - reserved_up_to, _SLOTS)
    slot = next((slot for slot, own in _DIGIT.items() if own == digit), None)
    return None if slot is None or number < 0 else (number, slot)
