"""Times in reasons, on the night on which clocks go back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from optimizer.explain.reason import clock

BERLIN = ZoneInfo("Europe/Berlin")
BEFORE, AFTER = (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold) for fold in (0, 1))


@pytest.mark.parametrize("order", [(BEFORE, AFTER), (AFTER, BEFORE)])
def test_both_half_past_two_of_a_night_are_told_apart_in_another_zone(order: tuple[datetime, datetime]) -> None:
    told = {one.fold: clock(one, one, UTC) for one in order}
    assert told == {0: "00:30", 1: "01:30"}
