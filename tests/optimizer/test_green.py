"""Drivers who asked for green energy (22): carbon of theirs has a price, the site's own surplus has none; by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import ChargingPreference, Session
from models.domain.site import Evse, GridNode, LimitKind, PvPlant, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Step
from optimizer.audit import audit
from optimizer.optimize import optimize

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GREEN = ChargingPreference.GREEN


def hourly(*values: float) -> tuple[Step, ...]:
    return tuple(Step(start=NOON + k * HOUR, value=value) for k, value in enumerate(values))


def yard(
    wish: ChargingPreference | None,
    *,
    intensity: tuple[float, ...] = (0.5, 0.1),
    prices: tuple[float, ...] = (0.3, 0.3),
    sun_kw: tuple[float, ...] | None = None,
    green_price: float | None = 0.2,
) -> Scenario:
    """10 kWh in two hours at 10 kW; carbon of 0.5 kg/kWh in the first and 0.1 in the second hour unless told."""
    site = Site(
        id="yard",
        nodes=(GridNode(id="grid", import_limit_kw=50.0, limit_kind=LimitKind.CONTRACT),),
        evses=(Evse(id="a", node="grid", max_power_kw=10.0),),
        pv_plants=() if sun_kw is None else (PvPlant(id="roof", node="grid", expected_kw=hourly(*sun_kw)),),
        tiers=(Tier(id="all", value_of_target_per_kwh=2.0),),
        green_price_per_kg=green_price,
    )
    session = Session(
        id="a", evse="a", arrival=NOON, departure=NOON + 2 * HOUR, energy_target_kwh=10.0, charging_preference=wish
    )
    until = NOON + 2 * HOUR
    tariff = Tariff(
        currency="EUR",
        import_price=PriceSeries(steps=hourly(*prices), end=until),
        export_price=0.3,
        carbon_intensity=PriceSeries(steps=hourly(*intensity), end=until),
    )
    horizon = Horizon(start=NOON, stretches=(Stretch(count=2, minutes=60.0),))
    return Scenario(site=site, sessions=(session,), tariff=tariff, horizon=horizon)


def powers(scenario: Scenario) -> list[float]:
    plan = optimize(scenario)
    report = audit(scenario, plan)
    assert report.passed, report.verdict
    told: list[float] = plan.sessions[0].charge_power_kw.round(3).tolist()
    return told


def test_a_green_session_waits_for_clean_energy_and_a_regular_one_does_not() -> None:
    assert powers(yard(GREEN)) == [0.0, 10.0]
    assert powers(yard(None)) == [10.0, 0.0]


def test_it_waits_only_for_as_much_as_the_site_says_that_carbon_is_worth() -> None:
    """0.4 kg/kWh at 0.2 EUR/kg are 8 ct: more than 7 ct of price, less than 9 ct."""
    assert powers(yard(GREEN, prices=(0.3, 0.37))) == [0.0, 10.0]
    assert powers(yard(GREEN, prices=(0.3, 0.39))) == [10.0, 0.0]


def test_the_sun_of_the_site_is_green_however_dirty_the_grid_is_then() -> None:
    """6 kW of surplus in the first hour cost no carbon; the other 4 kWh come in the cleaner second hour."""
    assert powers(yard(GREEN, sun_kw=(6.0, 0.0))) == [6.0, 4.0]


def test_what_the_wish_costs_is_told_and_is_no_part_of_what_the_owner_pays() -> None:
    plan = optimize(yard(GREEN))

    # 10 kWh of 0.1 kg at 0.2 EUR/kg.
    assert plan.costs["green_wish"] == pytest.approx(0.2)
    assert plan.objective == pytest.approx(3.0 + 0.2)
    assert plan.cost == pytest.approx(3.0)
    hiding = replace(plan, costs={**plan.costs, "green_wish": 0.0}, objective=plan.objective - 0.2)
    assert not audit(yard(GREEN), hiding).passed


def test_without_a_price_of_carbon_or_without_an_intensity_nothing_changes() -> None:
    assert powers(yard(GREEN, green_price=None)) == [10.0, 0.0]
    assert powers(yard(GREEN, intensity=(0.0, 0.0))) == [10.0, 0.0]
