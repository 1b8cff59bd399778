"""A horizon counts elapsed time, also where its start is told in local time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from models.domain.horizon import Horizon, Stretch


def test_a_horizon_over_a_change_of_clocks_has_its_full_length() -> None:
    """24 h from 28 March 2026 18:00 in Berlin (17:00 UTC): clocks jump at 01:00 UTC, so it ends at 19:00 there."""
    start = datetime(2026, 3, 28, 18, tzinfo=ZoneInfo("Europe/Berlin"))
    day = Horizon(start=start, stretches=(Stretch(count=24, minutes=60.0),))
    assert day.end == datetime(2026, 3, 29, 17, tzinfo=UTC)
    assert day.instants()[-1] == day.end
    assert day.end.astimezone(start.tzinfo).hour == 19


def test_instants_are_one_more_than_periods_of_unequal_length() -> None:
    start = datetime(2026, 3, 2, 12, tzinfo=UTC)
    horizon = Horizon(start=start, stretches=(Stretch(count=2, minutes=5.0), Stretch(count=1, minutes=60.0)))
    assert [i.strftime("%H:%M") for i in horizon.instants()] == ["12:00", "12:05", "12:10", "13:10"]
