"""PV plants in a document: what is refused, and that nothing of them is lost on the way."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, PvPlant, Site
from models.domain.validation import validate
from models.domain.value import Step
from models.domain.wire import read_scenario, scenario_json

NOON, ONE = (datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in (12, 13))
ROOF = PvPlant(id="roof", node="grid", expected_kw=(Step(start=NOON, value=9.0), Step(start=ONE, value=4.0)))


def with_plants(*plants: PvPlant) -> Scenario:
    evse = Evse(id="bay", node="grid", max_power_kw=11.0)
    site = Site(id="s", nodes=(GridNode(id="grid"),), evses=(evse,), pv_plants=plants)
    return Scenario(site=site, sessions=(Session(id="car", evse="bay", arrival=NOON, departure=ONE),))


def test_a_roof_survives_the_way_to_json_and_back() -> None:
    scenario = with_plants(replace(ROOF, curtailable=True))

    assert read_scenario(scenario_json(scenario)) == scenario


@pytest.mark.parametrize(
    ("plants", "path"),
    [
        ((replace(ROOF, node="hall"),), "site.pv_plants[0].node"),
        ((ROOF, ROOF), "site.pv_plants[1].id"),
        ((replace(ROOF, expected_kw=-1.0),), "site.pv_plants[0].expected_kw"),
        ((replace(ROOF, expected_kw=ROOF.expected_kw[::-1]),), "site.pv_plants[0].expected_kw[1].start"),  # type: ignore[index]  # steps
        ((replace(ROOF, expected_kw=(Step(start=ONE, value=1.0),)),), "site.pv_plants[0].expected_kw[0].start"),
    ],
    ids=["at no node", "twice", "of negative output", "back in time", "from after the plan begins"],
)
def test_a_roof_that_cannot_be_is_refused(plants: tuple[PvPlant, ...], path: str) -> None:
    assert [finding.path for finding in validate(with_plants(*plants))] == [path]
