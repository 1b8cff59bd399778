"""``chargewright import``: files of a CPO on the command line, up to a plan of one of their days."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.own_data import tariff_from
from models.domain.errors import InvalidScenario
from models.domain.tariff import PriceSeries
from tests.models.test_import_ocpi import CDR_211, CDR_221, location, plug

GERMAN = (
    "Ladevorgang-ID;Ladepunkt;Startzeit;Endzeit;Energie (kWh);RFID-Karte\n"
    "L1;LP 1;13.03.2026 17:00;13.03.2026 19:30;12,50;04A2B3C4\n"
    "L2;LP 2;13.03.2026 18:00;14.03.2026 07:00;9,5;04A2B3C4\n"
    "L3;LP 2;14.03.2026 18:00;14.03.2026 07:00;9,5;04A2B3C4\n"
)


def called(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_export_becomes_a_site_sessions_and_a_plan_of_a_day(here: Path) -> None:
    (here / "export.csv").write_text(GERMAN)
    told = called(
        "import", "csv", "export.csv", "--time-zone", "Europe/Berlin", "--site", "site.json", "--limit-kw", "8"
    ).output
    assert "2 sessions at 2 EVSEs" in told
    assert "left out: 1 x it ends before it begins" in told
    assert "decimal_comma     True" in told
    plan = called("plan", "site.json", "--sessions", "sessions.csv", "--day", "2026-03-13").output
    assert "22.0 kWh planned, all of them get what they need" in plan


def test_no_file_that_is_written_holds_a_token_and_the_key_is_for_its_owner_alone(here: Path) -> None:
    (here / "export.csv").write_text(GERMAN)
    called("import", "csv", "export.csv", "--time-zone", "Europe/Berlin")
    written = [path for path in here.iterdir() if path.name != "export.csv"]
    assert all("04A2B3C4" not in path.read_text().upper() for path in written)
    key = here / "chargewright-drivers.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    first = (here / "sessions.csv").read_text()
    called("import", "csv", "export.csv", "--map", "sessions.map.json")
    assert (here / "sessions.csv").read_text() == first


def test_who_wants_no_drivers_gets_no_key(here: Path) -> None:
    (here / "export.csv").write_text(GERMAN)
    called("import", "csv", "export.csv", "--time-zone", "Europe/Berlin", "--no-drivers")
    assert "driver" not in (here / "sessions.csv").read_text()
    assert not (here / "chargewright-drivers.key").exists()


def test_sessions_that_stand_in_two_exports_count_once(here: Path) -> None:
    (here / "a.csv").write_text(GERMAN)
    (here / "b.csv").write_text(GERMAN.replace("L1;", "L9;").replace("LP 1", "LP 7"))
    told = called("import", "csv", "a.csv", "b.csv", "--time-zone", "Europe/Berlin", "--doubts", "odd.csv").output
    assert "3 sessions at 3 EVSEs" in told
    assert "1 x told twice" in told
    assert "a.csv line 4" in (here / "odd.csv").read_text()


def test_records_and_locations_of_ocpi_become_files_that_are_planned(here: Path) -> None:
    (here / "locations.json").write_text(
        json.dumps({"data": [location(plug("AC_3_PHASE", 230, 32))], "status_code": 1000})
    )
    (here / "cdrs.json").write_text(json.dumps([CDR_211, CDR_221]))
    assert (
        "LOC1, 1 EVSEs, Europe/Berlin"
        in called("import", "ocpi-locations", "locations.json", "--limit-kw", "11").output
    )
    assert "1 sessions at 1 EVSEs" in called("import", "ocpi-cdrs", "cdrs.json", "--location", "LOC1").output
    plan = called("plan", "site.json", "--sessions", "sessions.csv", "--day", "2026-03-02").output
    assert "12.5 kWh planned" in plan


def test_of_several_locations_one_has_to_be_named(here: Path) -> None:
    two = [location(plug("DC", 400, 100), id=name) for name in ("LOC1", "LOC2")]
    (here / "locations.json").write_text(json.dumps(two))
    with pytest.raises(InvalidScenario, match="LOC1, LOC2"):
        called("import", "ocpi-locations", "locations.json")
    assert "LOC2" in called("import", "ocpi-locations", "locations.json", "--location", "LOC2").output


def test_a_rate_of_the_urdb_becomes_a_tariff_and_says_what_it_left_out(here: Path) -> None:
    rate = {"name": "EV", "energyratestructure": [[{"rate": 0.2}]], "energyweekdayschedule": [[0] * 24] * 12,
            "energyweekendschedule": [[0] * 24] * 12, "fixedchargefirstmeter": 100}  # fmt: skip
    (here / "rate.json").write_text(json.dumps({"items": [rate]}))
    assert "fixedchargefirstmeter 100" in called("import", "tariff", "rate.json").output
    assert json.loads((here / "tariff.json").read_text())["import_price"]["rates"][0]["price_per_kwh"] == 0.2


def test_prices_of_smard_become_a_tariff_that_can_be_planned_with(here: Path) -> None:
    lines = [f"13.03.2026 {hour:02d}:00;13.03.2026 {hour + 1:02d}:00;{50 + hour},50" for hour in range(16, 23)]
    (here / "smard.csv").write_text("Datum von;Datum bis;Deutschland/Luxemburg [€/MWh]\n" + "\n".join(lines) + "\n")
    told = called("import", "prices", "smard.csv", "--adder", "0.1").output
    assert "7 prices of 60 minutes, 2026-03-13 15:00 to 2026-03-13 22:00 UTC" in told
    price = tariff_from("tariff.json").import_price
    assert isinstance(price, PriceSeries)
    assert price.steps[0].value == pytest.approx(0.1665)
