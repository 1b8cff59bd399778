"""Offers that EVSEs and cars can follow: what is sent is 0 or a level, limits count it, and cars are not worn out.

Unless told otherwise a yard of bays on three phases at 230 V: 6 A are 4.14 kW, 16 A are 11.04 kW.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import numpy as np
import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.installed import Installed, OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule, SessionPlan
from models.domain.session import Session, Vehicle
from models.domain.setpoints import OfferHistory, SetpointRules
from models.domain.signal import Direction, Event, Rebound
from models.domain.site import Allocator, BaseLoad, CurrentType, Evse, GridNode, PowerCabinet, PvPlant, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Step
from optimizer.audit import audit
from optimizer.completing import complete
from optimizer.heuristics import heuristic
from optimizer.heuristics.planning import settled
from optimizer.heuristics.rounding import Rounded
from optimizer.heuristics.wanted import worth_more
from optimizer.instance import instance_of
from optimizer.ladder import Standing, best_plan
from optimizer.optimize import optimize
from optimizer.rungs import SIMPLE_RULES
from optimizer.setpoints import bounds_of, grown, rounded_again, rounded_offers
from optimizer.settings import Settings
from tests.strategies import SeededDice, random_scenario, with_rules

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LEAST_KW, MOST_KW = 4.14, 11.04
ONLY_NEAR = Settings(tail=False)
NO_RULES_OF_TIME = SetpointRules(max_starts=None, min_on_minutes=0.0, min_off_minutes=0.0)


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def yard(
    limit_kw: float, *cars: Session, rules: SetpointRules | None = NO_RULES_OF_TIME, prices: tuple[float, ...] = (0.2,)
) -> Scenario:
    """Hours from noon on, in quarters, each hour with a price of its own; a missing kWh costs 2 EUR."""
    steps = tuple(Step(start=after(k), value=price) for k, price in enumerate(prices))
    return Scenario(
        site=Site(
            id="yard",
            nodes=(GridNode(id="grid", import_limit_kw=limit_kw, continuous_factor=1.0),),
            evses=tuple(Evse(id=car.evse, node="grid", max_current_a=16.0) for car in cars),
            voltage_v=230.0,
            tiers=(Tier(id="all", value_of_target_per_kwh=2.0),),
            setpoints=rules,
        ),
        sessions=cars,
        tariff=Tariff(currency="EUR", import_price=PriceSeries(steps=steps, end=after(len(prices)))),
        horizon=Horizon(start=NOON, stretches=(Stretch(count=4 * len(prices), minutes=15.0),)),
    )


def car(name: str, energy_kwh: float, *, until_h: float = 1.0, **more: Any) -> Session:
    return Session(
        id=name, evse=f"bay-{name}", arrival=NOON, departure=after(until_h), energy_target_kwh=energy_kwh, **more
    )


def of(schedule: Schedule, name: str) -> SessionPlan:
    (plan,) = (plan for plan in schedule.sessions if plan.session_id == name)
    return plan


def test_a_car_that_lacks_0_3_kwh_is_offered_6_a_and_the_limit_counts_them() -> None:
    """0.3 kWh in a quarter of an hour are 1.2 kW; 4.14 kW of 5 kW are taken, so nobody else fits beside it."""
    plan = optimize(yard(5.0, car("a", 0.3)))

    a = of(plan, "a")
    assert a.limit_kw.tolist() == pytest.approx([LEAST_KW, 0.0, 0.0, 0.0])
    assert a.charge_power_kw.tolist() == pytest.approx([1.2, 0.0, 0.0, 0.0])
    assert plan.nodes[0].guaranteed_kw[0] == pytest.approx(LEAST_KW)
    assert plan.nodes[0].expected_kw[0] == pytest.approx(1.2)


def test_without_rules_a_plan_is_what_it_was() -> None:
    plan = optimize(yard(5.0, car("a", 0.3), rules=None))

    assert of(plan, "a").offered_power_kw is None
    assert of(plan, "a").limit_kw.tolist() == pytest.approx([1.2, 0.0, 0.0, 0.0])


def test_two_cars_under_6_kw_take_turns_because_two_minima_do_not_fit() -> None:
    """Together they could draw 3 kW each all the time; offered are 4.14 kW or more to one of them at a time."""
    plan = optimize(yard(6.0, car("a", 3.0), car("b", 3.0)))

    offers = np.array([of(plan, name).limit_kw for name in ("a", "b")])
    assert ((offers > 0).sum(axis=0) <= 1).all()
    assert (offers[offers > 0] >= LEAST_KW - 1e-9).all()
    assert sum(s.energy_kwh for s in plan.sessions) == pytest.approx(6.0)


def test_an_evse_with_pilot_levels_is_offered_one_of_them() -> None:
    """8 kW lie between 8 A (5.52 kW) and 16 A (11.04 kW): two quarters of 5.52 and the rest are as good as 8 kW."""
    scenario = yard(8.0, car("a", 5.0))
    evse = replace(scenario.site.evses[0], pilot_levels_a=(0.0, 8.0, 16.0))
    plan = optimize(replace(scenario, site=replace(scenario.site, evses=(evse,))))

    assert set(np.round(of(plan, "a").limit_kw, 2)) <= {0.0, 5.52}
    assert of(plan, "a").energy_kwh == pytest.approx(5.0)


def test_a_car_that_takes_less_than_6_a_is_offered_6_a() -> None:
    slow = Vehicle(id="slow", max_charge_kw=2.0)
    plan = optimize(yard(5.0, car("a", 1.0, vehicle=slow)))

    assert of(plan, "a").limit_kw[0] == pytest.approx(LEAST_KW)
    assert of(plan, "a").charge_power_kw[0] == pytest.approx(2.0)


def test_what_runs_is_not_paused_before_its_time_though_energy_is_cheaper_later() -> None:
    """On since 11:55 with 40 minutes to go: the dear hour costs 6 A until 12:35, then the cheap one does the rest."""
    rules = SetpointRules(max_starts=3, min_on_minutes=40.0, min_off_minutes=15.0)
    running = OfferHistory(on=True, since=NOON - timedelta(minutes=5), starts=1)
    told = car("a", 8.0, until_h=2.0)
    told = replace(told, arrival=NOON - timedelta(minutes=5), offer_history=running)
    plan = optimize(yard(20.0, told, rules=rules, prices=(0.5, 0.1)))

    offers = of(plan, "a").limit_kw
    assert offers[:3].tolist() == pytest.approx([LEAST_KW] * 3)
    assert offers[3] == 0.0
    assert of(plan, "a").energy_kwh == pytest.approx(8.0)


def test_a_session_whose_starts_are_used_up_is_not_started_again() -> None:
    paused = OfferHistory(on=False, since=NOON - timedelta(minutes=30), starts=3)
    told = replace(car("a", 5.0), arrival=NOON - timedelta(hours=1), offer_history=paused)
    plan = optimize(yard(20.0, told, rules=SetpointRules()))

    assert of(plan, "a").limit_kw.tolist() == [0.0] * 4


def test_a_session_whose_starts_are_used_up_is_not_counted_on_for_later_either() -> None:
    """Only a quarter is near. The cheap second hour has room for one car, and only ``b`` can still be started."""
    paused = OfferHistory(on=False, since=NOON - timedelta(minutes=30), starts=3)
    spent = replace(car("a", 10.0, until_h=2.0), arrival=NOON - timedelta(hours=1), offer_history=paused)
    scenario = yard(12.0, spent, car("b", 10.0, until_h=2.0), rules=SetpointRules(near_h=0.25), prices=(0.5, 0.1))

    for plan in (optimize(scenario), optimize(scenario, ONLY_NEAR)):
        assert of(plan, "a").energy_kwh == 0.0
        assert of(plan, "b").energy_kwh == pytest.approx(10.0)
        assert plan.costs["energy_import"] == pytest.approx(1.0)
        assert audit(scenario, plan).passed


def on_its_last_start(energy_kwh: float) -> Session:
    running = OfferHistory(on=True, since=NOON - timedelta(hours=1), starts=3)
    return replace(car("a", energy_kwh, until_h=2.0), arrival=NOON - timedelta(hours=2), offer_history=running)


def test_a_car_that_could_not_be_started_again_goes_on_though_energy_is_cheaper_later() -> None:
    """Paused now it would never get its 8 kWh; where only a quarter is near it goes on with 6 A."""
    scenario = yard(20.0, on_its_last_start(8.0), rules=SetpointRules(), prices=(0.5, 0.1))
    plans = optimize(scenario), optimize(near_only(scenario), ONLY_NEAR)
    assert all(of(plan, "a").energy_kwh == pytest.approx(8.0) for plan in plans)
    assert of(plans[1], "a").limit_kw[0] == pytest.approx(LEAST_KW)


def test_a_car_on_its_last_start_is_paused_where_energy_costs_more_than_missing_it() -> None:
    plan = optimize(yard(20.0, on_its_last_start(8.0), rules=SetpointRules(), prices=(2.5, 2.5)))
    assert of(plan, "a").energy_kwh == 0.0


def test_of_cars_that_must_go_on_and_do_not_fit_beside_each_other_one_is_paused() -> None:
    """Two minima of 4.14 kW under 5 kW: limits come before S5, and there is a plan."""
    cars = [replace(on_its_last_start(4.0), id=name, evse=f"bay-{name}") for name in ("a", "b")]
    scenario = yard(5.0, *cars, rules=SetpointRules(), prices=(0.2, 0.2))
    plan = optimize(scenario)
    assert sorted(one.limit_kw[0] > 0.0 for one in plan.sessions) == [False, True]
    assert audit(scenario, plan).passed


def near_only(scenario: Scenario) -> Scenario:
    """The same, with a quarter of an hour that is near."""
    rules = scenario.site.setpoints
    assert rules is not None
    return replace(scenario, site=replace(scenario.site, setpoints=replace(rules, near_h=0.25)))


def test_a_plan_of_which_only_the_first_setpoints_are_carried_out_wants_no_more_than_there_is_to_want() -> None:
    """0.3 kWh are offered 6 A in the first quarter, which is all; what was planned for later goes."""
    scenario = near_only(yard(5.0, car("a", 0.3), car("b", 3.0)))
    plan = optimize(scenario, ONLY_NEAR)
    assert audit(scenario, plan).passed
    assert of(plan, "a").energy_kwh + of(plan, "b").energy_kwh <= 3.3 + 1e-6
    assert sum(one.limit_kw[0] for one in plan.sessions) == pytest.approx(LEAST_KW, abs=1.0)


def outlets(cabinet: PowerCabinet, *cars: Session) -> Scenario:
    """DC outlets of 50 kW behind one cabinet."""
    scenario = yard(500.0, *cars)
    evses = tuple(
        Evse(id=e.id, node="grid", current=CurrentType.DC, max_power_kw=50.0, conversion_efficiency=1.0)
        for e in scenario.site.evses
    )
    return replace(scenario, site=replace(scenario.site, evses=evses, cabinets=(cabinet,)))


CABINET = PowerCabinet(
    id="c", node="grid", evses=("bay-a", "bay-b"), total_kw=60.0, module_kw=20.0, allocates=Allocator.OPTIMIZER
)


def test_powers_are_chosen_anew_for_the_runs_of_a_rounding_so_that_the_connection_is_filled() -> None:
    """12 kWh in one hour at 0.2, 1 of 13 is missed: a walk through time alone leaves 0.3 kWh of the 12 unused."""
    rules = SetpointRules(max_starts=2, min_on_minutes=30.0, min_off_minutes=15.0)
    scenario = yard(12.0, car("a", 6.0), car("b", 7.0), rules=rules)

    plan = optimize(scenario)

    assert plan.objective == pytest.approx(12.0 * 0.2 + 1.0 * 2.0)
    assert audit(scenario, plan).passed


def test_who_is_rounded_again_starts_when_the_runs_say_and_not_as_soon_as_there_is_room() -> None:
    instance = instance_of(complete(yard(50.0, car("a", 2.0))).scenario)
    in_the_third_quarter = settled(instance, np.array([0.0, 0.0, 8.0, 0.0]), None)

    assert rounded_offers(instance, in_the_third_quarter).offered_kw.tolist() == [8.0, 0.0, 0.0, 0.0]
    assert rounded_again(instance, in_the_third_quarter).offered_kw.tolist() == [0.0, 0.0, 8.0, 0.0]


def ended_at_noon(limit_kw: float) -> Event:
    """For an hour after it the site's load may not be above a limit."""
    return Event(
        id="shed",
        start=NOON - timedelta(hours=1),
        end=NOON,
        direction=Direction.REDUCE,
        baseline_kw=0.0,
        rebound=Rebound(hours=1.0, limit_kw=limit_kw),
    )


