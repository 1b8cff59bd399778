"""Nominations: what past sessions could have shed, and the kW that earn most, against figures worked out by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import numpy as np
import pytest

from models.domain.errors import InvalidScenario
from models.domain.programme import DeadBand, Programme
from models.domain.signal import Direction
from models.domain.tariff import DayKind, Window
from optimizer.response.nominated import hindsight
from optimizer.response.nomination import Why, nominate
from optimizer.response.past_days import PastCharge, PastDay, _Sessions, past_days

MONDAY = date(2026, 3, 2)
NOON = Programme(
    id="noon",
    title="Noon",
    currency="EUR",
    time_zone="UTC",
    windows=(Window(days=(DayKind.WEEKDAY,), start="11:00", end="15:00"),),
    capacity_per_kw_month=6.0,
    energy_per_kwh=0.5,
    penalty_per_kwh=2.0,
    calls_expected_per_month=3.0,
)


def charge(arrival: float, departure: float, energy_kwh: float, day: date = MONDAY) -> PastCharge:
    """Hours of the day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    begin, end = midnight + timedelta(hours=arrival), midnight + timedelta(hours=departure)
    return PastCharge(arrival=begin, departure=end, energy_kwh=energy_kwh, power_kw=6.0)


def day(*available_kw: float, on: date = MONDAY) -> PastDay:
    start = datetime(on.year, on.month, on.day, 11, tzinfo=UTC)
    found = np.array(available_kw)
    end = start + timedelta(hours=len(found))
    return PastDay(day=on, start=start, end=end, interval_h=1.0, baseline_kw=found, reached_kw=np.zeros(len(found)))


TWO_DAYS = [day(10.0, 4.0), day(8.0, 8.0)]


def test_what_still_fits_in_after_the_window_could_have_been_shed() -> None:
    # 6 kW from 10:00 to 13:00; after 15:00 there are two hours left for the 12 kWh of the window.
    (found,) = past_days([charge(10, 17, 18.0)], NOON, MONDAY, MONDAY)
    assert found.baseline_kw.tolist() == [6.0, 6.0, 0.0, 0.0]
    assert found.available_kw.tolist() == [6.0, 6.0, 0.0, 0.0]


def test_what_does_not_fit_in_before_the_driver_leaves_stays() -> None:
    # 6 kW from 12:00 to 14:00; after 15:00 half an hour is left for 3 of these 12 kWh, so 9 of them stay.
    (found,) = past_days([charge(12, 15.5, 12.0)], NOON, MONDAY, MONDAY)
    assert found.reached_kw.tolist() == pytest.approx([0.0, 4.5, 4.5, 0.0])
    assert found.available_kw.tolist() == pytest.approx([0.0, 1.5, 1.5, 0.0])


def test_energy_that_its_power_cannot_explain_was_drawn_at_a_higher_one() -> None:
    (found,) = past_days([charge(11, 12, 9.0)], NOON, MONDAY, MONDAY)
    assert found.baseline_kw.tolist() == pytest.approx([9.0, 0.0, 0.0, 0.0])
    assert found.available_kw.tolist() == pytest.approx([0.0] * 4)


def test_days_on_which_the_programme_does_not_call_are_left_out() -> None:
    week = past_days([charge(10, 17, 18.0)], NOON, MONDAY, MONDAY + timedelta(days=6))
    assert [one.day.weekday() for one in week] == [0, 1, 2, 3, 4]
    assert [one.firm_kw for one in week[1:]] == [0.0] * 4


def test_an_event_is_counted_for_as_long_as_it_may_last_in_intervals_of_its_settlement() -> None:
    short = replace(NOON, event_hours=1.0, settlement_minutes=30.0)
    (found,) = past_days([charge(10, 17, 9.0)], short, MONDAY, MONDAY)  # full at 11:30
    assert found.baseline_kw.tolist() == pytest.approx([6.0, 0.0])
    assert (found.end - found.start) == timedelta(hours=1)


