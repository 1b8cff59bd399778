"""Profiles at the edges: what may be sent, what carries a plan, and what brings stations from one plan to the next."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.planning import Answer, sending
from models.domain.errors import InvalidScenario
from models.domain.sending import PlanPurpose, Version
from models.ocpp.manner import Manner

GOOD = {
    "evseId": 1,
    "chargingProfile": {
        "id": 12,
        "transactionId": "7",
        "stackLevel": 1,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [
            {
                "id": 12,
                "startSchedule": "2026-03-02T05:59:00Z",
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
            }
        ],
    },
}
DEFAULT = {
    "evseId": 1,
    "chargingProfile": {
        "id": 11,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": GOOD["chargingProfile"]["chargingSchedule"],  # type: ignore[index]
    },
}


def at(limit_a: float, payload: dict[str, Any] = GOOD) -> dict[str, Any]:
    """The same profile with another limit, as a message of a plan."""
    changed = copy.deepcopy(payload)
    changed["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] = limit_a
    return {"station_id": "bay-1", "payload": changed}


def written(folder: Path, name: str, what: Any) -> str:
    file = folder / name
    file.write_text(json.dumps(what))
    return str(file)


def check(folder: Path, payload: Any, *options: str) -> tuple[int, str]:
    arguments = ["check-profile", written(folder, "profile.json", payload), "--ocpp", "2.0.1", *options]
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_a_profile_that_keeps_every_rule_may_be_sent(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == (0, "it may be sent\n")
    assert check(tmp_path, [2, "1", "SetChargingProfile", GOOD])[0] == 0


def test_a_profile_that_breaks_rules_is_told_with_place_reason_code_and_way_out(tmp_path: Path) -> None:
    code, told = check(tmp_path, at(8.55)["payload"], "--clock-ahead", "300")

    assert code == 2
    assert "ChargingSchedulePeriodInvalidLimit (InvalidSchedule): 8.55 has more than one decimal" in told
    assert "StationClockOff (InvalidSchedule): the clock of station station is 300 s ahead" in told


def test_what_a_station_told_binds_its_profiles(tmp_path: Path) -> None:
    entry = {"component": {"name": "SmartChargingCtrlr"}, "variable": {"name": "RateUnit"}, "attributeValue": "W"}
    answer = written(tmp_path, "answer.json", {"getVariableResult": [entry]})
    code, told = check(tmp_path, GOOD, "--answer", answer)

    assert code == 2
    assert "ChargingScheduleChargingRateUnitUnsupported (UnsupportedRateUnit)" in told
    assert check(tmp_path, GOOD, "--dc")[0] == 0
    assert check(tmp_path, GOOD, "--phases", "1")[0] == 2


def ordered(client: Any, yard: dict[str, Any], desired: Any, believed: Any, **more: Any) -> Any:
    body = {"scenario": yard, "desired": desired, "believed": believed, "plan_version": 7} | more
    return client.post("/v1/orders", json=body)


NOW = "2026-03-02T06:00:00Z"


def test_orders_tell_what_changes_and_nothing_else(client: Any, yard: dict[str, Any]) -> None:
    same = ordered(client, yard, {"messages": [at(16.0)]}, {"messages": [at(16.0)]}, now=NOW)
    less = ordered(client, yard, {"messages": [at(8.0)]}, {"messages": [at(16.0)]}, now=NOW)

    assert same.json() == {"commands": [], "refused": []}
    (command,) = less.json()["commands"]
    assert (command["id"], command["action"], command["after"]) == ("bay-1:12:7:set", "SetChargingProfile", [])
    assert command["payload"] == at(8.0)["payload"]


def test_orders_know_what_was_not_acknowledged_what_is_newer_and_what_came_too_soon(
    client: Any, yard: dict[str, Any]
) -> None:
    believed = {"messages": [at(6.0) | {"sent_at": "2026-03-02T05:59:30Z"}]}
    newer = {"messages": [at(6.0) | {"plan_version": 8}]}
    unsure = {"messages": [at(16.0) | {"acknowledged": False}]}

    (rise,) = ordered(client, yard, {"messages": [at(16.0)]}, believed, now=NOW).json()["commands"]
    assert rise["not_before"] == "2026-03-02T06:00:30Z"
    assert ordered(client, yard, {"messages": [at(16.0)]}, newer, now=NOW).json()["refused"] == ["bay-1:12"]
    assert len(ordered(client, yard, {"messages": [at(16.0)]}, unsure, now=NOW).json()["commands"]) == 1


@pytest.mark.parametrize(
    ("desired", "path"),
    [
        (None, "desired"),
        ({"messages": [{"station_id": "bay-1"}]}, "desired.messages[0]"),
        ({"messages": [{"station_id": "bay-1", "payload": {"evseId": 1}}]}, "desired.messages[0].payload"),
        ({"messages": [], "version": "3"}, None),
        ({"messages": [at(1.0)], "version": "3"}, "desired.version"),
        ({"messages": [{"station_id": "elsewhere", "payload": GOOD}]}, "desired.messages[0].payload"),
    ],
)
def test_messages_that_cannot_be_read_are_refused_with_their_place(
    client: Any, yard: dict[str, Any], desired: Any, path: str | None
) -> None:
    answer = ordered(client, yard, desired, {"messages": []}, now=NOW)

    assert answer.status_code == (200 if path is None else 422)
    if path is not None:
        assert answer.json()["findings"][0]["path"] == path


def test_a_profile_of_somebody_else_is_never_cleared(client: Any, yard: dict[str, Any]) -> None:
    foreign = copy.deepcopy(GOOD)
    foreign["chargingProfile"]["id"] = 77  # type: ignore[index]
    answer = ordered(client, yard, {"messages": []}, {"messages": [{"station_id": "bay-1", "payload": foreign}]})

    assert answer.status_code == 422
    assert "never replaced or cleared" in answer.json()["findings"][0]["remedy"]


@pytest.mark.parametrize("body", ["[]", '{"scenario": {}, "plan_version": NaN}', "{", '{"plan_version": "7"}'])
def test_a_body_that_is_no_order_is_refused(client: Any, body: str) -> None:
    answer = client.post("/v1/orders", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)


def test_the_command_takes_two_plans_and_prints_the_same_orders(tmp_path: Path, yard: dict[str, Any]) -> None:
    before, after = {"ocpp": {"version": "2.0.1", "messages": [at(16.0)]}}, {"messages": [at(8.0), at(6.0, DEFAULT)]}
    result = CliRunner().invoke(
        app,
        [
            *("orders", written(tmp_path, "yard.json", yard), "--now", "2026-03-02T06:00:00", "--plan-version", "7"),
            *("--desired", written(tmp_path, "after.json", after)),
            *("--believed", written(tmp_path, "before.json", before)),
        ],
    )

    assert result.exit_code == 0, result.output
    assert [c["id"] for c in json.loads(result.output)["commands"]] == ["bay-1:12:7:set", "bay-1:11:7:set"]


def test_the_profile_that_carries_a_plan_can_be_chosen_and_the_bundle_asked_for(yard_answer: Answer) -> None:
    manner = Manner(version=Version.V16, purpose=PlanPurpose.TX_DEFAULT, bundle=True)
    told = sending(yard_answer, manner).requests

    assert [request.payload["csChargingProfiles"]["chargingProfileId"] for request in told] == [11, 13]
    assert {request.payload["csChargingProfiles"]["chargingProfilePurpose"] for request in told} == {"TxDefaultProfile"}


def test_a_purpose_without_a_version_is_refused(yard_file: Path) -> None:
    result = CliRunner().invoke(app, ["plan", str(yard_file), "--ocpp-bundle"])

    assert result.exit_code == 2
    assert "--ocpp-bundle" in result.output


def test_stations_follow_a_plan_as_long_as_they_are_told(client: Any, yard: dict[str, Any]) -> None:
    """The cheap hour is the second one: half an hour of nothing, then the share, 11 kW on three phases or 15.9 A."""
    told = client.post("/v1/plans", params={"ocpp": "1.6", "ocpp_minutes": 30}, json=yard).json()["ocpp"]
    (message,) = told["messages"]
    periods = message["payload"]["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]

    assert periods == [{"startPeriod": 0, "limit": 0.0}, {"startPeriod": 31 * 60, "limit": 15.9}]


def test_a_purpose_goes_with_the_request(client: Any, yard: dict[str, Any]) -> None:
    query = {"ocpp": "2.0.1", "ocpp_purpose": "station_max", "ocpp_bundle": "true"}
    told = client.post("/v1/plans", params=query, json=yard).json()["ocpp"]

    (message,) = told["messages"]
    assert message["payload"]["evseId"] == 0
    assert message["payload"]["chargingProfile"]["chargingProfilePurpose"] == "ChargingStationMaxProfile"


def test_a_plan_before_it_is_checked_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(InvalidScenario, match="no payload"):
        CliRunner().invoke(
            app, ["check-profile", written(tmp_path, "x.json", 7), "--ocpp", "1.6"], catch_exceptions=False
        )
