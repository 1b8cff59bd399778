"""What is missing is shared equally: max-min over the sessions of a tier, as a share of what each of them wanted."""

from collections.abc import Callable
from dataclasses import dataclass

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

Solve = Callable[[LinearProgram], tuple[SolverAnswer, Callable[[LinearProgram], LinearProgram]]]
"""Solves a program and answers with what adds the rows that it had to be cut with to another program."""


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What sessions want beyond their promises (S,), and the part of it that no plan can give. [kWh]"""

    wanted: Floats
    unavoidable: Floats
    tier: Ints


def shared_equally(
    program: LinearProgram, instance: Instance, money: SolverAnswer, rounds: int, solve: Solve
) -> LinearProgram:
    """The program with bounds on ``target_shortfall``, so that those of a tier miss the same share of their need.

    The largest share is minimised, those who cannot do better are settled, and so on for the rest, at most ``rounds``
    times. What even full power cannot deliver does not count.
    """
    who, block = instance.sessions, program.columns["target_shortfall"]
    wanted = who.remaining_kwh - who.promised_kwh
    wishes = _Wishes(wanted, unavoidable_kwh(instance, wanted), who.tier)
    open_ = _worth_sharing(money.values[block.slice] - wishes.unavoidable, wishes)
    for _ in range(rounds):
        members = np.flatnonzero(open_)
        if len(members) == 0:
            break
        program, tight = _round(program, block, members, wishes, solve)
        open_[members[tight] if tight.any() else members] = False
    return program


def _worth_sharing(missing: Floats, wishes: _Wishes) -> NDArray[np.bool_]:
    """Sessions of tiers in which somebody misses something that power could have delivered."""
    lacking = np.bincount(wishes.tier, weights=np.maximum(0.0, missing)) > MISSING_KWH
    worth: NDArray[np.bool_] = lacking[wishes.tier] & (wishes.wanted > MISSING_KWH)
    return worth


def _round(
    program: LinearProgram, block: Block, members: Ints, wishes: _Wishes, solve: Solve
) -> tuple[LinearProgram, NDArray[np.bool_]]:
    """The program with every member held at its tier's least possible share, and which of them cannot do better."""
    wanted, unavoidable, tier = wishes.wanted[members], wishes.unavoidable[members], wishes.tier[members]
    grown = with_shares(program, block, members, wanted, unavoidable, tier)
    answer, with_same_cuts = solve(grown)
    share = answer.values[grown.columns["largest_share"].slice]
    columns = block.start + members
    most = np.minimum(program.col_upper[columns], unavoidable + wanted * share[tier] + SLACK_KWH)
    held = with_bounds(program, columns, lower=program.col_lower[columns], upper=most)
    tight = abs(answer.row_duals[grown.rows["equal_share"].slice]) > DUAL_TOLERANCE
    return with_same_cuts(held), tight


def with_shares(
    program: LinearProgram, block: Block, members: Ints, wanted: Floats, unavoidable: Floats, tier: Ints
) -> LinearProgram:
    """One more column per tier, its largest share, and a row for each of ``members``, whose numbers the arrays hold."""
    columns, tiers, count = len(program.cost), int(tier.max()) + 1, len(members)
    largest = Block("largest_share", (), "", columns, tiers, ())
    wider = with_columns(with_cost(program, np.zeros(columns)), largest, cost=np.ones(tiers))
    # target_shortfall[s] - wanted[s] largest_share[tier] <= unavoidable[s]
    row = np.arange(count)
    values = np.concatenate([np.ones(count), -wanted])
    places = (np.concatenate([row, row]), np.concatenate([block.start + members, columns + tier]))
    rows = Rows.from_triplets(values, places, (count, columns + tiers))
    share = Block("equal_share", ("session",), "kWh at evse", program.matrix.shape[0], count, (members,))
    return with_rows(wider, share, rows, np.full(count, -np.inf), unavoidable)
