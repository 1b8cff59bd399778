"""A signal that asks nothing any more, at the same times: a day without it has the same periods as the day with it."""

from collections.abc import Collection
from dataclasses import replace
from math import inf

from models.domain.scenario import Scenario
from models.domain.signal import Cap, Dispatch, Event, PriceEvent, PriceMode
from models.domain.value import Series


def without(scenario: Scenario, signal_ids: Collection[str]) -> Scenario:
    """The scenario in which some signals ask nothing."""
    signals = tuple(lifted(signal) if signal.id in signal_ids else signal for signal in scenario.signals)
    return replace(scenario, signals=signals)


def lifted(signal: Cap | Event | Dispatch | PriceEvent) -> Cap | Event | Dispatch | PriceEvent:
    """The same signal without any limit or money."""
    match signal:
        case Cap():
            return replace(signal, import_limit_kw=inf, export_limit_kw=inf)
        case Event():
            return _lifted_event(signal)
        case Dispatch():
            return replace(signal, price_above_per_kwh=0.0, price_below_per_kwh=0.0)
        case PriceEvent():
            bought, sold = _nothing(signal.import_price), _nothing(signal.export_price)
            return replace(signal, mode=PriceMode.ADD, import_price=bought, export_price=sold)


def _nothing(price: Series | None) -> Series | None:
    """An addition of 0 with the same steps."""
    if isinstance(price, tuple):
        return tuple(replace(step, value=0.0) for step in price)
    return None if price is None else 0.0


def _lifted_event(event: Event) -> Event:
    """What follows from it is told by its times alone, so these stay."""
    rebound, freeze = event.rebound, event.freeze
    return replace(
        event,
        payment_per_kwh=0.0,
        penalty_per_kwh=0.0,
        rebound=None if rebound is None else replace(rebound, limit_kw=inf, above_reference_kw=None),
        freeze=None if freeze is None else replace(freeze, price_per_kwh=0.0),
    )
