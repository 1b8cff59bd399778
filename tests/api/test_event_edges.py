"""Whether to take part in an event, on the command line and over HTTP, and what a plan says of its signals."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app

EVENT: dict[str, Any] = {
    "kind": "event",
    "id": "relief",
    "start": "2026-03-02T07:00:00Z",
    "end": "2026-03-02T08:00:00Z",
    "direction": "reduce",
    "baseline_kw": 11,
    "committed_kw": 6,
    "accepted_kw": 10,
    "payment_per_kwh": 0.5,
    "penalty_per_kwh": 0.25,
    "settlement_min": 60,
    "source": "utility",
}


@pytest.fixture
def asked(yard: dict[str, Any]) -> dict[str, Any]:
    """The 11 kWh of the cheap second hour can come in the dear first one, for 0.20 more each."""
    return yard | {"signals": [EVENT]}


def test_taking_part_is_weighed_over_http(client: Any, asked: dict[str, Any]) -> None:
    """10 kWh less at 0.5 are 5.00; to charge them for 0.20 more costs 2.00."""
    answer = client.post("/v1/event?event=relief", json=asked)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["better"]
    assert told["gain"] == pytest.approx(3.0)
    assert told["elsewhere"] == pytest.approx(2.0)
    assert told["event"]["made"] == pytest.approx(5.0)
    (interval,) = told["event"]["intervals"]
    assert (interval["baseline_kw"], interval["delivered_kw"], interval["payment"]) == (11.0, 10.0, 5.0)
    assert [line["session_id"] for line in told["waiting"]] == []


def test_an_event_that_is_not_there_is_refused_with_those_that_are(client: Any, asked: dict[str, Any]) -> None:
    answer = client.post("/v1/event?event=another", json=asked)

    assert answer.status_code == 422
    assert answer.json()["findings"][0]["remedy"] == "write one of relief"


def test_a_question_without_an_event_is_refused(client: Any, asked: dict[str, Any]) -> None:
    assert client.post("/v1/event", json=asked).status_code == 422


def test_taking_part_is_weighed_on_the_command_line(asked: dict[str, Any], tmp_path: Path) -> None:
    scenario, out = tmp_path / "asked.json", tmp_path / "answer.json"
    scenario.write_text(json.dumps(asked))

    result = CliRunner().invoke(app, ["event", str(scenario), "--id", "relief", "--json", str(out)])

    assert result.exit_code == 0, result.output
    assert "relief: take part; taking part makes +3.00 EUR" in result.output
    assert json.loads(out.read_text())["gain"] == pytest.approx(3.0)


def test_staying_out_is_said_too(asked: dict[str, Any], tmp_path: Path) -> None:
    scenario = tmp_path / "asked.json"
    scenario.write_text(json.dumps(asked | {"signals": [EVENT | {"payment_per_kwh": 0.0}]}))

    result = CliRunner().invoke(app, ["event", str(scenario), "--id", "relief"])

    assert "relief: stay out; taking part makes -1.20 EUR" in result.output


def test_a_plan_tells_what_each_signal_makes(client: Any, asked: dict[str, Any]) -> None:
    dispatch = {"kind": "dispatch", "id": "hold", "start": "2026-03-02T06:00:00Z", "end": "2026-03-02T06:30:00Z"}
    dispatch |= {"setpoint_kw": 4, "price_above_per_kwh": 0.01, "price_below_per_kwh": 0.01}
    cap = {"kind": "cap", "id": "dim", "start": EVENT["start"], "end": EVENT["end"], "evses": ["bay-1"]}

    told = client.post("/v1/plans", json=asked | {"signals": [EVENT, dispatch, cap | {"import_limit_kw": 8}]}).json()

    assert told["audit"]["passed"], told["audit"]
    assert told["events"][0]["event_id"] == "relief"
    assert told["dispatch"][0]["setpoint_kw"] == [4.0, 4.0]
    assert told["groups"][0]["limit_kw"][-1] == 8.0
    assert {"event_payment", "dispatch_deviation"} <= {line["component"] for line in told["costs"]}


def test_the_report_says_what_an_event_makes(asked: dict[str, Any], tmp_path: Path) -> None:
    scenario = tmp_path / "asked.json"
    scenario.write_text(json.dumps(asked))

    result = CliRunner().invoke(app, ["plan", str(scenario)])

    assert "relief: 10.0 kWh delivered, 6.0 committed; it makes 5.00 EUR" in result.output
    assert "paid for events" in result.output
