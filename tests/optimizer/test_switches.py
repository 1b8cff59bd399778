"""Charging and giving back, import and export: never both at once, and the best plan among those."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyomo.environ as pyo
import pytest
from pyomo.contrib.appsi.solvers import Highs

from models.domain.completion import complete
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import Battery, Evse, GridNode, Site
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Step
from optimizer.audit import audit
from optimizer.backends.highs import solve
from optimizer.counting import credited_in_vain
from optimizer.goals import GoalSolver
from optimizer.instance import Instance, instance_of
from optimizer.optimize import formulate, optimize
from optimizer.settings import Settings
from tests.oracle.paper_cars import paper_cars
from tests.oracle.paper_model import paper_model
from tests.oracle.paper_time import label
from tests.strategies import random_scenario

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MOST_KW = 1e3
SEEDS = (1, 24, 54, 95, 118, 145, 223, 284, 390)
"""Of random sites at which some answer of the linear program has both."""
COUNTING_SEEDS = (2, 80, 112, 125, 154, 167, 236, 243)
"""Of random sites at which the linear program is paid for more of an event than its loads deliver."""


@pytest.mark.parametrize("seed", SEEDS)
def test_one_at_a_time_costs_what_binaries_for_everybody_make_it_cost(seed: int) -> None:
    """Beside the linear program, because a constant in the objective is not the paper's business."""
    scenario = plain(random_scenario(seed))
    solved = GoalSolver(instance_of(complete(scenario).scenario), Settings()).solve()
    free = solve(formulate(scenario).program, Settings())

    assert any("_excludes" in name for name in solved.money_program.rows)
    assert solved.money.objective - free.objective == pytest.approx(dearer_on_paper(scenario), abs=1e-3)


@pytest.mark.parametrize("seed", COUNTING_SEEDS)
def test_intervals_that_count_for_nothing_cost_what_binaries_for_all_of_them_make_them_cost(seed: int) -> None:
    scenario = plain(random_scenario(seed))
    solved = GoalSolver(instance_of(complete(scenario).scenario), Settings()).solve()
    program = formulate(scenario).program
    free = solve(program, Settings())

    assert credited_in_vain(program, solved_instance(scenario), free.values)
    assert solved.money.objective - free.objective == pytest.approx(dearer_on_paper(scenario), abs=1e-3)
    assert audit(scenario, optimize(scenario)).passed


def solved_instance(scenario: Scenario) -> Instance:
    return instance_of(complete(scenario).scenario)


def plain(scenario: Scenario) -> Scenario:
    """Without limits in A, whose tangents are found on the way, and without promises, which come before money."""
    nodes = tuple(replace(node, current_limit_a=None, transformer=None) for node in scenario.site.nodes)
    sessions = tuple(replace(session, energy_minimum_kwh=0.0, soc_minimum=None) for session in scenario.sessions)
    return replace(scenario, site=replace(scenario.site, nodes=nodes), sessions=sessions)


def dearer_on_paper(scenario: Scenario) -> float:
    """By how much a binary for every pair there is raises the cost, by another program and another way to HiGHS."""
    completed = complete(scenario).scenario
    instants = [float(s) for s in instance_of(completed).periods.instants_s]
    model = paper_model(completed, instants)
    free = least_cost(model)
    _exclude(model, completed, instants)
    return least_cost(model) - free


def least_cost(model: pyo.ConcreteModel) -> float:
    solver = Highs()
    solver.highs_options = {"threads": 1, "mip_rel_gap": 1e-7}
    solver.config.load_solution = False
    return float(solver.solve(model).best_feasible_objective)


def _exclude(model: pyo.ConcreteModel, completed: Scenario, instants: list[float]) -> None:
    """Charging or giving back, import or export; a car gives back only what is above its reserve.

    And whether a settlement interval counts is yes or no.
    """
    for counts in model.event_counts.values():
        counts.domain = pyo.Binary
    cars, after = paper_cars(completed), dict(pairwise(instants))
    begins = {label(start): start for start in instants}
    model.either = pyo.ConstraintList()
    for number, (taken, given) in enumerate(
        (
            (model.charge_power, model.discharge_power),
            (model.storage_charge, model.storage_discharge),
            (model.grid_import, model.grid_export),
        )
    ):
        chosen = pyo.Var(list(given), domain=pyo.Binary)
        model.add_component(f"chosen{number}", chosen)
        for at in given:
            model.either.add(taken[at] <= MOST_KW * (1 - chosen[at]))
            model.either.add(given[at] <= (given[at].ub or 0.0) * chosen[at])
            if taken is model.charge_power:
                start = begins[at[1]]
                end = after[start]
                around = [(start, end), *([(end, after[end])] if end in after and (at[0], label(end)) in given else [])]
                model.either.add(model.energy[at[0], label(end)] >= cars[at[0]].floor_kwh(around) * chosen[at])


