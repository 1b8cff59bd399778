"""ISO 8601 durations and instants as OpenADR writes them, with its words for now and for ever."""

import re
from datetime import UTC, datetime, timedelta

from models.domain.utility_signal import FOREVER

_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_MONTHS_PER_YEAR = 12
_LONGEST_YEARS = 1000
"""From here on a duration has no end; the specification writes P9999Y."""


class Duration:
    """Months, and a span of time beside them; months are counted on the calendar in UTC."""

    __slots__ = ("months", "span")

    def __init__(self, months: int, span: timedelta) -> None:
        self.months, self.span = months, span

    @property
    def is_zero(self) -> bool:
        return self.months == 0 and self.span == timedelta()

    @property
    def is_endless(self) -> bool:
        return self.months >= _LONGEST_YEARS * _MONTHS_PER_YEAR

    def after(self, start: datetime) -> datetime:
        """When it ends that begins at ``start``; FOREVER where that is beyond all calendars."""
        if self.is_endless:
            return FOREVER
        try:
            return min(_months_later(start.astimezone(UTC), self.months) + self.span, FOREVER)
        except (OverflowError, ValueError):
            return FOREVER

    def total_s(self, start: datetime) -> float:
        """Length when it begins at ``start``. [s]"""
        return (self.after(start) - start).total_seconds()


NOTHING = Duration(0, timedelta())


def duration_of(text: str) -> Duration:
    """Of ``PT15M``, ``P1DT2H``, ``P9999Y``; raises ValueError, also for negative ones."""
    written = _DURATION.fullmatch(text)
    if written is None or max((len(group or "") for group in written.groups()), default=0) > 9:
        raise ValueError(f"{text[:40]!r} is no duration such as PT15M")
    years, months, weeks, days, hours, minutes = (int(group or 0) for group in written.groups()[:6])
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=float(written[7] or 0.0))
    return Duration(years * _MONTHS_PER_YEAR + months, span)


def instant_of(text: str) -> datetime | None:
    """Of an RFC 3339 time, in UTC; None for 0001-01-01, which means now. Raises ValueError.

    A time without an offset is UTC: the specification asks for one, its own examples leave it out.
    """
    when = datetime.fromisoformat(text.strip())
    if when.year == 1:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)


def _months_later(when: datetime, months: int) -> datetime:
    """The same day of a later month, or its last day where it has none such."""
    if months == 0:
        return when
    year, month = divmod(when.year * _MONTHS_PER_YEAR + when.month - 1 + months, _MONTHS_PER_YEAR)
    for day in range(when.day, when.day - 4, -1):
        try:
            return when.replace(year=year, month=month + 1, day=day)
        except ValueError:
            if not 1 <= year <= FOREVER.year:
                raise
    raise ValueError(f"month {month + 1} of year {year}")
