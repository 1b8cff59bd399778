"""The audit passes a V2G plan worked out by hand and finds what is wrong with every spoilt one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method, NodePlan, Schedule, SessionPlan
from models.domain.session import Session, TaperPoint, Vehicle
from models.domain.site import BaseLoad, Evse, GridNode, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.units import seconds_from_hours
from models.domain.value import Step
from optimizer.audit import BreakCode, audit

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
THREE = NOON + timedelta(hours=3)
PRICES = (0.1, 0.4, 0.2)

# --- A van at a kerb, from noon to three ---------------------------------------------------------------------------
#
# 40 kWh, half full, half full wanted at three; 10 kWh are its reserve. 0.8 of what comes in is stored, 0.5 of what is
# taken out comes back. The building draws 2 kW. Wear costs 0.04 for a kWh taken out; the driver pays 0.50 for a kWh.
#
#   hour             12     13     14
#   charged          10             2.5     12.5 kWh
#   given back               5               5 kWh
#   inside   20      28     18     20       28 - 5 / 0.5 = 18, 18 + 0.8 x 2.5 = 20
#   grid             12     -3      4.5     with the building
#   price           0.1    0.4     0.2      1.20 + 0.90 = 2.10 bought; 3 kWh sold at 0.05: 0.15
#
# Wear: 10 kWh taken out are 0.40. The driver pays for 12.5 kWh and gets back what 5 / (0.8 x 0.5) = 12.5 kWh had cost.


def kerb() -> Scenario:
    vehicle = Vehicle(
        id="van",
        battery_capacity_kwh=40.0,
        charge_efficiency=0.8,
        max_discharge_kw=8.0,
        discharge_efficiency=0.5,
        wear_price_per_kwh=0.04,
    )
    session = Session(
        id="van",
        evse="kerb",
        arrival=NOON,
        departure=THREE,
        vehicle=vehicle,
        soc=0.5,
        soc_target=0.5,
        soc_reserve=0.25,
        allows_discharge=True,
        retail_price_per_kwh=0.5,
        tier="all",
    )
    steps = tuple(Step(start=NOON + timedelta(hours=k), value=price) for k, price in enumerate(PRICES))
    return Scenario(
        site=Site(
            id="street",
            nodes=(GridNode(id="grid", import_limit_kw=20.0, export_limit_kw=8.0, continuous_factor=1.0),),
            evses=(Evse(id="kerb", node="grid", max_current_a=32.0, max_discharge_kw=10.0),),
            voltage_v=230.0,
            base_loads=(BaseLoad(node="grid", expected_kw=2.0),),
            tiers=(Tier(id="all", value_of_target_per_kwh=3.0),),
        ),
        sessions=(session,),
        tariff=Tariff(currency="EUR", import_price=PriceSeries(steps=steps, end=THREE), export_price=0.05),
        horizon=Horizon(start=NOON, stretches=(Stretch(count=3, minutes=60.0),)),
    )


def by_hand() -> Schedule:
    van = SessionPlan(
        session_id="van",
        evse_id="kerb",
        first_period=0,
        charge_power_kw=np.array([10.0, 0.0, 2.5]),
        plugged_in_h=np.ones(3),
        energy_remaining_kwh=0.0,
        energy_kwh=12.5,
        energy_cost=10 * 0.1 - 5 * 0.4 + 2.5 * 0.2,
        discharge_power_kw=np.array([0.0, 5.0, 0.0]),
        energy_in_battery_kwh=np.array([20.0, 28.0, 18.0, 20.0]),
    )
    grid = NodePlan(
        node_id="grid",
        expected_kw=np.array([12.0, -3.0, 4.5]),
        guaranteed_kw=np.array([12.0, 2.0, 4.5]),
        import_limit_kw=np.full(3, 20.0),
        limit_set_by=(),
        worth_per_kw=np.zeros(3),
    )
    return Schedule(
        site_id="street",
        method=Method.OPTIMAL,
        currency="EUR",
        instants_s=NOON.timestamp() + seconds_from_hours(1.0) * np.arange(4),
        sessions=(van,),
        nodes=(grid,),
        grid_import_kw=np.array([12.0, 0.0, 4.5]),
        grid_export_kw=np.array([0.0, 3.0, 0.0]),
        costs={"energy_import": 2.1, "energy_export": -0.15, "vehicle_wear": 0.4, "revenue": 0.0},
        objective=2.1 - 0.15 + 0.4,
    )


def test_a_plan_worked_out_by_hand_passes() -> None:
    report = audit(kerb(), by_hand())

    assert report.passed, report.breaks
    assert report.figures["cost:vehicle_wear"] == pytest.approx(0.4)
    assert report.figures["cost:revenue"] == 0.0


def with_van(**arrays: object) -> Schedule:
    plan = by_hand()
    changes = {name: None if value is None else np.array(value, dtype=float) for name, value in arrays.items()}
    return replace(plan, sessions=(replace(plan.sessions[0], **changes),))  # type: ignore[arg-type]  # names of fields


SPOILT: dict[str, tuple[Schedule, BreakCode, str]] = {
    "more is given back than the vehicle can": (
        with_van(discharge_power_kw=[0, 9, 0]), BreakCode.GIVEN_BACK, "van"),
    "less than nothing is given back": (
        with_van(discharge_power_kw=[0, -1, 0]), BreakCode.GIVEN_BACK, "van"),
    "it charges and gives back at once": (
        with_van(charge_power_kw=[10, 1, 1.5]), BreakCode.GIVEN_BACK, "van"),
    "what is inside is not what came and went": (
        with_van(energy_in_battery_kwh=[20, 28, 20.5, 20]), BreakCode.VEHICLE_ENERGY, "van"),
    "what is inside is not told": (
        with_van(energy_in_battery_kwh=None), BreakCode.VEHICLE_ENERGY, "van"),
    "it gives back down to less than its reserve": (
        with_van(charge_power_kw=[0, 0, 12.5], energy_in_battery_kwh=[20, 20, 8, 18], discharge_power_kw=[0, 6, 0]),
        BreakCode.VEHICLE_ENERGY, "van"),
    "it is charged above its capacity": (
        with_van(
            charge_power_kw=[22, 4, 2.5], discharge_power_kw=[0, 0, 0], energy_in_battery_kwh=[20, 37.6, 40.8, 42.8]),
        BreakCode.VEHICLE_ENERGY, "van"),
    "it ends with less than is wanted, without a word": (
        with_van(charge_power_kw=[10, 0, 0], energy_in_battery_kwh=[20, 28, 18, 18]), BreakCode.ENERGY_BALANCE, "van"),
    "what is given back is not in the balance of the site": (
        replace(by_hand(), grid_export_kw=np.zeros(3), grid_import_kw=np.array([12, 2, 4.5])),
        BreakCode.SITE_BALANCE, "grid"),
    "what is given back relieves a node that is not firm": (
        replace(by_hand(), nodes=(replace(by_hand().nodes[0], guaranteed_kw=np.array([12, -3, 4.5])),)),
        BreakCode.NODE_PLAN, "grid"),
    "wear is forgotten": (
        replace(by_hand(), costs={**by_hand().costs, "vehicle_wear": 0.0}), BreakCode.COST, "vehicle_wear"),
    "wear counts at the meter": (
        replace(by_hand(), costs={**by_hand().costs, "vehicle_wear": 0.2}), BreakCode.COST, "vehicle_wear"),
    "the driver pays for the losses of cycling": (
        replace(by_hand(), costs={**by_hand().costs, "revenue": -0.5 * 7.5}), BreakCode.COST, "revenue"),
    "what it gives back is not in its own cost": (
        replace(by_hand(), sessions=(replace(by_hand().sessions[0], energy_cost=1.5),)), BreakCode.COST, "van"),
    "arrays of giving back have another length": (
        with_van(discharge_power_kw=[0, 5]), BreakCode.ARRAYS, "van"),
    "energies have one entry too few": (
        with_van(energy_in_battery_kwh=[20, 28, 18]), BreakCode.ARRAYS, "van"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_plan_is_found_with_the_rule_that_it_breaks(name: str) -> None:
    plan, code, where = SPOILT[name]
    assert (code, where) in {(found.code, found.where) for found in audit(kerb(), plan).breaks}


def of_session(**changes: object) -> Callable[[Scenario], Scenario]:
    return lambda s: replace(s, sessions=(replace(s.sessions[0], **changes),))  # type: ignore[arg-type]  # its fields


def of_node(**changes: object) -> Callable[[Scenario], Scenario]:
    return lambda s: replace(s, site=replace(s.site, nodes=(replace(s.site.nodes[0], **changes),)))  # type: ignore[arg-type]


def of_evse(**changes: object) -> Callable[[Scenario], Scenario]:
    return lambda s: replace(s, site=replace(s.site, evses=(replace(s.site.evses[0], **changes),)))  # type: ignore[arg-type]


CURVE = (TaperPoint(soc=0.5, power_kw=10.0), TaperPoint(soc=0.6, power_kw=9.0), TaperPoint(soc=1.0, power_kw=9.0))
ELSEWHERE: dict[str, tuple[Callable[[Scenario], Scenario], BreakCode, str]] = {
    "the driver has not agreed": (of_session(allows_discharge=False), BreakCode.GIVEN_BACK, "van"),
    "the EVSE cannot take it": (of_evse(max_discharge_kw=None), BreakCode.GIVEN_BACK, "van"),
    "the EVSE can take less": (of_evse(max_discharge_kw=4.0), BreakCode.GIVEN_BACK, "van"),
    "the cable carries less in either direction": (of_evse(max_current_a=6.0), BreakCode.GIVEN_BACK, "van"),
    "a floor of the hour is broken": (
        of_session(energy_floor_kwh=(Step(start=NOON, value=0.0), Step(start=THREE - timedelta(hours=2), value=19.0))),
        BreakCode.VEHICLE_ENERGY,
        "van",
    ),
    "a ceiling is broken": (of_session(energy_ceiling_kwh=27.0), BreakCode.VEHICLE_ENERGY, "van"),
    "an export limit counts what cars give": (of_node(export_limit_kw=2.5), BreakCode.EXPORT_LIMIT, "grid"),
    "a current limit holds backwards": (
        # 5 kW on three phases are 7.25 A, and the building's 2 kW, known in size only, may add 2.9 A
        of_node(current_limit_a=(Step(start=NOON, value=40.0), Step(start=NOON + timedelta(hours=1), value=10.0))),
        BreakCode.PHASE_CURRENT,
        "grid L1",
    ),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_same_plan_is_refused_where(name: str) -> None:
    change, code, where = ELSEWHERE[name]
    assert (code, where) in {(found.code, found.where) for found in audit(change(kerb()), by_hand()).breaks}


def test_a_curve_is_checked_at_every_energy_that_is_passed() -> None:
    """10 kW from 20 to 28 kWh: at 24 kWh the battery takes 9."""
    scenario = kerb()
    vehicle = replace(scenario.sessions[0].vehicle, taper=CURVE)  # type: ignore[type-var]  # it has one
    (found,) = audit(of_session(vehicle=vehicle)(scenario), by_hand()).breaks

    assert (found.code, found.limit) == (BreakCode.TAPER, pytest.approx(9.0))


def test_a_node_that_declares_firm_generation_may_count_on_it() -> None:
    firm = of_node(firm_generation=True)(kerb())
    plan = replace(by_hand(), nodes=(replace(by_hand().nodes[0], guaranteed_kw=np.array([12.0, -3.0, 4.5])),))

    assert audit(firm, plan).passed
    assert not audit(firm, by_hand()).passed
