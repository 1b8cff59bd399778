"""Giving a site back to whoever steered it before: our profiles are cleared, and nothing is planned any more."""

from dataclasses import replace
from datetime import datetime

from api.operating.live import Command, CommandKind, LiveSite
from api.operating.sending import next_id
from api.sites.commanding import live_site
from api.sites.forms import SiteMode, SitePolicy
from api.sites.keeping import Desk
from api.store.records import Kind
from models.ocpp.profile import Version


def hand_back(desk: Desk, reason: str, now: datetime) -> int:
    """How many profiles are to be cleared; done again, it changes nothing. Raises NotFound."""
    live, policy = live_site(desk, now), desk.find(Kind.POLICY)
    told: SitePolicy = policy.value if policy else SitePolicy()
    if told.mode is SiteMode.HANDED_BACK:
        return 0
    live = cleared(live, now)
    desk.put(Kind.POLICY, replace(told, mode=SiteMode.HANDED_BACK), expected=None, what="handed back")
    desk.audit("mode", desk.site, mode=SiteMode.HANDED_BACK, before=told.mode, reason=reason)
    desk.keep(Kind.STATE, live)
    return len(live.outbox)


def cleared(live: LiveSite, now: datetime) -> LiveSite:
    """The site with a command to clear each profile that a station has, or may have, of us, and no other. Pure."""
    ours = {(command.station, told.profile_id): command for command in live.in_force.values() for told in command.tells}
    for command in live.outbox:
        if command.taken_at is not None:
            ours |= {(command.station, told.profile_id): command for told in command.tells}
    live = replace(live, outbox=())
    for (station, profile_id), command in sorted(ours.items(), key=lambda one: one[0]):
        live, name = next_id(live)
        clear = _clearing(name, station, profile_id, command.version, now)
        live = replace(live, outbox=(*live.outbox, clear))
    return replace(live, in_force={})


def _clearing(name: str, station: str, profile_id: int, version: Version, now: datetime) -> Command:
    field = "id" if version is Version.V16 else "chargingProfileId"
    return Command(
        id=name,
        station=station,
        kind=CommandKind.CLEAR,
        version=version,
        action="ClearChargingProfile",
        payload={field: profile_id},
        created_at=now,
    )
