"""``chargewright signals``: files in, what holds when out."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from models.domain.wire import read_scenario

LIMITS = [
    {"id": "cap", "source": "dso", "kind": "limit", "intervals": [
        {"start": "2026-03-02T12:00:00Z", "end": "2026-03-02T14:00:00Z", "value": 60.0}]},
    {"id": "cap", "source": "dso", "kind": "limit", "version": 1, "intervals": [
        {"start": "2026-03-02T13:00:00Z", "end": "2026-03-02T14:00:00Z", "value": 40.0}]},
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "signals.json"
    path.write_text(json.dumps({"signals": LIMITS}), encoding="utf-8")
    return path


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["signals", "fold", *words, "--from", "2026-03-02T00:00:00"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_newest_version_is_what_holds(file: Path) -> None:
    told = run(str(file))
    assert "import limit of portfolio: 2026-03-02 13:00:00Z to 2026-03-02 14:00:00Z 40 kW" in told
    assert "60" not in told.replace("13:00", "")


def test_a_scenario_is_written_with_what_it_is_asked(file: Path, tmp_path: Path) -> None:
    written = tmp_path / "asked.json"
    run(str(file), "--scenario", "sample:van-depot", "--write", str(written))
    scenario = read_scenario(written.read_bytes())
    assert [cap.id for cap in scenario.signals if cap.source == "dso"] == ["dso/cap import"]


def test_a_negative_limit_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "signals.json"
    bad = {**LIMITS[0], "intervals": [{"start": "2026-03-02T12:00:00Z", "value": -5.0}]}
    path.write_text(json.dumps({"signals": [bad]}), encoding="utf-8")
    refused = CliRunner().invoke(app, ["signals", "fold", str(path)])
    assert "signals[0].intervals[0].value: signal cap: -5 is not from 0 to 1e+07" in str(refused.exception)
