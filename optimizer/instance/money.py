"""Prices per period, and what one more kW of peak costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.demand import DemandWindow, demand_windows
from models.domain.price_events import export_prices, import_prices
from models.domain.prices import coincident_costs, mean_prices
from models.domain.scenario import Scenario
from models.domain.series import same
from models.domain.units import SECONDS_PER_HOUR
from optimizer.instance.periods import Periods

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Demand:
    """Rows of equation (10): the mean import over metering intervals, one row an interval (Q,)."""

    windows: tuple[DemandWindow, ...]
    tiers: tuple[tuple[int, float, float], ...]
    """Rising tiers: position of the demand window, above how many kW, and how much dearer. [kW], [currency/kW]"""
    window: Ints
    """(Q,) position of the demand window."""
    interval_start_s: Floats
    metered_kw: Floats
    """(Q,) energy metered before the horizon over the length of the interval. [kW]"""
    row: Ints
    """(K,) one entry for each pair of interval and period that overlap: the interval ..."""
    period: Ints
    """... and the period ..."""
    share: Floats
    """... and the part of the interval that the period covers."""


_NONE, _NOWHERE = np.zeros(0), np.zeros(0, dtype=np.int64)
_NO_CHARGE = Demand((), (), _NOWHERE, _NONE, _NONE, _NOWHERE, _NOWHERE, _NONE)


@dataclass(frozen=True, slots=True)
class Money:
    """Prices (T,) at grid. [currency/kWh]"""

    import_price: Floats
    export_price: Floats
    carbon_cost: Floats
    """carbon price times intensity. [currency/kWh]"""
    coincident_cost: Floats
    """Of coincident peaks, by their chance. [currency/kWh]"""
    demand: Demand

    @property
    def bought(self) -> Floats:
        """What a kWh of import costs in all (T,). [currency/kWh]"""
        return self.import_price + self.carbon_cost + self.coincident_cost

    change_price: float
    """Of a kWh that is moved from where the plan before had it. [currency/kWh]"""


def money(scenario: Scenario, span: Periods) -> Money:
    """Prices and demand windows of a completed scenario."""
    tariff = scenario.tariff
    assert tariff is not None
    instants, calendar = span.instants_s, span.calendar
    return Money(
        import_price=import_prices(scenario, instants, calendar),
        export_price=export_prices(scenario, instants, calendar),
        carbon_cost=tariff.carbon_price_per_kg
        * mean_prices(tariff.carbon_intensity, instants, calendar, path="tariff.carbon_intensity"),
        coincident_cost=coincident_costs(tariff.coincident_peaks, instants),
        demand=_demand(scenario, span),
        change_price=tariff.change_price_per_kwh,
    )


def _demand(scenario: Scenario, span: Periods) -> Demand:
    assert scenario.tariff is not None
    found = tuple(
        window
        for charge in scenario.tariff.demand_charges
        for window in demand_windows(charge, span.calendar, span.start_s, span.end_s)
    )
    if not found:
        return _NO_CHARGE
    tiers = tuple((k, above_kw, more) for k, window in enumerate(found) for above_kw, more in window.tiers)
    parts = [_laid(window, span) for window in found]
    if len(parts) == 1:
        start_s, metered_kw, row, period, share = parts[0]
        return Demand(found, tiers, np.zeros(len(start_s), dtype=np.int64), start_s, metered_kw, row, period, share)
    sizes = [len(start_s) for start_s, *_ in parts]
    first_row = np.cumsum([0, *sizes[:-1]])
    start_s, metered_kw, _, period, share = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    row = np.concatenate([part[2] + first for part, first in zip(parts, first_row, strict=True)])
    return Demand(found, tiers, np.arange(len(found)).repeat(sizes), start_s, metered_kw, row, period, share)


def _laid(window: DemandWindow, span: Periods) -> tuple[Floats, Floats, Ints, Ints, Floats]:
    """Interval starts, metered power, and triples (row, period, share); of intervals inside one period the first."""
    instants = span.instants_s
    starts, ends = window.interval_start_s, window.interval_end_s
    if same(starts, instants[:-1]) and same(ends, instants[1:]):
        every = np.arange(span.count)  # an interval a period
        return starts, window.metered_kwh / span.hours, every, every, np.ones(span.count)
    seen_from, seen_to = np.maximum(starts, instants[0]), np.minimum(ends, instants[-1])
    first = np.searchsorted(instants, seen_from, side="right") - 1
    last = np.searchsorted(instants, seen_to, side="left") - 1
    inside = (first == last) & (starts >= instants[0]) & (ends <= instants[-1])
    repeated = np.concatenate([[False], inside[1:] & inside[:-1] & (first[1:] == first[:-1])])
    kept = np.flatnonzero(~repeated)
    starts, ends, first, count = starts[kept], ends[kept], first[kept], (last - first + 1)[kept]
    row = np.repeat(np.arange(len(kept)), count)
    period = np.arange(len(row)) - np.repeat(np.cumsum(count) - count - first, count)
    covered = np.minimum(ends[row], instants[period + 1]) - np.maximum(starts[row], instants[period])
    length_s = ends - starts
    metered = window.metered_kwh[kept] / (length_s / SECONDS_PER_HOUR)
    return starts, metered, row, period, covered / length_s[row]
