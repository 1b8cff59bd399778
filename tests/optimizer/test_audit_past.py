"""The audit on what was before: what leaving a plan costs, and the ledger."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.domain.before import MissedBefore
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.wire import read_scenario
from optimizer.audit import BreakCode, audit
from optimizer.optimize import optimize

CASES = Path(__file__).parents[1] / "cases"


def planned(case: str) -> tuple[Scenario, Schedule]:
    scenario = read_scenario((CASES / case / "scenario.json").read_bytes())
    return scenario, optimize(scenario)


def broken(scenario: Scenario, plan: Schedule) -> list[tuple[BreakCode, str]]:
    return [(found.code, found.where) for found in audit(scenario, plan).breaks]


def test_a_plan_that_hides_what_it_moved_is_found() -> None:
    """4 kWh moved at 0.04 EUR are 0.16 EUR; told as nothing."""
    scenario, plan = planned("leaves-the-plan-before")
    hiding = replace(plan, costs={**plan.costs, "plan_change": 0.0}, objective=plan.objective - 0.16)
    assert broken(scenario, plan) == []
    assert set(broken(scenario, hiding)) == {(BreakCode.COST, "plan_change"), (BreakCode.OBJECTIVE, "objective")}


def test_a_plan_that_charges_for_staying_is_found() -> None:
    scenario, plan = planned("stays-with-the-plan-before")
    charging = replace(plan, costs={**plan.costs, "plan_change": 0.16}, objective=plan.objective + 0.16)
    assert (BreakCode.COST, "plan_change") in broken(scenario, charging)


def test_without_a_plan_before_there_is_nothing_to_leave() -> None:
    scenario, plan = planned("leaves-the-plan-before")
    assert (BreakCode.COST, "plan_change") in broken(replace(scenario, previous=()), plan)


@pytest.mark.parametrize(
    ("driver", "ledger"),
    [
        ("anna", {"b": 7.0, "carl": 2.5}),
        ("anna", {"anna": 4.0, "b": 7.0, "carl": 2.5}),
        ("carl", {"anna": 7.0, "b": 7.0}),
        ("dora", {"anna": 7.0, "b": 7.0, "carl": 2.5, "dora": 1.0}),
    ],
)
def test_a_ledger_that_is_not_what_was_and_is_missed_is_found(driver: str, ledger: dict[str, float]) -> None:
    """Anna missed 4 and misses 3, the session b misses 7, Carl is not here and keeps his 2.5."""
    scenario, plan = planned("ledger")
    lines = tuple(MissedBefore(driver=name, missed_kwh=missed_kwh) for name, missed_kwh in ledger.items())
    assert broken(scenario, plan) == []
    assert broken(scenario, replace(plan, ledger=lines)) == [(BreakCode.LEDGER, driver)]
