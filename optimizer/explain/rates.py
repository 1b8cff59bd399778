"""What energy costs and saves in every cell of a plan, before anybody asks what one session would have of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from optimizer.explain.held import HeldBy
from optimizer.explain.marginal import NOTHING, Marginal
from optimizer.explain.peaks import Peaks
from optimizer.explain.planned import Flags, Floats, Planned, among
from optimizer.explain.priced import Priced
from optimizer.explain.rebounds import Rebounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Per cell of the instance (N,)."""

    price: Floats
    """Of one more kWh, full limits left out. [currency/kWh]"""
    saving: Floats
    """By a kWh less. [currency/kWh]"""
    peak: Floats
    """The part of the price that a peak adds. [currency/kWh]"""
    rebound: Floats
    """The part of it that limits after events add. [currency/kWh]"""
    event: Floats
    """The part of it that signals add. [currency/kWh]"""
    contract: Floats
    """The part of it that contracts add. [currency/kWh]"""
    gain: Floats
    """Of one more kW of a session's own maximum. [currency/kW]"""
    taper: Flags
    """Whether the battery's charging curve takes no more."""
    kept_level: Flags
    """Whether its period shares a metering interval with others: there import is kept level, not early."""


def rates(told: Planned, found: Marginal | None, peak: Peaks, after: Rebounds, dear: Priced) -> Rates:
    """Of a plan; without duals all of it costs nothing."""
    count = told.instance.periods.count
    price, saving = _prices(told, found)
    return Rates(
        price=price,
        saving=saving,
        peak=_peak_rate(told, peak),
        rebound=_rate(told, after.drawn, partial(after.cost, count=count)),
        event=_rate(told, dear.drawn, partial(dear.cost, by=HeldBy.EVENT, count=count)),
        contract=_rate(told, dear.drawn, partial(dear.cost, by=HeldBy.CONTRACT, count=count)),
        gain=np.zeros_like(price) if found is None else np.maximum(0.0, found.worth - found.saving),
        taper=np.zeros(len(price), dtype=bool) if found is None else found.taper > NOTHING,
        kept_level=_kept_level(told),
    )


def _prices(told: Planned, found: Marginal | None) -> tuple[Floats, Floats]:
    """What one more kWh costs but for full limits, and what a kWh less would save. [currency/kWh]"""
    hours = told.instance.cells.hours
    if found is None:
        return np.zeros_like(hours), np.zeros_like(hours)
    without = found.cost.copy()
    np.subtract.at(without, found.place_cell, found.place_cost)
    return without / hours, found.saving / hours


def _peak_rate(told: Planned, peak: Peaks) -> Floats:
    """Of a kWh at evse. [currency/kWh]"""
    cells, span, who = told.instance.cells, told.instance.periods, told.instance.sessions
    per_kw = peak.cost(span.count)[cells.period]
    return np.asarray(per_kw / span.hours[cells.period] / who.efficiency[cells.session])


def _rate(told: Planned, drawn: Floats, cost: Callable[[int], Floats]) -> Floats:
    """Of a kWh at evse, where ``cost`` tells that of one more kW of a session in every period. [currency/kWh]"""
    cells, span = told.instance.cells, told.instance.periods
    if not drawn.size:
        return np.zeros_like(cells.hours)
    period = [cells.period[told.cells(s)] for s in range(told.instance.sessions.count)]
    per_kw = np.concatenate([cost(s)[periods] for s, periods in enumerate(period)])
    return np.asarray(per_kw / span.hours[cells.period])


def _kept_level(told: Planned) -> Flags:
    demand, instance = told.instance.money.demand, told.instance
    several = np.bincount(demand.row, minlength=len(demand.window)) > 1
    return among(instance.cells.period, demand.period[several[demand.row]], instance.periods.count)
