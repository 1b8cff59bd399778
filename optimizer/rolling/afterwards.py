"""What an event leaves to the plans that are made after its end: its limit on the load, and who may not come back yet.

It is over for a plan that starts later, so what follows is asked by itself: a limit as a cap, or as a power above which
load has a price, and a cap of its own for each EVSE that is not to come back yet.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from models.domain.signal import Cap, Dispatch, Event, Rebound, Signal
from models.domain.signal_times import rebound_end_s
from models.domain.staggering import return_offset_s
from models.domain.times import instant
from optimizer.rolling.allowed import expected_kw
from optimizer.rolling.state import EvseRecord, SiteState

JUST_BEFORE = timedelta(seconds=1)
LEAVES_SOON = timedelta(hours=1)
"""After an event: whoever leaves before is not kept waiting."""


def asked_now(state: SiteState, signals: tuple[Signal, ...], now: datetime) -> tuple[Signal, ...]:
    """Signals that are not over, and what follows from events that are."""
    left = [signal for signal in signals if signal.end > now]
    ended = [signal for signal in signals if isinstance(signal, Event) and signal.end <= now]
    return (*left, *(signal for event in ended for signal in _after(state, event, now)))


def _after(state: SiteState, event: Event, now: datetime) -> Iterator[Cap | Dispatch]:
    rebound = event.rebound
    if rebound is None:
        return
    if rebound.limit_kw is not None and instant(rebound_end_s(event, rebound)) > now:
        yield _limit(event, rebound, rebound.limit_kw)
    for record in state.evses.values():
        until = event.end + timedelta(seconds=return_offset_s(event, record.id))
        held_kw = _held_kw(record, event)
        if held_kw is not None and until > now and not _leaves_soon(state, record, event):
            yield _own(event, record, held_kw, until)


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


def _own(event: Event, record: EvseRecord, held_kw: float, until: datetime) -> Cap:
    return Cap(
        id=f"{event.id} return {record.id}",
        start=event.end,
        end=until,
        import_limit_kw=held_kw,
        evses=(record.id,),
        source=event.source,
    )


def _held_kw(record: EvseRecord, event: Event) -> float | None:
    """What it was told for the end of the event; None where nothing is known to bind. [kW at evse]"""
    return None if record.session is None else expected_kw(record, event.end - JUST_BEFORE)


def _leaves_soon(state: SiteState, record: EvseRecord, event: Event) -> bool:
    wish = state.wishes.get(record.id)
    told = record.session.departure if record.session else None
    departure = told or (wish.departure if wish else None)
    return departure is not None and departure < event.end + LEAVES_SOON
