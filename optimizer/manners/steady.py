"""Few starts and few changes: what a setpoint rises by from one period to the next has a price of its own."""

import numpy as np

from optimizer.instance import Instance
from optimizer.program import Block, Floats, Ints, LinearProgram, with_columns, with_rows
from optimizer.sparse import Rows

RISE = 0.01
"""Price of a kW, beside 1 for a kWh that comes a horizon earlier: on a day a quarter of an hour for each kWh.

A setpoint that rises falls again, so falls need no price.
"""


def with_rises(program: LinearProgram, instance: Instance) -> LinearProgram:
    """The program with a column for every setpoint that may still change, and RISE as its price."""
    cells, power = instance.cells, program.columns["charge_power"]
    before = np.arange(cells.count) - 1
    before[cells.offset[:-1][cells.per_session > 0]] = -1
    lower, upper = program.col_lower[power.slice], program.col_upper[power.slice]
    free = lower < upper
    rising = np.flatnonzero(free | (free[before] & (before >= 0)))
    if len(rising) == 0:
        return program
    dims, positions = power.dims, tuple(places[rising] for places in power.positions)
    rise = Block("power_rise", dims, power.unit, len(program.cost), len(rising), positions)
    wider = with_columns(program, rise, cost=np.full(len(rising), RISE))
    # power_rise[s,t] - charge_power[s,t] + charge_power[s,t-1] >= 0
    rows = Block("power_rise_definition", dims, power.unit, program.matrix.shape[0], len(rising), positions)
    coefficients = _coefficients(program, rise, rising, before[rising], len(wider.cost))
    return with_rows(wider, rows, coefficients, np.zeros(len(rising)), np.full(len(rising), np.inf))


def _coefficients(program: LinearProgram, rise: Block, cell: Ints, before: Ints, columns: int) -> Rows:
    row, known = np.arange(len(cell)), before >= 0
    now, then = _parts(program, cell), _parts(program, before[known])
    places = [(row, rise.columns), *((row[at], column) for at, column in now)]
    places += [(row[known][at], column) for at, column in then]
    signs: list[Floats] = [
        np.ones(len(row)),
        *(-np.ones(len(at)) for at, _ in now),
        *(np.ones(len(at)) for at, _ in then),
    ]
    at, column = (np.concatenate(part) for part in zip(*places, strict=True))
    return Rows.from_triplets(np.concatenate(signs), (at, column), (len(cell), columns))


def _parts(program: LinearProgram, cell: Ints) -> list[tuple[Ints, Ints]]:
    """The columns that make up the setpoints of some cells: places among them, and columns."""
    power = program.columns["charge_power"]
    parts = [(np.arange(len(cell)), power.start + cell)]
    above = program.columns.get("charge_power_above")
    if above is not None:
        count = len(program.coords[power.dims[1]])
        key, split = (b.positions[0] * count + b.positions[1] for b in (power, above))
        order = np.argsort(split)
        place = np.minimum(np.searchsorted(split, key[cell], sorter=order), len(split) - 1)
        there = np.flatnonzero(split[order][place] == key[cell])
        parts.append((there, above.start + order[place[there]]))
    return parts
