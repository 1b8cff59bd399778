"""Baselines against spreadsheets of a real month, worked out by hand, and against days that are easy to see."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.domain.calendar import Calendar
from models.domain.errors import InvalidScenario
from models.settlement.load import Quality, summed
from models.settlement.methods import NearbyHours, method, methods
from optimizer.response.baselines import DayUse, History, LookedAt, baseline, spans_of
from tests.optimizer.settled import CALENDAR, EVENT, GOLDEN, HOUR_S, at, history, hours, series
from tests.optimizer.sheets import Sheet

SHEETS = {
    "caiso_10_in_10": "EFG",
    "pjm_4_of_5": "EFG",
    "nyiso_5_of_10": "DEF",
    "meter_before_after": "CDE",
    "pjm_same_day_3_2": "EFG",
}
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(("name", "columns"), SHEETS.items())
def test_a_baseline_of_a_real_month_is_the_one_worked_out_by_hand(name: str, columns: str) -> None:
    found = baseline(name, EVENT, history())

    assert found.adjusted_kw == pytest.approx(Sheet(GOLDEN / f"{name}.csv").named("baseline kW", columns), abs=1e-9)


def test_the_days_and_the_ratio_are_those_of_the_sheet() -> None:
    found, sheet = baseline("caiso_10_in_10", EVENT, history()), Sheet(GOLDEN / "caiso_10_in_10.csv")

    assert [str(day) for day in found.taken] == [sheet.text(f"A{row}") for row in range(2, 12)]
    assert (found.unbounded, found.adjusted_by) == pytest.approx(tuple(sheet.named("ratio", "BC")), abs=1e-12)


def test_what_was_left_out_is_told_with_its_reason() -> None:
    uses = {one.day.day: one.use for one in baseline("nyiso_5_of_10", EVENT, history()).days}

    assert uses[22] is DayUse.DAY_BEFORE
    assert uses[21] is DayUse.LOW_USAGE
    assert uses[20] is uses[19] is DayUse.OTHER_KIND
    assert uses[16] is DayUse.EVENT_DAY
    assert uses[14] is DayUse.HOLIDAY
    assert uses[11] is DayUse.MISSING
    assert uses[18] is DayUse.NOT_TAKEN
    assert [day for day, use in uses.items() if use is DayUse.TAKEN] == [10, 9, 7, 4, 1]


def test_the_published_example_of_pjm_takes_hours_ending_9_to_11_and_19_to_20_for_an_event_of_13_to_17() -> None:
    """RTO Insider no. 23098; each hour's load is here the number of the hour that it ends."""
    load = series([float(hour + 1) for hour in range(24)], at(23, 0))
    event = spans_of(at(23, 12), at(23, 17), HOUR_S)

    found = baseline("pjm_same_day_3_2", event, History(load=load, calendar=CALENDAR))

    assert found.adjusted_kw == pytest.approx([(9 + 10 + 11 + 19 + 20) / 5] * 5)


def days(per_day: Sequence[float], first: int = 1) -> History:
    """Days of October 2019 with one load each."""
    return History(load=series([kw for kw in per_day for _ in range(24)], at(first, 0)), calendar=CALENDAR)


def test_a_saturday_is_compared_with_weekends_and_holidays_or_with_saturdays_alone() -> None:
    event = hours(26, 12, 14)
    told = days([float(day) for day in range(1, 32)])

    together, apart = baseline("caiso_10_in_10", event, told), baseline("nyiso_5_of_10", event, told)

    assert [day.day for day in together.taken] == [20, 19, 14, 13]
    assert [day.day for day in apart.taken] == [19, 12]


def test_a_ratio_stays_inside_its_bounds_and_an_addition_has_none() -> None:
    loads = [10.0] * 22 + [30.0]

    ratio, added = (baseline(name, EVENT, days(loads)) for name in ("caiso_10_in_10", "pjm_4_of_5"))

    assert (ratio.unbounded, ratio.adjusted_by) == (pytest.approx(3.0), 1.2)
    assert ratio.adjusted_kw == pytest.approx([12.0] * 3)
    assert added.adjusted_kw == pytest.approx([30.0] * 3)


def test_where_like_days_have_no_load_before_the_event_nothing_is_divided_by_it() -> None:
    day = [0.0] * 12 + [8.0] * 12
    told = History(load=series(day * 23, at(1, 0)), calendar=CALENDAR)

    found = baseline("caiso_10_in_10", EVENT, told)

    assert found.adjusted_kw == pytest.approx([8.0] * 3)
    assert found.adjusted_by is None
    assert "no load in the hours before" in found.told[-1]


