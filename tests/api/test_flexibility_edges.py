"""The curve of flexibility on the command line and over HTTP."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app

SECOND_HOUR = "start=2026-03-02T07:00:00Z&minutes=60"


def ask(client: Any, yard: dict[str, Any], query: str) -> Any:
    return client.post(f"/v1/flexibility?{query}", json=yard)


def test_the_curve_is_told_over_http(client: Any, yard: dict[str, Any]) -> None:
    """11 kW in the cheap second hour can all go to the first one, for 0.20 EUR more a kWh."""
    answer = ask(client, yard, SECOND_HOUR)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["baseline_kw"] == pytest.approx([11.0] * 4)
    first, last = told["points"]
    assert (first["power_kw"], first["cost"]) == (0.0, 0.0)
    assert (last["power_kw"], last["cost"]) == (pytest.approx(11.0), pytest.approx(2.2))
    assert (last["per_kw"], first["per_kw"]) == (None, pytest.approx(0.2))
    assert last["sessions"] == [
        {"session_id": "car-1", "window_kwh": pytest.approx(-11.0), "missed_kwh": pytest.approx(0.0, abs=1e-6)}
    ]


def test_more_than_is_planned_can_be_asked_for_too(client: Any, yard: dict[str, Any]) -> None:
    """In the dear first hour nothing is planned; all 11 kWh can come there."""
    answer = ask(client, yard, "start=2026-03-02T06:00:00Z&minutes=60&direction=turn_up")
    assert answer.json()["points"][-1]["power_kw"] == pytest.approx(11.0)


def test_a_window_outside_the_plan_is_told_with_a_way_out(client: Any, yard: dict[str, Any]) -> None:
    answer = ask(client, yard, "start=2026-03-02T09:00:00Z&minutes=60")
    assert answer.status_code == 422
    assert "ask for a window between" in answer.json()["findings"][0]["remedy"]


@pytest.mark.parametrize("query", ["minutes=60", "start=2026-03-02T07:00:00&minutes=60", f"{SECOND_HOUR}&direction=up"])
def test_a_question_that_is_none_is_refused(client: Any, yard: dict[str, Any], query: str) -> None:
    assert ask(client, yard, query).status_code == 422


def test_the_curve_is_printed_with_local_times_and_who_feels_it(yard_file: Path) -> None:
    asked = ["flexibility", str(yard_file), "--start", "2026-03-02T08:00:00", "--minutes", "60"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert "reduce, Mon 02 Mar 08:00 to 09:00, planned 11.0 kW" in result.output
    assert "car-1 -11.0 kWh" in result.output


def test_a_direction_that_is_none_is_refused(yard_file: Path) -> None:
    asked = ["flexibility", str(yard_file), "--start", "2026-03-02T08:00:00", "--minutes", "60", "--direction", "up"]
    assert CliRunner().invoke(app, asked).exit_code == 2
