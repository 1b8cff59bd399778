"""How well events were answered, from the load that really was: kept of what was committed, interval by interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.domain.schedule import Floats
from models.domain.series import values
from models.domain.signal import Direction, Event
from models.domain.units import SECONDS_PER_HOUR, seconds_from_minutes
from optimizer.backtest.course import Course
from optimizer.backtest.simulated_site import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What became of one event."""

    event: str
    committed_kwh: float
    kept_kwh: float
    """Of what was committed; more than that in one interval does not make up for another. [kWh]"""


def responses(course: Course, intervals: Sequence[Interval]) -> list[Response]:
    """Of each event that was called and is measured at the site's meter or at meters of EVSEs."""
    return [_response(call.event, course, intervals) for call in course.events if call.event.node is None]


def kept_percent(told: Sequence[Response]) -> float | None:
    """Of all that was committed; None where nothing was."""
    committed_kwh = sum(one.committed_kwh for one in told)
    return 100.0 * sum(one.kept_kwh for one in told) / committed_kwh if committed_kwh > 0.0 else None


def _response(event: Event, course: Course, intervals: Sequence[Interval]) -> Response:
    ends = _settlement_s(event)
    hours = np.diff(ends) / SECONDS_PER_HOUR
    mean_kw = _means(ends, intervals, _measured(event, course, intervals))
    baseline_kw = values(event.baseline_kw, ends)
    less_kw = baseline_kw - mean_kw if event.direction is Direction.REDUCE else mean_kw - baseline_kw
    kept_kw = np.clip(less_kw, 0.0, event.committed_kw)
    return Response(
        event=event.id, committed_kwh=float(event.committed_kw * hours.sum()), kept_kwh=float(kept_kw @ hours)
    )


def _settlement_s(event: Event) -> Floats:
    """Where settlement intervals begin, and where the last one ends. [s]"""
    start_s, end_s = event.start.timestamp(), event.end.timestamp()
    begins: Floats = np.arange(start_s, end_s, seconds_from_minutes(event.settlement_min))
    return np.append(begins, end_s)


def _measured(event: Event, course: Course, intervals: Sequence[Interval]) -> Floats:
    """Load at the meter of an event. [kW]"""
    if not event.evses:
        return np.array([one.import_kw for one in intervals])
    inside = {car.id for car in course.cars if car.evse in event.evses}
    return np.array([sum(kw for name, kw in one.drawn_kw.items() if name in inside) for one in intervals])


def _means(ends_s: Floats, intervals: Sequence[Interval], load_kw: Floats) -> Floats:
    """Mean load between neighbouring instants; nothing flows where the course does not reach. [kW]"""
    instants_s = np.array([intervals[0].start_s, *(one.end_s for one in intervals)])
    energy = np.concatenate([[0.0], np.cumsum(load_kw * np.diff(instants_s))])
    means: Floats = np.diff(np.interp(ends_s, instants_s, energy)) / np.diff(ends_s)
    return means