def test_planned_sun_leaves_room_after_an_event_for_a_car_that_is_not_to_be_paused_yet() -> None:
    """Building 3 kW, sun 5, car 4.14: 2.14 kW of the 6 that are allowed; without the sun it would be 7.14."""
    rules = SetpointRules(max_starts=3, min_on_minutes=40.0, min_off_minutes=15.0)
    running = OfferHistory(on=True, since=NOON - timedelta(minutes=5), starts=1)
    told = replace(car("a", 8.0, until_h=2.0), arrival=NOON - timedelta(minutes=5), offer_history=running)
    scenario = yard(20.0, told, rules=rules, prices=(0.5, 0.1))
    sunny = replace(
        scenario.site,
        base_loads=(BaseLoad(node="grid", expected_kw=3.0),),
        pv_plants=(PvPlant(id="roof", node="grid", expected_kw=5.0, curtailable=True),),
    )
    plan = optimize(replace(scenario, site=sunny, signals=(ended_at_noon(6.0),)))

    assert of(plan, "a").limit_kw[:3].tolist() == pytest.approx([LEAST_KW] * 3)


def test_what_flows_at_an_evse_out_of_reach_counts_in_the_load_after_an_event() -> None:
    """8 kW are allowed. A car that nobody can stop is planned with 5.5 of them, and 2.5 are no 6 A for the other."""
    away = Installed(evse="bay-away", reachable=False, offline=OfflineBehaviour.FULL)
    there = yard(50.0, car("away", 5.5), car("b", 5.0))
    scenario = replace(there, installed=(away,), signals=(ended_at_noon(8.0),))
    plan = optimize(scenario)

    assert audit(scenario, plan).passed
    assert (plan.grid_import_kw <= 8.0 + 1e-6).all()