def hours(*prices: float) -> PriceSeries:
    steps = tuple(Step(start=NOON + timedelta(hours=k), value=price) for k, price in enumerate(prices))
    return PriceSeries(steps=steps, end=NOON + timedelta(hours=len(prices)))


def yard(*prices: float, export: float = 0.0, **of_session: object) -> Scenario:
    """One car of 60 kWh, half full, that takes and gives 10 kW at 0.9 and 0.9, for as many hours as prices."""
    vehicle = Vehicle(
        id="van",
        battery_capacity_kwh=60.0,
        charge_efficiency=0.9,
        discharge_efficiency=0.9,
        max_charge_kw=10.0,
        max_discharge_kw=10.0,
    )
    session = Session(
        id="van",
        evse="kerb",
        arrival=NOON,
        departure=NOON + timedelta(hours=len(prices)),
        vehicle=vehicle,
        soc=0.5,
        soc_target=0.5,
        soc_reserve=0.2,
        allows_discharge=True,
    )
    return Scenario(
        site=Site(
            id="yard",
            nodes=(GridNode(id="grid", continuous_factor=1.0),),
            evses=(Evse(id="kerb", node="grid", max_current_a=32.0, max_discharge_kw=10.0),),
        ),
        sessions=(replace(session, **of_session),),  # type: ignore[arg-type]  # names of its fields
        tariff=Tariff(currency="EUR", import_price=hours(*prices), export_price=export),
        horizon=Horizon(start=NOON, stretches=(Stretch(count=len(prices), minutes=60.0),)),
    )


def test_a_car_does_not_burn_energy_that_has_a_price_below_0() -> None:
    """Both at once would draw 10 kW and give back 8.1 for as long as one likes. One at a time it takes 10 kW in each
    hour: 27 kWh fit into the 30 that are free, and giving back would cost as well."""
    plan = optimize(yard(-0.1, -0.1, -0.1, export=-0.1))

    (van,) = plan.sessions
    assert (van.charge_power_kw * van.given_back_kw).max() == 0.0
    assert plan.cost == pytest.approx(-3.0, abs=1e-6)
    assert audit(yard(-0.1, -0.1, -0.1, export=-0.1), plan).passed


def test_buying_in_order_to_sell_in_the_same_hour_is_impossible() -> None:
    """Sold at 0.40, bought at 0.10: 10 kWh in the first hour become 8.1 kWh in the second; 1.00 EUR against 3.24. With
    30 kWh inside at first and at last, one hour each way: 10 kW in, 8.1 out."""
    plan = optimize(yard(0.1, 0.1, export=0.4))

    assert plan.grid_import_kw @ plan.grid_export_kw == 0.0
    assert plan.cost == pytest.approx(1.0 - 3.24, abs=1e-6)


def test_a_battery_does_not_burn_energy_that_has_a_price_below_0() -> None:
    """It may draw 4 kW in the only hour, and then holds 3.6 kWh more."""
    bank = Battery(
        id="bank",
        node="grid",
        capacity_kwh=20.0,
        max_charge_kw=4.0,
        max_discharge_kw=4.0,
        charge_efficiency=0.9,
        discharge_efficiency=0.9,
        energy_at_start_kwh=10.0,
        terminal_value_per_kwh=0.0,
    )
    scenario = yard(-0.1, allows_discharge=False, soc_target=0.5)
    plan = optimize(replace(scenario, site=replace(scenario.site, batteries=(bank,))))

    assert (plan.storage[0].charge_power_kw * plan.storage[0].discharge_power_kw).max() == 0.0
    assert plan.cost == pytest.approx(-0.4, abs=1e-6)


def test_below_its_reserve_a_car_gives_nothing_back_even_when_it_pays() -> None:
    """6 kWh inside, 12 are the reserve. After a cheap hour 15 are inside, so 3 may leave: 2.7 at the meter. After the
    next one 21 are, so 9 may: 8.1 at the meter. Down to the 6 kWh of arrival would be 8.1 and 8.1."""
    plan = optimize(yard(0.1, 0.5, 0.1, 0.6, export=0.5, soc=0.1, soc_target=0.1))

    (van,) = plan.sessions
    inside = van.energy_in_battery_kwh
    assert inside is not None
    assert van.given_back_kw == pytest.approx([0.0, 2.7, 0.0, 8.1], abs=1e-6)
    assert (inside[1:][van.given_back_kw > 1e-6] >= 12.0 - 1e-6).all()


def test_with_no_budget_for_binaries_everybody_is_held_to_what_it_does_more_of() -> None:
    scenario = yard(-0.1, -0.1, -0.1, export=-0.1)
    plan = optimize(scenario, Settings(switch_rounds=0))

    assert audit(scenario, plan).passed
    assert plan.cost <= 0.0


def test_where_nobody_has_both_no_binary_is_added() -> None:
    solved = GoalSolver(instance_of(complete(yard(0.1, 0.5, 0.1)).scenario), Settings()).solve()

    assert not [name for name in solved.money_program.rows if "_excludes" in name]
