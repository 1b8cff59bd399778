"""Events (12), and the loads that events and dispatch (14) want held, as arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.series import How, values
from models.domain.signal import Dispatch, Event
from models.domain.signal_times import rebound_end_s, settlement_ends_s
from models.domain.times import instant
from models.domain.units import hours_from_seconds
from models.domain.value import Series
from optimizer.instance.metering import Meters
from optimizer.instance.periods import Periods

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_SHORTEST_S = 1e-3
"""Of a settlement interval inside the plan; less is no time at all. [s]"""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Settlement intervals that the plan reaches, one entry each (Q,), by event, then by time."""

    signal: Ints
    """Position of the event among the signals of the scenario."""
    meter: Ints
    start_s: Floats
    end_s: Floats
    """The part that counts: cut at the end of the plan, and at its start unless energy metered before is told. [s]"""
    sign: Floats
    """σ: -1 to reduce, +1 to turn up."""
    baseline_kw: Floats
    metered_kw: Floats
    """Energy metered before the plan over the length of the interval. [kW]"""
    committed_kw: Floats
    accepted_kw: Floats
    least_kw: Floats
    """Below it nothing counts as delivered."""
    payment_per_kwh: Floats
    penalty_per_kwh: Floats
    best_kw: Floats
    """What a plan could deliver at most; below 0 where it cannot help going the other way ..."""
    worst_kw: Floats
    """... and at least."""
    row: Ints
    """(K,) one entry for each pair of interval and period that overlap: the interval ..."""
    period: Ints
    """... the period ..."""
    share: Floats
    """... and the part of the interval that the period covers."""

    @property
    def count(self) -> int:
        return len(self.signal)

    @property
    def hours(self) -> Floats:
        """[h]"""
        return hours_from_seconds(1.0) * (self.end_s - self.start_s)

    @property
    def paid(self) -> NDArray[np.bool_]:
        """Where money depends on what is delivered."""
        return np.asarray((self.payment_per_kwh > 0.0) | (self.penalty_per_kwh > 0.0))

    @property
    def deliverable(self) -> Ints:
        """Paid intervals in which some load delivers something."""
        return np.flatnonzero(self.paid & (self.best_kw > 0.0) & (self.accepted_kw > 0.0))

    def mean_kw(self, load_kw: Floats) -> Floats:
        """Mean load of each, of the loads at the meters (M, T). (Q,) [kW]"""
        mine = self.share * load_kw[self.meter[self.row], self.period]
        return np.asarray(self.metered_kw + np.bincount(self.row, weights=mine, minlength=self.count))

    def delivered_kw(self, load_kw: Floats) -> Floats:
        """What counts as delivered, of the loads at the meters (M, T). (Q,) [kW]"""
        delivered = np.clip(self.sign * (self.mean_kw(load_kw) - self.baseline_kw), 0.0, self.accepted_kw)
        return np.where(delivered >= self.least_kw - NEARLY_KW, delivered, 0.0)


NEARLY_KW = 1e-6
"""A share that is missed by less is met. [kW]"""


