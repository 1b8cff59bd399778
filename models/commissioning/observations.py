"""The log of a script that a CSMS carried out, read tolerantly: what was answered, what was measured, and when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.events import Measured, StationEvent
from models.domain.findings import Finding
from models.domain.times import seconds
from models.ocpp.inbound import translate
from models.ocpp.profile import Version, version_of

CALL, RESULT, ERROR = 2, 3, 4
SENT, RECEIVED, STEP, WAITED, PLUGGED, CUT, BACK = "sent", "received", "step", "waited", "plugged", "cut", "back"
_SHAPE = 'write {"station": "cp-1", "version": "1.6", "log": [{"at": "2026-03-02T12:00:00Z", "event": "sent", ...}]}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call of the CSMS and what the station made of it."""

    step: str
    action: str
    payload: Mapping[str, Any]
    at_s: float
    reply: Mapping[str, Any]
    error: str | None
    """The code of a CALLERROR."""

    @property
    def accepted(self) -> bool:
        return self.error is None and self.reply.get("status") == "Accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that the CSMS, or somebody at the station, did."""

    event: str
    step: str
    at_s: float
    evse: int = 1


@dataclass(slots=True, kw_only=True)
class Observations:
    """Times are seconds since 1970 by the clock of the CSMS."""

    station_id: str
    version: Version
    evses: int = 1
    phases: int = 3
    voltage_v: float = 230.0
    marks: list[Mark] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    heard: list[tuple[str, float, StationEvent]] = field(default_factory=list)
    """Step, when it arrived, what was said."""

    @property
    def clock_offset_s(self) -> float:
        """The station's clock less the CSMS's; the median, since what is told late only seems to be off."""
        apart = [seconds(event.at) - at_s for _, at_s, event in self.heard if isinstance(event, Measured)]
        return median(apart) if apart else 0.0

    def measured(self, evse: int) -> list[tuple[float, Measured]]:
        """By the clock of the CSMS, oldest first; of an EVSE, or of a transaction that names none."""
        offset_s = self.clock_offset_s
        found = [
            (seconds(event.at) - offset_s, event)
            for _, _, event in self.heard
            if isinstance(event, Measured) and event.evse_number in (None, evse)
        ]
        return sorted(found, key=lambda reading: reading[0])

    def of_step(self, step: str, event: str) -> list[Mark]:
        return [mark for mark in self.marks if (mark.step, mark.event) == (step, event)]


def read_observations(document: Any) -> Observations:
    """From JSON values. Raises InvalidScenario where that is no log; entries that cannot be read are left out."""
    if not isinstance(document, Mapping) or not isinstance(document.get("log"), list):
        raise _unfit("the observations have no log")
    read = Observations(
        station_id=str(document.get("station", "station")),
        version=version_of(str(document.get("version"))),
        evses=_positive(document.get("evses"), 1),
        phases=_positive(document.get("phases"), 3),
        voltage_v=float(_positive(document.get("voltage_v"), 230)),
    )
    step, asked = "", dict[str, tuple[str, float, list[Any]]]()
    for entry in _entries(document["log"]):
        step = str(entry.get("step") or step)
        _take(read, entry, step, asked)
    return read


def _take(
    read: Observations, entry: Mapping[str, Any], step: str, asked: dict[str, tuple[str, float, list[Any]]]
) -> None:
    at_s, event, message = entry["at_s"], entry.get("event"), entry.get("message")
    if not isinstance(message, list) or len(message) < 3:
        evse = entry.get("evse")
        read.marks.append(Mark(event=str(event), step=step, at_s=at_s, evse=evse if isinstance(evse, int) else 1))
    elif event == SENT and message[0] == CALL and len(message) > 3:
        asked[str(message[1])] = (step, at_s, message)
    elif event == RECEIVED and message[0] in (RESULT, ERROR) and str(message[1]) in asked:
        read.answered.append(_answered(*asked.pop(str(message[1])), message))
    elif event == RECEIVED and message[0] == CALL and len(message) > 3:
        told = translate(read.version, str(message[2]), message[3], station_id=read.station_id, received_at=entry["at"])
        read.heard += [(step, at_s, event) for event in told.events]


def _answered(step: str, at_s: float, call: list[Any], reply: list[Any]) -> Answered:
    payload = call[3] if isinstance(call[3], Mapping) else {}
    told = reply[2] if reply[0] == RESULT and isinstance(reply[2], Mapping) else {}
    error = str(reply[2]) if reply[0] == ERROR else None
    return Answered(step=step, action=str(call[2]), payload=payload, at_s=at_s, reply=told, error=error)


def _entries(log: list[Any]) -> Iterator[dict[str, Any]]:
    """Those with a time."""
    for entry in log:
        at = _time(entry.get("at")) if isinstance(entry, Mapping) else None
        if at is not None:
            yield dict(entry) | {"at": at, "at_s": seconds(at)}


def _time(given: Any) -> datetime | None:
    try:
        told = datetime.fromisoformat(str(given))
    except ValueError:
        return None
    return told if told.tzinfo else None


def _positive(given: Any, otherwise: int) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) and given > 0 else otherwise


def _unfit(message: str) -> InvalidScenario:
    return InvalidScenario((Finding(path="", message=message, remedy=_SHAPE),))
