"""``chargewright backtest`` as an analyst sees it, on a week that ships with nobody: it needs the data folder."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.backtesting import cases
from api.backtesting.cases import Aim, Case, Practice, course_of, history_of
from api.backtesting.jobs import Job, done
from api.backtesting.methods import Charge, RuledMaker, maker_of, method_named
from api.backtesting.report import shown_of
from api.cli import app
from models.datasets import RecordedSession
from models.domain.errors import InvalidScenario
from optimizer.backtest.consenting import V2gShare
from optimizer.backtest.planner import PlannerMaker

FOLDER = Path(os.environ.get("CHARGEWRIGHT_DATA", "no-such-folder"))
needs_data = pytest.mark.skipif(
    not (FOLDER / "sessions" / "de_truck_depot_week.csv").is_file(), reason="CHARGEWRIGHT_DATA has no truck depot"
)
needs_caltech = pytest.mark.skipif(
    not (FOLDER / "sessions" / "acn_caltech_2019-10.csv").is_file(), reason="CHARGEWRIGHT_DATA has no Caltech 2019-10"
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


@pytest.mark.parametrize(
    ("practice", "charge", "learns"),
    [
        (Practice.BATTERIES, Charge.OURS, True),
        (Practice.IDEAL, Charge.OURS, False),
        (Practice.BOTH, Charge.OURS, False),
        (Practice.BATTERIES, Charge.OURS_STEADY, False),
    ],
)
def test_plans_of_any_power_for_cars_with_batteries_learn_how_they_fill_up(
    practice: Practice, charge: Charge, learns: bool
) -> None:
    case = Case(name="caltech-2019-10", practice=practice)
    maker = maker_of(charge, case, retail_per_kwh=None, holiday_calendar=None)
    assert isinstance(maker, RuledMaker)
    assert isinstance(maker.maker, PlannerMaker)
    assert maker.maker.manner.reading.learns_taper is learns


@pytest.mark.parametrize("name", ["nowhere", "caltech-2019-13", "jpl-0000-01", "norway-ASK-2019-00"])
def test_a_case_that_does_not_exist_is_answered_with_how_cases_are_called(name: str) -> None:
    with pytest.raises(InvalidScenario, match="caltech-YYYY-MM"):
        course_of(Case(name=name), FOLDER)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--days", "0"),
        ("--period", "0"),
        ("--limit-kw", "0"),
        ("--history", "-1"),
        ("--processes", "0"),
        ("--seed", "-1"),
        ("--v2g-share", "1.5"),
        ("--v2g-kwh", "0"),
        ("--v2g-price", "-1"),
    ],
)
def test_a_number_that_means_nothing_is_refused_by_its_name(wrong: tuple[str, str], tmp_path: Path) -> None:
    """A limit of 0 kW in particular, which must not be taken as none given."""
    told = CliRunner().invoke(app, ["backtest", "truck-depot", "--folder", str(tmp_path), *wrong])
    assert told.exit_code == 2
    assert wrong[0] in told.output


@needs_caltech
def test_what_consenting_drivers_give_back_is_told_beside_what_it_costs(tmp_path: Path) -> None:
    """It lowers the peak of a garage, for which a charge is asked; a simple rule gives nothing back."""
    files = ["--results", str(tmp_path), "--csv", str(tmp_path / "runs.csv")]
    v2g = ["--v2g-share", "1", "--v2g-kwh", "60", "--v2g-price", "0.01", "--period", "15"]
    methods = ["--method", "ours", "--method", "edf"]
    told = CliRunner().invoke(app, ["backtest", "caltech-2019-10", *DAY, *v2g, *methods, *files])
    assert told.exit_code == 0, told.output
    assert "V2G with 100 % of drivers, seed 0" in told.output
    heads, ours, edf = (line.split(",") for line in (tmp_path / "runs.csv").read_text().splitlines())
    back, paid, through = (heads.index(name) for name in ("given back kWh", "paid for V2G", "through V2G cars kWh"))
    assert float(ours[back]) > 0.0
    assert float(ours[paid]) == pytest.approx(0.01 * float(ours[back]), abs=0.01)
    assert float(ours[through]) > 2.0 * float(ours[back])
    assert float(edf[back]) == 0.0


@pytest.mark.parametrize("alone", [("--v2g-kwh", "60"), ("--v2g-price", "0")])
def test_batteries_and_prices_without_drivers_who_consent_are_refused(alone: tuple[str, str]) -> None:
    told = CliRunner().invoke(app, ["backtest", "truck-depot", *alone])
    assert told.exit_code == 2
    assert "name --v2g-share" in " ".join(told.output.replace("│", "").split())


@needs_data
def test_v2g_that_is_not_played_or_that_cheats_drivers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    v2g = V2gShare(share=1.0)
    with pytest.raises(InvalidScenario, match=r"V2G is not played in scenario V: .* take --scenario II"):
        course_of(Case(name="truck-depot", practice=Practice.BOTH, v2g=v2g), FOLDER)
    course = replace(course_of(Case(name="truck-depot", days=1), FOLDER), retail_per_kwh=0.3)
    monkeypatch.setattr(cases, "_depot", lambda case, folder: course)
    with pytest.raises(InvalidScenario, match=r"0.3 is less than a driver has paid .* take 0.34 or more"):
        course_of(Case(name="truck-depot", v2g=replace(v2g, price_per_kwh=0.3)), FOLDER)


@needs_caltech
def test_shares_in_hindsight_are_of_what_drivers_are_left_with_and_v2g_has_columns_where_it_is_played(
    tmp_path: Path,
) -> None:
    """Had all that went through a car counted, some would have more than they need."""
    v2g = V2gShare(share=1.0)
    case = Case(name="caltech-2019-10", aim=Aim.SERVICE, days=1, period_min=15.0)
    plain, giving = (done(Job(case=c, charge=Charge.OPTIMUM), tmp_path, FOLDER) for c in (case, replace(case, v2g=v2g)))
    assert giving.figures.given_back_kwh > 1.0
    assert max(giving.met) == pytest.approx(1.0, abs=1e-3)
    heads = {"given back kWh", "through V2G cars kWh", "export"}
    assert heads <= {head for head, _ in shown_of([giving])}
    assert not heads & {head for head, _ in shown_of([plain])}


HALF_POWER = """
class HalfPower:
    max_recompute = 1

    def register_interface(self, interface):
        self.interface = interface

    def schedule(self, active_sessions):
        return {one.station_id: [self.interface.max_pilot_signal(one.station_id) / 2] for one in active_sessions}
