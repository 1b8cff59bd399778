"""Who stays out of a call, why, and how many do: a site, a session at it, or all sessions of a driver there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from api.document import Part
from api.programmes.calls import commitments, release
from api.programmes.forms import KeptCommitment, OptOut, OptOutReason, OptOutTold
from api.programmes.keeping import Book
from api.sites.judging import refuse
from api.sites.keeping import Desk, Kept
from api.sites.plugging import opt_out as freed
from api.sites.stays import Stay
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound
from models.domain.findings import Finding
from models.domain.programme_calls import EventCall, season_of
from models.domain.units import minutes_from_seconds


class OptOutLine(Part):
    """One opt-out."""

    call: str
    site: str
    session: str | None
    driver: str | None
    reason: str
    note: str
    at: datetime
    sessions: list[str]
    """Whom it freed from the plan."""


class OptOutRate(Part):
    """How many of those who were asked stayed out."""

    call: str
    sites: int
    """That were asked: committed, or opted out."""
    sites_out: int
    sessions: int
    """That were plugged in during the event at these sites."""
    sessions_out: int
    drivers_out: int
    share_of_sites: float
    share_of_sessions: float


class OptOuts(Part):
    """Opt-outs of a programme, and their rate call by call."""

    items: list[OptOutLine]
    rates: list[OptOutRate]


def opt_out(book: Book, call_id: str, told: OptOutTold, now: datetime) -> OptOutLine:
    """Let somebody out of a call; raises NotFound, InvalidDocument, Conflict where the terms do not let a site out.

    An emergency always lets out.
    """
    _refuse_two(told)
    call: EventCall = book.get(Kind.CALL, call_id).value
    if call.cancelled or call.end <= now:
        raise Conflict("the call is cancelled" if call.cancelled else "the call is over")
    book.enrolment(told.site, call.start)
    if told.session is None and told.driver is None:
        _check_terms(book, call, told, now)
        sessions: tuple[str, ...] = ()
        _site_out(book, call, told, now)
    else:
        sessions = _sessions_out(book, told, now)
    kept = OptOut(told=told, at=now, who=book.who, sessions=sessions)
    who = "/".join(filter(None, (told.site, told.session and f"session {told.session}", told.driver and "driver")))
    book.put(Kind.OPT_OUT, kept, id=f"{call_id}/{who}/{len(_of_call(book, call_id))}", what="opted out")
    return _line(call_id, kept)


def opt_outs(book: Book) -> OptOuts:
    """All of a programme; raises NotFound."""
    kept = [(one.id.partition("/")[0], one.value) for one in book.every(Kind.OPT_OUT)]
    calls: list[EventCall] = [one.value for one in book.every(Kind.CALL)]
    rates = [_rate(book, call, [told for id, told in kept if id == call.id]) for call in calls if not call.cancelled]
    return OptOuts(items=[_line(id, told) for id, told in kept], rates=rates)


def _refuse_two(told: OptOutTold) -> None:
    if told.session is not None and told.driver is not None:
        remedy = "name one of them, or neither for the whole site"
        refuse([Finding(path="driver", message="both a session and a driver are named", remedy=remedy)])


def _check_terms(book: Book, call: EventCall, told: OptOutTold, now: datetime) -> None:
    rules = book.terms.opt_out
    if told.reason is OptOutReason.EMERGENCY:
        return
    if not rules.sites_may:
        raise Conflict("the terms let no site out, except in an emergency")
    notice = minutes_from_seconds((call.start - now).total_seconds())
    if notice < rules.notice_minutes:
        raise Conflict(f"the terms let sites out until {rules.notice_minutes:g} min before the start, and no later")
    before = _site_opt_outs(book, call, told.site)
    if rules.most_per_season is not None and before >= rules.most_per_season:
        raise Conflict(f"the site stayed out of {before} events of this season, and the terms allow no more")


def _site_opt_outs(book: Book, call: EventCall, site: str) -> int:
    """Of other calls of the season."""
    terms = book.terms
    season = season_of(terms, book.day(call.start))
    calls = {one.id: one for one in book.earlier(call) if season_of(terms, book.day(one.start)) == season}
    kept = ((one.id.partition("/")[0], one.value.told) for one in book.every(Kind.OPT_OUT))
    return len({id for id, told in kept if id in calls and told.site == site and not (told.session or told.driver)})


def _site_out(book: Book, call: EventCall, told: OptOutTold, now: datetime) -> None:
    release(book, call.id, told.site, now)
    found = book.find(Kind.COMMITMENT, f"{call.id}/{told.site}")
    if found is not None:
        out: KeptCommitment = replace(found.value, opted_out=True, committed_kw=0.0)
        book.put(Kind.COMMITMENT, out, id=found.id, what="commitment ended")


def _sessions_out(book: Book, told: OptOutTold, now: datetime) -> tuple[str, ...]:
    """As fast as limits allow, as long as they stay."""
    book.unit.lock(book.tenant, told.site)
    desk = Desk(book.unit, book.tenant, told.site, book.who)
    if told.session is not None:
        freed(desk, told.session, True, now)
        return (told.session,)
    mine = [kept.id for kept in desk.every(Kind.SESSION) if kept.value.told.driver == told.driver]
    if not mine:
        raise NotFound("no session of this driver is there")
    for session in mine:
        freed(desk, session, True, now)
    return tuple(mine)


def _rate(book: Book, call: EventCall, told: list[OptOut]) -> OptOutRate:
    asked = {one.site for one in commitments(book, call.id)} | {one.told.site for one in told}
    out = {one.told.site for one in told if not (one.told.session or one.told.driver)}
    there = {session for site in asked for session in _there(book, site, call)}
    freed_ = {session for one in told for session in one.sessions}
    return OptOutRate(
        call=call.id,
        sites=len(asked),
        sites_out=len(out),
        sessions=len(there | freed_),
        sessions_out=len(freed_),
        drivers_out=len({one.told.driver for one in told if one.told.driver}),
        share_of_sites=_share(len(out), len(asked)),
        share_of_sessions=_share(len(freed_), len(there | freed_)),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _there(book: Book, site: str, call: EventCall) -> Iterator[str]:
    """Sessions that were plugged in at some time of the event, or are."""
    desk = Desk(book.unit, book.tenant, site, book.who)
    stays: list[Kept[Stay]] = [*desk.every(Kind.SESSION), *desk.every(Kind.PAST_SESSION)]
    for kept in stays:
        stay = kept.value
        if stay.told.plugged_in_at < call.end and (stay.unplugged_at is None or stay.unplugged_at > call.start):
            yield kept.id


def _of_call(book: Book, call: str) -> list[Kept[OptOut]]:
    return [one for one in book.every(Kind.OPT_OUT) if one.id.partition("/")[0] == call]


def _line(call: str, kept: OptOut) -> OptOutLine:
    told = kept.told
    return OptOutLine(
        call=call,
        site=told.site,
        session=told.session,
        driver=told.driver,
        reason=told.reason,
        note=told.note,
        at=kept.at,
        sessions=list(kept.sessions),
    )
