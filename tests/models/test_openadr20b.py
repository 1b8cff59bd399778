"""OpenADR 2.0b: every example as the expected signal, and what each event is answered."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.domain.timeline import fold
from models.domain.utility_signal import EVERYTHING, FOREVER, Scope, SignalKind, SignalMode, Target
from models.openadr.v20b import Answer, Channel20b, Code, answered, missing

START = datetime(2024, 7, 16, 23, tzinfo=UTC)
CHANNEL = Channel20b(source="utility", ven_id="ven-ev-hub-1", power_in_kw=1.0, prices_per_kwh=True, currency="USD")


def example(name: str) -> dict[str, Any]:
    """The only event of a message, read as the VEN library reads it."""
    messaging = pytest.importorskip("openleadr.messaging", reason="the extra openadr2 is not installed")
    root = os.environ.get("CHARGEWRIGHT_DATA")
    if root is None:
        pytest.skip("CHARGEWRIGHT_DATA is not set: the examples of OpenADR 2.0b are not there")
    text = (Path(root) / "openadr" / "oadr20b" / f"distribute_event_{name}.xml").read_text(encoding="utf-8")
    _, message = messaging.parse_message(text)
    (event,) = message["events"]
    assert isinstance(event, dict)
    return event


def event(*numbers: Any, name: str = "SIMPLE", kind: str = "level", **more: Any) -> dict[str, Any]:
    """An hour a number from the start on."""
    hour = timedelta(hours=1)
    intervals = [{"uid": i, "duration": hour, "signal_payload": n} for i, n in enumerate(numbers)]
    descriptor = {"event_id": "e1", "modification_number": 0, "priority": 0, "event_status": "far", "test_event": False}
    return {
        "event_descriptor": descriptor | more.pop("descriptor", {}),
        "active_period": {"dtstart": START, "duration": len(numbers) * hour},
        "event_signals": [{"signal_id": "s0", "signal_name": name, "signal_type": kind, "intervals": intervals}],
        "targets": [{"ven_id": "ven-ev-hub-1"}],
        "response_required": "always",
        **more,
    }


def told(tree: dict[str, Any], channel: Channel20b = CHANNEL, **known: int) -> Answer:
    return answered(tree, channel, START, known)


def values(answer: Answer) -> list[tuple[float, float, float | None]]:
    (signal,) = answer.signals
    return [
        ((i.start - START) / timedelta(hours=1), (i.end - START) / timedelta(hours=1), i.value)
        for i in signal.intervals
    ]


@pytest.mark.parametrize(
    ("name", "kind", "first", "count"),
    [
        ("simple_level2", SignalKind.LEVEL, (0, 4, 2.0), 1),
        ("electricity_price_24h", SignalKind.PRICE, (0, 1, 0.03), 24),
        ("load_dispatch_setpoint", SignalKind.DISPATCH, (0, 0.25, 120.0), 2),
    ],
)
def test_every_example_is_the_expected_signal(
    name: str, kind: SignalKind, first: tuple[float, float, float], count: int
) -> None:
    answer = told(example(name))
    assert (answer.code, answer.opts_in, answer.findings) == (Code.OK, True, ())
    (signal,) = answer.signals
    assert (signal.kind, signal.mode, signal.targets, signal.priority) == (kind, SignalMode.SET, (EVERYTHING,), 1)
    assert signal.programme == "http://example.com/ev-dr"
    assert values(answer)[0] == first
    assert len(values(answer)) == count


def test_the_example_of_a_cancellation_ends_the_event_that_has_the_same_modification_number() -> None:
    alive, gone = told(example("simple_level2")), told(example("cancelled"))
    assert (gone.code, gone.opts_in) == (Code.OK, True)
    for order in (alive.signals + gone.signals, gone.signals + alive.signals):
        assert fold(order, START, FOREVER).lanes == ()


def test_the_example_of_an_answer_is_what_the_event_is_answered() -> None:
    messaging = pytest.importorskip("openleadr.messaging", reason="the extra openadr2 is not installed")
    answer = told(example("simple_level2"))
    root = Path(os.environ["CHARGEWRIGHT_DATA"])
    _, message = messaging.parse_message((root / "openadr/oadr20b/created_event_optin.xml").read_text(encoding="utf-8"))
    (response,) = message["event_responses"]
    assert (response["event_id"], response["modification_number"]) == (answer.event_id, answer.modification_number)
    assert (response["response_code"], response["opt_type"]) == (answer.code, "optIn")


def test_units_that_are_not_told_are_refused_until_the_operator_knows_them() -> None:
    bare = Channel20b(source="utility")
    for name in ("electricity_price_24h", "load_dispatch_setpoint"):
        answer = told(example(name), bare)
        assert (answer.code, answer.opts_in, answer.signals) == (Code.INVALID_DATA, False, ())
        assert "its unit is missing" in answer.findings[0].message


def test_units_that_are_told_are_converted() -> None:
    power = event(120_000.0, name="LOAD_DISPATCH", kind="setpoint")
    power["event_signals"][0]["measurement"] = {"name": "powerReal", "unit": "W", "scale": "none"}
    assert values(told(power)) == [(0, 1, 120.0)]
    price = event(0.2, name="ELECTRICITY_PRICE", kind="price")
    price["event_signals"][0]["measurement"] = {"name": "currencyPerKWh", "unit": "EUR", "scale": "none"}
    assert told(price).signals[0].currency == "EUR"
    power["event_signals"][0]["measurement"]["unit"] = "VA"
    assert told(power).code is Code.INVALID_DATA


def test_intervals_follow_each_other_and_none_outlives_its_event() -> None:
    tree = event(1, 2, 3)
    tree["active_period"]["duration"] = timedelta(minutes=150)
    assert values(told(tree)) == [(0, 1, 1), (1, 2, 2), (2, 2.5, 3)]


def test_a_duration_of_nothing_has_no_end() -> None:
    tree = event(1)
    tree["active_period"]["duration"] = tree["event_signals"][0]["intervals"][0]["duration"] = timedelta()
    assert told(tree).signals[0].intervals[0].end == FOREVER


def test_a_start_after_is_a_delay_by_chance_and_never_an_early_start() -> None:
    tree = event(1)
    tree["active_period"]["tolerance"] = {"tolerate": {"startafter": timedelta(minutes=5)}}
    (interval,) = told(tree).signals[0].intervals
    assert (interval.earlier_s, interval.later_s) == (0, 300)


@pytest.mark.parametrize(
    ("tree", "code", "reason"),
    [
        (event(1, descriptor={"modification_number": 1}), Code.OUT_OF_SEQUENCE, "modification 1 comes after 2"),
        (event(1, targets=[{"ven_id": "another"}]), Code.TARGET_MISMATCH, "it is for other VENs"),
        (event(1, name="BID_LOAD", kind="setpoint"), Code.SIGNAL_NOT_SUPPORTED, "BID_LOAD setpoint"),
        (event(1, name="SIMPLE", kind="price"), Code.SIGNAL_NOT_SUPPORTED, "SIMPLE price"),
        (event(4), Code.INVALID_DATA, "SIMPLE 4 is not 0, 1, 2 or 3"),
        (event("2"), Code.INVALID_DATA, "'2' is no number"),
        (event(None), Code.INVALID_DATA, "'None' is no number"),
        (event(float("nan")), Code.INVALID_DATA, "'nan' is no number"),
        (event(1e9, name="LOAD_DISPATCH", kind="setpoint"), Code.INVALID_DATA, "is not from -1e+07 to 1e+07"),
        (event(1, event_signals="none"), Code.INVALID_DATA, "event_signals is no list"),
        (event(1, active_period={"dtstart": "noon"}), Code.INVALID_DATA, "'noon' is no time"),
        (event(1, active_period=None), Code.INVALID_DATA, "it has no active period"),
        (event(1, descriptor={"event_id": None}), Code.INVALID_DATA, "it has no event id"),
        (event(1, event_descriptor=None), Code.INVALID_DATA, "it has no event id"),
        ({}, Code.INVALID_DATA, "it has no event id"),
    ],
)
def test_what_cannot_be_meant_is_opted_out_of_in_the_vtn_s_own_codes(
    tree: dict[str, Any], code: Code, reason: str
) -> None:
    answer = told(tree, e1=2) if code is Code.OUT_OF_SEQUENCE else told(tree)
    assert (answer.code, answer.opts_in, answer.signals) == (code, False, ())
    assert reason in answer.findings[0].message


def test_a_signal_that_is_not_supported_is_left_out_beside_one_that_is() -> None:
    tree = event(2)
    tree["event_signals"].append({"signal_name": "BID_PRICE", "signal_type": "price", "intervals": []})
    answer = told(tree)
    assert (answer.code, [s.kind for s in answer.signals]) == (Code.OK, [SignalKind.LEVEL])
    assert "BID_PRICE is not supported and left out" in answer.findings[0].message


def test_a_test_event_is_answered_and_not_acted_on() -> None:
    answer = told(event(3, descriptor={"test_event": True}))
    assert (answer.code, answer.opts_in) == (Code.OK, True)
    assert fold(answer.signals, START, FOREVER).lanes == ()


def test_what_a_whole_list_does_not_show_any_more_is_cancelled() -> None:
    alive = told(event(2)).signals
    assert fold((*alive, *missing({"e1": 0}, [], "utility")), START, FOREVER).lanes == ()
    assert missing({"e1": 0}, ["e1"], "utility") == ()


def test_targets_beside_the_ven_are_groups() -> None:
    answer = told(event(2, targets=[{"ven_id": "ven-ev-hub-1"}, {"group_id": "feeder-7"}]))
    assert answer.signals[0].targets == (Target(scope=Scope.GROUP, name="feeder-7"),)
