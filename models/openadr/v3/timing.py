"""When the intervals of an event are: OpenADR 3 user guide, sections 7.1 to 7.9.

An interval's own period overrides the event's. A start of 0001-01-01 is now, or right after the interval before; P9999Y
has no end; an event's duration repeats or cuts its intervals; several values share an interval in equal parts.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from models.domain.utility_signal import FOREVER
from models.domain.value import value
from models.openadr.durations import NOTHING, Duration, duration_of, instant_of
from models.openadr.v3.wire import Event, IntervalPeriod, ValuesMap

LOOP_DAYS = 32
"""An endless event is repeated so far beyond what is known of it; it is read again at every poll. [d]"""
MOST_OCCURRENCES = 20_000


@value
class Occurrence:
    """An interval, placed in time."""

    interval_id: int
    start: datetime
    end: datetime
    random_s: float
    """The start moves by at most so much, both ways. [s]"""


def occurrences(event: Event, anchor: datetime) -> tuple[tuple[Occurrence, tuple[ValuesMap, ...]], ...]:
    """Every interval in time, repeated or cut by the event's duration; ``anchor`` is what now means.

    Raises ValueError for times and durations that are none.
    """
    once = list(_once(event, anchor))
    if event.duration is None or not once:
        return tuple(once)
    return tuple(_repeated(once, duration_of(event.duration)))


def is_cancelled(event: Event) -> bool:
    """Whether it says that it is over: a start of 0001-01-01 and no duration (section 7.9)."""
    period = event.interval_period
    if period is None or period.start is None or period.duration is None:
        return False
    return instant_of(period.start) is None and duration_of(period.duration).is_zero


def split(occurrence: Occurrence, count: int) -> Iterator[tuple[datetime, datetime]]:
    """Equal parts of an interval, one for each of its values; one that has no end cannot be split."""
    if count == 1:
        yield occurrence.start, occurrence.end
        return
    if occurrence.end >= FOREVER:
        raise ValueError("several values cannot share an interval that has no end")
    part = (occurrence.end - occurrence.start) / count
    for k in range(count):
        yield occurrence.start + k * part, occurrence.end if k == count - 1 else occurrence.start + (k + 1) * part


def _once(event: Event, anchor: datetime) -> Iterator[tuple[Occurrence, tuple[ValuesMap, ...]]]:
    default = event.interval_period or IntervalPeriod()
    before, random_s = _start(default) or anchor, _random_s(default)
    for interval in event.intervals:
        own = interval.interval_period or IntervalPeriod()
        given = _start(own)
        if own.randomize_start is not None or given is not None:
            random_s = _random_s(own)
        start = given or before
        length = _length(own, default)
        before = length.after(start)
        told = Occurrence(interval_id=interval.id, start=start, end=before, random_s=random_s)
        yield told, interval.payloads


def _start(period: IntervalPeriod) -> datetime | None:
    """None: now, or right after what came before."""
    return None if period.start is None else instant_of(period.start)


def _length(own: IntervalPeriod, default: IntervalPeriod) -> Duration:
    text = own.duration or default.duration
    return NOTHING if text is None else duration_of(text)


def _random_s(period: IntervalPeriod) -> float:
    if period.randomize_start is None:
        return 0.0
    return duration_of(period.randomize_start).span.total_seconds()


def _repeated(
    once: list[tuple[Occurrence, tuple[ValuesMap, ...]]], duration: Duration
) -> Iterator[tuple[Occurrence, tuple[ValuesMap, ...]]]:
    first, last = min(told.start for told, _ in once), max(told.end for told, _ in once)
    end = duration.after(first)
    step = last - first
    rounds = 0 if last >= FOREVER or not step else int((_reach(first, end) - first) / step)
    for k in range(min(rounds, MOST_OCCURRENCES // len(once)) + 1):
        for told, payloads in once:
            start, until = _moved(told.start, k * step), min(_moved(told.end, k * step), end)
            if start < end:
                fixed = Occurrence(interval_id=told.interval_id, start=start, end=until, random_s=told.random_s)
                yield fixed, payloads


def _reach(first: datetime, end: datetime) -> datetime:
    return min(end, first + timedelta(days=LOOP_DAYS)) if end >= FOREVER else end


def _moved(when: datetime, by: timedelta) -> datetime:
    return FOREVER if when >= FOREVER - by else when + by
