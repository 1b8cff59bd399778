"""Local time of a tariff: kinds of days, public holidays, and the wall clock as arrays.

Instants are seconds since 1970 in UTC; days are numbers of local days since 1970-01-01.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.schedule import Floats
from models.domain.tariff import DayKind, Tariff
from models.domain.units import HOURS_PER_DAY, seconds_from_hours

Integers = NDArray[np.int64]

DAY_S = seconds_from_hours(HOURS_PER_DAY)
"""A day of the wall clock, which never jumps; days of UTC seconds between midnights can be shorter or longer. [s]"""
_LEAP_YEAR = 2024
_MONTH_DAY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_MONTH_STARTS = np.array([date(_LEAP_YEAR, m, 1).timetuple().tm_yday - 1 for m in range(1, 13)], dtype=np.int64)
_EPOCH = date(1970, 1, 1)
_EPOCH_WEEKDAY = _EPOCH.weekday()
_KIND_OF_WEEKDAY = np.array([0, 0, 0, 0, 0, 1, 2], dtype=np.int64)
"""Place in DayKind of Monday to Sunday."""
_HOLIDAY = list(DayKind).index(DayKind.HOLIDAY)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where midnight is and which days are holidays."""

    time_zone: ZoneInfo
    holidays: frozenset[date] = frozenset()
    """Named one by one."""
    holiday_calendar: str | None = None
    """ISO 3166 country or country-subdivision whose public holidays count too, as in ``US-CA``."""

    def is_holiday(self, day: date) -> bool:
        if day in self.holidays:
            return True
        return self.holiday_calendar is not None and day in public_holidays(self.holiday_calendar, day.year)

    def kind_of(self, day: date) -> DayKind:
        """Of a local day; a holiday is only a holiday."""
        if self.is_holiday(day):
            return DayKind.HOLIDAY
        return {5: DayKind.SATURDAY, 6: DayKind.SUNDAY}.get(day.weekday(), DayKind.WEEKDAY)

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.time_zone)

    def local_day(self, instant_s: float) -> date:
        return datetime.fromtimestamp(instant_s, self.time_zone).date()

    def day_start_s(self, day: date) -> float:
        """The first instant of a local day, also where the clock jumps over or repeats midnight. [s]"""
        return _midnight_s(self.time_zone, day)


def calendar_of(tariff: Tariff, site_time_zone: str) -> Calendar:
    """The tariff's own time zone, else the site's; raises InvalidScenario for an unknown zone or holiday calendar."""
    path = "site.time_zone" if tariff.time_zone is None else "tariff.time_zone"
    if tariff.holiday_calendar is not None:
        _check_holiday_calendar(tariff.holiday_calendar)
    zone = _zone(tariff.time_zone or site_time_zone, path)
    return Calendar(zone, frozenset(tariff.holidays), tariff.holiday_calendar)


@lru_cache(maxsize=4096)
def _midnight_s(zone: ZoneInfo, day: date) -> float:
    """Every plan asks for the same few."""
    return datetime.combine(day, time(), zone).timestamp()


@lru_cache(maxsize=256)
def public_holidays(holiday_calendar: str, year: int) -> frozenset[date]:
    """Public holidays of a country or subdivision, with the days on which they are observed instead.

    Some utilities count fewer: their tariff names its ``holidays`` one by one. Source: package ``holidays``.
    """
    import holidays  # slow to import, and most tariffs have no public holidays

    _check_holiday_calendar(holiday_calendar)
    country, _, subdivision = holiday_calendar.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))


def day_kinds(calendar: Calendar, days: Integers) -> Integers:
    """Place in DayKind of each local day, same shape."""
    kinds = _KIND_OF_WEEKDAY[(days + _EPOCH_WEEKDAY) % 7]
    if len(days) and (calendar.holidays or calendar.holiday_calendar):
        years = range(_date(int(days.min())).year, _date(int(days.max())).year + 1)
        numbers = np.concatenate([_holiday_numbers(calendar, year) for year in years])
        kinds[np.isin(days, numbers)] = _HOLIDAY
    return kinds


