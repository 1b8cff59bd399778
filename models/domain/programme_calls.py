"""Whether a programme may call an event, by its windows, its notice, and what it has called before."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from models.domain.calendar import Calendar
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.times import seconds, zone
from models.domain.units import MINUTES_PER_HOUR, hours_from_seconds, minutes_from_seconds
from models.domain.value import value
from models.domain.windows import holds, window_changes

HAIR_H = 1e-6


@value
class EventCall:
    """An event that a programme called."""

    id: str
    start: datetime
    end: datetime
    told_at: datetime | None = None
    """When it was told. None: not known, so its notice is not judged."""
    cancelled: bool = False

    @property
    def hours(self) -> float:
        return hours_from_seconds(seconds(self.end) - seconds(self.start))


@dataclass(frozen=True, slots=True)
class Used:
    """What a call leaves of one limit."""

    what: str
    """As in ``calls_per_season``."""
    limit: float
    used: float
    """With this call."""

    @property
    def left(self) -> float:
        return max(0.0, self.limit - self.used)


def calendar_of(programme: Programme) -> Calendar:
    """Its local time and holidays; raises InvalidScenario for a zone that nobody knows."""
    where = zone(programme.time_zone)
    if where is None:
        message = f"time zone {programme.time_zone!r} is not known"
        raise InvalidScenario([Finding(path="time_zone", message=message, remedy="write an IANA name")])
    return Calendar(where, frozenset(programme.holidays), programme.holiday_calendar)


def season_of(programme: Programme, day: date) -> int:
    """The year in which the season of a local day began."""
    return day.year if f"{day:%m-%d}" >= programme.season_start else day.year - 1


def budget(programme: Programme, call: EventCall, earlier: Sequence[EventCall]) -> tuple[Used, ...]:
    """What a call uses of every limit that its programme has; calls that were cancelled use nothing."""
    known = {one.id: one for one in earlier if not one.cancelled and one.id != call.id}
    counted = [*known.values(), call]
    return tuple(
        Used(f"{unit}_per_{span}", limit, sum(amount(one) for one in counted if same(one)))
        for span, same in _spans(programme, call)
        for unit, amount in _AMOUNTS
        if (limit := getattr(programme.limits, f"{unit}_per_{span}")) is not None
    )


def call_findings(programme: Programme, call: EventCall, earlier: Sequence[EventCall] = ()) -> tuple[Finding, ...]:
    """Why it may not call this; empty where it may. A call against the rules need not be answered with load."""
    return (*_of_times(programme, call), *_of_limits(programme, call, earlier))


_AMOUNTS: tuple[tuple[str, Callable[[EventCall], float]], ...] = (
    ("calls", lambda one: 1.0),
    ("hours", lambda one: one.hours),
)


def _spans(programme: Programme, call: EventCall) -> Iterator[tuple[str, Callable[[EventCall], bool]]]:
    """Each span in which calls are counted, and whether another one lies in the same."""
    calendar = calendar_of(programme)

    def day(one: EventCall) -> date:
        return calendar.local(one.start).date()

    here = day(call)
    yield "day", lambda one: day(one) == here
    yield "month", lambda one: (day(one).year, day(one).month) == (here.year, here.month)
    yield "season", lambda one: season_of(programme, day(one)) == season_of(programme, here)


def _of_times(programme: Programme, call: EventCall) -> Iterator[Finding]:
    if call.end <= call.start:
        yield _finding(call, "end", "it ends before it starts", "correct one of them")
        return
    if not _inside(programme, call):
        yield _finding(call, "start", "it is not inside a window of the programme", "see windows of the programme")
    if programme.event_hours is not None and call.hours > programme.event_hours + HAIR_H:
        message = f"it lasts {call.hours:g} h, more than the {programme.event_hours:g} h of the programme"
        yield _finding(call, "end", message, "take part for as long as the programme may ask")
    if call.told_at is not None:
        notice = minutes_from_seconds(seconds(call.start) - seconds(call.told_at))
        if notice < programme.notice_minutes - HAIR_H * MINUTES_PER_HOUR:
            message = (
                f"it was told {notice:.0f} min before, less than the {programme.notice_minutes:g} of the programme"
            )
            yield _finding(call, "told_at", message, "take part if it pays; nothing is owed")


def _inside(programme: Programme, call: EventCall) -> bool:
    """Whether one window or several that meet are open all the time."""
    calendar, windows = calendar_of(programme), programme.windows
    changes = window_changes(windows, calendar, seconds(call.start), seconds(call.end))
    return not len(changes) and any(holds(window, call.start, calendar) for window in windows)


def _of_limits(programme: Programme, call: EventCall, earlier: Sequence[EventCall]) -> Iterator[Finding]:
    for used in budget(programme, call, earlier):
        if used.used > used.limit + HAIR_H:
            message = f"with it {used.used:g} {used.what.replace('_', ' ')} are called, more than {used.limit:g}"
            yield _finding(call, "", message, "take part if it pays; nothing is owed")


def _finding(call: EventCall, path: str, message: str, remedy: str) -> Finding:
    return Finding(path=path, message=f"event {call.id}: {message}", remedy=remedy, ids=(call.id,))
