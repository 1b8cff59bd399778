"""Backtests: what the simulated site does, what an algorithm is told, and what a run comes to."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.datasets.recorded import RecordedSession
from models.domain.calendar import Calendar, calendar_of
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method
from models.domain.setpoints import SetpointRules
from models.domain.signal import Direction, Event
from models.domain.site import Evse, GridNode, Phase, Site, Tier
from models.domain.tariff import DayKind, DemandCharge, Rate, Tariff, TimeOfUse, Window
from models.domain.times import instant
from optimizer.backtest.algorithm import Effort
from optimizer.backtest.apart import apart
from optimizer.backtest.battery import Battery, fitted
from optimizer.backtest.billing import Meter, days_left
from optimizer.backtest.course import Car, Course, cars_of, with_promises, with_statements
from optimizer.backtest.disturbances import Disturbances, Noise
from optimizer.backtest.expecting import with_expected
from optimizer.backtest.hindsight import optimum
from optimizer.backtest.known import Gone, Known
from optimizer.backtest.messages import (
    Arrival,
    Departure,
    EventCalled,
    Message,
    MeterReading,
    Setpoints,
    SiteReading,
    Tick,
)
from optimizer.backtest.metrics import figures, shares_of
from optimizer.backtest.past_days import is_workday
from optimizer.backtest.planner import Manner, PlannerMaker
from optimizer.backtest.responses import responses
from optimizer.backtest.running import run
from optimizer.backtest.scenarios import Look, Reading
from optimizer.backtest.simple import SimpleMaker
from optimizer.backtest.simulated_site import site_of
from optimizer.backtest.target_peak import FIRST_PEAK_PER_EVSE_KW, Expected, TargetPeak
from optimizer.settings import Objective, Settings

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
HOUR = 3600.0
SITE = Site(
    id="yard",
    nodes=(GridNode(id="grid", import_limit_kw=10.0, continuous_factor=1.0),),
    evses=tuple(Evse(id=name, node="grid", max_current_a=32.0, phases=(Phase.L1,)) for name in ("a", "b", "c")),
    tiers=(Tier(id="all", value_of_target_per_kwh=1.0),),
    voltage_v=230.0,
)
FREE = Tariff(currency="EUR", import_price=0.0)
DEAR_UNTIL_SIX = TimeOfUse(
    rates=(Rate(price_per_kwh=0.5, windows=(Window(start="00:00", end="06:00"),)), Rate(price_per_kwh=0.1))
)


def car(name: str, evse: str, *, arrives: float = 0.0, stays: float, needs: float, power: float = 7.0) -> Car:
    """Hours after midnight on Monday; its driver tells the truth."""
    begin, end = MONDAY + arrives * HOUR, MONDAY + (arrives + stays) * HOUR
    told = {"stated_departure_s": end, "stated_kwh": needs}
    return Car(id=name, evse=evse, arrival_s=begin, departure_s=end, need_kwh=needs, power_kw=power, **told)


def course(*cars: Car, hours: float = 8.0, tariff: Tariff = FREE, levels: bool = False) -> Course:
    return Course(
        name="yard",
        site=SITE,
        tariff=tariff,
        cars=cars,
        start_s=MONDAY,
        end_s=MONDAY + hours * HOUR,
        period_min=15.0,
        levels=levels,
    )


def planner(**manner: object) -> PlannerMaker:
    return PlannerMaker(Manner(look=Look(near_min=15.0, near_count=4), **manner))  # type: ignore[arg-type]


def test_a_battery_takes_an_offer_in_full_until_its_taper_crosses_it() -> None:
    battery = Battery(capacity_kwh=50.0, energy_kwh=0.0, power_kw=10.0)
    assert battery.taken_kwh(0.0, 5.0, 2.0) == 10.0
    # From 80 % on power falls from 10 kW to 0 over 10 kWh, so that what is left shrinks by 1/e each hour.
    assert battery.taken_kwh(40.0, 10.0, 1.0) == pytest.approx(10.0 * (1.0 - np.exp(-1.0)))
    # An offer of 5 kW meets that line at 45 kWh: an hour at 5 kW, then 5 kWh are left.
    assert battery.taken_kwh(40.0, 5.0, 2.0) == pytest.approx(5.0 + 5.0 * (1.0 - np.exp(-1.0)))


def test_a_fitted_battery_can_take_what_was_delivered_and_no_fuller_one_could() -> None:
    battery = fitted(20.0, 4.0, 6.656)
    assert battery.capacity_kwh == 24.0
    assert battery.taken_kwh(battery.energy_kwh, 6.656, 4.0) == pytest.approx(20.0)
    assert battery.taken_kwh(battery.energy_kwh + 0.1, 6.656, 4.0) < 20.0


def test_a_site_tells_who_came_what_flowed_and_who_left_and_the_time_last() -> None:
    site = site_of(course(car("first", "a", stays=1.0, needs=5.0)), Disturbances(), 0)
    came, time = site.messages(MONDAY)
    assert isinstance(came, Arrival)
    assert (came.session, came.stated_kwh) == ("first", 5.0)
    assert time == Tick(at_s=MONDAY)
    site.follow({"first": 4.0}, MONDAY)
    site.advance(MONDAY, MONDAY + HOUR / 2)
    reading, meter, _ = site.messages(MONDAY + HOUR / 2)
    assert reading == MeterReading(session="first", at_s=MONDAY + HOUR / 2, energy_kwh=2.0, power_kw=4.0)
    assert meter == SiteReading(at_s=MONDAY + HOUR / 2, import_kw=4.0)
    site.advance(MONDAY + HOUR / 2, MONDAY + HOUR)
    assert Departure(session="first", at_s=MONDAY + HOUR) in site.messages(MONDAY + HOUR)


def test_a_car_stops_when_it_has_what_it_needs() -> None:
    site = site_of(course(car("first", "a", stays=4.0, needs=5.0)), Disturbances(), 0)
    site.messages(MONDAY)
    site.follow({"first": 7.0}, MONDAY)
    interval = site.advance(MONDAY, MONDAY + HOUR)
    assert (interval.offered_kw["first"], interval.drawn_kw["first"], site.got_kwh["first"]) == (7.0, 5.0, 5.0)


@pytest.mark.parametrize("levels_a", [(0.0, 8.0, 16.0), (8.0, 16.0)])
def test_an_evse_with_levels_offers_the_highest_that_is_not_above_the_setpoint(levels_a: tuple[float, ...]) -> None:
    """And nothing, whether that is named among its levels or not."""
    levels = tuple(replace(evse, pilot_levels_a=levels_a) for evse in SITE.evses)
    day = replace(course(car("first", "a", stays=4.0, needs=9.0)), site=replace(SITE, evses=levels), levels=True)
    site = site_of(day, Disturbances(), 0)
    site.messages(MONDAY)
    for setpoint_kw, offered_kw in ((1.8, 0.0), (3.6, 1.84), (3.68, 3.68), (7.0, 3.68)):
        site.follow({"first": setpoint_kw}, MONDAY)
        assert site.here["first"].offer_kw == pytest.approx(offered_kw)


def test_an_evse_that_is_silent_tells_nothing_and_goes_on_as_it_was_told_last() -> None:
    site = site_of(course(car("first", "a", stays=4.0, needs=20.0)), Disturbances(), 0)
    site.messages(MONDAY)
    site.follow({"first": 3.0}, MONDAY)
    site.noise = Noise(Disturbances(silent_share=1.0), 0)
    site.advance(MONDAY, MONDAY + HOUR)
    assert not [one for one in site.messages(MONDAY + HOUR) if isinstance(one, MeterReading)]
    site.follow({"first": 6.0}, MONDAY + HOUR)
    assert site.advance(MONDAY + HOUR, MONDAY + 2 * HOUR).drawn_kw["first"] == 3.0
    site.noise = Noise(Disturbances(), 0)
    readings = [one for one in site.messages(MONDAY + 2 * HOUR) if isinstance(one, MeterReading)]
    assert [one.energy_kwh for one in readings] == [6.0]


def test_what_befalls_one_car_does_not_depend_on_the_others() -> None:
    wild = Disturbances(departure_h=1.0, request_share=0.3, follows_share=0.2)
    first, other = car("first", "a", stays=4.0, needs=9.0), car("other", "b", stays=2.0, needs=9.0)
    alone = Noise(wild, 7).disturbed(course(first)).cars[0]
    assert Noise(wild, 7).disturbed(course(other, first)).cars[1] == alone
    assert Noise(wild, 8).disturbed(course(first)).cars[0] != alone
    assert alone.departure_s != first.departure_s
    assert alone.stated_departure_s == first.stated_departure_s


def test_nobody_stays_where_the_next_car_has_come() -> None:
    cars = [car(str(k), "a", arrives=k, stays=1.0, needs=1.0) for k in range(6)]
    stays = Noise(Disturbances(departure_h=2.0), 1).disturbed(course(*cars)).cars
    assert all(one.departure_s <= after.arrival_s for one, after in pairwise(stays))


def test_who_took_less_than_offered_is_done_and_who_did_not_may_have_wanted_what_was_asked_for() -> None:
    known = Known()
    known.take([Arrival(session=n, evse=n, at_s=0.0, stated_kwh=9.0, power_kw=None) for n in ("full", "short")])
    known.take([Tick(at_s=0.0)])
    known.offer({"full": 4.0, "short": 4.0})
    known.take([MeterReading(session="full", at_s=HOUR, energy_kwh=2.0, power_kw=2.0)])
    assert known.is_new
    known.take([MeterReading(session="short", at_s=HOUR, energy_kwh=4.0, power_kw=4.0)])
    assert not known.is_new
    known.take([Departure(session="full", at_s=HOUR), Departure(session="short", at_s=HOUR)])
    assert [one.wanted_kwh for one in known.gone] == [2.0, 9.0]


def test_a_planner_charges_when_energy_is_cheap_and_everybody_in_time() -> None:
    tariff = Tariff(currency="EUR", import_price=DEAR_UNTIL_SIX)
    day = course(car("first", "a", stays=8.0, needs=14.0), car("hasty", "b", stays=1.0, needs=7.0), tariff=tariff)
    made = run(day, planner()(SITE, tariff))
    found = figures(made)
    assert found.energy_percent == pytest.approx(100.0)
    # 7 kWh before six o'clock and 14 kWh after it, 0.5 and 0.1 EUR a kWh.
    assert found.costs["energy_import"] == pytest.approx(7 * 0.5 + 14 * 0.1)
    assert found.peak_kw == pytest.approx(7.0)
    assert max(one.import_kw for one in made.intervals) <= 10.0 + 1e-6


@pytest.mark.parametrize("later_s", [0.0, 4e-7, 6e-7, 1e-3])
def test_a_plan_is_followed_from_the_instant_of_an_arrival_wherever_it_lies_between_two_microseconds(
    later_s: float,
) -> None:
    """Its horizon begins on a whole one: where that was a little later, its first setpoint was not sent."""
    late = car("late", "a", arrives=(60.0 + later_s) / HOUR, stays=1.0, needs=7.0)
    assert run(course(late), planner()(SITE, FREE)).got_kwh["late"] == pytest.approx(7.0)


def test_a_plan_that_gives_a_car_another_power_than_the_plan_before_is_a_change_of_plans() -> None:
    """The first car is planned with 7 kW; who comes for an hour needs 7 of the 10 kW there are, and 3 are left: one
    change for two cars. That it gets 7 kW again when the other has left was planned, though its offer changes."""
    first = car("first", "a", stays=8.0, needs=14.0)
    hasty = car("hasty", "b", arrives=0.25, stays=1.0, needs=7.0)
    found = figures(run(course(first, hasty), planner()(SITE, FREE)))
    assert found.energy_percent == pytest.approx(100.0)
    assert found.plan_changes == 0.5
    assert found.changes > 2.0
    assert figures(run(course(first), planner()(SITE, FREE))).plan_changes == 0.0


@pytest.mark.parametrize(("waiting_per_kwh_h", "first_hour_kwh"), [(2e-2, 5.25), (2e-3, 0.0)])
def test_waiting_costs_what_its_reading_says(waiting_per_kwh_h: float, first_hour_kwh: float) -> None:
    """From one o'clock on a kWh is 0.01 EUR cheaper. At 0.02 an hour only the last quarter before it is worth the wait
    of a quarter; the one before would wait for three quarters. At 0.002 all of them are."""
    rates = Rate(price_per_kwh=0.11, windows=(Window(start="00:00", end="01:00"),)), Rate(price_per_kwh=0.1)
    tariff = Tariff(currency="EUR", import_price=TimeOfUse(rates=rates))
    maker = planner(reading=Reading(waiting_per_kwh_h=waiting_per_kwh_h), settings=Settings(preferences=False))

    made = run(course(car("a", "a", stays=8.0, needs=7.0), tariff=tariff), maker(SITE, tariff))

    assert sum(one.import_kw / 4 for one in made.intervals[:4]) == pytest.approx(first_hour_kwh, abs=1e-6)
    assert made.got_kwh["a"] == pytest.approx(7.0)


def test_a_car_is_not_paused_for_others_when_it_could_not_be_started_again() -> None:
    """Two hasty ones want all 10 kW in the second hour, and again in the fourth. The first time ``a`` waits for them;
    the second time it goes on with 6 A, 1.38 kW, for otherwise it would miss the 28 kWh of its last four hours."""
    rules = SetpointRules(near_h=0.25, max_starts=2, min_on_minutes=15.0, min_off_minutes=15.0)
    hasty = [car(f"{bay}{k}", bay, arrives=k, stays=1.0, needs=5.0) for bay in ("b", "c") for k in (1.0, 3.0)]
    site, settings = replace(SITE, setpoints=rules), Settings(preferences=False, tail=False)
    made = run(course(car("a", "a", stays=8.0, needs=42.0), *hasty), planner(settings=settings)(site, FREE))
    assert figures(made).most_starts == 2
    assert made.got_kwh["a"] == pytest.approx(42.0)
    assert sum(made.got_kwh.values()) == pytest.approx(42.0 + 20.0 - 1.38)


def test_simple_rules_are_seen_through_the_same_interface() -> None:
    cars = [car(name, name, stays=2.0, needs=14.0) for name in ("a", "b")]
    plain, fair = (
        figures(run(course(*cars), SimpleMaker(method, minutes=15.0)(SITE, FREE)))
        for method in (Method.UNCONTROLLED, Method.EQUAL_SHARE)
    )
    assert (plain.peak_kw, plain.energy_percent) == (pytest.approx(14.0), pytest.approx(100.0))
    # 10 kW for two hours: 20 of 28 kWh, and everybody has the same share.
    assert (fair.peak_kw, fair.energy_kwh, fair.jain) == (pytest.approx(10.0), pytest.approx(20.0), pytest.approx(1.0))
    assert fair.deadlines_percent == 0.0


def test_decisions_up_to_now_do_not_change_with_what_comes_later() -> None:
    """In another process, which gets nothing but messages; the answers are compared byte by byte."""
    seen = [car("first", "a", stays=5.0, needs=20.0), car("second", "b", arrives=1.0, stays=2.0, needs=12.0)]
    noise = np.random.default_rng(5)
    made_up = [
        car(f"made-up-{k}", "c", arrives=1.5 + k, stays=stays, needs=6.0 * stays)
        for k, stays in enumerate(noise.uniform(0.3, 1.0, 3).tolist())
    ]
    answers = [_answers(course(*seen, *later)) for later in ([], made_up)]
    assert answers[0][:6] == answers[1][:6]  # an hour and a half, in quarters
    assert answers[0] != answers[1]


def _answers(day: Course) -> list[bytes]:
    with apart(planner(target=TargetPeak()), day.site, day.tariff) as algorithm:
        run(day, algorithm)
    return algorithm.answers


def test_an_algorithm_apart_decides_as_one_in_this_process() -> None:
    day = course(car("first", "a", stays=2.0, needs=9.0), hours=2.0)
    with apart(SimpleMaker(Method.EQUAL_SHARE, minutes=15.0), day.site, day.tariff) as algorithm:
        far = run(day, algorithm)
    near = run(day, SimpleMaker(Method.EQUAL_SHARE, minutes=15.0)(day.site, day.tariff))
    assert pickle.dumps(far.intervals) == pickle.dumps(near.intervals)


CHARGED = Tariff(currency="EUR", import_price=0.1, demand_charges=(DemandCharge(id="month", rate_per_kw=2.0),))


def gone(name: str, day: int, *, wants: float, stays: float) -> Gone:
    """On a day of March 2026, from eight o'clock on."""
    begin = datetime(2026, 3, day, 8, tzinfo=UTC).timestamp()
    end = begin + stays * HOUR
    told = {"got_kwh": 0.0, "wanted_kwh": wants, "power_kw": None}
    return Gone(session=name, evse=name, arrival_s=begin, departure_s=end, **told)


