"""Giving a site back to whoever steered it before: our profiles are cleared, theirs restored, and planning ends."""

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
from optimizer.rolling.state import ForeignProfile

RESTORED = ("TxDefaultProfile", "ChargingStationMaxProfile")
"""What a station keeps without a transaction; OCPP 1.6 reports no profiles, so there is nothing to restore."""


def hand_back(desk: Desk, reason: str, now: datetime) -> int:
    """How many commands it takes; done again, it changes nothing. Raises NotFound."""
    live, policy = live_site(desk, now), desk.find(Kind.POLICY)
    told: SitePolicy = policy.value if policy else SitePolicy()
    if told.mode is SiteMode.HANDED_BACK:
        return 0
    live = restored(cleared(live, now), now)
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


def restored(live: LiveSite, now: datetime) -> LiveSite:
    """The site with a command for each profile that was recorded when it was taken over, once ours are gone. Pure.

    Those of transactions went with them; those that no CSMS may set are left to whoever did.
    """
    clears = {station: [c.id for c in live.outbox if c.station == station] for station in live.state.stations}
    for station in live.state.stations.values():
        for profile in station.recorded:
            if profile.purpose in RESTORED and profile.wire:
                live, name = next_id(live)
                command = _restoring(live, name, profile, tuple(clears[station.id]), now)
                live = replace(live, outbox=(*live.outbox, command))
    return live


def _restoring(live: LiveSite, name: str, profile: ForeignProfile, after: tuple[str, ...], now: datetime) -> Command:
    return Command(
        id=name,
        station=profile.station,
        kind=CommandKind.RESTORE,
        version=live.version_of(profile.station),
        action="SetChargingProfile",
        payload={"evseId": profile.evse_number, "chargingProfile": dict(profile.wire)},
        created_at=now,
        after=after,
    )


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
