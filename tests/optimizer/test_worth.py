"""What a part of a site earns: the same day without it, billed with one ruler."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models import samples
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import BaseLoad, Battery, Evse, GridNode, NodeKind, PvPlant, Site
from models.domain.tariff import DemandCharge, PriceSeries, Tariff
from models.domain.value import Step
from models.domain.wire import read_scenario
from optimizer.audit import audit
from optimizer.optimize import optimize
from optimizer.worth import Worths, worths

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def yard(**more: object) -> Site:
    site: dict[str, object] = {
        "id": "yard",
        "nodes": (GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=50.0, continuous_factor=1.0),),
        "evses": (Evse(id="one", node="grid", max_power_kw=11.0),),
    }
    return Site(**(site | more))  # type: ignore[arg-type]  # a test's shorthand


def told(site: Site, tariff: Tariff, *sessions: Session) -> Worths:
    horizon = Horizon(start=NOON, stretches=(Stretch(count=2, minutes=60.0),))
    return worths(Scenario(site=site, sessions=sessions, tariff=tariff, horizon=horizon))


def test_a_battery_earns_what_it_moves_between_prices_less_what_it_loses() -> None:
    """5 kWh drawn at 0.1 come back as 4 at 0.5: 2.0 - 0.5 = 1.5."""
    box = Battery(
        id="box", node="grid", capacity_kwh=4.0, max_charge_kw=5.0, max_discharge_kw=5.0, charge_efficiency=0.8,
        discharge_efficiency=1.0, energy_at_start_kwh=0.0, terminal_value_per_kwh=0.0,
    )  # fmt: skip
    site = yard(batteries=(box,), base_loads=(BaseLoad(node="grid", expected_kw=6.0),))
    prices = PriceSeries(steps=(Step(start=NOON, value=0.1), Step(start=NOON + HOUR, value=0.5)), end=NOON + 3 * HOUR)

    (battery,) = told(site, Tariff(currency="EUR", import_price=prices)).parts

    assert battery.part == "stationary batteries"
    assert battery.gain == pytest.approx(1.5)


def test_sun_earns_the_import_that_it_saves_and_the_export_that_it_sells() -> None:
    """4 kW over two hours, 3 kWh into the car at 0.3 and 5 kWh sold at 0.1: 0.9 + 0.5 = 1.4."""
    site = yard(pv_plants=(PvPlant(id="roof", node="grid", expected_kw=4.0),))
    car = Session(id="a", evse="one", arrival=NOON, departure=NOON + 2 * HOUR, energy_target_kwh=3.0)

    (sun,) = told(site, Tariff(currency="EUR", import_price=0.3, export_price=0.1), car).parts

    assert sun.gain == pytest.approx(1.4)


def test_a_plan_blind_to_peaks_pays_for_the_peak_that_it_makes() -> None:
    """Ten kWh fit into the cheap hour for 0.1 a kWh; over both hours, 5 kW are 5 EUR less of peak and 0.5 dearer."""
    prices = PriceSeries(steps=(Step(start=NOON, value=0.1), Step(start=NOON + HOUR, value=0.2)), end=NOON + 3 * HOUR)
    # A day and a half of the month is left and a day is planned: a kW costs two thirds of 1.5.
    charge = DemandCharge(id="power", rate_per_kw=1.5, demand_interval_min=60.0)
    car = Session(id="a", evse="one", arrival=NOON, departure=NOON + 2 * HOUR, energy_target_kwh=10.0)

    found = told(yard(), Tariff(currency="EUR", import_price=prices, demand_charges=(charge,)), car)

    (eyes,) = found.parts
    assert (found.planned.peak_kw, eyes.without.peak_kw) == pytest.approx((5.0, 10.0))
    assert eyes.gain == pytest.approx(5.0 - 0.5)


def test_a_car_that_gives_back_earns_the_difference_of_two_prices_less_its_losses() -> None:
    """It may give back 5 of its 10 kWh, at 0.5, and fills up again at 0.1: 5 x 0.8 x 0.5 = 2.0, less 5 / 0.8 x 0.1."""
    evse = Evse(id="one", node="grid", max_power_kw=11.0, max_discharge_kw=11.0)
    prices = PriceSeries(steps=(Step(start=NOON, value=0.5), Step(start=NOON + HOUR, value=0.1)), end=NOON + 3 * HOUR)
    vehicle = Vehicle(
        id="car", battery_capacity_kwh=20.0, max_discharge_kw=11.0, charge_efficiency=0.8, discharge_efficiency=0.8
    )
    car = Session(
        id="a", evse="one", arrival=NOON, departure=NOON + 2 * HOUR, vehicle=vehicle, soc=0.5, soc_target=0.5,
        soc_reserve=0.25, allows_discharge=True,
    )  # fmt: skip
    site = yard(evses=(evse,), base_loads=(BaseLoad(node="grid", expected_kw=6.0),))

    (v2g,) = told(site, Tariff(currency="EUR", import_price=prices), car).parts

    assert v2g.part == "V2G"
    assert v2g.gain == pytest.approx(2.0 - 0.625)


def test_a_site_with_nothing_special_has_no_parts_to_leave_out() -> None:
    assert told(yard(), Tariff(currency="EUR", import_price=0.2)).parts == ()


def test_cars_of_the_v2g_block_earn_money_by_giving_back() -> None:
    """``chargewright worth sample:v2g-block``: 160.25 EUR for the night without V2G, 158.46 with it."""
    scenario = samples.load("v2g-block")
    (v2g,) = (part for part in worths(scenario).parts if part.part == "V2G")
    plan = optimize(scenario)
    given_kwh = sum(session.given_back_kwh for session in plan.sessions)
    print(f"V2G earns {v2g.gain:.2f} of {v2g.without.cost:.2f} {plan.currency} with {given_kwh:.1f} kWh given back")

    assert audit(scenario, plan).passed
    assert v2g.gain == pytest.approx(1.79, abs=0.005)
    assert v2g.gain == pytest.approx(v2g.without.cost - plan.objective, abs=1e-6)
    assert plan.costs["vehicle_wear"] > 0.0
    assert sum(session.target_shortfall_kwh for session in plan.sessions) < 1e-6


def test_a_plan_blind_to_a_contract_pays_for_the_excess_that_it_makes() -> None:
    """The case contracted-capacity: blind, 22 and 2 kW make an excess of 12 kW, 10 kW more than 12 and 12 do."""
    case = Path(__file__).parents[1] / "cases" / "contracted-capacity" / "scenario.json"

    (part,) = worths(read_scenario(case.read_bytes())).parts

    assert part.part == "eyes for contracts"
    # 10 kW more at 3 EUR, less 10 kWh that are moved to the cheap hour at 0.4.
    assert part.gain == pytest.approx(10 * 3.0 - 10 * 0.4)


def test_the_sample_depot_earns_by_shaving_its_peak() -> None:
    """As ``chargewright worth sample:van-depot`` prints it, with the peak that a plan blind to the charge makes."""
    told = worths(samples.load("van-depot"))

    (part,) = [one for one in told.parts if one.part == "eyes for demand charges"]
    assert part.gain == pytest.approx(335.41, abs=0.01)
    assert (told.planned.peak_kw, part.without.peak_kw) == pytest.approx((150.0, 392.0), abs=0.1)
    assert part.without.energy_kwh == pytest.approx(told.planned.energy_kwh, abs=1e-3)
