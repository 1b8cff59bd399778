"""What signals leave to the plans that are made after their end: an event its limit on the load, and whoever staggers
who may not come back yet.

They are over for a plan that starts later, so what follows is asked by itself: a limit as a cap, or as a power above
which load has a price, and a cap of its own for each EVSE that is not to come back yet.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from models.domain.signal import Cap, Dispatch, Event, Rebound, Signal
from models.domain.signal_times import rebound_end_s
from models.domain.staggering import Holding, concerns, return_offset_s, returns
from models.domain.times import instant
from optimizer.rolling.allowed import expected_kw
from optimizer.rolling.state import EvseRecord, SiteState

JUST_BEFORE = timedelta(seconds=1)
LEAVES_SOON = timedelta(hours=1)
"""After an event: whoever leaves before is not kept waiting."""


def asked_now(state: SiteState, signals: tuple[Signal, ...], now: datetime) -> tuple[Signal, ...]:
    """Signals that are not over, and what follows from those that are."""
    left = [signal for signal in signals if signal.end > now]
    limits = [limit for signal in signals if isinstance(signal, Event) for limit in _limits(signal, now)]
    ended = [signal for signal in returns(signals) if signal.end <= now]
    return (*left, *limits, *(cap for signal in ended for cap in _later(state, signal, now)))


def _limits(event: Event, now: datetime) -> Iterator[Cap | Dispatch]:
    rebound = event.rebound
    if rebound is None or rebound.limit_kw is None or event.end > now:
        return
    if instant(rebound_end_s(event, rebound)) > now:
        yield _limit(event, rebound, rebound.limit_kw)


def _later(state: SiteState, signal: Holding, now: datetime) -> Iterator[Cap]:
    """Of every EVSE whose turn to come back has not come."""
    for record in state.evses.values():
        until = signal.end + timedelta(seconds=return_offset_s(signal, record.id))
        held_kw = _held_kw(record, signal)
        waits = until > now and concerns(signal, record.id) and not _leaves_soon(state, record, signal)
        if held_kw is not None and waits:
            yield _own(signal, record, held_kw, until)


def _limit(event: Event, rebound: Rebound, limit_kw: float) -> Cap | Dispatch:
    """Hard where it has no price; else every kWh above it costs as it did in the event."""
    name, ends = f"{event.id} rebound", instant(rebound_end_s(event, rebound))
    if rebound.price_per_kwh is None:
        cap = Cap(id=name, start=event.end, end=ends, import_limit_kw=limit_kw)
        return replace(cap, node=event.node, evses=event.evses, source=event.source)
    return Dispatch(
        id=name,
        start=event.end,
        end=ends,
        setpoint_kw=limit_kw,
        price_above_per_kwh=rebound.price_per_kwh,
        price_below_per_kwh=0.0,
        node=event.node,
        evses=event.evses,
        source=event.source,
    )


def _own(signal: Holding, record: EvseRecord, held_kw: float, until: datetime) -> Cap:
    return Cap(
        id=f"{signal.id} return {record.id}",
        start=signal.end,
        end=until,
        import_limit_kw=held_kw,
        evses=(record.id,),
        source=signal.source,
    )


def _held_kw(record: EvseRecord, signal: Holding) -> float | None:
    """What it was told for the end of the signal; None where nothing is known to bind. [kW at evse]"""
    return None if record.session is None else expected_kw(record, signal.end - JUST_BEFORE)


def _leaves_soon(state: SiteState, record: EvseRecord, signal: Holding) -> bool:
    wish = state.wishes.get(record.id)
    told = record.session.departure if record.session else None
    departure = told or (wish.departure if wish else None)
    return departure is not None and departure < signal.end + LEAVES_SOON
