"""The use cases of a live site through the HTTP service, for a CSMS that steers its charge points by them.

``ThroughService`` stands in for ``Operations``: what a station says is forwarded, commands are pulled, answers told.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chargewright_client import Client

from api.operating.hearing import Heard
from api.operating.planning import Planned
from models.domain.session import Session
from models.ocpp.profile import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A command as it was pulled."""

    id: str
    station: str
    action: str
    payload: dict[str, Any]
    advice: bool


@dataclass(slots=True)
class ThroughService:
    """``clock`` is the service's own, moved to the time of each call."""

    api: Client
    clock: Any
    versions: dict[str, Version]
    site: str = "yard"
    carries_out_advice: bool = False
    offered: list[Told] = field(default_factory=list)
    """Commands that were advice, and were left alone."""
    seen: set[str] = field(default_factory=set)

    def hear(self, site: str, station: str, frame: list[Any], now: datetime) -> Heard:
        self.clock.now = now
        if frame[0] == 2 and frame[2] == "Heartbeat":
            return Heard()  # says nothing of charging
        version = self.versions[station].value
        if frame[0] == 2:
            told = self.api.forward_message(
                self.site, version, frame[2], frame[3], station=station, message_id=str(frame[1])
            )
        elif frame[0] == 3:
            told = self.api.forward_message(
                self.site, version, "Answer", frame[2], station=station, message_id=str(frame[1]), answer=True
            )
        else:
            outcome = {"command": str(frame[1]), "outcome": "call_error", "reason": str(frame[2])}
            self.api.acknowledge_commands(self.site, [outcome])  # type: ignore[list-item]
            return Heard()
        return Heard(defects=tuple(told["defects"]), due=("a message",) if told["events"] else ())

    def connected(self, site: str, station: str, now: datetime) -> Heard:
        self.clock.now = now
        self.api.tell_connection(self.site, station, True)
        return Heard(due=("a connection",))

    def disconnected(self, site: str, station: str, now: datetime) -> Heard:
        self.clock.now = now
        self.api.tell_connection(self.site, station, False)
        return Heard()

    def plan_site(self, site: str, now: datetime) -> Planned:
        self.clock.now = now
        self.api.make_plan(self.site)
        return Planned(answer=None)

    def commands(self, site: str, now: datetime) -> tuple[Told, ...]:
        """Those that were not pulled before; advice is looked at and left."""
        self.clock.now = now
        found = []
        for one in self.api.pull_commands(self.site)["commands"]:
            told = Told(
                id=one["id"],
                station=one["station"],
                action=one["action"],
                payload=one["payload"],
                advice=one["advice"],
            )
            if told.id in self.seen:
                continue
            self.seen.add(told.id)
            if told.advice and not self.carries_out_advice:
                self.offered.append(told)
            else:
                found.append(told)
        return tuple(found)

    def wish(self, site: str, session: Session) -> None:
        self.api.tell_session(
            self.site,
            {
                "session": f"{session.evse}-{session.arrival:%H%M}",
                "evse": session.evse,
                "plugged_in_at": session.arrival,
                "departure": session.departure,
                "energy_target_kwh": session.energy_target_kwh,
            },
        )
