"""What each part of a site earns, on the command line and over HTTP."""

from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app


def with_box(yard: dict[str, Any]) -> dict[str, Any]:
    """A battery that draws 4 kWh at 0.10 and has nothing to give them to; what is inside at the end is worth 0.25."""
    box = {
        "id": "box", "node": "grid", "capacity_kwh": 4.0, "max_charge_kw": 4.0, "max_discharge_kw": 4.0,
        "charge_efficiency": 1.0, "discharge_efficiency": 1.0, "energy_at_start_kwh": 0.0,
        "terminal_value_per_kwh": 0.25,
    }  # fmt: skip
    return yard | {"site": yard["site"] | {"batteries": [box]}}


def test_a_battery_tells_over_http_what_it_earns(client: Any, yard: dict[str, Any]) -> None:
    """4 kWh at 0.10 that count 0.25 at the end: 0.60."""
    answer = client.post("/v1/worth", json=with_box(yard))

    assert answer.status_code == 200
    (part,) = answer.json()["parts"]
    assert part["part"] == "stationary batteries"
    assert part["gain"] == pytest.approx(0.6)


def test_what_is_wrong_with_a_scenario_is_told_as_for_a_plan(client: Any, yard: dict[str, Any]) -> None:
    yard["sessions"][0]["departure"] = "2026-03-02T05:00:00Z"

    answer = client.post("/v1/worth", json=yard)

    assert answer.status_code == 422
    assert answer.json()["findings"][0]["path"] == "sessions[0].departure"


def test_the_command_prints_the_day_and_what_eyes_for_demand_charges_earn() -> None:
    result = CliRunner().invoke(app, ["worth", "sample:caltech-garage"])

    assert result.exit_code == 0, result.output
    assert "without eyes for demand charges" in result.output
