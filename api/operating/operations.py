"""The use cases of live sites, through a port: hear, plan, hand out commands, take answers. Nothing here asks a clock.

A station waits for none of it: what a CSMS answers to StartTransaction, Authorize or BootNotification does not depend
on what is planned here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.operating import takeover
from api.operating.hearing import Heard, happened, heard, observed
from api.operating.live import Command, LiveSite, Result
from api.operating.planning import Planned, solved, with_plan
from api.operating.sending import answered, events_of, taken
from api.planning import DEADLINE_S
from api.ports import SiteStore
from models.domain.answers import ConnectionLost, ConnectionRegained
from models.domain.session import Session
from optimizer.rolling.state import ForeignProfile
from optimizer.rolling.verdict import Verdict
from optimizer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """What can be done with the sites of a store. Every method raises NotFound for a site that is not in it."""

    store: SiteStore
    token_key: bytes = b""
    """What tokens of drivers are hashed with."""
    settings: Settings = Settings()
    deadline_s: float = DEADLINE_S

    def hear(self, site: str, station: str, frame: Any, now: datetime) -> Heard:
        """One OCPP frame of a station, as JSON text or its parts; never raises for what is in it."""
        return self.store.change(site, lambda live: heard(live, station, frame, now, self.token_key))

    def connected(self, site: str, station: str, now: datetime) -> Heard:
        """A station has a connection again."""
        event = ConnectionRegained(station_id=station, evse_number=None, at=now)
        return self.store.change(site, lambda live: happened(live, event, now))

    def disconnected(self, site: str, station: str, now: datetime) -> Heard:
        event = ConnectionLost(station_id=station, evse_number=None, at=now)
        return self.store.change(site, lambda live: happened(live, event, now))

    def wish(self, site: str, session: Session) -> None:
        """What a driver, an app or a booking says of who stands at ``session.evse``; what is measured comes on top."""
        self.store.change(site, lambda live: (takeover.with_wish(live, session), None))

    def plan_site(self, site: str, now: datetime) -> Planned:
        """Plan what is known now, and have its commands ready; messages may come in while it is solved."""
        planned = solved(self.store.load(site), settings=self.settings, now=now, deadline_s=self.deadline_s)
        return self.store.change(site, lambda live: with_plan(live, planned, now))

    def commands(self, site: str, now: datetime) -> tuple[Command, ...]:
        """What may be sent now; from here on it counts as sent. What had no answer in time is given up."""
        return self.store.change(site, lambda live: taken(live, now))

    def acknowledge(self, site: str, command_id: str, result: Result, now: datetime) -> None:
        """What became of a command; of one that nobody waits for any more nothing changes."""
        self.store.change(site, lambda live: (_acknowledged(live, command_id, result, now), None))

    def verdicts(self, site: str) -> tuple[Verdict, ...]:
        """What is wrong with EVSEs of a site, with the evidence."""
        return tuple(v for record in self.store.load(site).state.evses.values() for v in record.verdicts)

    def look_for_others(self, site: str, now: datetime) -> None:
        """Have every station asked for the profiles that it has; what is not ours is then in ``foreign``."""
        self.store.change(site, lambda live: (takeover.asked(live, now), None))

    def foreign(self, site: str) -> tuple[ForeignProfile, ...]:
        """Profiles of others; they stay until ``adopt``."""
        return tuple(p for station in self.store.load(site).state.stations.values() for p in station.foreign)

    def adopt(self, site: str, now: datetime) -> tuple[ForeignProfile, ...]:
        """Clear the profiles of others, where a CSMS may; what it may not is left out."""
        return self.store.change(site, lambda live: takeover.adopted(live, now))


def _acknowledged(live: LiveSite, command_id: str, result: Result, now: datetime) -> LiveSite:
    command = next((c for c in live.outbox if c.id == command_id), None)
    if command is None:
        return live
    return answered(observed(live, tuple(events_of(command, result, live, now)), now), command, result, now)
