"""What a planner learns of how batteries fill up, from what cars take of their offers."""

from dataclasses import replace
from math import exp

import pytest

from optimizer.backtest.battery import Battery
from optimizer.backtest.course import Car
from optimizer.backtest.known import Known
from optimizer.backtest.messages import Arrival, Departure, MeterReading, Tick
from optimizer.backtest.metrics import figures
from optimizer.backtest.planner import Manner, PlannerMaker
from optimizer.backtest.running import run
from optimizer.backtest.scenarios import Look, scenario_of
from optimizer.backtest.scenarios import Reading as Taking
from optimizer.backtest.tapering import MORE, Fell, Line, Shown, Taken, expected, slope_at_least
from tests.optimizer.test_backtest import DEAR_UNTIL_SIX, FREE, car, course


def test_two_readings_that_lie_apart_show_the_line_and_where_it_ends() -> None:
    # From 6 kW at 10 kWh to 4 kW at 12 kWh: 1 kW less a kWh, and nothing is taken at 16 kWh.
    shown = Shown(Taken(10.0, 6.0), Taken(10.0, 6.0)).and_then(Taken(12.0, 4.0))
    assert shown.line(wanted_kwh=15.0) == Line(full_kwh=16.0, slope_per_h=1.0)


def test_a_single_reading_is_taken_to_end_at_what_was_asked_for() -> None:
    only = Taken(12.0, 4.0)
    assert Shown(only, only).line(wanted_kwh=14.0) == Line(full_kwh=14.0, slope_per_h=2.0)


def test_full_power_is_taken_up_to_where_the_line_crosses_it() -> None:
    assert Line(full_kwh=16.0, slope_per_h=1.0).begins_kwh(6.0) == 10.0
    assert Line(full_kwh=4.0, slope_per_h=1.0).begins_kwh(6.0) == 0.0


def test_a_car_is_expected_to_fill_up_as_those_who_wanted_about_as_much_and_is_tried_with_more() -> None:
    small, large = [Fell(5.0, 4.0)] * 9, [Fell(30.0, 1.0)] * 9
    assert expected([], 6.0, 0.0) is None, "nobody was here"
    assert expected([*large, *small], 6.0, 0.0) == Line(6.0, MORE * 4.0)
    assert expected([*large, *small], 25.0, 0.0) == Line(25.0, MORE * 1.0)


def test_what_a_car_has_taken_already_is_on_its_line_whatever_others_did() -> None:
    # 6 kW with 2 kWh to go: the line falls by 3 kW a kWh at least.
    steep = slope_at_least(6.0, inside_kwh=8.0, wanted_kwh=10.0)
    assert steep == 3.0
    assert expected([Fell(10.0, 1.0)], 10.0, steep) == Line(10.0, MORE * 3.0)


def test_a_line_followed_by_what_is_inside_at_the_end_of_each_period_brings_as_much_as_it_does_at_every_instant() -> (
    None
):
    line, hours = Line(full_kwh=10.0, slope_per_h=2.0), 0.5
    steeper = line.at_ends_of(hours)
    # A power that the line allows up to the end of the period: p = slope (10 - p hours).
    power = steeper.slope_per_h * 10.0 / (1.0 + steeper.slope_per_h * hours)
    assert power * hours == pytest.approx(10.0 * (1.0 - exp(-2.0 * hours)))


def filling(day: int) -> Car:
    """Wants 8 kWh between four and half past six; from 2 kWh on its power falls by 7 kW over 6 kWh."""
    battery = Battery(capacity_kwh=30.0, energy_kwh=22.0, power_kw=7.0)
    one = car(str(day), "ab"[day % 2], arrives=24.0 * day + 4.0, stays=2.5, needs=8.0)
    return replace(one, battery=battery)


def balance(*, taper: bool) -> float:
    """What energy costs on three days, cheap from six on, and 1 EUR for every kWh that is missing."""
    days = course(*map(filling, range(3)), hours=80.0, tariff=replace(FREE, import_price=DEAR_UNTIL_SIX))
    look = Look(near_min=15.0, near_count=4, far_min=15.0)
    maker = PlannerMaker(Manner(look=look, reading=Taking(learns_taper=taper), every_min=15.0))
    found = figures(run(days, maker(days.site, days.tariff)))
    return found.costs["energy_import"] + 3 * 8.0 - found.energy_kwh


