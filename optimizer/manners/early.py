"""Energy early, first for whom leaves first, import level inside a metering interval, and nothing in vain."""

from dataclasses import dataclass

import numpy as np

from optimizer.instance import Instance
from optimizer.program import Block, Floats, Ints, LinearProgram, with_columns, with_rows
from optimizer.sparse import Rows

URGENCY = 0.1
"""Share by which the earliness of a car that leaves at once outweighs that of one that stays to the end."""
TURN = 0.01
"""The same between the first and the last of cars that leave together: somebody has to be first, and then at a stretch.
Else they take turns, and which of such plans is found depends on where the solver came from."""

IN_VAIN = 4.0
"""Price of a kWh of PV held back, or sent through a battery of the site or of a car: more than one that is charged can
earn, 1 + URGENCY where it comes at once and twice manners.closeness.STAYING where it was planned before."""


GIVING_BACK = 8.0
"""Of a kWh that a car gives back, over its round trip: more than charging it again and curtailing what is lost."""


def earliness(program: LinearProgram, instance: Instance) -> Floats:
    """Cost of the columns of a ``levelled`` program: energy as early, and as much of it, as its bounds allow."""
    cells = instance.cells
    cost = np.zeros_like(program.cost)
    cost[program.columns["charge_power"].slice] = -cells.hours * worth_of_an_hour(instance)
    states = instance.states
    member, cell = states.member[states.giving], states.cell[states.giving]
    round_trip = (states.charge_efficiency * states.discharge_efficiency)[member]
    cost[program.columns["discharge_power"].slice] = GIVING_BACK / round_trip * cells.hours[cell]
    for name in ("pv_curtailed", "storage_charge", "storage_discharge"):
        block = program.columns[name]
        cost[block.slice] = IN_VAIN * instance.periods.hours[block.positions[1]]
    if "interval_import" in program.columns:
        cost[program.columns["interval_import"].slice] = _price_of_unevenness(instance)
    return cost


def worth_of_an_hour(instance: Instance) -> Floats:
    """Of charging a kW in each pair of session and period (N,), from 0 at the end to 1 + URGENCY at the start."""
    cells = instance.cells
    worth: Floats = time_left(instance)[cells.period] * _urgency(instance)[cells.session]
    return worth


def time_left(instance: Instance) -> Floats:
    """From the middle of each period to the end of the horizon, as a share of it (T,)."""
    span = instance.periods
    middle = (span.instants_s[:-1] + span.instants_s[1:]) / 2
    left: Floats = (span.end_s - middle) / (span.end_s - span.start_s)
    return left


def _urgency(instance: Instance) -> Floats:
    """1 for a car that stays to the end of the horizon, 1 + URGENCY for one that leaves at its start (S,).

    A little less for each that leaves together with others and arrived after them.
    """
    span, who = instance.periods, instance.sessions
    left = (span.end_s - np.minimum(who.departure_s, span.end_s)) / (span.end_s - span.start_s)
    turn = np.empty(who.count)
    turn[np.lexsort((who.arrival_s, who.departure_s))] = np.arange(who.count) / max(1, who.count)
    return 1.0 + URGENCY * left - TURN * turn


@dataclass(frozen=True, slots=True)
class _Meetings:
    """Pairs of a metering interval that spans several periods and one of these."""

    interval: Ints
    """Position of the interval among all rows of (10)."""
    period: Ints


def levelled(program: LinearProgram, instance: Instance) -> LinearProgram:
    """The program with one more column, as yet at no cost, per metering interval of several periods: the highest
    import in it. Without it all of the interval's energy would come first.
    """
    met = _meetings(instance)
    if len(met.interval) == 0:
        return program
    intervals, number = np.unique(met.interval, return_inverse=True)
    peak = Block(
        "interval_import", ("metering_interval",), "kW at grid", len(program.cost), len(intervals), (intervals,)
    )
    wider = with_columns(program, peak, cost=np.zeros(len(intervals)))
    # interval_import[q] - grid_import[t] >= 0
    count, above = len(met.interval), program.columns["grid_import"].start + met.period
    row = np.arange(count)
    values = np.concatenate([np.ones(count), -np.ones(count)])
    places = (np.concatenate([row, row]), np.concatenate([peak.start + number, above]))
    rows = Rows.from_triplets(values, places, (count, len(wider.cost)))
    dims, start = ("metering_interval", "period"), program.matrix.shape[0]
    block = Block("interval_import_definition", dims, "kW at grid", start, count, (met.interval, met.period))
    return with_rows(wider, block, rows, np.zeros(count), np.full(count, np.inf))


def _price_of_unevenness(instance: Instance) -> Floats:
    """Of 1 kW in each metering interval: its hours squared over the horizon's.

    More than all earliness inside the interval can be worth and less than a change of interval.
    """
    met, hours = _meetings(instance), instance.periods.hours
    _, number = np.unique(met.interval, return_inverse=True)
    length_h = np.bincount(number, weights=hours[met.period])
    price: Floats = length_h * length_h / hours.sum()
    return price


def _meetings(instance: Instance) -> _Meetings:
    """Of several demand charges with the same intervals the first counts."""
    demand = instance.money.demand
    first = np.zeros(len(demand.window), dtype=bool)
    first[np.unique(demand.interval_start_s, return_index=True)[1]] = True
    several = np.bincount(demand.row, minlength=len(first)) > 1
    pairs = np.flatnonzero((first & several)[demand.row])
    return _Meetings(demand.row[pairs], demand.period[pairs])