def test_windows_are_local_also_on_the_day_on_which_the_clock_is_moved() -> None:
    sunday = date(2026, 3, 29)  # summer time begins: 11:00 in Berlin is 09:00 UTC
    berlin = replace(NOON, time_zone="Europe/Berlin", windows=(Window(start="11:00", end="15:00"),))
    (found,) = past_days([], berlin, sunday, sunday)
    assert (found.start, found.end) == (datetime(2026, 3, 29, 9, tzinfo=UTC), datetime(2026, 3, 29, 13, tzinfo=UTC))


def weekdays(count: int) -> list[date]:
    days = (MONDAY + timedelta(days=k) for k in range(2 * count))
    return [one for one in days if one.weekday() < 5][:count]


def test_what_counts_as_shed_is_told_by_the_baseline_of_the_programme() -> None:
    """Ten days at 6 kW from eleven to one, and one on which nobody came: the mean of the ten is what it settles by."""
    days = weekdays(11)
    past = [charge(11, 17, 12.0, one) for one in days[:-1]]
    found = past_days(past, replace(NOON, baseline="caiso_10_in_10"), days[-1], days[-1])
    assert [one.available_kw.tolist() for one in found] == [[6.0, 6.0, 0.0, 0.0]]
    as_it_came = past_days(past, NOON, days[-1], days[-1])
    assert as_it_came[0].available_kw.tolist() == [0.0] * 4


def test_days_with_too_few_like_days_before_them_are_left_out() -> None:
    days = weekdays(8)
    past = [charge(11, 17, 12.0, one) for one in days]
    found = past_days(past, replace(NOON, baseline="caiso_10_in_10"), days[0], days[-1])
    assert [one.day for one in found] == days[5:]  # at least five like days


def test_a_baseline_that_comes_with_each_event_says_nothing_of_past_days() -> None:
    with pytest.raises(InvalidScenario, match="as_told"):
        past_days([charge(11, 17, 12.0)], replace(NOON, baseline="as_told"), MONDAY, MONDAY)


def test_the_load_of_all_sessions_is_the_sum_of_each() -> None:
    chance = Random(7)
    many = [charge(a := chance.uniform(0, 20), a + chance.uniform(0.5, 9), chance.uniform(0, 30)) for _ in range(60)]
    sessions = _Sessions.of(many)
    edges = datetime(2026, 3, 2, tzinfo=UTC).timestamp() + 900.0 * np.arange(120)
    assert np.diff(sessions.drawn_by_kwh(edges)) == pytest.approx(sessions.drawn_kwh(edges).sum(axis=0), abs=1e-6)


MORE = replace(NOON, direction=Direction.TURN_UP, notice_minutes=60.0)


def test_what_is_drawn_after_the_notice_could_have_been_taken_up_in_the_window_while_a_car_stands_there_idle() -> None:
    # 6 kW from 9:00 to 12:00; told at ten, the 6 kWh from ten to eleven are spread from twelve to three.
    (found,) = past_days([charge(9, 17, 18.0)], MORE, MONDAY, MONDAY)
    assert found.baseline_kw.tolist() == pytest.approx([6.0, 0.0, 0.0, 0.0])
    assert found.reached_kw.tolist() == pytest.approx([6.0, 2.0, 2.0, 2.0])
    assert found.available_kw.tolist() == pytest.approx([0.0, 2.0, 2.0, 2.0])


def test_a_car_takes_up_no_more_than_it_can_draw_before_it_leaves() -> None:
    # From twelve to half past it stands idle: 3 of the 6 kWh.
    (found,) = past_days([charge(9, 12.5, 18.0)], MORE, MONDAY, MONDAY)
    assert found.available_kw.tolist() == pytest.approx([0.0, 3.0, 0.0, 0.0])


def test_without_notice_nothing_was_put_off_that_could_be_taken_up() -> None:
    (found,) = past_days([charge(9, 17, 18.0)], replace(MORE, notice_minutes=0.0), MONDAY, MONDAY)
    assert found.available_kw.tolist() == pytest.approx([0.0] * 4)


