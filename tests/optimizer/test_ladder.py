"""Whatever the solver does there is a plan, in time, and it passes its audit; which one, and why, is told."""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings

from models.domain.errors import SolverFault
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.session import Session
from models.domain.site import Evse, GridNode, NodeKind, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Step
from optimizer import ladder
from optimizer.audit import audit
from optimizer.heuristics import heuristic
from optimizer.ladder import RUNGS, Candidate, Ranked, Solve, Standing, best_plan
from optimizer.optimize import optimize
from optimizer.previous import with_previous
from optimizer.rungs import OTHER_RULES
from optimizer.settings import Objective, Settings
from tests.faults import solvers
from tests.strategies import scenarios

EXAMPLES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "60"))
FOUR = datetime(2026, 3, 2, 16, tzinfo=UTC)
LONG_S = 60.0
"""Never waited for."""


def hours(length: float) -> timedelta:
    return timedelta(hours=length)


def yard(limit_kw: float, *cars: Session) -> Scenario:
    """Two hours from four o'clock on: the first at 0.50 EUR/kWh, the second at 0.10; a missing kWh is worth 1 EUR."""
    node = GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=limit_kw, continuous_factor=1.0)
    evses = tuple(Evse(id=session.evse, node="grid", max_power_kw=10.0) for session in cars)
    steps = Step(start=FOUR, value=0.5), Step(start=FOUR + hours(1), value=0.1)
    return Scenario(
        site=Site(id="yard", nodes=(node,), evses=evses, tiers=(Tier(id="all", value_of_target_per_kwh=1.0),)),
        sessions=cars,
        tariff=Tariff(currency="EUR", import_price=PriceSeries(steps=steps, end=FOUR + hours(2))),
        horizon=Horizon(start=FOUR, stretches=(Stretch(count=2, minutes=60.0),)),
    )


def car(name: str, energy_kwh: float, *, stay_h: float = 2.0, **changes: object) -> Session:
    """At a 10 kW outlet of its own from four o'clock on."""
    session = Session(
        id=name, evse=f"bay-{name}", arrival=FOUR, departure=FOUR + hours(stay_h), energy_target_kwh=energy_kwh
    )
    return replace(session, **changes)  # type: ignore[arg-type]  # fields of Session


@pytest.fixture
def two_cars() -> Scenario:
    """10 kWh each on 10 kW. Best: one waits for the second hour, one cannot: 10 x 0.5 + 10 x 0.1 = 6 EUR."""
    return yard(10.0, car("a", 10.0, stay_h=1.0), car("b", 10.0))


def ranked(scenario: Scenario, solve: Solve, *, previous: Schedule | None = None, worker: bool = False) -> Ranked:
    return best_plan(scenario, deadline_s=LONG_S, solve=solve, previous=previous, worker=worker)


def candidate(found: Ranked, method: Method) -> Candidate:
    (one,) = (candidate for candidate in found.candidates if candidate.method is method)
    return one


def test_all_being_well_the_optimum_is_the_answer(two_cars: Scenario) -> None:
    found = best_plan(two_cars, deadline_s=LONG_S)

    assert found.schedule.method is Method.OPTIMAL
    assert found.schedule.objective == pytest.approx(6.0)
    assert found.audit.passed
    assert candidate(found, Method.OPTIMAL).standing is Standing.CHOSEN


def test_every_rung_is_told_from_the_highest_to_the_lowest(two_cars: Scenario) -> None:
    found = best_plan(two_cars, deadline_s=LONG_S, previous=optimize(two_cars))

    assert tuple(candidate.method for candidate in found.candidates) == RUNGS


def test_what_another_plan_would_cost_more_is_told() -> None:
    """A car alone: all rules charge it in the dear hour, 5 EUR instead of 1."""
    found = best_plan(yard(10.0, car("a", 10.0)), deadline_s=LONG_S)

    rule = candidate(found, Method.EARLIEST_DEADLINE_FIRST)
    assert (rule.objective, rule.reason) == (pytest.approx(5.0), "costs 4.00 EUR more")


