"""``chargewright ocpi`` and ``chargewright limitations`` from the command line."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from models.domain.errors import InvalidScenario

PAGE = Path(__file__).parents[2] / "docs" / "ocpi.md"
TARIFF = """{"country_code": "BE", "party_id": "BEC", "id": "12", "currency": "EUR",
 "last_updated": "2026-03-01T00:00:00Z",
 "elements": [{"price_components": [{"type": "ENERGY", "price": 0.3, "step_size": 1}]},
              {"price_components": [{"type": "PARKING_TIME", "price": 6, "step_size": 60}],
               "restrictions": {"start_time": "12:00"}}]}"""
SESSION = """{"country_code": "NL", "party_id": "STK", "id": "101", "kwh": 4.5,
 "start_date_time": "2026-03-02T09:00:00Z",
 "location_id": "LOC1", "evse_uid": "3256", "connector_id": "1", "currency": "EUR", "status": "ACTIVE",
 "last_updated": "2026-03-02T09:30:00Z"}"""


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def file(folder: Path, text: str) -> str:
    path = folder / "object.json"
    path.write_text(text)
    return str(path)


def test_a_tariff_is_told_as_prices_over_time(tmp_path: Path) -> None:
    times = ("--start", "2026-03-02T09:00:00", "--until", "2026-03-02T13:00:00")
    told = json.loads(run("ocpi", "tariff", file(tmp_path, TARIFF), *times, "--time-zone", "Europe/Brussels"))

    assert [step["value"] for step in told["energy"]] == [0.3]
    assert told["parking_time"][1] == {"start": "2026-03-02T11:00:00+00:00", "value": 6.0}


def test_a_session_is_told_as_one_of_a_scenario(tmp_path: Path) -> None:
    told = json.loads(run("ocpi", "session", file(tmp_path, SESSION), "--evse", "bay-1"))

    assert told["body"]["status_code"] == 1000
    assert told["effects"][0]["session"]["evse"] == "bay-1"
    assert told["effects"][0]["session"]["delivered_kwh"] == 4.5


def test_what_is_no_tariff_is_told_with_its_place(tmp_path: Path) -> None:
    times = ("--start", "2026-03-02T09:00:00", "--until", "2026-03-02T13:00:00")
    with pytest.raises(InvalidScenario, match="elements"):
        run("ocpi", "tariff", file(tmp_path, SESSION), *times)


def test_the_records_of_the_page_are_two_limitations_of_an_hour_and_a_quarter(tmp_path: Path) -> None:
    records = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]

    lines = json.loads(run("limitations", file(tmp_path, records)))

    # Half an hour at nothing, half an hour that the meter bears out, a quarter hour that only the limit says.
    assert [(line["power_kw"], line["suspended"], line["measured"]) for line in lines] == [
        (0.0, True, False),
        (4.0, False, True),
        (4.0, False, False),
    ]
    assert [line["end"] for line in lines] == [
        "2026-03-02T09:30:00Z",
        "2026-03-02T10:00:00Z",
        "2026-03-02T10:15:00Z",
    ]
