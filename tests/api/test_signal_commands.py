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


def test_a_steering_box_that_falls_silent_is_followed_to_the_fail_safe(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    entries = [
        {"at": "2026-03-02T12:00:10Z", "kind": "heartbeat"},
        {"at": "2026-03-02T12:00:20Z", "kind": "limit", "limit_kw": 4.2},
        {"at": "2026-03-02T12:00:30Z", "kind": "limit", "limit_kw": -1.0},
        {"at": "2026-03-02T12:02:10Z", "kind": "look"},
    ]
    log = {"start": "2026-03-02T12:00:00Z", "failsafe_kw": 8.0, "entries": entries}
    path.write_text(json.dumps(log), encoding="utf-8")
    told = CliRunner().invoke(app, ["signals", "guard", str(path)]).output.splitlines()
    assert [line[22:].split()[:3] for line in told] == [
        ["init", "8", "kW"],
        ["init", "8", "kW"],
        ["limited", "4.2", "kW"],
        ["limited", "4.2", "kW"],
        ["failsafe", "8", "kW"],
    ]
    assert "refused: limit_kw: guarded limit: -1 is no limit" in told[3]


@pytest.mark.parametrize(
    ("words", "kw"),
    [(["1"], 4.2), (["2"], 7.56), (["10"], 21.21), (["4", "--heat-pump", "14"], 16.52)],
)
def test_the_law_s_own_numbers_are_printed(words: list[str], kw: float) -> None:
    assert CliRunner().invoke(app, ["signals", "dimming", *words]).output == f"{kw:.2f} kW\n"