def test_beside_a_good_answer_of_the_solver_one_rule_is_enough(two_cars: Scenario) -> None:
    found = best_plan(two_cars, deadline_s=LONG_S, worker=False)

    assert {candidate(found, rule).reason for rule in OTHER_RULES} == {"not needed beside the solver's plan"}
    assert candidate(found, Method.EARLIEST_DEADLINE_FIRST).objective is not None


def test_beside_a_solver_that_may_be_late_all_rules_are_ready(two_cars: Scenario) -> None:
    found = best_plan(two_cars, deadline_s=LONG_S, worker=True)

    assert all(candidate(found, rule).objective is not None for rule in OTHER_RULES)


@pytest.mark.parametrize("solve", [solvers.fails, solvers.ignores_limits, solvers.charges_nobody])
def test_where_the_solvers_answer_does_not_do_all_rules_are_compared(solve: Solve) -> None:
    """One hour at 3 kW for two cars that leave together: least laxity sees who needs more, and breaks no promise."""
    urgent = car("b", 3.0, stay_h=1.0, energy_minimum_kwh=3.0)
    scenario = yard(3.0, car("a", 1.0, stay_h=1.0), urgent)

    found = ranked(scenario, solve)

    assert candidate(found, Method.EARLIEST_DEADLINE_FIRST).reason == "promises: +1.0 kWh broken"
    assert found.schedule.method is Method.LEAST_LAXITY_FIRST


