"""Calls of programmes at the sites of the store: what they offer, what they commit to, who stays out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from api.programmes.answering import committed, divided, offered
from api.programmes.documents import CommitmentDocument, OfferDocument, SplitDocument, commitment_document
from api.programmes.forms import CallTold, CommitmentAsked, KeptCommitment, OfferAsked, SplitAsked
from api.programmes.keeping import Book, writing_book
from api.service import Service
from api.sites.assembling import contents
from api.sites.commanding import live_site
from api.sites.judging import refuse
from api.sites.keeping import Desk, Kept
from api.sites.living import scenario_of
from api.sites.telling import take_back, tell
from api.store.port import Unit
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound
from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.programme_calls import EventCall
from models.domain.scenario import Scenario
from models.domain.signal import Event
from optimizer.response.commitment import Commitment


def signal_id(programme: str, call: str) -> str:
    """Under which a call is a signal of its sites: two programmes may call theirs alike."""
    return f"{programme}:{call}"


def keep_call(book: Book, id: str, told: CallTold, now: datetime, expected: int) -> Kept[EventCall]:
    """A call, told for the first time or with other times; raises InvalidDocument, Conflict.

    Commitments to other times are void: its signals go until they are made again.
    """
    if told.end <= told.start:
        message = f"call {id} ends before it starts"
        refuse([Finding(path="end", message=message, remedy="write an end after the start")])
    call = EventCall(id=id, start=told.start, end=told.end, told_at=told.told_at or now)
    before = book.find(Kind.CALL, id)
    if before is not None and (before.value.start, before.value.end) != (call.start, call.end):
        void(book, id, now)
    return book.put(Kind.CALL, call, id=id, expected=expected, what="call told")


def cancel_call(book: Book, id: str, now: datetime, expected: int | None) -> None:
    """It asks nothing any more, and uses none of the calls of its programme; raises NotFound, Conflict."""
    found = book.get(Kind.CALL, id)
    void(book, id, now)
    revision = found.revision if expected is None else expected
    book.put(Kind.CALL, replace(found.value, cancelled=True), id=id, expected=revision, what="call cancelled")


def void(book: Book, call: str, now: datetime) -> None:
    """No site has anything to deliver for it."""
    for kept in commitments(book, call):
        release(book, call, kept.site, now)
        book.remove(Kind.COMMITMENT, id=f"{call}/{kept.site}", what="commitment void")


def commitments(book: Book, call: str) -> list[KeptCommitment]:
    """Of one call, by site."""
    return [kept.value for kept in book.every(Kind.COMMITMENT) if kept.id.rpartition("/")[0] == call]


def release(book: Book, call: str, site: str, now: datetime) -> None:
    """The call is no signal of a site any more."""
    book.unit.lock(book.tenant, site)
    desk = Desk(book.unit, book.tenant, site, book.who)
    if desk.find(Kind.SITE) is not None and desk.find(Kind.SIGNAL, signal_id(book.id, call)) is not None:
        take_back(desk, Kind.SIGNAL, now, id=signal_id(book.id, call), expected=None)


def offer(service: Service, tenant: str, programme: str, asked: OfferAsked) -> OfferDocument:
    """What one enrolled site could deliver; raises NotFound, InvalidScenario and what planning raises."""
    now = service.clock()
    call = EventCall(id="offer", start=asked.start, end=asked.end)
    with service.store.view() as unit:
        book = Book(unit, tenant, programme, "")
        terms, earlier = book.terms, book.earlier(call)
        book.enrolment(asked.site, asked.start)
        scenario = _scenario(unit, tenant, asked.site, now)
    return offered(scenario, terms, call, earlier, service.analysis_settings)


def split_target(service: Service, tenant: str, programme: str, asked: SplitAsked) -> SplitDocument:
    """A target over enrolled sites; raises NotFound, InvalidScenario and what planning raises."""
    now = service.clock()
    with service.store.view() as unit:
        book = Book(unit, tenant, programme, "")
        terms = book.terms
        names = asked.sites or _enrolled(book, asked.start)
        for name in names:
            book.enrolment(name, asked.start)
        sites = {name: _scenario(unit, tenant, name, now) for name in names}
    return divided(sites, terms.direction, asked.start, asked.end, asked.target_kw, service.analysis_settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What one site is asked by a call, as of one moment."""

    terms: Programme
    call: Kept[EventCall]
    evses: tuple[str, ...]
    nominated_kw: float | None
    earlier: tuple[EventCall, ...]
    scenario: Scenario
    """Without the call."""


