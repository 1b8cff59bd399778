"""``chargewright data`` as a user sees it."""

from pathlib import Path

from typer.testing import CliRunner

from api.cli import app


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