@pytest.mark.parametrize("seed", [3461, 4631, 8167])
def test_sites_whose_offers_once_disagreed_with_the_load_after_an_event_pass_their_audit(seed: int) -> None:
    scenario = random_scenario(seed)
    assert audit(scenario, optimize(scenario)).passed


def test_a_run_grows_by_what_can_be_offered_beside_it_and_by_no_crumbs() -> None:
    """On in the second of four quarters. 5 kW are wanted after it, 4 kW, which are no 6 A, before it, and 4 at last."""
    instance = instance_of(complete(yard(20.0, car("a", 9.0))).scenario)
    second = np.array([0.0, LEAST_KW, 0.0, 0.0])
    longer = grown(instance, Rounded(second, second), np.array([4.0, 5.0, 5.0, 4.0]))

    assert longer.offered_kw.tolist() == pytest.approx([0.0, LEAST_KW, LEAST_KW, 0.0])


def test_a_run_does_not_grow_across_a_gap() -> None:
    """Periods of five minutes; on in the third. What is wanted in the first and the fifth lies beyond a quiet one."""
    told = yard(20.0, car("a", 9.0))
    fine = replace(told, horizon=Horizon(start=NOON, stretches=(Stretch(count=12, minutes=5.0),)))
    third = np.where(np.arange(12) == 2, LEAST_KW, 0.0)
    wanted = np.where(np.isin(np.arange(12), [0, 4]), MOST_KW, 0.0)

    longer = grown(instance_of(complete(fine).scenario), Rounded(third, third), wanted)

    assert longer.offered_kw.tolist() == third.tolist()


