"""When which report is due: what a report descriptor asks, in intervals of its event."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from models.domain.value import value
from models.openadr.v3.timing import Occurrence
from models.openadr.v3.wire import ReportDescriptor

MOST_REPORTS = 10_000
_LAST = -1


@value
class ReportDue:
    """A report, when it is to be sent, and which intervals it is about."""

    payload_type: str
    at: datetime
    intervals: tuple[int, ...]
    """Places among the occurrences of the event."""


def reports_due(descriptor: ReportDescriptor, occurrences: Sequence[Occurrence]) -> Iterator[ReportDue]:
    """Every report that a descriptor asks for, in order of time; none of an event without intervals.

    ``start_interval`` -1 is after the last; ``num_intervals`` -1 is all; ``frequency`` -1 is as many as are reported, 0
    once at any time; ``repeat`` -1 goes on as long as there are intervals.
    """
    count = len(occurrences)
    if not count:
        return
    first = count if descriptor.start_interval == _LAST else min(descriptor.start_interval, count)
    width = count if descriptor.num_intervals == _LAST else descriptor.num_intervals
    step = width if descriptor.frequency == _LAST else descriptor.frequency
    rounds = MOST_REPORTS if descriptor.repeat == _LAST else descriptor.repeat
    for k in range(rounds if step > 0 else 1):
        place = first + k * step
        if place > count or (place == count and not descriptor.historical):
            return
        yield _due(descriptor, occurrences, place, width)


def _due(descriptor: ReportDescriptor, occurrences: Sequence[Occurrence], place: int, width: int) -> ReportDue:
    """Before an instant what was measured, after it what is expected."""
    count = len(occurrences)
    at = occurrences[place].start if place < count else max(each.end for each in occurrences)
    reach = range(max(place - width, 0), place) if descriptor.historical else range(place, min(place + width, count))
    return ReportDue(payload_type=descriptor.payload_type, at=at, intervals=tuple(reach))