def test_fewer_days_are_told_and_too_few_are_refused_with_the_way_out() -> None:
    seven = baseline("caiso_10_in_10", EVENT, days([5.0] * 11, first=13))
    assert seven.told == ("only 6 of 10 days were found",)

    with pytest.raises(InvalidScenario, match="needs at least 5 days like 2019-10-23, the meter has 4") as refused:
        baseline("caiso_10_in_10", EVENT, days([5.0] * 7, first=17))
    assert "give readings of earlier days" in str(refused.value)


def test_no_day_is_told_that_is_older_than_the_last_candidate() -> None:
    """Five weekdays before Wednesday the 23rd reach back to the 16th."""
    assert baseline("pjm_4_of_5", EVENT, days([5.0] * 23)).days[-1].day.day == 16


def test_equal_days_are_chosen_by_date_whatever_the_order() -> None:
    assert [day.day for day in baseline("pjm_4_of_5", EVENT, days([5.0] * 23)).taken] == [21, 18, 17, 16]


def test_hours_are_those_of_the_wall_clock_on_both_sides_of_a_clock_change() -> None:
    """Clocks in Germany went back on 27 October 2019: 17:00 was 15:00 UTC before and 16:00 UTC after it."""
    begin = datetime(2019, 10, 1, tzinfo=BERLIN).timestamp()
    at_five = [at.timestamp() for at in (datetime(2019, 10, d, 17, tzinfo=BERLIN) for d in range(1, 32))]
    load = series([7.0 if begin + HOUR_S * k in at_five else 1.0 for k in range(31 * 24 + 1)], begin)
    start_s = datetime(2019, 10, 29, 17, tzinfo=BERLIN).timestamp()

    found = baseline(
        "pjm_4_of_5", spans_of(start_s, start_s + HOUR_S, HOUR_S), History(load=load, calendar=Calendar(BERLIN))
    )

    assert found.raw_kw == pytest.approx([7.0])


def test_an_hour_that_the_clock_skips_makes_a_day_unfit() -> None:
    """31 March 2019 in Germany had no hour from 02:00 to 03:00."""
    begin = datetime(2019, 3, 1, tzinfo=BERLIN).timestamp()
    start_s = datetime(2019, 4, 7, 2, tzinfo=BERLIN).timestamp()
    told = History(load=series([1.0] * 24 * 40, begin), calendar=Calendar(BERLIN))

    found = baseline("caiso_10_in_10", spans_of(start_s, start_s + HOUR_S, HOUR_S), told)

    assert LookedAt(day=date(2019, 3, 31), use=DayUse.MISSING) in found.days


def test_the_last_settlement_interval_may_be_shorter() -> None:
    spans = spans_of(0.0, 5400.0, HOUR_S)

    assert spans.hours.tolist() == [1.0, 0.5]


def test_a_mean_over_part_of_intervals_weighs_them_by_time_and_a_gap_makes_it_unknown() -> None:
    load = series([4.0, 8.0, float("nan")], 0.0)

    means = load.mean_kw(np.array([0.0, 2700.0, 3600.0, -60.0]), np.array([3600.0, 4500.0, 9000.0, 60.0]))

    assert means[:2] == pytest.approx([4.0, 6.0])
    assert np.isnan(means[2:]).all()
    assert load.quality_of(0.0, 7200.0) is Quality.OK
    assert load.quality_of(3600.0, 7300.0) is Quality.MISSING
    assert load.quality_of(7200.0, 14400.0) is Quality.MISSING


def test_meters_count_together_where_all_of_them_were_read() -> None:
    both = summed("evses", [series([1.0, 2.0], 0.0), series([3.0, float("nan")], 0.0)])

    assert both.power_kw[0] == 4.0
    assert np.isnan(both.power_kw[1])
    assert both.quality == (Quality.OK, Quality.MISSING)


def test_metered_evses_are_settled_by_ten_like_days_of_their_own() -> None:
    assert baseline("metered_evse", EVENT, history()).adjusted_kw == pytest.approx(
        Sheet(GOLDEN / "caiso_10_in_10.csv").named("baseline kW", "EFG")
    )


def test_a_method_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidScenario, match="take one of caiso_10_in_10, "):
        baseline("ten_of_ten", EVENT, history())


def test_a_baseline_that_should_have_come_with_the_event_is_asked_for() -> None:
    with pytest.raises(InvalidScenario, match="give the event a baseline_kw"):
        baseline("as_told", EVENT, history())


def test_every_constant_of_every_method_has_a_source_or_is_marked_as_unverified() -> None:
    for one in methods().values():
        assert all(constant.source is None or len(constant.source) > 20 for constant in one.constants)
    assert "adjust_from_h" in method("caiso_10_in_10").unverified
    assert method("pjm_same_day_3_2").unverified == ()
    assert method("pjm_same_day_3_2").rule == NearbyHours(before_h=3.0, after_h=2.0, gap_h=1.0)
