"""What conflicts, over HTTP and on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app


def narrow(yard: dict[str, Any]) -> dict[str, Any]:
    """11 kWh in two hours through 4 kW: 3 too many."""
    yard["site"]["nodes"][0]["import_limit_kw"] = 4.0
    return yard


def test_what_would_meet_a_target_is_told_over_http(client: Any, yard: dict[str, Any]) -> None:
    told = client.post("/v1/cure", json=narrow(yard)).json()

    assert told["conflict"] == ["grid", "car-1"]
    (raised,), (dropped,) = told["raises"], told["drops"]
    assert (raised["id"], raised["to"], raised["unit"]) == ("grid", pytest.approx(5.5, abs=1e-3), "kW")
    assert (dropped["id"], dropped["by"], dropped["to"]) == ("car-1", pytest.approx(3.0, abs=1e-3), None)


def test_where_nothing_conflicts_the_answer_is_empty(client: Any, yard: dict[str, Any]) -> None:
    told = client.post("/v1/cure", json=yard).json()
    assert (told["conflict"], told["raises"], told["drops"]) == ([], [], [])


def test_the_command_says_it_in_a_sentence(yard_file: Path, yard: dict[str, Any]) -> None:
    yard_file.write_text(json.dumps(narrow(yard)), encoding="utf-8")
    told = CliRunner().invoke(app, ["cure", str(yard_file)])
    assert told.exit_code == 0, told.output
    assert "connection grid and the target of car-1 conflict: raise connection grid by 1.5 to 5.5 kW" in told.output
