"""``chargewright settle`` as whoever settles a month uses it."""

import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from models.domain.errors import InvalidScenario

GOLDEN = Path(__file__).parents[1] / "optimizer" / "settled_by_hand"
EVENTS: dict[str, Any] = {
    "time_zone": "America/Los_Angeles",
    "holidays": ["2019-10-14"],
    "programmes": [
        {
            "programme": "csrp",
            "baseline": "caiso_10_in_10",
            "currency": "USD",
            "payment_per_kwh": 0.5,
            "penalty_per_kwh": 0.25,
            "capacity_per_kw_month": 5.0,
        }
    ],
    "events": [
        {
            "id": "relief",
            "programme": "csrp",
            "start": "2019-10-23T12:00:00-07:00",
            "end": "2019-10-23T15:00:00-07:00",
            "committed_kw": 10,
        },
        {
            "id": "earlier",
            "programme": "elrp",
            "start": "2019-10-16T16:00:00-07:00",
            "end": "2019-10-16T17:00:00-07:00",
        },
    ],
}
SESSIONS = """session,evse,arrival,departure,energy_kwh,power_kw
one,A,2019-10-23T12:30:00-07:00,2019-10-23T18:00:00-07:00,13.2,6.6
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The meter of the golden month, without the hour that it lacks, and its events."""
    rows = (GOLDEN / "load.csv").read_text(encoding="utf-8").replace("start,kw", "start,site").splitlines()
    kept = [row for row in rows if not row.startswith("2019-10-11T13")]
    (tmp_path / "meter.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (tmp_path / "events.json").write_text(json.dumps(EVENTS), encoding="utf-8")
    (tmp_path / "sessions.csv").write_text(SESSIONS, encoding="utf-8")
    return tmp_path


def told(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, ["settle", *map(str, arguments)])
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.output


def test_a_month_is_settled_from_files_as_worked_out_by_hand(files: Path) -> None:
    """tests/optimizer/settled_by_hand/caiso_10_in_10.csv: 11.29 for energy, 1.85 taken, 37.64 for capacity."""
    output = told("run", files / "meter.csv", files / "events.json", "--json", files / "told.json")

    assert "payment 11.29, penalty 1.85, snap-back 0.00: 9.44 USD" in output
    assert "csrp 2019-10: capacity 10 kW, performance 0.753, 37.64 USD" in output
    assert "2019-10-16 left out: another event was called" in output
    assert "2019-10-11 left out: the meter lacks some of these hours" in output
    assert "constants not checked against a primary text" in output
    document = json.loads((files / "told.json").read_text())
    csrp, elrp = (Decimal(one["total"]) for one in document["events"])
    assert csrp == Decimal("9.44")
    assert document["totals"] == {"USD": str(csrp + elrp + Decimal("37.64"))}


def test_what_everyday_optimisation_did_is_told_where_sessions_are_known(files: Path) -> None:
    output = told("run", files / "meter.csv", files / "events.json", "--sessions", files / "sessions.csv")

    assert "everyday optimisation had moved -" in output
    assert "(the baseline)" in output


def test_the_everyday_plan_of_the_day_is_the_baseline_and_what_it_moved_is_priced(
    tmp_path: Path, yard: dict[str, Any]
) -> None:
    """The car charges 11 kWh at once without a plan, in the cheap second hour with one: 5.50 less are paid for 0 kW."""
    signal = {"kind": "event", "id": "relief", "direction": "reduce", "baseline_kw": 11, "payment_per_kwh": 0.5}
    window = {"start": "2026-03-02T06:00:00Z", "end": "2026-03-02T07:00:00Z"}
    event = {"id": "relief", "programme": "csrp", "evses": ["bay-1"], **window}
    rule = EVENTS["programmes"][0] | {"baseline": "session_counterfactual"}
    inputs = {
        "meter.csv": "start,bay-1\n2026-03-02T06:00Z,0\n2026-03-02T07:00Z,11\n",
        "events.json": json.dumps({"time_zone": "Europe/Berlin", "programmes": [rule], "events": [event]}),
        "scenario.json": json.dumps(yard | {"signals": [signal | window]}),
        "sessions.csv": "session,evse,arrival,departure,energy_kwh,power_kw\n"
        "car-1,bay-1,2026-03-02T06:00Z,2026-03-02T08:00Z,11,11\n",
    }
    for name, content in inputs.items():
        (tmp_path / name).write_text(content)
    more = ["--sessions", tmp_path / "sessions.csv", "--scenario", tmp_path / "scenario.json"]

    told("run", tmp_path / "meter.csv", tmp_path / "events.json", *more, "--json", tmp_path / "told.json")

    (settled,) = json.loads((tmp_path / "told.json").read_text())["events"]
    assert settled["intervals"][0]["baseline_kw"] == pytest.approx(0.0, abs=1e-6)
    assert settled["erosion"] == {
        "uncontrolled_kw": [11.0],
        "everyday_kw": [0.0],
        "everyday_from": "the plan without the event",
        "eroded_kwh": 11.0,
        "worth": 5.5,
    }


def test_the_evidence_is_the_same_bytes_every_time_and_can_be_made_again(files: Path) -> None:
    inputs = [files / "meter.csv", files / "events.json", "--sessions", files / "sessions.csv", "--evidence"]
    for name in ("one.zip", "other.zip", "folder"):
        told("run", *inputs, files / name)

    assert (files / "one.zip").read_bytes() == (files / "other.zip").read_bytes()
    with zipfile.ZipFile(files / "one.zip") as packed:
        for name in packed.namelist():
            assert (files / "folder" / name).read_bytes() == packed.read(name)
    assert "all 10 files are what their inputs make" in told("verify", files / "one.zip")
    assert "all 10 files" in told("verify", files / "folder")


def test_evidence_that_was_changed_is_found_out(files: Path) -> None:
    told("run", files / "meter.csv", files / "events.json", "--evidence", files / "folder")
    table = files / "folder" / "intervals.csv"
    table.write_text(table.read_text().replace("relief,", "rel1ef,"))

    done = CliRunner().invoke(app, ["settle", "verify", str(files / "folder")])

    assert done.exit_code == 1
    assert "differs: intervals.csv" in done.output
    assert "differs: settlement.json" not in done.output


def test_tables_are_written_as_parquet_where_pyarrow_is_there(files: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    told("run", files / "meter.csv", files / "events.json", "--evidence", files / "folder", "--parquet")

    assert list(pandas.read_parquet(files / "folder" / "intervals.parquet")["event"]) == ["relief"] * 3 + ["earlier"]


def test_methods_are_listed_with_their_sources() -> None:
    output = told("methods")

    assert "nyiso_5_of_10" in output
    assert "RTO Insider no. 23098" in output
    assert "unverified" in output


def test_the_lot_is_drawn_and_what_the_event_did_is_told_by_those_left_out(tmp_path: Path) -> None:
    """Twenty EVSEs drew 6 kW every day; in the event those that took part 2 kW, and those held out 5: by 3 kW less."""
    evses = [f"e{k}" for k in range(20)]
    drawn = told("holdouts", *evses, "--share", "0.3", "--seed", "3").split()
    assert drawn == told("holdouts", *evses, "--share", "0.3", "--seed", "3").split()
    assert 2 <= len(drawn) <= 18
    rows = [",".join(["start", *evses])]
    for hour in range(23 * 24):
        in_event = hour // 24 == 22 and 12 <= hour % 24 < 15
        start = f"2019-10-{hour // 24 + 1:02d}T{hour % 24:02d}:00:00-07:00"
        kw = ["6" if not in_event else "5" if evse in drawn else "2" for evse in evses]
        rows.append(",".join([start, *kw]))
    (tmp_path / "meter.csv").write_text("\n".join(rows))
    (tmp_path / "events.json").write_text(json.dumps(EVENTS))

    lot = ["--event", "relief", "--share", "0.3", "--seed", "3"]
    output = told("effect", tmp_path / "meter.csv", tmp_path / "events.json", *lot)

    assert "-3.000 kW an EVSE, standard error 0.000" in output
    assert f"{20 - len(drawn)} took part, {len(drawn)} were held out" in output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"events": [EVENTS["events"][0] | {"programme": "nobody"}]}, "there is no programme 'nobody'"),
        ({"time_zone": "Mars/Olympus"}, "time zone 'Mars/Olympus' is not known"),
        ({"evnts": []}, "evnts"),
    ],
)
def test_events_that_mean_nothing_are_refused(files: Path, change: dict[str, Any], said: str) -> None:
    (files / "events.json").write_text(json.dumps(EVENTS | change))

    done = CliRunner().invoke(app, ["settle", "run", str(files / "meter.csv"), str(files / "events.json")])

    assert isinstance(done.exception, InvalidScenario)
    assert said in str(done.exception)
