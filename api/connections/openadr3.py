"""A VTN of OpenADR 3 that is polled, and that may tell of changes by itself."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from api.connections.alarms import about, settled
from api.connections.forms import OpenAdr3
from api.connections.hearing import failed, finish, reached, recorded, said
from api.connections.keeping import Line, writing_line
from api.connections.state import State
from api.edges.openadr3.connection import MOST_SKEW
from api.edges.openadr3.ven import VenClient
from api.service import Service
from api.settings import ServiceSettings
from models.domain.errors import EdgeError
from models.domain.findings import Finding
from models.openadr.v3 import gac
from models.openadr.v3.channel import Channel, Profile
from models.openadr.v3.feed import Feed, Heard, notified, polled
from models.openadr.v3.wire import Program, read

TOKEN_BYTES = 32
CLIENT_NAME = "chargewright"


@dataclass(frozen=True, slots=True)
class Told:
    """What a VTN said when it was asked."""

    program: Program
    events: Sequence[Any]
    asked_at: datetime


def channel(id: str, told: OpenAdr3) -> Channel:
    """How its words are to be read."""
    return Channel(
        source=id,
        version=told.version,
        profile=told.profile,
        ven_name=told.ven_name,
        price_units=told.price_units,
        power_units=told.power_units,
        change_sign=told.change_sign,
        offset_percent_sign=told.offset_percent_sign,
        safe_mode_events=told.safe_mode_events,
    )


def poll(service: Service, tenant: str, id: str, told: OpenAdr3, client: VenClient) -> None:
    """Ask for all events of the programme, and take in what came; never raises for a VTN that fails."""
    try:
        answer: Told | EdgeError = _asked(client, told, service.clock())
    except EdgeError as failure:
        answer = failure
    now = service.clock()
    with writing_line(service.store, now, tenant, id, id) as line:
        before = line.state(now)
        after = replace(before, due_at=now + timedelta(seconds=told.poll_s))
        if isinstance(answer, EdgeError):
            after = failed(told, after, answer, now)
        else:
            if before.contact.failed_since is not None:  # whoever was away may have forgotten whom to tell
                after = replace(after, openadr3=replace(after.openadr3, subscription_id=""))
            after = _clocked(_taken(line, told, reached(after, now), answer, now), client, now)
        finish(line, told, before, after, now)


def programme(client: VenClient, told: OpenAdr3) -> Program:
    """The one that the connection is about; raises EdgeError where there is none, or more than one."""
    programs = client.programs()
    wanted = [p for p in programs if told.programme in ("", p.program_name)]
    if len(wanted) != 1:
        names = ", ".join(p.program_name for p in programs)[:300] or "none"
        message = f"no single programme {told.programme!r}; it shows {names}: set programme to one of them, or enrol"
        raise EdgeError(message, peer=client.connection.peer, retryable=False)
    if told.profile is Profile.GAC:
        for finding in gac.program_defects(wanted[0], told.version):
            raise EdgeError(finding.message, peer=client.connection.peer, retryable=False)
    return wanted[0]


def _asked(client: VenClient, told: OpenAdr3, now: datetime) -> Told:
    program = programme(client, told)
    return Told(program, client.events(program.id, told.targets), now)


def _taken(line: Line, told: OpenAdr3, state: State, answer: Told, now: datetime) -> State:
    """A poll is the whole truth of its programme; what cannot be read keeps its earlier version in force."""
    feed = Feed(channel=channel(line.id, told), known=state.openadr3.known)
    heard = polled(feed, answer.events, answer.asked_at, now, answer.program)
    state = _with(line, state, heard, answer.events, now)
    refusals = dict(_refusals(heard, answer.events))
    state = settled(state, ("event",), refusals, now)
    ven = replace(state.openadr3, program=answer.program.model_dump(mode="json"))
    return replace(state, openadr3=ven)


def notify(service: Service, tenant: str, id: str, told: OpenAdr3, operation: str, tree: Any) -> None:
    """One event that the VTN told of by itself; what a later poll knows better is not undone.

    One that is not newer is late, or modified with an older date: the VTN is asked at once.
    """
    now = service.clock()
    with writing_line(service.store, now, tenant, id, id) as line:
        before = line.state(now)
        feed = Feed(channel=channel(id, told), known=before.openadr3.known)
        heard = notified(feed, operation, tree, now, _program_of(before))
        trees = [tree] if heard.answers else []
        after = _with(line, before, heard, trees, now)
        if not _is_newer(feed, heard, _id(tree)):
            after = replace(after, due_at=now)
        if not heard.answers and heard.signals:
            line.audit("event", event=_id(tree), message=tree, answer=operation)
        key = f"event/{_id(tree)}"
        after = about(after, key, dict(_refusals(heard, trees)).get(key), now)
        finish(line, told, before, after, now)


def _is_newer(before: Feed, heard: Heard, event_id: str) -> bool:
    """Whether an event is known otherwise than before."""
    was, now_is = (
        {each.event_id: (each.version, each.gone) for each in feed.known}.get(event_id) for feed in (before, heard.feed)
    )
    return was != now_is


def _with(line: Line, state: State, heard: Heard, trees: Sequence[Any], now: datetime) -> State:
    for tree, answer in zip(trees, heard.answers, strict=True):
        told = "refused" if answer.refused else "taken"
        findings = answer.findings
        state = recorded(line, state, _id(tree), tree, opts_in=not answer.refused, findings=findings, answer=told)
    return said(replace(state, openadr3=replace(state.openadr3, known=heard.feed.known)), heard.signals, now)


def _refusals(heard: Heard, trees: Sequence[Any]) -> Iterator[tuple[str, Finding]]:
    """Of every event the first thing that is wrong with it."""
    for tree, answer in zip(trees, heard.answers, strict=True):
        for finding in answer.findings[:1]:
            yield f"event/{_id(tree)}", finding


def _clocked(state: State, client: VenClient, now: datetime) -> State:
    """Two clocks that differ start an event at two times."""
    skew = client.connection.clock_skew
    told = {}
    if skew is not None and abs(skew) > MOST_SKEW:
        message = f"the clock of {state.contact.source} is {skew.total_seconds():+.0f} s from ours"
        told["clock"] = _finding(message, "let this machine follow a time server; where it does, tell the utility")
    state = settled(state, ("clock",), told, now)
    return replace(state, skew_s=None if skew is None else skew.total_seconds())


def introduce(service: Service, tenant: str, id: str, told: OpenAdr3, client: VenClient) -> None:
    """Register ourselves and our sites, and subscribe, where that is still to be done; failures are alarms."""
    with service.store.view() as unit:
        known = Line(unit, tenant, id, id).state(service.clock()).openadr3
    if known.program is None:
        return
    if not known.ven_id:
        _tried(service, tenant, id, told, "registration", partial(_register, service, tenant, id, told, client))
    if told.webhook and service.settings.public_url and not known.subscription_id:
        program_id = read(Program, known.program).id
        step = partial(_subscribe, service, tenant, id, client, program_id)
        _tried(service, tenant, id, told, "subscription", step)


def _tried(service: Service, tenant: str, id: str, told: OpenAdr3, kind: str, step: Callable[[], None]) -> None:
    found = {}
    try:
        step()
    except EdgeError as failure:
        found[kind] = _finding(f"{id}: {kind} failed: {failure}", _REMEDIES[kind])
    now = service.clock()
    with writing_line(service.store, now, tenant, id, id) as line:
        before = line.state(now)
        finish(line, told, before, settled(before, (kind,), found, now), now)


_REMEDIES = {
    "registration": "ask the utility for the scope write_vens, or to register us; events are polled meanwhile",
    "subscription": "let the service be reached at CHARGEWRIGHT_PUBLIC_URL; events are polled meanwhile",
}


def _register(service: Service, tenant: str, id: str, told: OpenAdr3, client: VenClient) -> None:
    ven = client.register(told.ven_name)
    for served in told.sites:
        client.register_resource(ven.id, resource_name(served.site, served.rules.names))
    _remember(service, tenant, id, ven_id=ven.id)


def resource_name(site: str, names: Sequence[str]) -> str:
    """As the utility calls a site, else as we do."""
    return names[0] if names else site


def _subscribe(service: Service, tenant: str, id: str, client: VenClient, program: str) -> None:
    """In place of earlier ones. The token is known here before it is told: the VTN may come with it at once."""
    name = f"{CLIENT_NAME} {id}"
    for old in client.subscriptions(name):
        client.unsubscribe(old.id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    _remember(service, tenant, id, hook_sha256=sha256(token.encode()).hexdigest())
    url = hook_url(service.settings, tenant, id)
    made = client.subscribe(name, program, url, token)
    _remember(service, tenant, id, subscription_id=made.id)


def hook_url(settings: ServiceSettings, tenant: str, id: str) -> str:
    """Where a VTN tells us of changes."""
    return f"{settings.public_url.rstrip('/')}/openadr3/{tenant}/{id}"


def _remember(service: Service, tenant: str, id: str, **more: Any) -> None:
    now = service.clock()
    with writing_line(service.store, now, tenant, id, id) as line:
        state = line.state(now)
        line.keep(replace(state, openadr3=replace(state.openadr3, **more)))


def _program_of(state: State) -> Program | None:
    """As the last poll showed it; None before the first one."""
    return None if state.openadr3.program is None else read(Program, state.openadr3.program)


def _id(tree: Any) -> str:
    return str(tree.get("id") or "")[:200] if isinstance(tree, dict) else ""


def _finding(message: str, remedy: str) -> Finding:
    return Finding(path="connection", message=message, remedy=remedy)
