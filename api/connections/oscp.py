"""A capacity provider of OSCP 2.0 that comes to us: its forecasts limit groups, heartbeats say whether it is there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from api.connections.alarms import about, settled
from api.connections.forms import Oscp
from api.connections.hearing import finish, recorded, said
from api.connections.keeping import Line, writing_line
from api.connections.secrets import Secrets
from api.connections.state import OscpState, State
from api.edges.oscp import OscpProvider, OscpSettings, Peer, Taken, handlers
from api.edges.outside import Outside
from api.service import Service
from api.sites.consumption import register_kwh
from api.sites.keeping import Desk
from api.store.records import Kind
from models.domain.errors import EdgeError, NotFound
from models.domain.findings import Finding
from models.domain.series import value_at
from models.domain.site import Site
from models.domain.utility_signal import Flow
from models.oscp.provider import Forecast, Reply, alarm, in_force
from models.oscp.wire import ForecastType
from models.oscp.written import group_measurements

PEER_TOKEN, FORECAST = "peer_token", "update_group_capacity_forecast"
LOOK = timedelta(seconds=60)
"""At the latest it is looked at again."""
MOST_REFUSED = 100
IMPORTS = (ForecastType.CONSUMPTION, ForecastType.FALLBACK_CONSUMPTION)


def our_url(service: Service, tenant: str, id: str) -> str:
    """Where the capacity provider reaches us."""
    return f"{service.settings.public_url.rstrip('/')}/oscp/{tenant}/{id}/fp/2.0"


def opened(service: Service, line: Line, told: Oscp, now: datetime) -> OscpProvider:
    """Our side as it is kept; to be closed. Raises EdgeError where its secrets cannot be read."""
    secrets, state = Secrets(service.settings, line.tenant, line.id), _of(line.state(now))
    settings = OscpSettings(
        our_token=secrets.get("token", told.token, line.unit),
        our_url=our_url(service, line.tenant, line.id),
        heartbeat_interval_s=told.heartbeat_interval_s,
        acknowledgment_path=told.acknowledgment_path,
    )
    outside = Outside(service.settings.peer_allow.split(","))
    ours = OscpProvider(state.provider, settings, service.clock, lambda provider, findings: None, transport=outside)
    if state.base_url:
        token = secrets.get(PEER_TOKEN, None, line.unit)
        ours.peer = Peer(state.base_url, token, state.heartbeat_interval_s)
    return ours


def taken(
    service: Service, tenant: str, id: str, told: Oscp, word: str, method: str, tree: Any, request_id: str
) -> Taken:
    """One message: the answer, and what is to be said in return. Raises NotFound, InvalidScenario, EdgeError."""
    now = service.clock()
    with writing_line(service.store, now, tenant, id, id) as line:
        ours, before = opened(service, line, told, now), line.state(now)
        take = _taker(ours, word, method)
        reply, in_return = take(tree, request_id)
        after = _with(service, line, before, ours, now)
        after = _recorded(line, after, word, tree, reply, now)
        finish(line, told, before, _looked_at(after, now), now)
        return reply, None if in_return is None else _closing(ours, in_return)


def _taker(ours: OscpProvider, word: str, method: str) -> Callable[[Any, str], Taken]:
    if (word, method) == ("register", "DELETE"):
        return lambda tree, request_id: ours.unregistered()
    methods, take = handlers(ours).get(word, ((), None))
    if take is None or method not in methods:
        raise NotFound("there is no such address")
    return take


def _closing(ours: OscpProvider, in_return: Callable[[], None]) -> Callable[[], None]:
    def say() -> None:
        try:
            in_return()
        finally:
            ours.close()

    return say


def look(service: Service, tenant: str, id: str, told: Oscp) -> None:
    """Send what is due, notice whether it is offline, and tell what cannot be kept or was used."""
    now = service.clock()
    with service.store.view() as unit:
        line = Line(unit, tenant, id, id)
        state = _of(line.state(now))
        ours = opened(service, line, told, now)
        errors = list(_not_kept(line, told, state, now))
        used = list(_used(line, told, state, now))
    try:
        findings, done = _sent(ours, told, state, errors, used, now) if ours.peer is not None else ({}, {})
    finally:
        ours.close()
    with writing_line(service.store, now, tenant, id, id) as line:
        before = line.state(now)
        after = replace(before, oscp=replace(_of(before), **done))
        after = settled(after, ("message",), findings, now)
        finish(line, told, before, _looked_at(said(after, in_force(_of(after).provider, now), now), now), now)


def _sent(
    ours: OscpProvider,
    told: Oscp,
    state: OscpState,
    errors: list[tuple[Forecast, str]],
    used: list[dict[str, Any]],
    now: datetime,
) -> tuple[dict[str, Finding], dict[str, Any]]:
    """What did not arrive, and what is to be remembered of what did."""
    findings: dict[str, Finding] = {}
    done: dict[str, Any] = {}
    if state.beat_at is None or now - state.beat_at >= _interval(told, state):
        _tried("heartbeat", ours.beat, findings)
        done["beat_at"] = now
    for forecast, message in errors:
        _tried("compliance error", partial(ours.refuse_forecast, forecast.request_id, message), findings)
        done["refused"] = (*state.refused, forecast.request_id)[-MOST_REFUSED:]
    for body in used:
        _tried("measurements", partial(ours.tell, "update_group_measurements", body), findings)
        done["measured_at"] = now
    return findings, done


def _tried(what: str, say: Callable[[], None], findings: dict[str, Finding]) -> None:
    try:
        say()
    except EdgeError as failure:
        remedy = "look at the line and at its token, or call the capacity provider; it is sent again"
        findings[f"message/{what}"] = Finding(path="oscp", message=f"{what} did not arrive: {failure}", remedy=remedy)


def _not_kept(line: Line, told: Oscp, state: OscpState, now: datetime) -> Iterator[tuple[Forecast, str]]:
    """Forecasts below what nobody here controls: told once each."""
    for forecast in state.provider.forecasts:
        if forecast.type not in IMPORTS or forecast.request_id in state.refused:
            continue
        for interval in forecast.intervals:
            other_kw = _other_load_kw(line, told, forecast.group, max(interval.start, now))
            if interval.end > now and interval.value is not None and other_kw > interval.value:
                message = (
                    f"other load of {other_kw:g} kW is above {interval.value:g} kW from {interval.start:%H:%MZ} on"
                )
                yield forecast, message
                break


def _other_load_kw(line: Line, told: Oscp, group: str, at: datetime) -> float:
    """Expected at the place of a group. [kW]"""
    total_kw = 0.0
    for served in told.sites:
        place = next((one for one in served.rules.groups if one.name == group), None)
        if group not in served.rules.names and (place is None or place.node is None):
            continue
        found = Desk(line.unit, line.tenant, served.site, "").find(Kind.SITE)
        site: Site | None = found.value if found else None
        loads = site.base_loads if site else ()
        mine = [load for load in loads if place is None or load.node == place.node]
        total_kw += sum(value_at(load.expected_kw, at) for load in mine)
    return total_kw


def _used(line: Line, told: Oscp, state: OscpState, now: datetime) -> Iterator[dict[str, Any]]:
    """Registers of groups that are whole sites, when they are due."""
    if state.measured_at is not None and now - state.measured_at < timedelta(seconds=told.measurements_s):
        return
    for served in told.sites:
        kwh = register_kwh(Desk(line.unit, line.tenant, served.site, ""), now)
        for group in (name for name in served.rules.names if name in told.groups):
            if kwh is not None:
                yield group_measurements(group, kwh, now, flow=Flow.IMPORT)


def _with(service: Service, line: Line, before: State, ours: OscpProvider, now: datetime) -> State:
    """What a message has changed of our side; the token that came with it is kept apart."""
    state = replace(_of(before), provider=ours.provider)
    peer = ours.peer
    if peer is None:
        state = replace(state, base_url="", heartbeat_interval_s=None)
    else:
        Secrets(service.settings, line.tenant, line.id).keep(PEER_TOKEN, peer.token, line.unit)
        state = replace(state, base_url=peer.base_url, heartbeat_interval_s=peer.heartbeat_interval_s)
    after = replace(before, oscp=state, contact=before.contact.heard(now))
    return said(after, in_force(state.provider, now), now)


def _looked_at(state: State, now: datetime) -> State:
    """With its alarm, and when it is to be looked at next."""
    mine = _of(state)
    silent = alarm(mine.provider, now)
    state = settled(state, ("contact",), {"contact": silent} if silent else {}, now)
    if silent is not None:
        state = replace(state, contact=state.contact.failed(now, silent.message))
    until = mine.provider.offline_at
    beat_s = (mine.heartbeat_interval_s or LOOK.total_seconds()) / 2.0
    if mine.base_url and mine.beat_at is None:
        return replace(state, due_at=now)
    soon = now + min(LOOK, timedelta(seconds=max(1.0, beat_s)))
    return replace(state, due_at=min(soon, until) if until is not None and until > now else soon)


def _recorded(line: Line, state: State, word: str, tree: Any, reply: Reply, now: datetime) -> State:
    """Forecasts as they came, with an alarm where they are refused; of registrations only that they were."""
    if word != FORECAST:
        if word != "heartbeat":
            line.audit(word, answer=reply.status)
        return state
    told = tree if isinstance(tree, dict) else {}
    name, accepted = f"{told.get('group_id')}/{told.get('type')}"[:200], reply.status is HTTPStatus.NO_CONTENT
    state = recorded(line, state, name, tree, opts_in=accepted, findings=reply.findings, answer=reply.status)
    return about(state, f"event/{name}", None if accepted else next(iter(reply.findings), None), now)


def _interval(told: Oscp, state: OscpState) -> timedelta:
    return timedelta(seconds=state.heartbeat_interval_s or told.heartbeat_interval_s)


def _of(state: State) -> OscpState:
    assert state.oscp is not None, "an OSCP connection has its own state"
    return state.oscp