def test_no_session_gets_less_or_more_than_it_took_and_none_exceeds_its_power() -> None:
    chance = Random(11)
    for _ in range(40):
        arrival = chance.uniform(5, 14)
        one = charge(arrival, arrival + chance.uniform(0.5, 10), chance.uniform(0, 40))
        for found in past_days([one], replace(MORE, notice_minutes=chance.choice([30.0, 240.0])), MONDAY, MONDAY):
            power_kw = max(6.0, one.energy_kwh / ((one.departure - one.arrival) / timedelta(hours=1)))
            assert (found.reached_kw <= power_kw + 1e-9).all()
            assert (found.available_kw >= -1e-9).all()
            assert found.reached_kw.sum() <= one.energy_kwh + 1e-9


def test_what_counts_as_taken_up_is_told_by_the_baseline_of_the_programme() -> None:
    """Ten days at 6 kW from eleven to one; on the last day the same car could have waited from ten on."""
    days = weekdays(11)
    past = [charge(11, 17, 12.0, one) for one in days[:-1]] + [charge(10, 17, 12.0, days[-1])]
    (found,) = past_days(past, replace(MORE, baseline="caiso_10_in_10"), days[-1], days[-1])
    # 6 kW from 10 to 12 as it came; the 6 kWh before eleven go to the three hours from twelve on.
    assert found.reached_kw.tolist() == pytest.approx([6.0, 2.0, 2.0, 2.0])
    assert found.baseline_kw.tolist()[2:] == pytest.approx([0.0, 0.0])
    assert found.available_kw.tolist()[2:] == pytest.approx([2.0, 2.0])


def test_more_load_is_nominated_by_the_same_money() -> None:
    """Two days with 10 and 4, 8 and 8 kW more are worth what they are as less load."""
    more = [replace(one, reached_kw=2.0 * one.baseline_kw, direction=Direction.TURN_UP) for one in TWO_DAYS]
    found = nominate(replace(NOON, direction=Direction.TURN_UP), more)
    assert (found.power_kw, found.income.total) == (8.0, pytest.approx(51.0))
    assert [one.power_kw for one in found.chances] == [8.0, 4.0, 4.0]


def test_the_best_nomination_is_the_one_worked_out_by_hand() -> None:
    # 8 kW: capacity 48 * (0.75 + 1) / 2 = 42; three calls of (6 - 8 + 8) / 2: energy 21, penalty 12; 51 in all.
    found = nominate(NOON, TWO_DAYS)
    assert (found.power_kw, found.why) == (8.0, Why.BEST)
    assert (found.income.capacity, found.income.energy, found.income.penalty) == pytest.approx((42.0, 21.0, 12.0))
    curve = dict(found.curve)
    assert curve[4.0] == pytest.approx(36.0)  # 24 + 3 * 4
    assert curve[10.0] == pytest.approx(37.5)  # 60 * 0.75 + 3 * (7 - 12 + 8 - 8) / 2


def test_below_the_dead_band_a_day_pays_nothing_so_less_is_nominated() -> None:
    # Of 6 kW the first day delivers 10 / 12: 36 * (10/12 + 1) / 2 + 3 * (5 - 4 + 6) / 2 = 43.5; of 7 kW only 11 / 14.
    found = nominate(replace(NOON, dead_band=DeadBand(pays_from_share=0.8)), TWO_DAYS)
    assert found.power_kw == 6.0
    assert found.income.total == pytest.approx(43.5)


def test_performance_inside_the_upper_band_counts_as_whole() -> None:
    # From three quarters on nothing is lacking: 8 kW pay 48 + 3 * (6 + 8) / 2 = 69.
    found = nominate(replace(NOON, dead_band=DeadBand(whole_from_share=0.75)), TWO_DAYS)
    assert found.power_kw == 8.0
    assert found.income.total == pytest.approx(69.0)


def test_without_a_penalty_more_is_never_worse_and_that_is_said() -> None:
    found = nominate(replace(NOON, penalty_per_kwh=0.0), TWO_DAYS)
    assert (found.power_kw, found.why) == (10.0, Why.NEVER_LESS)


