"""Close to the plan before: a setpoint is moved only for what comes before it in the order of goals.

|charge_power - before| needs no row: a copy of the column carries what lies above the setpoint of the plan before, the
column itself what lies below. Up to there energy earns, beyond it costs, so a program fills the column first.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.instance import Instance
from optimizer.manners.early import time_left
from optimizer.program import Block, Floats, LinearProgram, with_bounds, with_copies

STAYING = 1.2
"""Of a kWh that stays where it was, beside at most 1 + manners.early.URGENCY for one that comes early; twice as much
now as at the end of the horizon, because what is near is carried out."""
_ABOVE = "charge_power_above"


def with_setpoints_before(program: LinearProgram, instance: Instance) -> LinearProgram:
    """The program with columns split at the setpoints of the plan before; the same one without such a plan."""
    before, block = instance.before, program.columns["charge_power"]
    if before is None:
        return program
    lower, upper = program.col_lower[block.slice], program.col_upper[block.slice]
    one_way = np.ones(len(lower), dtype=bool)
    one_way[instance.states.cell[instance.states.giving]] = False  # where charging excludes giving back, it stays one
    cells = np.flatnonzero(before.known & one_way & (before.power_kw > lower) & (before.power_kw < upper))
    if len(cells) == 0:
        return program
    above_kw = upper[cells] - before.power_kw[cells]
    positions = tuple(places[cells] for places in block.positions)
    above = Block(_ABOVE, block.dims, block.unit, len(program.cost), len(cells), positions)
    split = with_bounds(program, block.start + cells, lower=lower[cells], upper=before.power_kw[cells])
    return with_copies(split, above, block.start + cells, upper=above_kw)


def cost_of_moving(program: LinearProgram, instance: Instance, cost: Floats) -> Floats:
    """Cost of the columns of a program ``with_setpoints_before`` where staying counts as well."""
    before, block = instance.before, program.columns["charge_power"]
    if before is None:
        return cost
    cells, power = instance.cells, block.slice
    staying = STAYING * (1.0 + time_left(instance)[cells.period]) * cells.hours * before.known
    moved = cost.copy()
    below, at_nothing = program.col_upper[power] <= before.power_kw, before.power_kw <= program.col_lower[power]
    moved[power] += staying * (at_nothing.astype(float) - below)
    if _ABOVE in program.columns:
        above, split = program.columns[_ABOVE], _split(program)
        moved[above.slice] = cost[power][split] + staying[split]
    return moved


def whole(program: LinearProgram, values: Floats) -> Floats:
    """The values of a solved program with what is above the setpoint before added to what is below."""
    if _ABOVE not in program.columns:
        return values
    block, above = program.columns["charge_power"], program.columns[_ABOVE]
    joined = values.copy()
    joined[block.start + _split(program)] += values[above.slice]
    return joined


def _split(program: LinearProgram) -> NDArray[np.int64]:
    """Positions inside ``charge_power`` of the columns that are split."""
    block, above = program.columns["charge_power"], program.columns[_ABOVE]
    count = len(program.coords[block.dims[1]])
    keys, wanted = (b.positions[0] * count + b.positions[1] for b in (block, above))
    found: NDArray[np.int64] = np.searchsorted(keys, wanted)
    return found
