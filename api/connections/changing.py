"""An operator connects a utility, changes that, and ends it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from api.connections.asking import ask_nothing
from api.connections.forms import AnyConnection, Connection, LimitHeartbeat, Oscp
from api.connections.hearing import finish
from api.connections.judging import unfit
from api.connections.keeping import Line, opening, read_connection
from api.connections.secrets import Secrets
from api.connections.state import State
from api.service import Service
from api.sites.judging import refuse
from api.store.records import Document
from models.domain.errors import Conflict, NotFound
from models.domain.guarded_limit import configured
from models.domain.wire import form_json

_WHO = ("kind", "base_url", "url", "programme", "version", "ven_name", "ven_id")
"""A connection in which one of these is another one leads to somebody else, of whom nothing is known."""


def connect(service: Service, line: Line, told: AnyConnection, now: datetime, expected: int | None) -> Document:
    """The connection as it is kept, without its secrets; raises InvalidDocument, Conflict."""
    secrets = Secrets(service.settings, line.tenant, line.id)
    refuse(unfit(told, secrets, line.unit, line.tenant))
    found = line.find()
    before = read_connection(found.body) if found else None
    known = line.state(now) if before else None
    kept = secrets.take(told, line.unit)
    form: Any = Connection
    document = line.unit.write(line.place, form_json(form, kept), expected=expected)
    line.audit("connection told", revision=document.revision, kind=told.kind)
    if before is not None:
        ask_nothing(line, sorted({s.site for s in before.sites} - {s.site for s in told.sites}), now)
    state = _adapted(line.id, before, kept, known, now)
    finish(line, kept, state, replace(state, due_at=now, asked_at=None), now)
    return document


def disconnect(service: Service, line: Line, now: datetime, expected: int | None) -> None:
    """It is asked no more, and what it said asks nothing any more; its journal stays. Raises NotFound, Conflict."""
    told = line.get()
    line.unit.remove(line.place, expected=expected)
    line.forget()
    Secrets(service.settings, line.tenant, line.id).forget(line.unit)
    line.audit("connection removed")
    ask_nothing(line, [served.site for served in told.sites], now)


def opt_out(line: Line, event: str, reason: str | None, now: datetime) -> State:
    """Take no part in an event, or again (``reason`` None). Raises NotFound, and Conflict where it is binding."""
    told, before = line.get(), line.state(now)
    if event not in before.events and not any(event == (s.event or s.id) for s in before.signals):
        raise NotFound("there is no event of this id")
    if getattr(told, "may_opt_out", False) is not True:
        raise Conflict("the connection does not say may_opt_out: the events of this utility are binding")
    others = {name: why for name, why in before.opted_out.items() if name != event}
    out = others if reason is None else others | {event: reason}
    line.audit("opted in" if reason is None else "opted out", event=event, reason=reason or "")
    return finish(line, told, before, replace(before, opted_out=out), now)


def _adapted(id: str, before: AnyConnection | None, told: AnyConnection, known: State | None, now: datetime) -> State:
    """What is known stays where it is about the same peer."""
    if before is None or known is None or _who(before) != _who(told):
        return opening(id, told, now)
    if isinstance(told, Oscp) and known.oscp is not None:
        provider = replace(known.oscp.provider, groups=told.groups, voltage_v=told.voltage_v)
        return replace(known, oscp=replace(known.oscp, provider=provider))
    if isinstance(told, LimitHeartbeat) and known.guard is not None:
        guard, _ = configured(known.guard, now, failsafe_kw=told.failsafe_kw, failsafe_s=told.failsafe_s)
        return replace(known, guard=replace(guard, let_off=told.let_off, flow=told.flow))
    return known


def _who(told: AnyConnection) -> tuple[object, ...]:
    return tuple(getattr(told, name, None) for name in _WHO)
