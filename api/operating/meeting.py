"""Stations that get their first profile of ours are asked before what they have, so that it can be given back.

Asked are stations of which something was forwarded: what others report would never arrive. A plan of a car waits for
nothing. Defaults and maxima, which may take the place of somebody else's, wait for the answer where nobody draws by
them: until they are accepted an EVSE counts at its rating in any case.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from api.operating import takeover
from api.operating.live import Command, CommandKind, LiveSite
from models.ocpp.profile import Slot
from optimizer.rolling.changing import with_station

REPORTS_WITHIN = timedelta(seconds=10)
"""After the question, in which OCPP 2.x stations report: their answer says only that they are going to."""
STANDING = (Slot.FAIL_SAFE, Slot.STATION_MAX)


def met(live: LiveSite, steered: Iterable[str], now: datetime) -> LiveSite:
    """The site with a question to each of these stations that is about to be sent something for the first time."""
    for station in [name for name in steered if _is_new(live, name)]:
        known = {command.id for command in live.outbox}
        live = takeover.asked_of(live, station, now)
        asks = tuple(command for command in live.outbox if command.id not in known)
        held = {command.id for command in live.outbox if _can_wait(live, command, station)}
        names = tuple(ask.id for ask in asks)
        rest = (_after(c, names, now) if c.id in held else c for c in live.outbox if c not in asks)
        live = replace(live, outbox=(*asks, *rest), state=with_station(live.state, station, asked=True))
    return live


def unmet(live: LiveSite, station: str) -> LiveSite:
    """One that booted or came back without anything of ours is asked anew: it may have got something meanwhile."""
    if station not in live.state.stations or _has_ours(live, station):
        return live
    return replace(live, state=with_station(live.state, station, asked=False))


def _is_new(live: LiveSite, station: str) -> bool:
    waits = any(c.station == station and c.kind is CommandKind.LIMIT and c.taken_at is None for c in live.outbox)
    asks = any(c.station == station and c.kind is CommandKind.LIST for c in live.outbox)
    known = live.state.stations[station]
    told = station not in live.plan_only and not known.asked and not _has_ours(live, station)
    return waits and told and not asks and known.reachable and known.heard_at is not None


def _has_ours(live: LiveSite, station: str) -> bool:
    sent = (*live.in_force.values(), *live.unsure, *(c for c in live.outbox if c.taken_at is not None))
    return any(one.station == station and one.profile is not None for one in sent)


def _can_wait(live: LiveSite, command: Command, station: str) -> bool:
    """What stands whoever comes, where no car draws by it now."""
    if command.station != station or command.profile is None or command.profile.slot not in STANDING:
        return False
    planned = {c.evse for c in live.outbox if c.profile is not None and c.profile.slot not in STANDING}
    records = (record for record in live.state.evses.values() if record.station == station)
    concerned = [record for record in records if command.evse in (None, record.id)]
    return not any(record.session is not None and record.id not in planned for record in concerned)


def _after(command: Command, asks: tuple[str, ...], now: datetime) -> Command:
    soonest = max(command.not_before or now, now + REPORTS_WITHIN)
    return replace(command, after=(*command.after, *asks), not_before=soonest)
