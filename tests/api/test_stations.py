"""The commands that say what a station can take and what it makes of its profiles, with the example of docs/ocpp.md."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.stations import offered
from models.domain.errors import InvalidScenario
from models.domain.site import RateUnit

PAGE = Path(__file__).parents[2] / "docs" / "ocpp.md"


def example(folder: Path) -> Path:
    found = re.search(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    file = folder / "profiles.json"
    file.write_text(found.group(1))
    return file


def run(*arguments: str) -> list[str]:
    result = CliRunner().invoke(app, ["composite", *arguments, "--start", "2026-03-02T17:00:00", "--hours", "2"])
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def test_the_example_of_the_page_offers_the_plan_and_then_the_default(tmp_path: Path) -> None:
    assert run(str(example(tmp_path))) == [
        "2026-03-02T17:00:00Z  16 A, 3 phases",
        "2026-03-02T17:30:00Z  10 A, 3 phases",
        "2026-03-02T18:00:00Z  6 A, 3 phases",
    ]


def test_a_file_that_is_no_list_of_profiles_is_refused_with_the_shape_it_should_have(tmp_path: Path) -> None:
    file = tmp_path / "profiles.json"
    file.write_text("{}")

    with pytest.raises(InvalidScenario) as refused:
        list(offered(file, 1, datetime(2026, 3, 2, 17, tzinfo=UTC), 1.0, RateUnit.A, worse=False))

    assert refused.value.findings[0].message == "there is no list of profiles"


def test_the_answer_of_a_station_becomes_what_it_can_take(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text('{"configurationKey": [{"key": "ChargingScheduleMaxPeriods", "readonly": true, "value": "48"}]}')

    result = CliRunner().invoke(app, ["station", str(file), "--ocpp", "1.6", "--vendor", "ABB", "--model", "TerraAC"])

    told = json.loads(result.output)
    assert (told["max_periods"], told["max_stack_level"]) == (48, 0)
    assert told["station"] == {"id": "station", "max_periods": 48, "max_stack_level": 0}
    assert "stack level 0 only" in told["defects"][0]


def test_a_message_as_it_came_is_told_as_events(tmp_path: Path) -> None:
    file = tmp_path / "message.json"
    file.write_text('[2, "7", "StopTransaction", {"transactionId": 0, "meterStop": 2500}]')

    result = CliRunner().invoke(app, ["heard", str(file), "--ocpp", "1.6", "--name", "box"])

    (event,) = json.loads(result.output)["events"]
    assert (event["event"], event["transaction_id"], event["meter_kwh"]) == ("TransactionEnded", "0", 2.5)
