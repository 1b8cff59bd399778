"""The reasons of setpoints in the document of a plan and on the command line."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app


def test_the_document_tells_why_the_car_waits_and_then_charges_no_faster(client: Any, yard: dict[str, Any]) -> None:
    held = client.post("/v1/plans", json=yard).json()["sessions"][0]["held"]

    assert [(one["by"], one["start"], one["end"]) for one in held] == [
        ("price", "2026-03-02T06:00:00Z", "2026-03-02T07:00:00Z"),
        ("maximum", "2026-03-02T07:00:00Z", "2026-03-02T08:00:00Z"),
    ]


def test_a_small_connection_is_told_with_what_one_more_kw_is_worth(client: Any, yard: dict[str, Any]) -> None:
    """7 kW in the cheap hour: each of the other 4 kWh costs 0.20 EUR more in the dear one."""
    yard["site"]["nodes"][0]["import_limit_kw"] = 7.0

    *_, held = client.post("/v1/plans", json=yard).json()["sessions"][0]["held"]

    assert (held["by"], held["causes"], held["worth"]) == ("limit", ["grid"], pytest.approx(0.2))


def test_without_time_a_plan_comes_without_the_reasons_of_its_setpoints(client: Any, yard: dict[str, Any]) -> None:
    told = client.post("/v1/plans?deadline_s=0.001", json=yard).json()
    assert told["sessions"][0]["held"] == []


def test_the_command_tells_the_reasons_of_one_session(yard_file: Path) -> None:
    told = CliRunner().invoke(app, ["plan", str(yard_file), "--why", "car-1"])
    assert told.exit_code == 0, told.output
    assert "Why car-1 is not charged with more" in told.output
    assert "waits for cheaper hours" in told.output


def test_the_reasons_of_nobody_are_refused(yard_file: Path) -> None:
    assert CliRunner().invoke(app, ["plan", str(yard_file), "--why", "nobody"]).exit_code == 2