def test_the_peak_to_expect_is_the_one_at_which_past_days_earn_what_it_costs() -> None:
    """Of Monday's 12 kWh in three hours, each workday to come earns 0.2 EUR a kWh, so a kW pays from four days on."""
    target, monday = TargetPeak(), [gone("a", 2, wants=12.0, stays=3.0)]
    at_s = datetime(2026, 3, 3, tzinfo=UTC).timestamp()
    site = replace(SITE, tiers=(Tier(id="all", value_of_target_per_kwh=0.0),))
    assert target.of(site, CHARGED, monday, at_s, 0.30)["month"].peak_kw == pytest.approx(4.0)
    late_s = datetime(2026, 3, 30, tzinfo=UTC).timestamp()  # two workdays are left: 2 · 3 h · 0.2 EUR < 2 EUR
    assert target.of(site, CHARGED, monday, late_s, 0.30)["month"].peak_kw == pytest.approx(0.0)


def test_before_the_first_workday_a_peak_is_expected_by_the_number_of_evses_and_after_it_the_sites_own() -> None:
    """Hardly anybody came on Monday: then next to nothing is expected of the workdays to come."""
    tuesday_s = datetime(2026, 3, 3, tzinfo=UTC).timestamp()
    unknown = TargetPeak().of(SITE, CHARGED, [], tuesday_s, 0.30)
    assert unknown == {"month": Expected(peak_kw=pytest.approx(FIRST_PEAK_PER_EVSE_KW * len(SITE.evses)))}
    known = TargetPeak().of(SITE, CHARGED, [gone("a", 2, wants=1e-3, stays=3.0)], tuesday_s, 0.30)
    assert known["month"].peak_kw < 0.01


