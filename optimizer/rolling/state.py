"""What is known of a live site: one frozen value, made of records of stations, EVSEs and sessions; it goes to JSON.

Times in it are of our own clock, unless a field says otherwise.
"""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from models.domain.answers import Outcome
from models.domain.before import MissedBefore, PlannedBefore
from models.domain.events import EvseState
from models.domain.installed import OfflineBehaviour
from models.domain.session import Session
from models.domain.value import Series, Step, value
from optimizer.rolling.verdict import Verdict


class Stage(StrEnum):
    """How a session draws, by its meter."""

    WAITING = "waiting"
    """It has not drawn yet."""
    PROBING = "probing"
    """The first two minutes of drawing, in which its phases and its greatest power are learnt."""
    DRAWING = "drawing"
    TAPERING = "tapering"
    """It takes less and less of what it is offered, and nobody lowered the offer."""
    FULL = "full"
    """It was offered power and took none for minutes."""
    WOKEN = "woken"
    """It draws again after it was full or paused."""


@value
class NamePlate:
    """What stands on an EVSE, as its site declares it; powers at evse with all phases in use."""

    rating_kw: float
    least_kw: float
    """Its smallest power other than 0."""
    kw_per_ampere: float
    phases: int
    """How many equal currents it carries at most."""
    dc: bool = False


class Role(StrEnum):
    """What a limit is there for."""

    PLAN = "plan"
    DEFAULT = "default"
    """Holds where there is no plan."""
    MOST = "most"
    """Holds besides all others."""


@value
class Told:
    """A limit that an EVSE was sent, and what became of it; an accepted one replaces those before with its id."""

    command_id: str
    role: Role
    profile_id: int
    power_kw: Series
    """At evse, all phases in use."""
    sent_at: datetime
    stays: bool = False
    """The next car would follow it as well: a plan in a default. Other plans go with their transaction."""
    outcome: Outcome | None = None
    """None: not answered yet."""
    answered_at: datetime | None = None
    replaced_at: datetime | None = None
    """Since when a newer one is in its place; it is remembered for what was measured just then."""


@value
class Reading:
    """What a meter showed, with what was allowed when it did."""

    at: datetime
    drawn_kw: float
    allowed_kw: float | None
    """The most that any limit of the minute before allowed this vehicle; None where nothing is known to bind."""
    binding_kw: float | None = None
    """The limit in force then, for this vehicle. At most as ``allowed_kw``."""


@value
class SessionRecord:
    """A vehicle that is plugged in."""

    id: str
    evse: str
    arrival: datetime
    connector: int | None = None
    """The plug in use, where that is known."""
    transaction_id: str | None = None
    token_digest: str | None = None
    driver_group: str | None = None
    stage: Stage = Stage.WAITING
    stage_since: datetime | None = None
    first_drew_at: datetime | None = None
    register_at_start_kwh: float | None = None
    delivered_kwh: float = 0.0
    phases: int | None = None
    """How many it was measured to load. None: not measured yet."""
    most_kw: float = 0.0
    """The largest power that it drew."""
    follow_kw: float | None = None
    """What its limit comes down to because it draws no more. None: as much as it may."""
    departure: datetime | None = None
    energy_target_kwh: float | None = None
    energy_minimum_kwh: float | None = None
    max_charge_kw: float | None = None
    max_discharge_kw: float | None = None
    max_current_a: float | None = None
    capacity_kwh: float | None = None
    soc: float | None = None
    soc_target: float | None = None
    priority: bool = False
    starts: int = 0
    """How often its offer rose from 0."""
    offered: bool | None = None
    """Whether its last offer was above 0."""
    offered_since: datetime | None = None


@value
class Reservation:
    id: str
    until: datetime | None = None
    token_digest: str | None = None


@value
class EvseRecord:
    """What is known of one EVSE."""

    id: str
    station: str
    number: int
    plate: NamePlate
    state: EvseState | None = None
    state_at: datetime | None = None
    operative: bool = True
    session: SessionRecord | None = None
    reservation: Reservation | None = None
    told: tuple[Told, ...] = ()
    """Those that it may be following, oldest first."""
    readings: tuple[Reading, ...] = ()
    """The last minutes, oldest first."""
    register_kwh: float | None = None
    register_at: datetime | None = None
    """By the station's clock."""
    measured_at: datetime | None = None
    """The newest measurement, by the station's clock."""
    kinds_told: tuple[str, ...] = ()
    """``power``, ``current``, ``energy``: what its meter values hold."""
    verdicts: tuple[Verdict, ...] = ()
    good_since: datetime | None = None
    """Since when it follows a limit that binds. None: not seen since the last offence."""
    refusals: int = 0
    """In a row."""
    retry_at: datetime | None = None
    """Before that it is sent nothing again."""
    excluded: bool = False
    """Its operator steers it without us."""

    @property
    def uncontrolled(self) -> bool:
        return self.excluded or any(verdict.uncontrolled for verdict in self.verdicts)


@value
class ExternalLimit:
    """What somebody else limits at a station, until it is cleared."""

    station: str
    evse_number: int
    """0 for the station."""
    source: str
    told_at: datetime
    power_kw: tuple[Step, ...] = ()
    current_a: tuple[Step, ...] = ()


UNNAMED = -1
"""Id of a profile that is only seen by what it does."""


@value
class ForeignProfile:
    """A profile at a station that is not ours."""

    station: str
    evse_number: int
    profile_id: int
    purpose: str
    stack_level: int
    source: str = ""
    wire: dict[str, Any] = field(default_factory=dict)
    """As its station reported it; empty where it told no more than what it comes to."""
    comes_to_kw: tuple[Step, ...] = ()
    """That: at evse, with all phases in use. [kW]"""


@value
class StationRecord:
    """What is known of one station."""

    id: str
    reachable: bool = True
    offline: OfflineBehaviour = OfflineBehaviour.UNKNOWN
    heard_at: datetime | None = None
    lost_at: datetime | None = None
    booted_at: datetime | None = None
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    firmware_status: str = ""
    clock_skew_s: float = 0.0
    """Its clock less ours."""
    token_digest: str | None = None
    """The token shown last, of a driver who has not started yet."""
    ended: tuple[str, ...] = ()
    """The last transactions that ended, so that what is told of them late opens none again."""
    defects: dict[str, int] = field(default_factory=dict)
    """How often what was odd about its messages."""
    asked: bool = False
    """Whether it was asked what it has, before the first profile of ours."""
    foreign: tuple[ForeignProfile, ...] = ()
    recorded: tuple[ForeignProfile, ...] = ()
    """Profiles of others as they were reported first: what is restored when the site is handed back."""


@value
class SiteState:
    """Everything that is known of a live site, and what it was last planned to do."""

    site_id: str
    stations: dict[str, StationRecord]
    evses: dict[str, EvseRecord]
    external: tuple[ExternalLimit, ...] = ()
    groups: dict[str, str] = field(default_factory=dict)
    """Driver group of a token's digest."""
    wishes: dict[str, Session] = field(default_factory=dict)
    """What an app or a booking told of who stands at an EVSE, by its id; what is measured comes on top."""
    previous: tuple[PlannedBefore, ...] = ()
    ledger: tuple[MissedBefore, ...] = ()
