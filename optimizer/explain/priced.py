"""What signals and contracts add to the price of a load: payments forgone, penalties, deviations, excess."""

from dataclasses import dataclass

import numpy as np

from optimizer.duals import dual_values
from optimizer.explain.held import HeldBy
from optimizer.explain.marginal import NOTHING
from optimizer.explain.planned import Floats, Ints, Planned
from optimizer.instance import Instance
from optimizer.instance.events import Ceilings, Targets


@dataclass(frozen=True, slots=True)
class Priced:
    """Entries (E,) that make one more kW of load dearer, throughout a period and at one place."""

    names: tuple[str, ...]
    """Of the causes: ids of signals, then labels of contracts."""
    signals: int
    """How many of the causes are signals."""
    cause: Ints
    place: Ints
    """Row of ``drawn``."""
    period: Ints
    per_kw: Floats
    """[currency/kW at the place]"""
    drawn: Floats
    """(P, S) what one kW of a session adds at each meter, then at each contract."""

    def above(self, s: int, periods: Ints) -> tuple[tuple[int, ...], ...]:
        """Causes that make more of session s dearer, period by period."""
        mine = self.drawn[self.place, s] > 0.0
        if not mine.any():
            return ((),) * len(periods)
        cause, period = self.cause[mine], self.period[mine]
        return tuple(tuple(sorted(set(cause[period == t].tolist()))) for t in periods.tolist())

    def cost(self, s: int, by: HeldBy, count: int) -> Floats:
        """What signals, or contracts, add to one more kW of session s throughout each period (T,). [currency/kW]"""
        of_kind = self.cause < self.signals if by is HeldBy.EVENT else self.cause >= self.signals
        weights = np.where(of_kind, self.per_kw * self.drawn[self.place, s], 0.0)
        return np.bincount(self.period, weights=weights, minlength=count).astype(float)

    def worth_of(self, causes: tuple[int, ...], periods: Ints) -> float:
        """Of one more kW that is not counted, throughout the periods. [currency]"""
        met = np.isin(self.cause, causes) & np.isin(self.period, periods)
        return float(self.per_kw[met].sum())


def priced(told: Planned) -> Priced:
    """Of a plan; without duals nothing costs anything."""
    instance, asked = told.instance, told.instance.response
    ids = tuple(signal.id for signal in instance.scenario.signals)
    parts = [
        _of_intervals(told),
        _of_targets(told, "dispatch_deviation", asked.dispatch),
        _of_targets(told, "freeze_deviation", asked.frozen),
        _of_ceilings(told, asked.rebound),
        _of_contracts(told, first_cause=len(ids), first_place=len(asked.meters.ids)),
    ]
    cause, place, period, per_kw = (np.concatenate(column) for column in zip(*parts, strict=True))
    dearer = per_kw > NOTHING
    return Priced(
        names=ids + instance.contracts.labels,
        signals=len(ids),
        cause=cause[dearer].astype(np.int64),
        place=place[dearer].astype(np.int64),
        period=period[dearer].astype(np.int64),
        per_kw=per_kw[dearer],
        drawn=np.concatenate([asked.meters.drawn, _drawn_below(instance)]),
    )


_Part = tuple[Ints, Ints, Ints, Floats]
"""Cause, place, period, currency per kW."""


def _of_intervals(told: Planned) -> _Part:
    """Payments forgone and penalties (12): a load on the wrong side of the baseline delivers less."""
    q = told.instance.response.intervals
    worth = np.zeros(q.count)
    worth[q.deliverable] = _duals(told, "event_delivery", len(q.deliverable))
    per_kw = q.sign[q.row] * q.share * worth[q.row]
    return q.signal[q.row], q.meter[q.row], q.period, per_kw


def _of_targets(told: Planned, block: str, held: Targets) -> _Part:
    return held.signal, held.meter, held.period, -_duals(told, block, len(held.signal))


def _of_ceilings(told: Planned, after: Ceilings) -> _Part:
    """Only those with a price; the others are limits."""
    per_kw = np.where(after.hard, 0.0, -_duals(told, "rebound_limit", len(after.signal)))
    return after.signal, after.meter, after.period, per_kw


def _of_contracts(told: Planned, *, first_cause: int, first_place: int) -> _Part:
    sides = told.instance.contracts
    side, period = np.nonzero(np.isfinite(sides.limit_kw))
    per_kw = -sides.sign[side] * _duals(told, "contract_limit", len(side))
    return first_cause + side, first_place + side, period, per_kw


def _duals(told: Planned, block: str, count: int) -> Floats:
    found = dual_values(told.schedule.duals, block)
    return np.zeros(count) if found is None or len(found) != count else found


def _drawn_below(instance: Instance) -> Floats:
    """What one kW of each session adds to the node of each contract (C, S)."""
    who, sides = instance.sessions, instance.contracts
    drawn = np.zeros((sides.count, who.count))
    for s, evse in enumerate(who.evse_ids if sides.count else ()):
        above = np.isin(sides.node, np.array(instance.limits.evse_nodes[evse], dtype=np.int64))
        drawn[above, s] = 1.0 / who.efficiency[s]
    return drawn
