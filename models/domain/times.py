"""Instants as seconds, time zones by name, and local times that a clock change skips or repeats."""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def seconds(when: datetime) -> float:
    """Since 1970 in UTC; a naive time counts as UTC, so that checks go on after one was found. [s]"""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def instant(since_1970_s: float) -> datetime:
    """The inverse of :func:`seconds`, in UTC."""
    return datetime.fromtimestamp(since_1970_s, UTC)


def later(when: datetime, hours: float) -> datetime:
    """So many real hours after an aware time, also across a change of the clock, in the same time zone."""
    return (when.astimezone(UTC) + timedelta(hours=hours)).astimezone(when.tzinfo)


def midnight(when: datetime, where: ZoneInfo) -> datetime:
    """With which the local day of an aware time begins."""
    return datetime.combine(when.astimezone(where).date(), time(), where)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name; None if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a relative name, a folder of names
        return None


def readings(naive: datetime, where: ZoneInfo) -> tuple[datetime, ...]:
    """The instants at which the wall clock shows a naive time: none when it is skipped, two when it is repeated."""
    both = (naive.replace(tzinfo=where, fold=fold) for fold in (0, 1))
    fixed = [local.replace(tzinfo=None, fold=0) - _offset(local) for local in both]
    shown = [at.replace(tzinfo=UTC).astimezone(where) for at in dict.fromkeys(fixed)]
    return tuple(local for local in shown if local.replace(tzinfo=None, fold=0) == naive.replace(fold=0))


def first_after(naive: datetime, where: ZoneInfo) -> datetime:
    """What the clock shows when a skipped local time would have come."""
    return naive.replace(tzinfo=where, fold=0).astimezone(UTC).astimezone(where)


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()
