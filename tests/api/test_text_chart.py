"""Load as text, and powers in other periods, by hand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from api import chart
from api.curves import means, peak_kw

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2026, 3, 1, 23, tzinfo=UTC)
"""In Berlin, on a day of 24 hours."""


def hours(count: int, start: datetime = MIDNIGHT) -> list[datetime]:
    return [start + timedelta(hours=k) for k in range(count + 1)]


def test_eight_eighths_are_a_full_block() -> None:
    assert chart.blocks(np.array([0.0, 1.0, 4.0, 4.1, 8.0, np.nan]), 8.0) == "·▁▄▅█ "


def test_more_than_the_top_is_a_full_block_and_nothing_has_no_height() -> None:
    assert chart.blocks(np.array([9.0]), 8.0) == "█"
    assert chart.blocks(np.array([0.0, 1.0]), 0.0) == "··"


def test_an_hour_is_two_slots_of_the_local_day() -> None:
    (row,) = chart.days(hours(2), np.array([6.0, 2.0]), BERLIN).values()

    assert row[:5] == pytest.approx([6.0, 6.0, 2.0, 2.0, np.nan], nan_ok=True)


def test_a_plan_that_starts_inside_a_half_hour_fills_it_with_what_it_knows() -> None:
    start = MIDNIGHT + timedelta(minutes=10)

    (row,) = chart.days([start, start + timedelta(minutes=20)], np.array([6.0]), BERLIN).values()

    assert row[0] == pytest.approx(6.0)
    assert np.isnan(row[1:]).all()


def test_the_hour_that_the_clocks_skip_stays_empty_and_the_one_they_repeat_keeps_the_larger() -> None:
    spring, autumn = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)

    (skipped,) = chart.days(hours(4, spring), np.full(4, 5.0), BERLIN).values()
    (repeated,) = chart.days(hours(4, autumn), np.array([1.0, 1.0, 3.0, 7.0]), BERLIN).values()

    assert skipped[:10] == pytest.approx([5, 5, 5, 5, np.nan, np.nan, 5, 5, 5, 5], nan_ok=True), "no 02:00"
    assert repeated[:6] == pytest.approx([1, 1, 1, 1, 7, 7]), "02:00 twice: 3 kW, then 7 kW"


def test_a_zone_with_odd_quarters_has_its_own_half_hours() -> None:
    kathmandu = ZoneInfo("Asia/Kathmandu")
    start = datetime(2026, 3, 1, 18, 15, tzinfo=UTC)

    (row,) = chart.days(hours(1, start), np.array([4.0]), kathmandu).values()

    assert row[:3] == pytest.approx([4.0, 4.0, np.nan], nan_ok=True), "18:15 UTC is midnight there"


def test_a_mean_weighs_by_time_and_counts_nothing_outside() -> None:
    instants_s = np.array([0.0, 600.0, 900.0])

    mean_kw = means(np.array([3.0, 9.0]), instants_s, np.array([0.0, 600.0]), np.array([900.0, 1200.0]))

    assert mean_kw == pytest.approx([5.0, 4.5]), "(600 s x 3 + 300 s x 9) / 900 s; 300 s x 9 / 600 s"


def test_a_peak_is_that_of_a_quarter_hour_however_fine_the_periods() -> None:
    five_minutes_s = np.array([0.0, 300.0, 600.0, 900.0])

    assert peak_kw(np.array([30.0, 0.0, 0.0]), five_minutes_s) == pytest.approx(10.0)
    assert peak_kw(np.array([8.0]), np.array([0.0, 3600.0])) == pytest.approx(8.0)
