"""A plan that starts from the basis of the one before has the same optimum, and reaches it in fewer steps."""

from dataclasses import replace

import numpy as np
import pytest

from models.domain.scenario import Scenario
from models.domain.signal import Cap
from optimizer.optimize import optimize, replan
from optimizer.program import LinearProgram, ProgramBuilder
from optimizer.settings import Settings
from optimizer.warm import BASIC, LOWER, UPPER, _looked_up, basis_of, statuses_for
from tests.benchmarks.scenarios import START, random_site
from tests.benchmarks.warm import QUARTER, a_period_later, plugged_in
from tests.strategies import random_scenario

MONEY_ONLY = Settings(preferences=False)


def site() -> Scenario:
    return random_site(60, 96)


def capped(scenario: Scenario) -> Scenario:
    cap = Cap(id="cap", start=START + 40 * QUARTER, end=START + 48 * QUARTER, import_limit_kw=60.0)
    return replace(scenario, signals=(cap,))


@pytest.mark.parametrize("change", [plugged_in, a_period_later, capped])
def test_the_warm_optimum_is_the_cold_one(change: object) -> None:
    before = replan(site(), MONEY_ONLY)
    after = change(site())  # type: ignore[operator]
    warm, cold = replan(after, MONEY_ONLY, before.basis).schedule, optimize(after, MONEY_ONLY)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-7)


@pytest.mark.parametrize("change", [plugged_in, a_period_later])
def test_a_small_change_takes_few_steps_from_the_basis_before(change: object) -> None:
    before = replan(site(), MONEY_ONLY)
    after = change(site())  # type: ignore[operator]
    warm, cold = replan(after, MONEY_ONLY, before.basis).schedule, optimize(after, MONEY_ONLY)
    assert warm.statistics.iterations < cold.statistics.iterations / 2


def test_nothing_new_takes_no_step() -> None:
    before = replan(site(), MONEY_ONLY)
    assert replan(site(), MONEY_ONLY, before.basis).schedule.statistics.iterations == 0


def test_a_plan_that_starts_warm_is_the_plan_that_starts_cold() -> None:
    """Goal (3) decides among equal optima, not the path."""
    before = replan(site())
    warm, cold = replan(site(), carried=before.basis).schedule, optimize(site())
    for one, other in zip(warm.sessions, cold.sessions, strict=True):
        assert one.charge_power_kw == pytest.approx(other.charge_power_kw, abs=1e-5)


def a_program(**labels: tuple[str, ...]) -> LinearProgram:
    """One column for each name, and a row that keeps all of them below 1."""
    lp = ProgramBuilder(**labels)
    ((dim, names),) = labels.items()
    x = lp.variable("x", (dim,), (np.arange(len(names)),), upper=1.0, unit="kW")
    lp.at_most("most", (dim,), (np.arange(len(names)),), [(1.0, x)], bound=1.0, unit="kW")
    return lp.build()


def test_statuses_go_by_name_and_not_by_place() -> None:
    """a is basic and b at its upper bound; c is new, and b stands first now."""
    before = a_program(car=("a", "b"))
    basis = basis_of(before, np.array([BASIC, UPPER]), np.array([UPPER, BASIC]))
    found = statuses_for(a_program(car=("b", "c", "a")), basis)
    assert found is not None
    columns, rows = found
    assert columns.tolist() == [UPPER, LOWER, BASIC]
    assert rows.tolist() == [BASIC, BASIC, UPPER]


def test_other_dims_under_one_name_share_nothing() -> None:
    before = a_program(car=("a", "b"))
    basis = basis_of(before, np.array([BASIC, BASIC]), np.array([UPPER, UPPER]))
    found = statuses_for(a_program(bus=("a", "b")), basis)
    assert found is not None
    assert found[0].tolist() == [LOWER, LOWER]


@pytest.mark.parametrize("places", [4, 10**12])
def test_codes_are_found_in_a_table_and_where_there_are_too_many_by_sorting(places: int) -> None:
    found = _looked_up(np.array([3, 0, 2]), np.array([2, 1, 3]), places)
    assert found.tolist() == [2, -1, 0]


@pytest.mark.parametrize("seed", range(8))
def test_random_sites_have_the_cold_optimum_from_the_basis_of_their_plan_without_one_session(seed: int) -> None:
    scenario = random_scenario(seed)
    fewer = replace(scenario, sessions=scenario.sessions[1:], visits=(), previous=())
    scenario = replace(scenario, visits=(), previous=())
    basis = replan(fewer, MONEY_ONLY).basis
    warm, cold = replan(scenario, MONEY_ONLY, basis).schedule, optimize(scenario, MONEY_ONLY)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-6, abs=1e-6)
