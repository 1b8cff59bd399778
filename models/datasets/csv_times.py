"""Times as exports write them: with an offset or without, the day first or the month, on one clock or another."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from models.domain.units import seconds_from_hours, seconds_from_minutes

_DATE = re.compile(
    r"(?P<a>\d{1,4})[./-](?P<b>\d{1,2})[./-](?P<c>\d{2,4})"
    r"(?:[ T,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_CLOCK = re.compile(r"(?:(?P<days>\d+)[ d.]+)?(?P<hour>\d+):(?P<minute>\d{2})(?::(?P<second>\d{2}))?$")
_EPOCH_S, _EPOCH_MS = range(10**8, 10**10), range(10**11, 10**13)
_CENTURY = 2000


@dataclass(frozen=True, slots=True)
class Reading:
    """How times of a file are read."""

    day_first: bool = True
    """Where a date is written with numbers alone and without the year in front."""
    zone: ZoneInfo | None = None
    """The clock of times without an offset. None: they cannot be read."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A time that was read."""

    at: datetime
    """In UTC."""
    twice: bool = False
    """Whether the wall clock shows this time twice, when it is set back; then the first one is taken."""
    never: bool = False
    """Whether the wall clock never shows it, when it is set forward; then it is moved by the hour that is left out."""


def instant_of(text: str, reading: Reading) -> Instant | None:
    """A time in UTC; None where the text is none, or has no offset and no clock is told."""
    told = text.strip()
    if told.isdigit():
        return _from_epoch(int(told))
    naive = _parsed(told, reading.day_first)
    if naive is None:
        return None
    try:
        if naive.tzinfo is not None:
            return Instant(naive.astimezone(UTC))
        return None if reading.zone is None else _on_clock(naive, reading.zone)
    except OverflowError:  # years 1 and 9999, beyond which UTC has no time
        return None


def has_offset(text: str) -> bool:
    """Whether a time says where it is."""
    naive = _parsed(text.strip(), True) or _parsed(text.strip(), False)
    return text.strip().isdigit() or (naive is not None and naive.tzinfo is not None)


def is_time(text: str) -> bool:
    """Whether a text is a date with or without a time of day, in any order."""
    told = text.strip()
    if told.isdigit():
        return _from_epoch(int(told)) is not None
    return _parsed(told, True) is not None or _parsed(told, False) is not None


def day_first_of(texts: list[str]) -> bool | None:
    """Whether dates have the day in front: a number above 12 tells. None: none does, or they contradict each other."""
    told = [found for text in texts if (found := _DATE.match(text.strip())) and len(found["a"]) <= 2]
    first = any(int(found["a"]) > 12 for found in told)
    second = any(int(found["b"]) > 12 for found in told)
    return None if first is second else first


def writes_numbers(texts: list[str]) -> bool:
    """Whether any date is written so that its order could be either."""
    return any((found := _DATE.match(text.strip())) and len(found["a"]) <= 2 for text in texts)


def duration_of(text: str) -> timedelta | None:
    """``7:30:15``, ``1d 02:00`` as hours, minutes and seconds; None where it is none."""
    if (found := _CLOCK.match(text.strip())) is None:
        return None
    minutes = int(found["hour"]) * 60 + int(found["minute"])
    try:
        return timedelta(days=int(found["days"] or 0), minutes=minutes, seconds=int(found["second"] or 0))
    except OverflowError:
        return None


def _parsed(told: str, day_first: bool) -> datetime | None:
    try:
        return datetime.fromisoformat(told)
    except ValueError:
        pass
    if (found := _DATE.match(told)) is not None:
        return _from_numbers(found, day_first)
    try:
        return parsedate_to_datetime(told)
    except (ValueError, TypeError):
        return None


def _from_numbers(found: re.Match[str], day_first: bool) -> datetime | None:
    a, b, c = found["a"], found["b"], found["c"]
    year, month, day = (a, b, c) if len(a) == 4 else (c, b, a) if day_first else (c, a, b)
    hour = int(found["hour"] or 0)
    if half := (found["half"] or "").lower()[:1]:
        hour = hour % 12 + (12 if half == "p" else 0)
    full_year = int(year) + (_CENTURY if len(year) == 2 else 0)
    try:
        return datetime(
            full_year, int(month), int(day), hour, int(found["minute"] or 0), int(found["second"] or 0),
            tzinfo=_offset(found["zone"]),
        )  # fmt: skip
    except ValueError:
        return None


def _offset(told: str | None) -> timezone | None:
    if told is None:
        return None
    if told in ("Z", "UTC", "GMT"):
        return UTC
    digits = told[1:].replace(":", "")
    seconds = seconds_from_hours(int(digits[:2])) + seconds_from_minutes(int(digits[2:]))
    return timezone(timedelta(seconds=-seconds if told[0] == "-" else seconds))


def _from_epoch(number: int) -> Instant | None:
    if number in _EPOCH_S:
        return Instant(datetime.fromtimestamp(number, UTC))
    if number in _EPOCH_MS:
        return Instant(datetime.fromtimestamp(number / 1e3, UTC))
    return None


def _on_clock(naive: datetime, zone: ZoneInfo) -> Instant:
    first, second = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    apart = first.utcoffset() != second.utcoffset()
    exists = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive
    return Instant(first.astimezone(UTC), twice=apart and exists, never=apart and not exists)