def test_a_peak_beyond_the_expected_one_costs_its_price_less_what_it_saves_on_later_days() -> None:
    """At 4 kW Monday's car is served, and so would every other: nothing is saved later, a kW more costs all of it."""
    known = [gone("a", 1, wants=12.0, stays=3.0), gone("a", 2, wants=12.0, stays=3.0)]
    at_s = datetime(2026, 3, 3, tzinfo=UTC).timestamp()
    site = replace(SITE, tiers=(Tier(id="all", value_of_target_per_kwh=0.0),))
    expected = TargetPeak().of(site, CHARGED, known, at_s, 0.30)["month"]
    assert expected.peak_kw == pytest.approx(4.0)
    assert [above for above, _ in expected.beyond] == pytest.approx([4.0, 4.4, 5.0, 6.0, 8.0])
    assert [rate for _, rate in expected.beyond[1:]] == pytest.approx([2.0] * 4)
    assert TargetPeak().of(site, CHARGED, known[1:], at_s, 0.30)["month"].beyond == ()  # of Saturdays nothing is known


def test_rates_beyond_the_expected_peak_count_in_full_whatever_share_of_a_month_a_plan_sees() -> None:
    begin = datetime(2026, 3, 22, tzinfo=UTC)  # ten days are left
    day = Scenario(
        site=SITE, tariff=CHARGED, horizon=Horizon(start=begin, stretches=(Stretch(count=24, minutes=60.0),))
    )
    told = with_expected(day, {"month": Expected(peak_kw=4.0, beyond=((4.0, 0.5), (5.0, 2.0)))})
    assert told.tariff is not None
    (charge,) = told.tariff.demand_charges
    assert (charge.target_peak_kw, charge.rate_per_kw) == (4.0, pytest.approx(5.0))
    assert [(tier.above_kw, tier.rate_per_kw) for tier in charge.tiers] == [(5.0, pytest.approx(20.0))]
    assert with_expected(day, {}).tariff == CHARGED


