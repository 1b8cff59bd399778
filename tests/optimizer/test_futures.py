"""Plans whose first setpoints are good in several futures: by hand, on paper, and by the audit of each of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.domain.completion import complete
from models.domain.futures import Future, in_future
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import BaseLoad
from models.domain.validation import validate
from models.domain.wire import read_scenario, scenario_json
from optimizer.audit import audit
from optimizer.describe import describe
from optimizer.futures import common, futures_of
from optimizer.futures.common import AS_TOLD
from optimizer.ladder import best_plan
from optimizer.optimize import optimize, plans_in_futures
from optimizer.program import LinearProgram
from optimizer.settings import Settings
from tests.optimizer.test_paper_model import paper_and_program
from tests.oracle.compare import differences
from tests.oracle.tables import Column, Name, Row, Tables, tables_of_program
from tests.strategies import random_scenario

FOLDER = Path(__file__).parents[1] / "golden" / "two-futures"


def guest_may_come(weight: float = 0.25) -> Scenario:
    """A in two hours at 0.3 and 0.1, and with this chance a guest for the second one, on a feeder for one of them."""
    scenario = read_scenario((FOLDER / "scenario.json").read_bytes())
    return replace(scenario, futures=(replace(scenario.futures[0], weight=weight),))


def first_hour_kw(scenario: Scenario) -> float:
    return float(optimize(scenario).sessions[0].charge_power_kw[0])


def test_the_joined_program_reads_as_worked_out_by_hand() -> None:
    scenario = complete(guest_may_come()).scenario
    program = common(scenario, futures_of(scenario), Settings()).program
    assert described(program) == (FOLDER / "expected.txt").read_text().splitlines()


def without_a_shared_coefficient(program: LinearProgram) -> LinearProgram:
    """With the guest, the first setpoint draws nothing from the feeder."""
    row = program.rows["node_import_limit"].start + 2
    data = program.matrix.data.copy()
    data[program.matrix.indptr[row]] = 0.0
    return replace(program, matrix=replace(program.matrix, data=data))


def with_another(field: str, block: str, k: int, value: float) -> Callable[[LinearProgram], LinearProgram]:
    def planted(program: LinearProgram) -> LinearProgram:
        found = program.rows[block] if block in program.rows else program.columns[block]
        numbers = getattr(program, field).copy()
        numbers[found.start + k] = value
        return replace(program, **{field: numbers})

    return planted


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(without_a_shared_coefficient, id="a limit of a future forgets the common setpoint"),
        pytest.param(with_another("cost", "grid_import", 2, 0.3), id="money of a future counts in full"),
        pytest.param(with_another("cost", "target_shortfall", 0, 2.0), id="a missing kWh counts in full"),
        pytest.param(with_another("row_upper", "node_import_limit", 3, 20.0), id="a feeder is larger in a future"),
        pytest.param(with_another("col_upper", "common_charge_power", 0, 20.0), id="a common setpoint is not bounded"),
    ],
)
def test_a_wrong_number_in_a_joined_program_is_seen(fault: Callable[[LinearProgram], LinearProgram]) -> None:
    scenario = complete(guest_may_come()).scenario
    program = fault(common(scenario, futures_of(scenario), Settings()).program)
    assert described(program) != (FOLDER / "expected.txt").read_text().splitlines()


def described(program: LinearProgram) -> list[str]:
    expected = (FOLDER / "expected.txt").read_text().splitlines()
    blocks = dict.fromkeys(line.partition("[")[0] for line in expected)
    return [line for block in blocks for line in describe(program, block).splitlines()]


@pytest.mark.parametrize(("weight", "first_kw"), [(0.0, 0.0), (0.10, 0.0), (0.11, 10.0), (1.0, 10.0)])
def test_a_car_comes_first_where_the_chance_of_a_guest_is_worth_it(weight: float, first_kw: float) -> None:
    """(1 - w) · 0.2 = w · 1.7 at w = 0.105."""
    assert first_hour_kw(guest_may_come(weight)) == pytest.approx(first_kw, abs=1e-5)


def test_money_is_the_weighted_sum_over_all_futures() -> None:
    """0.75 · 3 + 0.25 · 4."""
    scenario = complete(guest_may_come()).scenario
    assert common(scenario, futures_of(scenario), Settings()).objective == pytest.approx(3.25)
    plans = plans_in_futures(scenario)
    assert {name: plan.objective for name, plan in plans.items()} == {
        AS_TOLD: pytest.approx(3.0, abs=1e-5),
        "guest": pytest.approx(4.0, abs=1e-5),
    }


def test_other_load_is_a_future_too_and_its_limits_hold_today() -> None:
    """With a chance of a half the building takes 8 of 10 kW: only 2 kW are common, and are taken, for 6 would miss."""
    building = Future(id="oven", weight=0.5, base_loads=(BaseLoad(node="grid", expected_kw=0.0, high_kw=8.0),))
    oven = replace(guest_may_come(), futures=(building,), common_minutes=60.0)
    assert first_hour_kw(oven) == pytest.approx(2.0, abs=1e-5)


def test_the_common_part_is_as_long_as_is_told() -> None:
    """Two hours are both periods."""
    scenario = replace(guest_may_come(), common_minutes=120.0)
    completed = complete(scenario).scenario
    assert common(completed, futures_of(completed), Settings()).periods == 2


def test_what_is_common_is_told_with_the_plan() -> None:
    told = [one for one in optimize(guest_may_come()).assumptions if one.what == "futures"]
    assert [one.value for one in told] == [
        "setpoints until 2026-03-02 13:00 UTC are the best over 1 futures and the day as it is told"
    ]


def test_the_ladder_takes_the_plan_for_all_futures_though_a_rule_is_cheaper_on_the_day_as_told() -> None:
    """Waiting costs 1 EUR as told, the plan for both 3."""
    ranked = best_plan(guest_may_come(), settings=Settings(), deadline_s=30.0)
    assert ranked.schedule.sessions[0].charge_power_kw[0] == pytest.approx(10.0, abs=1e-5)


def test_futures_travel_as_json() -> None:
    scenario = guest_may_come()
    assert read_scenario(scenario_json(scenario)) == scenario


def broken(**changes: Any) -> list[tuple[str, str]]:
    scenario = guest_may_come()
    (future,) = scenario.futures
    found = validate(replace(scenario, futures=(replace(future, **changes),)))
    return [(finding.path, finding.message) for finding in found]


def test_what_is_wrong_in_a_future_is_told_at_its_place() -> None:
    guest = guest_may_come().futures[0].sessions[0]
    (place, told), *_ = broken(sessions=(replace(guest, evse="bay-a"),))
    assert place.startswith("futures[0].sessions[0]")
    assert "bay-a" in told
    (place, _), *_ = broken(sessions=(replace(guest, evse="nowhere"),))
    assert place == "futures[0].sessions[0].evse"
    (place, _), *_ = broken(base_loads=(BaseLoad(node="nowhere", expected_kw=1.0),))
    assert place == "futures[0].base_loads[0].node"
    (place, _), *_ = broken(weight=1.5)
    assert place == "futures[0].weight"


def test_chances_of_more_than_one_and_doubled_ids_are_findings() -> None:
    scenario = guest_may_come(0.7)
    (future,) = scenario.futures
    found = validate(replace(scenario, futures=(future, future)))
    assert [finding.message for finding in found] == [
        "2 futures have the id guest",
        "the weights of the futures add up to 1.4",
    ]


def random_futures(seed: int) -> Scenario:
    """A random site; two futures, in which half of its sessions come later than the plan begins."""
    scenario = replace(random_scenario(seed), previous=(), signals=())
    completed = complete(scenario).scenario
    start = completed.horizon.start  # type: ignore[union-attr]
    coming = tuple(s for s in completed.sessions if s.arrival > start + timedelta(minutes=10))
    present = tuple(s for s in completed.sessions if s not in coming)
    dice = np.random.default_rng((seed, 77))
    few = tuple(s for s in coming if dice.random() < 0.5)
    futures = (Future(id="all", weight=0.5, sessions=coming), Future(id="few", weight=0.3, sessions=few))
    return replace(completed, sessions=present, visits=(), futures=futures)


@pytest.mark.parametrize("seed", range(24))
def test_the_plan_passes_its_audit_in_every_future(seed: int) -> None:
    scenario = random_futures(seed)
    plans = plans_in_futures(scenario)
    told = replace(scenario, futures=())
    days = {AS_TOLD: told} | {future.id: in_future(scenario, future) for future in scenario.futures}
    for name, plan in plans.items():
        report = audit(days[name], plan)
        assert report.passed, (name, report.verdict)


@pytest.mark.parametrize("seed", range(24))
def test_the_plans_of_all_futures_begin_alike(seed: int) -> None:
    """Before they are rounded to what an EVSE can offer, which each plan does for itself."""
    plans = plans_in_futures(random_futures(seed), Settings(setpoints=False))
    for plan in plans.values():
        for before, after in zip(plans[AS_TOLD].sessions, plan.sessions, strict=False):
            assert before.session_id == after.session_id
            first = 0 if before.first_period else 1
            assert after.charge_power_kw[:first] == pytest.approx(before.charge_power_kw[:first], abs=1e-5)


@pytest.mark.parametrize("seed", range(12))
def test_the_joined_program_is_that_of_each_future_on_paper(seed: int) -> None:
    scenario = complete(random_futures(seed)).scenario
    courses = futures_of(scenario)
    found = common(scenario, courses, Settings())
    shared = {name[1:] for name in tables_of_program(found.program).columns if name[0] == "common_charge_power"}
    expected = Tables({}, {})
    for course in courses:
        paper, _ = paper_and_program(course.instance.scenario, Settings())
        add(expected, paper, course.id, course.weight, shared)

    program = tables_of_program(found.program)
    cuts = {name: row for name, row in program.rows.items() if name[0].startswith("node_phase_current_")}
    compared = Tables(program.columns, {n: r for n, r in program.rows.items() if n not in cuts})
    assert not differences(expected, compared)


def add(expected: Tables, paper: Tables, future: str, weight: float, shared: set[Name]) -> None:
    def named(name: Name) -> Name:
        block, *labels = name
        is_shared = block in ("charge_power", "discharge_power") and tuple(labels) in shared
        return (f"common_{block}", *labels) if is_shared else (block, future, *labels)

    for name, column in paper.columns.items():
        before = expected.columns.get(named(name))
        cost = weight * column.cost + (before.cost if before else 0.0)
        expected.columns[named(name)] = Column(column.lower, column.upper, cost)
    for name, row in paper.rows.items():
        block, *labels = name
        coefficients = {named(column): value for column, value in row.coefficients.items()}
        expected.rows[(block, future, *labels)] = Row(coefficients, row.lower, row.upper)


def test_a_session_of_the_future_needs_nothing_more_than_one_of_today() -> None:
    """Its departure and its need may be unknown: the site's defaults complete them."""
    scenario = guest_may_come()
    guest = Session(id="b", evse="bay-b", arrival=scenario.futures[0].sessions[0].arrival)
    vague = replace(scenario, futures=(Future(id="guest", weight=0.25, sessions=(guest,)),))
    assert validate(vague) == ()
    completed = complete(vague).scenario
    _, course = futures_of(completed)
    assert course.instance.sessions.remaining_kwh[1] > 0.0
