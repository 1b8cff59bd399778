"""Giving a site back to whoever steered it before: our profiles are cleared, and nothing is planned any more."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from api.operating.live import Command, CommandKind, LiveSite
from api.operating.sending import next_id
from api.sites.commanding import live_site
from api.sites.forms import SiteMode, SitePolicy
from api.sites.keeping import Desk
from api.store.records import Kind
from models.ocpp import messages
from models.ocpp.profile import EvseProfile


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
    ours = {profile.key: profile for profile in _ours(live)}
    live = replace(live, outbox=(), in_force={}, unsure=())
    for key in sorted(ours):
        live, name = next_id(live)
        live = replace(live, outbox=(*live.outbox, _clearing(name, ours[key], now)))
    return live


def _ours(live: LiveSite) -> Iterator[EvseProfile]:
    """Accepted, on their way, and those that nobody answered to: their stations may have them."""
    on_the_way = (command for command in live.outbox if command.taken_at is not None)
    for command in (*live.in_force.values(), *live.unsure, *on_the_way):
        if command.profile is not None:
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
    )