def test_on_a_public_holiday_a_site_is_like_on_a_weekend() -> None:
    calendar = Calendar(ZoneInfo("UTC"), frozenset(), "DE")
    assert not is_workday(datetime(2026, 4, 3, tzinfo=UTC).date(), calendar)  # Good Friday
    assert is_workday(datetime(2026, 4, 2, tzinfo=UTC).date(), calendar)


def test_a_past_day_stands_for_days_of_its_kind_only() -> None:
    sunday = [gone("a", 1, wants=12.0, stays=3.0)]
    at_s = datetime(2026, 3, 30, tzinfo=UTC).timestamp()
    first = FIRST_PEAK_PER_EVSE_KW * len(SITE.evses)
    assert TargetPeak().of(SITE, CHARGED, sunday, at_s, 0.30) == {"month": Expected(peak_kw=pytest.approx(first))}


def test_a_quiet_sunday_does_not_lower_what_a_first_workday_may_carry() -> None:
    """Sundays are to come as well, and would be worth a peak next to nothing."""
    sunday = [gone("a", 1, wants=1e-3, stays=3.0)]
    at_s = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
    first = FIRST_PEAK_PER_EVSE_KW * len(SITE.evses)
    assert TargetPeak().of(SITE, CHARGED, sunday, at_s, 0.30)["month"].peak_kw == pytest.approx(first)


