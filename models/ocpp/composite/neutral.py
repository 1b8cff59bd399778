"""Profiles as they are installed, and the question that a composite schedule answers, in no version's spelling.

Times are seconds since 1970 in UTC; limits are in the unit of their schedule: A per phase, or W over all phases.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import NamedTuple

from models.domain.site import RateUnit
from models.ocpp.composite.local_clock import LocalStart


class Kind(StrEnum):
    """How the start of a schedule is found."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"


class Use(StrEnum):
    """Purposes of profiles in the words of OCPP 2.1."""

    EXTERNAL = "ChargingStationExternalConstraints"
    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    PRIORITY = "PriorityCharging"
    LOCAL_GENERATION = "LocalGeneration"


class Precedence(StrEnum):
    """What makes a profile of a higher stack level hide a lower one: readings of 1.6 and of 2.x."""

    COVERAGE = "schedule_coverage"
    """Its schedule has a period at that instant (2.x, and what most stations do)."""
    VALIDITY = "profile_validity"
    """The profile is valid, even when its schedule has ended (a literal reading of 1.6)."""


class Amount(NamedTuple):
    """A limit or setpoint: of all phases alike, or L1 with its own numbers for L2 and L3."""

    value: float
    l2: float | None = None
    l3: float | None = None

    @property
    def by_phase(self) -> bool:
        return self.l2 is not None or self.l3 is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPeriod:
    """From ``start_s`` after the start of the schedule on."""

    start_s: float
    limit: Amount | None
    """None: this period limits nothing."""
    discharge_limit: Amount | None = None
    """At most 0; None: none is set."""
    setpoint: Amount | None = None
    number_phases: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledProfile:
    """One profile at one EVSE, or at the station as a whole."""

    evse: int
    """0: the station; defaults there hold for each of its EVSEs."""
    id: int
    use: Use
    stack_level: int
    kind: Kind
    unit: RateUnit
    periods: tuple[InstalledPeriod, ...]
    """Ascending, the first at 0."""
    start_s: float | None = None
    """None for a relative schedule."""
    duration_s: float | None = None
    recurs_after_s: float | None = None
    local: LocalStart | None = None
    """In place of both: the schedule follows the clock at its station."""
    valid_from_s: float = -inf
    valid_to_s: float = inf
    transaction_id: str | None = None
    most_offline_s: float = inf
    """After so long without contact it is no longer valid; 0: at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One that runs; ``start_s`` None: before anything that is asked about."""

    id: str | None = None
    start_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """What a station assumes where nothing is said. The defaults are EVerest's for OCPP 2.x."""

    unlimited_a: float = 57.0
    """Per phase. [A]"""
    unlimited_w: float = 55_612.0
    number_phases: int = 3
    voltage_v: float = 230.0
    precedence: Precedence = Precedence.COVERAGE

    def unlimited(self, unit: RateUnit) -> float:
        return self.unlimited_a if unit is RateUnit.A else self.unlimited_w


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a station: the limits of one EVSE, or of its grid connection, from one instant to another."""

    evse: int
    """0: the connection, the sum over all EVSEs under the station's own limits."""
    start_s: float
    end_s: float
    unit: RateUnit
    evses: int = 1
    """How many the station has."""
    transactions: tuple[tuple[int, Transaction], ...] = ()
    """By number of the EVSE."""
    as_if_charging: bool = False
    """EVSEs without a transaction are taken to begin one when the question begins."""
    offline_since_s: float | None = None
    priority: frozenset[int] = frozenset()
    """EVSEs with priority charging switched on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositePeriod:
    """What holds from ``start_s`` after the start of the question on, in its unit."""

    start_s: float
    limit: Amount
    discharge_limit: Amount | None = None
    setpoint: Amount | None = None
    number_phases: int | None = None
    """None: nothing limits, and no phases are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """Limits over the time asked about; neighbours differ."""

    unit: RateUnit
    duration_s: float
    periods: tuple[CompositePeriod, ...]

    def limit_at(self, elapsed_s: float) -> float:
        """Of L1, or of all phases, at a time after the start. [A, W]"""
        return next(p.limit.value for p in reversed(self.periods) if p.start_s <= elapsed_s)
