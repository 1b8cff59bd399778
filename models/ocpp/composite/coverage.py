"""One profile over time: when it is valid, which of its periods holds, and when that can change."""

from collections.abc import Iterator
from math import floor, inf

from models.ocpp.composite.neutral import InstalledPeriod, InstalledProfile, Kind, Question


def valid(profile: InstalledProfile, at_s: float, question: Question) -> bool:
    """Whether a profile counts at an instant at all: inside its validity, and not offline for too long."""
    if not profile.valid_from_s <= at_s < profile.valid_to_s:
        return False
    since = question.offline_since_s
    return since is None or at_s - since < profile.most_offline_s


def period_at(profile: InstalledProfile, at_s: float, charging_since_s: float | None) -> InstalledPeriod | None:
    """The period of the schedule that holds; None before its start, after its end, or without a transaction.

    A recurring schedule holds from its last occurrence on, also before the first one that it names.
    """
    start_s = _start(profile, at_s, charging_since_s)
    if start_s is None or at_s < start_s:
        return None
    elapsed_s = at_s - start_s
    if profile.duration_s is not None and elapsed_s >= profile.duration_s:
        return None
    return next((p for p in reversed(profile.periods) if p.start_s <= elapsed_s), None)


def changes(profile: InstalledProfile, question: Question, charging_since_s: float | None) -> Iterator[float]:
    """Instants inside the question at which what :func:`period_at` and :func:`valid` answer can change."""
    since = question.offline_since_s
    edges = [profile.valid_from_s, profile.valid_to_s, inf if since is None else since + profile.most_offline_s]
    for start_s in _starts(profile, question, charging_since_s):
        edges += [start_s, *(start_s + period.start_s for period in profile.periods)]
        edges.append(start_s + (inf if profile.duration_s is None else profile.duration_s))
    yield from (edge for edge in edges if question.start_s < edge < question.end_s)


def _start(profile: InstalledProfile, at_s: float, charging_since_s: float | None) -> float | None:
    if profile.kind is Kind.RELATIVE or profile.start_s is None:
        return charging_since_s
    if profile.local is not None:
        return profile.local.last_s(at_s)
    if profile.recurs_after_s is None:
        return profile.start_s
    return profile.start_s + profile.recurs_after_s * floor((at_s - profile.start_s) / profile.recurs_after_s)


def _starts(profile: InstalledProfile, question: Question, charging_since_s: float | None) -> Iterator[float]:
    """Every start of the schedule that matters to the question."""
    start_s = _start(profile, question.start_s, charging_since_s)
    while start_s is not None and start_s < question.end_s:
        yield start_s
        start_s = _next(profile, start_s)


def _next(profile: InstalledProfile, start_s: float) -> float | None:
    if profile.local is not None:
        return profile.local.next_s(start_s)
    return None if profile.recurs_after_s is None else start_s + profile.recurs_after_s
