"""Sessions as arrays, and the pairs of session and period in which one is plugged in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import conversion_efficiency, max_charge_power_kw
from models.domain.protection import is_protected
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, MeasuringPoint
from models.domain.units import SECONDS_PER_HOUR
from optimizer.instance.periods import Periods
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

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
    tiers = {tier.id: i for i, tier in enumerate(scenario.site.tiers)}
    voltage_v = scenario.site.voltage_v
    assert voltage_v is not None
    rows = [_row(s, tree.evses[s.evse], voltage_v, tiers) for s in scenario.sessions]
    table = np.array(rows, dtype=float).reshape(len(rows), 9)
    arrival_s, departure_s, power, efficiency, power_factor, remaining, promised, retail, tier_number = table.T
    after_h = np.maximum(0.0, departure_s - np.maximum(arrival_s, span.end_s)) / SECONDS_PER_HOUR
    tier = tier_number.astype(np.int64)
    return Sessions(
        ids=tuple(s.id for s in scenario.sessions),
        evse_ids=tuple(s.evse for s in scenario.sessions),
        arrival_s=arrival_s,
        departure_s=departure_s,
        max_power_kw=power,
        efficiency=efficiency,
        power_factor=power_factor,
        remaining_kwh=remaining,
        promised_kwh=promised,
        after_horizon_kwh=np.minimum(remaining, CATCH_UP_SHARE * power * np.where(_certain(scenario), after_h, 0.0)),
        value_per_kwh=np.array([t.value_of_target_per_kwh or 0.0 for t in scenario.site.tiers])[tier],
        retail_per_kwh=retail,
        tier=tier,
        rank=np.array([t.rank for t in scenario.site.tiers])[tier],
        protected=np.array([is_protected(s, scenario.site) for s in scenario.sessions], dtype=bool),
    )


def _certain(scenario: Scenario) -> NDArray[np.bool_]:
    """Sessions with a departure that holds (S,): nobody counts on the time after the horizon of the others."""
    return np.array([session.still_there is None for session in scenario.sessions], dtype=bool)


def _row(session: Session, evse: Evse, voltage_v: float, tiers: dict[str, int]) -> tuple[float, ...]:
    assert session.departure is not None
    assert session.energy_target_kwh is not None
    assert session.tier is not None
    efficiency = conversion_efficiency(evse)
    to_evse = _to_evse(session, efficiency)
    remaining = max(0.0, session.energy_target_kwh - session.delivered_kwh)
    promised = min(remaining, max(0.0, session.energy_minimum_kwh - session.delivered_kwh))
    return (
        session.arrival.timestamp(),
        session.departure.timestamp(),
        max_charge_power_kw(session, evse, voltage_v),
        efficiency,
        evse.power_factor,
        remaining * to_evse,
        promised * to_evse,
        session.retail_price_per_kwh or 0.0,
        tiers[session.tier],
    )


def _to_evse(session: Session, efficiency: float) -> float:
    """What an energy of the session is to be multiplied with to be one at evse."""
    if session.measured_at is MeasuringPoint.GRID:
        return efficiency
    vehicle = session.vehicle
    if session.measured_at is MeasuringPoint.BATTERY and vehicle is not None and vehicle.charge_efficiency is not None:
        return 1.0 / vehicle.charge_efficiency
    return 1.0


def cells(who: Sessions, span: Periods) -> Cells:
    """All pairs of session and period with some time plugged in."""
    instants = span.instants_s
    first = np.maximum(0, np.minimum(instants.searchsorted(who.arrival_s, side="right") - 1, span.count))
    end = np.minimum(instants.searchsorted(who.departure_s, side="left"), span.count)
    count = np.where(who.arrival_s < span.end_s, np.maximum(0, end - first), 0)
    offset = np.concatenate([[0], count.cumsum()])
    session = np.arange(who.count).repeat(count)
    period = np.arange(offset[-1]) - (offset[:-1] - first).repeat(count)
    until = np.minimum(instants[period + 1], who.departure_s[session])
    since = np.maximum(instants[period], who.arrival_s[session])
    return Cells(session, period, (until - since) / SECONDS_PER_HOUR, offset, np.where(count > 0, first, 0), count)
