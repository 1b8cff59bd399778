"""What an event leaves to the plans that are made after its end: its limit on the load, and who may not come back yet.

Its end is over for a plan that starts later, so it is asked as caps: hard, as the event's own limit without a price is.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from models.domain.signal import Cap, Event, Signal
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
    return (*left, *(cap for event in ended for cap in _caps(state, event, now)))


def _caps(state: SiteState, event: Event, now: datetime) -> Iterator[Cap]:
    rebound = event.rebound
    if rebound is None:
        return
    ends = instant(rebound_end_s(event, rebound))
    whole = Cap(id=f"{event.id} rebound", start=event.end, end=ends, node=event.node, evses=event.evses)
    if rebound.limit_kw is not None and rebound.price_per_kwh is None and ends > now:
        yield replace(whole, import_limit_kw=rebound.limit_kw, source=event.source)
    for record in state.evses.values():
        until = event.end + timedelta(seconds=return_offset_s(event, record.id))
        held_kw = _held_kw(record, event)
        if held_kw is not None and until > now and not _leaves_soon(state, record, event):
            yield _own(event, record, held_kw, until)


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