def test_who_knows_that_cars_fill_up_slowly_is_better_off() -> None:
    assert balance(taper=True) < balance(taper=False) - 0.01


@pytest.mark.parametrize(("offer_kw", "wanted_kwh"), [(2.0, 7.0), (1.0, 8.0)])
def test_who_was_offered_all_that_its_line_allows_is_done_and_who_was_offered_less_wants_more(
    offer_kw: float, wanted_kwh: float
) -> None:
    # Of 8 kWh it has 4 after an hour in which it was offered 6 kW: in the middle of it, at 2 kWh, it took 4 kW, so its
    # line falls by 2/3 kW a kWh. It took all of its last offer: of 2 kW up to 7 kWh, where its line had 0.67 kW left,
    # or of 1 kW up to 5.5 kWh, where it could have taken 1.67 kW.
    known = Known()
    known.take([Arrival(session="van", evse="a", at_s=0.0, stated_kwh=8.0, power_kw=7.0), Tick(at_s=0.0)])
    known.offer({"van": 6.0})
    known.take([MeterReading(session="van", at_s=3600.0, energy_kwh=4.0, power_kw=4.0), Tick(at_s=3600.0)])
    known.offer({"van": offer_kw})
    got_kwh = 4.0 + offer_kw * 1.5
    known.take([MeterReading(session="van", at_s=9000.0, energy_kwh=got_kwh, power_kw=offer_kw)])
    known.take([Departure(session="van", at_s=9000.0)])
    assert [one.wanted_kwh for one in known.gone] == [wanted_kwh]


def test_a_full_car_that_takes_nothing_when_it_leaves_wanted_no_more_than_it_got() -> None:
    known = Known()
    known.take([Arrival(session="van", evse="a", at_s=0.0, stated_kwh=8.0, power_kw=7.0), Tick(at_s=0.0)])
    known.offer({"van": 6.0})
    known.take([MeterReading(session="van", at_s=3600.0, energy_kwh=6.0, power_kw=6.0), Tick(at_s=3600.0)])
    known.take([MeterReading(session="van", at_s=4500.0, energy_kwh=6.0, power_kw=0.0), Tick(at_s=4500.0)])
    known.take([Departure(session="van", at_s=5400.0)])
    assert [one.wanted_kwh for one in known.gone] == [6.0]


def test_how_a_car_fell_is_remembered_when_it_has_left() -> None:
    # Of 8 kWh it has 6 after an hour at 6 kW: in the middle of it, at 3 kWh, its line still allowed 6 kW.
    known = Known()
    known.take([Arrival(session="van", evse="a", at_s=0.0, stated_kwh=8.0, power_kw=7.0), Tick(at_s=0.0)])
    known.offer({"van": 6.0})
    known.take([MeterReading(session="van", at_s=3600.0, energy_kwh=6.0, power_kw=6.0), Tick(at_s=3600.0)])
    known.take([Departure(session="van", at_s=5400.0)])
    assert known.fell == [Fell(wanted_kwh=8.0, slope_per_h=6.0 / 5.0)]


def test_a_car_that_takes_nothing_shows_no_line_and_nobody_waits_for_it_to_fill_up() -> None:
    known = Known(fell=[Fell(8.0, 2.0)])
    known.take([Arrival(session="van", evse="a", at_s=0.0, stated_kwh=8.0, power_kw=7.0), Tick(at_s=0.0)])
    known.offer({"van": 6.0})
    known.take([MeterReading(session="van", at_s=900.0, energy_kwh=0.0, power_kw=0.0), Tick(at_s=900.0)])
    assert known.here["van"].shown is None
    course_of_a_day = course(car("van", "a", stays=2.0, needs=8.0))
    scenario = scenario_of(known, course_of_a_day.site, FREE, Look(), Taking(learns_taper=True))
    assert scenario is not None
    (session,) = scenario.sessions
    assert session.vehicle is not None
    assert session.vehicle.max_charge_kw == Taking().step_kw
    assert not session.vehicle.taper
    known.take([Departure(session="van", at_s=1800.0)])
    assert known.fell == [Fell(8.0, 2.0)]
