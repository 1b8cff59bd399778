"""Drivers who asked for green energy, equation (22): who they are, and what their carbon costs beyond the tariff."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.prices import mean_prices
from models.domain.scenario import Scenario
from models.domain.session import ChargingPreference
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Green:
    """Cells of green sessions (G,), and the periods in which there are some; empty where carbon has no price."""

    cell: Ints
    period: Ints
    """(P,) in order."""
    per_kw: Floats
    """What a kW at evse in each of these cells is on the mean of its period. [kW at grid]"""
    price_per_kwh: Floats
    """Of energy from the grid, in each of the periods. [currency/kWh]"""
    surplus_kw: Floats
    """What the site's own PV is expected to give beyond its load, in each of them. [kW at grid]"""

    def import_kw(self, charge_power_kw: Floats, cells: Cells) -> Floats:
        """What green sessions draw beyond the site's own surplus (P,), for powers of all cells (N,). [kW at grid]"""
        row = np.searchsorted(self.period, cells.period[self.cell])
        weights = self.per_kw * charge_power_kw[self.cell]
        drawn = np.bincount(row, weights=weights, minlength=len(self.period))
        return np.maximum(0.0, drawn - self.surplus_kw)


_NOBODY = Green(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0))


def green(scenario: Scenario, who: Sessions, cells: Cells, span: Periods, expected_kw: Floats) -> Green:
    """Of a completed scenario; ``expected_kw`` (T,) is base load and stand-by less PV. [kW at grid]"""
    asked_for = ChargingPreference.GREEN
    wishes = [session.charging_preference is asked_for for session in scenario.sessions]
    if True not in wishes:
        return _NOBODY
    asked, per_kwh = np.array(wishes, dtype=bool), _price_per_kwh(scenario, span)
    cell = np.flatnonzero(asked[cells.session] & (per_kwh[cells.period] != 0.0))
    period = np.unique(cells.period[cell])
    share = cells.share[cell]
    return Green(
        cell=cell,
        period=period,
        per_kw=share / who.efficiency[cells.session[cell]],
        price_per_kwh=per_kwh[period],
        surplus_kw=np.maximum(0.0, -expected_kw[period]),
    )


def _price_per_kwh(scenario: Scenario, span: Periods) -> Floats:
    """(T,) [currency/kWh]"""
    assert scenario.tariff is not None
    intensity = scenario.tariff.carbon_intensity
    price = scenario.site.green_price_per_kg or 0.0
    return price * mean_prices(intensity, span.instants_s, span.calendar, path="tariff.carbon_intensity")
