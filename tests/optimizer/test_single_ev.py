"""One car at one EVSE: plans that can be worked out on the back of an envelope."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from models.domain.session import Session, Vehicle
from models.domain.site import CurrentType, Evse, GridNode, NodeKind, Site, Tier
from models.domain.tariff import DemandCharge, PriceSeries, Tariff
from models.domain.value import Step
from optimizer.optimize import optimize
from optimizer.settings import Objective, Settings
from tests.oracle.certified import every_answer_certified


@pytest.fixture(autouse=True)
def certified() -> Iterator[None]:
    """Every optimum of this module comes with its proof."""
    with every_answer_certified() as watch:
        yield
    assert watch.certificates


FOUR = datetime(2026, 3, 2, 16, tzinfo=UTC)
VALUE_OF_TARGET = 2.0


def hourly(*prices: float) -> PriceSeries:
    steps = tuple(Step(start=FOUR + timedelta(hours=k), value=price) for k, price in enumerate(prices))
    return PriceSeries(steps=steps, end=FOUR + timedelta(hours=len(prices)))


def one_car(
    *,
    energy_kwh: float,
    prices: tuple[float, ...] = (0.2, 0.2, 0.2, 0.2),
    stay_h: float | None = None,
    import_limit_kw: float = 50.0,
    value_of_target: float = VALUE_OF_TARGET,
) -> Scenario:
    """A car at a 10 kW outlet from four o'clock on, in periods of one hour."""
    site = Site(
        id="home",
        nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=import_limit_kw, continuous_factor=1.0),),
        evses=(Evse(id="bay", node="grid", max_power_kw=10.0),),
        tiers=(Tier(id="all", value_of_target_per_kwh=value_of_target),),
    )
    leaves = FOUR + timedelta(hours=len(prices) if stay_h is None else stay_h)
    car = Session(id="car", evse="bay", arrival=FOUR, departure=leaves, energy_target_kwh=energy_kwh)
    horizon = Horizon(start=FOUR, stretches=(Stretch(count=len(prices), minutes=60.0),))
    tariff = Tariff(currency="EUR", import_price=hourly(*prices))
    return Scenario(site=site, sessions=(car,), tariff=tariff, horizon=horizon)


def planned(scenario: Scenario, settings: Settings | None = None) -> tuple[Schedule, SessionPlan]:
    schedule = optimize(scenario, settings or Settings())
    return schedule, schedule.sessions[0]


def with_car(scenario: Scenario, **changes: object) -> Scenario:
    return replace(scenario, sessions=(replace(scenario.sessions[0], **changes),))  # type: ignore[arg-type]  # fields


def with_evse(scenario: Scenario, **changes: object) -> Scenario:
    evse = replace(scenario.site.evses[0], **changes)  # type: ignore[arg-type]  # fields
    return replace(scenario, site=replace(scenario.site, evses=(evse,)))


def test_ten_kwh_are_charged_in_the_cheapest_hour() -> None:
    schedule, car = planned(one_car(energy_kwh=10.0, prices=(0.4, 0.1, 0.2, 0.3)))

    np.testing.assert_allclose(car.charge_power_kw, [0, 10, 0, 0], atol=1e-6)
    assert schedule.objective == pytest.approx(10 * 0.1)


def test_what_the_cheapest_hour_cannot_hold_goes_to_the_second_cheapest() -> None:
    schedule, car = planned(one_car(energy_kwh=15.0, prices=(0.4, 0.1, 0.2, 0.3)))

    np.testing.assert_allclose(car.charge_power_kw, [0, 10, 5, 0], atol=1e-6)
    assert schedule.objective == pytest.approx(10 * 0.1 + 5 * 0.2)


