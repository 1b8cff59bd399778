"""Sessions as arrays, and the pairs of session and period in which one is plugged in."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import conversion_efficiency, max_charge_power_kw
from models.domain.protection import is_protected
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, MeasuringPoint, Site
from models.domain.units import SECONDS_PER_HOUR
from optimizer.instance.periods import Periods
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GRID, _BATTERY = MeasuringPoint.GRID, MeasuringPoint.BATTERY

CATCH_UP_SHARE = 0.8
"""Of the time between the end of the horizon and departure, what may be counted on at full power."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """One entry per session of the scenario, in its order (S,). Powers and energies at evse."""

    ids: tuple[str, ...]
    evse_ids: tuple[str, ...]
    arrival_s: Floats
    departure_s: Floats
    max_power_kw: Floats
    efficiency: Floats
    """κ of the EVSE."""
    power_factor: Floats
    remaining_kwh: Floats
    promised_kwh: Floats
    after_horizon_kwh: Floats
    """At most this much may be left for the time after the horizon. [kWh]"""
    value_per_kwh: Floats
    """Of the target, by tier. [currency/kWh]"""
    retail_per_kwh: Floats
    tier: Ints
    """Position of the tier in the site's list."""
    rank: Ints
    protected: NDArray[np.bool_]
    """Slowed by hard limits alone."""

    @property
    def count(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Cells:
    """Pairs of session and period in which the session is plugged in (N,), by session, then by period."""

    session: Ints
    period: Ints
    hours: Floats
    """Hours of the period in which it is plugged in. [h]"""
    share: Floats
    """h/Δ: the part of the period in which it is plugged in."""
    offset: Ints
    """(S+1,) the cells of session s are offset[s] to offset[s+1]."""
    first_period: Ints
    """(S,)"""
    per_session: Ints
    """(S,) how many cells each session has."""

    @property
    def count(self) -> int:
        return len(self.session)


def sessions(scenario: Scenario, tree: Tree, span: Periods) -> Sessions:
    """The arrays of a completed scenario's sessions."""
    site, end_s = scenario.site, span.end_s
    tiers = {tier.id: i for i, tier in enumerate(site.tiers)}
    rows = [_row(s, tree.evses[s.evse], site, end_s, tiers) for s in scenario.sessions]
    table = np.fromiter(chain.from_iterable(rows), dtype=np.float64).reshape(len(rows), 11).T
    arrival_s, departure_s, power, efficiency, power_factor, remaining, promised, after, retail, number, protected = (
        table
    )
    tier = number.astype(np.int64)
    return Sessions(
        ids=tuple([s.id for s in scenario.sessions]),
        evse_ids=tuple([s.evse for s in scenario.sessions]),
        arrival_s=arrival_s,
        departure_s=departure_s,
        max_power_kw=power,
        efficiency=efficiency,
        power_factor=power_factor,
        remaining_kwh=remaining,
        promised_kwh=promised,
        after_horizon_kwh=after,
        value_per_kwh=np.array([t.value_of_target_per_kwh or 0.0 for t in site.tiers])[tier],
        retail_per_kwh=retail,
        tier=tier,
        rank=np.array([t.rank for t in site.tiers])[tier],
        protected=protected.astype(bool),
    )


def _row(session: Session, evse: Evse, site: Site, end_s: float, tiers: dict[str, int]) -> tuple[float, ...]:
    """From arrival to what may be left after the horizon, as in Sessions; then revenue, tier and protection."""
    assert session.departure is not None
    assert session.energy_target_kwh is not None
    assert session.tier is not None
    assert site.voltage_v is not None
    efficiency = conversion_efficiency(evse)
    to_evse = _to_evse(session, efficiency)
    missing = max(0.0, session.energy_target_kwh - session.delivered_kwh)
    promised = min(missing, max(0.0, session.energy_minimum_kwh - session.delivered_kwh))
    power, remaining = max_charge_power_kw(session, evse, site.voltage_v), missing * to_evse
    arrival_s, departure_s, after = session.arrival.timestamp(), session.departure.timestamp(), 0.0
    # Nobody counts on the time after the horizon where a departure is not certain.
    if departure_s > end_s and session.still_there is None:
        after = min(remaining, CATCH_UP_SHARE * power * ((departure_s - max(arrival_s, end_s)) / SECONDS_PER_HOUR))
    return (
        arrival_s,
        departure_s,
        power,
        efficiency,
        evse.power_factor,
        remaining,
        promised * to_evse,
        after,
        session.retail_price_per_kwh or 0.0,
        tiers[session.tier],
        is_protected(session, site),
    )


def _to_evse(session: Session, efficiency: float) -> float:
    """What an energy of the session is to be multiplied with to be one at evse."""
    point, vehicle = session.measured_at, session.vehicle
    if point is _GRID:
        return efficiency
    if point is _BATTERY and vehicle is not None and vehicle.charge_efficiency is not None:
        return 1.0 / vehicle.charge_efficiency
    return 1.0


def cells(who: Sessions, span: Periods) -> Cells:
    """All pairs of session and period with some time plugged in."""
    instants = span.instants_s
    # Who comes after the end begins in a period after the last one, so that nothing is left of it.
    first = np.maximum(0, instants.searchsorted(who.arrival_s, side="right") - 1)
    count = np.maximum(0, instants[:-1].searchsorted(who.departure_s, side="left") - first)
    offset = np.zeros(who.count + 1, dtype=np.int64)
    count.cumsum(out=offset[1:])
    session = np.arange(who.count).repeat(count)
    period = np.arange(offset[-1]) - (offset[:-1] - first).repeat(count)
    until = np.minimum(instants[period + 1], who.departure_s[session])
    since = np.maximum(instants[period], who.arrival_s[session])
    hours = (until - since) / SECONDS_PER_HOUR
    return Cells(session, period, hours, hours / span.hours[period], offset, np.where(count > 0, first, 0), count)