def test_history_that_was_declared_counts_as_days_that_were_seen() -> None:
    day = datetime(2026, 2, 2, 8, tzinfo=UTC)
    past = RecordedSession(id="x", evse="a", arrival=day, departure=day.replace(hour=11), energy_kwh=12.0)
    site = replace(SITE, tiers=(Tier(id="all", value_of_target_per_kwh=0.0),))
    at_s = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
    assert TargetPeak(earlier=(past,)).of(site, CHARGED, [], at_s, 0.30)["month"].peak_kw == pytest.approx(4.0)


def test_a_meter_counts_full_intervals_inside_the_windows_of_its_charge_and_forgets_the_month_before() -> None:
    workdays = (Window(days=(DayKind.WEEKDAY,)),)
    meter = Meter(DemandCharge(id="month", rate_per_kw=1.0, windows=workdays), calendar_of(FREE, "UTC"))
    begin = MONDAY - HOUR  # Sunday, 23:00
    meter.read(begin, 0.0)
    meter.read(MONDAY, 9.0)
    assert meter.peak_kw == 0.0
    meter.read(MONDAY + 900.0, 4.0)
    meter.read(MONDAY + 1200.0, 12.0)
    assert (meter.peak_kw, meter.metered_kwh) == (4.0, 1.0)
    meter.read(MONDAY + 1800.0, 0.0)
    assert meter.peak_kw == 4.0
    meter.read(datetime(2026, 4, 1, 1, tzinfo=UTC).timestamp(), 1.0)
    assert meter.peak_kw == pytest.approx(1.0)


