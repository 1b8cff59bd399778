"""A programme in the store: its terms, its roster, its calls and what became of them, and a journal of who did what.

Everything of a programme is under the lock of ``programme/ID``, which no site can be called, and is locked before any
site is.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from api.programmes.forms import KeptCommitment, Nominations, OptOut
from api.sites.keeping import Kept
from api.store.port import Store, Unit
from api.store.records import Document, Kind, Place
from models.domain.errors import NotFound
from models.domain.programme import Programme
from models.domain.programme_calls import EventCall, calendar_of
from models.domain.roster import Enrolment, Overlap, Roster, enrolled, overlaps
from models.domain.wire import form_json, kept_form

FORMS: Mapping[Kind, Any] = {
    Kind.PROGRAMME: Programme,
    Kind.ROSTER: Roster,
    Kind.NOMINATIONS: Nominations,
    Kind.CALL: EventCall,
    Kind.COMMITMENT: KeptCommitment,
    Kind.OPT_OUT: OptOut,
}
_ALL = 100_000
"""More than a programme has of anything."""


@dataclass(frozen=True, slots=True)
class Book:
    """One tenant's programme in one unit."""

    unit: Unit
    tenant: str
    id: str
    who: str

    @property
    def terms(self) -> Programme:
        """Raises NotFound."""
        terms: Programme = self.get(Kind.PROGRAMME).value
        return terms

    @property
    def roster(self) -> Roster:
        """Empty where none was told."""
        found = self.find(Kind.ROSTER)
        return Roster(programme=self.id) if found is None else found.value

    @property
    def journal(self) -> str:
        """Where its documents and its journal are; no site has such a name."""
        return f"programme/{self.id}"

    def find(self, kind: Kind, id: str = "") -> Kept[Any] | None:
        document = self.unit.find(self._place(kind, id))
        return None if document is None else _kept(document)

    def get(self, kind: Kind, id: str = "") -> Kept[Any]:
        """Raises NotFound."""
        found = self.find(kind, id)
        if found is None:
            raise NotFound(f"there is no {kind.replace('_', ' ')} of this name")
        return found

    def every(self, kind: Kind) -> list[Kept[Any]]:
        """All of the programme, by id."""
        return [_kept(document) for document in self.unit.page(self.tenant, kind, self.journal, limit=_ALL)]

    def put(self, kind: Kind, told: Any, *, id: str = "", expected: int | None = None, what: str) -> Kept[Any]:
        """Raises Conflict; ``what`` was done is for the journal."""
        document = self.unit.write(self._place(kind, id), form_json(FORMS[kind], told), expected=expected)
        self.audit(what, id or self.id, revision=document.revision)
        return _kept(document)

    def remove(self, kind: Kind, *, id: str = "", expected: int | None = None, what: str) -> None:
        """Raises NotFound, Conflict."""
        self.unit.remove(self._place(kind, id), expected=expected)
        self.audit(what, id or self.id)

    def audit(self, what: str, id: str, **more: Any) -> None:
        """Who did what, now."""
        line = json.dumps({"who": self.who, "what": what, "id": id} | more)
        self.unit.append(self.tenant, Kind.AUDIT, self.journal, what, line)

    def earlier(self, call: EventCall) -> tuple[EventCall, ...]:
        """Other calls of the programme."""
        return tuple(kept.value for kept in self.every(Kind.CALL) if kept.value.id != call.id)

    def day(self, when: datetime) -> date:
        """On the calendar of the programme."""
        return calendar_of(self.terms).local(when).date()

    def enrolment(self, site: str, when: datetime) -> Enrolment:
        """Raises NotFound where the site is not enrolled on that day."""
        found = enrolled(self.roster, site, self.day(when))
        if found is None:
            raise NotFound("the site is not enrolled in this programme on that day")
        return found

    def nominated_kw(self, site: str, when: datetime) -> float | None:
        """For the month of a call; None where nothing was nominated for that month."""
        found = self.find(Kind.NOMINATIONS, f"{self.day(when):%Y-%m}")
        if found is None:
            return None
        return next((one.power_kw for one in found.value.sites if one.site == site), 0.0)

    def _place(self, kind: Kind, id: str) -> Place:
        """Terms stand beside those of other programmes, all else of a programme by itself."""
        if kind in (Kind.PROGRAMME, Kind.ROSTER):
            return Place(tenant=self.tenant, kind=kind, id=self.id)
        return Place(tenant=self.tenant, kind=kind, site=self.journal, id=id)


@contextmanager
def writing_book(store: Store, now: datetime, tenant: str, id: str, who: str) -> Iterator[Book]:
    """In a unit of its own: everything is kept at the end, or nothing."""
    with store.begin(now) as unit:
        book = Book(unit, tenant, id, who)
        unit.lock(tenant, book.journal)
        yield book


def rosters_of(unit: Unit, tenant: str) -> list[Roster]:
    """Of all programmes of a tenant."""
    return [kept_form(Roster, one.body) for one in unit.page(tenant, Kind.ROSTER, "", limit=_ALL)]


def overlaps_of(unit: Unit, tenant: str, programme: str) -> tuple[Overlap, ...]:
    """EVSEs of a programme that are in another one at the same time, unless neither minds; raises NotFound."""
    terms = {one.place.id: kept_form(Programme, one.body) for one in unit.page(tenant, Kind.PROGRAMME, "", limit=_ALL)}
    if programme not in terms:
        raise NotFound("there is no programme of this name")
    found = (one for one in overlaps(rosters_of(unit, tenant)) if programme in one.programmes)
    return tuple(one for one in found if any(terms[name].exclusive for name in one.programmes))


def _kept(document: Document) -> Kept[Any]:
    told = kept_form(FORMS[document.place.kind], document.body)
    return Kept(told, document.revision, document.changed_at, document.place.id)
