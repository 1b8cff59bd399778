"""Messages that a CSMS forwards as they are: read tolerantly, folded into what is known, answered with what to send."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from api.operating import hearing as operating
from api.operating.hearing import happened, heard
from api.operating.live import LiveSite
from api.sites.commanding import CommandLine, live_site, pull
from api.sites.followed import note_followed
from api.sites.forms import ConnectionTold, Measurement, MeasurementBatch
from api.sites.keeping import Desk
from api.sites.stays import metered
from api.sites.waking import wake
from api.store.records import Kind, Place
from models.domain.answers import ConnectionLost, ConnectionRegained
from models.domain.errors import NotFound
from models.domain.events import Measured, StationEvent
from models.domain.wire import form_json
from models.ocpp.profile import Version
from optimizer.rolling.changing import evse_of

KEY_BYTES = 32


class Heard(BaseModel):
    """What a message said, and what is to be sent now."""

    events: list[str]
    """Kinds of things that it told."""
    defects: list[str]
    """What was odd about it."""
    commands: list[CommandLine]
    answer: dict[str, Any] | None = None
    """To PullDynamicScheduleUpdate alone: what to answer the station; every other answer is your own."""


def hear(desk: Desk, station: str, version: Version, frame: list[Any], now: datetime) -> Heard:
    """One frame of a station; raises NotFound for a site or a station that is not there, and for nothing else."""
    before = _live_with(desk, station, now)
    live = replace(before, versions={**before.versions, station: version})
    return _kept(desk, station, before, heard(live, station, frame, now, _token_key(desk)), now)


def hear_of_connection(desk: Desk, station: str, told: ConnectionTold, now: datetime) -> Heard:
    """A station was lost, or is there again and is sent again what it had; raises NotFound."""
    before = _live_with(desk, station, now)
    kind = ConnectionRegained if told.connected else ConnectionLost
    event = kind(station_id=station, evse_number=None, at=now)
    return _kept(desk, station, before, happened(before, event, now), now)


def _live_with(desk: Desk, station: str, now: datetime) -> LiveSite:
    live = live_site(desk, now)
    if station not in live.state.stations:
        raise NotFound("the site has no station of this id")
    return live


def _kept(desk: Desk, station: str, before: LiveSite, after: tuple[LiveSite, operating.Heard], now: datetime) -> Heard:
    live, told = after
    desk.keep(Kind.STATE, live)
    _keep_measured(desk, live, told.events)
    _note_meters(desk, station, before, live)
    note_followed(desk, before, live, now)
    if told.due:
        wake(desk, now)
    events = [type(event).__name__ for event in told.events]
    return Heard(events=events, defects=list(told.defects), commands=pull(desk, 0, now), answer=told.answer)


def _keep_measured(desk: Desk, live: LiveSite, events: Sequence[StationEvent]) -> None:
    """What meters of EVSEs showed, beside what is told of them otherwise: events are settled by both."""
    seen = [one for event in events if isinstance(event, Measured) and (one := _measurement(live, event)) is not None]
    if seen:
        batch = MeasurementBatch(measurements=tuple(seen))
        desk.unit.append(desk.tenant, Kind.MEASUREMENT, desk.site, "heard", form_json(MeasurementBatch, batch))


def _measurement(live: LiveSite, event: Measured) -> Measurement | None:
    """None where it says nothing of load, or not of which EVSE."""
    record = evse_of(live.state, event)
    if record is None or (event.power_kw is None and event.energy_kwh is None):
        return None
    return Measurement(at=event.at, evse=record.id, power_kw=event.power_kw, register_kwh=event.energy_kwh)


def _note_meters(desk: Desk, station: str, before: LiveSite, after: LiveSite) -> None:
    """Sessions that were told of know what their stations measured: also once the transaction is over."""
    for record in after.state.evses.values():
        known = before.state.evses[record.id]
        if record.station != station or known.session is None or record == known:
            continue
        found = desk.find(Kind.SESSION, known.session.id)
        if found is not None and (stay := metered(found.value, known, record)) != found.value:
            desk.keep(Kind.SESSION, stay, id=found.id)


def _token_key(desk: Desk) -> bytes:
    """The tenant's secret that tokens of drivers are hashed with; made when it is first needed."""
    place = Place(tenant=desk.tenant, kind=Kind.SECRET, id="token_key")
    found = desk.unit.find(place)
    if found is None:
        found = desk.unit.write(place, secrets.token_hex(KEY_BYTES))
    return bytes.fromhex(found.body)
