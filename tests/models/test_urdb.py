"""Rates of the Utility Rate Database as tariffs: windows, seasons and charges by hand, and real rates hour by hour."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models import samples
from models.datasets.urdb import is_urdb, urdb_tariff
from models.domain.calendar import Calendar
from models.domain.errors import InvalidScenario
from models.domain.prices import price_at
from models.domain.tariff import ALL_DAYS, DayKind, TimeOfUse, Window
from models.samples.build_tariffs import BUILDERS
from models.samples.rendering import render_value

FOLDER = Path(os.environ.get("CHARGEWRIGHT_DATA", "no-such-folder"))
needs_data = pytest.mark.skipif(not (FOLDER / "tariffs/urdb").is_dir(), reason="CHARGEWRIGHT_DATA has no rates")
PACIFIC = ZoneInfo("America/Los_Angeles")

NIGHT, DAY = [0] * 24, [0] * 8 + [1] * 12 + [0] * 4
"""Hours of a day: the second one has another period from 8 to 20."""


def rate(**told: Any) -> dict[str, Any]:
    """0.10 at all times, and 0.30 from 8 to 20 on weekdays of November to February."""
    winter = [DAY if month in (0, 1, 10, 11) else NIGHT for month in range(12)]
    return {
        "utility": "Light and Power",
        "name": "EV-1",
        "energyratestructure": [[{"rate": 0.08, "adj": 0.02}], [{"rate": 0.30}]],
        "energyweekdayschedule": winter,
        "energyweekendschedule": [NIGHT] * 12,
        **told,
    }


def test_months_that_are_alike_are_one_season_also_around_the_new_year() -> None:
    price = urdb_tariff(rate()).tariff.import_price
    assert isinstance(price, TimeOfUse)
    dear = next(one for one in price.rates if one.price_per_kwh == 0.30)
    window = Window(days=(DayKind.WEEKDAY,), season_start="11-01", season_end="02-29", start="08:00", end="20:00")
    assert dear.windows == (window,)


def test_a_price_is_its_rate_and_its_adjustment_on_the_wall_clock() -> None:
    price = urdb_tariff(rate()).tariff.import_price
    calendar = Calendar(PACIFIC)
    monday, sunday, july = (datetime(2025, *day, 8, tzinfo=PACIFIC) for day in ((12, 1), (11, 30), (7, 1)))
    assert [price_at(price, when, calendar) for when in (monday, sunday, july)] == [0.30, 0.10, 0.10]


def test_flat_demand_of_every_month_is_one_charge_without_seasons() -> None:
    told = rate(flatdemandstructure=[[{"rate": 12.5, "adj": 0.5}]], flatdemandmonths=[0] * 12, demandwindow=30)
    (charge,) = urdb_tariff(told).tariff.demand_charges
    assert (charge.rate_per_kw, charge.demand_interval_min, charge.windows) == (13.0, 30.0, (Window(days=ALL_DAYS),))


def test_tiers_of_demand_rise_above_their_power() -> None:
    told = rate(flatdemandstructure=[[{"rate": 0.0, "max": 20}, {"rate": 9.0}]], flatdemandmonths=[0] * 12)
    (charge,) = urdb_tariff(told).tariff.demand_charges
    assert charge.rate_per_kw == 0.0
    assert [(tier.above_kw, tier.rate_per_kw) for tier in charge.tiers] == [(20.0, 9.0)]


def test_time_of_use_demand_counts_in_its_windows_and_not_where_it_costs_nothing() -> None:
    told = rate(
        demandratestructure=[[{"rate": 0}], [{"rate": 21.0}]],
        demandweekdayschedule=[DAY] * 12,
        demandweekendschedule=[NIGHT] * 12,
    )
    (charge,) = urdb_tariff(told).tariff.demand_charges
    assert charge.rate_per_kw == 21.0
    assert charge.windows == (Window(days=(DayKind.WEEKDAY,), start="08:00", end="20:00"),)


def test_what_has_no_place_in_a_tariff_is_told() -> None:
    told = rate(fixedchargefirstmeter=447.44, energyratestructure=[[{"rate": 0.1, "max": 500}, {"rate": 0.2}]] * 2)
    left_out = urdb_tariff(told).left_out
    assert any(line.startswith("fixedchargefirstmeter 447.44") for line in left_out)
    assert any("first block" in line for line in left_out)


def test_an_answer_of_the_database_is_read_by_its_first_item() -> None:
    assert is_urdb({"items": [rate()]})
    assert not is_urdb({"currency": "EUR", "import_price": 0.3})
    assert urdb_tariff({"items": [rate()]}).tariff.name == "Light and Power: EV-1"


@pytest.mark.parametrize(
    "told",
    [
        {"energyratestructure": [[]]}, {"energyratestructure": 5}, {"energyratestructure": [[{"rate": "dear"}]]},
        {"energyweekdayschedule": [5] * 12}, {"flatdemandstructure": [[{"rate": 1}, {"rate": 2}]]},
        {"flatdemandstructure": [[{"rate": 1}]], "demandratchetpercentage": 0.5},
    ],
)  # fmt: skip
def test_a_rate_in_another_form_is_refused_and_asked_for_anew(told: dict[str, Any]) -> None:
    with pytest.raises(InvalidScenario, match="version=8 and detail=full"):
        urdb_tariff(rate(**told))


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({"name": "no prices"}, "items[0]"),
        (rate(energyweekdayschedule=[NIGHT] * 11), "energyweekdayschedule"),
        (rate(energyweekdayschedule=[[7] * 24] * 12), "energyratestructure"),
        (rate(flatdemandstructure=[[{"rate": 1.0}]], flatdemandunit="hp"), "flatdemandunit"),
    ],
)
def test_a_rate_that_cannot_be_read_is_told_by_its_place(told: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidScenario) as refused:
        urdb_tariff(told)
    assert refused.value.findings[0].path == path


@needs_data
@pytest.mark.parametrize("path", sorted((FOLDER / "tariffs/urdb").glob("*.json")), ids=lambda path: path.stem)
def test_every_hour_of_a_real_rate_costs_what_its_tables_say(path: Path) -> None:
    told = json.loads(path.read_text())["items"][0]
    price, calendar = urdb_tariff({"items": [told]}).tariff.import_price, Calendar(PACIFIC)
    for month in range(12):
        for day, table in ((5, "energyweekdayschedule"), (9, "energyweekendschedule")):  # a Monday to a Friday; weekend
            when = next(d for d in (datetime(2025, month + 1, day + k, tzinfo=PACIFIC) for k in range(7))
                        if (d.weekday() < 5) is (table == "energyweekdayschedule"))  # fmt: skip
            for hour in range(24):
                (tier, *_) = told["energyratestructure"][told[table][month][hour]]
                expected = tier["rate"] + tier.get("adj", 0.0)
                assert price_at(price, when.replace(hour=hour), calendar) == pytest.approx(expected)


@pytest.mark.parametrize("name", samples.tariff_names())
def test_every_tariff_that_comes_along_says_what_it_is_and_where_from(name: str) -> None:
    tariff = samples.tariff(name)
    assert tariff.name
    assert tariff.source
    readme = (Path(samples.__file__).parent / "tariffs/README.md").read_text()
    assert f"`{name}`" in readme


def test_the_yearly_price_of_a_german_network_is_taken_a_twelfth_at_a_time() -> None:
    (charge,) = samples.tariff("de-netze-odr-low-voltage-2025").demand_charges
    assert charge.rate_per_kw == pytest.approx(149.46 / 12, abs=1e-4)


@needs_data
@pytest.mark.parametrize("name", samples.tariff_names())
def test_public_data_rebuild_every_tariff(name: str) -> None:
    shipped = (Path(samples.__file__).parent / "tariffs" / f"{name}.json").read_text()
    assert render_value(BUILDERS[name](FOLDER)) == shipped


def test_a_tariff_that_does_not_come_along_names_those_that_do() -> None:
    with pytest.raises(InvalidScenario, match="sce-tou-ev-9"):
        samples.tariff("free-power")
