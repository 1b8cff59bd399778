"""Prices over periods: the rates of a real tariff, days on which the clock jumps, seasons, holidays, and gaps."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.calendar import Calendar, calendar_of
from models.domain.errors import InvalidScenario
from models.domain.prices import highest_price, mean_prices, price_at, price_changes, uncovered
from models.domain.tariff import DayKind, PriceSeries, Rate, Tariff, TimeOfUse, Window
from models.domain.value import Step
from models.domain.windows import window_changes
from tests.reference_time import best_s

WEEKDAYS = (DayKind.WEEKDAY,)
LOS_ANGELES = Calendar(ZoneInfo("America/Los_Angeles"), frozenset({date(2019, 7, 4)}))
ZONES = ["Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "America/Sao_Paulo", "Europe/London"]


def window(hours: str = "00:00-24:00", season: str = "01-01/12-31", days: Iterable[DayKind] = tuple(DayKind)) -> Window:
    (start, end), (first, last) = hours.split("-"), season.split("/")
    return Window(days=tuple(days), season_start=first, season_end=last, start=start, end=end)


def rate(price: float, *windows: Window) -> Rate:
    return Rate(price_per_kwh=price, windows=windows or (Window(),))


SUMMER, WINTER = "06-01/09-30", "10-01/05-31"
SCE_TOU_EV_4 = TimeOfUse(
    rates=(
        rate(0.26668, window("12:00-18:00", SUMMER, WEEKDAYS)),
        rate(0.0925, window("08:00-12:00", SUMMER, WEEKDAYS), window("18:00-23:00", SUMMER, WEEKDAYS)),
        rate(0.05623, window(season=SUMMER)),
        rate(0.0869, window("12:00-18:00", WINTER, WEEKDAYS)),
        rate(0.07492, window("08:00-12:00", WINTER, WEEKDAYS), window("18:00-23:00", WINTER, WEEKDAYS)),
        rate(0.06087, window(season=WINTER)),
    )
)
NIGHT = TimeOfUse(rates=(rate(0.10, window("00:00-06:00")), rate(0.30)))


def local_s(calendar: Calendar, *when: int) -> float:
    return datetime(*when, tzinfo=calendar.time_zone).timestamp()


def day_mean(price: TimeOfUse, calendar: Calendar, day: date) -> float:
    ends = [calendar.day_start_s(day), calendar.day_start_s(day + timedelta(days=1))]
    return float(mean_prices(price, np.array(ends), calendar)[0])


def test_a_summer_weekday_of_sce_tou_ev_4_costs_what_its_sheet_says_hour_by_hour() -> None:
    midnight_s = local_s(LOS_ANGELES, 2019, 7, 1)
    hourly = mean_prices(SCE_TOU_EV_4, midnight_s + 3600.0 * np.arange(25), LOS_ANGELES)
    assert hourly.tolist() == [0.05623] * 8 + [0.0925] * 4 + [0.26668] * 6 + [0.0925] * 5 + [0.05623]


def test_the_mean_of_a_summer_weekday_is_its_hours_weighted() -> None:
    # (9 h * 0.05623 + 9 h * 0.0925 + 6 h * 0.26668) / 24 h = (0.50607 + 0.8325 + 1.60008) / 24
    assert day_mean(SCE_TOU_EV_4, LOS_ANGELES, date(2019, 7, 1)) == pytest.approx(0.12244375, rel=1e-12)


def test_a_period_across_eight_in_the_morning_pays_both_prices_by_time() -> None:
    # 07:50 to 08:10 in local time: ten minutes each.
    ends = np.array([local_s(LOS_ANGELES, 2019, 7, 1, 7, 50), local_s(LOS_ANGELES, 2019, 7, 1, 8, 10)])
    assert mean_prices(SCE_TOU_EV_4, ends, LOS_ANGELES) == pytest.approx([(0.05623 + 0.0925) / 2], rel=1e-12)


def test_prices_of_a_summer_weekday_change_at_its_four_hours() -> None:
    start_s, end_s = local_s(LOS_ANGELES, 2019, 7, 1), local_s(LOS_ANGELES, 2019, 7, 2)
    changes = price_changes(SCE_TOU_EV_4, start_s, end_s, LOS_ANGELES)
    assert ((changes - start_s) / 3600).tolist() == [8, 12, 18, 23]


@pytest.mark.parametrize(("month", "midnight"), [(5, 0.06087), (6, 0.05623), (9, 0.05623), (10, 0.06087)])
def test_seasons_include_their_first_and_last_day(month: int, midnight: float) -> None:
    last = (date(2019, month + 1, 1) - timedelta(days=1)).day
    for day in (1, last):
        assert price_at(SCE_TOU_EV_4, datetime(2019, month, day, tzinfo=LOS_ANGELES.time_zone), LOS_ANGELES) == midnight
        assert mean_prices(
            SCE_TOU_EV_4, local_s(LOS_ANGELES, 2019, month, day) + np.array([0.0, 300.0]), LOS_ANGELES
        ) == [midnight]


def test_a_season_that_wraps_the_new_year_holds_on_both_sides_of_it() -> None:
    start_s, end_s = local_s(LOS_ANGELES, 2019, 12, 28), local_s(LOS_ANGELES, 2019, 12, 30)
    assert mean_prices(SCE_TOU_EV_4, np.array([start_s, end_s]), LOS_ANGELES) == [0.06087]  # a weekend
    # Tuesday December 31 and Wednesday January 1: 9 h * 0.06087 + 9 h * 0.07492 + 6 h * 0.0869 = 1.74351
    for day in (date(2019, 12, 31), date(2020, 1, 1)):
        assert day_mean(SCE_TOU_EV_4, LOS_ANGELES, day) == pytest.approx(1.74351 / 24, rel=1e-12)


def test_a_holiday_on_a_weekday_is_only_a_holiday() -> None:
    # July 4, 2019 is a Thursday: no weekday window holds, so the rate for everything else counts all day.
    assert day_mean(SCE_TOU_EV_4, LOS_ANGELES, date(2019, 7, 4)) == 0.05623
    assert day_mean(SCE_TOU_EV_4, LOS_ANGELES, date(2019, 7, 5)) == pytest.approx(0.12244375, rel=1e-12)
    assert price_at(SCE_TOU_EV_4, datetime(2019, 7, 4, 21, tzinfo=UTC), LOS_ANGELES) == 0.05623


def test_public_holidays_come_from_the_named_calendar() -> None:
    tariff = Tariff(currency="EUR", import_price=NIGHT, holiday_calendar="DE-BY", holidays=(date(2026, 12, 24),))
    calendar = calendar_of(tariff, "Europe/Berlin")
    festive = TimeOfUse(rates=(rate(0.1, window(days=[DayKind.HOLIDAY])), rate(0.3)))
    # Epiphany, Tuesday January 6, is a holiday in Bavaria; December 24 is one of the tariff's own.
    prices = {day: day_mean(festive, calendar, day) for day in [date(2026, 1, 6), date(2026, 1, 7), date(2026, 12, 24)]}
    assert list(prices.values()) == [0.1, 0.3, 0.1]
    assert [price_at(festive, datetime(2026, 1, d, 12, tzinfo=UTC), calendar) for d in (6, 7)] == [0.1, 0.3]
    assert day_mean(festive, calendar_of(tariff, "UTC"), date(2026, 1, 6)) == 0.1
    elsewhere = Calendar(ZoneInfo("Europe/Berlin"), holiday_calendar="DE-BE")
    assert day_mean(festive, elsewhere, date(2026, 1, 6)) == 0.3


def test_holidays_of_both_years_count_when_a_horizon_crosses_new_year() -> None:
    festive = TimeOfUse(rates=(rate(0.1, window(days=[DayKind.HOLIDAY])), rate(0.3)))
    calendar = Calendar(ZoneInfo("Europe/Berlin"), holiday_calendar="DE")
    midnights = local_s(calendar, 2025, 12, 31) + 86400.0 * np.arange(4)
    assert mean_prices(festive, midnights, calendar).tolist() == [0.3, 0.1, 0.3]


def test_the_leap_day_belongs_to_february_and_is_missing_in_other_years() -> None:
    leap_day = TimeOfUse(
        rates=(rate(0.1, window(season="02-29/02-29")), rate(0.2, window(season="12-01/02-29")), rate(0.3))
    )
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    assert [day_mean(leap_day, calendar, date(2024, *d)) for d in [(2, 28), (2, 29), (3, 1)]] == [0.2, 0.1, 0.3]
    assert [day_mean(leap_day, calendar, date(2025, *d)) for d in [(2, 28), (3, 1)]] == [0.2, 0.3]


def test_a_window_that_wraps_midnight_belongs_to_the_day_of_each_instant() -> None:
    friday_night = TimeOfUse(rates=(rate(0.1, window("22:00-06:00", days=WEEKDAYS)), rate(0.3)))
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    start_s = local_s(calendar, 2026, 3, 6, 20)  # a Friday: 22:00 to 24:00 is cheap, Saturday 00:00 to 06:00 is not
    hourly = mean_prices(friday_night, start_s + 3600.0 * np.arange(11), calendar)
    assert hourly.tolist() == [0.3, 0.3, 0.1, 0.1] + [0.3] * 6


@pytest.mark.parametrize(
    ("zone", "day", "night_h", "day_h"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 5.0, 23.0),
        ("Europe/Berlin", date(2026, 10, 25), 7.0, 25.0),
        ("America/Los_Angeles", date(2026, 3, 8), 5.0, 23.0),
        ("America/Los_Angeles", date(2026, 11, 1), 7.0, 25.0),
        ("Australia/Lord_Howe", date(2026, 10, 4), 5.5, 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 6.5, 24.5),
        ("America/Sao_Paulo", date(2026, 10, 18), 6.0, 24.0),
        ("America/Sao_Paulo", date(2018, 11, 4), 5.0, 23.0),  # the last year with DST there: midnight was jumped over
        ("Europe/London", date(2026, 3, 29), 5.0, 23.0),
        ("Europe/London", date(2026, 10, 25), 7.0, 25.0),
    ],
)
def test_the_night_rate_counts_the_hours_that_the_night_has_when_the_clock_jumps(
    zone: str, day: date, night_h: float, day_h: float
) -> None:
    expected = (0.10 * night_h + 0.30 * (day_h - night_h)) / day_h
    calendar = Calendar(ZoneInfo(zone))
    assert calendar.day_start_s(day + timedelta(days=1)) - calendar.day_start_s(day) == day_h * 3600
    assert day_mean(NIGHT, calendar, day) == pytest.approx(expected, rel=1e-12)


def test_a_window_inside_the_repeated_hour_opens_twice() -> None:
    # Berlin, October 25, 2026: 02:30 CEST is 00:30 UTC; at 01:00 UTC the clock shows 02:00 again, at 01:30 UTC 02:30.
    start_s = datetime(2026, 10, 25, tzinfo=UTC).timestamp()
    changes = window_changes((window("02:30-04:00"),), Calendar(ZoneInfo("Europe/Berlin")), start_s, start_s + 7200 * 6)
    assert ((changes - start_s) / 3600).tolist() == [0.5, 1.0, 1.5, 3.0]


def test_a_window_inside_the_missing_hour_stays_shut_that_day() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    early = TimeOfUse(rates=(rate(0.1, window("02:15-02:45")), rate(0.3)))
    assert day_mean(early, calendar, date(2026, 3, 29)) == 0.3
    assert day_mean(early, calendar, date(2026, 3, 30)) == pytest.approx((0.05 + 0.3 * 23.5) / 24, rel=1e-12)


def test_published_prices_hold_from_their_instants_on() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    steps = tuple(Step(start=noon + timedelta(hours=k), value=p) for k, p in enumerate([0.25, -0.05, 0.10]))
    series = PriceSeries(steps=steps, end=noon + timedelta(hours=3))
    ends = noon.timestamp() + 1800.0 * np.array([0, 1, 3, 6])
    # 12:30-13:30 has half an hour of each; 13:30-15:00 half an hour at -0.05 and an hour at 0.10.
    assert mean_prices(series, ends, LOS_ANGELES) == pytest.approx([0.25, 0.10, 0.05], rel=1e-12)
    assert price_changes(series, ends[0], ends[-1], LOS_ANGELES).tolist() == [ends[0] + 3600, ends[0] + 7200]
    assert price_at(series, noon + timedelta(minutes=70), LOS_ANGELES) == -0.05


def test_published_prices_are_not_stretched_beyond_their_end() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    series = PriceSeries(steps=(Step(start=noon, value=0.25),), end=noon + timedelta(hours=1))
    message = "tariff.export_price: the prices end at 2026-03-02T13:00:00Z, .* until 2026-03-02T14:00:00Z"
    with pytest.raises(InvalidScenario, match=message):
        mean_prices(series, noon.timestamp() + np.array([0.0, 7200.0]), LOS_ANGELES, path="tariff.export_price")
    with pytest.raises(InvalidScenario, match="the prices end at 2026-03-02T13:00:00Z"):
        price_at(series, noon + timedelta(hours=1), LOS_ANGELES)
    assert mean_prices(series, noon.timestamp() + np.array([0.0, 3600.0]), LOS_ANGELES).tolist() == [0.25]


def test_a_flat_price_never_changes() -> None:
    ends = 900.0 * np.arange(5)
    assert mean_prices(0.2, ends, LOS_ANGELES).tolist() == [0.2] * 4
    assert price_changes(0.2, 0.0, 3600.0, LOS_ANGELES).tolist() == []
    assert price_at(0.2, datetime(2026, 3, 2, tzinfo=UTC), LOS_ANGELES) == 0.2


def test_the_highest_price_is_the_highest_of_rates_or_steps() -> None:
    steps = tuple(Step(start=datetime(2026, 3, d, tzinfo=UTC), value=v) for d, v in [(1, -0.2), (2, -0.1)])
    assert [highest_price(p) for p in (SCE_TOU_EV_4, PriceSeries(steps=steps), 0.3)] == [0.26668, -0.1, 0.3]


def test_local_times_without_a_price_are_told_in_words() -> None:
    weekdays_only = TimeOfUse(rates=(rate(0.2, window(days=WEEKDAYS)), rate(0.1, window("06:00-24:00", SUMMER))))
    without_holidays = Calendar(ZoneInfo("Europe/Berlin"))
    assert uncovered(weekdays_only, without_holidays) == [
        "saturday, sunday, 01-01 to 12-31, 00:00 to 06:00",
        "saturday, sunday, 01-01 to 05-31, 06:00 to 24:00",
        "saturday, sunday, 10-01 to 12-31, 06:00 to 24:00",
    ]
    assert uncovered(weekdays_only, LOS_ANGELES)[0] == "saturday, sunday, holiday, 01-01 to 12-31, 00:00 to 06:00"
    assert uncovered(SCE_TOU_EV_4, LOS_ANGELES) == []


def test_a_price_gap_inside_the_horizon_is_refused_and_one_outside_is_not() -> None:
    weekdays_only = TimeOfUse(rates=(rate(0.2, window(days=WEEKDAYS)),))
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    friday_s = local_s(calendar, 2026, 3, 6, 12)
    assert mean_prices(weekdays_only, friday_s + np.array([0.0, 12 * 3600.0]), calendar).tolist() == [0.2]
    with pytest.raises(
        InvalidScenario, match=r"no rate has a window for 2026-03-07 00:00 in Europe/Berlin \(a saturday\)"
    ):
        mean_prices(weekdays_only, friday_s + np.array([0.0, 12 * 3600.0, 13 * 3600.0]), calendar)
    with pytest.raises(InvalidScenario, match=r"2026-03-07 13:00 .* add a last rate without windows"):
        price_at(weekdays_only, datetime(2026, 3, 7, 12, tzinfo=UTC), calendar)


@pytest.mark.parametrize(
    ("malformed", "message"),
    [
        (window("25:00-26:00"), "'25:00' is no time of day"),
        (window("7:00-09:00"), "'7:00' is no time of day"),
        (window("07:60-09:00"), "'07:60' is no time of day"),
        (window("07:00-24:01"), "'24:01' is no time of day"),
        (window(season="02-30/03-31"), "'02-30' is no day of a year"),
        (window(season="1-1/03-31"), "'1-1' is no day of a year"),
        (window(season="W01-1/03-31"), "'W01-1' is no day of a year"),
        (window("08:00-08:00"), "the window from 08:00 to 08:00 is empty"),
        (window(days=()), "the window has no days"),
    ],
)
def test_a_malformed_window_is_named(malformed: Window, message: str) -> None:
    with pytest.raises(InvalidScenario) as raised:
        mean_prices(TimeOfUse(rates=(rate(0.1, malformed),)), np.array([0.0, 900.0]), LOS_ANGELES)
    assert message in str(raised.value)


def test_every_malformed_window_of_a_tariff_is_named_at_once() -> None:
    both = TimeOfUse(rates=(rate(0.1, window("25:00-26:00")), rate(0.1, window("08:00-08:00"))))
    with pytest.raises(InvalidScenario) as raised:
        uncovered(both, LOS_ANGELES)
    assert len(raised.value.findings) == 3


@pytest.mark.parametrize(
    ("tariff", "site_zone", "path"),
    [
        (Tariff(currency="EUR", import_price=0.1), "Europe/Atlantis", "site.time_zone"),
        (Tariff(currency="EUR", import_price=0.1, time_zone="../etc"), "UTC", "tariff.time_zone"),
        (Tariff(currency="EUR", import_price=0.1, holiday_calendar="XX"), "UTC", "tariff.holiday_calendar"),
        (Tariff(currency="EUR", import_price=0.1, holiday_calendar="US-QQ"), "UTC", "tariff.holiday_calendar"),
    ],
)
def test_an_unknown_zone_or_holiday_calendar_is_refused_where_it_stands(
    tariff: Tariff, site_zone: str, path: str
) -> None:
    with pytest.raises(InvalidScenario) as raised:
        calendar_of(tariff, site_zone)
    assert [finding.path for finding in raised.value.findings] == [path]


@st.composite
def windows(draw: st.DrawFn, minute_step: int) -> Window:
    start, end = draw(
        st.lists(st.integers(0, 24 * 60 // minute_step), min_size=2, max_size=2, unique=True).filter(
            lambda pair: pair[0] * minute_step < 24 * 60 or pair[1] != 0
        )
    )
    texts = [f"{m * minute_step // 60:02}:{m * minute_step % 60:02}" for m in (start, end)]
    first, last = (f"{date(2024, 1, 1) + timedelta(days=draw(st.integers(0, 365))):%m-%d}" for _ in range(2))
    days = draw(st.sets(st.sampled_from(list(DayKind)), min_size=1))
    return window("-".join(texts), f"{first}/{last}", sorted(days))


@st.composite
def times_of_use(draw: st.DrawFn, minute_step: int) -> TimeOfUse:
    groups = draw(st.lists(st.lists(windows(minute_step), min_size=1, max_size=3), max_size=5))
    return TimeOfUse(rates=(*(rate(0.1 + k, *group) for k, group in enumerate(groups)), rate(9.0)))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    holidays = draw(st.sets(st.dates(date(2024, 1, 1), date(2027, 12, 31)), max_size=3))
    country = draw(st.sampled_from([None, "DE-BY", "US-CA"]))
    return Calendar(ZoneInfo(draw(st.sampled_from(ZONES))), frozenset(holidays), country)


# Sundays on which a clock jumps in one of the zones, and the turn of years, a leap day and holidays.
STARTS = st.one_of(
    st.sampled_from([(2026, 3, 28), (2026, 10, 24), (2026, 3, 7), (2026, 10, 31), (2026, 10, 3), (2026, 4, 4)]),
    st.sampled_from([(2024, 2, 28), (2025, 12, 31), (2026, 7, 3), (2026, 12, 24)]),
    st.dates(date(2024, 1, 1), date(2027, 12, 1)).map(lambda d: (d.year, d.month, d.day)),
)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    times_of_use(15),
    calendars(),
    STARTS,
    st.lists(st.integers(1, 192), min_size=2, max_size=6, unique=True).map(sorted),
)
def test_means_equal_looking_at_every_quarter_hour_with_local_datetimes(
    price: TimeOfUse, calendar: Calendar, start: tuple[int, int, int], quarters: list[int]
) -> None:
    begin = datetime(*start, 6, tzinfo=UTC)
    looks = [
        [price_at(price, begin + timedelta(minutes=15 * q), calendar) for q in range(a, b)]
        for a, b in pairwise(quarters)
    ]
    ends = begin.timestamp() + 900.0 * np.array(quarters)
    assert mean_prices(price, ends, calendar) == pytest.approx([np.mean(look) for look in looks], rel=1e-10)
    flat = [p for look in looks for p in look]
    changed = [ends[0] + 900.0 * k for k in range(1, len(flat)) if flat[k] != flat[k - 1]]
    assert price_changes(price, ends[0], ends[-1], calendar).tolist() == changed


@settings(derandomize=True, deadline=None, max_examples=100)
@given(times_of_use(1), calendars(), STARTS, st.lists(st.integers(0, 3 * 86400), min_size=1, max_size=20))
def test_the_price_of_any_one_second_is_the_price_at_its_start(
    price: TimeOfUse, calendar: Calendar, start: tuple[int, int, int], seconds: list[int]
) -> None:
    begin = datetime(*start, tzinfo=UTC)
    for second in seconds:
        instant = begin + timedelta(seconds=second)
        of_second = mean_prices(price, instant.timestamp() + np.array([0.0, 1.0]), calendar)
        assert of_second.tolist() == [price_at(price, instant, calendar)]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(times_of_use(30), calendars(), STARTS)
def test_an_instant_without_a_price_is_one_that_the_gaps_told(
    price: TimeOfUse, calendar: Calendar, start: tuple[int, int, int]
) -> None:
    gappy = TimeOfUse(rates=price.rates[:-1])
    instants = [datetime(*start, tzinfo=UTC) + timedelta(minutes=30 * k) for k in range(96)]
    priced = [_has_price(gappy, instant, calendar) for instant in instants]
    assert all(priced) or uncovered(gappy, calendar)
    ends = np.array([instants[0].timestamp(), instants[-1].timestamp() + 1800])
    if all(priced):
        assert mean_prices(gappy, ends, calendar)[0] < 9.0
    else:
        with pytest.raises(InvalidScenario):
            mean_prices(gappy, ends, calendar)


def _has_price(price: TimeOfUse, instant: datetime, calendar: Calendar) -> bool:
    try:
        price_at(price, instant, calendar)
    except InvalidScenario:
        return False
    return True


@pytest.mark.clock
def test_a_month_of_five_minute_prices_takes_less_than_fifteen_milliseconds() -> None:
    ends = local_s(LOS_ANGELES, 2019, 10, 15) + 300.0 * np.arange(8641)  # over the end of DST
    assert best_s(lambda: mean_prices(SCE_TOU_EV_4, ends, LOS_ANGELES), times=20) < 0.015


@pytest.mark.clock
def test_two_days_of_prices_take_less_than_a_millisecond() -> None:
    ends = local_s(LOS_ANGELES, 2019, 10, 15) + 1800.0 * np.arange(97)
    assert best_s(lambda: mean_prices(SCE_TOU_EV_4, ends, LOS_ANGELES), times=20) < 0.001


def test_the_published_rate_sheet_of_sce_tou_ev_4_gives_the_same_prices() -> None:
    folder = os.environ.get("CHARGEWRIGHT_DATA")
    sheet = Path(folder or "") / "tariffs" / "acnportal" / "sce_tou_ev_4_march_2019.json"
    if folder is None or not sheet.is_file():
        pytest.skip("CHARGEWRIGHT_DATA names no folder with tariffs/acnportal/sce_tou_ev_4_march_2019.json")
    published = TimeOfUse(rates=tuple(_sheet_rates(json.loads(sheet.read_text()))))
    no_holidays = Calendar(ZoneInfo("America/Los_Angeles"))
    assert uncovered(published, no_holidays) == []
    ends = local_s(no_holidays, 2019, 1, 1) + 3600.0 * np.arange(365 * 24 + 1)
    assert mean_prices(published, ends, no_holidays).tolist() == mean_prices(SCE_TOU_EV_4, ends, no_holidays).tolist()


def _sheet_rates(sheet: dict) -> Iterable[Rate]:  # type: ignore[type-arg]
    days = {"WEEKDAYS": WEEKDAYS, "WEEKENDS": (DayKind.SATURDAY, DayKind.SUNDAY)}
    for part in sheet["schedule"]:
        season = f"{part['effective_start']}/{part['effective_end']}"
        for start, end, price in zip(part["times"], [*part["times"][1:], 24], part["tariffs"], strict=True):
            yield rate(price, window(f"{start:02}:00-{end:02}:00", season, days[part["dow_mask"]]))
