"""What could have been shed or taken up in a programme's window on past days: load as it came, and how far it moves.

A session draws its power from plugging in until it is full. For less load, what it would draw in the window is put off
as far as it still fits in before it leaves; the rest stays, in the shape that it had. For more load, what it draws from
the notice on until the window begins is put off into the window, evenly over the time that it stands there and would
not draw. So nobody leaves with less, no session goes above its own power, and a plan made on the day can only do
better. What counts is told by the programme's own baseline, found from the same load.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from models.domain.calendar import Calendar
from models.domain.errors import InvalidScenario
from models.domain.programme import Programme
from models.domain.programme_calls import calendar_of
from models.domain.schedule import Floats
from models.domain.signal import Direction
from models.domain.times import instant
from models.domain.units import hours_from_minutes, hours_from_seconds, seconds_from_hours, seconds_from_minutes
from models.domain.windows import group_steps, timetable
from models.settlement.load import LoadSeries, Quality
from models.settlement.methods import AsTold, SessionCounterfactual, method
from optimizer.response.baselines import History, Spans, baseline


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
    """Load without an event, by the programme's method. [kW at evse]"""
    reached_kw: Floats
    """What of the load as it came had to stay; with ``turn_up`` the most that it could have been. [kW at evse]"""
    direction: Direction = Direction.REDUCE

    @property
    def available_kw(self) -> Floats:
        """What would have counted as delivered; below 0 where the baseline is beyond what could be reached. [kW]"""
        return self.direction.sign * (self.reached_kw - self.baseline_kw)

    @property
    def firm_kw(self) -> float:
        """What could have been delivered throughout. [kW]"""
        return float(self.available_kw.min())


def past_days(
    charges: Sequence[PastCharge], programme: Programme, first_day: date, last_day: date
) -> tuple[PastDay, ...]:
    """Every day from the first to the last, both included, on which a window of the programme opens.

    Where a day has several windows the first one counts, and of it as much as an event may last. Days for which the
    baseline finds too few like days before them are left out. Raises InvalidScenario for a baseline that sessions say
    nothing about.
    """
    sessions = _Sessions.of(charges)
    calendar = calendar_of(programme)
    days = (first_day + timedelta(days=k) for k in range((last_day - first_day).days + 1))
    opened = ((day, _window(programme, calendar, day)) for day in days)
    history = _history(sessions, calendar, programme.settlement_minutes)
    found = (_day(sessions, history, programme, day, *span) for day, span in opened if span is not None)
    return tuple(one for one in found if one is not None)


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

    def drawn_by_kwh(self, instants_s: Floats) -> Floats:
        """Energy of all of them together until each instant (K,). [kWh]"""
        started = _ramps(instants_s, self.arrival_s, self.power_kw)
        return (started - _ramps(instants_s, self.full_s, self.power_kw)) * hours_from_seconds(1.0)

    def idle_kwh(self, edges_s: Floats) -> Floats:
        """What each could draw between edges beyond what it draws there (S, Q). [kWh]"""
        begin = np.maximum(self.arrival_s[:, None], edges_s[None, :-1])
        end = np.minimum(self.departure_s[:, None], edges_s[None, 1:])
        there_s: Floats = np.maximum(0.0, end - begin)
        most = self.power_kw[:, None] * there_s * hours_from_seconds(1.0)
        return np.maximum(0.0, most - self.drawn_kwh(edges_s))

    def room_kwh(self, end_s: float) -> Floats:
        """What each could draw after a window beyond what it draws there anyhow (S,). [kWh]"""
        free_s: Floats = np.maximum(0.0, self.departure_s - np.maximum(end_s, self.full_s))
        return self.power_kw * free_s * hours_from_seconds(1.0)


