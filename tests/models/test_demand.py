"""Demand charges: billing months, metering intervals, and the part of the monthly price that a plan sees."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.calendar import Calendar
from models.domain.demand import DemandWindow, demand_windows
from models.domain.errors import InvalidScenario
from models.domain.tariff import DayKind, DemandCharge, Window
from models.domain.windows import holds
from tests.reference_time import best_s

LOS_ANGELES = Calendar(ZoneInfo("America/Los_Angeles"))
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
FACILITIES = DemandCharge(id="facilities", rate_per_kw=15.51, peak_set_kw=40.0, ratchet_kw=25.0, target_peak_kw=30.0)
EVENING = Window(days=(DayKind.WEEKDAY,), start="16:00", end="21:00")


def local_s(calendar: Calendar, *when: int) -> float:
    return datetime(*when, tzinfo=calendar.time_zone).timestamp()


def only(windows: tuple[DemandWindow, ...]) -> DemandWindow:
    (window,) = windows
    return window


def test_one_day_in_the_middle_of_october_sees_one_of_its_seventeen_days_left() -> None:
    start_s = local_s(LOS_ANGELES, 2019, 10, 15)
    window = only(demand_windows(FACILITIES, LOS_ANGELES, start_s, start_s + 86400))
    assert window.label == "facilities@2019-10"
    assert window.cost_per_kw == pytest.approx(15.51 / 17, rel=1e-12)
    assert window.floor_kw == 40.0
    assert window.interval_start_s.tolist() == (start_s + 900.0 * np.arange(96)).tolist()
    assert window.interval_end_s.tolist() == (start_s + 900.0 * np.arange(1, 97)).tolist()
    assert window.metered_kwh.tolist() == [0.0] * 96


@pytest.mark.parametrize(
    ("start", "hours", "share"),
    [
        ((2019, 10, 16, 12), 36, 1.5 / 15.5),  # half of the 16th and 15 more days are left
        ((2019, 10, 16, 12), 6, 1.0 / 15.5),  # less than a day counts as one
        ((2019, 10, 31, 6), 6, 1.0),  # 1 / 0.75: a peak costs its price once, not more
        ((2019, 10, 20), 12 * 24, 1.0),  # reaches the end of the month
    ],
)
def test_the_share_of_the_monthly_price_is_days_covered_over_days_left(
    start: tuple[int, ...], hours: float, share: float
) -> None:
    start_s = local_s(LOS_ANGELES, *start)
    window = only(demand_windows(FACILITIES, LOS_ANGELES, start_s, start_s + hours * 3600))
    assert window.cost_per_kw == pytest.approx(15.51 * share, rel=1e-12)


def test_a_billing_month_that_changes_inside_the_horizon_makes_two_windows() -> None:
    start_s, month_s = local_s(LOS_ANGELES, 2019, 10, 31, 12), local_s(LOS_ANGELES, 2019, 11, 1)
    october, november = demand_windows(FACILITIES, LOS_ANGELES, start_s, start_s + 86400)
    assert [october.label, november.label] == ["facilities@2019-10", "facilities@2019-11"]
    # November 2019 has 30 days and the hour that November 3 repeats; the peak set is October's alone.
    assert [october.floor_kw, november.floor_kw] == [40.0, 30.0]
    assert october.cost_per_kw == 15.51
    assert november.cost_per_kw == pytest.approx(15.51 / (30 + 1 / 24), rel=1e-12)
    assert (october.interval_end_s[-1], november.interval_start_s[0]) == (month_s, month_s)
    assert (len(october.interval_start_s), len(november.interval_start_s)) == (48, 48)


def test_a_horizon_that_ends_at_midnight_does_not_touch_the_next_month() -> None:
    start_s, end_s = local_s(LOS_ANGELES, 2019, 10, 31), local_s(LOS_ANGELES, 2019, 11, 1)
    assert [w.label for w in demand_windows(FACILITIES, LOS_ANGELES, start_s, end_s)] == ["facilities@2019-10"]


def test_the_month_is_that_of_local_time() -> None:
    start_s = datetime(2019, 11, 1, 3, tzinfo=UTC).timestamp()  # October 31, 20:00 in Los Angeles
    assert only(demand_windows(FACILITIES, LOS_ANGELES, start_s, start_s + 3600)).label == "facilities@2019-10"


def test_a_year_end_inside_the_horizon_names_both_years() -> None:
    start_s = local_s(BERLIN, 2025, 12, 31)
    labels = [w.label for w in demand_windows(FACILITIES, BERLIN, start_s, start_s + 40 * 86400)]
    assert labels == ["facilities@2025-12", "facilities@2026-01", "facilities@2026-02"]


def test_the_eight_minutes_metered_before_the_horizon_count_in_its_first_interval() -> None:
    charge = DemandCharge(id="peak", rate_per_kw=10.0, metered_kwh=6.0)
    start_s = local_s(BERLIN, 2026, 3, 2, 10, 8)
    window = only(demand_windows(charge, BERLIN, start_s, start_s + 30 * 60))
    # 10:00, 10:15 and 10:30 overlap 10:08 to 10:38.
    assert ((window.interval_start_s - start_s) / 60).tolist() == [-8.0, 7.0, 22.0]
    assert ((window.interval_end_s - start_s) / 60).tolist() == [7.0, 22.0, 37.0]
    assert window.metered_kwh.tolist() == [6.0, 0.0, 0.0]


def test_nothing_is_metered_yet_when_the_horizon_starts_with_an_interval() -> None:
    charge = DemandCharge(id="peak", rate_per_kw=10.0, metered_kwh=6.0)
    start_s = local_s(BERLIN, 2026, 3, 2, 10, 15)
    window = only(demand_windows(charge, BERLIN, start_s, start_s + 30 * 60))
    assert window.metered_kwh.tolist() == [0.0, 0.0]


def test_only_intervals_that_begin_inside_a_window_are_charged() -> None:
    charge = DemandCharge(id="evening", rate_per_kw=10.0, windows=(Window(start="16:10", end="17:05"),))
    start_s = local_s(BERLIN, 2026, 3, 2)
    window = only(demand_windows(charge, BERLIN, start_s, start_s + 86400))
    assert ((window.interval_start_s - start_s) / 3600).tolist() == [16.25, 16.5, 16.75, 17.0]


def test_a_charge_whose_windows_the_horizon_misses_makes_none() -> None:
    charge = DemandCharge(id="evening", rate_per_kw=10.0, windows=(EVENING,))
    saturday_s, monday_s = local_s(BERLIN, 2026, 3, 7), local_s(BERLIN, 2026, 3, 9)
    assert demand_windows(charge, BERLIN, saturday_s, monday_s) == ()
    assert len(only(demand_windows(charge, BERLIN, saturday_s, monday_s + 86400)).interval_start_s) == 20


@pytest.mark.parametrize(
    ("zone", "day", "interval_min", "count", "last_min"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 15.0, 92, 15.0),
        ("Europe/Berlin", date(2026, 10, 25), 15.0, 100, 15.0),
        ("Europe/London", date(2026, 10, 25), 30.0, 50, 30.0),
        ("Australia/Lord_Howe", date(2026, 4, 5), 60.0, 25, 30.0),  # 24.5 h: the last hour is cut by midnight
        ("America/Sao_Paulo", date(2018, 11, 4), 15.0, 92, 15.0),  # the day began at 01:00
    ],
)
def test_metering_intervals_fill_the_day_between_two_midnights(
    zone: str, day: date, interval_min: float, count: int, last_min: float
) -> None:
    calendar = Calendar(ZoneInfo(zone))
    start_s, end_s = calendar.day_start_s(day), calendar.day_start_s(day + timedelta(days=1))
    charge = DemandCharge(id="peak", rate_per_kw=1.0, demand_interval_min=interval_min)
    window = only(demand_windows(charge, calendar, start_s, end_s))
    assert (len(window.interval_start_s), window.interval_start_s[0], window.interval_end_s[-1]) == (
        count,
        start_s,
        end_s,
    )
    assert window.interval_end_s[-1] - window.interval_start_s[-1] == last_min * 60


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.sampled_from(["Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "America/Sao_Paulo"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),
    st.integers(1, 4 * 24 * 60),
    st.sampled_from([5.0, 15.0, 30.0, 60.0]),
)
def test_every_interval_that_overlaps_the_horizon_is_there_once_if_its_start_is_charged(
    zone: str, start: datetime, minutes: int, interval_min: float
) -> None:
    calendar = Calendar(ZoneInfo(zone))
    start_s = start.replace(microsecond=0, tzinfo=UTC).timestamp()
    end_s = start_s + minutes * 60
    everything = DemandCharge(id="all", rate_per_kw=1.0, demand_interval_min=interval_min)
    evening = DemandCharge(id="eve", rate_per_kw=1.0, demand_interval_min=interval_min, windows=(EVENING,))
    starts = np.concatenate([w.interval_start_s for w in demand_windows(everything, calendar, start_s, end_s)])
    ends = np.concatenate([w.interval_end_s for w in demand_windows(everything, calendar, start_s, end_s)])
    assert starts[0] <= start_s < ends[0]
    assert starts[-1] < end_s <= ends[-1]
    assert starts[1:].tolist() == ends[:-1].tolist()
    charged = [s for w in demand_windows(evening, calendar, start_s, end_s) for s in w.interval_start_s]
    assert charged == [s for s in starts if holds(EVENING, datetime.fromtimestamp(s, UTC), calendar)]


@pytest.mark.parametrize("interval_min", [0.0, -15.0, 1441.0])
def test_an_impossible_metering_interval_is_refused_by_the_name_of_its_charge(interval_min: float) -> None:
    charge = DemandCharge(id="peak", rate_per_kw=1.0, demand_interval_min=interval_min)
    with pytest.raises(InvalidScenario, match=f"demand charge peak: a metering interval of {interval_min} min"):
        demand_windows(charge, BERLIN, 0.0, 3600.0)


@pytest.mark.clock
def test_a_month_of_five_minute_intervals_takes_less_than_twenty_milliseconds() -> None:
    charge = DemandCharge(id="peak", rate_per_kw=1.0, demand_interval_min=5.0, windows=(EVENING, Window(start="06:00")))
    start_s, end_s = local_s(LOS_ANGELES, 2019, 10, 1), local_s(LOS_ANGELES, 2019, 11, 1)
    assert best_s(lambda: demand_windows(charge, LOS_ANGELES, start_s, end_s), times=10) < 0.020
