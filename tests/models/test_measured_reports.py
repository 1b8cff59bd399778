"""Reports to a VTN: what each payload says, and every object held against the official OpenAPI documents."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from models.domain.errors import InvalidScenario
from models.domain.signal import Direction
from models.openadr.v3.channel import Version
from models.openadr.v3.measured import PAYLOADS, measured_report, operating_state
from models.settlement.load import Quality
from models.settlement.reported import ReportSpan, StorageState
from tests.peers.contract import contract
from tests.peers.vtn3 import document

SPAN = ReportSpan(
    interval_id=0,
    start=datetime(2026, 3, 2, 17, tzinfo=UTC),
    length_s=900.0,
    load_kw=12.0,
    baseline_kw=20.0,
    expected_kw=16.0,
    shed_kw=5.0,
    asked=Direction.REDUCE,
    storage=StorageState(usable_kwh=100.0, charge_level=0.25, max_charge_kw=50.0, max_discharge_kw=40.0),
)
BY_HAND = {
    "USAGE": 3.0,
    "DEMAND": 12.0,
    "DELTA_USAGE": -2.0,
    "BASELINE": 20.0,
    "OPERATING_STATE": "RUNNING_CURTAILED",
    "USAGE_FORECAST": 4.0,
    "LOAD_SHED_DELTA_AVAILABLE": -5.0,
    "STORAGE_USABLE_CAPACITY": 100.0,
    "STORAGE_CHARGE_LEVEL": 0.25,
    "STORAGE_MAX_CHARGE_POWER": 50.0,
    "STORAGE_MAX_DISCHARGE_POWER": 40.0,
    "STORAGE_DISPATCH_FORECAST": 25.0,
}


def written(*spans: ReportSpan, kinds: tuple[str, ...] = tuple(PAYLOADS), version: Version = Version.V3_1) -> Any:
    return measured_report(
        kinds,
        {"yard": spans},
        event_id="event-1",
        program_id="program-1",
        client_name="cpo-1",
        name="test",
        version=version,
    )


def payloads(span: ReportSpan, kinds: tuple[str, ...] = tuple(PAYLOADS)) -> dict[str, Any]:
    (interval,) = written(span, kinds=kinds)["resources"][0]["intervals"]
    return {one["type"]: one["values"][0] for one in interval["payloads"]}


def test_a_quarter_of_an_hour_is_told_in_every_payload_type() -> None:
    assert payloads(SPAN) == BY_HAND


@pytest.mark.parametrize("name", ["3.0.1", "3.1"])
def test_a_report_is_what_the_official_document_says(name: str) -> None:
    version = Version.V3_0 if name == "3.0.1" else Version.V3_1
    official = contract(document(name))
    body = written(SPAN, replace(SPAN, interval_id=1, load_kw=None, baseline_kw=None), version=version)

    operation, _, _ = official.operation("POST", "/reports")

    assert operation is not None
    assert list(official.defects(operation, [], body)) == []
    assert list(official.defects(operation, [], body | {"surprise": 1})) != []


def test_values_are_those_that_the_schemas_of_payloads_allow() -> None:
    import yaml  # type: ignore[import-untyped]
    from jsonschema import Draft7Validator

    root = os.environ.get("CHARGEWRIGHT_DATA")
    if root is None:
        pytest.skip("CHARGEWRIGHT_DATA is not set: the official schemas are not there")
    told = yaml.safe_load((Path(root) / "openadr/spec/3.1.1_report-payloads.schema.yaml").read_text(encoding="utf-8"))
    for kind, value in payloads(replace(SPAN, load_kw=-3.0)).items():
        schema = {key: part for key, part in told["definitions"][kind].items() if key != "$id"}
        Draft7Validator(schema).validate([value])


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"asked": None}, "RUNNING_NORMAL"),
        ({"asked": None, "load_kw": 0.0}, "IDLE_NORMAL"),
        ({"load_kw": 0.05}, "IDLE_CURTAILED"),
        ({"asked": Direction.TURN_UP}, "RUNNING_HEIGHTENED"),
        ({"opted_out": True}, "RUNNING_OPTED_OUT"),
        ({"load_kw": None}, None),
    ],
)
def test_how_a_resource_runs_is_told_by_its_load_and_what_was_asked(changes: dict[str, Any], state: str | None) -> None:
    assert operating_state(replace(SPAN, **changes)) == state


def test_what_is_fed_in_is_no_usage_and_no_demand() -> None:
    told = payloads(replace(SPAN, load_kw=-8.0))

    assert (told["USAGE"], told["DEMAND"], told["DELTA_USAGE"]) == (0.0, 0.0, -7.0)


def test_what_was_not_metered_is_missing_and_has_no_number() -> None:
    told = payloads(replace(SPAN, load_kw=None), kinds=("USAGE", "DEMAND"))

    assert told == {"DATA_QUALITY": "MISSING"}


def test_an_estimate_says_that_it_is_one() -> None:
    told = payloads(replace(SPAN, quality=Quality.ESTIMATED), kinds=("USAGE",))

    assert told == {"USAGE": 3.0, "DATA_QUALITY": "ESTIMATED"}


def test_a_payload_type_that_is_not_reported_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidScenario, match="READING is not reported"):
        written(SPAN, kinds=("USAGE", "READING"))
