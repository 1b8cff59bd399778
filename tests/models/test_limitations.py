"""The ledger of limitations: only what we did counts."""

from datetime import UTC, datetime, timedelta

import pytest

from models.domain.errors import InvalidScenario
from models.domain.limitations import (
    Limitation,
    LimitInForce,
    MeasuredPower,
    SessionRecord,
    Stretch,
    limitations,
    limited_time,
)
from models.domain.wire import read_records

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def limit(start: float, end: float, limit_kw: float, reason: str = "limit", could_kw: float = 11.0) -> LimitInForce:
    return LimitInForce(
        start=at(start), end=at(end), limit_kw=limit_kw, could_kw=could_kw, reason=reason, causes=("feeder",)
    )


def drawn(start: float, end: float, power_kw: float) -> MeasuredPower:
    return MeasuredPower(start=at(start), end=at(end), power_kw=power_kw)


def told(lines: tuple[Limitation, ...]) -> list[tuple[float, float, float, str, bool]]:
    return [
        (
            (line.start - NINE) / timedelta(minutes=1),
            (line.end - NINE) / timedelta(minutes=1),
            line.power_kw,
            line.reason,
            line.suspended,
        )
        for line in lines
    ]


def test_a_pause_and_a_low_limit_are_lines_with_their_reasons_and_full_power_is_none() -> None:
    record = SessionRecord(
        session="a", in_force=(limit(0, 30, 0.0, "signal"), limit(30, 90, 4.0), limit(90, 120, 11.0))
    )

    lines = limitations(record)

    assert told(lines) == [(0, 30, 0.0, "signal", True), (30, 90, 4.0, "limit", False)]
    # Half an hour at 11 kW less, one hour at 7 kW less.
    total = limited_time("a", lines)
    assert (total.limited_h, total.suspended_h, total.kwh_less) == (1.5, 0.5, 12.5)


def test_a_car_that_draws_less_than_it_was_offered_is_not_held_by_us() -> None:
    in_force = (limit(0, 60, 6.0),)

    assert limitations(SessionRecord(session="a", in_force=in_force, measured=(drawn(0, 60, 3.0),))) == ()
    assert limitations(SessionRecord(session="a", in_force=in_force, measured=(drawn(0, 60, 5.9),))) != ()


def test_a_station_that_ignores_a_limit_has_not_held_its_car() -> None:
    record = SessionRecord(session="a", in_force=(limit(0, 60, 6.0),), measured=(drawn(0, 60, 11.0),))

    assert limitations(record) == ()


def test_a_car_that_is_full_or_pauses_by_itself_is_not_held_at_zero() -> None:
    record = SessionRecord(
        session="a", in_force=(limit(0, 60, 0.0),), wanted_nothing=(Stretch(start=at(20), end=at(60)),)
    )

    assert told(limitations(record)) == [(0, 20, 0.0, "limit", True)]


def test_a_line_ends_where_the_meter_begins_to_bear_it_out_no_more() -> None:
    record = SessionRecord(
        session="a", in_force=(limit(0, 60, 6.0),), measured=(drawn(0, 15, 6.0), drawn(15, 30, 6.0), drawn(30, 45, 2.0))
    )

    lines = limitations(record)

    assert told(lines) == [(0, 30, 6.0, "limit", False), (45, 60, 6.0, "limit", False)]
    assert [line.measured for line in lines] == [True, False]


def test_the_rounding_of_a_limit_is_no_limitation() -> None:
    assert limitations(SessionRecord(session="a", in_force=(limit(0, 60, 10.93),))) == ()


def test_records_that_cannot_be_read_are_told_with_their_place() -> None:
    naive = b'[{"session": "a", "in_force": [{"start": "2026-03-02T09:00:00", "end": "2026-03-02T10:00:00Z",'
    naive += b' "limit_kw": 1, "could_kw": 11}]}]'

    with pytest.raises(InvalidScenario, match="a time has no offset"):
        read_records(naive)
    with pytest.raises(InvalidScenario, match="could_kw"):
        read_records(naive.replace(b', "could_kw": 11', b""))
    with pytest.raises(InvalidScenario, match="not JSON"):
        read_records(b"nothing")
