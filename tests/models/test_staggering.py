"""From which signals load comes back one EVSE after the other: those after which nothing at their place goes on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from models.domain.signal import Cap, Direction, Dispatch, Event
from models.domain.staggering import concerns, return_offset_s, returns, watched_until

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def cap(start_h: float, end_h: float, **more: object) -> Cap:
    start, end = (NOON + timedelta(hours=h) for h in (start_h, end_h))
    told = {"id": f"{start_h:g}-{end_h:g}", "import_limit_kw": 5.0, "stagger_minutes": 10.0, **more}
    return Cap(start=start, end=end, **told)  # type: ignore[arg-type]  # fields by name


def test_limits_that_follow_each_other_at_one_place_are_one_event() -> None:
    first, second, elsewhere = cap(0, 1), cap(1, 2), cap(0, 1, id="hall", node="hall")
    assert list(returns([first, second, elsewhere])) == [second, elsewhere]


def test_what_does_not_stagger_neither_comes_back_nor_goes_on() -> None:
    default = cap(1, 24, stagger_minutes=0.0)
    assert list(returns([cap(0, 1), default])) == [cap(0, 1)]


def test_of_two_that_overlap_the_longer_one_counts_and_of_two_equal_ones_both() -> None:
    assert list(returns([cap(0, 2), cap(1, 3)])) == [cap(1, 3)]
    twin = cap(0, 2, id="twin")
    assert list(returns([cap(0, 2), twin])) == [cap(0, 2), twin]


def test_setpoints_and_events_come_back_as_limits_do() -> None:
    start, end = NOON, NOON + timedelta(hours=1)
    setpoint = Dispatch(
        id="d", start=start, end=end, setpoint_kw=3.0, price_above_per_kwh=1.0, price_below_per_kwh=0.0,
        stagger_minutes=5.0,
    )  # fmt: skip
    event = Event(id="e", start=start, end=end, direction=Direction.REDUCE, baseline_kw=9.0, stagger_minutes=5.0)
    assert list(returns([setpoint])) == [setpoint]
    assert list(returns([event, cap(1, 2)])) == [cap(1, 2)]


def test_offsets_lie_below_the_spread_and_only_named_evses_wait() -> None:
    offsets = {return_offset_s(cap(0, 1), f"bay-{k}") for k in range(100)}
    assert min(offsets) >= 0
    assert max(offsets) < 600
    assert len(offsets) > 80
    assert return_offset_s(replace(cap(0, 1), stagger_minutes=0.0), "bay-1") == 0
    assert [concerns(cap(0, 1, evses=("a",)), name) for name in "ab"] == [True, False]


@pytest.mark.parametrize(
    ("ended", "until"),
    [
        ("2026-03-02T09:00:00+01:00", "2026-03-03T00:00:00+01:00"),
        ("2026-03-02T23:30:00+01:00", "2026-03-03T01:30:00+01:00"),
        ("2026-03-03T00:00:00+01:00", "2026-03-04T00:00:00+01:00"),
        ("2026-03-29T00:30:00+01:00", "2026-03-30T00:00:00+02:00"),
    ],
)
def test_a_peak_is_looked_for_until_the_end_of_the_local_day_and_for_two_hours_at_least(ended: str, until: str) -> None:
    told = watched_until(datetime.fromisoformat(ended).astimezone(UTC), ZoneInfo("Europe/Berlin"))
    assert told == datetime.fromisoformat(until)
