"""What commissioning found: a capability record with its evidence, and a grade."""

from dataclasses import dataclass
from enum import StrEnum

from models.domain.installed import OfflineBehaviour
from models.ocpp.profile import Version
from models.ocpp.station import Capability


class Grade(StrEnum):
    """How far the limits of a station can be counted on."""

    A = "A"
    """Plan and fail-safe are proven."""
    B = "B"
    """It follows a plan; what it does without one is not proven, so there it counts at its rating."""
    C = "C"
    """It counts at its rating always."""


class Flaw(StrEnum):
    """What a station was seen to do wrong, or differently from others."""

    IGNORES = "accepts and ignores"
    AMPERES_ONLY = "A only"
    WATTS_ONLY = "W only"
    SLEEPS_AT_ZERO = "sleeps at 0 A"
    CLOCK_OFF = "slow clock"
    FEW_PERIODS = "few periods"
    CALL_ERROR = "CALLERROR instead of Rejected"
    FLOAT_PERIODS = "float periods"
    REJECTS_TOP_LEVEL = "rejects the maximum stack level"
    DROPS_AT_DISCONNECT = "profile dropped at disconnect"
    LAST_PROFILE_ONLY = "only the last profile kept"
    MAXIMUM_PER_CONNECTOR = "station maximum applied per connector"
    MAXIMUM_IGNORED = "station maximum ignored"
    DEFAULT_IGNORED_IN_SESSION = "TxDefault ignored in a session"
    FACTORY_LIMITS_AFTER_REBOOT = "factory limits after reboot"
    ENERGY_ONLY = "energy register only"
    ONE_PHASE_REPORTED = "one phase reported of three"
    ABORTS_WHEN_ANSWERED_LATE = "StartTransaction aborted when the answer is late"


REMEDY = {
    Flaw.IGNORES: "counts at its rating; ask its maker",
    Flaw.AMPERES_ONLY: "limits are sent in A",
    Flaw.WATTS_ONLY: "limits are sent in W",
    Flaw.SLEEPS_AT_ZERO: "keep its minimum current above 0 A instead of a pause",
    Flaw.CLOCK_OFF: "set its clock, then commission it again: its plan runs late by as much",
    Flaw.FEW_PERIODS: "plans are merged to as many periods, never upward",
    Flaw.CALL_ERROR: "an error counts as a refusal",
    Flaw.FLOAT_PERIODS: "its composite schedules are read with fractions of seconds",
    Flaw.REJECTS_TOP_LEVEL: "profiles stay below that level",
    Flaw.DROPS_AT_DISCONNECT: "while it is out of reach it counts at its rating",
    Flaw.LAST_PROFILE_ONLY: "let one default carry both plan and fail-safe (`tx_default`), then commission it again",
    Flaw.MAXIMUM_PER_CONNECTOR: "its station maximum is not counted on, only the limits of its EVSEs",
    Flaw.MAXIMUM_IGNORED: "its station maximum is not counted on, only the limits of its EVSEs",
    Flaw.DEFAULT_IGNORED_IN_SESSION: "a car that has just come counts at its rating until its plan is acknowledged",
    Flaw.FACTORY_LIMITS_AFTER_REBOOT: "after a boot it counts at its rating until its profiles are there again",
    Flaw.ENERGY_ONLY: "power is the rise of its register",
    Flaw.ONE_PHASE_REPORTED: "the phases that its energy shows are counted",
    Flaw.ABORTS_WHEN_ANSWERED_LATE: "answer the begin of a transaction at once, before anything is planned",
}


class Outcome(StrEnum):
    HELD = "held"
    EXCEEDED = "exceeded"
    UNSEEN = "unseen"
    """Nothing was measured, or the car would not have drawn more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one step showed."""

    step: str
    outcome: Outcome
    expected_a: float
    measured_a: float | None
    """The largest current on a phase once it had settled. [A]"""
    followed_after_s: float | None = None
    """Until it was at or below the limit for good. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Of one EVSE of a station; None where nothing was seen."""

    station_id: str
    version: Version
    grade: Grade
    because: tuple[str, ...]
    """Why the grade is not a better one."""
    capability: Capability
    """As it was seen, else as it was told."""
    flaws: tuple[Flaw, ...]
    evidence: tuple[Shown, ...]
    phases: int | None = None
    """How many the car loaded."""
    least_a: float | None = None
    """The smallest limit at which the car drew. [A]"""
    follow_s: float | None = None
    wakes: bool | None = None
    """Whether the car drew again after a pause."""
    offline: OfflineBehaviour = OfflineBehaviour.UNKNOWN
    """As a scenario's ``installed`` takes it."""
    default_after_boot: bool | None = None
    maximum_holds: bool | None = None
    clock_offset_s: float = 0.0
    """Its clock less the CSMS's. [s]"""
    metering: tuple[str, ...] = ()
    """``energy``, ``power``, ``current``."""
