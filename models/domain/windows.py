"""Recurring local time windows of a tariff: which of them holds, when they open and close, what they leave out.

Two ways that share no arithmetic: :func:`holds` looks at one instant with local datetimes; a :class:`Timetable` is
made once for a tariff and looked up for arrays of instants.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.domain.calendar import (
    DAY_S,
    Calendar,
    Integers,
    day_kinds,
    day_of_leap_year,
    days_of_leap_year,
    instants_at_times,
    month_day,
    wall_clock_s,
)
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.schedule import Floats
from models.domain.tariff import DayKind, Window
from models.domain.units import MINUTES_PER_HOUR, hours_from_seconds, seconds_from_hours, seconds_from_minutes

Booleans = NDArray[np.bool_]
_DAYS_OF_LEAP_YEAR = 366
_HOURS_MINUTES = re.compile(r"(?!24:0[1-9]|24:[1-5])([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_NONE = -1
"""In a timetable: no group holds."""
_NEVER = np.zeros(0)


def holds(window: Window, instant: datetime, calendar: Calendar) -> bool:
    """Whether the window is open at one instant; the window is well-formed."""
    local = calendar.local(instant)
    day, time = f"{local:%m-%d}", f"{local:%H:%M}"
    first, last = window.season_start, window.season_end
    in_season = first <= day <= last if first <= last else day >= first or day <= last
    in_time = _text_between(window.start, time, window.end)
    return in_season and in_time and calendar.kind_of(local.date()) in window.days


def _text_between(start: str, time: str, end: str) -> bool:
    return start <= time < end if start <= end else time >= start or time < end


@dataclass(frozen=True, slots=True)
class Timetable:
    """For groups of windows in order: the first one that holds, for every kind of local day and time of day."""

    times_s: Floats
    """Local times of day at which a window opens or closes, from 00:00 on. [s]"""
    group: Integers
    """Place of the group, -1 for none, by day of a leap year, place in DayKind, and stretch between times."""
    always: int | None
    """The group that holds at any time, where one does."""


@lru_cache(maxsize=512)
def timetable(groups: tuple[tuple[Window, ...], ...]) -> Timetable:
    """The timetable of some groups of windows; raises InvalidScenario with every malformed window."""
    windows = [window for group in groups for window in group]
    findings = [finding for window in windows for finding in window_findings(window, "tariff.windows")]
    if findings:
        raise InvalidScenario(findings)
    ends = (time_of_day_s(text) for window in windows for text in (window.start, window.end))
    times_s = np.array(sorted({0.0, *ends} - {DAY_S}))
    first = np.full((_DAYS_OF_LEAP_YEAR, len(DayKind), len(times_s)), _NONE, dtype=np.int64)
    for place, group in reversed(list(enumerate(groups))):
        for window in group:
            first[_open(window, times_s)] = place
    return Timetable(times_s, first, int(first.flat[0]) if (first == first.flat[0]).all() else None)


def group_at(table: Timetable, calendar: Calendar, instants_s: Floats) -> Integers:
    """Place of the group that holds at each instant, -1 for none; same shape."""
    if table.always is not None:
        return np.full(len(instants_s), table.always)
    wall_s = wall_clock_s(calendar.time_zone, instants_s)
    days = (wall_s // DAY_S).astype(np.int64)
    stretch = np.searchsorted(table.times_s, wall_s - days * DAY_S, side="right") - 1
    return table.group[days_of_leap_year(days), day_kinds(calendar, days), stretch]


def group_steps(table: Timetable, calendar: Calendar, start_s: float, end_s: float) -> tuple[Floats, Integers]:
    """From when on which group holds: instants (K,), the first one ``start_s``, and groups (K,) that alternate."""
    if table.always is not None:
        return np.array([start_s]), np.array([table.always])
    inside_s = instants_at_times(calendar.time_zone, table.times_s, start_s, end_s)
    instants_s = np.append(start_s, inside_s)
    groups = group_at(table, calendar, instants_s)
    changed = np.append(True, np.diff(groups) != 0)
    return instants_s[changed], groups[changed]


def window_changes(windows: tuple[Window, ...], calendar: Calendar, start_s: float, end_s: float) -> Floats:
    """Instants strictly between start and end at which the first window opens or the last one closes, ascending."""
    table = timetable((windows,))
    return _NEVER if table.always is not None else group_steps(table, calendar, start_s, end_s)[0][1:]


def uncovered(groups: tuple[tuple[Window, ...], ...], calendar: Calendar) -> list[str]:
    """What no window holds, in words: ``saturday, sunday, 06-01 to 09-30, 18:00 to 24:00``.

    Holidays are left out when the calendar has none. Raises InvalidScenario with every malformed window.
    """
    table = timetable(groups)
    open_ends = [*table.times_s, DAY_S]
    told = []
    for first, end in _equal_runs([table.group[:, :, k] == _NONE for k in range(len(table.times_s))]):
        hours = f"{_time_text(open_ends[first])} to {_time_text(open_ends[end])}"
        told += [f"{days}, {hours}" for days in _days_in_words(table.group[:, :, first] == _NONE, calendar)]
    return told


def window_findings(window: Window, path: str) -> tuple[Finding, ...]:
    """Every way in which a window is malformed."""
    findings = [_season_finding(getattr(window, name), f"{path}.{name}") for name in ("season_start", "season_end")]
    findings += [_time_finding(getattr(window, name), f"{path}.{name}") for name in ("start", "end")]
    if not any(findings):
        findings.append(_empty_finding(window, path))
    return tuple(finding for finding in findings if finding)


def time_of_day_s(text: str) -> float:
    """``HH:MM`` from ``00:00`` to ``24:00``; raises ValueError for anything else. [s]"""
    written = _HOURS_MINUTES.fullmatch(text)
    if written is None:
        raise ValueError(text)
    return seconds_from_hours(int(written[1])) + seconds_from_minutes(int(written[2]))


def _open(window: Window, times_s: Floats) -> Booleans:
    """Where in a timetable a window is open."""
    first, last = day_of_leap_year(window.season_start), day_of_leap_year(window.season_end)
    season = _between(np.arange(_DAYS_OF_LEAP_YEAR), first, last + 1)
    kinds = np.array([kind in window.days for kind in DayKind])
    times = _between(times_s, time_of_day_s(window.start), time_of_day_s(window.end))
    return np.asarray(season[:, None, None] & kinds[None, :, None] & times)


def _between(points: Floats | Integers, start: float, end: float) -> Booleans:
    """From start to end, half-open; an end at or before the start wraps around."""
    if start < end:
        return (points >= start) & (points < end)
    return (points >= start) | (points < end)


def _days_in_words(gap: Booleans, calendar: Calendar) -> list[str]:
    """Days of a gap by (day of leap year, kind), kinds with the same gap told together."""
    kinds_of: dict[tuple[tuple[int, int], ...], list[str]] = {}
    for place, kind in enumerate(DayKind):
        if kind is DayKind.HOLIDAY and not (calendar.holidays or calendar.holiday_calendar):
            continue
        runs = tuple((first, end) for first, end in _equal_runs(gap[:, place]) if gap[first, place])
        kinds_of.setdefault(runs, []).append(kind)
    return [
        f"{', '.join(kinds)}, {month_day(first)} to {month_day(end - 1)}"
        for runs, kinds in kinds_of.items()
        for first, end in runs
    ]


def _equal_runs(items: Sequence[Booleans] | Booleans) -> Iterable[tuple[int, int]]:
    """Runs [first, end) of equal neighbours."""
    first = 0
    for k in range(1, len(items) + 1):
        if k == len(items) or not np.array_equal(items[k], items[first]):
            yield first, k
            first = k


def _time_text(time_s: float) -> str:
    hours = int(hours_from_seconds(time_s))
    minutes = round(MINUTES_PER_HOUR * (hours_from_seconds(time_s) - hours))
    return f"{hours:02}:{minutes:02}"


def _season_finding(text: str, path: str) -> Finding | None:
    try:
        day_of_leap_year(text)
    except ValueError:
        return Finding(path=path, message=f"{text!r} is no day of a year", remedy="write MM-DD, as in 06-01")
    return None


def _time_finding(text: str, path: str) -> Finding | None:
    try:
        time_of_day_s(text)
    except ValueError:
        message = f"{text!r} is no time of day"
        return Finding(path=path, message=message, remedy="write HH:MM from 00:00 to 24:00")
    return None


def _empty_finding(window: Window, path: str) -> Finding | None:
    if window.start == window.end:
        message = f"the window from {window.start} to {window.end} is empty"
        return Finding(path=path, message=message, remedy="write 00:00 to 24:00 for the whole day")
    if not window.days:
        return Finding(path=path, message="the window has no days", remedy="name at least one kind of day, or no days")
    return None
