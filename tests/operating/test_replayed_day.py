"""A log of frames played again, from the command line: what was known, what was wrong, what would have been sent."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.cli import app
from api.operating.day import read_log
from api.operating.live import read_live
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.wire import scenario_json
from tests.operating.live_site import NOON, yard


def line(minute: float, frame: Any, **more: Any) -> str:
    at = (NOON + timedelta(minutes=minute)).isoformat()
    return json.dumps({"at": at, "station": "east", "frame": frame} | more)


def metered(minute: float, amperes: float) -> str:
    """On three phases."""
    samples = [{"value": amperes, "measurand": "Current.Import", "phase": f"L{k}"} for k in (1, 2, 3)]
    at = (NOON + timedelta(minutes=minute)).isoformat()
    value = {"timestamp": at, "sampledValue": samples}
    return line(minute, [2, "m", "MeterValues", {"connectorId": 1, "meterValue": [value]}])


def played(folder: Path, lines: list[str], *options: str) -> str:
    log, scenario = folder / "day.jsonl", folder / "yard.json"
    log.write_text("\n".join(lines))
    horizon = Horizon(start=NOON, stretches=(Stretch(count=1, minutes=60.0),))
    scenario.write_text(scenario_json(Scenario(site=yard(import_limit_kw=11.04), horizon=horizon)))
    result = CliRunner().invoke(app, ["day", str(log), str(scenario), *options])
    assert result.exit_code == 0, result.output
    return result.output


START = [
    line(0, [2, "s", "StartTransaction", {"connectorId": 1, "idTag": "card", "meterStart": 0}]),
    line(0, [3, "s", {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}]),
]


def test_a_day_names_the_station_that_ignores_its_limit_and_what_it_would_be_sent(tmp_path: Path) -> None:
    """16 A are offered, 32 A are drawn."""
    told = played(tmp_path, [*START, *(metered(k, 32.0) for k in range(1, 5))])

    assert "2026-03-02 12:00:00  east: yard-3 SetChargingProfile east plan 11:59 11.04" in told
    assert "east: probing on 3 phases" in told
    assert "east: ignores_limit, counted at its rating: it draws more than it is allowed" in told
    assert "at the end  east: ignores_limit" in told


def test_without_acceptance_every_command_times_out(tmp_path: Path) -> None:
    lines = [*START, line(5, [2, "h", "Heartbeat", {}])]

    assert "silent" in played(tmp_path, lines, "--no-accept")
    assert "silent" not in played(tmp_path, lines)


def test_the_state_at_the_end_is_written_and_can_be_read(tmp_path: Path) -> None:
    played(tmp_path, START, "--state", str(tmp_path / "state.json"))

    session = read_live((tmp_path / "state.json").read_bytes()).state.evses["east"].session
    assert session is not None
    assert session.transaction_id == "1"


def test_a_line_that_is_none_is_told_with_its_number_and_the_others_are_played() -> None:
    entries, defects = read_log("\n".join(["{", *START, '{"at": 7}', line(2, None, line="lost")]))

    assert [defect.split(":")[0] for defect in defects] == ["line 1", "line 4"]
    assert [entry.connected for entry in entries] == [None, None, False]


def test_profiles_of_somebody_else_are_listed_and_cleared_only_with_adopt(tmp_path: Path) -> None:
    profile = {"id": 900, "stackLevel": 3, "chargingProfilePurpose": "TxDefaultProfile"}
    report = {"requestId": 1, "evseId": 1, "chargingLimitSource": "CSO", "chargingProfile": [profile]}
    lines = [line(0, [2, "r", "ReportChargingProfiles", report]), line(1, [2, "h", "Heartbeat", {}])]

    listed = played(tmp_path, lines, "--ocpp", "2.0.1")
    adopted = played(tmp_path, lines, "--ocpp", "2.0.1", "--adopt")

    assert "a profile of somebody else: TxDefaultProfile 900 at level 3" in listed
    assert "ClearChargingProfile" not in listed
    assert "ClearChargingProfile" in adopted
