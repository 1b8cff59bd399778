"""The solver when it loses its way: what it says of a program then is nothing, so it is asked again from nothing."""

from typing import Any

import highspy
import numpy as np
import pytest

from models.domain.errors import SolverFault
from optimizer.backends import idle
from optimizer.backends.highs import NoSolution, Solver
from optimizer.optimize import formulate
from optimizer.program import LinearProgram, ProgramBuilder, with_bounds
from optimizer.settings import Settings
from tests.benchmarks.scenarios import random_site


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


def test_one_that_is_lost_again_is_asked_without_presolve() -> None:
    solver = lost_solver(cured_after=2)
    assert solver.run().objective == pytest.approx(6.0)
    assert solver._highs.getOptionValue("presolve")[1] == "off"


def test_one_that_stays_lost_is_a_fault() -> None:
    with pytest.raises(SolverFault, match="kUnknown"):
        lost_solver(cured_after=3).run()


def solved_anew(program: LinearProgram) -> tuple[bytes, bytes, int]:
    solver = Solver(Settings())
    solver.load(program)
    answer = solver.run()
    return answer.values.tobytes(), answer.row_duals.tobytes(), solver.effort.iterations


def test_an_instance_of_a_plan_before_answers_as_a_new_one_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    program, other = (formulate(random_site(10, 96, seed)).program for seed in (1, 2))
    monkeypatch.setattr(idle, "_idle", [])
    new = solved_anew(program)
    kept = list(idle._idle)
    solved_anew(other)
    assert solved_anew(program) == new
    assert idle._idle == kept


def test_a_time_limit_counts_from_the_plan_and_not_from_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "_idle", [])
    solved_anew(formulate(random_site(10, 96)).program)
    (used,) = idle._idle
    Solver(Settings(time_limit_s=5.0))
    assert used.getRunTime() > 0.0
    assert used.getOptionValue("time_limit")[1] == used.getRunTime() + 5.0


def test_an_instance_that_found_no_solution_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "_idle", [])
    solver = Solver(Settings())
    solver.load(with_bounds(at_least_three(), np.array([0]), lower=0.0, upper=1.0))
    with pytest.raises(NoSolution):
        solver.run()
    idle.give_back(solver._highs)
    assert idle._idle == []


def test_an_instance_of_a_large_program_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "_idle", [])
    monkeypatch.setattr(idle, "SMALL", 0)
    solved_anew(at_least_three())
    assert idle._idle == []


def test_an_idle_instance_holds_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "_idle", [])
    solved_anew(at_least_three())
    (used,) = idle._idle
    assert used.getNumCol() == 0


def test_to_fetch_duals_of_the_first_answer_is_a_part_of_the_first_solve() -> None:
    solver = Solver(Settings())
    solver.load(at_least_three())
    first, told = solver.run(), solver.effort.first_seconds
    assert first.row_duals.tolist() == [2.0]
    assert solver.effort.seconds == solver.effort.first_seconds > told
    second, told = solver.run(), solver.effort
    first_s, before_s = told.first_seconds, told.seconds
    assert second.row_duals.tolist() == [2.0]
    assert told.seconds > before_s
    assert (told.first_seconds, told.solves) == (first_s, 2)
