"""Our own CSV of past sessions: what is written is read, and what cannot be read is told by its line."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models import samples
from models.datasets import RecordedSession
from models.datasets.session_file import read_sessions, write_sessions
from models.domain.errors import InvalidScenario
from models.samples import build_caltech

FOLDER = Path(os.environ.get("CHARGEWRIGHT_DATA", "no-such-folder"))
NINE, FIVE = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 17, tzinfo=UTC)
TOLD = RecordedSession(
    id="s1", evse="bay-1", arrival=NINE, departure=FIVE, energy_kwh=12.345, stated_departure=FIVE,
    stated_energy_kwh=20.0, power_kw=11.0, driver="d-4f2a",
)  # fmt: skip
SILENT = RecordedSession(id="s2", evse="bay-2", arrival=NINE, departure=FIVE, energy_kwh=0.5)


def test_what_is_written_is_read() -> None:
    assert read_sessions(write_sessions([SILENT, TOLD])).sessions == (TOLD, SILENT)


def test_columns_that_nobody_tells_are_left_out() -> None:
    assert write_sessions([SILENT]).splitlines()[0] == "session,evse,arrival,departure,energy_kwh"


def test_every_row_that_cannot_be_read_is_told_with_its_line() -> None:
    text = (
        "session,evse,arrival,departure,energy_kwh\n"
        "a,bay-1,2026-03-02T09:00:00,2026-03-02T17:00:00Z,5\n"
        "b,bay-1,2026-03-02T09:00:00Z,2026-03-02T08:00:00Z,5\n"
        "c,bay-1,2026-03-02T09:00:00Z,2026-03-02T17:00:00Z,NaN\n"
        "d,bay-1,2026-03-02T09:00:00Z,2026-03-02T17:00:00Z,5\n"
    )
    found = read_sessions(text)
    assert [one.id for one in found.sessions] == ["d"]
    assert [one.path for one in found.findings] == ["line 2, arrival", "line 3, departure", "line 4, energy_kwh"]


def test_a_file_of_another_kind_is_told_which_columns_it_lacks() -> None:
    (finding,) = read_sessions("start,end\n1,2\n").findings
    assert "session, evse, arrival, departure, energy_kwh is missing" in finding.message


def test_the_month_of_the_garage_is_all_930_sessions_uncut() -> None:
    month = samples.month("caltech-garage")
    assert len(month) == 930
    assert sum(one.stated_departure is not None for one in month) > 600
    with pytest.raises(InvalidScenario, match="caltech-garage"):
        samples.month("van-depot")


@pytest.mark.skipif(not FOLDER.is_dir(), reason="CHARGEWRIGHT_DATA names no folder with public data")
def test_public_data_rebuild_the_month() -> None:
    shipped = Path(samples.__file__).parent / build_caltech.NAME / build_caltech.MONTH
    assert build_caltech.month(FOLDER) == shipped.read_text()
