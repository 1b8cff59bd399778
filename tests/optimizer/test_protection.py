"""Drivers who pay for time, or asked for fast charging, are slowed by hard limits alone; each case by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.guarantees import Guarantees
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method, SessionPlan
from models.domain.session import ChargingPreference, Session, TaperPoint, Vehicle
from models.domain.site import Evse, GridNode, LimitKind, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Step
from optimizer.audit import audit
from optimizer.completing import complete
from optimizer.explain import limitations_of
from optimizer.explain.setpoints import held
from optimizer.heuristics.planning import settled
from optimizer.instance import instance_of
from optimizer.ladder import best_plan
from optimizer.offering import Figure, before_money, is_better
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.strategies import random_scenario

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def car(name: str, need_kwh: float, **given: object) -> Session:
    fields = {"id": name, "evse": name, "arrival": NOON, "departure": NOON + 4 * HOUR} | given
    return Session(energy_target_kwh=need_kwh, **fields)  # type: ignore[arg-type]


def yard(*sessions: Session, limit_kw: float = 100.0, prices: tuple[float, ...] = (1.0, 1.0, 0.1, 0.1)) -> Scenario:
    """EVSEs of 10 kW below one limit, four hours with prices of their own, dear ones first unless told."""
    site = Site(
        id="yard",
        nodes=(GridNode(id="grid", import_limit_kw=limit_kw, limit_kind=LimitKind.CONTRACT),),
        evses=tuple(Evse(id=name, node="grid", max_power_kw=10.0) for name in ("a", "b")),
        tiers=(Tier(id="all", value_of_target_per_kwh=2.0),),
    )
    steps = tuple(Step(start=NOON + k * HOUR, value=price) for k, price in enumerate(prices))
    return Scenario(
        site=site,
        sessions=sessions,
        tariff=Tariff(currency="EUR", import_price=PriceSeries(steps=steps)),
        horizon=Horizon(start=NOON, stretches=(Stretch(count=4, minutes=60.0),)),
    )


def powers(scenario: Scenario) -> list[list[float]]:
    plan = optimize(scenario)
    assert audit(scenario, plan).passed
    return [session.charge_power_kw.round(3).tolist() for session in plan.sessions]


def test_a_driver_who_pays_for_time_is_not_put_off_to_cheap_hours_and_others_are() -> None:
    scenario = yard(car("a", 15.0, time_price_per_h=3.0), car("b", 15.0))

    assert powers(scenario) == [[10.0, 5.0, 0.0, 0.0], [0.0, 0.0, 10.0, 5.0]]


def test_without_protection_and_without_a_price_of_time_the_cheap_hours_count() -> None:
    paying = yard(car("a", 15.0, time_price_per_h=3.0))
    off = replace(paying, site=replace(paying.site, protect_time_priced_sessions=False))

    assert powers(off) == [[0.0, 0.0, 10.0, 5.0]]
    assert powers(yard(car("a", 15.0, time_price_per_h=0.0))) == [[0.0, 0.0, 10.0, 5.0]]


def test_fast_is_never_deferred_whatever_the_site_does_with_prices_of_time() -> None:
    fast = yard(car("a", 15.0, charging_preference=ChargingPreference.FAST))
    off = replace(fast, site=replace(fast.site, protect_time_priced_sessions=False))

    assert powers(off) == [[10.0, 5.0, 0.0, 0.0]]


def test_a_hard_limit_slows_a_protected_session_and_the_energy_comes_as_soon_as_there_is_room() -> None:
    """6 kW for all: a is held at 6 kW and goes on at 6 kW in the next dear hour, not in the cheap ones."""
    scenario = yard(car("a", 15.0, time_price_per_h=3.0), limit_kw=6.0)

    assert powers(scenario) == [[6.0, 6.0, 3.0, 0.0]]


def test_a_promise_to_another_driver_comes_before_protection() -> None:
    """b leaves at 13:00 with 8 kWh that were promised; of 10 kW, 2 are left for a in that hour."""
    promised = car("b", 8.0, energy_minimum_kwh=8.0, departure=NOON + HOUR)
    scenario = yard(car("a", 12.0, time_price_per_h=3.0), promised, limit_kw=10.0)

    assert powers(scenario) == [[2.0, 10.0, 0.0, 0.0], [8.0]]


def test_a_promise_that_cannot_be_kept_takes_nothing_from_protection_but_its_own_energy() -> None:
    """8 kWh were promised to b until 13:00 and 6 kW are there: it gets these, then a gets them at once, dear or not."""
    promised = car("b", 8.0, energy_minimum_kwh=8.0, departure=NOON + HOUR)
    scenario = yard(car("a", 9.0, time_price_per_h=3.0), promised, limit_kw=6.0)

    assert powers(scenario) == [[0.0, 6.0, 3.0, 0.0], [6.0]]


def test_protection_comes_before_what_others_wish() -> None:
    scenario = yard(car("a", 20.0, time_price_per_h=3.0), car("b", 20.0, departure=NOON + 2 * HOUR), limit_kw=10.0)

    assert powers(scenario) == [[10.0, 10.0, 0.0, 0.0], [0.0, 0.0]]


def test_a_protected_car_that_could_give_back_does_not_and_the_plan_says_so() -> None:
    van = Vehicle(id="van", battery_capacity_kwh=50.0, max_discharge_kw=10.0)
    given = {"vehicle": van, "soc": 0.5, "soc_target": 0.7, "allows_discharge": True, "time_price_per_h": 3.0}
    session = Session(id="a", evse="a", arrival=NOON, departure=NOON + 4 * HOUR, **given)  # type: ignore[arg-type]
    dear_last = yard(session, prices=(0.1, 0.1, 0.1, 2.0))
    evses = (replace(dear_last.site.evses[0], max_discharge_kw=10.0), dear_last.site.evses[1])
    scenario = replace(dear_last, site=replace(dear_last.site, evses=evses))

    plan = optimize(scenario)

    assert plan.sessions[0].given_back_kwh == 0.0
    assert any(told.what == "sessions[0].allows_discharge" for told in plan.assumptions)


def test_a_protected_car_with_a_charging_curve_ends_at_what_it_wants() -> None:
    """10 kWh from 25 of 50 on; paid prices would fill it up to 50, protection takes what is wanted and no more."""
    vehicle = Vehicle(
        id="car",
        battery_capacity_kwh=50.0,
        charge_efficiency=1.0,
        taper=(TaperPoint(soc=0.5, power_kw=10.0), TaperPoint(soc=1.0, power_kw=10.0)),
    )
    session = Session(
        id="a",
        evse="a",
        arrival=NOON,
        departure=NOON + 4 * HOUR,
        vehicle=vehicle,
        soc=0.5,
        soc_target=0.7,
        time_price_per_h=3.0,
    )

    assert powers(yard(session)) == [[10.0, 0.0, 0.0, 0.0]]


def test_cheap_drivers_wait_where_the_site_puts_nobody_off() -> None:
    rules = Guarantees(defer_gain_per_kwh=5.0)
    regular = yard(car("a", 15.0))
    at_once = replace(regular, site=replace(regular.site, guarantees=rules))
    cheap = replace(at_once, sessions=(replace(at_once.sessions[0], charging_preference=ChargingPreference.CHEAP),))

    assert powers(at_once) == [[10.0, 5.0, 0.0, 0.0]]
    assert powers(cheap) == [[0.0, 0.0, 10.0, 5.0]]


def test_the_ladder_does_not_take_a_cheaper_plan_that_puts_a_protected_session_off() -> None:
    """The plan before is of a time when nobody was protected, and costs 1.5 in place of 15."""
    scenario = yard(car("a", 15.0, time_price_per_h=3.0))
    waiting = optimize(replace(scenario, site=replace(scenario.site, protect_time_priced_sessions=False)))
    best = best_plan(scenario, settings=Settings(), deadline_s=20.0, previous=waiting)
    carried = next(one for one in best.candidates if one.method is Method.CARRIED_OVER)

    assert waiting.sessions[0].charge_power_kw.round(3).tolist() == [0.0, 0.0, 10.0, 5.0]
    assert best.schedule.sessions[0].charge_power_kw.round(3).tolist() == [10.0, 5.0, 0.0, 0.0]
    assert carried.reason == "puts protected sessions off"


def test_of_two_roundings_the_one_that_does_not_put_a_protected_session_off_is_better_whatever_it_costs() -> None:
    instance = instance_of(complete(yard(car("a", 15.0, time_price_per_h=3.0), car("b", 15.0))).scenario)

    def rounding(a: list[float], b: list[float]) -> list[Figure]:
        return before_money(instance, settled(instance, np.array(a + b), None))

    early, late = rounding([10.0, 5.0, 0.0, 0.0], [0.0] * 4), rounding([0.0, 0.0, 10.0, 5.0], [0.0] * 4)
    assert is_better([*early, (99.0, 0.0)], [*late, (1.0, 0.0)])
    assert not is_better([*late, (1.0, 0.0)], [*early, (99.0, 0.0)])
    others = rounding([10.0, 5.0, 0.0, 0.0], [0.0, 0.0, 10.0, 5.0])
    assert is_better([*others, (1.0, 0.0)], [*early, (99.0, 0.0)])


def test_what_holds_a_protected_session_is_the_limit_not_the_price() -> None:
    scenario = yard(car("a", 15.0, time_price_per_h=3.0), limit_kw=6.0)

    reasons = held(scenario, optimize(scenario))

    assert (reasons[0].by, reasons[0].causes) == ("limit", ("grid",))


def test_limitations_of_a_plan_are_when_it_holds_a_car_that_still_wants_something() -> None:
    """a is at 6 of 10 kW for two hours; in the third it gets all it lacks. b waits at nothing for the cheap hours."""
    scenario = yard(car("a", 15.0, time_price_per_h=3.0), car("b", 5.0), limit_kw=6.0)
    plan = optimize(scenario)

    lines = limitations_of(scenario, plan, held(scenario, plan))

    told = [(line.session, (line.start - NOON) / HOUR, (line.end - NOON) / HOUR) for line in lines]
    assert told == [("a", 0.0, 1.0), ("a", 1.0, 2.0), ("b", 0.0, 2.0), ("b", 2.0, 3.0)]
    assert [line.power_kw for line in lines] == pytest.approx([6.0, 6.0, 0.0, 3.0], abs=1e-3)
    assert [line.could_kw for line in lines] == pytest.approx([10.0, 9.0, 5.0, 5.0], abs=1e-3)
    assert [line.suspended for line in lines] == [False, False, True, False]
    assert lines[0].reason == "limit"


def charged_kwh(plan: SessionPlan) -> np.ndarray:
    """So far, at the end of each period, up to what was wanted."""
    net_kwh = plan.plugged_in_h * (plan.charge_power_kw - plan.given_back_kw)
    return np.minimum(net_kwh.cumsum(), plan.energy_remaining_kwh)


@pytest.mark.parametrize("seed", range(12))
def test_the_first_session_of_a_random_site_charges_no_later_when_it_is_protected(seed: int) -> None:
    scenario = random_scenario(seed)
    if not scenario.sessions:
        pytest.skip("the site of this seed has no session")
    plain = optimize(scenario)
    asked = replace(scenario.sessions[0], charging_preference=ChargingPreference.FAST)
    plan = optimize(replace(scenario, sessions=(asked, *scenario.sessions[1:])))

    assert audit(replace(scenario, sessions=(asked, *scenario.sessions[1:])), plan).passed
    fast, before = plan.sessions[0], plain.sessions[0]
    if len(fast.charge_power_kw) and plan.period_count == plain.period_count:
        got, was = (charged_kwh(p).sum() for p in (fast, before))
        assert fast.offered_power_kw is not None or got >= was - 1e-3 * max(1.0, abs(was))