@dataclass(frozen=True, slots=True)
class Targets:
    """Loads to be met, with a price on both sides: dispatch (14), or the frozen hours of an event (K,)."""

    signal: Ints
    meter: Ints
    period: Ints
    hours: Floats
    """Of the period inside the window. [h]"""
    target_kw: Floats
    above_per_kwh: Floats
    below_per_kwh: Floats

    def costs(self, load_kw: Floats) -> Floats:
        """Of the loads at the meters (M, T). (K,) [currency]"""
        over = load_kw[self.meter, self.period] - self.target_kw
        price = np.where(over > 0.0, self.above_per_kwh, -self.below_per_kwh)
        return np.asarray(self.hours * price * over)


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Loads that must not be exceeded after an event (K,)."""

    signal: Ints
    meter: Ints
    period: Ints
    hours: Floats
    limit_kw: Floats
    """Never below what nobody controls, where it has no price."""
    price_per_kwh: Floats
    """Of what exceeds it; inf: nothing may."""

    @property
    def hard(self) -> NDArray[np.bool_]:
        return np.isinf(self.price_per_kwh)

    def costs(self, load_kw: Floats) -> Floats:
        """Of the loads at the meters (M, T). (K,) [currency]"""
        over = np.maximum(0.0, load_kw[self.meter, self.period] - self.limit_kw)
        return np.where(self.hard, 0.0, self.hours * np.where(self.hard, 0.0, self.price_per_kwh) * over)


@dataclass(frozen=True, slots=True)
class Response:
    """Everything that signals ask of loads and pay for."""

    meters: Meters
    intervals: Intervals
    dispatch: Targets
    frozen: Targets
    rebound: Ceilings


def response(scenario: Scenario, span: Periods, at: Meters) -> Response:
    """The arrays of a completed scenario's events and dispatch."""
    if not at.ids:
        return Response(at, *_nothing())
    events = [(i, s) for i, s in enumerate(scenario.signals) if isinstance(s, Event)]
    dispatched = [(i, s) for i, s in enumerate(scenario.signals) if isinstance(s, Dispatch)]
    return Response(
        meters=at,
        intervals=_intervals(events, span, at),
        dispatch=_targets([part for i, d in dispatched for part in _dispatch_parts(i, d, span, at)]),
        frozen=_targets([part for i, e in events for part in _frozen_parts(i, e, span, at)]),
        rebound=_ceilings([part for i, e in events for part in _rebound_parts(i, e, span, at)]),
    )


@cache
def _nothing() -> tuple[Intervals, Targets, Targets, Ceilings]:
    """Where no signal looks at a load."""
    none, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
    intervals = Intervals(none, none, *(floats,) * 12, none, none, floats)
    return intervals, _targets([]), _targets([]), _ceilings([])


_Part = tuple[float, ...]
"""Numbers of one entry, in the order of its fields."""


def _intervals(events: list[tuple[int, Event]], span: Periods, at: Meters) -> Intervals:
    rows = [row for i, event in events for row in _rows(i, event, span, at)]
    table = np.array(rows, dtype=float).reshape(len(rows), 12).T
    signal, meter = table[:2].astype(np.int64)
    start_s, end_s, sign, baseline, metered, committed, accepted, least, payment, penalty = table[2:]
    row, period, share = _overlaps(start_s, end_s, span)
    ends = []
    for limit in (at.low_kw, at.high_kw):
        mean = np.bincount(row, weights=share * limit[meter[row], period], minlength=len(rows))
        ends.append(sign * (metered + mean - baseline))
    told = (signal, meter, start_s, end_s, sign, baseline, metered, committed, accepted, least, payment, penalty)
    return Intervals(*told, np.maximum(*ends), np.minimum(*ends), row, period, share)


def _rows(i: int, event: Event, span: Periods, at: Meters) -> Iterator[_Part]:
    """In the order of the fields of Intervals, for each interval that the plan reaches."""
    accepted = event.committed_kw if event.accepted_kw is None else event.accepted_kw
    money = (event.payment_per_kwh, event.penalty_per_kwh)
    for begin_s, end_s, metered_kw in _seen(event, span):
        baseline = float(values(event.baseline_kw, np.array([begin_s, end_s]))[0])
        least = event.pays_from_share * event.committed_kw
        powers = (baseline, metered_kw, event.committed_kw, accepted, least)
        yield (float(i), float(at.of_signal[event.id]), begin_s, end_s, event.direction.sign, *powers, *money)


