"""One transaction on a database; every statement is written to mean the same on SQLite and on PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from api.store.port import NEW
from api.store.records import Document, Entry, Kind, Lease, Place
from api.store.refusals import changed_since, missing, never_forgotten, taken_over
from api.store.statements import Statement, documents_at, entries_of_kinds, statements_of
from models.domain.times import instant, seconds

NEWEST = 2**62
"""Above every sequence."""


class SqlUnit:
    """Reads and writes of one transaction, at one moment."""

    def __init__(self, connection: Connection, now: datetime, *, together: bool = False) -> None:
        """``together``: statements go out as they come, and only who reads an answer waits for it."""
        self._together = together
        self._database, self._now_s = connection.dialect.name, seconds(now)
        self._say = statements_of(self._database)
        # The driver's own: what SQLAlchemy does around a statement takes several times as long as the statement.
        self._cursor: Any = connection.connection.cursor()
        self._locking: Any = connection.connection.cursor()
        self._locked: tuple[str, str] | None = None
        """Tenant and site."""
        self._sequence: int | None = None
        """Of the last line of that site; nobody else adds one before this unit ends."""

    def find(self, place: Place) -> Document | None:
        found = self._documents(self._say.find, _key(place))
        return found[0] if found else None

    def gather(self, tenant: str, site: str, wanted: Sequence[tuple[Kind, str]]) -> Sequence[Document]:
        asked: dict[str, Any] = {"tenant": tenant, "site": site}
        for k, (kind, id) in enumerate(wanted):
            asked |= {f"kind_{k}": kind.value, f"id_{k}": id}
        return self._documents(documents_at(self._database, len(wanted)), asked)

    def search(self, tenant: str, kind: Kind, id: str) -> Sequence[Document]:
        return self._documents(self._say.search, {"tenant": tenant, "kind": kind.value, "id": id})

    def page(self, tenant: str, kind: Kind, site: str | None, *, after: str = "", limit: int) -> Sequence[Document]:
        asked = {"tenant": tenant, "kind": kind.value, "after": after, "most": limit}
        if site is None:
            return self._documents(self._say.page_of_all_sites, asked)
        return self._documents(self._say.page, asked | {"site": site})

    def everywhere(self, kind: Kind) -> Sequence[Document]:
        return self._documents(self._say.everywhere, {"kind": kind.value})

    def write(self, place: Place, body: str, *, expected: int | None = None) -> Document:
        """One statement, so that of two who expect the same revision only one gets it."""
        how = self._say.replace if expected else self._say.upsert if expected is None else self._say.upsert_new
        revision = self._one(how, self._version(place, body) | ({"expected": expected} if expected else {}))
        if revision is None:
            raise changed_since(place, expected or NEW)
        return Document(place=place, revision=revision, body=body, changed_at=instant(self._now_s))

    def write_all(self, bodies: Mapping[Place, str]) -> None:
        """In the order of places, as everybody does, so that no two wait for each other."""
        written = [{**self._say.overwrite.fixed, **self._version(p, bodies[p])} for p in sorted(bodies, key=_order)]
        if len(written) == 1:  # several are sent at once, which takes more of a round trip for one
            self._run(self._say.overwrite, written[0])
        else:
            self._cursor.executemany(self._say.overwrite.text, written)

    def remove(self, place: Place, *, expected: int | None = None) -> None:
        found = self.find(place)
        if found is None:
            raise missing(place)
        known = found.revision if expected is None else expected
        if self._one(self._say.replace, self._version(place, None) | {"expected": known}) is None:
            raise changed_since(place, known)

    def append(self, tenant: str, kind: Kind, site: str, id: str, body: str) -> Entry:
        sequence = self._next(tenant, site)
        own = {"tenant": tenant, "site": site, "sequence": sequence, "kind": kind.value, "id": id, "body": body}
        self._run(self._say.append, own | {"recorded_s": self._now_s})
        return _entry((tenant, site, sequence, kind, id, body, self._now_s))

    def entries(self, tenant: str, site: str, kinds: Sequence[Kind], *, after: int = 0, limit: int) -> Sequence[Entry]:
        asked = {"tenant": tenant, "site": site, "after": after, "most": limit}
        names = {f"kind_{k}": kind.value for k, kind in enumerate(kinds)}
        return self._entries(entries_of_kinds(self._database, len(kinds)), asked | names)

    def latest(
        self, tenant: str, site: str, kind: Kind, *, before: int | None = None, limit: int = 1
    ) -> Sequence[Entry]:
        asked = {"tenant": tenant, "site": site, "kind": kind.value, "most": limit}
        return self._entries(self._say.latest, asked | {"before": NEWEST if before is None else before})

    def entry(self, tenant: str, site: str, kind: Kind, id: str) -> Entry | None:
        found = self._entries(self._say.entry, {"tenant": tenant, "site": site, "kind": kind.value, "id": id})
        return found[0] if found else None

    def recorded(self, tenant: str, site: str, kind: Kind, since: datetime, until: datetime) -> Sequence[Entry]:
        asked = {"tenant": tenant, "site": site, "kind": kind.value}
        return self._entries(self._say.recorded, asked | {"since_s": seconds(since), "until_s": seconds(until)})

    def forget(self, kind: Kind, before: datetime) -> int:
        if kind is Kind.AUDIT:
            raise never_forgotten()
        old = {"kind": kind.value, "before_s": seconds(before)}
        return self._changed(self._say.forget_documents, old) + self._changed(self._say.forget_entries, old)

    def lock(self, tenant: str, site: str) -> None:
        """Where statements go out together, nobody waits for the answer before it is needed."""
        self._run(self._say.lock, {"tenant": tenant, "site": site}, self._locking)
        self._locked, self._sequence = (tenant, site), None
        if not self._together:
            self._read_sequence()

    def take(self, tenant: str, site: str, holder: str, for_s: float) -> Lease | None:
        epoch = self._one(self._say.take, {"tenant": tenant, "site": site, "holder": holder, "for_s": for_s})
        return None if epoch is None else Lease(tenant=tenant, site=site, holder=holder, epoch=epoch)

    def hold(self, lease: Lease) -> None:
        """Writes the row, so that nobody else can before this transaction ends."""
        if self._changed(self._say.hold, _own(lease)) == 0:
            raise taken_over(lease)

    def release(self, lease: Lease) -> None:
        self._run(self._say.release, _own(lease))

    def _next(self, tenant: str, site: str) -> int:
        """The row stays locked until the end of the transaction: sequences are committed in their order."""
        if self._locked != (tenant, site):
            self.lock(tenant, site)
        self._sequence = self._read_sequence() + 1
        self._run(self._say.advance, {"tenant": tenant, "site": site})
        return self._sequence

    def _read_sequence(self) -> int:
        if self._sequence is None:
            self._sequence = int(self._locking.fetchall()[0][0])
        return self._sequence

    def _version(self, place: Place, body: str | None) -> dict[str, Any]:
        return _key(place) | {"body": body, "changed_s": self._now_s}

    def _run(self, statement: Statement, given: dict[str, Any], cursor: Any = None) -> None:
        (cursor or self._cursor).execute(statement.text, {**statement.fixed, **given})

    def _changed(self, statement: Statement, given: dict[str, Any]) -> int:
        """How many rows it changed."""
        self._run(statement, given)
        changed: int = self._cursor.rowcount
        return changed

    def _one(self, statement: Statement, given: dict[str, Any]) -> int | None:
        """The number that a statement answers with, if it does."""
        rows = self._rows(statement, given)
        return rows[0][0] if rows else None

    def _rows(self, statement: Statement, given: dict[str, Any]) -> list[Any]:
        self._run(statement, given)
        rows: list[Any] = self._cursor.fetchall()
        return rows

    def _documents(self, asked: Statement, given: dict[str, Any]) -> list[Document]:
        return list(map(_document, self._rows(asked, given)))

    def _entries(self, asked: Statement, given: dict[str, Any]) -> list[Entry]:
        return list(map(_entry, self._rows(asked, given)))


def _key(place: Place) -> dict[str, Any]:
    return {"tenant": place.tenant, "kind": place.kind.value, "site": place.site, "id": place.id}


def _order(place: Place) -> tuple[str, ...]:
    return place.tenant, place.kind, place.site, place.id


def _own(lease: Lease) -> dict[str, Any]:
    return {"tenant": lease.tenant, "site": lease.site, "holder": lease.holder, "epoch": lease.epoch}


def _document(row: Iterable[Any]) -> Document:
    tenant, kind, site, id, revision, body, changed_s = row
    place = Place(tenant=tenant, kind=Kind(kind), site=site, id=id)
    return Document(place=place, revision=revision, body=body, changed_at=instant(changed_s))


def _entry(row: Iterable[Any]) -> Entry:
    tenant, site, sequence, kind, id, body, recorded_s = row
    recorded_at = instant(recorded_s)
    return Entry(
        tenant=tenant, kind=Kind(kind), site=site, sequence=sequence, id=id, body=body, recorded_at=recorded_at
    )
