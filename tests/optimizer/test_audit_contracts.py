"""What an audit finds in a plan that tells wrong things about its contracts (11)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import ContractPlan, Method, PeakPlan, Schedule
from models.domain.tariff import Window
from models.domain.value import Step
from models.domain.wire import read_scenario
from optimizer.audit import BreakCode, audit
from optimizer.failsafe import fail_safe_shares
from optimizer.fallback import fail_safe_plan
from optimizer.heuristics import heuristic
from optimizer.optimize import optimize

CASES = Path(__file__).parents[1] / "cases"


def planned(case: str = "contracted-capacity") -> tuple[Scenario, Schedule]:
    scenario = read_scenario((CASES / case / "scenario.json").read_bytes())
    return scenario, optimize(scenario)


def of_contract(plan: Schedule, change: Callable[[ContractPlan], ContractPlan]) -> Schedule:
    return replace(plan, contracts=tuple(map(change, plan.contracts)))


def of_largest(plan: Schedule, change: Callable[[PeakPlan], PeakPlan]) -> Schedule:
    return of_contract(plan, lambda one: replace(one, largest=tuple(map(change, one.largest))))


SPOILT: dict[str, Callable[[Schedule], Schedule]] = {
    "an excess is not told": lambda plan: of_contract(plan, lambda c: replace(c, excess_kw=c.excess_kw * 0.0)),
    "an excess is told where there is none": lambda plan: of_contract(
        plan, lambda c: replace(c, excess_kw=c.excess_kw + np.array([0.0, 1.0]))
    ),
    "the limit is another one": lambda plan: of_contract(plan, lambda c: replace(c, limit_kw=c.limit_kw + 2.0)),
    "another node is said to be limited": lambda plan: of_contract(plan, lambda c: replace(c, node_id="cellar")),
    "a contract is left out": lambda plan: replace(plan, contracts=()),
    "there is a contract that nobody made": lambda plan: replace(
        plan, contracts=(*plan.contracts, replace(plan.contracts[0], contract="of-nobody:import"))
    ),
    "the largest excess is smaller than the excess": lambda plan: of_largest(plan, lambda p: replace(p, peak_kw=1.0)),
    "the floor is higher": lambda plan: of_largest(plan, lambda p: replace(p, floor_kw=1.0)),
    "an excess is cheaper than its price": lambda plan: of_largest(plan, lambda p: replace(p, cost=3.0)),
    "a month is left out": lambda plan: of_contract(plan, lambda c: replace(c, largest=())),
    "there is a month too many": lambda plan: of_contract(
        plan,
        lambda c: replace(c, largest=(*c.largest, replace(c.largest[0], demand_window="transport:import@2026-04"))),
    ),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_plan_that_tells_its_contract_wrong_is_found_when(spoilt: str) -> None:
    scenario, plan = planned()

    assert audit(scenario, plan).passed
    assert BreakCode.CONTRACT_PLAN in {one.code for one in audit(scenario, SPOILT[spoilt](plan)).breaks}


def test_a_cost_of_an_excess_that_is_not_the_sum_of_its_prices_is_found() -> None:
    scenario, plan = planned("french-subscribed-powers")
    cheaper = replace(plan, costs={**plan.costs, "contract_excess": 60.0}, objective=plan.objective - 14.46)

    codes = {one.code for one in audit(scenario, cheaper).breaks}

    assert {BreakCode.COST, BreakCode.OBJECTIVE} <= codes


def test_arrays_of_a_contract_that_do_not_fit_into_the_plan_are_found() -> None:
    scenario, plan = planned()
    short = of_contract(plan, lambda one: replace(one, excess_kw=one.excess_kw[:1]))

    assert [one.code for one in audit(scenario, short).breaks] == [BreakCode.ARRAYS]


def test_a_time_class_that_opens_inside_a_period_counts_with_its_least_limit() -> None:
    """Told in one period of two hours, the class of 9 kW until 23:00 holds for all of it: 15 - 9 = 6 kW above."""
    scenario, plan = planned("french-subscribed-powers")
    contract = plan.contracts[0]
    # 26 kWh of the van in 2 h are 13 kW, 15 with the building; the energy is that of the mean of both prices.
    coarse = replace(
        plan,
        instants_s=plan.instants_s[[0, 2]],
        sessions=tuple(
            replace(s, charge_power_kw=np.array([13.0]), plugged_in_h=np.array([2.0]), energy_cost=26.0 * 0.0556)
            for s in plan.sessions
        ),
        nodes=(),
        grid_import_kw=np.array([15.0]),
        grid_export_kw=np.array([0.0]),
        contracts=(replace(contract, limit_kw=np.array([9.0]), excess_kw=np.array([6.0])),),
        costs={"energy_import": 30.0 * 0.0556, "contract_excess": 12.0 * 12.41},
        objective=30.0 * 0.0556 + 12.0 * 12.41,
    )

    report = audit(scenario, coarse)

    assert report.passed, report.breaks


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("rising-demand-tiers", {"cost": 24.0}),
        ("belgian-capacity-tariff", {"floor_kw": 0.0}),
        ("ratchet", {"floor_kw": 13.0}),
    ],
)
def test_a_peak_that_forgets_its_tiers_or_its_floor_is_found(name: str, told: dict[str, float]) -> None:
    """All 12 kW at 2 EUR; no minimum; the earlier peak that was not the highest."""
    scenario, plan = planned(name)
    spoilt = replace(plan, peaks=tuple(replace(peak, **told) for peak in plan.peaks))

    assert {BreakCode.PEAK_COST, BreakCode.PEAK_FLOOR} & {one.code for one in audit(scenario, spoilt).breaks}


def test_the_chance_of_a_network_peak_is_a_cost() -> None:
    scenario, plan = planned("coincident-peak")
    cheaper = replace(plan, costs={**plan.costs, "coincident_peak": 0.0}, objective=plan.objective - 0.8)

    assert {one.code for one in audit(scenario, cheaper).breaks} == {BreakCode.COST, BreakCode.OBJECTIVE}


def test_peaks_outside_high_load_windows_do_not_count_and_inside_they_do() -> None:
    scenario, plan = planned("high-load-windows")
    assert scenario.tariff is not None
    (charge,) = scenario.tariff.demand_charges
    always = replace(scenario, tariff=replace(scenario.tariff, demand_charges=(replace(charge, windows=(Window(),)),)))

    assert audit(scenario, plan).passed
    assert BreakCode.PEAK_TOO_LOW in {one.code for one in audit(always, plan).breaks}


def test_a_limit_in_kva_counts_power_factors() -> None:
    """A plan that takes kVA for kW draws 16 kW: 5 + 16 / 0.9 = 22.8 kVA of 20."""
    scenario, plan = planned("apparent-power")
    evses = tuple(replace(evse, power_factor=1.0) for evse in scenario.site.evses)
    loads = tuple(replace(load, power_factor=1.0) for load in scenario.site.base_loads)
    blind = optimize(replace(scenario, site=replace(scenario.site, evses=evses, base_loads=loads)))

    assert audit(scenario, plan).passed
    assert blind.sessions[0].charge_power_kw == pytest.approx([16.0])
    assert {one.code for one in audit(scenario, blind).breaks} == {BreakCode.IMPORT_LIMIT, BreakCode.NODE_PLAN}


def test_below_a_limit_in_kva_loads_that_are_high_at_different_times_each_count_at_their_highest() -> None:
    """After the first day, where periods are not cut at steps: 2 kW in one half of the hour, 2 kW in the other, at 0.8.
    With each at its highest that is 4 / 0.8 = 5 kVA."""
    scenario, _ = planned("apparent-power")
    (load,), (van,), day = scenario.site.base_loads, scenario.sessions, timedelta(days=1)
    assert van.departure is not None
    noon, half = van.arrival + day, van.arrival + day + timedelta(minutes=30)
    early = replace(load, expected_kw=(Step(start=van.arrival, value=2.0), Step(start=half, value=0.0)))
    late = replace(load, expected_kw=(Step(start=van.arrival, value=0.0), Step(start=half, value=2.0)))
    scenario = replace(
        scenario,
        site=replace(scenario.site, base_loads=(early, late)),
        sessions=(replace(van, arrival=noon, departure=van.departure + day),),
        horizon=Horizon(start=van.arrival, stretches=(Stretch(count=25, minutes=60.0),)),
    )
    plan = optimize(scenario)

    assert audit(scenario, plan).passed
    assert plan.sessions[0].charge_power_kw == pytest.approx([13.5])


WAYS: dict[str, Callable[[Scenario], Schedule]] = {
    "equal share": lambda site: heuristic(site, Method.EQUAL_SHARE),
    "fail-safe": lambda site: fail_safe_plan(site, fail_safe_shares(site)),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_other_way_of_planning_keeps_a_limit_in_kva(way: str) -> None:
    scenario, _ = planned("apparent-power")
    plan = WAYS[way](scenario)

    assert audit(scenario, plan).passed
    assert plan.sessions[0].charge_power_kw == pytest.approx([13.5])
