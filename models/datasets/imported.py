"""What an import comes to: sessions, rows that were left out, and rows that are kept but worth a second look."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from models.datasets.recorded import RecordedSession
from models.domain.findings import Finding
from models.domain.units import hours_from_seconds

LONGEST = timedelta(hours=72)
"""A car that stays longer was most likely forgotten, or the end of its session was."""
MOST_KWH = 250.0
"""Few batteries take more. [kWh]"""
MOST_KW = 400.0
"""Few EVSEs give more, on the mean of a stay. [kW]"""
KEPT = "look at it; it is kept unless --drop-doubtful"
ABOVE_RATING = 1.05
"""Meters err; more than this share of a rating they do not."""


@dataclass(frozen=True, slots=True)
class Row:
    """A session, and where it stood."""

    where: str
    """As in ``line 17`` or ``[3]``."""
    session: RecordedSession
    doubts: tuple[str, ...] = ()
    """Found while it was read."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Everything that was in a file."""

    sessions: tuple[RecordedSession, ...]
    """By arrival; those with doubts are among them."""
    left_out: tuple[Finding, ...] = ()
    doubtful: tuple[Finding, ...] = ()


def imported(rows: Sequence[Row], left_out: Sequence[Finding] = ()) -> Imported:
    """The sessions of rows: each id once, with what is odd about each."""
    first: dict[str, Row] = {}
    gone = list(left_out)
    for row in rows:
        if row.session.id in first:
            gone.append(_again(row, first[row.session.id]))
        else:
            first[row.session.id] = row
    kept = sorted(first.values(), key=lambda row: (row.session.arrival, row.session.evse, row.session.id))
    doubtful = [finding for row in kept for finding in _doubts(row)] + list(_overlaps(kept))
    return Imported(tuple(row.session for row in kept), tuple(gone), tuple(doubtful))


def told_counts(findings: Sequence[Finding]) -> list[tuple[str, int]]:
    """How often each reason is given, the most frequent first."""
    return Counter(finding.ids[0] if finding.ids else finding.message for finding in findings).most_common()


def doubt(where: str, reason: str, message: str, remedy: str = KEPT, *, session: str = "") -> Finding:
    """A finding whose ids are its reason, for counting, and the session."""
    return Finding(path=where, message=message, remedy=remedy, ids=(reason, session))


def without_doubtful(found: Imported) -> Imported:
    """The same without the sessions that have doubts, which are left out then."""
    odd = {finding.ids[1] for finding in found.doubtful}
    kept = tuple(one for one in found.sessions if one.id not in odd)
    return Imported(kept, (*found.left_out, *found.doubtful))


def _again(row: Row, first: Row) -> Finding:
    message = f"session {row.session.id} is in {first.where} already"
    return doubt(row.where, "told twice", message, "nothing; the first one counts")


def _doubts(row: Row) -> Iterator[Finding]:
    one = row.session
    stay_h = hours_from_seconds((one.departure - one.arrival).total_seconds())
    for reason in row.doubts:
        yield doubt(row.where, reason, f"session {one.id}: {reason}", session=one.id)
    if one.departure - one.arrival > LONGEST:
        yield doubt(row.where, "a stay of more than 72 h", f"session {one.id} stays {stay_h:.0f} h", session=one.id)
    if one.energy_kwh == 0.0:
        yield doubt(row.where, "nothing was delivered", f"session {one.id} took nothing", session=one.id)
    if one.energy_kwh > MOST_KWH:
        yield doubt(row.where, "more than 250 kWh", f"session {one.id} took {one.energy_kwh:.0f} kWh", session=one.id)
    mean_kw, most_kw = one.energy_kwh / stay_h, (one.power_kw or MOST_KW) * ABOVE_RATING
    if mean_kw > most_kw:
        message = f"session {one.id}: {one.energy_kwh:.1f} kWh in {stay_h:.2f} h are {mean_kw:.0f} kW"
        yield doubt(row.where, "more energy than the stay allows", message, session=one.id)


def _overlaps(rows: Sequence[Row]) -> Iterator[Finding]:
    """Two cars at one EVSE at once, to the minute: either it has more connectors, or a time is wrong."""
    last: dict[str, Row] = {}
    for row in rows:
        one = row.session
        before = last.get(one.evse)
        if before is not None and before.session.departure - one.arrival >= timedelta(minutes=1):
            message = f"session {one.id} comes to {one.evse} before {before.session.id} ({before.where}) has left"
            yield doubt(row.where, "two cars at one EVSE", message, session=one.id)
        if before is None or one.departure > before.session.departure:
            last[one.evse] = row
