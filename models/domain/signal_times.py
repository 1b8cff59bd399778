"""When signals change what is asked, and which settlement intervals an event has."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from models.domain.schedule import Floats
from models.domain.signal import Cap, Dispatch, Event, Metered, PriceEvent, Rebound
from models.domain.times import instant, seconds
from models.domain.units import seconds_from_hours, seconds_from_minutes
from models.domain.value import Series

_SAME_S = 1e-3
"""Two instants closer than this are one. [s]"""


def edges_of(signal: Cap | Event | Dispatch | PriceEvent) -> Iterator[float]:
    """Instants at which it begins, ends, or asks something else. [s]"""
    yield from (seconds(signal.start), seconds(signal.end))
    if isinstance(signal, Event):
        yield from settlement_ends_s(signal).tolist()
        if signal.rebound is not None:
            yield rebound_end_s(signal, signal.rebound)
        if signal.freeze is not None:
            yield from (seconds(signal.freeze.start), seconds(signal.freeze.end))
    elif isinstance(signal, Dispatch):
        yield from _steps_s(signal.setpoint_kw)
    elif isinstance(signal, PriceEvent):
        yield from (at for price in (signal.import_price, signal.export_price) for at in _steps_s(price))


def settlement_ends_s(event: Event) -> Floats:
    """Ends of the settlement intervals (Q+1,), the first one the start of the event; the last may be short. [s]"""
    start_s, end_s = seconds(event.start), seconds(event.end)
    starts = np.arange(start_s, end_s - _SAME_S, seconds_from_minutes(event.settlement_min))
    return np.append(starts, end_s)


def rebound_end_s(event: Event, rebound: Rebound) -> float:
    """Until when the load after an event is limited. [s]"""
    return seconds(event.end) + seconds_from_hours(rebound.hours)


def _steps_s(series: Series | None) -> Iterator[float]:
    if isinstance(series, tuple):
        yield from (seconds(step.start) for step in series)


def windows_of(signal: Metered) -> Iterator[tuple[datetime, datetime]]:
    """Every stretch of time in which it looks at its load."""
    yield signal.start, signal.end
    if isinstance(signal, Event):
        if signal.rebound is not None:
            yield signal.end, instant(rebound_end_s(signal, signal.rebound))
        if signal.freeze is not None:
            yield signal.freeze.start, signal.freeze.end