def test_a_departure_at_half_past_leaves_half_of_the_last_hour() -> None:
    """Cheapest last: half an hour at 10 kW brings 5 kWh, the other 5 kWh come from the hour before."""
    schedule, car = planned(one_car(energy_kwh=10.0, prices=(0.4, 0.3, 0.2, 0.1), stay_h=3.5))

    np.testing.assert_allclose(car.plugged_in_h, [1, 1, 1, 0.5])
    np.testing.assert_allclose(car.charge_power_kw, [0, 0, 5, 10], atol=1e-6)
    assert schedule.objective == pytest.approx(5 * 0.2 + 5 * 0.1)


def test_a_target_out_of_reach_misses_exactly_what_does_not_fit() -> None:
    """Two hours at 10 kW are 20 of 25 kWh."""
    schedule, car = planned(one_car(energy_kwh=25.0, stay_h=2.0))

    assert car.energy_kwh == pytest.approx(20.0)
    assert car.target_shortfall_kwh == pytest.approx(5.0)
    assert schedule.costs["unmet_target"] == pytest.approx(5.0 * VALUE_OF_TARGET)
    assert schedule.objective == pytest.approx(20 * 0.2 + 5.0 * VALUE_OF_TARGET)


def test_a_demand_charge_spreads_ten_kwh_over_four_hours_as_two_and_a_half_kw() -> None:
    scenario = one_car(energy_kwh=10.0)
    charge = DemandCharge(id="demand", rate_per_kw=12.0, demand_interval_min=60.0)
    assert scenario.tariff is not None

    schedule, car = planned(replace(scenario, tariff=replace(scenario.tariff, demand_charges=(charge,))))

    np.testing.assert_allclose(car.charge_power_kw, [2.5, 2.5, 2.5, 2.5], atol=1e-6)
    assert schedule.peaks[0].peak_kw == pytest.approx(2.5)
    # March 2nd, 16:00: 29 days and 8 hours are left, and a plan of four hours stands for one day of them.
    assert schedule.costs["demand_charge"] == pytest.approx(2.5 * 12.0 / (29 + 8 / 24))


def test_a_peak_that_was_set_already_costs_nothing_more() -> None:
    """Below 4 kW demand is free, so the cheapest hour is filled up to 4 kW and so on: 4 + 4 + 2 kWh."""
    scenario = one_car(energy_kwh=10.0, prices=(0.4, 0.1, 0.2, 0.3))
    charge = DemandCharge(id="demand", rate_per_kw=500.0, demand_interval_min=60.0, peak_set_kw=4.0)
    assert scenario.tariff is not None

    schedule, car = planned(replace(scenario, tariff=replace(scenario.tariff, demand_charges=(charge,))))

    np.testing.assert_allclose(car.charge_power_kw, [0, 4, 4, 2], atol=1e-6)
    assert schedule.costs["demand_charge"] == pytest.approx(0.0, abs=1e-9)


def test_a_limit_of_four_kw_takes_three_hours_for_ten_kwh() -> None:
    schedule, car = planned(one_car(energy_kwh=10.0, prices=(0.4, 0.1, 0.2, 0.3), import_limit_kw=4.0))

    np.testing.assert_allclose(car.charge_power_kw, [0, 4, 4, 2], atol=1e-6)
    assert schedule.objective == pytest.approx(4 * 0.1 + 4 * 0.2 + 2 * 0.3)


def test_losses_of_a_dc_outlet_are_paid_at_the_grid() -> None:
    """9.3 kWh at the outlet are 10 kWh at the grid, at 0.93."""
    scenario = with_evse(one_car(energy_kwh=9.3), current=CurrentType.DC)

    schedule, car = planned(scenario)

    assert car.energy_kwh == pytest.approx(9.3)
    assert schedule.costs["energy_import"] == pytest.approx(10.0 * 0.2)


def test_a_single_phase_car_gets_a_third_of_a_three_phase_outlet() -> None:
    """16 A at 230 V are 3.68 kW: two hours bring 7.36 of 10 kWh."""
    scenario = with_evse(one_car(energy_kwh=10.0, stay_h=2.0), max_power_kw=None, max_current_a=16.0)

    _, car = planned(with_car(scenario, vehicle=Vehicle(id="small", phases=1)))

    np.testing.assert_allclose(car.charge_power_kw, [3.68, 3.68], atol=1e-6)
    assert car.target_shortfall_kwh == pytest.approx(10 - 7.36)


