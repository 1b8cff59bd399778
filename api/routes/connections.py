"""Connections: utilities that the service asks, listens to, answers and reports to."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from api.connections import guarded
from api.connections.changing import connect, disconnect, opt_out
from api.connections.forms import Connection, LimitHeartbeat
from api.connections.keeping import Line, writing_line
from api.connections.running import line_of
from api.connections.state import State
from api.connections.status import ConnectionStatus, status_of
from api.problems import PreconditionFailed, PreconditionRequired, documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.conditions import Condition, condition
from api.routes.desks import After, Limit, Page, answered, document_answers, page_of
from api.routes.once import OncePerKey
from api.security.access import Admin, Allowed, Caller, Reader
from api.security.keys import Scope
from api.service import Service, service_of
from api.sites.judging import refuse
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound
from models.domain.guarded_limit import GuardState, WrittenLimit

router = APIRouter(prefix="/v1/connections", tags=["connections"], route_class=OncePerKey)

Served = Annotated[Service, Depends(service_of)]
Conditions = Annotated[Condition, Depends(condition)]
ConnectionId = Annotated[
    str,
    Path(
        alias="connection", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="Letters, digits, `.`, `_`, `-`."
    ),
]
EventId = Annotated[str, Path(alias="event", min_length=1, max_length=200, description="As the utility calls it.")]
GONE = documented(*ACCESS_ERRORS, NotFound)
ANSWERS = document_answers("Connection")
WRITTEN = documented(*ACCESS_ERRORS, *FORM_ERRORS, Conflict, PreconditionFailed, PreconditionRequired) | ANSWERS
Signaller = Annotated[Caller, Depends(Allowed(Scope.SIGNAL_WRITE))]


class JournalLine(BaseModel):
    """Something that was done or said."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    sequence: int
    at: datetime
    who: str
    """Id of a key, or of the connection itself."""
    what: str
    more: dict[str, Any]
    """Of an event the message as it came, and what became of it."""


