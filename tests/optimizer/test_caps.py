"""Caps on groups of EVSEs and on export in every way of planning, and who is told to wait for them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method
from models.domain.session import Session
from models.domain.signal import Cap, CapRule, Direction, Event, Rebound
from models.domain.site import BaseLoad, Battery, Evse, GridNode, NodeKind, PvPlant, Site, Tier
from models.domain.tariff import Tariff
from optimizer.audit import audit
from optimizer.explain import ReasonCode, reasons
from optimizer.failsafe import fail_safe_shares
from optimizer.fallback import carried_over, fail_safe_plan
from optimizer.heuristics import heuristic
from optimizer.optimize import optimize

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def yard(*signals: Any, energy_kwh: float = 20.0, **more: Any) -> Scenario:
    """Two cars at 10 kW wall boxes for two hours, and a third box that is no device."""
    boxes = tuple(Evse(id=f"box-{k}", node="grid", max_power_kw=10.0) for k in range(3))
    site = Site(
        id="yard",
        nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION, continuous_factor=1.0),),
        evses=boxes,
        tiers=(Tier(id="all", value_of_target_per_kwh=2.0),),
        **more,
    )
    cars = tuple(
        Session(id=f"car-{k}", evse=f"box-{k}", arrival=NOON, departure=at(2), energy_target_kwh=energy_kwh)
        for k in range(3)
    )
    horizon = Horizon(start=NOON, stretches=(Stretch(count=2, minutes=60.0),))
    return Scenario(
        site=site, sessions=cars, tariff=Tariff(currency="EUR", import_price=0.3), signals=signals, horizon=horizon
    )


def dimmed(**changes: Any) -> Cap:
    """Two of the three boxes share 8 kW in the first hour."""
    cap = Cap(id="dim", start=NOON, end=at(1), evses=("box-0", "box-1"), import_limit_kw=8.0, source="operator")
    return replace(cap, **changes)


def first_hour(scenario: Scenario, plan: Any) -> list[float]:
    return [session.charge_power_kw[0] for session in plan.sessions]


@pytest.mark.parametrize(
    "method",
    [Method.EQUAL_SHARE, Method.EARLIEST_DEADLINE_FIRST, Method.LEAST_LAXITY_FIRST, Method.ROUND_ROBIN],
)
def test_simple_rules_keep_a_cap_on_a_group_and_leave_the_others_alone(method: Method) -> None:
    scenario = yard(dimmed())

    plan = heuristic(scenario, method)

    first, second, third = first_hour(scenario, plan)
    assert first + second == pytest.approx(8.0, abs=1e-6)
    assert third == pytest.approx(10.0)
    assert audit(scenario, plan).passed


def test_the_plan_before_comes_down_to_a_new_cap_on_a_group() -> None:
    before, scenario = optimize(yard()), yard(dimmed())

    plan = carried_over(scenario, before)

    assert first_hour(scenario, plan) == pytest.approx([4.0, 4.0, 10.0], abs=1e-6)
    assert audit(scenario, plan).passed


def test_fail_safe_shares_keep_a_cap_on_a_group_that_is_to_come() -> None:
    """Whoever hears nothing any more is not to break it: 4.2 and 4.2 kW of 8.4."""
    tomorrow = dimmed(start=at(30), end=at(31), import_limit_kw=8.4)

    assert fail_safe_shares(yard(tomorrow)) == pytest.approx({"box-0": 4.2, "box-1": 4.2, "box-2": 10.0}, abs=1e-6)


def test_a_battery_that_may_charge_takes_its_part_of_a_group_in_the_fail_safe() -> None:
    box = battery(max_charge_kw=1.0)

    shares = fail_safe_shares(yard(dimmed(import_limit_kw=9.4), batteries=(box,)))

    assert shares["box-0"] + shares["box-1"] == pytest.approx(8.4, abs=1e-6)


def test_the_fail_safe_plan_keeps_a_cap_on_a_group() -> None:
    scenario = yard(dimmed(rule=CapRule.ENWG_14A, import_limit_kw=None))

    assert audit(scenario, fail_safe_plan(scenario, fail_safe_shares(scenario))).passed


def battery(**changes: Any) -> Battery:
    usual = Battery(
        id="store",
        node="grid",
        capacity_kwh=10.0,
        max_charge_kw=5.0,
        max_discharge_kw=5.0,
        charge_efficiency=1.0,
        discharge_efficiency=1.0,
        energy_at_start_kwh=10.0,
        terminal_value_per_kwh=0.0,
    )
    return replace(usual, **changes)


def test_what_pv_and_batteries_give_comes_on_top_of_a_cap_on_a_group() -> None:
    """8 + 3 + 5 = 16 kW in the first hour, whoever of the two gets it."""
    plants = (PvPlant(id="roof", node="grid", expected_kw=3.0),)
    scenario = yard(
        dimmed(), batteries=(battery(),), pv_plants=plants, base_loads=(BaseLoad(node="grid", expected_kw=9.0),)
    )

    plan = optimize(scenario)

    assert audit(scenario, plan).passed
    assert sum(first_hour(scenario, plan)[:2]) == pytest.approx(16.0, abs=1e-6)
    assert plan.groups[0].drawn_kw[0] == pytest.approx(8.0, abs=1e-6)


def test_pv_that_is_held_back_is_not_credited_to_a_group() -> None:
    """Nothing may leave the site, whatever the cars do: all 3 kW are held back, and 8 kW are left."""
    plants = (PvPlant(id="roof", node="grid", expected_kw=3.0, curtailable=True),)
    still = Cap(id="still", start=NOON, end=at(2), export_limit_kw=0.0)
    scenario = yard(dimmed(), still, pv_plants=plants)

    plan = optimize(scenario)

    assert plan.groups[0].drawn_kw[0] == pytest.approx(sum(first_hour(scenario, plan)[:2]))
    assert sum(first_hour(scenario, plan)[:2]) == pytest.approx(8.0, abs=1e-6)
    assert audit(scenario, plan).passed


def test_the_worth_of_a_cap_on_a_group_is_what_one_more_kw_in_it_saves() -> None:
    """A missing kWh counts 2.0; bought it costs 0.3: 1.7."""
    plan = optimize(yard(dimmed()))

    assert plan.groups[0].worth_per_kw == pytest.approx([1.7, 0.0])


def test_who_leaves_with_less_because_of_a_group_is_told_its_name() -> None:
    scenario = yard(dimmed())

    told = [reason for reason in reasons(scenario, optimize(scenario)) if reason.code is ReasonCode.LIMIT]

    assert {reason.cause for reason in told} == {"dim"}
    assert {reason.session_id for reason in told} == {"car-0", "car-1"}
    assert "dim (operator) limits its EVSEs" in told[0].message


def test_who_waits_for_a_group_is_told_and_nobody_else() -> None:
    scenario = yard(dimmed(), energy_kwh=10.0)

    told = reasons(scenario, optimize(scenario))

    assert {reason.session_id for reason in told} == {"car-0", "car-1"}
    assert {reason.code for reason in told} == {ReasonCode.SIGNAL}


def test_who_leaves_with_less_because_of_what_follows_an_event_is_told_its_name() -> None:
    """12 kW for an hour after it, where 30 could be drawn."""
    event = Event(
        id="dr",
        start=NOON,
        end=at(1),
        direction=Direction.REDUCE,
        baseline_kw=30.0,
        settlement_min=60.0,
        rebound=Rebound(limit_kw=12.0),
    )
    scenario = yard(event)

    told = [reason for reason in reasons(scenario, optimize(scenario)) if reason.code is ReasonCode.LIMIT]

    assert {reason.cause for reason in told} == {"dr"}
    assert "dr limits the load after it" in told[0].message


def test_a_cap_on_export_says_in_which_periods_it_sets_the_limit() -> None:
    """The node's own 4 kW, and 1 kW while the cap holds."""
    cap = Cap(id="feed-in", start=NOON, end=at(1), export_limit_kw=1.0)
    scenario = yard(cap, batteries=(battery(),))
    nodes = (replace(scenario.site.nodes[0], export_limit_kw=4.0),)

    (node,) = optimize(replace(scenario, site=replace(scenario.site, nodes=nodes))).nodes

    assert node.export_limit_set_by == ("feed-in", "rating")


def test_a_cap_never_raises_a_rating_and_of_two_the_lower_one_holds() -> None:
    caps = (
        Cap(id="generous", start=NOON, end=at(2), import_limit_kw=50.0),
        Cap(id="tight", start=NOON, end=at(1), import_limit_kw=9.0),
        Cap(id="less-tight", start=NOON, end=at(2), import_limit_kw=12.0),
    )
    scenario = yard(*caps)
    nodes = (replace(scenario.site.nodes[0], import_limit_kw=20.0),)

    (node,) = optimize(replace(scenario, site=replace(scenario.site, nodes=nodes))).nodes

    assert node.import_limit_kw == pytest.approx([9.0, 12.0])
    assert node.limit_set_by == ("tight", "less-tight")
