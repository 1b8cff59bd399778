"""A live site as it is stored: what stands there, what is known of it, and what is still to be sent. Goes to JSON."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from models.domain.answers import Outcome
from models.domain.sending import PlanPurpose, Version
from models.domain.signal import Signal
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.value import Series, value
from models.ocpp.profile import EvseProfile
from optimizer.rolling.state import Role, SiteState


class CommandKind(StrEnum):
    LIMIT = "limit"
    """Sets a profile."""
    VERIFY = "verify"
    """Asks what a station follows."""
    LIST = "list"
    """Asks which profiles are installed."""
    REMOVE = "remove"
    """Takes away a profile of ours."""
    CLEAR = "clear"
    """Takes a profile of somebody else away: only on request."""
    RESTORE = "restore"
    """Gives a station back what it had of somebody else before us."""


ASKS = (CommandKind.VERIFY, CommandKind.LIST)
"""Questions: what waits for one goes on whatever it is answered."""


@value
class Tells:
    """What a profile lets an EVSE draw."""

    evse: str
    role: Role
    profile_id: int
    power_kw: Series
    """At evse, all phases in use."""
    stays: bool = False
    """The next car would follow it as well: a plan in a default."""


@value
class Command:
    """One message to a station."""

    id: str
    """Also the message id of the OCPP call, so that its answer is known by it."""
    station: str
    kind: CommandKind
    version: Version
    action: str
    payload: dict[str, Any]
    """JSON values under the names of the version."""
    created_at: datetime
    tells: tuple[Tells, ...] = ()
    session: str | None = None
    """The session whose plan it is."""
    evse: str | None = None
    profile: EvseProfile | None = None
    """What the station has once it accepts."""
    plan_version: int = 0
    not_before: datetime | None = None
    """For a raise that would come too soon after the last change: flash memories wear out."""
    after: tuple[str, ...] = ()
    """Commands that must be accepted before this one is sent: lower first, raise then (S2)."""
    again: bool = False
    """Whether it is what a station had before it booted or was away."""
    taken_at: datetime | None = None
    """When it was handed out to be sent."""


@value
class Result:
    """What a station answered to a command."""

    outcome: Outcome
    detail: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


@value
class OpenCall:
    """A StartTransaction of OCPP 1.6 whose answer will name the transaction."""

    message_id: str
    station: str
    evse_number: int | None


@value
class LiveSite:
    """Everything about one site."""

    site: Site
    state: SiteState
    tariff: Tariff | None = None
    signals: tuple[Signal, ...] = ()
    versions: dict[str, Version] = field(default_factory=dict)
    """OCPP version of each station."""
    version: Version = Version.V16
    """Of stations that are not listed."""
    outbox: tuple[Command, ...] = ()
    """Not sent yet, or not answered."""
    in_force: dict[str, Command] = field(default_factory=dict)
    """The last accepted command by station and profile id: what is sent again after a reboot."""
    unsure: tuple[Command, ...] = ()
    """Limits without an answer in time: their stations may have them."""
    without: dict[str, datetime] = field(default_factory=dict)
    """Maxima that stations refused, by station and profile id, and until when they are not sent again."""
    calls: tuple[OpenCall, ...] = ()
    sent: int = 0
    """How many commands were made: the next id."""
    plans: int = 0
    """How many plans were made: the version of the last one."""
    planned_at: datetime | None = None
    plan_every_minutes: float = 15.0
    """Without any reason. [min]"""
    blind_minutes: float = 20.0
    """So long a plan is followed; then the fail-safe share of the EVSE holds until a new one comes. [min]"""
    plan_only: tuple[str, ...] = ()
    """Stations that are told plans of sessions and nothing else, as over OCPI."""
    purpose: PlanPurpose | None = None
    """Which profile the CSMS passes on; None: a TxProfile with a transaction, the EVSE's default before it."""

    @property
    def id(self) -> str:
        return self.site.id

    def version_of(self, station: str) -> Version:
        """What was told of the connection, else of the station."""
        listed = (one.ocpp_version for one in self.site.stations if one.id == station)
        return self.versions.get(station) or next(listed, None) or self.version


def live_json(live: LiveSite, *, indent: int | None = None) -> str:
    """What differs from the defaults."""
    return _adapter().dump_json(live, indent=indent, exclude_defaults=True).decode()


def read_live(document: bytes | str) -> LiveSite:
    """The inverse of :func:`live_json`. Raises ValueError for anything else."""
    return _adapter().validate_json(document)


@cache
def _adapter() -> TypeAdapter[LiveSite]:
    return TypeAdapter(LiveSite)
