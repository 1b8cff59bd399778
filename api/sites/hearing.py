"""Messages that a CSMS forwards as they are: read tolerantly, folded into what is known, answered with what to send."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from api.operating.hearing import heard
from api.sites.commanding import CommandLine, live_site, pull
from api.sites.keeping import Desk
from api.sites.waking import wake
from api.store.records import Kind, Place
from models.domain.errors import NotFound
from models.ocpp.profile import Version

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
    before = live_site(desk, now)
    if station not in before.state.stations:
        raise NotFound("the site has no station of this id")
    live = replace(before, versions={**before.versions, station: version})
    live, told = heard(live, station, frame, now, _token_key(desk))
    desk.keep(Kind.STATE, live)
    if told.due:
        wake(desk, now)
    events = [type(event).__name__ for event in told.events]
    return Heard(events=events, defects=list(told.defects), commands=pull(desk, 0, now), answer=told.answer)


def _token_key(desk: Desk) -> bytes:
    """The tenant's secret that tokens of drivers are hashed with; made when it is first needed."""
    place = Place(tenant=desk.tenant, kind=Kind.SECRET, id="token_key")
    found = desk.unit.find(place)
    if found is None:
        found = desk.unit.write(place, secrets.token_hex(KEY_BYTES))
    return bytes.fromhex(found.body)