def test_energy_of_a_site_that_feeds_in_costs_what_it_would_have_earned() -> None:
    """Sun gives 9 kW until one. The car takes 4.14 of them, which costs nothing, and more would cost nothing as well,
    though import has its price; at one the sun is gone, and a kWh costs more than any that it is planned to take."""
    told = yard(20.0, car("a", 4.14, until_h=2.0), prices=(0.5, 0.1))
    sun = PvPlant(id="roof", node="grid", expected_kw=(Step(start=NOON, value=9.0), Step(start=after(1.0), value=0.0)))
    instance = instance_of(complete(replace(told, site=replace(told.site, pv_plants=(sun,)))).scenario)
    plan = settled(instance, np.array([LEAST_KW] * 8) * (np.arange(8) < 4), None)

    assert worth_more(instance, plan).tolist() == [True] * 4 + [False] * 4


def test_a_run_grows_by_a_quarter_of_an_hour_at_a_time_and_not_for_a_car_that_lacks_nothing() -> None:
    wanted = np.array([11.0, 11.0, 11.0, 11.0])
    second = np.array([0.0, MOST_KW, 0.0, 0.0])
    hungry = instance_of(complete(yard(20.0, car("a", 9.0))).scenario)
    content = instance_of(complete(yard(20.0, car("a", MOST_KW / 4))).scenario)

    assert (grown(hungry, Rounded(second, second), wanted).offered_kw > 0.0).tolist() == [True, True, True, False]
    assert (grown(content, Rounded(second, second), wanted).offered_kw > 0.0).tolist() == [False, True, False, False]


