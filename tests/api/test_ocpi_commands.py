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
    (records,) = re.findall(r"```json\n(\[.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    told = json.loads(run("limitations", file(tmp_path, records)))
    lines = told["lines"]

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
    # 0.5 h of 11 kW less and 0.75 h of 7 kW less.
    assert told["sessions"] == [{"session": "101", "limited_h": 1.25, "suspended_h": 0.5, "kwh_less": 10.75}]


SITE = """{"site": {"id": "yard", "nodes": [{"id": "grid", "import_limit_kw": 50}],
  "evses": [{"id": "bay", "node": "grid", "max_current_a": 16}]},
 "sessions": [{"id": "101", "evse": "bay", "arrival": "2026-03-02T09:00:00Z", "departure": "2026-03-02T11:00:00Z",
               "energy_target_kwh": 30}]}"""


def test_a_driver_who_wants_it_fast_is_told_so_and_one_who_comes_late_is_not(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text(SITE)
    options = ("--scenario", str(tmp_path / "site.json"), "--session", "101", "--now", "2026-03-02T09:00:00")

    fast = json.loads(run("ocpi", "preferences", file(tmp_path, '{"profile_type": "FAST"}'), *options))
    green = json.loads(run("ocpi", "preferences", file(tmp_path, '{"profile_type": "GREEN"}'), *options))

    assert (fast["body"]["data"], fast["effects"][0]["session"]["charging_preference"]) == ("ACCEPTED", "fast")
    assert (green["body"]["data"], green["effects"]) == ("PROFILE_TYPE_NOT_SUPPORTED", [])


def test_a_plan_is_told_as_a_profile_for_a_roaming_cpo(tmp_path: Path) -> None:
    """30 kWh in two hours need all of 16 A, from a minute before now until the plan ends."""
    to = ("--response-url", "https://us.example/results/r1")
    told = json.loads(run("ocpi", "profile", file(tmp_path, SITE), "--session", "101", *to, "--after", "4.14"))

    periods = told["charging_profile"]["charging_profile_period"]
    assert told["response_url"] == "https://us.example/results/r1"
    assert told["charging_profile"]["charging_rate_unit"] == "A"
    assert (periods[0], periods[-1]["limit"]) == ({"start_period": 0, "limit": 16.0}, 6.0)


def test_a_plan_tells_its_limitations(tmp_path: Path) -> None:
    """At 5 kW of 11.04 the car is held all of its stay; two hours of 6.04 kW less are 12.08 kWh."""
    held = SITE.replace("50", "5")
    run("plan", file(tmp_path, held), "--json", str(tmp_path / "plan.json"), "--now", "2026-03-02T09:00:00")
    told = json.loads((tmp_path / "plan.json").read_text())

    assert {line["reason"] for line in told["limitations"]} == {"limit"}
    assert sum(line["kwh_less"] for line in told["limitations"]) == pytest.approx(12.08, abs=0.01)
