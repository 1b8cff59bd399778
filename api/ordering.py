"""What is to be sent to stations so that they have what a plan wants, in an order that keeps every limit (S2).

Messages are those of ``ocpp.messages`` of a plan, or of a file with the same list; of what stations are believed to
have each entry may say ``acknowledged`` (true unless said), ``sent_at`` and ``plan_version``.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from api.document import Part
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.sending import Version
from models.ocpp.changes import Believed
from models.ocpp.orders import Command, Pace, orders
from models.ocpp.profile import EvseProfile
from models.ocpp.reread import profile_of

SHAPE = (
    'give {"version": "2.0.1", "messages": [{"station_id": "post-1", "payload": {...}}]}, or a plan with OCPP requests'
)


class CommandLine(Part):
    """One message, and what must have been acknowledged before it is sent."""

    id: str
    """The same for the same change of the same plan."""
    step: str
    """``lower``, ``set``, ``update`` or ``clear``."""
    station_id: str
    evse_ids: list[str]
    action: str
    payload: dict[str, Any]
    plan_version: int
    after: list[str]
    """Ids of the commands that must have been acknowledged before."""
    not_before: datetime | None
    """For a raise that would come too soon after the last update of its profile."""


class OrdersDocument(Part):
    """What ``POST /v1/orders`` answers: the messages that change something, those that lower first."""

    commands: list[CommandLine]
    refused: list[str]
    """Stations and profiles of which a newer plan is there already, as ``post-1:12``."""


def ordered(
    scenario: Scenario,
    desired: Any,
    believed: Any,
    *,
    now: datetime,
    plan_version: int,
    interval_s: float | None = None,
) -> OrdersDocument:
    """Raises InvalidScenario where a message cannot be read or is none of ours."""
    wanted = [profile for profile, _ in _profiles(scenario, desired, "desired")]
    known = [_believed(profile, entry, path) for path, profile, entry in _entries(scenario, believed)]
    pace = Pace() if interval_s is None else Pace(interval_s=interval_s)
    found = orders(scenario, wanted, known, now=now, plan_version=plan_version, pace=pace)
    refused = [f"{profile.station_id}:{profile.profile.id}" for profile in found.refused]
    return OrdersDocument(commands=[_line(command) for command in found.commands], refused=refused)


def _line(command: Command) -> CommandLine:
    return CommandLine(
        id=command.id,
        step=command.step,
        station_id=command.station_id,
        evse_ids=list(command.evse_ids),
        action=command.message.action,
        payload=dict(command.message.payload),
        plan_version=command.plan_version,
        after=list(command.after),
        not_before=command.not_before,
    )


def _entries(scenario: Scenario, document: Any) -> Iterator[tuple[str, EvseProfile, Mapping[str, Any]]]:
    for k, (profile, entry) in enumerate(_profiles(scenario, document, "believed")):
        yield f"believed.messages[{k}]", profile, entry


def _believed(profile: EvseProfile, entry: Mapping[str, Any], path: str) -> Believed:
    sent_at, version, acknowledged = entry.get("sent_at"), entry.get("plan_version", 0), entry.get("acknowledged", True)
    if not isinstance(version, int) or not isinstance(acknowledged, bool):
        raise _unfit(path, "plan_version is no integer, or acknowledged is neither true nor false", SHAPE)
    return Believed(
        profile=profile,
        plan_version=version,
        acknowledged=acknowledged,
        sent_at=None if sent_at is None else _instant(sent_at, f"{path}.sent_at"),
    )


def _profiles(scenario: Scenario, document: Any, name: str) -> Iterator[tuple[EvseProfile, Mapping[str, Any]]]:
    """Each message of a document as a profile; what is no profile of ours is refused with its place."""
    told = document.get("ocpp", document) if isinstance(document, Mapping) else {}
    entries = told.get("messages") if isinstance(told, Mapping) else None
    if not isinstance(entries, list):
        raise _unfit(name, "there is no list of messages", SHAPE)
    spoken = {station.id: station.ocpp_version for station in scenario.site.stations}
    for k, entry in enumerate(entries):
        path = f"{name}.messages[{k}]"
        if not isinstance(entry, Mapping) or not isinstance(entry.get("payload"), Mapping):
            raise _unfit(path, "this entry has no payload", SHAPE)
        station_id, payload = str(entry.get("station_id")), entry["payload"]
        version = Version.V16 if "connectorId" in payload else spoken.get(station_id) or _version(told, name)
        yield profile_of(scenario.site, version, station_id, payload, f"{path}.payload"), entry


def _version(told: Mapping[str, Any], name: str) -> Version:
    version = told.get("version", Version.V201.value)
    if version not in list(Version):
        raise _unfit(f"{name}.version", f"OCPP version {version!r} is not spoken", f"say one of {', '.join(Version)}")
    return Version(version)


def _instant(given: Any, path: str) -> datetime:
    try:
        return datetime.fromisoformat(given).astimezone(UTC)
    except (TypeError, ValueError) as unfit:
        raise _unfit(path, f"{given!r} is no time", "write it as 2026-03-02T17:00:00Z") from unfit


def _unfit(path: str, message: str, remedy: str) -> InvalidScenario:
    return InvalidScenario((Finding(path=path, message=message, remedy=remedy),))
