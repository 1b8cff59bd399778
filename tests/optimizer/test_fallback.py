"""The plan before and the fail-safe shares as plans: followed as far as sessions and limits allow it now."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from models.domain.horizon import Horizon, Stretch
from models.domain.installed import Installed, OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.session import Session, Vehicle
from models.domain.signal import Cap, Direction, Event, Rebound, Signal
from models.domain.site import Evse, GridNode, NodeKind, Phase, Site
from models.domain.tariff import Tariff
from optimizer.audit import audit
from optimizer.failsafe import fail_safe_shares
from optimizer.fallback import carried_over, fail_safe_plan
from optimizer.heuristics import heuristic
from optimizer.optimize import optimize
from optimizer.previous import with_previous
from tests.strategies import random_scenario, scenarios

EXAMPLES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "60"))
FOUR = datetime(2026, 3, 2, 16, tzinfo=UTC)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def car(name: str, energy_kwh: float, **changes: object) -> Session:
    """At a 10 kW outlet of its own from four to eight."""
    session = Session(
        id=name, evse=f"bay-{name}", arrival=FOUR, departure=FOUR + hours(4), energy_target_kwh=energy_kwh
    )
    return replace(session, **changes)  # type: ignore[arg-type]  # fields of Session


def yard(limit_kw: float, *cars: Session, feeder_kw: float | None = None) -> Scenario:
    """Four hours from four o'clock on; all but the first outlet hang on a feeder."""
    nodes = (
        GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=limit_kw, continuous_factor=1.0),
        GridNode(id="feeder", parent="grid", import_limit_kw=feeder_kw, continuous_factor=1.0),
    )
    evses = (Evse(id=s.evse, node="feeder" if k else "grid", max_power_kw=10.0) for k, s in enumerate(cars))
    return Scenario(
        site=Site(id="yard", nodes=nodes, evses=tuple(evses)),
        sessions=cars,
        tariff=Tariff(currency="EUR", import_price=0.2),
        horizon=Horizon(start=FOUR, stretches=(Stretch(count=4, minutes=60.0),)),
    )


def at_once(scenario: Scenario) -> Schedule:
    """Every car at 10 kW from four o'clock on, until it has what it needs."""
    return heuristic(scenario, Method.UNCONTROLLED)


def powers(schedule: Schedule, session_id: str) -> list[float]:
    (plan,) = (plan for plan in schedule.sessions if plan.session_id == session_id)
    return plan.charge_power_kw.tolist()


def test_a_plan_that_is_still_possible_is_carried_over_as_it_is() -> None:
    scenario = yard(20.0, car("a", 25.0), car("b", 10.0))

    plan = carried_over(scenario, at_once(scenario))

    assert plan.method is Method.CARRIED_OVER
    assert powers(plan, "a") == pytest.approx([10.0, 10.0, 5.0, 0.0])
    assert powers(plan, "b") == pytest.approx([10.0, 0.0, 0.0, 0.0])


def test_everybody_below_a_limit_that_has_come_down_gives_up_the_same_share() -> None:
    """10 + 5 kW were planned for the first hour; 12 kW leave four fifths of both."""
    before = at_once(yard(20.0, car("a", 40.0), car("b", 5.0)))

    plan = carried_over(yard(12.0, car("a", 40.0), car("b", 5.0)), before)

    assert (powers(plan, "a")[0], powers(plan, "b")[0]) == pytest.approx((8.0, 4.0))
    assert powers(plan, "a")[1:] == pytest.approx([10.0, 10.0, 10.0]), "b had done by then"


def test_only_those_below_a_full_feeder_give_way() -> None:
    """20 kW on a feeder of 8: 4 kW each; the car at the connection keeps its 10."""
    cars = car("a", 40.0), car("b", 40.0), car("c", 40.0)
    before = at_once(yard(30.0, *cars))

    plan = carried_over(yard(30.0, *cars, feeder_kw=8.0), before)

    assert [powers(plan, name)[0] for name in "abc"] == pytest.approx([10.0, 4.0, 4.0])


def test_a_car_gets_no_more_than_it_still_needs() -> None:
    before = at_once(yard(20.0, car("a", 40.0)))

    plan = carried_over(yard(20.0, car("a", 40.0, delivered_kwh=25.0)), before)

    assert powers(plan, "a") == pytest.approx([10.0, 5.0, 0.0, 0.0])
    assert plan.sessions[0].target_shortfall_kwh == pytest.approx(0.0)


def test_what_is_left_of_the_plan_follows_the_clock() -> None:
    """Half an hour later: of an hour at 10 and one at 0 kW, half an hour each is 5 kW."""
    scenario = yard(20.0, car("a", 10.0))
    later = Horizon(start=FOUR + hours(0.5), stretches=(Stretch(count=3, minutes=60.0),))

    plan = carried_over(replace(scenario, horizon=later), at_once(scenario))

    assert powers(plan, "a") == pytest.approx([5.0, 0.0, 0.0])


def test_an_earlier_departure_is_kept_and_what_is_missing_told() -> None:
    before = at_once(yard(20.0, car("a", 40.0)))

    plan = carried_over(yard(20.0, car("a", 40.0, departure=FOUR + hours(1.5))), before)

    assert powers(plan, "a") == pytest.approx([10.0, 10.0])
    assert plan.sessions[0].target_shortfall_kwh == pytest.approx(25.0)