def test_who_goes_on_has_to_have_no_more_than_it_can_take() -> None:
    """3 kWh at 11.04 kW are a quarter and a bit: 2.76 kWh, and 0.24 kWh that make 0.96 kW of the next one."""
    scenario = yard(20.0, on_its_last_start(3.0), rules=SetpointRules(), prices=(0.2, 0.2))

    bounds = bounds_of(instance_of(complete(scenario).scenario))

    assert bounds is not None
    assert bounds.least_kw[:4] == pytest.approx([LEAST_KW, 0.96, 0.0, 0.0])


@pytest.mark.parametrize(("gives_back_kw", "most_kw"), [(7.0, inf), (None, 0.0)])
def test_a_car_whose_energy_is_followed_may_always_be_charged(gives_back_kw: float | None, most_kw: float) -> None:
    """Its starts are used up, but rules of offers do not hold for it: it is followed because it may give back."""
    paused = OfferHistory(on=False, since=NOON - timedelta(minutes=4), starts=3)
    vehicle = Vehicle(id="v", battery_capacity_kwh=60.0, max_discharge_kw=7.0)
    told = replace(on_its_last_start(6.0), offer_history=paused, vehicle=vehicle, soc=0.5, allows_discharge=True)
    other = replace(car("b", 1.0), arrival=NOON - timedelta(hours=2), offer_history=paused)
    scenario = yard(20.0, told, other, rules=SetpointRules(), prices=(0.2, 0.2))
    evses = tuple(replace(evse, max_discharge_kw=gives_back_kw) for evse in scenario.site.evses)
    instance = instance_of(complete(replace(scenario, site=replace(scenario.site, evses=evses))).scenario)

    bounds = bounds_of(instance)

    assert bounds is not None
    assert set(bounds.most_kw[instance.cells.session == 0].tolist()) == {most_kw}
    assert set(bounds.most_kw[instance.cells.session == 1].tolist()) == {0.0}


def test_modules_are_given_whole() -> None:
    """Three modules of 20 kW for two cars: 40 and 20 kW, never 30 and 30; four quarters bring at least 50 kWh."""
    plan = optimize(outlets(CABINET, car("a", 30.0), car("b", 30.0)))

    offers = np.array([of(plan, name).limit_kw for name in ("a", "b")])
    assert set(np.round(offers.ravel(), 6)) <= {0.0, 20.0, 40.0, 50.0}
    assert (np.ceil(offers / 20.0).sum(axis=0) <= 3).all()
    assert sum(s.energy_kwh for s in plan.sessions) >= 50.0 - 1e-6


