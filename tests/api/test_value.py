"""``chargewright value`` and ``backtest --site``: a past month of somebody's own, with figures checked by hand."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.backtesting.own import own, own_month
from api.cli import app
from models.domain.errors import InvalidScenario

SITE = {
    "site": {
        "id": "yard", "time_zone": "UTC", "voltage_v": 230,
        "nodes": [{"id": "grid", "import_limit_kw": 30, "continuous_factor": 1.0}],
        "evses": [{"id": f"bay-{k}", "node": "grid", "max_power_kw": 10} for k in (1, 2)],
    }
}  # fmt: skip
SESSIONS = """session,evse,arrival,departure,energy_kwh,stated_departure,stated_energy_kwh
early,bay-1,2026-01-30T08:00:00Z,2026-01-30T12:00:00Z,10,,
a,bay-1,2026-02-02T08:00:00Z,2026-02-02T12:00:00Z,20,2026-02-02T12:00:00Z,20
b,bay-2,2026-02-02T08:00:00Z,2026-02-02T12:00:00Z,20,2026-02-02T12:00:00Z,20
elsewhere,bay-9,2026-02-02T08:00:00Z,2026-02-02T12:00:00Z,20,,
"""
TARIFF = {"currency": "EUR", "import_price": 0.25, "demand_charges": [{"id": "month", "rate_per_kw": 10}]}
"""Two cars want 40 kWh: at once they draw 20 kW, spread over their four hours 10."""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    told = {"site.json": json.dumps(SITE), "sessions.csv": SESSIONS, "tariff.json": json.dumps(TARIFF)}
    for name, text in told.items():
        (tmp_path / name).write_text(text)
    options = zip(("--site", "--sessions", "--tariff"), told, strict=True)
    return [part for option, name in options for part in (option, str(tmp_path / name))]


def called(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_the_bill_of_a_month_at_once_and_foreseen_is_that_of_pencil_and_paper(files: list[str], tmp_path: Path) -> None:
    figures = tmp_path / "value.json"
    told = called("value", *files, "--month", "2026-02", "--processes", "1", "--json", str(figures)).output
    ways = {way["how"]: way for way in json.loads(figures.read_text())["ways"]}
    at_once, foreseen = ways["every car at once"], ways["everything known beforehand"]
    assert at_once["figures"]["costs"]["energy_import"] == pytest.approx(40 * 0.25)
    assert at_once["figures"]["costs"]["demand_charge"] == pytest.approx(20 * 10)
    assert foreseen["figures"]["costs"]["demand_charge"] == pytest.approx(10 * 10, rel=1e-4)
    assert foreseen["saved"] == pytest.approx(100.0, rel=1e-3)
    assert all(way["figures"]["energy_percent"] == pytest.approx(100.0, abs=0.1) for way in ways.values())
    assert foreseen["saved"] >= ways["planned, drivers say true"]["saved"] - 1e-6
    assert "1 sessions of the file are at EVSEs that the site does not have" in told


def test_a_limit_that_every_car_at_once_would_break_is_said(files: list[str]) -> None:
    told = called("value", *files, "--month", "2026-02", "--limit-kw", "15", "--processes", "1").output
    told = " ".join(told.split())
    assert "Every car at once breaks the limit by 5.0 kW" in told
    assert "Beside limit shared equally" in told or "could have been saved" not in told


def test_earlier_sessions_are_a_history_and_not_part_of_the_month(files: list[str]) -> None:
    month = own_month(own(files[1], files[3], files[5], "2026-02"))
    assert [one.id for one in month.sessions] == ["a", "b"]
    assert [one.id for one in month.earlier] == ["early"]


def test_without_a_month_the_one_with_most_sessions_is_played(files: list[str]) -> None:
    assert own(files[1], files[3], files[5], None).name == "own-2026-02"


def test_a_month_without_sessions_says_so(files: list[str]) -> None:
    with pytest.raises(InvalidScenario, match="no session of 2026-03"):
        own_month(own(files[1], files[3], files[5], "2026-03"))
    with pytest.raises(InvalidScenario, match="is no month"):
        own(files[1], files[3], files[5], "March")


def test_a_backtest_plays_files_of_ones_own(files: list[str], tmp_path: Path) -> None:
    told = called(
        "backtest", *files, "--month", "2026-02", "--days", "3", "--method", "uncontrolled", "--period", "15",
        "--results", str(tmp_path / "runs"), "--csv", str(tmp_path / "out.csv"),
    ).output  # fmt: skip
    assert "own-2026-02" in told
    assert ",20.00," in (tmp_path / "out.csv").read_text()


def test_a_backtest_without_a_case_says_what_it_wants() -> None:
    result = CliRunner().invoke(app, ["backtest"])
    assert result.exit_code == 2
    assert "--site and --sessions" in " ".join(result.output.replace("│", " ").split())


def test_a_file_that_is_not_there_is_named_with_a_way_out(files: list[str]) -> None:
    with pytest.raises(InvalidScenario, match="cannot be read"):
        own(files[1], files[3], "nowhere.json", "2026-02")
