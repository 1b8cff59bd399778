"""A store in this process: for trying out and for tests. Nothing is left of it when the process ends."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from threading import RLock

from api.store.port import Done, Unit, Work
from api.store.records import Document, Entry, Kind, Lease, Place
from api.store.refusals import changed_since, missing, never_forgotten, taken_over
from models.domain.times import instant


@dataclass(slots=True)
class _Content:
    documents: dict[Place, Document] = field(default_factory=dict)
    revisions: dict[Place, int] = field(default_factory=dict)
    """Also of documents that were removed."""
    journals: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    leases: dict[tuple[str, str], tuple[Lease, float]] = field(default_factory=dict)
    """And when they end, by the clock of the store. [s]"""

    def copied(self) -> "_Content":
        """Values are frozen, so only what holds them is copied."""
        journals = {site: list(entries) for site, entries in self.journals.items()}
        return _Content(dict(self.documents), dict(self.revisions), journals, dict(self.sequences), dict(self.leases))


class MemoryStore:
    """One unit at a time."""

    writes_at_once = 1

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._content, self._lock, self._clock = _Content(), RLock(), clock

    @contextmanager
    def begin(self, now: datetime) -> Iterator[Unit]:
        with self._lock:
            content = self._content.copied()
            yield _MemoryUnit(content, now, self._clock)
            self._content = content

    def together(self, works: Sequence[Work]) -> Sequence[Done]:
        return [self._done(work) for work in works]

    def _done(self, work: Work) -> Done:
        try:
            with self.begin(work.now) as unit:
                answer = work.act(unit)
            return Done(answer)
        except Exception as error:
            return Done(error=error)

    @contextmanager
    def view(self) -> Iterator[Unit]:
        yield _MemoryUnit(self._content, instant(0.0), self._clock)

    def look(self, place: Place) -> Document | None:
        return self._content.documents.get(place)

    def check(self) -> None:
        """It always can be used."""

    def close(self) -> None:
        """There is nothing to let go of."""


class _MemoryUnit:
    """Works on a copy, which becomes the content when all has gone well."""

    def __init__(self, content: _Content, now: datetime, clock: Callable[[], float]) -> None:
        self._content, self._now, self._clock = content, now, clock

    def find(self, place: Place) -> Document | None:
        return self._content.documents.get(place)

    def gather(self, tenant: str, site: str, wanted: Sequence[tuple[Kind, str]]) -> Sequence[Document]:
        found = (self.find(Place(tenant=tenant, kind=kind, site=site, id=id)) for kind, id in wanted)
        return [document for document in found if document is not None]

    def search(self, tenant: str, kind: Kind, id: str) -> Sequence[Document]:
        found = (d for d in self._of(kind) if d.place.tenant == tenant and d.place.id == id)
        return sorted(found, key=lambda d: d.place.site)

    def page(self, tenant: str, kind: Kind, site: str | None, *, after: str = "", limit: int) -> Sequence[Document]:
        mine = (d for d in self._of(kind) if d.place.tenant == tenant and site in (None, d.place.site))
        return sorted((d for d in mine if d.place.id > after), key=_id)[:limit]

    def everywhere(self, kind: Kind) -> Sequence[Document]:
        return sorted(self._of(kind), key=lambda d: (d.place.tenant, d.place.site, d.place.id))

    def write(self, place: Place, body: str, *, expected: int | None = None) -> Document:
        self._expect(place, expected)
        revision = self._content.revisions.get(place, 0) + 1
        document = Document(place=place, revision=revision, body=body, changed_at=self._now)
        self._content.documents[place] = document
        self._content.revisions[place] = revision
        return document

    def write_all(self, bodies: Mapping[Place, str]) -> None:
        for place, body in bodies.items():
            self.write(place, body)

    def remove(self, place: Place, *, expected: int | None = None) -> None:
        if place not in self._content.documents:
            raise missing(place)
        self._expect(place, expected)
        del self._content.documents[place]
        self._content.revisions[place] += 1

    def append(self, tenant: str, kind: Kind, site: str, id: str, body: str) -> Entry:
        where = tenant, site
        sequence = self._content.sequences[where] = self._content.sequences.get(where, 0) + 1
        entry = Entry(tenant=tenant, kind=kind, site=site, sequence=sequence, id=id, body=body, recorded_at=self._now)
        self._content.journals.setdefault(where, []).append(entry)
        return entry

    def entries(self, tenant: str, site: str, kinds: Sequence[Kind], *, after: int = 0, limit: int) -> Sequence[Entry]:
        journal = self._content.journals.get((tenant, site), [])
        return list(islice((e for e in journal if e.sequence > after and e.kind in kinds), limit))

    def latest(
        self, tenant: str, site: str, kind: Kind, *, before: int | None = None, limit: int = 1
    ) -> Sequence[Entry]:
        journal = reversed(self._content.journals.get((tenant, site), []))
        found = (e for e in journal if e.kind is kind and (before is None or e.sequence < before))
        return list(islice(found, limit))

    def entry(self, tenant: str, site: str, kind: Kind, id: str) -> Entry | None:
        journal = reversed(self._content.journals.get((tenant, site), []))
        return next((e for e in journal if e.kind is kind and e.id == id), None)

    def recorded(self, tenant: str, site: str, kind: Kind, since: datetime, until: datetime) -> Sequence[Entry]:
        journal = self._content.journals.get((tenant, site), [])
        return [e for e in journal if e.kind is kind and since <= e.recorded_at < until]

    def forget(self, kind: Kind, before: datetime) -> int:
        if kind is Kind.AUDIT:
            raise never_forgotten()
        old = [place for place, d in self._content.documents.items() if place.kind is kind and d.changed_at < before]
        for place in old:
            del self._content.documents[place], self._content.revisions[place]
        return len(old) + sum(self._forget_entries(where, kind, before) for where in self._content.journals)

    def lock(self, tenant: str, site: str) -> None:
        """There is one unit at a time."""

    def take(self, tenant: str, site: str, holder: str, for_s: float) -> Lease | None:
        now_s = self._clock()
        lease, until_s = self._content.leases.get((tenant, site), (None, 0.0))
        mine = lease is not None and lease.holder == holder
        if lease is not None and until_s > now_s and not mine:
            return None
        if lease is None or not mine or until_s <= now_s:
            lease = Lease(tenant=tenant, site=site, holder=holder, epoch=lease.epoch + 1 if lease else 1)
        self._content.leases[tenant, site] = lease, now_s + for_s
        return lease

    def hold(self, lease: Lease) -> None:
        held, _ = self._content.leases.get((lease.tenant, lease.site), (None, 0.0))
        if held != lease:
            raise taken_over(lease)

    def release(self, lease: Lease) -> None:
        held, _ = self._content.leases.get((lease.tenant, lease.site), (None, 0.0))
        if held == lease:
            self._content.leases[lease.tenant, lease.site] = lease, self._clock()

    def _of(self, kind: Kind) -> Iterator[Document]:
        return (document for place, document in self._content.documents.items() if place.kind is kind)

    def _expect(self, place: Place, expected: int | None) -> None:
        found = self._content.documents.get(place)
        if expected is not None and expected != (found.revision if found else 0):
            raise changed_since(place, expected)

    def _forget_entries(self, where: tuple[str, str], kind: Kind, before: datetime) -> int:
        journal = self._content.journals[where]
        kept = [e for e in journal if e.kind is not kind or e.recorded_at >= before]
        self._content.journals[where] = kept
        return len(journal) - len(kept)


def _id(document: Document) -> tuple[str, str]:
    return document.place.id, document.place.site
