"""Energy early, first for whom leaves first, import level inside a metering interval, and nothing in vain."""

from dataclasses import dataclass

import numpy as np

from optimizer.instance import Instance
from optimizer.program import Block, Floats, Ints, LinearProgram, with_columns, with_cost, with_rows
from optimizer.sparse import Rows

URGENCY = 0.1
"""Share by which the earliness of a car that leaves at once outweighs that of one that stays to the end."""


CURTAILMENT = 2.0
"""Price of a kWh of PV held back or sent through a battery, beside 1 to 1 + URGENCY for one charged at once."""

GIVING_BACK = 3.2
"""Of a kWh that a car gives back, over its round trip: more than charging it again and curtailing what is lost."""


def early(program: LinearProgram, instance: Instance) -> LinearProgram:
    """The program with a new objective: energy as early, and as much of it, as its bounds allow.

    Where a metering interval spans several periods its import is kept level, else all of it would come first.
    """
    cells, block = instance.cells, program.columns["charge_power"]
    cost = np.zeros_like(program.cost)
    cost[block.slice] = -cells.hours * _time_left(instance)[cells.period] * _urgency(instance)[cells.session]
    cost[program.columns["pv_curtailed"].slice] = CURTAILMENT * instance.periods.hours[instance.generation.period]
    states = instance.states
    member, cell = states.member[states.giving], states.cell[states.giving]
    round_trip = (states.charge_efficiency * states.discharge_efficiency)[member]
    cost[program.columns["discharge_power"].slice] = GIVING_BACK / round_trip * cells.hours[cell]
    for name in ("storage_charge", "storage_discharge"):
        block = program.columns[name]
        cost[block.slice] = CURTAILMENT * instance.periods.hours[block.positions[1]]
    return level(with_cost(program, cost), instance)


def _time_left(instance: Instance) -> Floats:
    """From the middle of each period to the end of the horizon, as a share of it (T,)."""
    span = instance.periods
    middle = (span.instants_s[:-1] + span.instants_s[1:]) / 2
    left: Floats = (span.end_s - middle) / (span.end_s - span.start_s)
    return left


def _urgency(instance: Instance) -> Floats:
    """1 for a car that stays to the end of the horizon, 1 + URGENCY for one that leaves at its start (S,)."""
    span = instance.periods
    left = (span.end_s - np.minimum(instance.sessions.departure_s, span.end_s)) / (span.end_s - span.start_s)
    return 1.0 + URGENCY * left


@dataclass(frozen=True, slots=True)
class _Meetings:
    """Pairs of a metering interval that spans several periods and one of these."""

    interval: Ints
    """Position of the interval among all rows of (10)."""
    period: Ints


def level(program: LinearProgram, instance: Instance) -> LinearProgram:
    """One more column per metering interval of several periods: the highest import in it, at a price.

    The price of 1 kW is the interval's hours squared over the horizon's, more than all earliness inside the interval
    can be worth and less than a change of interval.
    """
    met = _meetings(instance)
    if len(met.interval) == 0:
        return program
    span = instance.periods
    intervals, number = np.unique(met.interval, return_inverse=True)
    length_h = np.bincount(number, weights=span.hours[met.period])
    peak = Block(
        "interval_import", ("metering_interval",), "kW at grid", len(program.cost), len(intervals), (intervals,)
    )
    wider = with_columns(program, peak, cost=length_h * length_h / span.hours.sum())
    # interval_import[q] - grid_import[t] >= 0
    count, above = len(met.interval), program.columns["grid_import"].start + met.period
    row = np.arange(count)
    values = np.concatenate([np.ones(count), -np.ones(count)])
    places = (np.concatenate([row, row]), np.concatenate([peak.start + number, above]))
    rows = Rows.from_triplets(values, places, (count, len(wider.cost)))
    dims, start = ("metering_interval", "period"), program.matrix.shape[0]
    block = Block("interval_import_definition", dims, "kW at grid", start, count, (met.interval, met.period))
    return with_rows(wider, block, rows, np.zeros(count), np.full(count, np.inf))


def _meetings(instance: Instance) -> _Meetings:
    """Of several demand charges with the same intervals the first counts."""
    demand = instance.money.demand
    first = np.zeros(len(demand.window), dtype=bool)
    first[np.unique(demand.interval_start_s, return_index=True)[1]] = True
    several = np.bincount(demand.row, minlength=len(first)) > 1
    pairs = np.flatnonzero((first & several)[demand.row])
    return _Meetings(demand.row[pairs], demand.period[pairs])