def answer_call(
    service: Service, tenant: str, programme: str, call_id: str, asked: CommitmentAsked, who: str
) -> CommitmentDocument:
    """What a site commits to; unless it is a dry run, the call is a signal of the site from then on.

    Raises NotFound, Conflict for a call that is cancelled, over, or was changed meanwhile, and what planning raises.
    """
    now = service.clock()
    with service.store.view() as unit:
        question = _question(Book(unit, tenant, programme, who), call_id, asked, now)
    found = committed(
        question.scenario,
        question.terms,
        replace(question.call.value, id=signal_id(programme, call_id)),
        nominated_kw=question.nominated_kw,
        baseline_kw=asked.baseline_kw,
        evses=question.evses,
        earlier=question.earlier,
        settings=service.analysis_settings,
    )
    told = commitment_document(found, programme, question.terms.currency)
    if not asked.dry_run:
        with writing_book(service.store, now, tenant, programme, who) as book:
            _keep(book, question.call, asked.site, found, told, now)
    return told


def _question(book: Book, call_id: str, asked: CommitmentAsked, now: datetime) -> _Question:
    terms, kept = book.terms, book.get(Kind.CALL, call_id)
    call: EventCall = kept.value
    _refuse_past(call, now)
    named = book.enrolment(asked.site, call.start).evses
    scenario = _scenario(book.unit, book.tenant, asked.site, now)
    others = tuple(one for one in scenario.signals if one.id != signal_id(book.id, call_id))
    return _Question(
        terms=terms,
        call=kept,
        evses=named or tuple(evse.id for evse in scenario.site.evses),
        nominated_kw=book.nominated_kw(asked.site, call.start) if asked.nominated_kw is None else asked.nominated_kw,
        earlier=book.earlier(call),
        scenario=replace(scenario, signals=others),
    )


def _keep(
    book: Book, call: Kept[EventCall], site: str, found: Commitment, told: CommitmentDocument, now: datetime
) -> None:
    if book.get(Kind.CALL, call.id).revision != call.revision:
        raise Conflict("the call was changed while it was answered; ask again")
    line = KeptCommitment(
        site=site,
        committed_kw=told.committed_kw,
        nominated_kw=told.nominated_kw,
        held=told.held,
        reason=told.reason,
        gain=told.gain,
        at=now,
    )
    book.put(Kind.COMMITMENT, line, id=f"{call.id}/{site}", what="commitment")
    if found.takes_part:
        _install(book, site, found.event, now)
    else:
        release(book, call.id, site, now)


def _install(book: Book, site: str, event: Event, now: datetime) -> None:
    book.unit.lock(book.tenant, site)
    desk = Desk(book.unit, book.tenant, site, book.who)
    desk.get(Kind.SITE)
    tell(desk, Kind.SIGNAL, event, now, id=event.id, expected=None)


def _scenario(unit: Unit, tenant: str, site: str, now: datetime) -> Scenario:
    """Of what is known of a site now; raises NotFound."""
    desk = Desk(unit, tenant, site, "")
    if desk.find(Kind.SITE) is None:
        raise NotFound(f"there is no site {site}")
    return scenario_of(live_site(desk, now), contents(desk), now)


def _enrolled(book: Book, when: datetime) -> Sequence[str]:
    day = book.day(when)
    names = dict.fromkeys(one.site for one in book.roster.enrolments if one.holds_on(day))
    if not names:
        raise NotFound("no site is enrolled in this programme on that day")
    return tuple(names)


def _refuse_past(call: EventCall, now: datetime) -> None:
    if call.cancelled:
        raise Conflict("the call is cancelled")
    if call.end <= now:
        raise Conflict("the call is over")