def _seen(event: Event, span: Periods) -> Iterator[tuple[float, float, float]]:
    """The part of each settlement interval that counts, and what was metered in it before the plan. [s], [s], [kW]"""
    ends_s = settlement_ends_s(event)
    for begin_s, end_s in zip(ends_s[:-1].tolist(), ends_s[1:].tolist(), strict=True):
        told = event.metered_kwh is not None and begin_s < span.start_s < end_s
        first_s, last_s = begin_s if told else max(begin_s, span.start_s), min(end_s, span.end_s)
        if end_s > span.start_s and last_s - first_s >= _SHORTEST_S:
            metered_kwh = (event.metered_kwh or 0.0) if told else 0.0
            yield first_s, last_s, metered_kwh / hours_from_seconds(last_s - first_s)


def _overlaps(start_s: Floats, end_s: Floats, span: Periods) -> tuple[Ints, Ints, Floats]:
    """Pairs of interval and period, and the part of the interval that the period covers."""
    instants = span.instants_s
    first = np.maximum(0, np.searchsorted(instants, start_s, side="right") - 1)
    count = np.searchsorted(instants, end_s, side="left") - first
    row = np.repeat(np.arange(len(start_s)), count)
    period = np.arange(len(row)) - np.repeat(np.cumsum(count) - count - first, count)
    covered = np.minimum(end_s[row], instants[period + 1]) - np.maximum(start_s[row], instants[period])
    return row, period, np.asarray(covered / (end_s - start_s)[row])


def _dispatch_parts(i: int, told: Dispatch, span: Periods, at: Meters) -> list[_Part]:
    hours, setpoint = span.covered_h(told.start, told.end), values(told.setpoint_kw, span.instants_s, How.MEAN)
    prices = (told.price_above_per_kwh, told.price_below_per_kwh)
    return _parts(i, at.of_signal[told.id], hours, setpoint, prices) if any(prices) else []


def _frozen_parts(i: int, event: Event, span: Periods, at: Meters) -> list[_Part]:
    """Nothing where the load without the event is not known."""
    freeze = event.freeze
    if freeze is None or event.reference_kw is None or freeze.price_per_kwh == 0.0:
        return []
    hours, price = span.covered_h(freeze.start, freeze.end), freeze.price_per_kwh
    return _parts(i, at.of_signal[event.id], hours, _reference_kw(event.reference_kw, span), (price, price))


def _rebound_parts(i: int, event: Event, span: Periods, at: Meters) -> list[_Part]:
    """As far as it is known what the limit is."""
    rebound, meter = event.rebound, at.of_signal[event.id]
    if rebound is None or (rebound.limit_kw is None and event.reference_kw is None):
        return []
    limit = np.full(span.count, rebound.limit_kw or 0.0)
    if rebound.limit_kw is None and event.reference_kw is not None:
        limit = _reference_kw(event.reference_kw, span) + (rebound.above_reference_kw or 0.0)
    if rebound.price_per_kwh is None:
        limit = np.maximum(limit, at.rest_kw[meter])
    price = np.inf if rebound.price_per_kwh is None else rebound.price_per_kwh
    hours = span.covered_h(event.end, instant(rebound_end_s(event, rebound)))
    return _parts(i, meter, np.where(np.isfinite(limit), hours, 0.0), limit, (price,))


def _parts(i: int, meter: int, hours: Floats, level_kw: Floats, prices: tuple[float, ...]) -> list[_Part]:
    """One for each period inside the window."""
    inside = np.flatnonzero(hours > 0.0).tolist()
    return [(float(i), float(meter), float(t), float(hours[t]), float(level_kw[t]), *prices) for t in inside]


def _reference_kw(reference: Series, span: Periods) -> Floats:
    return values(reference, span.instants_s, How.MEAN)


def _targets(parts: list[_Part]) -> Targets:
    table = np.array(parts, dtype=float).reshape(len(parts), 7).T
    return Targets(*table[:3].astype(np.int64), *table[3:])


def _ceilings(parts: list[_Part]) -> Ceilings:
    table = np.array(parts, dtype=float).reshape(len(parts), 6).T
    return Ceilings(*table[:3].astype(np.int64), *table[3:])