def _ramps(instants_s: Floats, from_s: Floats, power_kw: Floats) -> Floats:
    """What all powers would have drawn until each instant, each from its own beginning on. [kW s]"""
    order = np.argsort(from_s)
    origin = from_s[order[0]] if len(order) else 0.0
    begun = np.searchsorted(from_s[order], instants_s, side="right")
    powers = np.append(0.0, np.cumsum(power_kw[order]))
    moments = np.append(0.0, np.cumsum(power_kw[order] * (from_s[order] - origin)))
    drawn: Floats = powers[begun] * (instants_s - origin) - moments[begun]
    return drawn


def _history(sessions: _Sessions, calendar: Calendar, minutes: float) -> History:
    """The load of all sessions together, as a meter would have shown it, from the first day to the last."""
    step_s = seconds_from_minutes(minutes)
    begins = float(sessions.arrival_s.min()) if len(sessions.arrival_s) else 0.0
    ends = float(sessions.departure_s.max()) if len(sessions.arrival_s) else step_s
    first_s = calendar.day_start_s(calendar.local_day(begins))
    edges_s: Floats = first_s + step_s * np.arange(int((ends - first_s) / step_s) + 2, dtype=np.float64)
    power_kw = np.diff(sessions.drawn_by_kwh(edges_s)) / hours_from_seconds(step_s)
    quality = (Quality.ESTIMATED,) * len(power_kw)
    load = LoadSeries(meter="sessions", start_s=first_s, step_s=step_s, power_kw=power_kw, quality=quality)
    return History(load=load, calendar=calendar, counterfactual=load)


def _day(
    sessions: _Sessions, history: History, programme: Programme, day: date, start_s: float, end_s: float
) -> PastDay | None:
    edges_s = _edges(start_s, end_s, seconds_from_minutes(programme.settlement_minutes))
    there = sessions.there(start_s, end_s)
    hours = hours_from_minutes(programme.settlement_minutes)
    as_it_came = there.drawn_kwh(edges_s).sum(axis=0) / hours
    if programme.direction is Direction.REDUCE:
        reached_kwh = _least_kwh(there, edges_s, end_s)
    else:
        reached_kwh = _most_kwh(there, edges_s, start_s - seconds_from_minutes(programme.notice_minutes))
    baseline_kw = as_it_came if _is_counterfactual(programme) else _baseline_kw(programme, history, edges_s)
    if baseline_kw is None:
        return None
    return PastDay(
        day=day,
        start=instant(start_s),
        end=instant(float(edges_s[-1])),
        interval_h=hours,
        baseline_kw=baseline_kw,
        reached_kw=reached_kwh.sum(axis=0) / hours,
        direction=programme.direction,
    )


def _least_kwh(there: _Sessions, edges_s: Floats, end_s: float) -> Floats:
    """What of each session's energy has to stay in a window (S, Q). [kWh]"""
    drawn = there.drawn_kwh(edges_s)
    window = drawn.sum(axis=1)
    stays = np.maximum(0.0, window - there.room_kwh(end_s)) / np.maximum(window, 1e-12)
    return np.asarray(stays[:, None] * drawn)


def _most_kwh(there: _Sessions, edges_s: Floats, told_s: float) -> Floats:
    """What each session can draw in a window of which it is known since ``told_s`` (S, Q). [kWh]"""
    before = there.drawn_kwh(np.array([told_s, edges_s[0]])).sum(axis=1)
    idle = there.idle_kwh(edges_s)
    filled = np.minimum(1.0, before / np.maximum(idle.sum(axis=1), 1e-12))
    return np.asarray(there.drawn_kwh(edges_s) + filled[:, None] * idle)


def _is_counterfactual(programme: Programme) -> bool:
    return isinstance(method(programme.baseline).rule, SessionCounterfactual)


def _baseline_kw(programme: Programme, history: History, edges_s: Floats) -> Floats | None:
    """None where the sessions do not reach back far enough."""
    try:
        found = baseline(programme.baseline, Spans(starts_s=edges_s[:-1], ends_s=edges_s[1:]), history)
    except InvalidScenario:
        if isinstance(method(programme.baseline).rule, AsTold):
            raise
        return None
    return found.adjusted_kw


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