"""


@needs_data
def test_an_algorithm_for_acnportal_from_a_module_of_the_current_folder_is_a_method_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of what EVSEs can: it exceeds no peak that all of it would."""
    (tmp_path / "half_power_of_a_test.py").write_text(HALF_POWER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    csv = tmp_path / "runs.csv"
    methods = ["--method", "acnportal:half_power_of_a_test:HalfPower", "--method", "uncontrolled"]
    told = CliRunner().invoke(app, ["backtest", "truck-depot", *DAY, *methods, "--results", ".", "--csv", str(csv)])
    assert told.exit_code == 0, told.output
    lines = [line.split(",") for line in csv.read_text().splitlines()]
    peaks = {line[4]: float(line[lines[0].index("peak kW")]) for line in lines[1:]}
    assert 0.0 < peaks["acnportal:half_power_of_a_test:HalfPower"] <= peaks["uncontrolled"]


def test_another_state_of_a_module_is_another_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what the algorithm came to before it was mended would be read as what it comes to now."""
    module = tmp_path / "mended_in_a_test.py"
    module.write_text(HALF_POWER)
    monkeypatch.syspath_prepend(tmp_path)
    before = method_named("acnportal:mended_in_a_test:HalfPower")
    module.write_text(HALF_POWER.replace("/ 2", "/ 3"))
    after = method_named("acnportal:mended_in_a_test:HalfPower")
    assert Job(case=Case(name="truck-depot"), charge=before).key != Job(case=Case(name="truck-depot"), charge=after).key


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("fastest", "there is no 'fastest' - take one of optimum, ours"),
        ("acnportal:no_such_module:Mine", "'no_such_module' cannot be loaded: ModuleNotFoundError"),
        ("acnportal:json:Mine", "'json' has no class or function 'Mine'"),
        ("acnportal:json", "write --method acnportal:MODULE:CLASS"),
        ("acnportal:", "write --method acnportal:MODULE:CLASS"),
    ],
)
def test_a_method_that_does_not_exist_is_refused_with_what_there_is(method: str, told: str) -> None:
    answer = CliRunner().invoke(app, ["backtest", "truck-depot", "--method", method])
    assert isinstance(answer.exception, InvalidScenario)
    assert told in str(answer.exception)


@needs_data
def test_runs_in_two_processes_are_told_in_the_order_of_the_command(tmp_path: Path) -> None:
    methods = ["--method", "llf", "--method", "uncontrolled", "--processes", "2"]
    csv = tmp_path / "runs.csv"
    files = ["--results", str(tmp_path), "--csv", str(csv)]
    told = CliRunner().invoke(app, ["backtest", "truck-depot", *DAY, *methods, *files])
    assert told.exit_code == 0, told.output
    assert [line.split(",")[4] for line in csv.read_text().splitlines()[1:]] == ["llf", "uncontrolled"]


def apartments(*arrivals: datetime) -> tuple[RecordedSession, ...]:
    stays = [(at, at + timedelta(hours=2)) for at in arrivals]
    return tuple(RecordedSession(id=str(a), evse="u", arrival=a, departure=d, energy_kwh=4.0) for a, d in stays)


def test_a_month_of_which_nobody_is_known_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cases, "apartments", lambda folder, site: apartments(datetime(2019, 2, 3, tzinfo=UTC)))
    assert len(course_of(Case(name="norway-ASK-2019-02"), tmp_path).cars) == 1
    with pytest.raises(InvalidScenario, match="no sessions of norway-ASK-2019-03 are known"):
        course_of(Case(name="norway-ASK-2019-03"), tmp_path)


def test_a_declared_history_ends_where_the_month_begins_on_the_clock_of_its_site(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """March begins at 23:00 UTC in Oslo, nine hours before it does in Los Angeles."""
    before, inside = (datetime(2019, 2, 28, hour, 30, tzinfo=UTC) for hour in (22, 23))
    monkeypatch.setattr(cases, "apartments", lambda folder, site: apartments(before, inside))
    case = Case(name="norway-ASK-2019-03")
    assert [one.arrival for one in history_of(case, tmp_path, 1)] == [before]
    assert [car.arrival_s for car in course_of(case, tmp_path).cars] == [inside.timestamp()]
    with pytest.raises(InvalidScenario, match="of the 1 months before norway-ASK-2019-02 are known"):
        history_of(Case(name="norway-ASK-2019-02"), tmp_path, 1)