def test_at_equal_prices_energy_comes_early() -> None:
    _, car = planned(one_car(energy_kwh=15.0))

    np.testing.assert_allclose(car.charge_power_kw, [10, 5, 0, 0], atol=1e-6)


def test_energy_dearer_than_the_target_is_worth_is_left_out_but_the_promise_is_kept() -> None:
    """At 0.3 a kWh and a target worth 0.1 only the promised 4 kWh are charged."""
    scenario = with_car(one_car(energy_kwh=10.0, prices=(0.3, 0.3), value_of_target=0.1), energy_minimum_kwh=4.0)

    schedule, car = planned(scenario)

    assert car.energy_kwh == pytest.approx(4.0)
    assert car.minimum_shortfall_kwh == pytest.approx(0.0, abs=1e-9)
    assert car.target_shortfall_kwh == pytest.approx(6.0)
    assert schedule.objective == pytest.approx(4 * 0.3 + 6 * 0.1)


def test_a_promise_out_of_reach_is_kept_as_far_as_it_goes() -> None:
    """One hour at 10 kW keeps 10 of 12 promised kWh; the 3 kWh beyond the promise are missed as well."""
    scenario = with_car(one_car(energy_kwh=15.0, stay_h=1.0), energy_minimum_kwh=12.0)

    _, car = planned(scenario)

    assert car.energy_kwh == pytest.approx(10.0)
    assert car.minimum_shortfall_kwh == pytest.approx(2.0)
    assert car.target_shortfall_kwh == pytest.approx(3.0)


def test_a_negative_price_pays_for_the_need_and_for_no_more() -> None:
    schedule, car = planned(one_car(energy_kwh=5.0, prices=(0.2, -0.1, 0.2, 0.2)))

    np.testing.assert_allclose(car.charge_power_kw, [0, 5, 0, 0], atol=1e-6)
    assert schedule.objective == pytest.approx(-0.5)


def test_energy_after_the_horizon_may_wait_but_only_at_four_fifths_of_full_power() -> None:
    """Half an hour beyond the horizon at 0.8 of 10 kW is 4 kWh; the other 11 of 15 kWh come before."""
    _, car = planned(one_car(energy_kwh=15.0, prices=(0.1, 0.4), stay_h=2.5))

    np.testing.assert_allclose(car.charge_power_kw, [10, 1], atol=1e-6)
    assert car.energy_after_horizon_kwh == pytest.approx(4.0)


def test_a_margin_counts_what_the_driver_pays_and_never_charges_at_a_loss() -> None:
    """At 0.3 retail and a worthless target only the hours below 0.3 are used: 10 kWh at 0.1 and 10 at 0.2."""
    scenario = one_car(energy_kwh=40.0, prices=(0.4, 0.1, 0.2, 0.5), value_of_target=0.0)

    schedule, car = planned(with_car(scenario, retail_price_per_kwh=0.3), Settings(objective=Objective.MARGIN))

    np.testing.assert_allclose(car.charge_power_kw, [0, 10, 10, 0], atol=1e-6)
    assert schedule.objective == pytest.approx(10 * 0.1 + 10 * 0.2 - 20 * 0.3)


def test_one_more_kw_of_a_full_limit_is_worth_the_hour_that_it_replaces() -> None:
    """At 4 kW one kW more in the hour at 0.1 saves a kWh at 0.3."""
    schedule, _ = planned(one_car(energy_kwh=10.0, prices=(0.4, 0.1, 0.2, 0.3), import_limit_kw=4.0))

    np.testing.assert_allclose(schedule.nodes[0].worth_per_kw, [0, 0.2, 0.1, 0], atol=1e-6)
