"""The solver when it loses its way: what it says of a program then is nothing, so it is asked again from nothing."""

from typing import Any

import highspy
import numpy as np
import pytest

from models.domain.errors import SolverFault
from optimizer.backends.highs import Solver
from optimizer.program import LinearProgram, ProgramBuilder
from optimizer.settings import Settings


class Lost:
    """A HiGHS that ends as unknown until it has forgotten its basis ``cured_after`` times."""

    def __init__(self, highs: Any, cured_after: int) -> None:
        self.highs, self.cured_after, self.cleared = highs, cured_after, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.highs, name)

    def clearSolver(self) -> Any:  # noqa: N802  # HiGHS's own name
        self.cleared += 1
        return self.highs.clearSolver()

    def getModelStatus(self) -> Any:  # noqa: N802
        lost = self.cleared < self.cured_after
        return highspy.HighsModelStatus.kUnknown if lost else self.highs.getModelStatus()


def at_least_three() -> LinearProgram:
    lp = ProgramBuilder()
    x = lp.variable("x", unit="kW")
    lp.at_least("floor", (), (), [(1.0, x.by(np.zeros(1, dtype=np.int64)))], bound=3.0, unit="kW")
    lp.minimize([(2.0, x)])
    return lp.build()


def lost_solver(cured_after: int) -> Solver:
    solver = Solver(Settings())
    solver.load(at_least_three())
    solver._highs = Lost(solver._highs, cured_after)  # type: ignore[assignment]  # a stand-in
    return solver


def test_a_solver_that_lost_its_way_finds_the_optimum_from_nothing() -> None:
    assert lost_solver(cured_after=1).run().objective == pytest.approx(6.0)


def test_one_that_stays_lost_is_a_fault() -> None:
    with pytest.raises(SolverFault, match="kUnknown"):
        lost_solver(cured_after=2).run()
