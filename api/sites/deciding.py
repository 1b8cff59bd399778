"""An operator decides for one EVSE: told, judged, kept with its author and its end, and in the next plan."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from api.operating.live import Command, CommandKind, LiveSite
from api.operating.sending import next_id
from api.sites.commanding import live_site
from api.sites.forms import Override, OverrideKind
from api.sites.judging import judge_alone, refuse
from api.sites.keeping import Desk, Kept
from api.sites.waking import wake
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound
from models.domain.findings import Finding
from models.ocpp import messages
from models.ocpp.profile import EvseProfile

LONGEST = timedelta(days=7)
"""What is to hold for longer belongs into the site."""


def override(desk: Desk, evse: str, told: Override, now: datetime) -> Kept[Override]:
    """Let it hold from now on, in place of what held before; raises NotFound, InvalidDocument, Conflict."""
    judge_alone(told)
    refuse(_unfit(told, now))
    if evse not in {one.id for one in desk.get(Kind.SITE).value.evses}:
        raise NotFound("the site has no EVSE of this id")
    there = next((kept.id for kept in desk.every(Kind.SESSION) if kept.value.told.evse == evse), None)
    if told.kind is OverrideKind.BOOST and there is None:
        raise Conflict("there is no car to boost at this EVSE")
    named = replace(told, by=desk.who, set_at=now, session=there)
    kept = desk.put(Kind.OVERRIDE, named, id=evse, expected=None, what=f"{told.kind} told")
    if told.kind is OverrideKind.EXCLUDE:
        desk.keep(Kind.STATE, released(live_site(desk, now), evse, now))
    wake(desk, now)
    return kept


def end_override(desk: Desk, evse: str, now: datetime) -> None:
    """Let plans decide again; raises NotFound."""
    found: Kept[Override] = desk.get(Kind.OVERRIDE, evse)
    desk.remove(Kind.OVERRIDE, id=evse, expected=None, what=f"{found.value.kind} ended")
    wake(desk, now)


def released(live: LiveSite, evse: str, now: datetime) -> LiveSite:
    """The site with our profiles at an EVSE to be cleared, so that whoever steers it now finds none of ours. Pure."""
    ours = {one.key: one for one in _ours(live, evse)}
    live = replace(
        live,
        outbox=tuple(command for command in live.outbox if command.evse != evse),
        unsure=tuple(command for command in live.unsure if command.evse != evse),
        in_force={name: command for name, command in live.in_force.items() if command.evse != evse},
    )
    for key in sorted(ours):
        live, name = next_id(live)
        live = replace(live, outbox=(*live.outbox, _clearing(name, ours[key], now)))
    return live


def _ours(live: LiveSite, evse: str) -> Iterator[EvseProfile]:
    """Accepted, on their way, and those that nobody answered to."""
    on_the_way = (command for command in live.outbox if command.taken_at is not None)
    for command in (*live.in_force.values(), *live.unsure, *on_the_way):
        if command.profile is not None and command.profile.evse_id == evse:
            yield command.profile


def _clearing(name: str, profile: EvseProfile, now: datetime) -> Command:
    message = messages.clearing(profile.version, profile.profile.id)
    return Command(
        id=name,
        station=profile.station_id,
        kind=CommandKind.CLEAR,
        version=profile.version,
        action=message.action,
        payload=dict(message.payload),
        created_at=now,
        evse=profile.evse_id,
    )


def _unfit(told: Override, now: datetime) -> Iterator[Finding]:
    limited = told.kind is OverrideKind.LIMIT
    if limited != (told.limit_kw is not None):
        message = "a manual limit has a number, nothing else has one"
        yield Finding(path="limit_kw", message=message, remedy="write limit_kw with the kind limit, and with no other")
    if not now < told.until <= now + LONGEST:
        message = f"it has to end within {LONGEST.days} days, and after now"
        yield Finding(path="until", message=message, remedy="write a time with its offset from UTC")