def test_days_that_are_left_include_today_and_end_with_the_month() -> None:
    days = days_left(datetime(2026, 12, 30, tzinfo=UTC).date())
    assert [day.day for day in days] == [30, 31]


def test_the_bill_charges_the_highest_quarter_hour_of_the_month() -> None:
    day = course(car("first", "a", stays=1.0, needs=3.5), hours=1.0, tariff=CHARGED)
    found = figures(run(day, SimpleMaker(Method.UNCONTROLLED, minutes=15.0)(SITE, CHARGED)))
    assert found.costs["demand_charge"] == pytest.approx(7.0 * 2.0)
    assert found.costs["energy_import"] == pytest.approx(3.5 * 0.1)
    assert (found.starts, found.most_starts, found.energy_percent) == (1.0, 1, 100.0)


def of_april(day: Course) -> Course:
    """The same an hour before April begins, with new cars until then."""
    to_s = datetime(2026, 3, 31, 23, tzinfo=UTC).timestamp()
    cars = tuple(_later(one, to_s - MONDAY) for one in day.cars)
    return replace(day, cars=cars, start_s=to_s, end_s=to_s + HOUR)


def _later(one: Car, by_s: float) -> Car:
    assert one.stated_departure_s is not None, "all of them say when they leave"
    moved = {"arrival_s": one.arrival_s + by_s, "departure_s": one.departure_s + by_s}
    return replace(one, **moved, stated_departure_s=one.stated_departure_s + by_s)