class GuardStatus(BaseModel):
    """Where a limit with a heartbeat stands."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    state: GuardState
    limit_kw: float | None
    """That holds now; null where nothing does."""
    since: datetime | None
    until: datetime | None
    """When the limit ends by itself."""


class Journal(BaseModel):
    """A part of the journal, the oldest first."""

    items: list[JournalLine]
    next: int | None = None


@router.put(
    "/{connection}",
    operation_id="put_connection",
    responses=WRITTEN,
    openapi_extra=taking("Connection", Connection, examples.CONNECTION),
)
def put_connection(
    caller: Admin,
    service: Served,
    connection: ConnectionId,
    asked: Conditions,
    told: Annotated[Any, Depends(reading(Connection))],
) -> Response:
    """Connect a utility, or change how. Secrets are kept encrypted, or named, and never shown again."""
    now = service.clock()
    with writing_line(service.store, now, caller.tenant, connection, caller.name) as line:
        found = line.find()
        expected = asked.to_write(found.revision if found else None)
        kept = connect(service, line, told, now, expected)
        return answered(kept.body, kept.revision, 200 if found else 201)


@router.get("", operation_id="list_connections", responses=documented(*ACCESS_ERRORS))
def list_connections(caller: Reader, service: Served, after: After = "", limit: Limit = 100) -> Page:
    """Your connections, by id."""
    with service.store.view() as unit:
        return page_of(unit, caller.tenant, Kind.CONNECTION, "", after, limit)


@router.get("/{connection}", operation_id="get_connection", responses=GONE | {200: ANSWERS[200]})
def get_connection(caller: Reader, service: Served, connection: ConnectionId) -> Response:
    """A connection as it was told, without its secrets."""
    with service.store.view() as unit:
        found = Line(unit, caller.tenant, connection, caller.name).find()
    if found is None:
        raise NotFound("there is no connection of this id")
    return answered(found.body, found.revision)


@router.delete(
    "/{connection}", operation_id="delete_connection", status_code=204, responses=GONE | documented(Conflict)
)
def delete_connection(caller: Admin, service: Served, connection: ConnectionId, asked: Conditions) -> None:
    """End it: its signals ask nothing any more. Its journal stays."""
    now = service.clock()
    with writing_line(service.store, now, caller.tenant, connection, caller.name) as line:
        found = line.find()
        if found is None:
            raise NotFound("there is no connection of this id")
        disconnect(service, line, now, asked.to_remove(found.revision))


@router.get("/{connection}/status", operation_id="get_connection_status", responses=GONE)
def get_connection_status(caller: Reader, service: Served, connection: ConnectionId) -> ConnectionStatus:
    """Last contact, last event, clocks, what holds, reports, alarms."""
    told, state = line_of(service, caller.tenant, connection)
    return status_of(connection, told, state, service.clock())


@router.get("/{connection}/journal", operation_id="get_connection_journal", responses=GONE)
def get_connection_journal(
    caller: Admin,
    service: Served,
    connection: ConnectionId,
    after: Annotated[int, Query(ge=0, lt=2**63, description="Sequence of the last line that you have.")] = 0,
    limit: Limit = 100,
) -> Journal:
    """Every message as it came, and what was answered; it is only added to, and outlives the connection."""
    with service.store.view() as unit:
        line = Line(unit, caller.tenant, connection, caller.name)
        found = unit.entries(caller.tenant, line.journal, [Kind.AUDIT], after=after, limit=limit + 1)
    if not found and after == 0:
        raise NotFound("there is no connection of this id")
    lines = []
    for entry in found[:limit]:
        told = json.loads(entry.body)
        who, what = told.pop("who"), told.pop("what")
        lines.append(JournalLine(sequence=entry.sequence, at=entry.recorded_at, who=who, what=what, more=told))
    return Journal(items=lines, next=lines[-1].sequence if len(found) > limit else None)


@router.post(
    "/{connection}/events/{event}/opt-out", operation_id="opt_out_of_event", responses=GONE | documented(Conflict)
)
def opt_out_of_event(
    caller: Admin,
    service: Served,
    connection: ConnectionId,
    event: EventId,
    reason: Annotated[str, Query(max_length=500, description="For the audit trail.")] = "",
) -> ConnectionStatus:
    """Take no part in an event; only where the connection says that its events are not binding."""
    return _opted(service, caller, connection, event, reason or "not told")


@router.post(
    "/{connection}/events/{event}/opt-in", operation_id="opt_in_to_event", responses=GONE | documented(Conflict)
)
def opt_in_to_event(caller: Admin, service: Served, connection: ConnectionId, event: EventId) -> ConnectionStatus:
    """Take part after all."""
    return _opted(service, caller, connection, event, None)


@router.post("/{connection}/limit/heartbeat", operation_id="beat", responses=GONE)
def beat(caller: Signaller, service: Served, connection: ConnectionId) -> GuardStatus:
    """A box is there: at the latest every 120 s, else its fail-safe limit holds."""
    now = service.clock()
    with writing_line(service.store, now, caller.tenant, connection, caller.name) as line:
        return _guard_status(guarded.beat(line, _guard(line), now))


@router.put(
    "/{connection}/limit",
    operation_id="write_limit",
    responses=GONE | documented(*FORM_ERRORS),
    openapi_extra=taking("WrittenLimit", WrittenLimit, examples.WRITTEN_LIMIT),
)
def write_limit(
    caller: Signaller,
    service: Served,
    connection: ConnectionId,
    told: Annotated[WrittenLimit, Depends(reading(WrittenLimit))],
) -> GuardStatus:
    """A box writes its limit: it holds while the box is heard from, for as long as it says."""
    now = service.clock()
    with writing_line(service.store, now, caller.tenant, connection, caller.name) as line:
        state, findings = guarded.write(line, _guard(line), told, now)
    refuse(findings)
    return _guard_status(state)


def _guard(line: Line) -> LimitHeartbeat:
    """Raises NotFound for another kind of connection."""
    told = line.get()
    if not isinstance(told, LimitHeartbeat) or told.paused:
        raise NotFound("there is no connection of this id that takes limits with a heartbeat")
    return told


def _guard_status(state: State) -> GuardStatus:
    assert state.guard is not None, "a guarded limit has its own state"
    guard = state.guard
    return GuardStatus(state=guard.state, limit_kw=guard.limit_kw, since=guard.since, until=guard.expires_at)


def _opted(service: Service, caller: Caller, connection: str, event: str, reason: str | None) -> ConnectionStatus:
    now = service.clock()
    with writing_line(service.store, now, caller.tenant, connection, caller.name) as line:
        state = opt_out(line, event, reason, now)
        return status_of(connection, line.get(), state, now)
