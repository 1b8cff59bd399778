"""A connection in the store: what was told, what is known, and its journal, which is only added to.

Everything of a connection is under the lock of ``connection/ID``, which no site can be called, and is locked before any
site is.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.connections.forms import AnyConnection, Connection, LimitHeartbeat, Oscp
from api.connections.state import OscpState, State
from api.store.port import Store, Unit
from api.store.records import Document, Kind, Place
from models.domain.errors import NotFound
from models.domain.guarded_limit import GuardedLimit
from models.domain.timeline import EARLIEST
from models.domain.wire import form_json, kept_form
from models.openadr.v3.contact import Contact
from models.oscp.provider import Provider

LONGEST_MESSAGE = 200_000
"""Of a message that is recorded whole. [characters]"""


@dataclass(frozen=True, slots=True)
class Line:
    """One connection in one unit."""

    unit: Unit
    tenant: str
    id: str
    who: str

    def find(self) -> Document | None:
        return self.unit.find(self.place)

    def get(self) -> AnyConnection:
        """Raises NotFound."""
        found = self.find()
        if found is None:
            raise NotFound("there is no connection of this id")
        return read_connection(found.body)

    def state(self, now: datetime) -> State:
        found = self.unit.find(self._of(Kind.CONNECTION_STATE))
        return opening(self.id, self.get(), now) if found is None else kept_form(State, found.body)

    def keep(self, state: State) -> None:
        self.unit.write(self._of(Kind.CONNECTION_STATE), form_json(State, state))
        self.unit.write(self._of(Kind.CONNECTION_DUE), (state.due_at or EARLIEST).isoformat())

    def forget(self) -> None:
        for kind in (Kind.CONNECTION_STATE, Kind.CONNECTION_DUE):
            if self.unit.find(self._of(kind)) is not None:
                self.unit.remove(self._of(kind))

    def audit(self, what: str, **more: Any) -> None:
        """Who did or said what; a message as it came is told with what was answered."""
        text = json.dumps({"who": self.who, "what": what} | more, default=str)
        if len(text) > LONGEST_MESSAGE:
            text = json.dumps({"who": self.who, "what": what, "too_long": text[:LONGEST_MESSAGE]})
        self.unit.append(self.tenant, Kind.AUDIT, self.journal, what, text)

    @property
    def journal(self) -> str:
        return f"connection/{self.id}"

    @property
    def place(self) -> Place:
        return self._of(Kind.CONNECTION)

    def _of(self, kind: Kind) -> Place:
        return Place(tenant=self.tenant, kind=kind, id=self.id)


def read_connection(body: str) -> AnyConnection:
    form: Any = Connection
    told: AnyConnection = kept_form(form, body)
    return told


@contextmanager
def writing_line(store: Store, now: datetime, tenant: str, id: str, who: str) -> Iterator[Line]:
    """In a unit of its own: everything is kept at the end, or nothing."""
    with store.begin(now) as unit:
        line = Line(unit, tenant, id, who)
        unit.lock(tenant, line.journal)
        yield line


def opening(id: str, told: AnyConnection, now: datetime) -> State:
    """What is known of a connection of which nothing was heard yet: a guarded limit starts in its fail-safe."""
    state: dict[str, Any] = {}
    if isinstance(told, Oscp):
        state["oscp"] = OscpState(provider=Provider(source=id, groups=told.groups, voltage_v=told.voltage_v))
    if isinstance(told, LimitHeartbeat):
        state["guard"] = GuardedLimit(
            at=now, failsafe_kw=told.failsafe_kw, failsafe_s=told.failsafe_s, let_off=told.let_off, flow=told.flow
        )
    return State(contact=Contact(source=id), **state)
