"""Programmes on the command line: terms, rosters and nominations."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from models.datasets import dataset

FOLDER = Path(os.environ.get("CHARGEWRIGHT_DATA", "no-such-folder"))
HISTORY = """arrival,departure,energy
2026-03-02T10:00:00-08:00,2026-03-02T17:00:00-08:00,19.8
2026-03-03T10:00:00-08:00,2026-03-03T17:00:00-08:00,19.8
2026-03-09T10:00:00-07:00,2026-03-09T17:00:00-07:00,19.8
"""


def run(*told: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, told)
    return answer.exit_code, answer.output


def test_known_programmes_are_listed_with_what_is_not_verified() -> None:
    code, told = run("programme", "list")
    assert code == 0
    assert "coned-csrp" in told
    assert "not from a primary text" in told


def test_terms_that_are_shown_can_be_read_again(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(run("programme", "show", "elrp")[1])
    assert json.loads(run("programme", "show", str(file))[1])["id"] == "elrp"


def test_terms_are_told_as_the_rule_by_which_events_are_settled() -> None:
    told = json.loads(run("programme", "show", "nyseg-csrp", "--settlement")[1])
    assert (told["programme"], told["baseline"], told["currency"]) == ("nyseg-csrp", "nyiso_5_of_10", "USD")
    assert (told["payment_per_kwh"], told["capacity_per_kw_month"], told["pays_from_share"]) == (
        0.5,
        4.35,
        0.25,
    )


def test_an_evse_in_two_programmes_is_named_and_the_command_fails(tmp_path: Path) -> None:
    line = {"site": "yard", "first_day": "2026-05-01", "account": "1", "evses": ["bay-1"]}
    for name in ("csrp", "elrp"):
        (tmp_path / name).write_text(json.dumps({"programme": name, "enrolments": [{"id": f"in-{name}", **line}]}))
    code, told = run("programme", "roster", str(tmp_path / "csrp"), str(tmp_path / "elrp"))
    assert code == 2
    assert "site yard: bay-1 in csrp (in-csrp) and in elrp (in-elrp) from 2026-05-01" in told


def test_a_month_is_nominated_by_a_file_of_sessions_and_judged_by_later_ones(tmp_path: Path) -> None:
    # 6.6 kW from 10:00 to 13:00, all of it shiftable. Of 7 kW 6.6 are there: 42 * 6.6/7 + 3 * (6.6 - 1.6) = 54.6;
    # 6 kW would make 36 + 3 * 6 = 54.
    (tmp_path / "past.csv").write_text(HISTORY)
    span = ("--from", "2026-03-02", "--to", "2026-03-03", "--settle-from", "2026-03-09", "--settle-to", "2026-03-09")
    code, told = run("nominate", "example-firm", str(tmp_path / "past.csv"), *span, "--window", "11:00-13:00")
    assert code == 0
    assert "example-firm: nominate 7 kW" in told
    assert "P90       6.6 kW in full" in told
    assert "a month is expected to bring 54.60 USD: capacity 39.60, energy 19.80, penalty 4.80" in told
    assert "100.0 % of the best constant one" in told


def test_more_load_is_nominated_where_the_terms_or_the_caller_say_so(tmp_path: Path) -> None:
    """Told a day ahead, what is drawn from ten to one goes to the two hours from one to three: 6.6 kW more."""
    (tmp_path / "past.csv").write_text(HISTORY)
    terms = json.loads(run("programme", "show", "example-firm")[1]) | {"notice_minutes": 1440.0, "id": "up"}
    (tmp_path / "up.json").write_text(json.dumps(terms))
    answer = tmp_path / "answer.json"
    span = ("--from", "2026-03-02", "--to", "2026-03-03", "--settle-from", "2026-03-09", "--settle-to", "2026-03-09")
    asked = ("--window", "13:00-15:00", "--direction", "turn_up", "--json", str(answer))
    code, told = run("nominate", str(tmp_path / "up.json"), str(tmp_path / "past.csv"), *span, *asked)
    assert code == 0, told
    assert "up: nominate 7 kW of more load" in told
    assert "P90       6.6 kW in full" in told
    found = json.loads(answer.read_text())
    assert (found["direction"], found["hindsight"]["share"]) == ("turn_up", 1.0)


@pytest.mark.parametrize(
    ("told", "what"),
    [
        (("example-firm", "acn:jpl", "--direction", "up"), "is no direction"),
        (("nobody", "past.csv"), "no programme 'nobody' is known"),
        (("example-firm", "acn:nowhere"), "the data set has no site 'nowhere'"),
        (("example-firm", "no-such.csv"), "cannot be read"),
        (("example-firm", "acn:jpl", "--window", "16-20"), "is no time of day"),
    ],
)
def test_what_cannot_be_meant_is_told(told: tuple[str, ...], what: str) -> None:
    answer = CliRunner().invoke(app, ["nominate", *told, "--from", "2026-03-01", "--to", "2026-03-31"])
    assert what in str(answer.exception)


def yard(name: str, price: float, tmp_path: Path) -> str:
    """One car from noon to two at 10 kW with 10 kWh to charge; the second hour costs so much more than the first."""
    site = {
        "id": name,
        "nodes": [{"id": "grid", "kind": "connection", "continuous_factor": 1.0}],
        "evses": [{"id": "bay", "node": "grid", "max_power_kw": 10.0}],
    }
    noon, one = "2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"
    car = {"id": "car", "evse": "bay", "arrival": noon, "departure": "2026-03-02T14:00:00Z", "energy_target_kwh": 10.0}
    steps = [{"start": noon, "value": 0.1}, {"start": one, "value": 0.1 + price}]
    scenario = {
        "site": site,
        "sessions": [car],
        "tariff": {"currency": "USD", "import_price": {"steps": steps, "end": "2026-03-03T12:00:00Z"}},
        "horizon": {"start": noon, "stretches": [{"count": 4, "minutes": 30.0}]},
    }
    (tmp_path / f"{name}.json").write_text(json.dumps(scenario))
    return str(tmp_path / f"{name}.json")


NOON = ("--start", "2026-03-02T12:00", "--minutes", "60")


def test_an_offer_names_the_price_of_every_kw(tmp_path: Path) -> None:
    code, told = run("programme", "offer", "elrp", yard("a", 0.3, tmp_path), *NOON)
    assert code == 0
    assert "offer 10 of 10.0 kW" in told
    assert "0.0 to 10.0 0.300 0.0" in " ".join(told.split())
    assert "hours per season: 1 of 60 used" in told
    assert "not inside a window" in told  # noon in UTC is the night in California


def test_a_commitment_is_told_with_its_reason_and_its_money(tmp_path: Path) -> None:
    # 10 kWh cost 0.3 more each and bring 0.5 and, not delivered, 2.0 and 6.0 / 3 of the month's capacity.
    code, told = run("programme", "commit", "example-firm", yard("a", 0.3, tmp_path), *NOON, "--nominated", "6")
    assert code == 0
    assert "commit 6 kW of 6 nominated: all that was nominated is committed" in told
    assert "paid 3.00, elsewhere 1.80" in told


def test_a_site_that_would_lose_by_it_stays_out(tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    code, told = run("programme", "commit", "elrp", yard("a", 2.5, tmp_path), *NOON, "--json", str(answer))
    assert code == 0
    assert "stay out: the call is against the terms, and answering it costs more than it brings" in told
    assert json.loads(answer.read_text())["held"] == "not_owed"


def test_a_target_is_divided_by_what_the_next_kw_costs(tmp_path: Path) -> None:
    sites = (yard("dear", 0.4, tmp_path), yard("cheap", 0.2, tmp_path))
    code, told = run("programme", "split", *sites, "--target", "12", *NOON)
    assert code == 0
    assert "cheap: 10.0 of 10.0 kW, 2.00 USD" in told
    assert "dear: 2.0 of 10.0 kW, 0.80 USD" in told


@pytest.mark.skipif(not (FOLDER / dataset("acn-blocks").file).is_file(), reason="CHARGEWRIGHT_DATA has no such file")
@pytest.mark.parametrize("site", ["caltech", "jpl"])
def test_summer_nominations_earn_in_autumn_what_hindsight_would_within_a_tenth(site: str, tmp_path: Path) -> None:
    span = ("--from", "2019-05-01", "--to", "2019-08-31", "--settle-from", "2019-09-01", "--settle-to", "2019-12-31")
    answer = tmp_path / "answer.json"
    assert run("nominate", "example-firm", f"acn:{site}", "--folder", str(FOLDER), *span, "--json", str(answer))[0] == 0
    assert json.loads(answer.read_text())["hindsight"]["share"] >= 0.9
