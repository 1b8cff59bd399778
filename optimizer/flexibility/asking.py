"""The question of flexibility: one column, the kW asked for, and one row for each period of the window."""

from dataclasses import dataclass

import numpy as np

from models.domain.series import UNLIMITED
from models.domain.signal import Direction
from optimizer.program import Block, Floats, Ints, LinearProgram, with_bounds, with_columns, with_cost, with_rows
from optimizer.sparse import Rows

COLUMN, ROWS = "flexibility", "flexibility_kept"
KEPT_KWH = 1e-6
"""Room above a promise that is broken already, so that the next solve is feasible. [kWh]"""


@dataclass(frozen=True, slots=True)
class Question:
    """Which way, when, against what."""

    direction: Direction
    periods: Ints
    """Of the window."""
    baseline_kw: Floats
    """Import less export that is there without the request, in each of them. [kW at grid]"""
    broken_kwh: Floats
    """What the plan lacks of each session's guaranteed minimum; no answer lacks more (S,). [kWh]"""

    def at(self, program: LinearProgram, power_kw: float) -> LinearProgram:
        """The program of a plan that delivers ``power_kw`` throughout."""
        asked = self._asked(program)
        return with_bounds(asked, asked.columns[COLUMN].columns, lower=power_kw, upper=power_kw)

    def most(self, program: LinearProgram) -> LinearProgram:
        """The program of the greatest power, whatever it costs."""
        asked = self._asked(program)
        column = asked.columns[COLUMN].columns
        cost = np.zeros_like(asked.cost)
        cost[column] = -1.0
        # Against a baseline that nobody can come down to the greatest power is below 0; it is none.
        return with_cost(with_bounds(asked, column, lower=-UNLIMITED, upper=UNLIMITED), cost)

    def _asked(self, program: LinearProgram) -> LinearProgram:
        wider = with_columns(
            self._promises_kept(program), Block(COLUMN, (), "kW at grid", len(program.cost), 1, ()), cost=np.zeros(1)
        )
        # σ (grid_import[t] - grid_export[t]) - flexibility >= σ baseline[t]
        count, sign = len(self.periods), self.direction.sign
        rows = Block(ROWS, ("period",), "kW at grid", program.matrix.shape[0], count, (self.periods,))
        bound = sign * self.baseline_kw
        return with_rows(wider, rows, self._entries(wider), bound, np.full(count, np.inf))

    def _entries(self, program: LinearProgram) -> Rows:
        every, sign = np.arange(len(self.periods)), self.direction.sign
        import_, export = program.columns["grid_import"], program.columns["grid_export"]
        exporting = np.flatnonzero(np.isin(export.positions[0], self.periods))
        row_of_export = np.searchsorted(self.periods, export.positions[0][exporting])
        row = np.concatenate([every, row_of_export, every])
        asked = np.full(len(every), program.columns[COLUMN].start)
        column = np.concatenate([import_.start + self.periods, export.start + exporting, asked])
        value = np.concatenate([np.full(len(every), sign), np.full(len(exporting), -sign), -np.ones(len(every))])
        return Rows.from_triplets(value, (row, column), (len(every), len(program.cost)))

    def _promises_kept(self, program: LinearProgram) -> LinearProgram:
        block = program.columns["minimum_shortfall"]
        broken = self.broken_kwh[block.positions[0]]
        upper = program.col_upper[block.slice]
        upper = np.where(broken > upper + KEPT_KWH, broken + KEPT_KWH, upper)
        return with_bounds(program, block.columns, lower=program.col_lower[block.slice], upper=upper)