def days_of_leap_year(days: Integers) -> Integers:
    """Place of each day in a leap year: 0 for January 1, 59 for February 29, 60 for March 1 of any year."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day_of_month = (dates - months.astype("datetime64[D]")).astype(np.int64)
    month_starts = _MONTH_STARTS[months.astype(np.int64) % len(_MONTH_STARTS)]
    return np.asarray(month_starts + day_of_month)


def day_of_leap_year(month_day: str) -> int:
    """The same for ``MM-DD``; raises ValueError when there is no such day."""
    written = _MONTH_DAY.fullmatch(month_day)
    if written is None:
        raise ValueError(month_day)
    return date(_LEAP_YEAR, int(written[1]), int(written[2])).timetuple().tm_yday - 1


def month_day(day_of_year: int) -> str:
    """The inverse of :func:`day_of_leap_year`."""
    return f"{date.fromordinal(date(_LEAP_YEAR, 1, 1).toordinal() + day_of_year):%m-%d}"


def wall_clock_s(zone: ZoneInfo, instants_s: Floats) -> Floats:
    """Local date and time of each instant, as if it were UTC. [s]"""
    if not len(instants_s):
        return instants_s
    from_s, offset_s = offsets(zone, float(instants_s.min()), float(instants_s.max()))
    return instants_s + offset_s[np.searchsorted(from_s, instants_s, side="right") - 1]


def instants_at_times(zone: ZoneInfo, times_s: Floats, start_s: float, end_s: float) -> Floats:
    """Instants strictly between start and end at which the wall clock shows one of ``times_s`` or jumps, ascending.

    A time that the clock repeats is there twice, one that it jumps over is not there.
    """
    from_s, offset_s = offsets(zone, start_s, end_s)
    found = [from_s]
    for begin_s, until_s, offset in zip(from_s, np.append(from_s[1:], end_s), offset_s, strict=True):
        days = np.arange((begin_s + offset) // DAY_S, (until_s + offset) // DAY_S + 1)
        at_times = (days[:, None] * DAY_S + times_s).ravel() - offset
        found.append(at_times[(at_times > begin_s) & (at_times < until_s)])
    instants_s = np.sort(np.concatenate(found))
    return instants_s[(instants_s > start_s) & (instants_s < end_s)]


def offsets(zone: ZoneInfo, start_s: float, end_s: float) -> tuple[Floats, Floats]:
    """Instants from which an offset to UTC holds, the first one at or before start, and these offsets. [s], [s]"""
    # Offsets change on whole seconds and never twice within a day, so one look a day misses nothing.
    looks = [*range(int(start_s // 1), int(end_s // 1), int(DAY_S)), int(end_s // 1)]
    from_s, offset_s = [looks[0]], [_offset_s(zone, looks[0])]
    for before, after in pairwise(looks):
        offset = _offset_s(zone, after)
        if offset != offset_s[-1]:
            from_s.append(_first_second_of(zone, offset, before, after))
            offset_s.append(offset)
    return np.array(from_s, dtype=np.float64), np.array(offset_s)


def _offset_s(zone: ZoneInfo, instant_s: int) -> float:
    local = datetime.fromtimestamp(instant_s, UTC).astimezone(zone)
    return (local.replace(tzinfo=UTC) - local).total_seconds()


def _first_second_of(zone: ZoneInfo, offset_s: float, before_s: int, after_s: int) -> int:
    """Bisection: the offset holds at ``after_s`` and not at ``before_s``."""
    while after_s - before_s > 1:
        middle_s = (before_s + after_s) // 2
        if _offset_s(zone, middle_s) == offset_s:
            after_s = middle_s
        else:
            before_s = middle_s
    return after_s


@lru_cache(maxsize=256)
def _holiday_numbers(calendar: Calendar, year: int) -> Integers:
    days = {day for day in calendar.holidays if day.year == year}
    if calendar.holiday_calendar is not None:
        days |= public_holidays(calendar.holiday_calendar, year)
    return np.array([(day - _EPOCH).days for day in sorted(days)], dtype=np.int64)


def _date(day: int) -> date:
    return date.fromordinal(_EPOCH.toordinal() + day)


@lru_cache(maxsize=256)
def _check_holiday_calendar(holiday_calendar: str) -> None:
    import holidays

    country, _, subdivision = holiday_calendar.partition("-")
    try:
        holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as unknown:
        message = f"no public holidays are known for {holiday_calendar!r}"
        remedy = "write an ISO 3166 country or country-subdivision such as DE-BY or US-CA, or list tariff.holidays"
        finding = Finding(path="tariff.holiday_calendar", message=message, remedy=remedy)
        raise InvalidScenario([finding]) from unknown


def _zone(name: str, path: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as unknown:
        remedy = "write an IANA name such as Europe/Berlin"
        finding = Finding(path=path, message=f"time zone {name!r} is not known", remedy=remedy)
        raise InvalidScenario([finding]) from unknown
