"""What is wrong with the terms of a programme: every finding at once."""

from collections.abc import Iterator, Mapping

from models.domain.calendar import day_of_leap_year, public_holidays
from models.domain.checks.leaves import leaves
from models.domain.checks.ranges import COUNT, NOT_NEGATIVE, POSITIVE, RANGES, SHARE, Range, out_of_range
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import plain, shown, some_of
from models.domain.programme import CallLimits, DeadBand, OptOutRules, Programme
from models.domain.times import zone
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR
from models.domain.windows import window_findings
from models.settlement.methods import methods

LONGEST_EVENT_H = 7 * HOURS_PER_DAY
_SOME_YEAR = 2026
PROGRAMME_RANGES: Mapping[type, Mapping[str, Range]] = RANGES | {
    Programme: {
        "notice_minutes": NOT_NEGATIVE,
        "event_hours": Range(low=0.0, high=LONGEST_EVENT_H, above=True),
        "calls_expected_per_month": NOT_NEGATIVE,
        "minimum_kw": NOT_NEGATIVE,
        "step_kw": POSITIVE,
        "settlement_minutes": Range(low=1.0, high=HOURS_PER_DAY * MINUTES_PER_HOUR),
        "capacity_per_kw_month": NOT_NEGATIVE,
        "energy_per_kwh": NOT_NEGATIVE,
        "accepted_share": Range(low=0.0, high=10.0),
        "penalty_per_kwh": NOT_NEGATIVE,
    },
    CallLimits: {
        "calls_per_day": COUNT,
        "calls_per_month": COUNT,
        "calls_per_season": COUNT,
        "hours_per_day": POSITIVE,
        "hours_per_month": POSITIVE,
        "hours_per_season": POSITIVE,
    },
    DeadBand: {"pays_from_share": SHARE, "whole_from_share": Range(low=0.0, high=1.0, above=True)},
    OptOutRules: {"notice_minutes": NOT_NEGATIVE, "most_per_season": NOT_NEGATIVE},
}


def programme_findings(programme: Programme) -> tuple[Finding, ...]:
    """Empty when events, nominations and settlements can be reckoned with it."""
    found = [*out_of_range(leaves(programme), PROGRAMME_RANGES)]
    return (*found, *_names(programme), *_calendar(programme), *_windows(programme), *_money(programme))


def _names(programme: Programme) -> Iterator[Finding]:
    for field in ("id", "title", "currency"):
        if not getattr(programme, field):
            yield _finding(programme, field, f"it has no {field}", "write it")
    if programme.baseline not in methods():
        message = f"{shown(programme.baseline)} is no baseline that is known"
        yield _finding(programme, "baseline", message, f"write one of {', '.join(methods())}")
    unknown = [name for name in programme.unverified if name not in Programme.__dataclass_fields__]
    if unknown:
        message = f"{some_of(unknown)} is no field of a programme"
        yield _finding(programme, "unverified", message, "name fields whose terms are not from a primary text")


def _calendar(programme: Programme) -> Iterator[Finding]:
    if zone(programme.time_zone) is None:
        message = f"time zone {shown(programme.time_zone)} is not known"
        yield _finding(programme, "time_zone", message, "write an IANA name such as America/New_York")
    if programme.holiday_calendar is not None:
        try:
            public_holidays(programme.holiday_calendar, _SOME_YEAR)
        except InvalidScenario as unknown:
            finding = unknown.findings[0]
            remedy = "write an ISO 3166 country or subdivision such as US-NY, or list holidays"
            yield _finding(programme, "holiday_calendar", finding.message, remedy)
    try:
        day_of_leap_year(programme.season_start)
    except ValueError:
        message = f"{shown(programme.season_start)} is no day of a year"
        yield _finding(programme, "season_start", message, "write MM-DD, as in 05-01")


def _windows(programme: Programme) -> Iterator[Finding]:
    if not programme.windows:
        yield _finding(programme, "windows", "it can never call", "write at least one window, or leave the field out")
    for i, window in enumerate(programme.windows):
        yield from window_findings(window, f"windows[{i}]")


def _money(programme: Programme) -> Iterator[Finding]:
    band = programme.dead_band
    if band.pays_from_share > band.whole_from_share:
        message = "it pays from a higher share on than that from which it pays the whole"
        yield _finding(programme, "dead_band.pays_from_share", message, "write at most whole_from_share")
    limits = programme.limits
    if programme.event_hours and limits.hours_per_day and programme.event_hours > limits.hours_per_day:
        message = f"an event of {programme.event_hours:g} h is longer than the {limits.hours_per_day:g} h of a day"
        yield _finding(programme, "event_hours", message, "correct one of them")


def _finding(programme: Programme, path: str, message: str, remedy: str) -> Finding:
    ids = (programme.id,) if programme.id else ()
    return Finding(path=path, message=f"programme {plain(programme.id)}: {message}", remedy=remedy, ids=ids)
