"""What one more kWh for a session would cost in each cell, and which rows of the program say so.

From the duals of the money goal: cost = A'duals + reduced cost, column by column. A row that takes part in a cell adds
its coefficient times its dual to what a kW costs there; the rows of the session itself say what a kWh is worth to it.
"""

from dataclasses import dataclass

import numpy as np

from models.domain.schedule import Schedule
from optimizer.duals import dual_values
from optimizer.explain.planned import Floats, Ints, Planned
from optimizer.formulation import formulate
from optimizer.instance import Instance
from optimizer.program import Block, LinearProgram
from optimizer.settings import Settings
from optimizer.sparse import Index

NOTHING = 1e-7
"""A dual, or a difference of marginal costs, below this is noise of the solver."""

NOWHERE = -(2**40)
HARD = frozenset({"node_import_limit", "leg_current_definition"})
"""Rows of nodes that nothing exceeds; those of contracts are a price."""


@dataclass(frozen=True, slots=True)
class Marginal:
    """Per cell of the instance (N,), for one more kW throughout it. [currency/kW]"""

    cost: Floats
    """Everything but what the energy is worth to the session."""
    saving: Floats
    """The same for one kW less, which differs where import or export begins."""
    worth: Floats
    """What the energy is worth to the session: saved elsewhere, or not missed."""
    taper: Floats
    """What the battery's own charging curve takes off ``worth``."""
    in_parts: frozenset[int]
    """Sessions whose energy counts in parts (19): what one more kWh is worth is in the duals alone."""
    place_cell: Ints
    """Entries (E,) of ``cost`` that belong to a limit of a node, by cell: the cell ..."""
    place_node: Ints
    """... the position of the node or cabinet, or below 0 a group, as ``full.Place`` counts them ..."""
    place_cost: Floats
    """... and what it adds."""


def marginal(told: Planned, settings: Settings) -> Marginal | None:
    """None for a plan without duals, which a rule has made."""
    schedule = told.schedule
    if not schedule.duals:
        return None
    program = formulate(told.instance, settings)
    less = _duals(program, schedule)
    more = _with_first_kw(told, program, less)
    powers, column = program.columns["charge_power"], program.matrix.indices
    here = np.flatnonzero((column >= powers.start) & (column < powers.start + powers.size))
    row, cell = program.matrix.row_of[here].astype(np.int64), (column[here] - powers.start).astype(np.int64)
    entry, saved = (-program.matrix.data[here] * duals[row] for duals in (more, less))
    own = np.isin(row, _rows(_of_sessions(program)))
    node = _node_of(program, told.instance)[row]
    at_node = np.flatnonzero((node != NOWHERE) & (entry > NOTHING))
    at_node = at_node[np.argsort(cell[at_node], kind="stable")]
    return Marginal(
        cost=program.cost[powers.slice] + _sum(cell[~own], entry[~own], powers.size),
        saving=program.cost[powers.slice] + _sum(cell[~own], saved[~own], powers.size),
        worth=-_sum(cell[own], entry[own], powers.size),
        taper=_taper(program, row, cell, entry),
        in_parts=_in_parts(program),
        place_cell=cell[at_node],
        place_node=node[at_node],
        place_cost=entry[at_node],
    )


def _in_parts(program: LinearProgram) -> frozenset[int]:
    block = program.rows.get("power_in_parts")
    return frozenset() if block is None or not block.size else frozenset(np.unique(block.positions[0]).tolist())


def _taper(program: LinearProgram, row: Ints, cell: Ints, entry: Floats) -> Floats:
    count = program.columns["charge_power"].size
    if "taper" not in program.rows:
        return np.zeros(count)
    block = program.rows["taper"]
    here = (row >= block.start) & (row < block.start + block.size)
    return _sum(cell[here], entry[here], count)


def _duals(program: LinearProgram, schedule: Schedule) -> Floats:
    """Of the program's rows, in its order."""
    duals = np.zeros(program.matrix.shape[0])
    for name, block in program.rows.items():
        found = dual_values(schedule.duals, name)
        if found is not None and len(found) == block.size:
            duals[block.slice] = found
    return duals


def _with_first_kw(told: Planned, program: LinearProgram, duals: Floats) -> Floats:
    """The duals of definitions with what they leave open: the reduced cost of a column at its bound.

    Where nothing is imported, nothing flows on a leg, or all that can be exported is, one more kW of charging moves
    that column off its bound.
    """
    reduced = program.cost - _sum(
        program.matrix.indices, program.matrix.data * duals[program.matrix.row_of], len(program.cost)
    )
    first = duals.copy()
    balance, exporting = program.rows["site_balance"], told.schedule.grid_export_kw > NOTHING
    export, given_up = program.columns["grid_export"], np.zeros(balance.size)
    given_up[export.positions[0]] = np.maximum(0.0, -reduced[export.slice])
    begun = np.maximum(0.0, reduced[program.columns["grid_import"].slice])
    first[balance.slice] += np.where(exporting, given_up, begun)
    if "leg_current" in program.columns:
        first[program.rows["leg_current_definition"].slice] += np.maximum(
            0.0, reduced[program.columns["leg_current"].slice]
        )
    return first


def _of_sessions(program: LinearProgram) -> list[Block]:
    """Blocks of rows that say what a session's energy is worth to it."""
    return [block for block in program.rows.values() if "session" in block.dims and "node" not in block.dims]


def _rows(blocks: list[Block]) -> Ints:
    return np.concatenate([np.zeros(0, dtype=np.int64), *(block.columns for block in blocks)])


def _node_of(program: LinearProgram, instance: Instance) -> Ints:
    """Position of the node or group of every row that has one; else NOWHERE."""
    node = np.full(program.matrix.shape[0], NOWHERE)
    for block in program.rows.values():
        if block.name in HARD:
            node[block.slice] = block.positions[block.dims.index("node")]
    if "group_import_limit" in program.rows:
        block = program.rows["group_import_limit"]
        node[block.slice] = -1 - np.searchsorted(instance.groups.signal, block.positions[0])
    return node


def _sum(cell: Ints | Index, values: Floats, count: int) -> Floats:
    return np.bincount(cell, weights=values, minlength=count).astype(float)
