"""One transaction on a database; every statement is written to mean the same on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, delete, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from api.store.port import NEW
from api.store.records import Document, Entry, Kind, Lease, Place
from api.store.refusals import changed_since, missing, never_forgotten, taken_over
from api.store.tables import DOCUMENTS, JOURNAL, LEASES, SEQUENCES
from models.domain.times import instant, seconds

_NOW_S = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch from clock_timestamp())",
}
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class SqlUnit:
    """Reads and writes of one transaction, at one moment."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now_s = connection, seconds(now)
        self._insert = _INSERT[connection.dialect.name]
        self._database_now_s: Any = literal_column(_NOW_S[connection.dialect.name])

    def find(self, place: Place) -> Document | None:
        found = self._documents(select(DOCUMENTS).where(_at(place), DOCUMENTS.c.body.is_not(None)))
        return found[0] if found else None

    def search(self, tenant: str, kind: Kind, id: str) -> Sequence[Document]:
        c = DOCUMENTS.c
        asked = select(DOCUMENTS).where(c.tenant == tenant, c.kind == kind, c.id == id, c.body.is_not(None))
        return self._documents(asked.order_by(c.site))

    def page(self, tenant: str, kind: Kind, site: str | None, *, after: str = "", limit: int) -> Sequence[Document]:
        c = DOCUMENTS.c
        asked = select(DOCUMENTS).where(c.tenant == tenant, c.kind == kind, c.body.is_not(None), c.id > after)
        if site is not None:
            asked = asked.where(c.site == site)
        return self._documents(asked.order_by(c.id, c.site).limit(limit))

    def everywhere(self, kind: Kind) -> Sequence[Document]:
        c = DOCUMENTS.c
        asked = select(DOCUMENTS).where(c.kind == kind, c.body.is_not(None))
        return self._documents(asked.order_by(c.tenant, c.site, c.id))

    def write(self, place: Place, body: str, *, expected: int | None = None) -> Document:
        """One statement, so that of two who expect the same revision only one gets it."""
        written = self._replacing(place, body, expected) if expected else self._upserting(place, body, expected)
        revision = self._connection.execute(written.returning(DOCUMENTS.c.revision)).scalar_one_or_none()
        if revision is None:
            raise changed_since(place, expected or NEW)
        return Document(place=place, revision=revision, body=body, changed_at=instant(self._now_s))

    def remove(self, place: Place, *, expected: int | None = None) -> None:
        found = self.find(place)
        if found is None:
            raise missing(place)
        removed = self._replacing(place, None, found.revision if expected is None else expected)
        if self._connection.execute(removed).rowcount == 0:
            raise changed_since(place, found.revision if expected is None else expected)

    def append(self, tenant: str, kind: Kind, site: str, id: str, body: str) -> Entry:
        sequence = self._next(tenant, site, by=1)
        own = {"tenant": tenant, "site": site, "sequence": sequence, "kind": kind, "id": id, "body": body}
        self._connection.execute(insert(JOURNAL).values(own | {"recorded_s": self._now_s}))
        return Entry(
            tenant=tenant,
            kind=kind,
            site=site,
            sequence=sequence,
            id=id,
            body=body,
            recorded_at=instant(self._now_s),
        )

    def entries(self, tenant: str, site: str, kinds: Sequence[Kind], *, after: int = 0, limit: int) -> Sequence[Entry]:
        c = JOURNAL.c
        asked = select(JOURNAL).where(c.tenant == tenant, c.site == site, c.kind.in_(kinds), c.sequence > after)
        return self._entries(asked.order_by(c.sequence).limit(limit))

    def latest(
        self, tenant: str, site: str, kind: Kind, *, before: int | None = None, limit: int = 1
    ) -> Sequence[Entry]:
        c = JOURNAL.c
        asked = select(JOURNAL).where(c.tenant == tenant, c.site == site, c.kind == kind)
        if before is not None:
            asked = asked.where(c.sequence < before)
        return self._entries(asked.order_by(c.sequence.desc()).limit(limit))

    def entry(self, tenant: str, site: str, kind: Kind, id: str) -> Entry | None:
        c = JOURNAL.c
        asked = select(JOURNAL).where(c.tenant == tenant, c.site == site, c.kind == kind, c.id == id)
        found = self._entries(asked.order_by(c.sequence.desc()).limit(1))
        return found[0] if found else None

    def forget(self, kind: Kind, before: datetime) -> int:
        if kind is Kind.AUDIT:
            raise never_forgotten()
        before_s = seconds(before)
        documents = delete(DOCUMENTS).where(DOCUMENTS.c.kind == kind, DOCUMENTS.c.changed_s < before_s)
        journal = delete(JOURNAL).where(JOURNAL.c.kind == kind, JOURNAL.c.recorded_s < before_s)
        return sum(self._connection.execute(dropped).rowcount for dropped in (documents, journal))

    def lock(self, tenant: str, site: str) -> None:
        self._next(tenant, site, by=0)

    def take(self, tenant: str, site: str, holder: str, for_s: float) -> Lease | None:
        """One statement, so that two replicas cannot both read that nobody holds it."""
        c, now_s = LEASES.c, self._database_now_s
        goes_on = and_(c.holder == holder, c.until_s > now_s)
        raised = {
            "holder": holder,
            "epoch": case((goes_on, c.epoch), else_=c.epoch + 1),
            "until_s": now_s + for_s,
        }
        own = {"tenant": tenant, "site": site, "holder": holder, "epoch": 1, "until_s": now_s + for_s}
        taken = self._insert(LEASES).values(own)
        taken = taken.on_conflict_do_update(
            index_elements=["tenant", "site"], set_=raised, where=(c.holder == holder) | (c.until_s <= now_s)
        )
        epoch = self._connection.execute(taken.returning(c.epoch)).scalar_one_or_none()
        return None if epoch is None else Lease(tenant=tenant, site=site, holder=holder, epoch=epoch)

    def hold(self, lease: Lease) -> None:
        """Writes the row, so that nobody else can before this transaction ends."""
        kept = update(LEASES).where(_held(lease)).values(epoch=lease.epoch)
        if self._connection.execute(kept).rowcount == 0:
            raise taken_over(lease)

    def release(self, lease: Lease) -> None:
        self._connection.execute(update(LEASES).where(_held(lease)).values(until_s=self._database_now_s))

    def _next(self, tenant: str, site: str, *, by: int) -> int:
        """The row stays locked until the end of the transaction: sequences are committed in their order."""
        own = self._insert(SEQUENCES).values(tenant=tenant, site=site, last=by)
        raised = {"last": SEQUENCES.c.last + by}
        own = own.on_conflict_do_update(index_elements=["tenant", "site"], set_=raised)
        sequence: int = self._connection.execute(own.returning(SEQUENCES.c.last)).scalar_one()
        return sequence

    def _replacing(self, place: Place, body: str | None, expected: int) -> Any:
        c = DOCUMENTS.c
        expected_there = and_(_at(place), c.revision == expected, c.body.is_not(None))
        return update(DOCUMENTS).where(expected_there).values(self._raised(body))

    def _upserting(self, place: Place, body: str, expected: int | None) -> Any:
        first = self._insert(DOCUMENTS).values(_key(place) | self._raised(body) | {"revision": 1})
        only_new = DOCUMENTS.c.body.is_(None) if expected == NEW else None
        return first.on_conflict_do_update(index_elements=list(_key(place)), set_=self._raised(body), where=only_new)

    def _raised(self, body: str | None) -> dict[str, Any]:
        return {"revision": DOCUMENTS.c.revision + 1, "body": body, "changed_s": self._now_s}

    def _documents(self, asked: Select[Any]) -> list[Document]:
        return [_document(row) for row in self._connection.execute(asked)]

    def _entries(self, asked: Select[Any]) -> list[Entry]:
        return [_entry(row) for row in self._connection.execute(asked)]


def _key(place: Place) -> dict[str, str]:
    return {"tenant": place.tenant, "kind": place.kind, "site": place.site, "id": place.id}


def _at(place: Place) -> Any:
    return and_(*(DOCUMENTS.c[name] == value for name, value in _key(place).items()))


def _held(lease: Lease) -> Any:
    c = LEASES.c
    mine = c.holder == lease.holder, c.epoch == lease.epoch
    return and_(c.tenant == lease.tenant, c.site == lease.site, *mine)


def _document(row: Row[Any]) -> Document:
    place = Place(tenant=row.tenant, kind=Kind(row.kind), site=row.site, id=row.id)
    return Document(place=place, revision=row.revision, body=row.body, changed_at=instant(row.changed_s))


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        tenant=row.tenant,
        kind=Kind(row.kind),
        site=row.site,
        sequence=row.sequence,
        id=row.id,
        body=row.body,
        recorded_at=instant(row.recorded_s),
    )
