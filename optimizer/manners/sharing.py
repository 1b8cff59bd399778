"""What is missing is shared equally: max-min over the sessions of a tier, as a share of what each of them wanted.

By the ledger, what a driver missed before counts as if it were missed now, so that it is made good first.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.backends.highs import SolverAnswer
from optimizer.formulation.energy import unavoidable_kwh
from optimizer.instance import Instance
from optimizer.manners.face import DUAL_TOLERANCE
from optimizer.program import Block, Floats, Ints, LinearProgram, with_bounds, with_columns, with_cost, with_rows
from optimizer.sparse import Rows

MISSING_KWH = 1e-4
"""Less than this is not missing. [kWh]"""
SLACK_KWH = MISSING_KWH / 10
"""What a settled session may miss beyond its share, so that the next solve has room to be feasible in. [kWh]"""

Solve = Callable[[LinearProgram, int], tuple[LinearProgram, SolverAnswer]]
"""Solves the program of a round; answers with it as it stood in the end, with the rows that it had to be cut with."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What sessions want beyond their promises, what of it no plan can give, what they missed before (S,). [kWh]"""

    wanted: Floats
    unavoidable: Floats
    before: Floats
    tier: Ints

    @property
    def bearable(self) -> Floats:
        """Missing this much now, a session has missed a share of 0 in all (S,). [kWh]"""
        return self.unavoidable - self.before


def wishes_of(instance: Instance) -> Wishes:
    """The arrays of an instance."""
    who = instance.sessions
    wanted = who.remaining_kwh - who.promised_kwh
    return Wishes(wanted, unavoidable_kwh(instance, wanted), instance.missed_before_kwh, who.tier)


def shared_equally(
    program: LinearProgram, wishes: Wishes, money: SolverAnswer, rounds: int, solve: Solve
) -> LinearProgram:
    """The program with bounds on ``target_shortfall``, so that those of a tier miss the same share of their need.

    The largest share is minimised, those who cannot do better are settled, and so on for the rest, at most ``rounds``
    times. What even full power cannot deliver does not count.
    """
    block = program.columns["target_shortfall"]
    members = np.flatnonzero(_worth_sharing(program, money.values[block.slice], wishes))
    if len(members) == 0:
        return program
    program, open_ = with_shares(program, wishes, members), np.ones(len(members), dtype=bool)
    for number in range(rounds):
        program, answer = solve(program, number)
        settled = open_ & _cannot_do_better(program, answer, members, wishes.tier)
        program = _held(program, answer, wishes, members, open_)
        open_ &= ~settled if settled.any() else False
        program = _let_go(program, ~open_)
        if not open_.any():
            break
    return _let_go(program, np.ones(len(members), dtype=bool))


def _worth_sharing(program: LinearProgram, missing: Floats, wishes: Wishes) -> NDArray[np.bool_]:
    """Sessions that money leaves open, of tiers in which two of them could change places and somebody misses
    something that power could have delivered.
    """
    block = program.columns["target_shortfall"]
    free = program.col_lower[block.slice] < program.col_upper[block.slice]
    open_ = free & (wishes.wanted > MISSING_KWH)
    lacking = np.bincount(wishes.tier, weights=np.maximum(0.0, missing - wishes.unavoidable) * open_) > MISSING_KWH
    several = np.bincount(wishes.tier, weights=open_) > 1
    worth: NDArray[np.bool_] = open_ & (lacking & several)[wishes.tier]
    return worth


def with_shares(program: LinearProgram, wishes: Wishes, members: Ints) -> LinearProgram:
    """One more column per tier, its largest share, at the price of 1, and a row for each of ``members``."""
    block, tier, wanted = program.columns["target_shortfall"], wishes.tier[members], wishes.wanted[members]
    columns, tiers, count = len(program.cost), int(tier.max()) + 1, len(members)
    largest = Block("largest_share", (), "", columns, tiers, ())
    wider = with_columns(with_cost(program, np.zeros(columns)), largest, cost=np.ones(tiers))
    # target_shortfall[s] - wanted[s] largest_share[tier] <= unavoidable[s] - missed_before[s]
    row = np.arange(count)
    values = np.concatenate([np.ones(count), -wanted])
    places = (np.concatenate([row, row]), np.concatenate([block.start + members, columns + tier]))
    rows = Rows.from_triplets(values, places, (count, columns + tiers))
    share = Block("equal_share", ("session",), "kWh at evse", program.matrix.shape[0], count, (members,))
    return with_rows(wider, share, rows, np.full(count, -np.inf), wishes.bearable[members])


def _cannot_do_better(program: LinearProgram, answer: SolverAnswer, members: Ints, tier: Ints) -> NDArray[np.bool_]:
    """Members whose row has a dual; all of a tier whose largest share is 0 already."""
    tight = abs(answer.row_duals[program.rows["equal_share"].slice]) > DUAL_TOLERANCE
    nobody_misses = answer.values[program.columns["largest_share"].slice] <= 0.0
    settled: NDArray[np.bool_] = tight | nobody_misses[tier[members]]
    return settled


def _held(
    program: LinearProgram, answer: SolverAnswer, wishes: Wishes, members: Ints, open_: NDArray[np.bool_]
) -> LinearProgram:
    """The program with every open member held at its tier's least possible share."""
    block, who = program.columns["target_shortfall"], members[open_]
    share = answer.values[program.columns["largest_share"].slice][wishes.tier[who]]
    columns = block.start + who
    lower, upper = program.col_lower[columns], program.col_upper[columns]
    most = np.maximum(lower, wishes.bearable[who] + wishes.wanted[who] * share) + SLACK_KWH
    return with_bounds(program, columns, lower=lower, upper=np.minimum(upper, most))


def _let_go(program: LinearProgram, settled: NDArray[np.bool_]) -> LinearProgram:
    """The program in which shares of settled members no longer count; their bounds hold them."""
    upper, block = program.row_upper.copy(), program.rows["equal_share"]
    upper[block.slice][settled] = np.inf
    return replace(program, row_upper=upper)
