"""What a scenario leaves open is filled in from site and standards, and told back; what was given stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.domain.completion import complete
from models.domain.default_horizon import stretches
from models.domain.errors import InvalidScenario
from models.domain.findings import Assumption
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle, Visit
from models.domain.signal import Cap
from models.domain.site import (
    CurrentType,
    Evse,
    GridNode,
    LimitKind,
    MeasuringPoint,
    SessionDefaults,
    Site,
    Tier,
)
from models.domain.tariff import PriceSeries, Rate, Tariff, TimeOfUse, Window
from models.domain.validation import validate
from models.domain.value import Step
from tests.reference_time import best_s

SIX = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
QUARTERS = Horizon(start=SIX, stretches=(Stretch(count=48, minutes=15.0),))


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def site(**given: Any) -> Site:
    fields: dict[str, Any] = {
        "nodes": (GridNode(id="grid", import_limit_kw=50.0),),
        "evses": (bay("bay-1"), bay("bay-2")),
    } | given
    return Site(id="yard", **fields)


def bay(name: str, **given: Any) -> Evse:
    fields: dict[str, Any] = {"id": name, "node": "grid", "max_power_kw": 11.0} | given
    return Evse(**fields)


def car(name: str = "car", **given: Any) -> Session:
    fields: dict[str, Any] = {"id": name, "evse": "bay-1", "arrival": SIX} | given
    return Session(**fields)


def van(name: str = "van", **given: Any) -> Visit:
    fields: dict[str, Any] = {"id": name, "vehicle": Vehicle(id="V1"), "arrival": SIX, "departure": SIX + hours(9)}
    return Visit(**(fields | given))


def full(count: int = 1) -> Scenario:
    """Nothing left open."""
    nodes = (GridNode(id="grid", import_limit_kw=50.0, continuous_factor=1.0),)
    evses = tuple(bay(f"bay-{i}", min_current_a=6.0) for i in range(count))
    leaves, tiers = SIX + hours(9), (Tier(id="staff", value_of_target_per_kwh=3.0),)
    return Scenario(
        site=site(nodes=nodes, evses=evses, voltage_v=230.0, tiers=tiers),
        sessions=tuple(
            car(f"car-{i}", evse=f"bay-{i}", departure=leaves, energy_target_kwh=10.0, tier="staff")
            for i in range(count)
        ),
        tariff=Tariff(currency="EUR", import_price=0.3, time_zone="UTC"),
        horizon=QUARTERS,
    )


def told(scenario: Scenario) -> dict[str, str]:
    return {assumption.what: assumption.value for assumption in complete(scenario).assumptions}


def completed(scenario: Scenario) -> Scenario:
    return complete(scenario).scenario


def test_a_scenario_that_leaves_nothing_open_comes_back_as_it_is() -> None:
    scenario = full()
    assert completed(scenario) is scenario
    assert complete(scenario).assumptions == ()


def test_what_was_completed_leaves_nothing_open() -> None:
    once = completed(Scenario(site=site(), sessions=(car(),)))
    assert completed(once) is once
    assert validate(once) == ()


@pytest.mark.clock
def test_5000_complete_sessions_are_passed_through_in_10_ms() -> None:
    scenario = full(5000)
    assert best_s(lambda: complete(scenario), times=5) < 0.010


def test_assumptions_of_the_author_are_told_first() -> None:
    earlier = Assumption(what="start", value="18:00", source="now")
    scenario = replace(full(), assumptions=(earlier,), tariff=None)
    assert complete(scenario).assumptions[0] == earlier


def test_an_unknown_stay_is_eight_hours() -> None:
    scenario = Scenario(site=site(), sessions=(car(),))
    assert completed(scenario).sessions[0].departure == SIX + hours(8)
    assert told(scenario)["sessions[0].departure"] == "2026-03-03T02:00:00+00:00"


def test_a_stay_is_the_sites_own_where_its_history_is_known() -> None:
    defaults = SessionDefaults(stay_h=2.5, source="median of October")
    scenario = Scenario(site=site(session_defaults=defaults), sessions=(car(),))
    assert completed(scenario).sessions[0].departure == SIX + hours(2.5)
    (assumption,) = (a for a in complete(scenario).assumptions if a.what == "sessions[0].departure")
    assert assumption.source == "median of October: a stay of 2.5 h"


def test_eight_hours_are_real_hours_also_when_the_clock_is_moved() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 3, 28, 22, 0, tzinfo=berlin)  # the next night has 23 hours
    departure = completed(Scenario(site=site(), sessions=(car(arrival=evening),))).sessions[0].departure
    assert departure == datetime(2026, 3, 29, 7, 0, tzinfo=berlin)


def test_a_car_that_outstays_its_assumed_stay_is_given_one_more_hour() -> None:
    later = Horizon(start=SIX + hours(10), stretches=(Stretch(count=48, minutes=15.0),))
    scenario = Scenario(site=site(), sessions=(car(),), horizon=later)
    assert completed(scenario).sessions[0].departure == SIX + hours(11)


@pytest.mark.parametrize(
    ("stay_h", "target_kwh"),
    [(1.0, 11.0), (9.0, 20.0)],  # 11 kW for an hour; 99 kWh would be too much to assume
)
def test_an_unknown_target_is_what_the_stay_allows_and_at_most_20_kwh(stay_h: float, target_kwh: float) -> None:
    scenario = Scenario(site=site(), sessions=(car(departure=SIX + hours(stay_h)),))
    assert completed(scenario).sessions[0].energy_target_kwh == pytest.approx(target_kwh)


def test_an_unknown_target_is_the_sites_own_where_its_history_is_known() -> None:
    scenario = Scenario(site=site(session_defaults=SessionDefaults(energy_target_kwh=14.0)), sessions=(car(),))
    assert completed(scenario).sessions[0].energy_target_kwh == 14.0
    assert told(scenario)["sessions[0].energy_target_kwh"] == "14 kWh at evse"


def test_an_assumed_target_is_measured_where_the_session_is() -> None:
    vehicle = Vehicle(id="V1", charge_efficiency=0.9)
    scenario = Scenario(site=site(), sessions=(car(measured_at=MeasuringPoint.BATTERY, vehicle=vehicle),))
    assert completed(scenario).sessions[0].energy_target_kwh == pytest.approx(18.0)  # 20 kWh at evse


def test_an_assumed_target_is_not_below_what_is_promised() -> None:
    scenario = Scenario(site=site(), sessions=(car(energy_minimum_kwh=25.0),))
    assert completed(scenario).sessions[0].energy_target_kwh == 25.0


def test_sessions_keep_their_order() -> None:
    sessions = (car("b", arrival=SIX + hours(1)), car("a", evse="bay-2"))
    assert [s.id for s in completed(Scenario(site=site(), sessions=sessions)).sessions] == ["b", "a"]


def test_a_session_without_tier_has_the_first_one_and_a_choice_is_told_once() -> None:
    tiers = (Tier(id="staff"), Tier(id="guests"))
    scenario = Scenario(site=site(tiers=tiers), sessions=(car(), car("other", evse="bay-2")))
    assert {s.tier for s in completed(scenario).sessions} == {"staff"}
    assert told(scenario)["sessions[*].tier"] == "staff for 2 sessions"


def test_no_tariff_is_a_price_of_zero_and_is_told() -> None:
    scenario = Scenario(site=site(time_zone="Europe/Oslo"), sessions=(car(),))
    tariff = completed(scenario).tariff
    assert tariff is not None
    assert (tariff.import_price, tariff.currency, tariff.time_zone) == (0.0, "EUR", "Europe/Oslo")
    assert told(scenario)["tariff"] == "price 0, currency EUR"


def test_a_tariff_without_time_zone_has_the_sites() -> None:
    scenario = replace(full(), tariff=Tariff(currency="EUR", import_price=0.3))
    tariff = completed(scenario).tariff
    assert tariff is not None
    assert tariff.time_zone == "UTC"


NIGHT = TimeOfUse(
    rates=(Rate(price_per_kwh=0.15, windows=(Window(start="22:00", end="06:00"),)), Rate(price_per_kwh=0.42))
)
DAY_AHEAD = PriceSeries(steps=(Step(start=SIX, value=0.2), Step(start=SIX + hours(1), value=0.35)))


@pytest.mark.parametrize(
    ("price", "worth"),
    [(0.3, 3.0), (NIGHT, 4.2), (DAY_AHEAD, 3.5), (0.05, 1.0), (-0.2, 1.0)],
)
def test_a_missing_kwh_costs_ten_times_the_highest_price_and_at_least_1(
    price: float | TimeOfUse | PriceSeries, worth: float
) -> None:
    scenario = replace(full(), site=site(tiers=(Tier(id="staff"),)), tariff=Tariff(currency="CHF", import_price=price))
    assert completed(scenario).site.tiers[0].value_of_target_per_kwh == pytest.approx(worth)
    assert told(scenario)["site.tiers[0].value_of_target_per_kwh"] == f"{worth:g} CHF/kWh for tier staff"


def test_a_site_without_tiers_has_one_for_all() -> None:
    scenario = completed(Scenario(site=site(), sessions=(car(),)))
    assert [tier.id for tier in scenario.site.tiers] == [scenario.sessions[0].tier] == ["standard"]


def test_a_continuous_factor_is_told_for_ratings_that_limit_something() -> None:
    nodes = (
        GridNode(id="grid", import_limit_kw=50.0),
        GridNode(id="contract", parent="grid", import_limit_kw=40.0, limit_kind=LimitKind.CONTRACT),
        GridNode(id="group", parent="grid"),
        GridNode(id="breaker", parent="grid", current_limit_a=63.0, continuous_factor=0.8),
    )
    scenario = Scenario(site=site(nodes=nodes), sessions=(car(),))
    assert [node.continuous_factor for node in completed(scenario).site.nodes] == [1.0, 1.0, 1.0, 0.8]
    assert [what for what in told(scenario) if what.endswith("factor")] == ["site.nodes[0].continuous_factor"]


def test_facts_of_equipment_are_told_once_for_the_site() -> None:
    rapid = [bay(f"rapid-{i}", current=CurrentType.DC, max_power_kw=150.0) for i in range(3)]
    slow = [bay(f"bay-{i}") for i in range(54)]
    scenario = Scenario(site=site(evses=(*rapid, *slow)), sessions=(car(),))
    facts = told(scenario)
    assert facts["site.voltage_v"] == "230 V line to neutral"
    assert facts["site.evses[*].conversion_efficiency"] == "0.93 on 3 DC EVSEs"
    assert facts["site.evses[*].min_current_a"] == "6 A on 54 AC EVSEs"
    assert len([what for what in facts if "evses" in what]) == 2
    assert completed(scenario).site.voltage_v == 230.0


def test_a_horizon_runs_from_the_first_arrival_to_the_last_departure() -> None:
    sessions = (
        car(arrival=SIX + timedelta(minutes=3, seconds=20), departure=SIX + hours(5)),
        car("late", evse="bay-2", arrival=SIX + hours(2), departure=SIX + hours(6)),
    )
    horizon = completed(Scenario(site=site(), sessions=sessions)).horizon
    assert horizon == Horizon(start=SIX, stretches=(Stretch(count=48, minutes=5.0), Stretch(count=8, minutes=15.0)))


def test_a_horizon_counts_unknown_stays_by_the_default() -> None:
    horizon = completed(Scenario(site=site(), sessions=(car(),))).horizon
    assert horizon is not None
    assert (horizon.start, horizon.end) == (SIX, SIX + hours(8))


@pytest.mark.parametrize(
    ("length_h", "counts"),
    [
        (0.0, [(1, 5.0)]),
        (0.51, [(7, 5.0)]),
        (4.0, [(48, 5.0)]),
        (4.1, [(48, 5.0), (1, 15.0)]),
        (24.0, [(48, 5.0), (80, 15.0)]),
        (26.5, [(48, 5.0), (80, 15.0), (3, 60.0)]),
        (1000.0, [(48, 5.0), (80, 15.0), (144, 60.0)]),  # seven days and no more
    ],
)
def test_periods_are_5_minutes_for_4_hours_then_15_then_60_after_a_day(
    length_h: float, counts: list[tuple[int, float]]
) -> None:
    assert [(stretch.count, stretch.minutes) for stretch in stretches(length_h)] == counts


def test_without_sessions_the_horizon_spans_the_signals_or_the_prices() -> None:
    cap = Cap(id="dr", start=SIX, end=SIX + hours(2), import_limit_kw=10.0)
    signalled = completed(Scenario(site=site(), signals=(cap,))).horizon
    priced = completed(Scenario(site=site(), tariff=Tariff(currency="EUR", import_price=DAY_AHEAD))).horizon
    assert signalled is not None
    assert priced is not None
    assert (signalled.start, signalled.end) == (SIX, SIX + hours(2))
    assert (priced.start, priced.end) == (SIX, SIX + hours(25))  # the last price holds for a day


def test_a_scenario_without_any_time_says_that_it_needs_a_horizon() -> None:
    with pytest.raises(InvalidScenario) as refused:
        complete(Scenario(site=site()))
    assert [finding.path for finding in refused.value.findings] == ["horizon"]


def test_a_visit_at_a_fixed_evse_becomes_a_session_with_its_id() -> None:
    visit = van(energy_needed_kwh=30.0, energy_minimum_kwh=12.0, evse="bay-2")
    scenario = completed(Scenario(site=site(), sessions=(car(),), visits=(visit,)))
    assert scenario.visits == ()
    session = scenario.sessions[1]
    assert (session.id, session.evse, session.departure) == ("van", "bay-2", SIX + hours(9))
    assert (session.energy_target_kwh, session.energy_minimum_kwh) == (30.0, 12.0)
    assert session.vehicle == visit.vehicle


def test_a_need_in_states_of_charge_is_an_energy_at_battery() -> None:
    vehicle = Vehicle(id="V1", battery_capacity_kwh=80.0, charge_efficiency=0.9)
    visit = van(vehicle=vehicle, soc_at_arrival=0.25, soc_needed=0.75, energy_minimum_kwh=10.0, evse="bay-1")
    (session,) = completed(Scenario(site=site(), visits=(visit,))).sessions
    assert session.measured_at is MeasuringPoint.BATTERY
    assert session.energy_target_kwh == pytest.approx(40.0)
    assert session.energy_minimum_kwh == pytest.approx(9.0)  # 10 kWh at evse


def test_a_battery_that_is_fuller_than_needed_needs_nothing() -> None:
    vehicle = Vehicle(id="V1", battery_capacity_kwh=80.0)
    visit = van(vehicle=vehicle, soc_at_arrival=0.9, soc_needed=0.75, evse="bay-1")
    assert completed(Scenario(site=site(), visits=(visit,))).sessions[0].energy_target_kwh == 0.0


def test_a_visit_that_tells_no_need_has_one_assumed_at_its_own_place() -> None:
    scenario = Scenario(site=site(), sessions=full().sessions[:0], visits=(van(evse="bay-1"),))
    assert told(scenario)["visits[0].energy_needed_kwh"] == "20 kWh at evse"


def test_a_visit_without_evse_stays_a_visit_and_is_told() -> None:
    scenario = Scenario(site=site(), sessions=(car(),), visits=(van(pool=("bay-1", "bay-2")),))
    assert [visit.id for visit in completed(scenario).visits] == ["van"]
    assert told(scenario)["visits[0]"] == "not planned: no EVSE"


@pytest.mark.parametrize(
    ("arrival_h", "departure_h", "planned"),
    [
        (-2.0, 0.0, True),
        (-2.0, 0.5, False),
        (3.0, 4.0, False),
        (7.5, 9.0, False),
        (8.0, 9.0, True),
        (-1.0, 10.0, False),
    ],
)
def test_a_visit_is_planned_only_when_its_evse_is_free_all_the_time(
    arrival_h: float, departure_h: float, planned: bool
) -> None:
    there = car(departure=SIX + hours(8))
    visit = van(arrival=SIX + hours(arrival_h), departure=SIX + hours(departure_h), evse="bay-1")
    scenario = Scenario(site=site(), sessions=(there,), visits=(visit,))
    assert [s.id for s in completed(scenario).sessions] == ["car", "van"][: 2 if planned else 1]
    assert told(scenario).get("visits[0]") == (None if planned else "not planned: EVSE taken")


def test_of_two_visits_at_one_evse_at_once_the_first_one_is_planned() -> None:
    visits = (van("a", evse="bay-1"), van("b", evse="bay-1", arrival=SIX + hours(1)), van("c", evse="bay-2"))
    scenario = Scenario(site=site(), visits=visits)
    assert [s.id for s in completed(scenario).sessions] == ["a", "c"]
    assert told(scenario)["visits[1]"] == "not planned: EVSE taken"


def test_a_visit_that_has_begun_is_planned_as_its_session_only() -> None:
    scenario = Scenario(site=site(), sessions=(car("van"),), visits=(van(evse="bay-2"),))
    assert len(completed(scenario).sessions) == 1
    assert told(scenario)["visits[0]"] == "not planned: has begun"


def test_preconditioning_is_told_as_not_planned() -> None:
    visit = van(evse="bay-1", preconditioning_kw=5.0, preconditioning_minutes=20.0)
    assert told(Scenario(site=site(), visits=(visit,)))["visits[0].preconditioning_kw"] == "not planned"


def test_a_silent_driver_has_left_when_the_next_one_arrives_at_the_evse() -> None:
    """A usual stay of 8 h, and the next car after 3 h."""
    cars = (car("first"), car("second", arrival=SIX + hours(3)))
    first, second = complete(Scenario(site=site(), sessions=cars)).scenario.sessions

    assert first.departure == SIX + hours(3)
    assert second.departure == SIX + hours(11)


def test_a_silent_driver_stays_as_usual_when_the_next_one_comes_later() -> None:
    cars = (car("first"), car("second", arrival=SIX + hours(9)))
    first, _ = complete(Scenario(site=site(), sessions=cars)).scenario.sessions

    assert first.departure == SIX + hours(8)
