"""OpenADR 3 events as signals: every published example, the timing rules, the payload types, Grid Aware Charging."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.domain.limit_curve import limit_curve
from models.domain.timeline import fold
from models.domain.utility_signal import EVERYTHING, FOREVER, Flow, Scope, SignalKind, SignalMode, Target
from models.openadr.durations import duration_of, instant_of
from models.openadr.v3 import gac
from models.openadr.v3.channel import Channel, Profile, Version
from models.openadr.v3.payloads import ASKS, INFORMS
from models.openadr.v3.translate import Understood, deleted, understood
from models.openadr.v3.wire import Event, Program, read

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CHANNEL = Channel(source="vtn")


def data(name: str) -> Any:
    root = os.environ.get("CHARGEWRIGHT_DATA")
    if root is None:
        pytest.skip("CHARGEWRIGHT_DATA is not set: the examples of OpenADR are not there")
    return json.loads((Path(root) / "openadr" / name).read_text(encoding="utf-8"))


def event(
    *numbers: Any, payload: str = "IMPORT_CAPACITY_LIMIT", units: str | None = "KW", **more: Any
) -> dict[str, Any]:
    """An hour a number from noon on."""
    payloads = [{"id": i, "payloads": [{"type": payload, "values": [n]}]} for i, n in enumerate(numbers)]
    return {
        "id": "e1",
        "programID": "p1",
        "eventName": "an event",
        "payloadDescriptors": [{"payloadType": payload, "units": units}],
        "intervalPeriod": {"start": "2026-03-02T12:00:00Z", "duration": "PT1H"},
        "intervals": payloads,
        **more,
    }


def told(tree: Any, channel: Channel = CHANNEL) -> Understood:
    return understood(tree, channel, NOON)


def values(answer: Understood) -> list[tuple[float, float, float | None]]:
    """Hours after noon, from and to, and the value, of its only signal."""
    (signal,) = answer.signals
    return [(hours(i.start), hours(i.end), i.value) for i in signal.intervals]


def hours(when: datetime) -> float:
    return (when - NOON) / timedelta(hours=1)


# What each example of the user guide says: kind, flow, mode and the values, or the reason for which it is refused.
SAYS: dict[str, Any] = {
    "7.2-3": "PRICE: its unit is missing",
    "7.2-4": "PRICE: its unit is missing",
    "7.3-1": [("price", "import", "set", [0.17, 0.03, 0.11])],
    "7.4-1": "PRICE: its unit is missing",
    "7.6-1": [("price", "import", "set", [0.17]), ("carbon", "import", "set", [0.03])],
    "7.7-1": "PRICE: its unit is missing",
    "8.1-1": [("alert", "import", "set", [None])],
    "8.2-1": [("level", "import", "set", [1])],
    "8.3-2": [("price", "import", "set", [0.17, 0.03])],
    "8.4-2": [],
    "8.5-1": [("dispatch", "import", "set", [0])],
    "8.6-1": [],
    "8.7-1": [],
    "8.8-1": [],
    "8.9.3-1": [("dispatch", "import", "set", [0.5])],
    "8.9.3-2": [],
    "8.9.3-3": [],
    "8.10.1-1": [("limit", "import", "set", [10, 8]), ("limit", "export", "set", [4, 6])],
    "8.10.2-1": "the payload type 'CAPACITY_SUBSCRIPTION' is unknown",
    "8.10.2-2": [],
    "8.10.2-4": "the payload type 'CAPACITY_RESERVATION' is unknown",
    "8.10.2-5": "the payload type 'CAPACITY_AVAILABLE' is unknown",
    "8.12-1": [("alert", "import", "set", [None])],
    "8.12-2": [("alert", "import", "set", [None, None])],
    "8.13-4": [],
    "8.13-5": [],
    "8.13-6": [],
}


def test_every_event_of_the_user_guide_is_understood_or_refused_for_its_reason() -> None:
    examples = data("openadr3_1_1_guide_examples.json")["examples"]
    seen = set()
    for example in examples:
        number = example["caption"].removeprefix("Example ").partition(":")[0]
        objects = example.get("object")
        for one in objects if isinstance(objects, list) else [objects]:
            if isinstance(one, dict) and "eventName" in one:
                seen.add(number)
                assert said(told(one)) == SAYS[number] or SAYS[number] in str(said(told(one))), number
    assert seen == set(SAYS)


def said(answer: Understood) -> Any:
    if answer.findings:
        return answer.findings[0].message
    return [(s.kind, s.flow, s.mode, [i.value for i in s.intervals]) for s in answer.signals if not s.cancelled]


def test_what_no_reader_can_parse_in_the_guide_is_known() -> None:
    examples = data("openadr3_1_1_guide_examples.json")["examples"]
    assert sum(not example["parses"] for example in examples) == 5


def test_programmes_of_the_guide_are_read() -> None:
    examples = data("openadr3_1_1_guide_examples.json")["examples"]
    programs = [e["object"] for e in examples if isinstance(e.get("object"), dict) and "programName" in e["object"]]
    assert [read(Program, tree).program_name for tree in programs][:2] == ["minimalProgram", "minimalProgram"]
    assert len(programs) >= 5


@pytest.mark.parametrize("name", ["gac20_event_continuous", "gac20_event_separated", "gac21_event"])
def test_valid_events_of_grid_aware_charging_are_binding_limits(name: str) -> None:
    tree = data("gac_dso_cpo_examples.json")["valid"][name]
    version = Version.V3_0 if name.startswith("gac20") else Version.V3_1
    channel = Channel(source="dso", version=version, profile=Profile.GAC, ven_name="cpo-1")
    answer = told(tree, channel)
    (signal,) = answer.signals
    assert answer.findings == ()
    assert signal.targets == (Target(scope=Scope.SITE, name="871685900012345678"),)
    start = datetime(2025, 1, 15, 15, tzinfo=UTC)
    steps = limit_curve(fold(answer.signals, start, start + timedelta(hours=5)), Flow.IMPORT, signal.targets)
    quarters = [(hours_from(start, s.start), hours_from(start, s.end), s.limit_kw) for s in steps]
    separated = [(0, 1, 100), (1, 5, 50)]
    assert quarters == (
        separated
        if "separated" in name
        else [(0, 0.5, 120), (0.5, 0.75, 80), (0.75, 1.5, 60), (1.5, 1.75, 80), (1.75, 2, 120)]
    )


def hours_from(start: datetime, when: datetime) -> float:
    return (when - start) / timedelta(hours=1)


REASONS = {
    "both event-level and interval-level intervalPeriod": "both the event and its intervals have an intervalPeriod",
    "neither intervalPeriod": "neither the event nor every interval has an intervalPeriod",
    "unit not KW": "the unit is not KW",
    "payload type not IMPORT_CAPACITY_LIMIT": "it is not IMPORT_CAPACITY_LIMIT",
    "EAN not 18 digits": "'1234' is no EAN of 18 digits",
    "interval ids not strictly increasing": "ids of intervals are not strictly increasing",
    "a GAC event carries no priority": "a GAC event carries no priority",
}


def test_invalid_events_of_grid_aware_charging_are_refused_for_their_reason_alone() -> None:
    channel = Channel(source="dso", version=Version.V3_0, profile=Profile.GAC, ven_name="cpo-1")
    invalid = data("gac_dso_cpo_examples.json")["invalid"]
    assert {example["why"] for example in invalid} == set(REASONS)
    for example in invalid:
        answer = told(example["event"], channel)
        assert answer.refused
        assert answer.signals == ()
        assert [f.message.partition(": ")[2] for f in answer.findings] == [REASONS[example["why"]]]


def test_the_programme_of_grid_aware_charging_is_checked() -> None:
    tree = data("gac_dso_cpo_examples.json")["valid"]["gac21_program"]
    assert list(gac.program_defects(read(Program, tree), Version.V3_1)) == []
    broken = {**tree, "attributes": []}
    found = [f.message for f in gac.program_defects(read(Program, broken), Version.V3_1)]
    assert [m.partition(": ")[2][:12] for m in found] == ["RETAILER_NAM", "PROGRAM_TYPE", "BINDING_EVEN"]


def test_the_last_interval_is_not_the_only_one_that_is_checked() -> None:
    tree = event(1, 2, payload="IMPORT_CAPACITY_LIMIT", targets=["871685900012345678"])
    tree["intervals"][0]["payloads"][0]["type"] = "PRICE"
    answer = told(tree, Channel(source="dso", profile=Profile.GAC))
    assert "exactly one payload" in answer.findings[0].message


def test_a_safe_mode_event_holds_where_no_other_limit_does() -> None:
    channel = Channel(source="dso", safe_mode_events=("safe",))
    safe = told(
        {
            **event(20, eventName="safe"),
            "id": "s",
            "intervalPeriod": {"start": "2026-03-02T00:00:00Z", "duration": "P9999Y"},
        },
        channel,
    )
    (signal,) = safe.signals
    assert (signal.mode, signal.intervals[0].end) == (SignalMode.DEFAULT, FOREVER)
    steps = limit_curve(
        fold((*safe.signals, *told(event(80), channel).signals), NOON - timedelta(hours=1), NOON + timedelta(hours=2)),
        Flow.IMPORT,
        [EVERYTHING],
    )
    assert [s.limit_kw for s in steps] == [20, 80, 20]


def test_intervals_follow_each_other_from_the_start_of_the_event() -> None:
    assert values(told(event(10, 20, 30))) == [(0, 1, 10), (1, 2, 20), (2, 3, 30)]


def test_an_own_period_overrides_the_one_of_the_event() -> None:
    tree = event(10, 20, 30)
    tree["intervals"][1]["intervalPeriod"] = {"start": "2026-03-02T15:00:00Z", "duration": "PT30M"}
    assert values(told(tree)) == [(0, 1, 10), (3, 3.5, 20), (3.5, 4.5, 30)]


def test_an_interval_that_starts_now_comes_right_after_the_one_before() -> None:
    tree = event(10, 20)
    tree["intervals"][1]["intervalPeriod"] = {"start": "0001-01-01", "duration": "PT2H"}
    assert values(told(tree)) == [(0, 1, 10), (1, 3, 20)]


def test_an_event_that_starts_now_starts_when_the_vtn_made_it_and_not_when_we_heard() -> None:
    tree = event(10, intervalPeriod={"start": "0001-01-01T00:00:00", "duration": "PT1H"})
    assert values(told(tree)) == [(0, 1, 10)]
    assert values(told({**tree, "createdDateTime": "2026-03-02T10:00:00Z"})) == [(-2, -1, 10)]


def test_several_values_share_their_interval_in_equal_parts() -> None:
    tree = event(0)
    tree["intervals"][0]["payloads"][0]["values"] = [10, 20, 30, 40]
    assert values(told(tree)) == [(0, 0.25, 10), (0.25, 0.5, 20), (0.5, 0.75, 30), (0.75, 1, 40)]


def test_the_duration_of_an_event_repeats_its_intervals_and_cuts_the_last() -> None:
    assert values(told(event(10, 20, duration="PT3H30M"))) == [(0, 1, 10), (1, 2, 20), (2, 3, 10), (3, 3.5, 20)]
    assert values(told(event(10, 20, duration="PT90M"))) == [(0, 1, 10), (1, 1.5, 20)]


def test_an_event_without_end_is_repeated_for_a_month_at_a_time() -> None:
    told_values = values(told(event(10, 20, duration="P9999Y")))
    assert len(told_values) == 32 * 24 + 2
    assert told_values[-1][:2] == (32 * 24 + 1, 32 * 24 + 2)


def test_a_random_start_is_a_shift_both_ways_that_later_intervals_share() -> None:
    tree = event(10, 20, intervalPeriod={"start": "2026-03-02T12:00:00Z", "duration": "PT1H", "randomizeStart": "PT5M"})
    (signal,) = told(tree).signals
    assert [(i.earlier_s, i.later_s) for i in signal.intervals] == [(300, 300), (300, 300)]
    first, second = fold(told(tree).signals, NOON - timedelta(hours=1), NOON + timedelta(hours=4), seed="a").lanes[0][1]
    assert first.end == second.start
    assert 0 < abs((first.start - NOON).total_seconds()) <= 300


def test_a_random_start_does_not_move_an_interval_with_a_start_of_its_own() -> None:
    tree = event(10, 20, intervalPeriod={"start": "2026-03-02T12:00:00Z", "duration": "PT1H", "randomizeStart": "PT5M"})
    tree["intervals"][1]["intervalPeriod"] = {"start": "2026-03-02T13:00:00Z", "duration": "PT1H"}
    (signal,) = told(tree).signals
    assert [i.later_s for i in signal.intervals] == [300, 0]


@pytest.mark.parametrize(
    "over", [{"start": "0001-01-01", "duration": "PT0S"}, {"start": "0001-01-01T00:00:00Z", "duration": "PT0H"}]
)
def test_an_event_of_no_length_that_starts_now_is_cancelled(over: dict[str, str]) -> None:
    modified = {"modificationDateTime": "2026-03-02T11:00:00Z"}
    gone = told({**event(10), "intervalPeriod": over, **modified})
    alive = told({**event(10), "createdDateTime": "2026-03-02T10:00:00Z"})
    assert fold((*gone.signals, *alive.signals), NOON, FOREVER).lanes == ()


def test_a_deletion_ends_an_event_also_when_an_older_version_arrives_after_it() -> None:
    alive = told({**event(10), "createdDateTime": "2026-03-02T10:00:00Z"}).signals
    gone = deleted("e1", CHANNEL, alive[0].version)
    assert fold((gone, *alive), NOON, FOREVER).lanes == ()


def test_a_refused_version_leaves_the_one_before_in_force() -> None:
    good = told({**event(40), "createdDateTime": "2026-03-02T10:00:00Z"})
    bad = told({**event(-1), "modificationDateTime": "2026-03-02T11:00:00Z"})
    assert (bad.refused, bad.signals) == (True, ())
    steps = limit_curve(fold((*good.signals, *bad.signals), NOON, FOREVER), Flow.IMPORT, [EVERYTHING])
    assert [s.limit_kw for s in steps] == [40]


@pytest.mark.parametrize("payload", sorted(set(ASKS) - {"DISPATCH_SETPOINT_RELATIVE", "CONTROL_LEVEL_OFFSET_PERCENT"}))
def test_every_payload_type_that_asks_something_becomes_one_signal_of_its_kind(payload: str) -> None:
    asks = ASKS[payload]
    (signal,) = told(event(1, payload=payload, units=asks.units)).signals
    assert (signal.kind, signal.flow, signal.mode, signal.topic) == (asks.kind, asks.flow, asks.mode, asks.topic)
    assert signal.intervals[0].value == (None if asks.kind is SignalKind.ALERT else 1.0)


def test_every_payload_type_of_the_specification_is_known() -> None:
    root = os.environ.get("CHARGEWRIGHT_DATA")
    if root is None:
        pytest.skip("CHARGEWRIGHT_DATA is not set: the enumerations of OpenADR are not there")
    yaml = pytest.importorskip("yaml", reason="PyYAML is not there to read the enumerations")
    text = (Path(root) / "openadr/spec/3.1.1_event-interval-payloads.schema.yaml").read_text(encoding="utf-8")
    assert set(yaml.safe_load(text)["definitions"]) == set(ASKS) | INFORMS


@pytest.mark.parametrize("payload", sorted(INFORMS))
def test_what_informs_is_handed_on_and_asks_nothing(payload: str) -> None:
    answer = told(event(1, payload=payload))
    assert [s.cancelled for s in answer.signals] == [True]
    assert [(i.payload_type, i.values, i.units) for i in answer.information] == [(payload, (1,), "KW")]


def test_the_sign_of_a_change_is_agreed_on_or_the_event_is_refused() -> None:
    tree = event(15, payload="DISPATCH_SETPOINT_RELATIVE")
    assert "whether a positive number is more or less load is not known" in told(tree).findings[0].message
    assert values(told(tree, Channel(source="vtn", change_sign=-1.0))) == [(0, 1, -15)]
    percent = event(0.5, payload="CONTROL_LEVEL_OFFSET_PERCENT", units="PERCENT")
    assert told(percent).refused
    assert values(told(percent, Channel(source="vtn", offset_percent_sign=1.0))) == [(0, 1, 0.5)]


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        (event(-1), "IMPORT_CAPACITY_LIMIT of -1 is not a number from 0"),
        (event("80"), "IMPORT_CAPACITY_LIMIT of '80' is no number"),
        (event(True), "IMPORT_CAPACITY_LIMIT of 'True' is no number"),
        (event(None), "IMPORT_CAPACITY_LIMIT of 'None' is no number"),
        (event(float("nan")), "IMPORT_CAPACITY_LIMIT of 'nan' is no number"),
        (event(80, units=None), "its unit is missing, KW is needed"),
        (event(80, units="kW"), "its unit kW is unknown, KW is needed"),
        (event(80, units="MW"), "its unit MW is unknown, KW is needed"),
        (event(1.5, payload="SIMPLE"), "SIMPLE of 1.5 is not a whole number from 0 to 3"),
        (event(4, payload="SIMPLE"), "SIMPLE of 4 is not a whole number from 0 to 3"),
        (event(80, duration="an hour"), "'an hour' is no duration such as PT15M"),
        (event(80, duration="-PT1H"), "'-PT1H' is no duration such as PT15M"),
        (event(80, intervalPeriod={"start": "yesterday", "duration": "PT1H"}), "Invalid isoformat string"),
        (event(80, priority="high"), "valid integer"),
        ({"eventName": "no programme"}, "Field required"),
        ([], "Input should be a valid dictionary"),
        ("an event", "Input should be a valid dictionary"),
        (None, "Input should be a valid dictionary"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_reason_and_a_way_out(tree: Any, reason: str) -> None:
    answer = told(tree)
    assert answer.refused
    assert answer.signals == ()
    assert reason in answer.findings[0].message
    assert answer.findings[0].remedy


def test_a_price_is_read_with_the_unit_that_its_programme_tells() -> None:
    program = read(
        Program,
        {"programName": "p", "payloadDescriptors": [{"payloadType": "PRICE", "units": "KWH", "currency": "USD"}]},
    )
    tree = event(0.2, payload="PRICE", payloadDescriptors=None)
    (signal,) = understood(tree, CHANNEL, NOON, program).signals
    assert (signal.currency, signal.intervals[0].value) == ("USD", 0.2)
    assert values(told(tree, Channel(source="vtn", price_units="KWH"))) == [(0, 1, 0.2)]


def test_names_are_read_in_snake_case_as_well() -> None:
    snake = {
        "id": "e1",
        "program_id": "p1",
        "payload_descriptors": [{"payload_type": "IMPORT_CAPACITY_LIMIT", "units": "KW"}],
        "interval_period": {"start": "2026-03-02T12:00:00Z", "duration": "PT1H"},
        "intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [40]}]}],
    }
    assert values(told(snake)) == [(0, 1, 40)]
    assert read(Event, snake).program_id == "p1"


def test_an_event_for_another_ven_asks_nothing() -> None:
    targets = [{"type": "VEN_NAME", "values": ["somebody-else"]}]
    channel = Channel(source="vtn", version=Version.V3_0, ven_name="cpo-1")
    assert [s.cancelled for s in told(event(40, targets=targets), channel).signals] == [True]
    ours = [{"type": "VEN_NAME", "values": ["cpo-1", "somebody-else"]}]
    assert told(event(40, targets=ours), channel).signals[0].targets == (EVERYTHING,)


def test_targets_are_groups_and_places_in_both_versions() -> None:
    ean = "871685900012345678"
    names = (Target(scope=Scope.SITE, name=ean), Target(scope=Scope.GROUP, name="feeder-7"))
    old = [{"type": "POWER_SERVICE_LOCATION", "values": [ean]}, {"type": "GROUP", "values": ["feeder-7"]}]
    assert told(event(40, targets=old)).signals[0].targets == names
    assert told(event(40, targets=[ean, "feeder-7"])).signals[0].targets == names


@pytest.mark.parametrize(
    ("text", "hours_later"),
    [("PT15M", 0.25), ("P1D", 24), ("P1W", 168), ("P1M", 31 * 24), ("P1Y", 365 * 24), ("PT0.5S", 0.5 / 3600)],
)
def test_durations_are_counted_on_the_calendar_in_utc(text: str, hours_later: float) -> None:
    assert hours(duration_of(text).after(NOON)) == pytest.approx(hours_later)


def test_the_last_day_of_a_month_stays_the_last_day() -> None:
    assert duration_of("P1M").after(datetime(2026, 1, 31, tzinfo=UTC)) == datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "P", "PT", "1H", "PT1", "P1S", "PT-1H", "P9999999999Y", "P1Y" * 50])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration_of(text)


def test_times_are_read_with_the_liberties_that_the_guide_takes() -> None:
    assert instant_of("2025-02-13 19:00:00.000Z") == datetime(2025, 2, 13, 19, tzinfo=UTC)
    assert instant_of("2025-02-13T20:00:00+01:00") == datetime(2025, 2, 13, 19, tzinfo=UTC)
    assert instant_of("0001-01-01") is None
