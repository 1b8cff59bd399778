"""What energy costs with the price events of a scenario in the tariff: the prices of equation (9)."""

from collections.abc import Sequence

import numpy as np

from models.domain.calendar import Calendar
from models.domain.prices import mean_prices
from models.domain.scenario import Scenario
from models.domain.schedule import Floats
from models.domain.series import values
from models.domain.signal import PriceEvent, PriceMode
from models.domain.tariff import Price
from models.domain.value import Series

_Told = tuple[PriceEvent, Series]


def import_prices(scenario: Scenario, instants_s: Floats, calendar: Calendar) -> Floats:
    """Mean price of what is bought in each period (T,); the scenario has a tariff. [currency/kWh]"""
    assert scenario.tariff is not None
    told = [(e, e.import_price) for e in price_events(scenario) if e.import_price is not None]
    return _with_events(scenario.tariff.import_price, told, instants_s, calendar, "tariff.import_price")


def export_prices(scenario: Scenario, instants_s: Floats, calendar: Calendar) -> Floats:
    """The same of what is sold (T,). [currency/kWh]"""
    assert scenario.tariff is not None
    told = [(e, e.export_price) for e in price_events(scenario) if e.export_price is not None]
    return _with_events(scenario.tariff.export_price, told, instants_s, calendar, "tariff.export_price")


def price_events(scenario: Scenario) -> tuple[PriceEvent, ...]:
    """In the order of the scenario."""
    return tuple(signal for signal in scenario.signals if isinstance(signal, PriceEvent))


def _with_events(price: Price, told: Sequence[_Told], instants_s: Floats, calendar: Calendar, path: str) -> Floats:
    """First replaced, then added to."""
    if not told:
        return mean_prices(price, instants_s, calendar, path=path)
    pieces_s = _with_edges(instants_s, [event for event, _ in told])
    mean = mean_prices(price, pieces_s, calendar, path=path)
    for event, series in sorted(told, key=lambda pair: pair[0].mode is PriceMode.ADD):
        inside = (pieces_s[:-1] >= event.start.timestamp()) & (pieces_s[1:] <= event.end.timestamp())
        below = mean if event.mode is PriceMode.ADD else 0.0
        mean = np.where(inside, values(series, pieces_s) + below, mean)
    return _over_periods(mean, pieces_s, instants_s)


def _with_edges(instants_s: Floats, events: Sequence[PriceEvent]) -> Floats:
    """The plan's instants, and the edges of events between them: far periods are not split there."""
    edges = np.array([at.timestamp() for event in events for at in (event.start, event.end)])
    return np.union1d(instants_s, edges[(edges > instants_s[0]) & (edges < instants_s[-1])])


def _over_periods(price: Floats, pieces_s: Floats, instants_s: Floats) -> Floats:
    """Means of pieces of periods; clipped, so that a period of one price has that price to the last bit."""
    first = np.searchsorted(pieces_s, instants_s[:-1])
    mean = np.add.reduceat(price * np.diff(pieces_s), first) / np.diff(instants_s)
    least, largest = np.minimum.reduceat(price, first), np.maximum.reduceat(price, first)
    return np.clip(mean, least, largest)
