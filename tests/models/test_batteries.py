"""Stationary batteries in a document: what is refused, and that nothing of them is lost on the way."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Battery, Evse, GridNode, Site
from models.domain.validation import validate
from models.domain.wire import read_scenario, scenario_json

NOON, ONE = (datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in (12, 13))
BANK = Battery(
    id="bank",
    node="hall",
    capacity_kwh=10.0,
    max_charge_kw=5.0,
    max_discharge_kw=4.0,
    charge_efficiency=0.9,
    discharge_efficiency=0.8,
    energy_at_start_kwh=3.0,
)


def with_batteries(*batteries: Battery, current_limit_a: float | None = None) -> Scenario:
    nodes = (GridNode(id="grid", current_limit_a=current_limit_a), GridNode(id="hall", parent="grid"))
    evse = Evse(id="bay", node="grid", max_power_kw=11.0)
    site = Site(id="s", nodes=nodes, evses=(evse,), batteries=batteries)
    return Scenario(site=site, sessions=(Session(id="car", evse="bay", arrival=NOON, departure=ONE),))


def test_a_battery_survives_the_way_to_json_and_back() -> None:
    scenario = with_batteries(replace(BANK, reserve_kwh=1.0, terminal_value_per_kwh=0.2))

    assert read_scenario(scenario_json(scenario)) == scenario


@pytest.mark.parametrize(
    ("batteries", "path"),
    [
        ((replace(BANK, node="attic"),), "site.batteries[0].node"),
        ((BANK, BANK), "site.batteries[1].id"),
        ((replace(BANK, energy_at_start_kwh=11.0),), "site.batteries[0].energy_at_start_kwh"),
        ((replace(BANK, reserve_kwh=10.5),), "site.batteries[0].reserve_kwh"),
        ((replace(BANK, charge_efficiency=1.1),), "site.batteries[0].charge_efficiency"),
        ((replace(BANK, discharge_efficiency=0.0),), "site.batteries[0].discharge_efficiency"),
    ],
    ids=["at no node", "twice", "overfull", "with too much in reserve", "that gains", "that gives nothing back"],
)
def test_a_battery_that_cannot_be_is_refused(batteries: tuple[Battery, ...], path: str) -> None:
    assert [finding.path for finding in validate(with_batteries(*batteries))] == [path]


def test_a_battery_below_a_limit_in_amperes_is_refused_because_a_plan_would_not_keep_it() -> None:
    (finding,) = validate(with_batteries(BANK, current_limit_a=63.0))

    assert (finding.path, finding.ids) == ("site.batteries[0].node", ("bank", "grid"))
    assert "import_limit_kw" in finding.remedy
