"""Data that allow no plan are answered with those that conflict, by name, and a way out."""

from functools import partial

import numpy as np
import pytest

from models.domain.completion import complete
from models.domain.errors import NoFeasibleSchedule
from models.domain.scenario import Scenario
from optimizer.backends.highs import NoSolution
from optimizer.conflict.elastic import Group, elastic
from optimizer.conflict.impossible import impossible
from optimizer.goals import GoalSolver
from optimizer.instance import Instance, instance_of
from optimizer.optimize import formulate, optimize
from optimizer.program import LinearProgram, ProgramBuilder, with_bounds
from optimizer.settings import Settings
from tests.optimizer.test_cure import car, yard


def with_floors(program: LinearProgram, *, floors_kw: dict[str, float]) -> LinearProgram:
    """Power floors of sessions, as guarantees write them."""
    block = program.columns["charge_power"]
    names = np.array([program.coords["session"][int(s)] for s in block.positions[0]])
    lower = np.array([floors_kw.get(name, 0.0) for name in names])
    return with_bounds(program, block.columns, lower=lower, upper=program.col_upper[block.slice])


def contradictory() -> tuple[Scenario, Instance, LinearProgram]:
    """Floors of 5 kW for a and b under a feeder of 8 kW; c has one of 1 kW that fits beside either."""
    scenario = yard(8.0, car("a", 10.0), car("b", 10.0), car("c", 10.0))
    formulated = formulate(scenario)
    floors = with_floors(formulated.program, floors_kw={"a": 5.0, "b": 5.0, "c": 1.0})
    return scenario, formulated.instance, floors


def test_floors_and_a_feeder_that_conflict_are_named_and_nothing_else() -> None:
    _, instance, program = contradictory()

    error = impossible(program, instance, Settings())

    (finding,) = error.findings
    assert finding.ids == ("F", "power floor of a", "power floor of b")
    assert finding.message == "feeder F, power floor of a and power floor of b conflict"
    assert finding.remedy == "let power floor of a give way by 3.00 (kW, A or kWh)"


def test_a_solve_of_contradictory_data_raises_what_conflicts(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, _, _ = contradictory()
    shape = partial(with_floors, floors_kw={"a": 5.0, "b": 5.0})
    formulated = GoalSolver.formulated
    monkeypatch.setattr(GoalSolver, "formulated", lambda solver: shape(formulated(solver)))

    with pytest.raises(NoFeasibleSchedule, match="feeder F, power floor of a and power floor of b conflict"):
        optimize(scenario)


def test_a_shaped_solve_says_only_that_there_is_no_plan() -> None:
    scenario, _, _ = contradictory()
    instance = instance_of(complete(scenario).scenario)
    with pytest.raises(NoSolution):
        GoalSolver(instance, Settings(), shape=partial(with_floors, floors_kw={"a": 5.0, "b": 5.0})).solve()


def three_rows() -> LinearProgram:
    """x >= 3, x <= 2 and y <= 1: the first two conflict by one."""
    lp = ProgramBuilder()
    x, y = lp.variable("x", unit="kW"), lp.variable("y", unit="kW")
    lp.at_least("low", (), (), [(1.0, x)], bound=3.0, unit="kW")
    lp.at_most("high", (), (), [(1.0, x)], bound=2.0, unit="kW")
    lp.at_most("other", (), (), [(1.0, y)], bound=1.0, unit="kW")
    return lp.build()


@pytest.mark.parametrize(("weights", "gives_way"), [((1.0, 2.0), "low"), ((2.0, 1.0), "high")])
def test_the_cheaper_of_two_limits_gives_way_by_one(weights: tuple[float, float], gives_way: str) -> None:
    program = three_rows()
    names, prices = ("low", "high", "other"), (*weights, 1.0)
    groups = [Group(n, program.rows[n].columns, w) for n, w in zip(names, prices, strict=True)]

    found = elastic(program, groups, Settings())

    assert found.least().by() == {gives_way: pytest.approx(1.0)}
    assert found.irreducible() == ("low", "high")
    assert found.least(firm=[gives_way]).by().keys() == {"low", "high"} - {gives_way}


def test_where_all_can_hold_nothing_conflicts() -> None:
    lp = ProgramBuilder()
    x = lp.variable("x", unit="kW")
    lp.at_least("low", (), (), [(1.0, x)], bound=3.0, unit="kW")
    lp.at_most("high", (), (), [(1.0, x)], bound=3.0, unit="kW")
    program = lp.build()
    groups = [Group(name, block.columns, 1.0) for name, block in program.rows.items()]
    assert elastic(program, groups, Settings()).irreducible() == ()
