"""What could have been shed in a programme's window on past days: load as it came, and what of it must stay.

A session draws its power from plugging in until it is full. What it would draw in the window is put off as far as it
still fits in before it leaves; the rest stays, in the shape that it had. So nobody leaves with less, every power stays
below what was there anyhow, and a plan made on the day can only do better.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from models.domain.calendar import Calendar
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.programme_calls import calendar_of
from models.domain.schedule import Floats
from models.domain.signal import Direction
from models.domain.times import instant
from models.domain.units import hours_from_minutes, hours_from_seconds, seconds_from_hours, seconds_from_minutes
from models.domain.windows import group_steps, timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCharge:
    """One session of the past."""

    arrival: datetime
    departure: datetime
    energy_kwh: float
    """Measured at evse. [kWh]"""
    power_kw: float
    """That EVSE and car can do together. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDay:
    """One day on which the programme could have called, interval by interval of its settlement (Q,)."""

    day: date
    start: datetime
    end: datetime
    interval_h: float
    baseline_kw: Floats
    """Load as it came. [kW at evse]"""
    least_kw: Floats
    """What of it had to stay. [kW at evse]"""

    @property
    def available_kw(self) -> Floats:
        """What could have been shed. [kW]"""
        return self.baseline_kw - self.least_kw

    @property
    def firm_kw(self) -> float:
        """What could have been shed throughout. [kW]"""
        return float(self.available_kw.min())


def past_days(
    charges: Sequence[PastCharge], programme: Programme, first_day: date, last_day: date
) -> tuple[PastDay, ...]:
    """Every day from the first to the last, both included, on which a window of the programme opens.

    Where a day has several windows the first one counts, and of it as much as an event may last. Raises
    InvalidScenario for a programme that asks for more load.
    """
    if programme.direction is Direction.TURN_UP:
        message = f"programme {programme.id} asks for more load, and past days only tell what can be shed"
        raise InvalidScenario([Finding(path="direction", message=message, remedy="nominate by flexibility instead")])
    sessions = _Sessions.of(charges)
    calendar = calendar_of(programme)
    days = (first_day + timedelta(days=k) for k in range((last_day - first_day).days + 1))
    opened = ((day, _window(programme, calendar, day)) for day in days)
    return tuple(_day(sessions, programme, day, *span) for day, span in opened if span is not None)


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Of sessions in the order of their arrival (S,): seconds since 1970, and kW."""

    arrival_s: Floats
    full_s: Floats
    """When one would be full that draws all it can."""
    departure_s: Floats
    power_kw: Floats

    @classmethod
    def of(cls, charges: Sequence[PastCharge]) -> "_Sessions":
        """Energy that does not fit in between arrival and departure at the power told was drawn at a higher one."""
        arrival = np.array([one.arrival.timestamp() for one in charges])
        departure = np.array([one.departure.timestamp() for one in charges])
        energy = np.array([one.energy_kwh for one in charges])
        stay_h = np.maximum(hours_from_seconds(1.0), (departure - arrival) * hours_from_seconds(1.0))
        power = np.maximum(np.array([one.power_kw for one in charges]), energy / stay_h)
        full = arrival + seconds_from_hours(1.0) * energy / np.maximum(power, 1e-9)
        return cls(arrival, np.minimum(full, departure), departure, power)

    def there(self, start_s: float, end_s: float) -> "_Sessions":
        """Those that are plugged in at some time in a window."""
        found = (self.arrival_s < end_s) & (self.departure_s > start_s)
        return _Sessions(self.arrival_s[found], self.full_s[found], self.departure_s[found], self.power_kw[found])

    def drawn_kwh(self, edges_s: Floats) -> Floats:
        """Energy of each session between edges (S, Q). [kWh]"""
        begin = np.maximum(self.arrival_s[:, None], edges_s[None, :-1])
        end = np.minimum(self.full_s[:, None], edges_s[None, 1:])
        drawing_s: Floats = np.maximum(0.0, end - begin)
        return self.power_kw[:, None] * drawing_s * hours_from_seconds(1.0)

    def room_kwh(self, end_s: float) -> Floats:
        """What each could draw after a window beyond what it draws there anyhow (S,). [kWh]"""
        free_s: Floats = np.maximum(0.0, self.departure_s - np.maximum(end_s, self.full_s))
        return self.power_kw * free_s * hours_from_seconds(1.0)


def _day(sessions: _Sessions, programme: Programme, day: date, start_s: float, end_s: float) -> PastDay:
    edges_s = _edges(start_s, end_s, seconds_from_minutes(programme.settlement_minutes))
    there = sessions.there(start_s, end_s)
    drawn = there.drawn_kwh(edges_s)
    window = drawn.sum(axis=1)
    stays = np.maximum(0.0, window - there.room_kwh(end_s)) / np.maximum(window, 1e-12)
    hours = hours_from_minutes(programme.settlement_minutes)
    return PastDay(
        day=day,
        start=instant(start_s),
        end=instant(float(edges_s[-1])),
        interval_h=hours,
        baseline_kw=drawn.sum(axis=0) / hours,
        least_kw=(stays[:, None] * drawn).sum(axis=0) / hours,
    )


def _edges(start_s: float, end_s: float, step_s: float) -> Floats:
    """Whole settlement intervals; a window that is shorter than one is one."""
    count = max(1, int((end_s - start_s) / step_s + 1e-9))
    return np.asarray(start_s + step_s * np.arange(count + 1))


def _window(programme: Programme, calendar: Calendar, day: date) -> tuple[float, float] | None:
    """The first stretch of a local day in which events may be, at most as long as one. [s], [s]"""
    first_s, next_s = calendar.day_start_s(day), calendar.day_start_s(day + timedelta(days=1))
    steps_s, groups = group_steps(timetable((programme.windows,)), calendar, first_s, next_s)
    found = next(_open(steps_s, groups.tolist(), next_s), None)
    if found is None or programme.event_hours is None:
        return found
    return found[0], min(found[1], found[0] + seconds_from_hours(programme.event_hours))


def _open(steps_s: Floats, groups: list[int], end_s: float) -> Iterator[tuple[float, float]]:
    ends_s = [*steps_s[1:].tolist(), end_s]
    for begin_s, until_s, group in zip(steps_s.tolist(), ends_s, groups, strict=True):
        if group >= 0:
            yield begin_s, until_s
