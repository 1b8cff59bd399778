"""How calls stand: what is committed by whom, and what stations have confirmed of an event, as JSON documents."""

from datetime import datetime

from api.document import Part
from api.figures import rounded
from api.programmes.calls import commitments
from api.programmes.documents import FindingLine, UsedLine, finding_lines, used_lines
from api.programmes.forms import EventConfirmed
from api.programmes.keeping import Book
from api.programmes.marking import standing
from api.sites.keeping import Desk, Kept
from api.store.records import Kind
from models.domain.errors import NotFound
from models.domain.programme_calls import EventCall, budget, call_findings


class CallDocument(Part):
    """A call, with what it uses of its programme, and what of it is against the terms."""

    call: str
    start: datetime
    end: datetime
    told_at: datetime | None
    cancelled: bool
    budget: list[UsedLine]
    against_terms: list[FindingLine]


class CommitmentLine(Part):
    """What one site committed."""

    site: str
    committed_kw: float
    nominated_kw: float | None
    held: str
    reason: str
    gain: float
    at: datetime
    opted_out: bool


class Commitments(Part):
    """Of all sites to one call."""

    committed_kw: float
    items: list[CommitmentLine]


class EvseStanding(Part):
    """What one EVSE with a vehicle may draw in the event."""

    evse: str
    power_kw: float
    counted: str
    """confirmed: by the limit sent last; before: by the one accepted before; rating: nothing binds it."""


class MarkLine(Part):
    """What was confirmed so long before the start."""

    minutes_before: float
    at: datetime
    confirmed_kw: float
    lacking_kw: float
    not_confirmed: list[str]


class EventStanding(Part):
    """How many kW of an event the stations of a site have confirmed, now and at each mark."""

    event: str
    at: datetime
    committed_kw: float
    confirmed_kw: float
    lacking_kw: float
    other_kw: float
    """Load at the same meter that nobody controls."""
    evses: list[EvseStanding]
    marks: list[MarkLine]


def call_document(book: Book, kept: Kept[EventCall]) -> CallDocument:
    """Raises NotFound without terms."""
    call, terms = kept.value, book.terms
    earlier = book.earlier(call)
    return CallDocument(
        call=call.id,
        start=call.start,
        end=call.end,
        told_at=call.told_at,
        cancelled=call.cancelled,
        budget=used_lines(budget(terms, call, earlier)),
        against_terms=finding_lines(call_findings(terms, call, earlier)),
    )


def commitment_lines(book: Book, call: str) -> Commitments:
    """Raises NotFound where there is no such call."""
    book.get(Kind.CALL, call)
    lines = [
        CommitmentLine(
            site=one.site,
            committed_kw=one.committed_kw,
            nominated_kw=one.nominated_kw,
            held=one.held,
            reason=one.reason,
            gain=one.gain,
            at=one.at,
            opted_out=one.opted_out,
        )
        for one in commitments(book, call)
    ]
    return Commitments(committed_kw=rounded(sum(line.committed_kw for line in lines)), items=lines)


def event_standing(desk: Desk, event: str, now: datetime) -> EventStanding:
    """Raises NotFound where the site has no such event."""
    found = standing(desk, event, now)
    if found is None:
        raise NotFound("the site has no event of this id")
    kept = desk.find(Kind.CONFIRMED, event)
    marked: EventConfirmed | None = kept.value if kept else None
    evses = [EvseStanding(evse=one.evse, power_kw=rounded(one.power_kw), counted=one.counted) for one in found.evses]
    marks = [
        MarkLine(
            minutes_before=mark.minutes_before,
            at=mark.at,
            confirmed_kw=rounded(mark.confirmed_kw),
            lacking_kw=rounded(mark.lacking_kw),
            not_confirmed=list(mark.not_confirmed),
        )
        for mark in (marked.marks if marked else ())
    ]
    return EventStanding(
        event=event,
        at=found.at,
        committed_kw=rounded(found.committed_kw),
        confirmed_kw=rounded(found.confirmed_kw),
        lacking_kw=rounded(found.lacking_kw),
        other_kw=rounded(found.other_kw),
        evses=evses,
        marks=marks,
    )
