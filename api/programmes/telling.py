"""Terms, rosters and nominations as callers tell them: judged, and kept, or not at all."""

from dataclasses import replace
from datetime import datetime
from math import isfinite

from api.programmes.calls import void
from api.programmes.forms import Nominations
from api.programmes.keeping import Book
from api.sites.judging import refuse
from api.sites.keeping import Desk, Kept
from api.store.records import Kind
from models.domain.checks.programmes import programme_findings
from models.domain.findings import Finding
from models.domain.paths import plain
from models.domain.programme import Programme
from models.domain.roster import Roster, roster_findings

MOST_KW = 1e6


def tell_terms(book: Book, told: Programme, expected: int) -> Kept[Programme]:
    """Raises InvalidDocument, Conflict."""
    _same("id", told.id, book.id)
    refuse(programme_findings(told))
    return book.put(Kind.PROGRAMME, told, expected=expected, what="programme told")


def tell_roster(book: Book, told: Roster, expected: int) -> Kept[Roster]:
    """Raises NotFound without terms, InvalidDocument also for sites and EVSEs that there are not, Conflict."""
    book.get(Kind.PROGRAMME)
    _same("programme", told.programme, book.id)
    refuse([*roster_findings(told), *_strangers(book, told)])
    return book.put(Kind.ROSTER, told, expected=expected, what="roster told")


def tell_nominations(book: Book, month: str, told: Nominations, expected: int) -> Kept[Nominations]:
    """Raises NotFound without terms, InvalidDocument, Conflict."""
    terms = book.terms
    refuse(_unfit(book, terms, told))
    return book.put(Kind.NOMINATIONS, told, id=month, expected=expected, what="nominations told")


def remove_programme(book: Book, expected: int | None, now: datetime) -> None:
    """With all that is kept of it but its journal; raises NotFound, Conflict."""
    for kept in book.every(Kind.CALL):
        void(book, kept.id, now)
    for kind in (Kind.CALL, Kind.NOMINATIONS, Kind.OPT_OUT):
        for kept in book.every(kind):
            book.remove(kind, id=kept.id, what=f"{kind} removed")
    if book.find(Kind.ROSTER) is not None:
        book.remove(Kind.ROSTER, what="roster removed")
    book.remove(Kind.PROGRAMME, expected=expected, what="programme removed")


def _strangers(book: Book, told: Roster) -> list[Finding]:
    """Sites that are not kept, and EVSEs that they do not have."""
    found = []
    for i, one in enumerate(told.enrolments):
        kept = Desk(book.unit, book.tenant, one.site, "").find(Kind.SITE)
        here = f"enrolments[{i}]"
        if kept is None:
            message = f"enrolment {plain(one.id)}: there is no site {plain(one.site)}"
            found.append(Finding(path=f"{here}.site", message=message, remedy="put the site first", ids=(one.id,)))
            continue
        known = {evse.id for evse in kept.value.evses}
        for k, evse in enumerate(one.evses):
            if evse not in known:
                message = f"enrolment {plain(one.id)}: site {plain(one.site)} has no EVSE {plain(evse)}"
                remedy = "name one of its EVSEs"
                found.append(Finding(path=f"{here}.evses[{k}]", message=message, remedy=remedy, ids=(one.id,)))
    return found


def _unfit(book: Book, terms: Programme, told: Nominations) -> list[Finding]:
    enrolled = {one.site for one in book.roster.enrolments}
    found, seen = [], set[str]()
    for i, one in enumerate(told.sites):
        here = Finding(path=f"sites[{i}].site", message="", remedy="", ids=(one.site,))
        if one.site in seen:
            found.append(replace(here, message=f"site {plain(one.site)} is there twice", remedy="name each once"))
        elif one.site not in enrolled:
            message = f"site {plain(one.site)} is not in the roster"
            found.append(replace(here, message=message, remedy="enrol it first"))
        if not isfinite(one.power_kw) or not 0.0 <= one.power_kw <= MOST_KW:
            message = f"{one.power_kw:g} kW is no nomination"
            found.append(replace(here, path=f"sites[{i}].power_kw", message=message, remedy="write at least 0"))
        elif 0.0 < one.power_kw < terms.minimum_kw:
            message = f"{one.power_kw:g} kW is below the {terms.minimum_kw:g} kW that the programme takes"
            found.append(replace(here, path=f"sites[{i}].power_kw", message=message, remedy="write 0, or more"))
        seen.add(one.site)
    return found


def _same(path: str, told: str, address: str) -> None:
    if told != address:
        message = "the id in the body is another one than in the address"
        refuse([Finding(path=path, message=message, remedy="write the same id in both")])
