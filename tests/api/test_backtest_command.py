"""``chargewright backtest`` as an analyst sees it, on a week that ships with nobody: it needs the data folder."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.backtesting.cases import Aim, Case, Practice, course_of
from api.backtesting.jobs import Job, done
from api.backtesting.methods import Charge
from api.cli import app
from models.domain.errors import InvalidScenario

FOLDER = Path(os.environ.get("CHARGEWRIGHT_DATA", "no-such-folder"))
needs_data = pytest.mark.skipif(
    not (FOLDER / "sessions" / "de_truck_depot_week.csv").is_file(), reason="CHARGEWRIGHT_DATA has no truck depot"
)
DAY = ["--days", "1", "--aim", "service"]


@needs_data
def test_a_day_at_a_depot_is_told_as_a_table_as_csv_and_as_a_page(tmp_path: Path) -> None:
    csv, page = tmp_path / "runs.csv", tmp_path / "runs.html"
    files = ["--results", str(tmp_path), "--csv", str(csv), "--page", str(page)]
    methods = ["--method", "equal-share", "--method", "optimum"]
    told = CliRunner().invoke(app, ["backtest", "truck-depot", *DAY, *methods, *files])
    assert told.exit_code == 0, told.output
    assert "equal-share" in told.output
    assert len(csv.read_text().splitlines()) == 3
    assert "truck-depot: service, scenario II" in page.read_text()


@needs_data
def test_what_was_run_before_is_read_and_not_run_again(tmp_path: Path) -> None:
    case = Case(name="truck-depot", aim=Aim.SERVICE, days=1)
    job = Job(case=case, charge=Charge.UNCONTROLLED)
    first = done(job, tmp_path, FOLDER)
    assert done(job, tmp_path, Path("no-such-folder")) == first
    assert Job(case=case, charge=Charge.UNCONTROLLED, seed=1).key != job.key


@needs_data
def test_a_case_with_levels_and_batteries_has_both() -> None:
    course = course_of(Case(name="truck-depot", practice=Practice.BOTH), FOLDER)
    assert course.levels
    assert all(car.battery is not None for car in course.cars)


def test_a_case_that_does_not_exist_is_answered_with_how_cases_are_called() -> None:
    with pytest.raises(InvalidScenario, match="caltech-YYYY-MM"):
        course_of(Case(name="nowhere"), FOLDER)