def test_where_all_that_stands_ready_breaks_the_other_rules_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a solver runs; and where they break as well, it is said that there is no plan."""
    made: list[Method] = []

    def only(*working: Method) -> Callable[[Scenario, Method], Schedule]:
        def rule(scenario: Scenario, method: Method) -> Schedule:
            if method not in working:
                raise ZeroDivisionError
            made.append(method)
            return heuristic(scenario, method)

        return rule

    def fails(scenario: Scenario, settings: Settings, tell: ladder.Tell) -> None:
        assert made == [Method.EQUAL_SHARE], "something stands ready"
        solvers.fails(scenario, settings, tell)

    scenario = yard(8.0, car("a", 6.0))
    monkeypatch.setattr("optimizer.rungs.fail_safe_shares", only())

    monkeypatch.setattr("optimizer.rungs.heuristic", only(Method.EQUAL_SHARE))
    found = ranked(scenario, fails)
    assert found.schedule.method is Method.EQUAL_SHARE
    assert candidate(found, Method.OPTIMAL).reason == "SolverFault: the solver ended as kSolveError"

    monkeypatch.setattr("optimizer.rungs.heuristic", only())
    with pytest.raises(SolverFault, match="neither the solver nor any simple rule made a plan"):
        ranked(scenario, solvers.fails)


@pytest.mark.parametrize(
    ("solve", "reason"),
    [
        (solvers.fails, "SolverFault: the solver ended as kSolveError"),
        (solvers.finds_nothing, "NoSolution: the program has no feasible point"),
        (solvers.has_a_bug, "ZeroDivisionError: division by zero"),
        (solvers.is_late, "no answer within"),
        (solvers.says_nothing, "no plan"),
        (solvers.says_a_word, "no plan"),
    ],
)
def test_a_solver_in_trouble_ends_in_a_plan_by_a_simple_rule(two_cars: Scenario, solve: Solve, reason: str) -> None:
    """First who leaves first: 10 kW for a in the dear hour, then for b in the cheap one, as the optimum has it."""
    found = ranked(two_cars, solve)

    assert found.schedule.method is Method.EARLIEST_DEADLINE_FIRST
    assert found.schedule.objective == pytest.approx(6.0)
    assert found.audit.passed
    optimum = candidate(found, Method.OPTIMAL)
    assert optimum.standing is Standing.MISSING
    assert reason in optimum.reason


@pytest.mark.parametrize("solve", [solvers.ignores_limits, solvers.says_nan, solvers.plans_another_site])
def test_a_plan_that_its_audit_refuses_is_not_the_answer(two_cars: Scenario, solve: Solve) -> None:
    found = ranked(two_cars, solve)

    assert found.schedule.method is Method.EARLIEST_DEADLINE_FIRST
    assert found.audit.passed
    assert candidate(found, Method.OPTIMAL).standing is Standing.REFUSED
    assert candidate(found, Method.OPTIMAL).reason.startswith("failed:")


def test_an_optimum_that_costs_more_than_a_rule_is_none(two_cars: Scenario) -> None:
    """Nobody charged: 20 kWh are missing at 1 EUR, beside 6 EUR for who leaves first."""
    found = ranked(two_cars, solvers.charges_nobody)

    assert found.schedule.method is Method.EARLIEST_DEADLINE_FIRST
    assert candidate(found, Method.OPTIMAL).reason == "costs 14.00 EUR more"


def test_manners_that_are_late_leave_the_money_answer() -> None:
    scenario = yard(10.0, car("a", 10.0))

    found = ranked(scenario, solvers.is_late_after_money)

    assert found.schedule.method is Method.FEASIBLE_AT_DEADLINE
    assert found.schedule.objective == pytest.approx(1.0), "10 kWh in the cheap hour; every rule pays 5"
    assert "no answer within" in candidate(found, Method.OPTIMAL).reason


def test_a_killed_worker_leaves_the_money_answer() -> None:
    found = ranked(yard(10.0, car("a", 10.0)), solvers.is_killed_after_money, worker=True)

    assert found.schedule.method is Method.FEASIBLE_AT_DEADLINE
    assert found.schedule.objective == pytest.approx(1.0)
    assert "the worker died" in candidate(found, Method.OPTIMAL).reason


def test_a_worker_that_is_killed_at_once_leaves_the_rules(two_cars: Scenario) -> None:
    found = ranked(two_cars, solvers.is_killed, worker=True)

    assert found.schedule.method is Method.EARLIEST_DEADLINE_FIRST
    assert found.audit.passed


def test_a_solver_that_hangs_is_killed_and_the_plan_is_there_in_time(two_cars: Scenario) -> None:
    started = monotonic()

    found = best_plan(two_cars, deadline_s=0.3, solve=solvers.hangs, worker=True)

    assert monotonic() - started == pytest.approx(0.3, abs=0.1)
    assert found.schedule.method is Method.EARLIEST_DEADLINE_FIRST
    assert found.audit.passed
    assert nobody_left()


def nobody_left() -> bool:
    until = monotonic() + 5.0
    while multiprocessing.active_children() and monotonic() < until:
        time.sleep(0.01)
    return not multiprocessing.active_children()


def test_an_optimum_from_a_worker_is_that_of_this_process(two_cars: Scenario) -> None:
    there, here = (best_plan(two_cars, deadline_s=LONG_S, worker=worker) for worker in (True, False))

    assert there.schedule.method is here.schedule.method is Method.OPTIMAL
    assert (there.in_worker, here.in_worker) == (True, False)
    pairs = zip(there.schedule.sessions, here.schedule.sessions, strict=True)
    assert all(one.charge_power_kw.tolist() == other.charge_power_kw.tolist() for one, other in pairs)


def test_promises_come_before_money() -> None:
    """One hour for two cars on 10 kW, only the second is promised its 10 kWh. Rules give the first one half or all of
    the power, for 10 EUR of missing target at most; the plan before gives it none and costs as much or more."""
    scenario = yard(10.0, car("a", 10.0, stay_h=1.0), car("b", 10.0, stay_h=1.0, energy_minimum_kwh=10.0))
    before = optimize(scenario)

    found = ranked(scenario, solvers.fails, previous=before)

    assert found.schedule.method is Method.CARRIED_OVER
    assert candidate(found, Method.EQUAL_SHARE).reason == "promises: +5.0 kWh broken"
    assert found.schedule.sessions[1].minimum_shortfall_kwh == pytest.approx(0.0, abs=1e-6)


def test_a_promise_of_lower_rank_is_kept_first() -> None:
    """Equal shares break 5 kWh of each promise; first who leaves first, the whole one of rank 1 and none of rank 0."""
    fleet = car("fleet", 10.0, stay_h=1.0, energy_minimum_kwh=10.0, tier="fleet")
    guest = car("guest", 10.0, stay_h=1.0, energy_minimum_kwh=10.0, tier="guest")
    scenario = yard(10.0, fleet, guest)
    tiers = Tier(id="fleet", rank=0, value_of_target_per_kwh=1.0), Tier(id="guest", rank=1, value_of_target_per_kwh=1.0)

    found = ranked(replace(scenario, site=replace(scenario.site, tiers=tiers)), solvers.fails)

    assert [plan.minimum_shortfall_kwh for plan in found.schedule.sessions] == pytest.approx([0, 10], abs=1e-6)


def test_under_margin_every_candidate_counts_what_drivers_pay() -> None:
    """10 kWh for 0.30 EUR each: 1 - 3 = -2 for the optimum, 5 - 3 = 2 for the rules."""
    scenario = yard(10.0, car("a", 10.0, retail_price_per_kwh=0.3))

    found = best_plan(scenario, settings=Settings(objective=Objective.MARGIN), deadline_s=LONG_S)

    assert candidate(found, Method.OPTIMAL).objective == pytest.approx(-2.0)
    assert candidate(found, Method.EARLIEST_DEADLINE_FIRST).objective == pytest.approx(2.0)


def test_without_time_one_rule_is_made_and_no_solver_started(two_cars: Scenario) -> None:
    """A clock that goes a second at each look at it: the time is over before anything is done."""
    found = best_plan(two_cars, deadline_s=0.5, solve=never, clock=clock())

    assert found.schedule.method is Method.EARLIEST_DEADLINE_FIRST
    assert candidate(found, Method.OPTIMAL).reason == "no time was left for the solver"
    assert candidate(found, Method.FAIL_SAFE).reason == "no time to prepare it"


def clock() -> Callable[[], float]:
    ticks = count()
    return lambda: float(next(ticks))


def never(*_: object) -> None:
    raise AssertionError("the solver was started")


def test_a_plan_before_that_cannot_be_read_is_left_out(two_cars: Scenario) -> None:
    before = optimize(two_cars)
    broken = replace(before, instants_s=before.instants_s[:1])

    found = ranked(two_cars, solvers.fails, previous=broken)

    assert found.schedule.method is Method.EARLIEST_DEADLINE_FIRST
    assert candidate(found, Method.CARRIED_OVER).standing is Standing.MISSING


@pytest.mark.parametrize("solve", [solvers.fails, solvers.ignores_limits, solvers.is_late_after_money])
@settings(max_examples=EXAMPLES // 3, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=scenarios())
def test_there_is_always_a_plan_that_passes(solve: Solve, scenario: Scenario) -> None:
    before = heuristic(scenario, Method.UNCONTROLLED)

    found = ranked(scenario, solve, previous=before)

    assert audit(with_previous(scenario, before), found.schedule).passed
    assert found.schedule.method is not Method.UNCONTROLLED


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=scenarios())
def test_no_rung_below_is_better_than_a_proven_optimum(scenario: Scenario) -> None:
    """Rules of setpoints are left out: with them the optimum is rounded, and no longer proven."""
    scenario = replace(scenario, site=replace(scenario.site, setpoints=None))
    with mock.patch.object(ladder, "FIRST", (*ladder.FIRST, *OTHER_RULES)):
        best = best_plan(scenario, deadline_s=LONG_S, worker=False)

    assert best.schedule.method is Method.OPTIMAL, best.candidates
