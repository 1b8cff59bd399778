"""What a station can take, would do, and says: capabilities, composite schedules of installed profiles, its messages.

The file of profiles holds ``profiles`` (``evse``, 0 for the station, and ``profile`` as its OCPP version spells it),
``evses`` (how many), ``transactions`` (``evse``, ``id``, ``start``) that run, and ``time_zone`` of the station.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from api.sources import json_of
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import RateUnit, Station
from models.domain.times import instant, seconds, zone
from models.domain.units import seconds_from_hours
from models.ocpp.composite import (
    Conventions,
    InstalledProfile,
    Question,
    Transaction,
    composite,
    installed_profile,
    worse_reading,
)
from models.ocpp.inbound import translate
from models.ocpp.profile import Version
from models.ocpp.station import Identity, capability
from models.ocpp.wire import utc_text

CALL, CALL_LENGTH = 2, 4
SHAPE = 'write {"profiles": [{"evse": 1, "profile": {...}}], "evses": 1, "transactions": [{"evse": 1, "id": "7"}]}'


def offered(path: Path, evse: int, start: datetime, hours: float, unit: RateUnit, *, worse: bool) -> Iterator[str]:
    """Lines of the composite schedule; raises InvalidScenario where the file is not one."""
    document = _read(path)
    begin_s = seconds(start)
    question = Question(
        evse=evse,
        start_s=begin_s,
        end_s=begin_s + seconds_from_hours(hours),
        unit=unit,
        evses=int(document.get("evses", 1)),
        transactions=tuple(_transaction(given) for given in document.get("transactions", ())),
    )
    answer = worse_reading if worse else composite
    for period in answer(tuple(_profiles(document)), question, Conventions()).periods:
        phases = "" if period.number_phases is None else f", {period.number_phases} phases"
        setpoint = "" if period.setpoint is None else f", setpoint {period.setpoint.value:g} {unit}"
        limit = "/".join(f"{x:g}" for x in period.limit if x is not None)
        yield f"{utc_text(instant(begin_s + period.start_s))}  {limit} {unit}{phases}{setpoint}"


def capabilities(path: Path, version: Version, identity: Identity) -> str:
    """What a station told in a file with its answer, as JSON; raises InvalidScenario where that is no JSON object."""
    found = capability(identity, version, _object(path))
    usual = asdict(Station(id=identity.station_id))
    entry = {name: value for name, value in asdict(found.station).items() if name == "id" or value != usual[name]}
    told = {name: value for name, value in asdict(found).items() if value not in (None, ())} | {"station": entry}
    return json.dumps(told, indent=2)


def heard(path: Path, version: Version, station_id: str, received_at: datetime) -> str:
    """A file with a message of a station as it came over the wire, [2, id, action, payload], as events in JSON."""
    call = json_of(path)
    if not isinstance(call, list) or len(call) != CALL_LENGTH or call[0] != CALL:
        raise _unfit(f"{path} holds no message of a station", 'write it as it came: [2, "id", "MeterValues", {...}]')
    found = translate(version, str(call[2]), call[3], station_id=station_id, received_at=received_at)
    events = [{"event": type(event).__name__} | asdict(event) for event in found.events]
    return json.dumps({"events": events, "defects": found.defects}, indent=2, default=str)


def _read(path: Path) -> dict[str, Any]:
    document = _object(path)
    if not isinstance(document.get("profiles"), list):
        raise _unfit("there is no list of profiles")
    return document


def _object(path: Path) -> dict[str, Any]:
    document = json_of(path)
    if not isinstance(document, dict):
        raise _unfit(f"{path} holds no JSON object")
    return document


def _profiles(document: dict[str, Any]) -> Iterator[InstalledProfile]:
    where = _clock(document.get("time_zone"))
    for given in document["profiles"]:
        if not isinstance(given, dict) or "profile" not in given:
            raise _unfit("an entry of profiles has no profile")
        yield installed_profile(given["profile"], int(given.get("evse", 1)), where)


def _clock(name: Any) -> ZoneInfo | None:
    """At the station; schedules that follow it cannot be read without."""
    found = zone(name) if isinstance(name, str) else None
    if name is not None and found is None:
        raise _unfit(f"{str(name)[:40]!r} is no time zone", "write an IANA name, as Europe/Berlin")
    return found


def _transaction(given: dict[str, Any]) -> tuple[int, Transaction]:
    start = given.get("start")
    start_s = None if start is None else seconds(datetime.fromisoformat(start))
    name = given.get("id")
    return int(given.get("evse", 1)), Transaction(id=None if name is None else str(name), start_s=start_s)


def _unfit(message: str, remedy: str = SHAPE) -> InvalidScenario:
    return InvalidScenario((Finding(path="", message=message, remedy=remedy),))
