"""OSCP 2.0: forecasts as limits, what holds offline, and what is refused."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from models.domain.limit_curve import limit_curve
from models.domain.timeline import fold
from models.domain.utility_signal import Flow, Scope, Target
from models.oscp.provider import Provider, alarm, forecast_taken, heard, in_force
from models.oscp.wire import ForecastType, handshake_of
from models.oscp.written import adjustment, compliance_error, group_measurements

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
YARD = Target(scope=Scope.GROUP, name="yard")


LATER = NOON + timedelta(hours=100)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def block(capacity: Any, start: float = 0, end: float = 1, unit: str = "KW", phase: str = "ALL") -> dict[str, Any]:
    times = {"start_time": at(start).isoformat(), "end_time": at(end).isoformat()}
    return {"capacity": capacity, "phase": phase, "unit": unit, **times}


def forecast(*blocks: dict[str, Any], kind: str = "CONSUMPTION", group: str = "yard") -> dict[str, Any]:
    return {"group_id": group, "type": kind, "forecasted_blocks": list(blocks)}


def provider(*trees: dict[str, Any], offline_at: datetime | None = LATER) -> Provider:
    told = Provider(source="dso", groups=("yard",))
    for i, tree in enumerate(trees):
        told, reply = forecast_taken(told, tree, f"request-{i}")
        assert reply.status is HTTPStatus.NO_CONTENT
    return told if offline_at is None else heard(told, offline_at, NOON)


def limits(told: Provider, now: datetime = NOON, flow: Flow = Flow.IMPORT) -> list[tuple[float, float, float]]:
    steps = limit_curve(fold(in_force(told, now), at(0), at(4)), flow, [YARD])
    return [((s.start - NOON) / timedelta(hours=1), (s.end - NOON) / timedelta(hours=1), s.limit_kw) for s in steps]


def test_a_forecast_limits_its_group_block_by_block() -> None:
    assert limits(provider(forecast(block(50), block(30, 1, 3)))) == [(0, 1, 50), (1, 3, 30)]


def test_generation_limits_what_is_fed_in() -> None:
    told = provider(forecast(block(20), kind="GENERATION"))
    assert limits(told, flow=Flow.EXPORT) == [(0, 1, 20)]
    assert limits(told) == []


def test_a_newer_forecast_of_the_same_kind_replaces_the_older_one() -> None:
    assert limits(provider(forecast(block(50)), forecast(block(60)))) == [(0, 1, 60)]


@pytest.mark.parametrize(
    ("told", "kw"),
    [
        (block(40_000, unit="W"), 40),
        (block(40, 0, 2, unit="KWH"), 20),
        (block(30_000, 0, 0.25, unit="WH"), 120),
        (block(100, unit="A"), 69),
        (block(100, unit="A", phase="UNKNOWN"), 23),
        (block(100, unit="A", phase="ONE"), 69),
        (block(10, unit="KW", phase="TWO"), 30),
    ],
)
def test_capacities_are_kw_of_all_phases_together(told: dict[str, Any], kw: float) -> None:
    assert limits(provider(forecast(told)))[0][2] == pytest.approx(kw)


def test_of_blocks_of_single_phases_the_least_counts_three_times() -> None:
    phases = (block(10, phase="ONE"), block(8, phase="TWO"), block(12, phase="THREE"))
    assert limits(provider(forecast(*phases))) == [(0, 1, 24)]


def test_the_fallback_holds_where_a_forecast_has_no_block() -> None:
    told = provider(forecast(block(50)), forecast(block(15, 0, 4), kind="FALLBACK_CONSUMPTION"))
    assert limits(told) == [(0, 1, 50), (1, 4, 15)]


def test_when_the_promise_to_be_there_lapses_nothing_but_the_fallback_holds() -> None:
    trees = (forecast(block(50, 0, 4)), forecast(block(15, 0, 4), kind="FALLBACK_CONSUMPTION"))
    told = provider(*trees, offline_at=at(2))
    assert limits(told, at(1.99)) == [(0, 4, 50)]
    assert limits(told, at(2)) == [(0, 4, 15)]
    back = heard(told, at(3), at(2.2))
    assert limits(back, at(2.5)) == [(0, 4, 50)]
    journal = (*in_force(told, at(1)), *in_force(told, at(2)), *in_force(back, at(2.5)))
    assert [s.limit_kw for s in limit_curve(fold(journal, at(0), at(4)), Flow.IMPORT, [YARD])] == [50]
    finding = alarm(told, at(2))
    assert finding is not None
    assert "the fallback forecasts hold" in finding.remedy


def test_an_older_heartbeat_takes_no_promise_back() -> None:
    told = provider(forecast(block(50)), offline_at=at(2))
    assert alarm(heard(told, at(1), at(0.5)), at(1.5)) is None


def test_without_a_fallback_the_last_forecast_goes_on_and_the_operator_is_told() -> None:
    told = provider(forecast(block(50, 0, 4)), offline_at=at(1))
    assert limits(told, at(2)) == [(0, 4, 50)]
    finding = alarm(told, at(2))
    assert finding is not None
    assert "without a fallback the last forecasts go on: yard" in finding.remedy


def test_one_that_was_never_heard_from_is_offline() -> None:
    trees = (forecast(block(50, 0, 4)), forecast(block(15, 0, 4), kind="FALLBACK_CONSUMPTION"))
    assert limits(provider(*trees, offline_at=None)) == [(0, 4, 15)]


def test_signals_of_before_and_after_an_outage_fold_to_the_last_in_any_order() -> None:
    trees = (forecast(block(50, 0, 4)), forecast(block(15, 0, 4), kind="FALLBACK_CONSUMPTION"))
    told = provider(*trees, offline_at=at(2))
    both = (*in_force(told, at(3)), *in_force(told, at(1)))
    for signals in (both, reversed(both)):
        assert [s.limit_kw for s in limit_curve(fold(signals, at(0), at(4)), Flow.IMPORT, [YARD])] == [15]


def test_an_optimum_limits_nothing_and_says_so() -> None:
    told, reply = forecast_taken(provider(), forecast(block(5), kind="OPTIMUM"), "r")
    assert limits(told) == []
    assert "an optimum limits nothing" in reply.findings[0].message


@pytest.mark.parametrize(
    ("tree", "status"),
    [
        (forecast(block(50), group="garage"), HTTPStatus.NOT_FOUND),
        (forecast(block(-1)), HTTPStatus.BAD_REQUEST),
        (forecast(block("50")), HTTPStatus.BAD_REQUEST),
        (forecast(block(float("nan"))), HTTPStatus.BAD_REQUEST),
        (forecast(block(50, unit="MW")), HTTPStatus.BAD_REQUEST),
        (forecast(block(50, 1, 0)), HTTPStatus.BAD_REQUEST),
        (forecast(), HTTPStatus.BAD_REQUEST),
        (forecast({**block(50), "start_time": "2026-03-02T12:00:00"}), HTTPStatus.BAD_REQUEST),
        ({"group_id": "yard"}, HTTPStatus.BAD_REQUEST),
        ([], HTTPStatus.BAD_REQUEST),
        (None, HTTPStatus.BAD_REQUEST),
    ],
)
def test_what_cannot_be_meant_is_refused_and_the_forecast_before_stays(tree: Any, status: HTTPStatus) -> None:
    before = provider(forecast(block(40)))
    after, reply = forecast_taken(before, tree, "r")
    assert (reply.status, after) == (status, before)
    assert reply.findings


def test_what_we_write_is_in_the_words_of_the_standard() -> None:
    asked = adjustment("yard", ForecastType.CONSUMPTION, [(at(0), at(1), 60.0)])
    assert forecast_taken(provider(), asked, "r")[1].status is HTTPStatus.NO_CONTENT
    assert compliance_error("too little") == {"message": "too little"}
    (measured,) = group_measurements("yard", 12.5, at(1), at(0))["measurements"]
    assert (measured["value"], measured["unit"], measured["initial_measure_time"]) == (
        12.5,
        "KWH",
        "2026-03-02T12:00:00Z",
    )


@pytest.mark.parametrize("tree", [{"heartbeat_interval": 60}, {"required_behaviour": {"heartbeat_interval": 60}}])
def test_a_handshake_is_read_flat_or_not(tree: Any) -> None:
    assert handshake_of(tree).required_behaviour.heartbeat_interval == 60
