"""Equations (12) and (14): events, what follows from them, and dispatch. Money in currency."""

import numpy as np

from optimizer.formulation.metering import MeteredLoads
from optimizer.instance import Instance
from optimizer.instance.events import Targets
from optimizer.program import Block, Ints, ProgramBuilder

INTERVAL = ("signal", "settlement_interval")
HELD = ("signal", "period")


def events(lp: ProgramBuilder, instance: Instance, loads: MeteredLoads) -> None:
    """(12), for intervals in which money depends on what is delivered."""
    q = instance.response.intervals
    paid = np.flatnonzero(q.paid)
    if not len(paid):
        return
    # 0 <= event_delivered <= accepted, 0 where the load cannot be on the right side of the baseline
    most = np.where(q.best_kw > 0.0, q.accepted_kw, 0.0)[paid]
    place = (q.signal[paid], paid)
    delivered = lp.variable("event_delivered", INTERVAL, place, upper=most, unit="kW")
    shortfall = lp.variable("event_shortfall", INTERVAL, place, upper=q.committed_kw[paid], unit="kW")
    # (12)  event_delivered + event_shortfall >= committed
    lp.at_least(
        "event_commitment", INTERVAL, place, [(1.0, delivered), (1.0, shortfall)], bound=q.committed_kw[paid], unit="kW"
    )
    counts = _counting(lp, instance, paid, delivered)
    _delivery(lp, instance, loads, paid, delivered, counts)
    # (12)  Σ_q length penalty event_shortfall - length payment event_delivered
    hours = q.hours[paid]
    lp.minimize([(hours * q.penalty_per_kwh[paid], shortfall), (-hours * q.payment_per_kwh[paid], delivered)])


def undecided(instance: Instance) -> Ints:
    """Intervals that a load on the wrong side of the baseline, or too little, would leave out (Q',)."""
    q = instance.response.intervals
    may_fail = (q.worst_kw < 0.0) | (q.worst_kw < q.least_kw)
    return np.flatnonzero(q.paid & may_fail & (q.best_kw > 0.0) & (q.accepted_kw > 0.0))


def _counting(lp: ProgramBuilder, instance: Instance, paid: Ints, delivered: Block) -> Block | None:
    """Whether an interval counts: a column from 0 to 1 which optimizer.counting makes whole."""
    q, open_ = instance.response.intervals, undecided(instance)
    if not len(open_):
        return None
    place, at, rows = (q.signal[open_], open_), np.searchsorted(paid, open_), np.arange(len(open_))
    counts = lp.variable("event_counts", INTERVAL, place, upper=1.0, unit="")
    # (12)  event_delivered - accepted event_counts <= 0,  event_delivered - least event_counts >= 0
    lp.at_most(
        "event_counts_most",
        INTERVAL,
        place,
        [(1.0, delivered.by(rows, at)), (-q.accepted_kw[open_], counts)],
        bound=0.0,
        unit="kW",
    )
    some = np.flatnonzero(q.least_kw[open_] > 0.0)
    rows = np.arange(len(some))
    lp.at_least(
        "event_counts_least",
        INTERVAL,
        (place[0][some], place[1][some]),
        [(1.0, delivered.by(rows, at[some])), (-q.least_kw[open_[some]], counts.by(rows, some))],
        bound=0.0,
        unit="kW",
    )
    return counts


def _delivery(
    lp: ProgramBuilder, instance: Instance, loads: MeteredLoads, paid: Ints, delivered: Block, counts: Block | None
) -> None:
    """A row where the load can be on the right side of the baseline."""
    q, laid = instance.response.intervals, instance.response.intervals.deliverable
    entry = np.flatnonzero(np.isin(q.row, laid))
    row = np.searchsorted(laid, q.row[entry])
    open_ = undecided(instance)
    excess, bound = np.minimum(0.0, q.worst_kw), q.sign * (q.metered_kw - q.baseline_kw)
    bound[open_] -= excess[open_]
    # (12)  event_delivered - σ Σ_t share metered_load[t] - worst event_counts <= σ (metered - baseline) - worst,
    #       worst < 0 only where an interval may be left out
    lp.at_most(
        "event_delivery",
        INTERVAL,
        (q.signal[laid], laid),
        [
            (1.0, delivered.by(np.arange(len(laid)), np.searchsorted(paid, laid))),
            (-q.sign[q.row[entry]] * q.share[entry], loads.by(row, q.meter[q.row[entry]], q.period[entry])),
            *([] if counts is None else [(-excess[open_], counts.by(np.searchsorted(laid, open_)))]),
        ],
        bound=bound[laid],
        unit="kW",
    )


def dispatch(lp: ProgramBuilder, instance: Instance, loads: MeteredLoads) -> None:
    """(14)"""
    _held(lp, "dispatch", instance.response.dispatch, loads)


def frozen_hours(lp: ProgramBuilder, instance: Instance, loads: MeteredLoads) -> None:
    """(12), the hours in which a settlement adjusts its baseline."""
    _held(lp, "freeze", instance.response.frozen, loads)


def _held(lp: ProgramBuilder, name: str, held: Targets, loads: MeteredLoads) -> None:
    if not len(held.signal):
        return
    place, rows = (held.signal, held.period), np.arange(len(held.signal))
    above = lp.variable(f"{name}_above", HELD, place, unit="kW")
    below = lp.variable(f"{name}_below", HELD, place, unit="kW")
    # (14)  metered_load[t] - above + below = setpoint[t]
    lp.equal(
        f"{name}_deviation",
        HELD,
        place,
        [(1.0, loads.by(rows, held.meter, held.period)), (-1.0, above), (1.0, below)],
        to=held.target_kw,
        unit="kW",
    )
    # (14)  Σ_t h (price_above above + price_below below)
    lp.minimize([(held.hours * held.above_per_kwh, above), (held.hours * held.below_per_kwh, below)])


def rebound(lp: ProgramBuilder, instance: Instance, loads: MeteredLoads) -> None:
    """(12), the time after an event."""
    ceiling = instance.response.rebound
    if not len(ceiling.signal):
        return
    priced, place = np.flatnonzero(~ceiling.hard), (ceiling.signal, ceiling.period)
    excess = lp.variable("rebound_excess", HELD, (ceiling.signal[priced], ceiling.period[priced]), unit="kW")
    # (12)  metered_load[t] - rebound_excess[t] <= limit[t]
    lp.at_most(
        "rebound_limit",
        HELD,
        place,
        [(1.0, loads.by(np.arange(len(ceiling.signal)), ceiling.meter, ceiling.period)), (-1.0, excess.by(priced))],
        bound=ceiling.limit_kw,
        unit="kW",
    )
    # (12)  Σ_t h price rebound_excess
    lp.minimize([(ceiling.hours[priced] * ceiling.price_per_kwh[priced], excess)])
