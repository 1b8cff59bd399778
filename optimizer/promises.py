"""Goal (1): when not every guaranteed minimum can be kept, keep those of lower rank first."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizer.backends.highs import SolverAnswer
from optimizer.instance import Instance
from optimizer.program import Block, Ints, LinearProgram, with_bounds, with_cost, with_rows
from optimizer.sparse import Rows

SLACK_KWH = 1e-6
"""A promise that was kept to this energy counts as kept, so that the next solve has room to be feasible in."""


Solve = Callable[[LinearProgram], tuple[LinearProgram, SolverAnswer]]
"""Solves a program and answers with it, cuts that were needed included: what promises may miss depends on them."""


def keep_promises(program: LinearProgram, instance: Instance, solve: Solve) -> LinearProgram:
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
        cut, answer = solve(with_cost(program, cost))
        priced = replace(cut, cost=program.cost, cost_offset=program.cost_offset)
        program = _held(priced, members, int(rank), answer.objective + SLACK_KWH)
    return program


def _held(program: LinearProgram, members: Ints, rank: int, most: float) -> LinearProgram:
    name = f"promise_kept_{rank}"
    block = Block(name, (), "kWh at evse", program.matrix.shape[0], 1, ())
    ones, zeros = np.ones(len(members)), np.zeros(len(members), dtype=np.int64)
    row = Rows.from_triplets(ones, (zeros, members), (1, program.matrix.shape[1]))
    return with_rows(program, block, row, np.array([-np.inf]), np.array([most]))
