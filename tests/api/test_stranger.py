"""A stranger's first minutes: ten lines of their own, and mistakes anybody makes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.demo import CLOSING

TEN_LINES = """{
  "import_limit_kw": 22,
  "price_per_kwh": 0.30,
  "start": "2026-03-02T18:00:00+01:00",
  "evses": [
    {"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 24, "departure": "2026-03-03T07:00:00+01:00"}},
    {"id": "bay-2", "max_power_kw": 11, "car": {"energy_kwh": 9, "departure": "2026-03-03T07:00:00+01:00"}},
    {"id": "bay-3", "max_power_kw": 11, "car": {"energy_kwh": 40, "departure": "2026-03-03T07:00:00+01:00"}}
  ]
}
"""


def plan(environment: dict[str, str], path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "api.cli", "plan", str(path), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.json"
    path.write_text(TEN_LINES, encoding="utf-8")
    return path


def test_ten_lines_are_planned_within_their_limit(environment: dict[str, str], mine: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.json"

    done = plan(environment, mine, "--json", str(out))

    assert done.returncode == 0, done.stderr
    told = json.loads(out.read_text())
    assert [session["energy_kwh"] for session in told["sessions"]] == pytest.approx([24.0, 9.0, 40.0])
    assert told["comparison"]["cost"] == pytest.approx(0.30 * (24 + 9 + 40)), "21.90 EUR whenever they charge"
    assert max(told["nodes"][0]["guaranteed_kw"]) <= 22.0 + 1e-6
    assert told["comparison"]["uncontrolled_excess_kw"] == pytest.approx(11.0), "three at 11 kW are 33 kW"
    assert told["audit"]["passed"]


def test_a_limit_below_the_need_says_how_much_is_missing(environment: dict[str, str], mine: Path) -> None:
    mine.write_text(TEN_LINES.replace('"import_limit_kw": 22', '"import_limit_kw": 5'))

    done = plan(environment, mine)

    assert done.returncode == 0, done.stderr
    assert "8.0 kWh" in done.stdout, "73 kWh wanted, 13 h x 5 kW = 65 kWh can be had"


MISTAKES = {
    '"price_per_kwh"': ('"price_per_kw"', "price_per_kwh"),
    '"energy_kwh": 24': ('"energy_kwh": "24 kWh"', "energy_kwh"),
    '"id": "bay-2"': ('"id": "bay-1"', "bay-1"),
    '"import_limit_kw": 22': ('"import_limit_kw": -22', "import_limit_kw"),
    "2026-03-03T07:00:00+01:00": ("2026-03-02T07:00:00+01:00", "departure"),
}


@pytest.mark.parametrize("written", MISTAKES)
def test_a_mistake_is_named_with_its_way_out(environment: dict[str, str], mine: Path, written: str) -> None:
    instead, named = MISTAKES[written]
    mine.write_text(TEN_LINES.replace(written, instead, 1))

    done = plan(environment, mine)

    assert done.returncode == 2
    assert named in done.stderr
    assert "->" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_lines_that_the_demo_offers_to_copy_do_plan(environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "copied.json"
    path.write_text(CLOSING.partition("<<'END'\n")[2].partition("  END\n")[0])

    done = plan(environment, path)

    assert done.returncode == 0, done.stderr
    assert "Assumed" in done.stdout, "departures were not given"
