"""What a site expects of its hours, worked out by hand for one car and one battery."""

from dataclasses import replace

import pytest

from models.domain.errors import InvalidScenario
from models.domain.scenario import Scenario
from models.domain.site import Battery
from optimizer.response.outlook import outlook
from tests.optimizer.test_events import NOON, yard

BATTERY = Battery(
    id="b",
    node="grid",
    capacity_kwh=12.0,
    reserve_kwh=2.0,
    energy_at_start_kwh=7.0,
    max_charge_kw=0.0,
    max_discharge_kw=0.0,
    charge_efficiency=1.0,
    discharge_efficiency=1.0,
)


def with_battery(scenario: Scenario) -> Scenario:
    return replace(scenario, site=replace(scenario.site, batteries=(BATTERY,)))


def test_load_is_that_of_the_plan_and_what_can_be_shed_is_the_charging_that_can_wait() -> None:
    """Ten kWh come in the cheap first hour, with 2 kW of other load; all of it could come later."""
    first, second, third = outlook(yard(), 60.0)

    assert (first.start, first.length_s) == (NOON, 3600.0)
    assert [one.expected_kw for one in (first, second, third)] == pytest.approx([12.0, 2.0, 2.0])
    assert [one.shed_kw for one in (first, second, third)] == pytest.approx([10.0, 0.0, 0.0], abs=1e-3)
    assert first.storage is None


def test_batteries_are_told_without_their_reserve() -> None:
    storage = outlook(with_battery(yard()), 180.0)[0].storage

    assert storage is not None
    assert (storage.usable_kwh, storage.charge_level) == pytest.approx((10.0, 0.5))


def test_too_many_spans_are_refused_before_they_are_planned_one_by_one() -> None:
    with pytest.raises(InvalidScenario, match="there would be 180 spans"):
        outlook(yard(), 1.0)
