"""Prices that are not published yet are those of the last like day, and never below the median."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from models.domain.late_prices import with_estimates
from models.domain.series import value_at
from models.domain.tariff import PriceSeries
from models.domain.value import Step

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 2, 27, tzinfo=BERLIN)


def hourly(start: datetime, *values: float) -> PriceSeries:
    begin = start.astimezone(UTC)
    steps = tuple(Step(start=begin + timedelta(hours=k), value=value) for k, value in enumerate(values))
    return PriceSeries(steps=steps, end=begin + timedelta(hours=len(values)))


def dear_evenings(start: datetime, days: int) -> PriceSeries:
    """0.10 by day, 0.40 from 18 to 20 o'clock."""
    return hourly(start, *([0.10] * 18 + [0.40] * 2 + [0.10] * 4) * days)


def test_what_is_published_stays_as_it_is() -> None:
    known = dear_evenings(FRIDAY, 2)

    assert with_estimates(known, FRIDAY + timedelta(hours=40), BERLIN) == (known, None)


def test_an_evening_is_dear_as_the_evening_before() -> None:
    known = dear_evenings(FRIDAY - timedelta(days=1), 1)

    filled, since = with_estimates(known, FRIDAY + timedelta(days=1), BERLIN)

    assert since == FRIDAY
    assert value_at(filled.steps, FRIDAY.replace(hour=18)) == 0.40
    assert value_at(filled.steps, FRIDAY.replace(hour=17)) == 0.10
    assert filled.end == FRIDAY + timedelta(days=1)


def test_a_monday_is_like_the_friday_before_and_not_like_the_sunday() -> None:
    sunday = [0.20] * 24
    friday_to_sunday = hourly(FRIDAY, *([0.30] * 24 + [0.20] * 24 + sunday))
    monday = FRIDAY + timedelta(days=3)

    filled, _ = with_estimates(friday_to_sunday, monday + timedelta(hours=12), BERLIN)

    assert value_at(filled.steps, monday.replace(hour=9)) == 0.30


def test_a_cheap_hour_is_not_counted_on() -> None:
    """Median 0.20: an hour at -0.50 yesterday is none tomorrow."""
    known = hourly(FRIDAY - timedelta(days=1), -0.50, *[0.20] * 23)

    filled, _ = with_estimates(known, FRIDAY + timedelta(hours=3), BERLIN)

    assert value_at(filled.steps, FRIDAY) == 0.20


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_estimates_come_in_the_steps_of_the_market(minutes: int) -> None:
    step = timedelta(minutes=minutes)
    begin = FRIDAY.astimezone(UTC)
    known = PriceSeries(steps=tuple(Step(start=begin + k * step, value=0.1 + k % 3) for k in range(24)))

    filled, since = with_estimates(known, begin + 30 * step, BERLIN)

    assert since == begin + 24 * step
    assert {after.start - before.start for before, after in zip(filled.steps, filled.steps[1:], strict=False)} == {step}


def test_a_price_that_somebody_wrote_down_changes_where_it_changes() -> None:
    night = PriceSeries(
        steps=(Step(start=FRIDAY, value=0.18), Step(start=FRIDAY.replace(hour=6), value=0.30)),
        end=FRIDAY + timedelta(days=1),
    )

    filled, _ = with_estimates(night, FRIDAY + timedelta(days=4), BERLIN)

    monday = FRIDAY + timedelta(days=3)
    assert value_at(filled.steps, monday.replace(hour=12)) == 0.30
    assert value_at(filled.steps, monday.replace(hour=3)) == 0.24  # the median of both, as 0.18 is below it
    assert len(filled.steps) == 4


def test_the_hour_that_a_clock_change_leaves_out_has_a_price() -> None:
    saturday = datetime(2026, 3, 28, tzinfo=BERLIN)
    known = hourly(saturday, *[0.25] * 24)

    filled, _ = with_estimates(known, saturday + timedelta(days=2), BERLIN)

    assert {step.value for step in filled.steps} == {0.25}
