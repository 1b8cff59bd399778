"""Named limits that may give way, each by one amount at a price, and the irreducible sets among them that conflict.

The least weighted change is one linear program. Its duals are a certificate: the limits whose rows have one already
conflict. From those each is left out in turn for as long as the rest still conflicts. Source: Chinneck and Dravnieks
(1991), the elastic and the deletion filter; the solver's own irreducible sets speak of columns and rows, not of names.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.backends.highs import solve
from optimizer.program import Block, Floats, Ints, LinearProgram, with_columns, with_cost, with_rows
from optimizer.settings import Settings
from optimizer.sparse import Rows

CONFLICTS = 1e-5
"""A least change below this is none: all can hold. [kW or kWh, weighted]"""
DUAL = 1e-7


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a program that are one limit, or one wish, to whoever reads of it."""

    id: str
    rows: Ints
    weight: float
    """Price of one unit of giving way."""


@dataclass(frozen=True, slots=True)
class Elastic:
    """A program whose groups can give way."""

    program: LinearProgram
    groups: tuple[Group, ...]
    relaxation: Block
    """One column a group: by how much all of its rows give way."""
    settings: Settings

    def least(self, firm: Sequence[str] | None = None, free: Sequence[str] = ()) -> "Given":
        """The least weighted change; ``firm`` groups do not give way, ``free`` ones for nothing. Raises NoSolution."""
        weights = np.array([0.0 if group.id in free else group.weight for group in self.groups])
        cost = np.zeros_like(self.program.cost)
        cost[self.relaxation.slice] = weights
        program = with_cost(self.program, cost)
        if firm:
            upper = program.col_upper.copy()
            upper[self.relaxation.slice][[group.id in firm for group in self.groups]] = 0.0
            program = replace(program, col_upper=upper)
        answer = solve(program, self.settings)
        return Given(self, answer.values, answer.row_duals, answer.objective)

    def irreducible(self) -> tuple[str, ...]:
        """Ids of groups that cannot all hold while any of them may be left out; empty where all can hold."""
        found = self.least()
        if found.change <= CONFLICTS:
            return ()
        suspects = found.certificate()
        for one in list(suspects):
            if one not in suspects:
                continue
            others = [other for other in suspects if other != one]
            without = self.least(free=[group.id for group in self.groups if group.id not in others])
            if without.change > CONFLICTS:
                certified = without.certificate()
                suspects = [other for other in others if other in certified]
        return tuple(suspects)


@dataclass(frozen=True, slots=True)
class Given:
    """Who gives way, by how much."""

    elastic: Elastic
    values: Floats
    row_duals: Floats
    change: float
    """Weighted."""

    def by(self) -> dict[str, float]:
        """How much each group gives way, those that do."""
        amounts = self.values[self.elastic.relaxation.slice]
        pairs = zip(self.elastic.groups, amounts.tolist(), strict=True)
        return {group.id: amount for group, amount in pairs if amount > CONFLICTS}

    def certificate(self) -> list[str]:
        """Groups with a dual: they conflict already, whatever becomes of the others."""
        block = self.elastic.program.rows["gives_way"]
        pressed = abs(self.row_duals[block.slice]) > DUAL
        which = np.unique(block.positions[0][pressed]).tolist()
        return [self.elastic.groups[k].id for k in which]


def elastic(program: LinearProgram, groups: Sequence[Group], settings: Settings) -> Elastic:
    """The rows of the groups taken over, with a column each that lets them give way."""
    relaxation = Block("relaxation", ("limit",), "", len(program.cost), len(groups), (np.arange(len(groups)),))
    wider = with_columns(program, relaxation, cost=np.zeros(len(groups)))
    wider = replace(wider, coords={**wider.coords, "limit": tuple(group.id for group in groups)})
    which = np.concatenate([np.zeros(0, dtype=np.int64), *(np.full(len(g.rows), k) for k, g in enumerate(groups))])
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *(group.rows for group in groups)])
    above = np.isfinite(program.row_upper[rows])
    below = np.isfinite(program.row_lower[rows])
    taken = np.concatenate([rows[above], rows[below]])
    sign = np.concatenate([np.ones(above.sum()), -np.ones(below.sum())])
    of = np.concatenate([which[above], which[below]])
    bound = np.concatenate([program.row_upper[rows[above]], -program.row_lower[rows[below]]])
    # ± Σ terms - relaxation <= ± bound
    block = Block("gives_way", ("limit",), "", program.matrix.shape[0], len(taken), (of,))
    entries = _copied(wider, taken, sign, relaxation.start + of)
    wider = with_rows(wider, block, entries, np.full(len(taken), -np.inf), bound)
    lower, upper = wider.row_lower.copy(), wider.row_upper.copy()
    lower[rows], upper[rows] = -np.inf, np.inf
    return Elastic(replace(wider, row_lower=lower, row_upper=upper), tuple(groups), relaxation, settings)


def _copied(program: LinearProgram, rows: Ints, sign: Floats, relaxation: Ints) -> Rows:
    """Rows of the program with a sign, each less its relaxation."""
    lengths = np.diff(program.matrix.indptr)[rows]
    copy = np.repeat(np.arange(len(rows)), lengths)
    place = np.arange(len(copy)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    source = program.matrix.indptr[rows][copy] + place
    values = np.concatenate([sign[copy] * program.matrix.data[source], -np.ones(len(rows))])
    columns = np.concatenate([program.matrix.indices[source], relaxation])
    return Rows.from_triplets(values, (np.append(copy, np.arange(len(rows))), columns), (len(rows), len(program.cost)))