def test_who_stays_beyond_the_month_brings_no_second_demand_charge_into_its_bill() -> None:
    """A car draws 7 kW from 23:00 on 31 March to 01:00: 14 kWh at 0.1 EUR, and March's 7 kW at 2 EUR once."""
    day = of_april(course(car("first", "a", stays=2.0, needs=14.0), tariff=CHARGED))
    found = figures(run(day, SimpleMaker(Method.UNCONTROLLED, minutes=15.0)(SITE, CHARGED)))
    assert found.costs["energy_import"] == pytest.approx(14.0 * 0.1)
    assert found.costs["demand_charge"] == pytest.approx(7.0 * 2.0)


def test_hindsight_pays_a_demand_charge_in_full_also_where_a_course_is_a_part_of_its_month() -> None:
    """Energy of a driver who pays 0.2 EUR more than it costs earns 1.4 EUR at 7 kW, of which 14 EUR would be asked."""
    day = course(car("first", "a", stays=1.0, needs=7.0), hours=1.0, tariff=CHARGED)
    site = replace(SITE, tiers=(Tier(id="all", value_of_target_per_kwh=0.0),))
    best = optimum(
        replace(day, site=site, retail_per_kwh=0.30), Settings(preferences=False, objective=Objective.MARGIN)
    )
    assert best.energy_kwh == pytest.approx(0.0, abs=1e-6)


@dataclass(slots=True)
class Script:
    """Offers a first car what is written down, quarter by quarter."""

    power_kw: list[float]

    def decide(self, messages: Sequence[Message]) -> Setpoints:
        return Setpoints(at_s=messages[-1].at_s, power_kw={"first": self.power_kw.pop(0)})

    def effort(self) -> Effort:
        return Effort()


def test_a_run_of_offers_that_ends_before_a_car_is_full_counts_also_when_it_is_filled_later() -> None:
    """A quarter of an hour at 4 kW, a pause, half an hour at 4 kW, then it is full: the last run was not cut short."""
    day = course(car("first", "a", stays=2.0, needs=3.0), hours=2.0)
    found = figures(run(day, Script([4.0, 0.0, 4.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0])))
    assert (found.most_starts, found.changes, found.energy_percent) == (2, 4.0, pytest.approx(100.0))
    assert found.shortest_run_min == pytest.approx(15.0)
    without = figures(run(day, Script([4.0, 4.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])))
    assert without.shortest_run_min == 0.0


def test_hindsight_is_no_worse_than_any_algorithm() -> None:
    cars = [car("a", "a", stays=3.0, needs=18.0), car("b", "b", arrives=1.0, stays=1.5, needs=10.0)]
    day = course(*cars, car("c", "c", arrives=2.0, stays=1.0, needs=7.0))
    best = optimum(day, Settings(preferences=False)).energy_kwh
    for maker in (planner(), SimpleMaker(Method.LEAST_LAXITY_FIRST, minutes=15.0)):
        assert figures(run(day, maker(SITE, FREE))).energy_kwh <= best + 1e-6


def test_a_car_that_takes_less_than_offered_is_planned_with_what_it_takes() -> None:
    slow = replace(car("slow", "a", stays=4.0, needs=10.0, power=3.0), tells_power=False)
    made = run(course(slow, car("other", "b", stays=4.0, needs=12.0, power=3.0)), planner()(SITE, FREE))
    offered = [one.offered_kw.get("slow", 0.0) for one in made.intervals if one.offered_kw.get("slow", 0.0) > 0.0]
    assert offered[0] > 3.3
    assert max(offered[2:]) <= 3.3 + 1e-6
    assert figures(made).energy_percent == pytest.approx(100.0)


def test_a_driver_who_stays_longer_than_said_is_planned_by_what_the_site_expects() -> None:
    late = replace(car("late", "a", stays=4.0, needs=20.0), stated_departure_s=MONDAY + 1.0 * HOUR)
    found = figures(run(course(late), planner()(SITE, FREE)))
    assert found.energy_percent == pytest.approx(100.0)