def test_what_pays_only_below_the_minimum_is_not_nominated() -> None:
    found = nominate(replace(NOON, minimum_kw=50.0), TWO_DAYS)
    assert (found.power_kw, found.why) == (0.0, Why.BELOW_MINIMUM)


def test_days_without_load_earn_nothing() -> None:
    found = nominate(NOON, [day(0.0, 0.0)])
    assert (found.power_kw, found.why) == (0.0, Why.NOTHING_EARNED)


def test_nominations_are_multiples_of_the_step() -> None:
    found = nominate(replace(NOON, step_kw=3.0), TWO_DAYS)
    assert found.power_kw in (6.0, 9.0)
    assert found.income.total == max(income for _, income in found.curve)


def test_chances_of_full_delivery_are_counted_and_thin_histories_are_said() -> None:
    days = [day(float(k), 20.0) for k in range(1, 21)]
    half, most, nearly = nominate(NOON, days).chances
    # Ten of twenty days may fall short, then two, then none.
    assert (half.power_kw, most.power_kw, nearly.power_kw) == (11.0, 3.0, 1.0)
    assert nearly.days_needed == 100


def test_no_nomination_on_a_fine_grid_earns_more() -> None:
    chance = Random(5)
    for _ in range(30):
        days = [day(*(chance.choice([0.0, chance.uniform(0.0, 30.0)]) for _ in range(3))) for _ in range(4)]
        band = DeadBand(pays_from_share=chance.uniform(0.0, 0.6), whole_from_share=chance.uniform(0.6, 1.0))
        one = replace(NOON, step_kw=0.01, dead_band=band, penalty_per_kwh=chance.uniform(0.0, 3.0), accepted_share=1.2)
        found = nominate(one, days)
        searched = max(_by_hand(one, days, 0.25 * k) for k in range(200))
        assert found.income.total >= searched - 1e-6
        assert found.income.total == pytest.approx(_by_hand(one, days, found.power_kw), abs=1e-6)


def _by_hand(one: Programme, days: list[PastDay], kw: float) -> float:
    """Interval by interval, as the terms read."""
    capacity = events = 0.0
    for each in days:
        available = each.available_kw.tolist()
        share = sum(min(a, kw) for a in available) / (kw * len(available)) if kw else 1.0
        whole = share >= one.dead_band.whole_from_share - 1e-9
        if share < one.dead_band.pays_from_share - 1e-9:
            share, paid = 0.0, 0.0
        else:
            paid = sum(min(a, one.accepted_share * kw) for a in available) * one.energy_per_kwh
        lacking = 0.0 if whole else sum(max(0.0, kw - a) for a in available)
        capacity += (1.0 if whole else share) * kw * one.capacity_per_kw_month
        events += paid - lacking * one.penalty_per_kwh
    return (capacity + one.calls_expected_per_month * events) / len(days)


def test_a_nomination_is_judged_by_the_best_constant_one_of_days_it_did_not_see() -> None:
    march, april = date(2026, 3, 2), date(2026, 4, 1)
    days = [day(10.0, 4.0, on=march), day(8.0, 8.0, on=march), day(6.0, 6.0, on=april)]
    # 8 kW: March 51 as above; April 48 * 0.75 + 3 * (6 - 8) = 30.
    # 6 kW: 36 * (10/12 + 1) / 2 + 10.5 = 43.5 and 36 + 18 = 54.
    found = hindsight(NOON, 8.0, days)
    assert [month.income for month in found.months] == pytest.approx([51.0, 30.0])
    assert (found.best_kw, found.best_income) == (6.0, pytest.approx(97.5))
    assert found.share == pytest.approx(81.0 / 97.5)


def test_drawn_calls_are_the_same_for_the_same_seed() -> None:
    days = [day(float(k), 9.0, on=MONDAY + timedelta(days=k)) for k in range(10)]
    assert hindsight(NOON, 5.0, days, seed=3) == hindsight(NOON, 5.0, days, seed=3)


def test_history_without_a_day_of_the_programme_is_told() -> None:
    with pytest.raises(InvalidScenario, match="no past day has a window"):
        nominate(NOON, [])