def test_an_outlet_has_no_more_modules_than_its_cabinet() -> None:
    """Three of 20 kW, an outlet and a car of a million kW: levels end at 60 kW, and are not counted to the million."""
    scenario = outlets(CABINET, car("a", 30.0, vehicle=Vehicle(id="v", max_charge_kw=1e6)), car("b", 1.0))
    evses = tuple(replace(evse, max_power_kw=1e6) for evse in scenario.site.evses)
    instance = instance_of(complete(replace(scenario, site=replace(scenario.site, evses=evses))).scenario)

    assert instance.offers is not None
    assert instance.offers.ladders[0].levels_kw == pytest.approx((20.0, 40.0, 60.0))


def test_a_cabinet_that_feeds_one_outlet_serves_one_car_after_the_other() -> None:
    one = replace(CABINET, module_kw=None, outlets_at_once=1, switch_over_s=90.0)
    plan = optimize(outlets(one, car("a", 20.0), car("b", 20.0)))

    offers = np.array([of(plan, name).limit_kw for name in ("a", "b")])
    assert ((offers > 0).sum(axis=0) <= 1).all()
    assert audit(outlets(one, car("a", 20.0), car("b", 20.0)), plan).passed


def test_a_car_that_can_use_no_level_of_its_evse_is_offered_nothing_where_nothing_is_limited() -> None:
    """The one level is 32 A and the car takes 10 A at most."""
    scenario = yard(6.0, car("a", 3.0, vehicle=Vehicle(id="v", max_current_a=10.0)), rules=SetpointRules())
    nodes = tuple(replace(node, import_limit_kw=None) for node in scenario.site.nodes)
    evses = tuple(replace(evse, pilot_levels_a=(0.0, 32.0)) for evse in scenario.site.evses)
    scenario = replace(scenario, site=replace(scenario.site, nodes=nodes, evses=evses))

    plan = optimize(scenario)

    assert of(plan, "a").limit_kw.max() == 0.0
    assert audit(scenario, plan).passed


def test_after_the_near_hours_powers_are_as_small_as_they_like() -> None:
    """A quarter of an hour is near; then 1.2 kW for whoever wants it."""
    rules = replace(NO_RULES_OF_TIME, near_h=0.25)
    plan = optimize(yard(1.2, car("a", 0.3), rules=rules))

    assert of(plan, "a").limit_kw.tolist() == pytest.approx([0.0, 1.2, 0.0, 0.0])


def test_the_money_answer_is_rounded_as_well_so_that_a_late_solver_leaves_a_plan_that_can_be_sent() -> None:
    scenario, told = yard(6.0, car("a", 3.0), car("b", 3.0), rules=SetpointRules()), []

    optimize(scenario, at_money=told.append)

    (plan,) = told
    assert plan.method is Method.FEASIBLE_AT_DEADLINE
    assert audit(scenario, plan).passed


def test_every_rung_of_the_ladder_can_be_sent() -> None:
    scenario = yard(6.0, car("a", 3.0), car("b", 3.0), rules=SetpointRules())

    found = best_plan(scenario, deadline_s=60.0, previous=optimize(scenario, Settings(setpoints=False)))

    assert found.audit.passed
    assert Standing.REFUSED not in {candidate.standing for candidate in found.candidates}


def site_with_rules(seed: int) -> Scenario:
    return with_rules(SeededDice(np.random.default_rng([seed, 77])), random_scenario(seed))


@pytest.mark.parametrize("seed", range(40))
def test_plans_of_simple_rules_pass_their_audit_whatever_the_site_asks_of_offers(seed: int) -> None:
    scenario = site_with_rules(seed)

    for method in SIMPLE_RULES:
        report = audit(scenario, heuristic(scenario, method))
        assert report.passed, (method, report.breaks[:1])


@pytest.mark.parametrize("seed", range(40, 120))
def test_the_optimum_passes_its_audit_whatever_the_site_asks_of_offers(seed: int) -> None:
    scenario = site_with_rules(seed)

    report = audit(scenario, optimize(scenario))

    assert report.passed, report.breaks[:1]