def test_who_was_not_planned_before_gets_nothing_and_who_left_is_not_planned() -> None:
    before = at_once(yard(20.0, car("a", 10.0)))

    plan = carried_over(yard(20.0, car("new", 10.0)), before)

    assert [session.session_id for session in plan.sessions] == ["new"]
    assert powers(plan, "new") == [0.0, 0.0, 0.0, 0.0]


def test_every_car_has_its_fail_safe_share_until_it_is_done() -> None:
    """Two outlets share 8 kW for ever: 4 kW each, and 6 kWh take an hour and a half."""
    scenario = yard(8.0, car("a", 6.0), car("b", 40.0))

    plan = fail_safe_plan(scenario, {"bay-a": 4.0, "bay-b": 4.0})

    assert plan.method is Method.FAIL_SAFE
    assert powers(plan, "a") == pytest.approx([4.0, 2.0, 0.0, 0.0])
    assert powers(plan, "b") == pytest.approx([4.0, 4.0, 4.0, 4.0])


def test_a_car_on_one_of_three_phases_has_a_third_of_the_share() -> None:
    """10 A on three phases of 230 V are 6.9 kW; the same current on one of them is 2.3 kW."""
    one = car("a", 40.0, vehicle=Vehicle(id="v", phases=1))
    scenario = yard(22.0, one)
    three_phases = Evse(id="bay-a", node="grid", max_current_a=32.0, phases=(Phase.L1, Phase.L2, Phase.L3))
    site = replace(scenario.site, evses=(three_phases,), voltage_v=230.0)

    plan = fail_safe_plan(replace(scenario, site=site), {"bay-a": 6.9})

    assert powers(plan, "a") == pytest.approx([2.3, 2.3, 2.3, 2.3])


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_the_fail_safe_shares_are_a_plan_that_passes_its_audit(scenario: Scenario) -> None:
    report = audit(scenario, fail_safe_plan(scenario, fail_safe_shares(scenario)))

    assert report.passed, report.verdict


@pytest.mark.parametrize("seed", range(100))
def test_an_optimum_carried_over_to_the_same_scenario_is_itself(seed: int) -> None:
    before = optimize(scenario := as_simple_rules_see_it(random_scenario(seed)))

    plan = carried_over(scenario, before)

    pairs = zip(plan.sessions, before.sessions, strict=True)
    assert all(np.allclose(new.charge_power_kw, old.charge_power_kw, atol=1e-4) for new, old in pairs)


def as_simple_rules_see_it(scenario: Scenario) -> Scenario:
    """Without what an optimum uses and no simple rule does.

    That is what batteries and PV give to limits and to capped groups, room above what is installed, loads after events,
    and more in a car than it wants. Offers are made anew each time: what a car was expected to take says less.
    """
    nodes = tuple(replace(node, firm_generation=False) for node in scenario.site.nodes)
    return replace(
        scenario,
        site=replace(scenario.site, nodes=nodes, setpoints=None),
        sessions=tuple(map(without_states, scenario.sessions)),
        signals=tuple(without_rebound(s) for s in scenario.signals if not (isinstance(s, Cap) and s.evses)),
        installed=(),
    )


def without_states(session: Session) -> Session:
    """A car whose battery is not followed: else it may be charged beyond its target for what that is worth."""
    known = {"soc": None, "soc_target": None, "soc_minimum": None, "soc_reserve": None, "terminal_value_per_kwh": None}
    bounds = {"energy_floor_kwh": None, "energy_ceiling_kwh": None}
    return replace(session, allows_discharge=False, **known, **bounds)


def without_rebound(signal: Signal) -> Signal:
    return replace(signal, rebound=None) if isinstance(signal, Event) else signal


def test_what_nobody_can_be_told_counts_in_the_load_after_an_event() -> None:
    """6 kW each were planned, and 8 in all are allowed now: both are planned with 4, though one cannot be told so."""
    before = at_once(yard(50.0, car("a", 6.0), car("b", 6.0)))
    away = Installed(evse="bay-b", reachable=False, offline=OfflineBehaviour.FULL)
    rebound = Rebound(hours=1.0, limit_kw=8.0)
    shed = Event(
        id="shed", start=FOUR - hours(1), end=FOUR, direction=Direction.REDUCE, baseline_kw=0.0, rebound=rebound
    )
    scenario = replace(yard(50.0, car("a", 6.0), car("b", 6.0)), installed=(away,), signals=(shed,))

    plan = carried_over(scenario, before)

    assert audit(scenario, plan).passed
    assert float(plan.grid_import_kw.max()) == pytest.approx(8.0)


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_a_plan_without_limits_carried_over_below_a_new_cap_passes_its_audit(scenario: Scenario) -> None:
    before = heuristic(scenario, Method.UNCONTROLLED)
    start, end = before.instant(0), before.instant(before.period_count)
    cap = Cap(id="new", start=start, end=end, import_limit_kw=5.0)

    capped = with_previous(replace(scenario, signals=(*scenario.signals, cap)), before)

    report = audit(capped, carried_over(capped))

    assert report.passed, report.verdict
