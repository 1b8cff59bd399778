"""Small sites whose best plan can be worked out on paper."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.signal import Cap
from models.domain.site import (
    BaseLoad,
    Battery,
    CurrentType,
    Evse,
    GridNode,
    LimitKind,
    NodeKind,
    PowerCabinet,
    PvPlant,
    Site,
    Tier,
)
from models.domain.tariff import DemandCharge, PriceSeries, Tariff
from models.domain.value import Step
from optimizer.audit import audit
from optimizer.backends.highs import NoSolution
from optimizer.optimize import optimize

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def connection(limit_kw: float) -> GridNode:
    return GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=limit_kw, limit_kind=LimitKind.CONTRACT)


def one_hour(site: Site, *sessions: Session, signals: tuple[Cap, ...] = ()) -> Scenario:
    horizon = Horizon(start=NOON, stretches=(Stretch(count=4, minutes=15.0),))
    tariff = Tariff(currency="EUR", import_price=0.2)
    return Scenario(site=site, sessions=sessions, tariff=tariff, horizon=horizon, signals=signals)


def session(number: int, energy_kwh: float, *, promised_kwh: float = 0.0, tier: str = "all") -> Session:
    return Session(
        id=f"car-{number}",
        evse=f"evse-{number}",
        arrival=NOON,
        departure=NOON + timedelta(hours=1),
        energy_target_kwh=energy_kwh,
        energy_minimum_kwh=promised_kwh,
        tier=tier,
    )


def energies(plan: Schedule) -> list[float]:
    return [s.energy_kwh for s in plan.sessions]


def test_four_150_kw_outlets_under_600_kw_of_ac_are_offered_at_most_558_kw_together() -> None:
    """600 kW at grid × 0.93 = 558 kW at evse; the four together could take 600."""
    outlets = tuple(Evse(id=f"evse-{i}", node="grid", current=CurrentType.DC, max_power_kw=150.0) for i in range(1, 5))
    site = Site(id="corridor", nodes=(connection(600.0),), evses=outlets, tiers=(Tier(id="all"),))
    scenario = one_hour(site, *(session(i, 150.0) for i in range(1, 5)))
    plan = optimize(scenario)
    assert sum(s.charge_power_kw[0] for s in plan.sessions) == pytest.approx(558.0, abs=1e-6)
    report = audit(scenario, plan)
    assert report.passed, report.verdict
    assert report.figures["offered_dc_kw:grid"] == pytest.approx(558.0, abs=1e-6)


def test_a_cabinet_binds_where_its_total_is_measured() -> None:
    """Two 150 kW outlets on a cabinet of 200 kW at grid: 186 kW at evse."""
    outlets = tuple(Evse(id=f"evse-{i}", node="grid", current=CurrentType.DC, max_power_kw=150.0) for i in (1, 2))
    cabinet = PowerCabinet(id="c", node="grid", evses=("evse-1", "evse-2"), total_kw=200.0)
    site = Site(id="one", nodes=(connection(600.0),), evses=outlets, cabinets=(cabinet,), tiers=(Tier(id="all"),))
    plan = optimize(one_hour(site, session(1, 150.0), session(2, 150.0)))
    assert sum(energies(plan)) == pytest.approx(186.0, abs=1e-6)


def ten_kwh(limit_kw: float = 10.0, **extra: object) -> Site:
    tiers = (
        Tier(id="fleet", rank=0, value_of_target_per_kwh=1.0),
        Tier(id="visitor", rank=1, value_of_target_per_kwh=5.0),
    )
    evses = (Evse(id="evse-1", node="grid", max_current_a=16.0), Evse(id="evse-2", node="grid", max_current_a=16.0))
    return Site(id="ten", nodes=(connection(limit_kw),), evses=evses, tiers=tiers, **extra)  # type: ignore[arg-type]


def test_a_guaranteed_minimum_comes_before_a_higher_target_price() -> None:
    """Two cars on 10 kWh: one guaranteed 8 of its 10, the other at five times its target price: 8 and 2."""
    promised = session(1, 10.0, promised_kwh=8.0, tier="fleet")
    plan = optimize(one_hour(ten_kwh(), promised, session(2, 10.0, tier="visitor")))
    assert energies(plan) == pytest.approx([8.0, 2.0], abs=1e-6)


def test_without_a_guarantee_the_higher_target_price_wins() -> None:
    plan = optimize(one_hour(ten_kwh(), session(1, 10.0, tier="fleet"), session(2, 10.0, tier="visitor")))
    assert energies(plan) == pytest.approx([0.0, 10.0], abs=1e-6)


def test_promises_of_a_lower_rank_are_kept_first() -> None:
    """5 kWh for promises of 4 (fleet) and 4 (visitor): 4 and 1."""
    plan = optimize(
        one_hour(
            ten_kwh(5.0),
            session(1, 4.0, promised_kwh=4.0, tier="fleet"),
            session(2, 4.0, promised_kwh=4.0, tier="visitor"),
        )
    )
    assert energies(plan) == pytest.approx([4.0, 1.0], abs=1e-4)
    assert plan.sessions[1].minimum_shortfall_kwh == pytest.approx(3.0, abs=1e-4)


def test_a_building_peak_above_the_fuse_still_gets_a_plan_with_the_alarm() -> None:
    """The building alone takes 12 of 10 kW in the second quarter: nothing is charged then, 10 kW in the others."""
    quarter = timedelta(minutes=15)
    steps = tuple(Step(start=NOON + k * quarter, value=v) for k, v in enumerate((0.0, 12.0, 0.0)))
    load = BaseLoad(node="grid", expected_kw=steps)
    scenario = one_hour(ten_kwh(base_loads=(load,)), session(1, 10.0, tier="fleet"))
    plan = optimize(scenario)
    assert plan.sessions[0].charge_power_kw == pytest.approx([10.0, 0.0, 10.0, 10.0], abs=1e-6)
    (alarm,) = plan.alarms
    assert (alarm.code, alarm.node, alarm.excess_kw) == ("limit_exceeded_by_load", "grid", pytest.approx(2.0))
    assert (alarm.start, alarm.end) == (NOON + quarter, NOON + 2 * quarter)
    assert audit(scenario, plan).passed


def test_a_cap_splits_periods_where_it_begins_and_names_itself() -> None:
    """4 kW from 12:20 to 12:40: quarter hours are split there."""
    start = NOON + timedelta(minutes=20)
    cap = Cap(id="cap-17", start=start, end=start + timedelta(minutes=20), import_limit_kw=4.0)
    scenario = one_hour(ten_kwh(), session(1, 10.0, tier="fleet"), signals=(cap,))
    plan = optimize(scenario)
    assert [plan.instant(i).minute for i in range(plan.period_count)] == [0, 15, 20, 30, 40, 45]
    (node,) = (n for n in plan.nodes if n.node_id == "grid")
    assert node.limit_set_by == ("rating", "rating", "cap-17", "cap-17", "rating", "rating")
    assert plan.sessions[0].charge_power_kw == pytest.approx([10.0, 10.0, 4.0, 4.0, 10.0, 10.0], abs=1e-6)
    assert audit(scenario, plan).passed


def test_a_cap_never_raises_a_limit() -> None:
    cap = Cap(id="generous", start=NOON, end=NOON + timedelta(hours=1), import_limit_kw=40.0)
    plan = optimize(one_hour(ten_kwh(), session(1, 11.0, tier="fleet"), signals=(cap,)))
    assert energies(plan) == pytest.approx([10.0], abs=1e-6)


def test_energy_comes_early_where_money_does_not_care() -> None:
    plan = optimize(one_hour(ten_kwh(), session(1, 3.0, tier="fleet")))
    assert plan.sessions[0].charge_power_kw == pytest.approx([10.0, 2.0, 0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("first", [1, 2, 3])
def test_who_leaves_first_charges_first_where_money_does_not_care(first: int) -> None:
    """Three cars want 2.5 kWh each under 10 kW, a quarter hour alone: who leaves at half past has the first."""
    stays = {n: timedelta(minutes=30 if n == first else 60) for n in (1, 2, 3)}
    cars = [replace(session(n, 2.5, tier="fleet"), departure=NOON + stay) for n, stay in stays.items()]
    site = ten_kwh()
    third = Evse(id="evse-3", node="grid", max_current_a=16.0)
    plan = optimize(one_hour(replace(site, evses=(*site.evses, third)), *cars))
    in_the_first_quarter = [s.charge_power_kw[0] for s in plan.sessions]
    assert in_the_first_quarter == pytest.approx([10.0 if n == first else 0.0 for n in (1, 2, 3)], abs=1e-6)


def test_a_face_without_room_for_manners_keeps_the_plan_of_money(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise NoSolution("no room")

    scenario = one_hour(ten_kwh(), session(1, 3.0, tier="fleet"))
    monkeypatch.setattr("optimizer.goals.shared_equally", no_room)
    plan = optimize(scenario)
    assert energies(plan) == pytest.approx([3.0], abs=1e-6)
    assert audit(scenario, plan).passed


def test_what_is_left_for_after_the_horizon_is_bounded_by_the_time_left() -> None:
    """Departure half an hour after the horizon at 11.04 kW: at most 0.8 × 5.52 = 4.416 of 15 kWh may wait."""
    late = Session(
        id="late",
        evse="evse-1",
        arrival=NOON,
        departure=NOON + timedelta(minutes=90),
        energy_target_kwh=15.0,
        tier="fleet",
    )
    plan = optimize(one_hour(ten_kwh(), late))
    assert plan.sessions[0].energy_kwh >= 10.0 - 1e-6
    assert plan.sessions[0].energy_after_horizon_kwh <= 4.416 + 1e-6


def sunny(plant: PvPlant, *, export_limit_kw: float | None = None, export_price: float = 0.0) -> Scenario:
    """Noon to one at 0.2 EUR/kWh with a roof; one car, 11.04 kW at most, wants 4 kWh."""
    node = replace(connection(20.0), export_limit_kw=export_limit_kw)
    evse = Evse(id="evse-1", node="grid", max_current_a=16.0)
    site = Site(id="roof", nodes=(node,), evses=(evse,), pv_plants=(plant,), tiers=(Tier(id="all"),))
    tariff = Tariff(currency="EUR", import_price=0.2, export_price=export_price)
    return replace(one_hour(site, session(1, 4.0)), tariff=tariff)


def half_an_hour_of_sun(kw: float, *, curtailable: bool = True) -> PvPlant:
    """From half past twelve."""
    steps = (Step(start=NOON, value=0.0), Step(start=NOON + timedelta(minutes=30), value=kw))
    return PvPlant(id="roof", node="grid", expected_kw=steps, curtailable=curtailable)


def test_a_car_waits_for_the_sun() -> None:
    """8 kW for half an hour are the 4 kWh that it wants: nothing is bought, nothing sold, nothing curtailed."""
    scenario = sunny(half_an_hour_of_sun(8.0))
    plan = optimize(scenario)
    assert plan.sessions[0].charge_power_kw == pytest.approx([0.0, 0.0, 8.0, 8.0], abs=1e-6)
    assert plan.cost == pytest.approx(0.0, abs=1e-6)
    assert plan.pv[0].output_kw == pytest.approx([0.0, 0.0, 8.0, 8.0], abs=1e-6)
    assert audit(scenario, plan).passed


def test_an_import_limit_counts_on_no_sun() -> None:
    """10 kW of sun on a connection of 5 kW: the car may draw 5 kW, for a cloud may come."""
    scenario = sunny(PvPlant(id="roof", node="grid", expected_kw=10.0))
    scenario = replace(scenario, site=replace(scenario.site, nodes=(connection(5.0),)))
    plan = optimize(scenario)
    assert max(plan.sessions[0].charge_power_kw) == pytest.approx(5.0, abs=1e-6)
    assert audit(scenario, plan).passed


def test_an_export_limit_counts_on_no_car() -> None:
    """12 kW of sun where 5 kW may leave: 7 kW are curtailed though the car could take 8 kW, for it may stop."""
    scenario = sunny(half_an_hour_of_sun(12.0), export_limit_kw=5.0, export_price=0.05)
    plan = optimize(scenario)
    assert plan.pv[0].curtailed_kw == pytest.approx([0.0, 0.0, 7.0, 7.0], abs=1e-6)
    assert plan.alarms == ()
    assert audit(scenario, plan).passed


def test_sun_that_cannot_be_curtailed_above_an_export_limit_is_alarmed() -> None:
    """12 kW where 5 may leave."""
    scenario = sunny(half_an_hour_of_sun(12.0, curtailable=False), export_limit_kw=5.0)
    plan = optimize(scenario)
    (alarm,) = plan.alarms
    assert (alarm.start, alarm.excess_kw) == (NOON + timedelta(minutes=30), pytest.approx(7.0))
    assert audit(scenario, plan).passed


@pytest.mark.parametrize(("export_price", "curtailed_kwh"), [(0.05, 0.0), (0.0, 0.0), (-0.05, 2.0)])
def test_sun_is_curtailed_for_money_only_where_selling_it_costs_some(export_price: float, curtailed_kwh: float) -> None:
    """12 kW of sun for half an hour are 6 kWh, of which the car takes 4."""
    scenario = sunny(half_an_hour_of_sun(12.0), export_price=export_price)
    plan = optimize(scenario)
    assert sum(plan.pv[0].curtailed_kw) * 0.25 == pytest.approx(curtailed_kwh, abs=1e-6)
    assert plan.cost == pytest.approx(-max(export_price, 0.0) * 0.5 * 4.0, abs=1e-6)
    assert audit(scenario, plan).passed


def test_nothing_is_bought_in_order_to_be_sold_dearer_at_once() -> None:
    """Sold at 0.30, bought at 0.20 EUR/kWh: the car costs 0.80 EUR early on, 6 kWh of sun earn 1.80 and no more."""
    scenario = sunny(half_an_hour_of_sun(12.0), export_price=0.3)
    plan = optimize(scenario)
    assert plan.cost == pytest.approx(-1.0, abs=1e-6)
    assert plan.grid_import_kw @ plan.grid_export_kw == 0.0
    assert audit(scenario, plan).passed


BANK = Battery(
    id="bank",
    node="grid",
    capacity_kwh=10.0,
    max_charge_kw=5.0,
    max_discharge_kw=4.0,
    charge_efficiency=0.9,
    discharge_efficiency=0.8,
    energy_at_start_kwh=0.0,
    wear_price_per_kwh=0.04,
    terminal_value_per_kwh=0.0,
)


def two_hours(
    bank: Battery, prices: tuple[float, float], load_kw: tuple[float, float], node: GridNode | None = None
) -> Scenario:
    """A battery beside load that nobody controls, from noon to two."""
    hours = tuple(NOON + timedelta(hours=k) for k in range(2))
    load = BaseLoad(
        node="grid", expected_kw=tuple(Step(start=h, value=kw) for h, kw in zip(hours, load_kw, strict=True))
    )
    steps = tuple(Step(start=h, value=price) for h, price in zip(hours, prices, strict=True))
    site = Site(id="cellar", nodes=(node or connection(50.0),), evses=(), base_loads=(load,), batteries=(bank,))
    tariff = Tariff(currency="EUR", import_price=PriceSeries(steps=steps, end=NOON + timedelta(hours=2)))
    horizon = Horizon(start=NOON, stretches=(Stretch(count=2, minutes=60.0),))
    return Scenario(site=site, tariff=tariff, horizon=horizon)


def test_a_battery_buys_in_the_cheap_hour_and_gives_back_in_the_dear_one() -> None:
    """5 kWh for 0.50 EUR are 4.5 kWh inside and 3.6 kWh back, 1.44 EUR; wear of 4.5 kWh costs 0.18 EUR."""
    scenario = two_hours(BANK, (0.1, 0.4), (10.0, 10.0))
    plan = optimize(scenario)
    (bank,) = plan.storage
    assert bank.charge_power_kw == pytest.approx([5.0, 0.0], abs=1e-6)
    assert bank.discharge_power_kw == pytest.approx([0.0, 3.6], abs=1e-6)
    assert bank.energy_kwh == pytest.approx([0.0, 4.5, 0.0], abs=1e-6)
    assert plan.cost == pytest.approx(1.5 + 0.4 * 6.4)
    assert plan.costs["storage_wear"] == pytest.approx(0.18)
    assert plan.objective == pytest.approx(5.0 - 1.44 + 0.5 + 0.18)
    assert audit(scenario, plan).passed


def test_a_battery_rests_where_the_dear_hour_does_not_pay_its_losses() -> None:
    """Of 1 kWh come back 0.72: bought at 0.10 and worth 0.15 EUR/kWh it would earn 0.108 less wear of 0.036 EUR."""
    plan = optimize(two_hours(BANK, (0.1, 0.15), (10.0, 10.0)))
    assert plan.storage[0].charge_power_kw == pytest.approx([0.0, 0.0], abs=1e-6)


def test_a_battery_cuts_a_peak_as_far_as_its_energy_goes() -> None:
    """10 and 14 kW, 2 kWh inside, no losses: at a peak of P it holds 2 + P - 10 and gives 14 - P, so P is 11."""
    bank = replace(
        BANK,
        charge_efficiency=1.0,
        discharge_efficiency=1.0,
        energy_at_start_kwh=2.0,
        wear_price_per_kwh=0.0,
        terminal_value_per_kwh=0.2,
    )
    scenario = two_hours(bank, (0.2, 0.2), (10.0, 14.0))
    assert scenario.tariff is not None
    charge = DemandCharge(id="peak", rate_per_kw=10.0, demand_interval_min=60.0)
    scenario = replace(scenario, tariff=replace(scenario.tariff, demand_charges=(charge,)))
    plan = optimize(scenario)
    assert plan.peaks[0].peak_kw == pytest.approx(11.0, abs=1e-6)
    assert plan.storage[0].energy_kwh == pytest.approx([2.0, 3.0, 0.0], abs=1e-6)
    assert audit(scenario, plan).passed


@pytest.mark.parametrize(("reserve_kwh", "given_kwh"), [(0.0, 2.4), (1.0, 1.6), (5.0, 0.0)])
def test_a_reserve_is_not_given_back_and_not_begun(reserve_kwh: float, given_kwh: float) -> None:
    """3 kWh at the start, 0.8 back of each; where the reserve is above that, nothing is."""
    scenario = two_hours(replace(BANK, energy_at_start_kwh=3.0, reserve_kwh=reserve_kwh), (0.4, 0.4), (10.0, 10.0))
    plan = optimize(scenario)
    assert sum(plan.storage[0].discharge_power_kw) == pytest.approx(given_kwh, abs=1e-6)
    assert audit(scenario, plan).passed


def test_what_is_left_in_a_battery_is_worth_the_mean_price_of_what_it_gives_back() -> None:
    """(0.4 + 0.2) / 2 · 0.8 = 0.24 EUR/kWh: 5 kWh go out at 0.4 · 0.8 - 0.04 and 4.5 come back at 0.2 / 0.9 = 0.222."""
    bank = replace(BANK, energy_at_start_kwh=10.0, max_discharge_kw=4.0, terminal_value_per_kwh=None)
    plan = optimize(two_hours(bank, (0.4, 0.2), (10.0, 10.0)))
    assert plan.storage[0].discharge_power_kw == pytest.approx([4.0, 0.0], abs=1e-6)
    assert plan.storage[0].energy_kwh == pytest.approx([10.0, 5.0, 9.5], abs=1e-6)
    assert plan.costs["stored_energy"] == pytest.approx(0.5 * 0.24)
    (told,) = (t for t in plan.assumptions if t.what == "site.batteries[0].terminal_value_per_kwh")
    assert told.value == "0.24 EUR/kWh"


@pytest.mark.parametrize(("firm", "car_kw"), [(False, 2.0), (True, 6.0)])
def test_an_import_limit_counts_on_a_battery_only_where_its_node_says_so(firm: bool, car_kw: float) -> None:
    """8 kW of building on a connection of 10 kW: 2 kW for the car, and 4 more with the battery."""
    node = replace(connection(10.0), firm_generation=firm)
    evse = Evse(id="evse-1", node="grid", max_current_a=16.0)
    bank = replace(BANK, energy_at_start_kwh=10.0)
    load = BaseLoad(node="grid", expected_kw=8.0)
    site = Site(id="s", nodes=(node,), evses=(evse,), base_loads=(load,), batteries=(bank,), tiers=(Tier(id="all"),))
    scenario = one_hour(site, session(1, 10.0))
    plan = optimize(scenario)
    assert plan.sessions[0].energy_kwh == pytest.approx(car_kw, abs=1e-6)
    assert audit(scenario, plan).passed


def test_a_battery_gives_back_no_more_than_may_leave() -> None:
    """1 kW of building and 2 kW that may leave: 3 of its 4 kW in the dear hour."""
    node = replace(connection(50.0), export_limit_kw=2.0)
    scenario = two_hours(replace(BANK, energy_at_start_kwh=10.0), (0.1, 0.4), (1.0, 1.0), node)
    assert scenario.tariff is not None
    scenario = replace(scenario, tariff=replace(scenario.tariff, export_price=0.3))
    plan = optimize(scenario)
    assert plan.storage[0].discharge_power_kw[1] == pytest.approx(3.0, abs=1e-6)
    assert audit(scenario, plan).passed


def test_a_battery_does_not_burn_energy_where_it_is_paid_to_be_taken() -> None:
    """At -0.1 EUR/kWh charging and giving back at once would earn; a battery can do one of them."""
    scenario = two_hours(BANK, (-0.1, -0.1), (10.0, 10.0))
    plan = optimize(scenario)
    assert max(plan.storage[0].discharge_power_kw * plan.storage[0].charge_power_kw) == pytest.approx(0.0, abs=1e-9)
    assert audit(scenario, plan).passed
