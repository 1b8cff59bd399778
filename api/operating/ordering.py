"""What stations are to have, what they are believed to have, and the commands between the two, lower first (S2)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from api.operating.dynamic import steps_of
from api.operating.live import Command, CommandKind, LiveSite, Tells
from api.operating.sending import next_id, still_meant
from models.domain.scenario import Scenario
from models.domain.site import Site, Station
from models.ocpp import messages
from models.ocpp.changes import Believed
from models.ocpp.curves import installed_series
from models.ocpp.messages import Message
from models.ocpp.orders import Command as Order
from models.ocpp.orders import Pace, Step, orders
from models.ocpp.profile import EvseProfile, Slot
from models.ocpp.requests import checked_requests
from optimizer.rolling.state import Role

ROLES = {Slot.PLAN: Role.PLAN, Slot.PLAN_DEFAULT: Role.PLAN, Slot.FAIL_SAFE: Role.DEFAULT, Slot.STATION_MAX: Role.MOST}
"""What is used of a profile in the closed loop; a priority profile holds only while a driver asks for it."""


def ordered(
    live: LiveSite, scenario: Scenario, desired: tuple[EvseProfile, ...], now: datetime, settled_until: datetime
) -> LiveSite:
    """The site with commands for all that differs; raises InvalidScenario for what no station may be sent."""
    desired = tuple(p for p in desired if can_be_told(live, p) and not _is_refused(live, p, now))
    checked_requests(scenario.site, desired)
    held = {one.evse for one in scenario.installed if not one.reachable}
    found = orders(
        replace(scenario, installed=()),
        desired,
        [one for one in believed(live) if one.profile.evse_id not in held and _is_there(live, one.profile)],
        now=now,
        plan_version=live.plans,
        pace=Pace(settled_until=settled_until),
    )
    return _queued(live, scenario.site, found.commands, now)


def directly(live: LiveSite, site: Site, profiles: Iterable[EvseProfile], now: datetime) -> LiveSite:
    """The site with commands that wait for nothing: of EVSEs that count at their rating whatever they are sent."""
    for profile in (one for one in profiles if can_be_told(live, one)):
        live, name = next_id(live)
        command = _command(live, site, name, profile, messages.setting(profile), now)
        live = replace(live, outbox=(*live.outbox, command))
    return live


def can_be_told(live: LiveSite, profile: EvseProfile) -> bool:
    """Whether there is a way for it to its station."""
    return profile.slot is Slot.PLAN or profile.station_id not in live.plan_only


def with_versions(live: LiveSite, scenario: Scenario) -> Scenario:
    """With what each station speaks; a station that the site does not list is one that told nothing."""
    site = scenario.site
    listed = {station.id: station for station in site.stations}
    names = dict.fromkeys([*listed, *(evse.station or evse.id for evse in site.evses)])
    stations = tuple(_speaking(live, listed.get(name, Station(id=name))) for name in names)
    return replace(scenario, site=replace(site, stations=stations))


def believed(live: LiveSite) -> Iterator[Believed]:
    """The last profile that was accepted under each id, and all that were sent since; plans go with their session."""
    for command in live.in_force.values():
        if command.profile is not None and still_meant(live, command):
            yield _believed(command, command.profile, acknowledged=True)
    on_the_way = [*live.unsure, *(c for c in live.outbox if c.taken_at is not None and c.kind is CommandKind.LIMIT)]
    for command in on_the_way:
        if command.profile is not None and still_meant(live, command):
            yield _believed(command, command.profile, acknowledged=False)


def _believed(command: Command, profile: EvseProfile, *, acknowledged: bool) -> Believed:
    return Believed(
        profile=profile,
        plan_version=command.plan_version,
        acknowledged=acknowledged,
        sent_at=command.taken_at,
    )


def _is_there(live: LiveSite, profile: EvseProfile) -> bool:
    return live.state.stations[profile.station_id].reachable


def _is_refused(live: LiveSite, profile: EvseProfile, now: datetime) -> bool:
    until = live.without.get(f"{profile.station_id}/{profile.profile.id}")
    return until is not None and until > now


def _speaking(live: LiveSite, station: Station) -> Station:
    told = live.versions.get(station.id) or station.ocpp_version or live.version
    return replace(station, ocpp_version=told)


def _queued(live: LiveSite, site: Site, found: tuple[Order, ...], now: datetime) -> LiveSite:
    """Under ids of our own, which are those of the messages too."""
    names: dict[str, str] = {}
    for order in found:
        live, names[order.id] = next_id(live)
    for order in found:
        command = _command(live, site, names[order.id], order.profile, order.message, now)
        kind = CommandKind.REMOVE if order.step is Step.CLEAR else CommandKind.LIMIT
        after = tuple(names[name] for name in order.after if name in names)
        command = replace(command, kind=kind, after=after, not_before=order.not_before)
        live = _with_updates(replace(live, outbox=(*live.outbox, command)), site, command, now)
    return live


def _with_updates(live: LiveSite, site: Site, command: Command, now: datetime) -> LiveSite:
    """A dynamic profile is told at its time what holds from then on, unless a new plan comes before."""
    before = command.id
    for when, period, profile in steps_of(command.profile) if command.profile is not None else ():
        live, name = next_id(live)
        update = _command(live, site, name, profile, messages.updating(profile, period), now)
        live = replace(live, outbox=(*live.outbox, replace(update, after=(before,), not_before=when)))
        before = name
    return live


def _command(live: LiveSite, site: Site, name: str, profile: EvseProfile, message: Message, now: datetime) -> Command:
    return Command(
        id=name,
        station=profile.station_id,
        kind=CommandKind.LIMIT,
        version=profile.version,
        action=message.action,
        payload=dict(message.payload),
        created_at=now,
        tells=_tells(site, profile, now),
        session=profile.session_id,
        evse=profile.evse_id,
        profile=profile,
        plan_version=live.plans,
    )


def _tells(site: Site, profile: EvseProfile, now: datetime) -> tuple[Tells, ...]:
    """Its limits as powers with all phases of the EVSE in use, as what is installed counts."""
    evse = next((evse for evse in site.evses if evse.id == profile.evse_id), None)
    if evse is None or profile.slot not in ROLES:
        return ()
    series = installed_series(site, evse, profile, now)
    return (
        Tells(
            evse=evse.id,
            role=ROLES[profile.slot],
            profile_id=profile.profile.id,
            power_kw=series,
            stays=profile.slot is Slot.PLAN_DEFAULT,
        ),
    )