def test_published_cars_stand_on_full_periods_and_need_no_more_than_their_stay_allows() -> None:
    arrival = datetime(2026, 3, 2, 0, 4, tzinfo=UTC)
    one = RecordedSession(
        id="x",
        evse="a",
        arrival=arrival,
        departure=arrival.replace(minute=32),
        energy_kwh=99.0,
        stated_departure=arrival.replace(hour=5),
    )
    (found,) = cars_of([one], SITE, MONDAY)
    assert (found.arrival_s - MONDAY, found.departure_s - MONDAY) == (0.0, 1800.0)
    assert found.need_kwh == pytest.approx(32 * 230 / 1000 / 2)
    (said,) = with_statements([found], [one])
    assert said.stated_departure_s == arrival.replace(hour=5).timestamp()
    assert said.stated_kwh is None


def test_disturbances_are_the_same_for_the_same_seed() -> None:
    wild = Disturbances(departure_h=0.5, request_share=0.3, meter_share=0.05, follows_share=0.1, silent_share=0.2)
    day = course(*(car(n, n, stays=4.0, needs=12.0) for n in ("a", "b", "c")))
    one, same, other = (
        pickle.dumps(run(day, planner()(SITE, FREE), disturbances=wild, seed=seed).intervals) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_margin_decides_what_is_worth_charging() -> None:
    tariff = Tariff(currency="EUR", import_price=DEAR_UNTIL_SIX)
    site = replace(SITE, tiers=(Tier(id="all", value_of_target_per_kwh=0.0),))
    day = replace(course(car("first", "a", stays=2.0, needs=7.0), tariff=tariff), site=site, retail_per_kwh=0.30)
    manner = {
        "settings": Settings(preferences=False, objective=Objective.MARGIN),
        "reading": Reading(retail_per_kwh=0.3),
    }
    assert figures(run(day, planner(**manner)(site, tariff))).energy_kwh == pytest.approx(0.0)


def test_a_promise_is_kept_before_who_pays_more_is_served() -> None:
    """Five kW for two cars and two hours: 10 kWh of the 14 that they want; each is promised 3."""
    cars = with_promises((car("first", "a", stays=2.0, needs=7.0), car("second", "b", stays=2.0, needs=7.0)), 3.0)
    site = replace(SITE, nodes=(GridNode(id="grid", import_limit_kw=5.0, continuous_factor=1.0),))
    day = replace(course(*cars, hours=2.0), site=site)
    found = figures(run(day, PlannerMaker(Manner())(day.site, day.tariff)))
    assert (found.energy_kwh, found.minimums_percent) == (pytest.approx(10.0, abs=0.01), 100.0)
    assert found.worst_percent >= 100.0 * 3.0 / 7.0 - 0.1


def test_a_promise_that_was_not_kept_is_counted() -> None:
    cars = with_promises((car("first", "a", stays=2.0, needs=7.0), car("second", "b", stays=2.0, needs=7.0)), 3.0)
    told = shares_of(replace(course(*cars, hours=2.0)), {"first": 7.0, "second": 1.4})
    assert told.tolist() == pytest.approx([0.2, 1.0])


def test_of_an_event_what_was_committed_and_kept_is_counted_interval_by_interval() -> None:
    """A car draws 7 kW for an hour. Asked are 4 kW below 10 for two hours: 3 kW are kept in one, 4 in the other."""
    event = Event(
        id="e", start=instant(MONDAY), end=instant(MONDAY + 2 * HOUR), direction=Direction.REDUCE, baseline_kw=10.0,
        committed_kw=4.0, settlement_min=60.0,
    )  # fmt: skip
    day = replace(
        course(car("first", "a", stays=2.0, needs=7.0), hours=2.0), events=(EventCalled(at_s=MONDAY, event=event),)
    )
    made = run(day, SimpleMaker(Method.UNCONTROLLED, minutes=15.0)(SITE, FREE))
    (told,) = responses(made.course, made.intervals)
    assert (told.committed_kwh, told.kept_kwh) == (pytest.approx(8.0), pytest.approx(7.0))
    assert figures(made).events_percent == pytest.approx(87.5)
