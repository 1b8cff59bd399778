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
    node: Ints
    """Of the EVSE: who shares a feeder mostly shares what is short there with nobody else."""

    @property
    def bearable(self) -> Floats:
        """Missing this much now, a session has missed a share of 0 in all (S,). [kWh]"""
        return self.unavoidable - self.before


def wishes_of(instance: Instance) -> Wishes:
    """The arrays of an instance."""
    who = instance.sessions
    wanted = who.remaining_kwh - who.promised_kwh
    nodes = {name: i for i, name in enumerate(dict.fromkeys(evse.node for evse in instance.tree.evses.values()))}
    node = np.array([nodes[instance.tree.evses[evse].node] for evse in who.evse_ids], dtype=np.int64)
    return Wishes(wanted, unavoidable_kwh(instance, wanted), instance.missed_before_kwh, who.tier, node)


def groups_of(wishes: Wishes, members: Ints) -> Ints:
    """Numbers of those who are given a largest share together: of a tier at a node."""
    pairs = wishes.tier[members] * (int(wishes.node.max()) + 1) + wishes.node[members]
    number: Ints = np.unique(pairs, return_inverse=True)[1]
    return number


def shared_equally(
    program: LinearProgram, wishes: Wishes, money: SolverAnswer, rounds: int, solve: Solve
) -> LinearProgram:
    """The program with bounds on ``target_shortfall``, so that those of a tier miss the same share of their need.

    The largest share is minimised, those who cannot do better are settled, and so on for the rest, at most ``rounds``
    times. Each node has a largest share of its own for as long as duals prove that nodes of a tier have nothing to give
    each other: then all of them are settled in the same rounds. What even full power cannot deliver does not count.
    """
    block = program.columns["target_shortfall"]
    members = np.flatnonzero(_worth_sharing(program, money.values[block.slice], wishes))
    if len(members) == 0:
        return program
    group = groups_of(wishes, members)
    program, open_, together = with_shares(program, wishes, members), np.ones(len(members), dtype=bool), False
    for number in range(rounds):
        program, answer = solve(program, number)
        if not together and not _apart(program, answer):
            program, together = tied(program, wishes.tier[members], group), True
            continue
        settled = open_ & _cannot_do_better(program, answer, group)
        program = _held(program, answer, wishes, members, group, open_)
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
    """One more column per group, its largest share, at the price of 1, and a row for each of ``members``."""
    block, group, wanted = program.columns["target_shortfall"], groups_of(wishes, members), wishes.wanted[members]
    columns, groups, count = len(program.cost), int(group.max()) + 1, len(members)
    largest = Block("largest_share", (), "", columns, groups, ())
    wider = with_columns(with_cost(program, np.zeros(columns)), largest, cost=np.ones(groups))
    # target_shortfall[s] - wanted[s] largest_share[group] <= unavoidable[s] - missed_before[s]
    row = np.arange(count)
    values = np.concatenate([np.ones(count), -wanted])
    places = (np.concatenate([row, row]), np.concatenate([block.start + members, columns + group]))
    rows = Rows.from_triplets(values, places, (count, columns + groups))
    share = Block("equal_share", ("session",), "kWh at evse", program.matrix.shape[0], count, (members,))
    return with_rows(wider, share, rows, np.full(count, -np.inf), wishes.bearable[members])


def _apart(program: LinearProgram, answer: SolverAnswer) -> bool:
    """Whether the largest shares were minimised each for itself.

    Rows without a dual could be left out without lowering their sum; where the others, joined by columns that may still
    change, have no two shares in common, each share is the least possible.
    """
    shares, matrix = program.columns["largest_share"], program.matrix
    free = program.col_lower < program.col_upper
    binding = (abs(answer.row_duals) > DUAL_TOLERANCE)[matrix.row_of] & free[matrix.indices]
    row, column = matrix.row_of[binding], matrix.indices[binding]
    label, before = np.arange(matrix.shape[1]), None
    while before is None or (label != before).any():
        before, of_row = label.copy(), np.full(matrix.shape[0], matrix.shape[1])
        np.minimum.at(of_row, row, label[column])
        np.minimum.at(label, column, of_row[row])
    return len(np.unique(label[shares.slice])) == shares.size


def tied(program: LinearProgram, tier: Ints, group: Ints) -> LinearProgram:
    """The program with one largest share for all groups of a tier."""
    shares = program.columns["largest_share"]
    first_member = np.unique(group, return_index=True)[1]
    tier_of_group = tier[first_member]
    head = np.unique(tier_of_group, return_index=True)[1][np.unique(tier_of_group, return_inverse=True)[1]]
    others = np.flatnonzero(head != np.arange(shares.size))
    row, one = np.arange(len(others)), np.ones(len(others))
    places = (np.concatenate([row, row]), shares.start + np.concatenate([others, head[others]]))
    rows = Rows.from_triplets(np.concatenate([one, -one]), places, (len(others), len(program.cost)))
    block = Block("one_share", (), "", program.matrix.shape[0], len(others), ())
    # largest_share[group] - largest_share[first group of the tier] = 0
    return with_rows(program, block, rows, np.zeros(len(others)), np.zeros(len(others)))


def _cannot_do_better(program: LinearProgram, answer: SolverAnswer, group: Ints) -> NDArray[np.bool_]:
    """Members whose row has a dual; all of a group whose largest share is 0 already."""
    tight = abs(answer.row_duals[program.rows["equal_share"].slice]) > DUAL_TOLERANCE
    nobody_misses = answer.values[program.columns["largest_share"].slice] <= 0.0
    settled: NDArray[np.bool_] = tight | nobody_misses[group]
    return settled


def _held(
    program: LinearProgram,
    answer: SolverAnswer,
    wishes: Wishes,
    members: Ints,
    group: Ints,
    open_: NDArray[np.bool_],
) -> LinearProgram:
    """The program with every open member held at its group's least possible share."""
    block, who = program.columns["target_shortfall"], members[open_]
    share = answer.values[program.columns["largest_share"].slice][group[open_]]
    columns = block.start + who
    lower, upper = program.col_lower[columns], program.col_upper[columns]
    most = np.maximum(lower, wishes.bearable[who] + wishes.wanted[who] * share) + SLACK_KWH
    return with_bounds(program, columns, lower=lower, upper=np.minimum(upper, most))


def _let_go(program: LinearProgram, settled: NDArray[np.bool_]) -> LinearProgram:
    """The program in which shares of settled members no longer count; their bounds hold them."""
    upper, block = program.row_upper.copy(), program.rows["equal_share"]
    upper[block.slice][settled] = np.inf
    return replace(program, row_upper=upper)
