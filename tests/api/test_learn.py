"""``chargewright learn``: past sessions in, habits out, and what it says of rows that cannot be read."""

from pathlib import Path
from typing import Any

import pytest

from models.domain.wire import read_scenario
from tests.api.test_cli import chargewright  # noqa: F401  # a fixture

GOOD = "2026-03-02T08:00,2026-03-02T10:00,7.5"
BAD = "2026-03-02T08:00,2026-03-02T07:00,many"


@pytest.fixture
def file_of(tmp_path: Path) -> Any:
    def written(*rows: str) -> Path:
        path = tmp_path / "past.csv"
        path.write_text("\n".join(("arrival,departure,energy", *rows)), encoding="utf-8")
        return path

    return written


def test_what_is_printed_is_what_a_scenario_takes(chargewright: Any, file_of: Any) -> None:  # noqa: F811
    code, told, _ = chargewright("learn", file_of(GOOD, GOOD), "--time-zone", "Europe/Berlin")

    yard = (
        '{"site": {"id": "s", "nodes": [{"id": "g"}], "evses": [{"id": "e", "node": "g", "max_power_kw": 11}],'
        ' "habits": %s}, "sessions": [{"id": "c", "evse": "e", "arrival": "2026-03-09T08:00:00+01:00"}]}'
    )
    habits = read_scenario(yard % told).site.habits
    assert code == 0
    assert habits is not None
    assert (habits.counted[0].arrival_hour, sum(habits.counted[0].stays)) == (8, 2)


def test_rows_that_cannot_be_read_end_it_with_all_of_them(chargewright: Any, file_of: Any) -> None:  # noqa: F811
    code, told, errors = chargewright("learn", file_of(GOOD, BAD))

    assert (code, told) == (2, "")
    assert "line 3, departure" in errors
    assert "line 3, energy" in errors


def test_rows_that_cannot_be_read_are_left_out_on_request(chargewright: Any, file_of: Any) -> None:  # noqa: F811
    code, told, errors = chargewright("learn", file_of(GOOD, BAD), "--skip")

    assert code == 0
    assert '"source":"1 past sessions' in told
    assert "left out: line 3, energy" in errors


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("learn", "nowhere.csv"), "nowhere.csv"), (("learn", "nowhere.csv", "--time-zone", "Mars"), "Mars")],
)
def test_a_file_or_a_clock_that_is_not_there_is_named(chargewright: Any, arguments: Any, named: str) -> None:  # noqa: F811
    code, _, errors = chargewright(*arguments)

    assert code == 2
    assert named in errors
