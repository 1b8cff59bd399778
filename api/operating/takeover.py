"""Taking over a site that somebody else steered: their profiles are listed, and cleared only when that is asked for."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from api.operating.live import Command, CommandKind, LiveSite
from api.operating.plugs import number_at
from api.operating.sending import next_id, question
from models.domain.answers import ProfilesReported
from models.domain.events import StationEvent
from models.domain.session import Session
from models.ocpp.messages import clearing
from models.ocpp.profile import Version
from optimizer.rolling.changing import with_station
from optimizer.rolling.state import UNNAMED, ForeignProfile

NOT_OURS_TO_CLEAR = {"ChargingStationExternalConstraints"}
"""Limits of the grid, which no CSMS may take away."""


def with_wish(live: LiveSite, session: Session) -> LiveSite:
    return replace(live, state=replace(live.state, wishes={**live.state.wishes, session.evse: session}))


def asked(live: LiveSite, now: datetime) -> LiveSite:
    """OCPP 2.x tells its profiles; 1.6 only what they come to, for each EVSE."""
    for station in live.state.stations:
        live = asked_of(live, station, now)
    return live


def asked_of(live: LiveSite, station: str, now: datetime) -> LiveSite:
    """The same of one station."""
    two = live.version_of(station) is not Version.V16
    return _asked_2x(live, station, now) if two else _asked_16(live, station, now)


def adopted(live: LiveSite, now: datetime) -> tuple[LiveSite, tuple[ForeignProfile, ...]]:
    """Each is cleared by its id alone, so that nothing else goes with it; one that we took the place of is gone."""
    cleared: list[ForeignProfile] = []
    for station in live.state.stations.values():
        ours = _ours(live, station.id)
        theirs = [p for p in station.foreign if p.purpose not in NOT_OURS_TO_CLEAR and p.profile_id != UNNAMED]
        for profile in theirs:
            if profile.profile_id not in ours:
                live = _clearing(live, profile, now)
                cleared.append(profile)
        kept = tuple(p for p in station.foreign if p not in theirs)
        live = replace(live, state=with_station(live.state, station.id, foreign=kept))
    return live, tuple(cleared)


def of_others(live: LiveSite, event: StationEvent) -> StationEvent:
    """A report without profiles of ours; the state alone does not know maxima of stations, which no EVSE was told."""
    if not isinstance(event, ProfilesReported):
        return event
    ours = _ours(live, event.station_id)
    return replace(event, profiles=tuple(profile for profile in event.profiles if profile.id not in ours))


def _ours(live: LiveSite, station: str) -> set[int]:
    """Ids of what a station has of us, or may have."""
    sent = (*live.in_force.values(), *live.unsure, *(c for c in live.outbox if c.taken_at is not None))
    return {one.profile.profile.id for one in sent if one.station == station and one.profile is not None}


def _asked_2x(live: LiveSite, station: str, now: datetime) -> LiveSite:
    live, name = next_id(live)
    payload = {"requestId": live.sent, "chargingProfile": {}}
    return _queued(live, name, station, CommandKind.LIST, "GetChargingProfiles", payload, now)


def _asked_16(live: LiveSite, station: str, now: datetime) -> LiveSite:
    for record in live.state.evses.values():
        if record.station == station:
            live, name = next_id(live)
            ask = question(live, station, number_at(live, record.id), record.id, name, (), now)
            live = replace(live, outbox=(*live.outbox, ask))
    return live


def _clearing(live: LiveSite, profile: ForeignProfile, now: datetime) -> LiveSite:
    live, name = next_id(live)
    clear = clearing(live.version_of(profile.station), profile.profile_id)
    return _queued(live, name, profile.station, CommandKind.CLEAR, clear.action, dict(clear.payload), now)


def _queued(
    live: LiveSite, name: str, station: str, kind: CommandKind, action: str, payload: dict[str, Any], now: datetime
) -> LiveSite:
    version = live.version_of(station)
    command = Command(
        id=name, station=station, kind=kind, version=version, action=action, payload=payload, created_at=now
    )
    return replace(live, outbox=(*live.outbox, command))
