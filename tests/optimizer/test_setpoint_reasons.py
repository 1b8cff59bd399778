"""Why each setpoint is what it is: days known by hand, and random ones whose named cause is given one more kW."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from models.domain.completion import complete
from models.domain.horizon import Horizon, Stretch
from models.domain.installed import Installed, InstalledProfile, OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.session import Session, Vehicle
from models.domain.signal import Cap, Direction, Event, Freeze, Rebound
from models.domain.site import CurrentType, Evse, GridNode, MeasuringPoint, NodeKind, Phase, PowerCabinet, Site, Tier
from models.domain.tariff import Contract, DemandCharge, PriceSeries, Tariff
from models.domain.value import Step
from optimizer.explain.held import Held, HeldBy
from optimizer.explain.setpoints import held
from optimizer.heuristics import heuristic
from optimizer.instance import instance_of
from optimizer.optimize import Shaped, optimize, optimize_shaped
from optimizer.settings import Settings
from tests.oracle.relaxing import relaxed
from tests.strategies import random_scenario

SEEDS = int(os.environ.get("CHARGEWRIGHT_REASONS", "20"))
"""200 by ``make fuzz``."""
NAMED = (HeldBy.LIMIT, HeldBy.PEAK, HeldBy.EVENT, HeldBy.CONTRACT)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def car(name: str, energy_kwh: float, *, stay_h: int = 2) -> Session:
    return Session(
        id=name, evse=f"bay-{name}", arrival=NOON, departure=NOON + stay_h * HOUR, energy_target_kwh=energy_kwh
    )


def yard(prices: tuple[float, ...], *cars: Session, limit_kw: float | None = None, worth: float = 2.0) -> Scenario:
    """Hours from noon at their prices, every car at a 10 kW outlet of its own below transformer T2."""
    hours = [NOON + k * HOUR for k in range(len(prices))]
    grid = GridNode(id="grid", kind=NodeKind.CONNECTION, continuous_factor=1.0)
    node = GridNode(id="T2", parent="grid", kind=NodeKind.TRANSFORMER, import_limit_kw=limit_kw, continuous_factor=1.0)
    site = Site(
        id="yard",
        nodes=(grid, node),
        evses=tuple(Evse(id=session.evse, node="T2", max_power_kw=10.0) for session in cars),
        tiers=(Tier(id="all", value_of_target_per_kwh=worth),),
    )
    steps = tuple(Step(start=hour, value=price) for hour, price in zip(hours, prices, strict=True))
    tariff = Tariff(currency="EUR", import_price=PriceSeries(steps=steps, end=hours[-1] + HOUR))
    horizon = Horizon(start=NOON, stretches=(Stretch(count=len(prices), minutes=60.0),))
    return Scenario(site=site, sessions=cars, tariff=tariff, horizon=horizon)


def told(scenario: Scenario) -> tuple[Held, ...]:
    return held(scenario, optimize(scenario))


def test_a_car_behind_a_full_transformer_is_told_what_one_more_kw_is_worth() -> None:
    """8 kWh in a cheap hour with 6 kW and a dear one: 2 kWh come 0.2 EUR dearer each."""
    limit, done = told(yard((0.1, 0.3), car("a", 8.0), limit_kw=6.0))

    assert (limit.by, limit.causes, limit.start, limit.end) == (HeldBy.LIMIT, ("T2",), NOON, NOON + HOUR)
    assert limit.worth == pytest.approx(0.2)
    assert limit.message == (
        "held at 8.7 A (6.0 kW) because transformer T2 is full from 12:00 to 13:00; "
        "one more kW there is worth up to 0.20 EUR"
    )
    assert done.by is HeldBy.DONE
    assert done.message.endswith("has all that it wants by then")


def test_room_that_only_brings_energy_earlier_is_worth_nothing_and_is_said_so() -> None:
    """8 kWh at one price: 6 kW now, 2 later."""
    limit, _ = told(yard((0.2, 0.2), car("a", 8.0), limit_kw=6.0))
    assert (limit.by, limit.worth) == (HeldBy.LIMIT, pytest.approx(0.0))
    assert limit.message.endswith("more room there would cost no less")


def test_periods_with_one_cause_are_one_reason() -> None:
    """6 kW for three hours are 18 of 20 kWh: each hour of one more kW gives a kWh worth 2 - 0.2."""
    (limit,) = told(yard((0.2, 0.2, 0.2), car("a", 20.0, stay_h=3), limit_kw=6.0))
    assert (limit.start, limit.end) == (NOON, NOON + 3 * HOUR)
    assert limit.worth == pytest.approx(3 * 1.8)


def test_a_cap_that_sets_the_limit_is_named_with_its_sender() -> None:
    cap = Cap(id="cap-17", start=NOON, end=NOON + HOUR, import_limit_kw=4.0, node="T2", source="utility")
    limit, *_ = told(replace(yard((0.1, 0.3), car("a", 8.0), limit_kw=20.0), signals=(cap,)))
    assert limit.causes == ("cap-17",)
    assert "transformer T2 (cap-17 of utility) is full from 12:00 to 13:00" in limit.message


def test_a_cabinet_and_a_line_are_named() -> None:
    cars = (car("a", 10.0, stay_h=1), car("b", 10.0, stay_h=1))
    scenario = yard((0.2,), *cars)
    fast = tuple(replace(evse, current=CurrentType.DC) for evse in scenario.site.evses)
    cabinet = PowerCabinet(id="c", node="T2", evses=("bay-a", "bay-b"), total_kw=12.0, measured_at=MeasuringPoint.EVSE)
    first, _ = told(replace(scenario, site=replace(scenario.site, evses=fast, cabinets=(cabinet,))))
    assert (first.causes, first.worth) == (("cabinet:c",), pytest.approx(2.0 - 0.2 / 0.93))

    grid, node = scenario.site.nodes
    slow = tuple(replace(evse, phases=(Phase.L1,), max_current_a=16.0) for evse in scenario.site.evses)
    lines = replace(scenario.site, nodes=(grid, replace(node, current_limit_a=20.0)), evses=slow)
    first, _ = told(replace(scenario, site=lines))
    assert first.causes == ("T2/L1",)
    assert first.worth == pytest.approx(1.8, rel=1e-3)


def test_a_car_waits_for_cheaper_hours_and_then_charges_at_its_maximum() -> None:
    """10 kWh: at 0.3 nothing, at 0.1 all. A faster outlet would save nothing."""
    waits, charges = told(yard((0.3, 0.1), car("a", 10.0)))
    assert (waits.by, waits.high_kw) == (HeldBy.PRICE, 0.0)
    assert (
        waits.message
        == "held at 0.0 kW from 12:00 to 13:00: waits for cheaper hours, a kWh costs 0.300 EUR or more then"
    )
    assert (charges.by, charges.causes) == (HeldBy.MAXIMUM, ("evse",))


def test_a_slow_vehicle_is_what_holds_a_car_at_its_maximum() -> None:
    """5 kW for an hour are half of 10 kWh: one more kW gives a kWh worth 2 - 0.2."""
    slow = replace(car("a", 10.0, stay_h=1), vehicle=Vehicle(id="a", max_charge_kw=5.0))
    (most,) = told(yard((0.2,), slow))
    assert (most.by, most.causes, most.worth) == (HeldBy.MAXIMUM, ("vehicle",), pytest.approx(1.8))


def test_a_peak_that_is_charged_for_is_named() -> None:
    """10 kWh in two hours: level at 5 kW, though the first one is cheaper."""
    scenario = yard((0.10, 0.11), car("a", 10.0))
    assert scenario.tariff is not None
    charge = DemandCharge(id="month", rate_per_kw=29.5 * 0.5, demand_interval_min=60.0)
    (peak,) = told(replace(scenario, tariff=replace(scenario.tariff, demand_charges=(charge,))))
    assert (peak.by, peak.causes, peak.worth) == (HeldBy.PEAK, ("month@2026-03",), pytest.approx(0.5))
    assert (peak.low_kw, peak.high_kw) == (pytest.approx(5.0), pytest.approx(5.0))
    assert peak.message.endswith("more would raise the peak of month@2026-03, which costs 0.50 EUR a kW")


def test_a_target_that_is_worth_less_than_energy_is_the_reason() -> None:
    (value,) = told(yard((0.3,), car("a", 5.0, stay_h=1), worth=0.2))
    assert (value.by, value.causes) == (HeldBy.VALUE, ("all",))


def test_load_that_nobody_controls_is_told_apart_from_cars() -> None:
    scenario = yard((0.2,), car("a", 5.0, stay_h=1), limit_kw=0.0)
    (limit,) = told(scenario)
    assert "load that nobody controls fills transformer T2" in limit.message


def test_a_promise_that_more_room_would_keep_is_said() -> None:
    promised = replace(car("a", 8.0, stay_h=1), energy_minimum_kwh=8.0)
    (limit,) = told(yard((0.2,), promised, limit_kw=6.0))
    assert limit.message.endswith("more room there would keep more of what is promised")


def after_event(rebound: Rebound) -> Event:
    """A reduction at the transformer that ends at noon."""
    return Event(
        id="shed", start=NOON - HOUR, end=NOON, direction=Direction.REDUCE, baseline_kw=0.0, node="T2", rebound=rebound
    )


def test_load_that_is_limited_after_an_event_is_told_with_its_worth() -> None:
    """6 of 8 kWh: one more kW for an hour is a kWh worth 2 - 0.2."""
    event = after_event(Rebound(hours=1.0, limit_kw=6.0))
    (limit,) = told(replace(yard((0.2,), car("a", 8.0, stay_h=1)), signals=(event,)))

    assert (limit.by, limit.causes, limit.worth) == (HeldBy.LIMIT, ("shed",), pytest.approx(1.8))
    assert "because the load that is allowed after shed is full from 12:00 to 13:00" in limit.message


def test_a_transformer_and_the_load_after_an_event_that_are_both_full_are_both_named() -> None:
    """More room at one of them alone would change nothing, so no one of them is the reason."""
    event = after_event(Rebound(hours=1.0, limit_kw=6.0))
    (limit,) = told(replace(yard((0.2,), car("a", 8.0, stay_h=1), limit_kw=6.0), signals=(event,)))
    assert (limit.causes, limit.worth) == (("T2", "shed"), pytest.approx(1.8))


def shed_at_noon() -> Scenario:
    """In the first of three hours a kWh costs a penalty of 5 EUR; in the others 4 kW more than planned without it."""
    shed = replace(after_event(Rebound(hours=2.0, above_reference_kw=4.0)), start=NOON, end=NOON + HOUR)
    costly = replace(shed, baseline_kw=10.0, committed_kw=10.0, penalty_per_kwh=5.0)
    return replace(yard((0.1, 0.2, 0.3), car("a", 10.0, stay_h=3)), signals=(costly,))


def test_a_car_that_would_pay_a_penalty_is_told_of_the_event_and_what_it_fines() -> None:
    """10 kWh are wanted, 8 come after the event; a kWh counts 2 EUR and costs 0.1 and a penalty of 5 in the first hour.

    One kW that the event would not count is a kWh worth 2 - 0.1: its price keeps at least that much away.
    """
    first, _ = told(shed_at_noon())

    assert (first.by, first.causes, first.high_kw) == (HeldBy.EVENT, ("shed",), pytest.approx(0.0))
    assert first.worth == pytest.approx(1.9)
    assert first.message.endswith("more would cost 1.90 EUR a kWh or more by shed")


def test_a_contract_that_has_a_price_is_named_with_it() -> None:
    """8 kWh at 0.1 or 0.3, 4 kW are contracted and each kWh above costs 0.25: 4 and 4. One more kW saves 0.3 - 0.1."""
    scenario = yard((0.1, 0.3), car("a", 8.0))
    assert scenario.tariff is not None
    contract = Contract(id="transport", import_limit_kw=4.0, price_per_kwh=0.25)
    tariff = replace(scenario.tariff, contracts=(contract,))
    first, *_ = told(replace(scenario, tariff=tariff))

    assert (first.by, first.causes, first.high_kw) == (HeldBy.CONTRACT, ("transport:import",), pytest.approx(4.0))
    assert first.worth == pytest.approx(0.2)
    assert first.message.endswith("more would cost 0.20 EUR a kWh or more by contract transport:import")


def test_load_after_an_event_that_has_a_price_is_told_by_the_event() -> None:
    """4 of 8 kWh come below what is free of charge; a kWh above costs 3 and is worth 2 - 0.2."""
    event = after_event(Rebound(hours=1.0, limit_kw=4.0, price_per_kwh=3.0))
    (priced,) = told(replace(yard((0.2,), car("a", 8.0, stay_h=1)), signals=(event,)))

    assert (priced.by, priced.causes, priced.high_kw) == (HeldBy.EVENT, ("shed",), pytest.approx(4.0))
    assert priced.worth == pytest.approx(1.8)


def test_an_hour_whose_load_is_to_stay_as_it_was_is_told_by_the_event() -> None:
    """Nothing would have been charged; a kWh beside that costs 3, and is worth 2 - 0.2."""
    frozen = Freeze(start=NOON, end=NOON + HOUR, price_per_kwh=3.0)
    event = replace(after_event(Rebound(hours=1.0, limit_kw=20.0)), rebound=None, freeze=frozen, reference_kw=0.0)
    (priced,) = told(replace(yard((0.2,), car("a", 8.0, stay_h=1)), signals=(event,)))

    assert (priced.by, priced.causes, priced.high_kw) == (HeldBy.EVENT, ("shed",), pytest.approx(0.0, abs=1e-6))
    assert priced.worth == pytest.approx(1.8)


def test_a_limit_and_a_contract_that_both_keep_a_car_back_are_both_named() -> None:
    """4 kW contracted and 20 W more on the transformer, which is no room: one more kW of both saves 0.3 - 0.1."""
    scenario = yard((0.1, 0.3), car("a", 8.0), limit_kw=4.02)
    assert scenario.tariff is not None
    contract = Contract(id="transport", import_limit_kw=4.0, price_per_kwh=0.25)
    first, *_ = told(replace(scenario, tariff=replace(scenario.tariff, contracts=(contract,))))

    assert (first.by, first.causes) == (HeldBy.LIMIT, ("T2", "transport:import"))
    assert first.worth == pytest.approx(0.2)


def test_of_a_peak_and_a_contract_the_dearer_one_is_the_kind_and_both_are_named() -> None:
    """9 kWh at 0.2 in two hours, 4 kW contracted: half a kWh above it in each, at 0.1, and a peak of 4.5 kW."""
    scenario = yard((0.2, 0.2), car("a", 9.0))
    assert scenario.tariff is not None
    for rate, by in ((0.05, HeldBy.CONTRACT), (0.9, HeldBy.PEAK)):
        charge = DemandCharge(id="month", rate_per_kw=29.5 * rate, demand_interval_min=60.0)
        contract = Contract(id="transport", import_limit_kw=4.0, price_per_kwh=0.1)
        tariff = replace(scenario.tariff, demand_charges=(charge,), contracts=(contract,))
        for one in told(replace(scenario, tariff=tariff)):
            assert (one.by, set(one.causes)) == (by, {"month@2026-03", "transport:import"})


def test_load_after_an_event_is_counted_from_the_day_that_was_planned_without_it() -> None:
    """10 kWh in the first hour without the event and none later, so 4 kW may be drawn in each hour after it.

    In the event a kWh costs 5 EUR of penalty; 8 kWh come after it. One more kW: 2 - 0.2 and 2 - 0.3.
    """
    _, later = told(shed_at_noon())

    assert (later.by, later.causes, later.worth) == (HeldBy.LIMIT, ("shed",), pytest.approx(3.5))
    assert (later.low_kw, later.high_kw) == (pytest.approx(4.0), pytest.approx(4.0))


def test_a_car_at_an_evse_out_of_reach_is_not_told_of_full_limits() -> None:
    """It keeps the 4 kW that were installed; the transformer has no more, and more there would change nothing."""
    silent = Installed(
        evse="bay-a",
        profiles=(InstalledProfile(power_kw=4.0),),
        reachable=False,
        offline=OfflineBehaviour.KEEPS,
    )
    (away,) = told(replace(yard((0.2,), car("a", 8.0, stay_h=1), limit_kw=4.0), installed=(silent,)))
    assert (away.by, away.causes, away.worth) == (HeldBy.UNREACHABLE, ("evse",), 0.0)
    assert away.high_kw == pytest.approx(4.0)
    assert "its EVSE cannot be reached" in away.message


def test_a_plan_of_a_rule_is_told_from_what_is_full() -> None:
    scenario = yard((0.1, 0.3), car("a", 8.0), limit_kw=6.0)
    first, *_ = held(scenario, heuristic(scenario, Method.ROUND_ROBIN))
    assert (first.by, first.causes) == (HeldBy.LIMIT, ("T2",))


def test_the_reasons_of_one_session_can_be_asked_for() -> None:
    scenario = yard((0.1, 0.3), car("a", 8.0), car("b", 8.0), limit_kw=6.0)
    assert {one.session_id for one in held(scenario, optimize(scenario), only="b")} == {"b"}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_reasons_cover_every_stay_without_a_gap(seed: int) -> None:
    scenario = random_scenario(seed)
    plan = optimize(scenario)
    found = held(scenario, plan)
    for session in plan.sessions:
        own = [one for one in found if one.session_id == session.session_id]
        assert all(before.end == after.start for before, after in pairwise(own))
        assert sum((one.end - one.start).total_seconds() for one in own) == pytest.approx(
            3600 * session.plugged_in_h.sum(), abs=1.0
        )


@pytest.mark.parametrize("seed", range(SEEDS))
def test_one_more_kw_of_a_named_cause_moves_cost_or_setpoints_and_saves_no_more_than_its_worth(seed: int) -> None:
    scenario = random_scenario(seed)
    completed = complete(scenario)
    instance = instance_of(completed.scenario)
    before = optimize_shaped(completed, instance, Settings())
    if decides(before):
        return  # duals hold for the decisions as they are; the next kW may decide otherwise
    named = [one for one in held(scenario, before.schedule) if one.by in NAMED]
    for reason in named:
        kw, after = 1.0, optimize_shaped(completed, relaxed(instance, reason, 1.0), Settings())
        if not bounded_alike(before, after, completed.scenario):
            # A curve that is no line was followed at other steps, in another program: less is asked of this one.
            kw, after = 0.1, optimize_shaped(completed, relaxed(instance, reason, 0.1), Settings())

        saved, tolerance = gain(before, after), 1e-5 * (1.0 + abs(before.solved.money.objective))
        kept = broken(after.schedule) < broken(before.schedule) - 1e-4
        assert saved <= kw * reason.worth * (1 + 1e-3) + tolerance, reason
        assert kept or saved >= -tolerance, reason
        if not billed_by_largest_excess(before):
            assert kept or saved > tolerance / 100 or moved(before.schedule, after.schedule) > 1e-3, reason


@pytest.mark.parametrize("seed", range(SEEDS))
def test_one_more_kw_of_a_car_saves_no_more_than_all_its_maxima_are_worth(seed: int) -> None:
    scenario = random_scenario(seed)
    completed = complete(scenario)
    instance = instance_of(completed.scenario)
    before = optimize_shaped(completed, instance, Settings(preferences=False))
    most = [one for one in held(scenario, before.schedule) if one.by is HeldBy.MAXIMUM and not decides(before)]
    for session in {one.session_id for one in most}:
        own = [one for one in most if one.session_id == session]
        after = optimize_shaped(completed, relaxed(instance, own[0], 0.1), Settings(preferences=False))

        if not bounded_alike(before, after, completed.scenario, session):
            continue  # a curve that is no line was followed at other steps: another program, with other bounds
        tolerance = 1e-5 * (1.0 + abs(before.solved.money.objective))
        assert gain(before, after) <= 0.1 * sum(one.worth for one in own) + tolerance, own


def test_few_random_plans_decide_between_charging_and_giving_back() -> None:
    """The others are linear, and put to the test above."""
    plans = [random_scenario(seed) for seed in range(20)]
    deciding = [decides(shaped(scenario)) for scenario in plans]
    assert sum(deciding) <= 7


def billed_by_largest_excess(plan: Shaped) -> bool:
    """A contract whose largest excess costs something: at it in several periods, a kW in one of them gains nothing."""
    block = plan.solved.money_program.rows.get("peak_excess_definition")
    return block is not None and block.size > 0


def bounded_alike(before: Shaped, after: Shaped, scenario: Scenario, session: str = "") -> bool:
    """Whether the powers of all sessions but one have the same bounds."""
    block = before.solved.money_program.columns["charge_power"]
    others = np.array([one.id != session for one in scenario.sessions])[block.positions[0]]
    bounds = (plan.solved.money_program.col_upper[block.slice][others] for plan in (before, after))
    return np.array_equal(*bounds)


def shaped(scenario: Scenario) -> Shaped:
    completed = complete(scenario)
    return optimize_shaped(completed, instance_of(completed.scenario), Settings())


def decides(plan: Shaped) -> bool:
    """Whether binaries were needed, or an event may count for nothing."""
    program = plan.solved.money_program
    return "event_counts" in program.columns or any(name.endswith("_excludes") for name in program.rows)


def gain(before: Shaped, after: Shaped) -> float:
    return before.solved.money.objective - after.solved.money.objective


def broken(plan: Schedule) -> float:
    return sum(session.minimum_shortfall_kwh for session in plan.sessions)


def moved(before: Schedule, after: Schedule) -> float:
    """Largest change of a setpoint, of a car or a battery. [kW]"""
    cars = [a.charge_power_kw - b.charge_power_kw for a, b in zip(before.sessions, after.sessions, strict=True)]
    units = [a.charge_power_kw - b.charge_power_kw for a, b in zip(before.storage, after.storage, strict=True)]
    return float(np.abs(np.concatenate([np.zeros(1), *cars, *units])).max())
