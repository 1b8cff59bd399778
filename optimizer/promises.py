"""Goal (1): when not every guaranteed minimum can be kept, keep those of lower rank first."""

import numpy as np

from optimizer.backends.highs import Solver
from optimizer.instance import Instance
from optimizer.program import Block, Ints, LinearProgram, with_bounds, with_cost, with_rows
from optimizer.sparse import Rows

SLACK_KWH = 1e-6
"""A promise that was kept to this energy counts as kept, so that the next solve has room to be feasible in."""


def keep_promises(program: LinearProgram, instance: Instance, solver: Solver) -> LinearProgram:
    """The program with open minima and one row ``promise_kept`` per rank that holds each at the least possible."""
    block = program.columns["minimum_shortfall"]
    who = instance.sessions
    sessions = block.positions[0]
    program = with_bounds(
        program, block.columns, lower=program.col_lower[block.slice], upper=who.promised_kwh[sessions]
    )
    for rank in np.unique(who.rank[sessions]):
        members = block.start + np.flatnonzero(who.rank[sessions] == rank)
        cost = np.zeros_like(program.cost)
        cost[members] = 1.0
        solver.load(with_cost(program, cost))
        least = solver.run().objective
        program = _held(program, members, int(rank), least + SLACK_KWH)
    return program


def _held(program: LinearProgram, members: Ints, rank: int, most: float) -> LinearProgram:
    name = f"promise_kept_{rank}"
    block = Block(name, (), "kWh at evse", program.matrix.shape[0], 1, ())
    ones, zeros = np.ones(len(members)), np.zeros(len(members), dtype=np.int64)
    row = Rows.from_triplets(ones, (zeros, members), (1, program.matrix.shape[1]))
    return with_rows(program, block, row, np.array([-np.inf]), np.array([most]))
