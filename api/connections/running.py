"""The clock's way to connections: which are due, one replica at a time, and what is done with each kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import structlog

from api.connections import guarded, openadr2b, openadr3, oscp
from api.connections.asking import RENEWED
from api.connections.forms import AnyConnection, LimitHeartbeat, OpenAdr2b, OpenAdr3, Oscp
from api.connections.hearing import failed, finish
from api.connections.keeping import Line, read_connection, writing_line
from api.connections.reporting import send_reports
from api.connections.secrets import Secrets
from api.connections.state import State
from api.edges.openadr3.connection import Connection, Credentials, trust
from api.edges.openadr3.ven import VenClient
from api.edges.outside import Outside
from api.service import Clock, Service
from api.settings import ServiceSettings
from api.store.port import Store
from api.store.records import Kind
from models.domain.errors import ChargingError, EdgeError, NotFound

HELD_S = 120.0
"""By one replica: longer than a peer that answers nothing can hold it. [s]"""
log = structlog.get_logger("chargewright.connections")


@dataclass(frozen=True, slots=True)
class Due:
    """A connection that is to be looked at."""

    tenant: str
    id: str
    revision: int
    told: AnyConnection


def due_connections(service: Service, now: datetime) -> list[Due]:
    """Those whose time has come. Raises StoreError."""
    with service.store.view() as unit:
        marks = [mark for mark in unit.everywhere(Kind.CONNECTION_DUE) if datetime.fromisoformat(mark.body) <= now]
        found = [Line(unit, mark.place.tenant, mark.place.id, "").find() for mark in marks]
    told = [(document, read_connection(document.body)) for document in found if document is not None]
    return [
        Due(document.place.tenant, document.place.id, document.revision, connection) for document, connection in told
    ]


@dataclass(slots=True)
class Lines:
    """Clients of this process, with their tokens; whoever changes a connection gets a new one."""

    service: Service
    _clients: dict[tuple[str, str], tuple[int, VenClient]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def look(self, due: Due) -> None:
        """Ask, answer and report, unless another replica does; never raises."""
        now = self.service.clock()
        try:
            if self._is_mine(due, now):
                step = _paused if due.told.paused else _STEPS[type(due.told)]
                step(self, due)
        except NotFound:  # it was removed meanwhile
            self._forget(due)
        except EdgeError as failure:
            _note(self.service, due, failure)
        except ChargingError as error:
            log.warning("connection_failed", tenant=due.tenant, connection=due.id, error=str(error).partition("\n")[0])
        except Exception:  # an error of ours must stop neither the clock nor the other connections
            log.exception("connection_failed", tenant=due.tenant, connection=due.id)
            _note(self.service, due, EdgeError("an error of ours; it is in the log", peer=due.id, retryable=True))

    def _is_mine(self, due: Due, now: datetime) -> bool:
        """Whether this replica looks after it; one that is alive goes on doing so."""
        with self.service.store.begin(now) as unit:
            holder = self.service.settings.replica
            return unit.take(due.tenant, f"connection/{due.id}", holder, HELD_S) is not None

    def ven(self, due: Due, told: OpenAdr3) -> VenClient:
        """Raises EdgeError for an address, a secret or an authority that cannot be used."""
        with self._lock:
            revision, client = self._clients.get((due.tenant, due.id), (0, None))
            if client is not None and revision == due.revision:
                return client
        service = self.service
        fresh = ven_client(service.settings, service.store, service.clock, due.tenant, due.id, told)
        with self._lock:
            self._clients[due.tenant, due.id] = due.revision, fresh
        if client is not None:
            client.connection.close()
        return fresh

    def _forget(self, due: Due) -> None:
        with self._lock:
            _, client = self._clients.pop((due.tenant, due.id), (0, None))
        if client is not None:
            client.connection.close()

    def close(self) -> None:
        for _, client in self._clients.values():
            client.connection.close()


def ven_client(
    settings: ServiceSettings, store: Store, clock: Clock, tenant: str, id: str, told: OpenAdr3
) -> VenClient:
    """To the VTN of a connection. Raises EdgeError."""
    with store.view() as unit:
        secret = Secrets(settings, tenant, id).get("client_secret", told.client_secret, unit)
    given = Credentials(
        base_url=told.base_url,
        client_id=told.client_id,
        client_secret=secret,
        token_url=told.token_url,
        scope=told.scope,
        ca_pem=told.ca_pem,
    )
    outside = Outside(settings.peer_allow.split(","), trust(given))
    return VenClient(Connection(given, clock, transport=outside), told.version)


def _paused(lines: Lines, due: Due) -> None:
    """What it said goes on, beyond the days that its sites were told of."""
    now = lines.service.clock()
    with writing_line(lines.service.store, now, due.tenant, due.id, due.id) as line:
        before = line.state(now)
        finish(line, due.told, before, replace(before, due_at=now + RENEWED), now)


def _openadr3(lines: Lines, due: Due) -> None:
    assert isinstance(due.told, OpenAdr3)
    client = lines.ven(due, due.told)
    openadr3.poll(lines.service, due.tenant, due.id, due.told, client)
    openadr3.introduce(lines.service, due.tenant, due.id, due.told, client)
    send_reports(lines.service, due.tenant, due.id, due.told, client)


def _oscp(lines: Lines, due: Due) -> None:
    assert isinstance(due.told, Oscp)
    oscp.look(lines.service, due.tenant, due.id, due.told)


def _openadr2b(lines: Lines, due: Due) -> None:
    assert isinstance(due.told, OpenAdr2b)
    openadr2b.look(lines.service, due.tenant, due.id, due.told)


def _guarded(lines: Lines, due: Due) -> None:
    assert isinstance(due.told, LimitHeartbeat)
    guarded.look(lines.service, due.tenant, due.id, due.told)


_STEPS: Mapping[type[Any], Callable[[Lines, Due], None]] = {
    OpenAdr3: _openadr3,
    OpenAdr2b: _openadr2b,
    Oscp: _oscp,
    LimitHeartbeat: _guarded,
}


def _note(service: Service, due: Due, failure: EdgeError) -> None:
    """A connection that cannot even be tried is lost like one that does not answer."""
    now = service.clock()
    try:
        with writing_line(service.store, now, due.tenant, due.id, due.id) as line:
            before = line.state(now)
            later = now + timedelta(seconds=getattr(due.told, "poll_s", 60.0))
            finish(line, due.told, before, failed(due.told, replace(before, due_at=later), failure, now), now)
    except ChargingError as error:
        log.warning("store_failed", error=str(error).partition("\n")[0])


def line_of(service: Service, tenant: str, id: str) -> tuple[AnyConnection, State]:
    """What was told and is known; raises NotFound."""
    with service.store.view() as unit:
        line = Line(unit, tenant, id, "")
        return line.get(), line.state(service.clock())
