"""Simple rules: who gets what, worked out in the head; and that no rule ever exceeds a limit."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.session import Session, Vehicle
from models.domain.signal import Cap
from models.domain.site import BaseLoad, Evse, GridNode, NodeKind, Phase, Site, Wiring
from models.domain.tariff import Tariff
from models.samples import load
from optimizer.audit import BreakCode, audit
from optimizer.giving.discs import corners, reach
from optimizer.heuristics import RULES, heuristic
from tests.reference_time import best_s
from tests.strategies import scenarios

EXAMPLES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "60"))
FOUR = datetime(2026, 3, 2, 16, tzinfo=UTC)
KEEPING = [method for method, rule in RULES.items() if rule.keeps_limits]
METHODS = {str(method): method for method in RULES}


def car(name: str, energy_kwh: float, *, stay_h: float = 4.0, arrives_h: float = 0.0, **changes: object) -> Session:
    arrival, departure = FOUR + timedelta(hours=arrives_h), FOUR + timedelta(hours=stay_h)
    session = Session(id=name, evse=f"bay-{name}", arrival=arrival, departure=departure, energy_target_kwh=energy_kwh)
    return replace(session, **changes)  # type: ignore[arg-type]  # fields of Session


def yard(limit_kw: float | None, *cars: Session, base_kw: float = 0.0) -> Scenario:
    """Four hours from four o'clock on, every car at a 10 kW outlet of its own."""
    node = GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=limit_kw, continuous_factor=1.0)
    evses = tuple(Evse(id=session.evse, node="grid", max_power_kw=10.0) for session in cars)
    loads = (BaseLoad(node="grid", expected_kw=base_kw),) if base_kw else ()
    return Scenario(
        site=Site(id="yard", nodes=(node,), evses=evses, base_loads=loads),
        sessions=cars,
        tariff=Tariff(currency="EUR", import_price=0.2),
        horizon=Horizon(start=FOUR, stretches=(Stretch(count=4, minutes=60.0),)),
    )


def powers(schedule: Schedule, period: int) -> list[float]:
    """What every session gets in one period, in the order of the scenario. [kW]"""
    return [float(plan.charge_power_kw[period - plan.first_period]) for plan in schedule.sessions]


def test_the_car_that_leaves_first_is_served_first() -> None:
    scenario = yard(12.0, car("late", 20.0), car("soon", 20.0, stay_h=2.0))

    assert powers(heuristic(scenario, Method.EARLIEST_DEADLINE_FIRST), 0) == pytest.approx([2.0, 10.0])


def test_the_car_that_can_wait_least_is_served_first() -> None:
    """Soon: 2 h left, 5 kWh take 0.5 h, so it can wait 1.5 h. Late: 3 h left, 25 kWh take 2.5 h: half an hour."""
    scenario = yard(12.0, car("soon", 5.0, stay_h=2.0), car("late", 25.0, stay_h=3.0))

    assert powers(heuristic(scenario, Method.LEAST_LAXITY_FIRST), 0) == pytest.approx([2.0, 10.0])
    assert powers(heuristic(scenario, Method.EARLIEST_DEADLINE_FIRST), 0) == pytest.approx([5.0, 7.0])


def test_laxity_is_looked_at_anew_in_every_period() -> None:
    """At 10 kW: a needs 2 of 3.5 h, b 2 of 4. After an hour for a, a needs 1 of 2.5 and b 2 of 3: b can wait less."""
    scenario = yard(10.0, car("a", 20.0, stay_h=3.5), car("b", 20.0, stay_h=4.0))

    schedule = heuristic(scenario, Method.LEAST_LAXITY_FIRST)

    assert powers(schedule, 0) == pytest.approx([10.0, 0.0])
    assert powers(schedule, 1) == pytest.approx([0.0, 10.0])


def test_what_a_small_car_cannot_take_is_shared_by_the_others() -> None:
    """13 kW for three: 3 for the one that can take no more, 5 for each of the others."""
    small = car("small", 20.0, vehicle=Vehicle(id="small", max_charge_kw=3.0))
    scenario = yard(13.0, small, car("b", 20.0), car("c", 20.0))

    assert powers(heuristic(scenario, Method.EQUAL_SHARE), 0) == pytest.approx([3.0, 5.0, 5.0])


def test_round_robin_gives_whole_quanta_in_the_order_of_arrival() -> None:
    """1 kW are four quanta of 0.25 kW for three cars: the first one gets two of them."""
    early = car("early", 20.0, arrival=FOUR - timedelta(hours=1))
    scenario = yard(1.0, car("b", 20.0), early, car("c", 20.0))

    assert powers(heuristic(scenario, Method.ROUND_ROBIN), 0) == pytest.approx([0.25, 0.5, 0.25])


def test_round_robin_leaves_less_than_a_quantum_of_room() -> None:
    scenario = yard(1.1, car("a", 20.0), car("b", 20.0))

    assert powers(heuristic(scenario, Method.ROUND_ROBIN), 0) == pytest.approx([0.5, 0.5])


def test_without_control_every_car_charges_at_once_whatever_the_limit_says() -> None:
    scenario = yard(12.0, car("a", 15.0), car("b", 10.0))

    schedule = heuristic(scenario, Method.UNCONTROLLED)

    assert powers(schedule, 0) == pytest.approx([10.0, 10.0])
    assert powers(schedule, 1) == pytest.approx([5.0, 0.0])
    assert [found.code for found in audit(scenario, schedule).breaks] == [BreakCode.IMPORT_LIMIT]


@pytest.mark.parametrize("name", METHODS)
def test_a_car_that_would_be_done_inside_a_period_gets_less_power(name: str) -> None:
    schedule = heuristic(yard(None, car("a", 15.0)), METHODS[name])

    np.testing.assert_allclose(schedule.sessions[0].charge_power_kw, [10, 5, 0, 0])
    assert schedule.sessions[0].target_shortfall_kwh == pytest.approx(0.0)
    assert schedule.method is METHODS[name]


@pytest.mark.parametrize("name", METHODS)
def test_a_car_that_comes_at_half_past_charges_for_half_of_the_hour(name: str) -> None:
    schedule = heuristic(yard(None, car("a", 15.0, arrives_h=0.5)), METHODS[name])

    np.testing.assert_allclose(schedule.sessions[0].charge_power_kw, [10, 10, 0, 0])
    assert schedule.sessions[0].energy_kwh == pytest.approx(15.0)


def test_what_the_stay_leaves_missing_is_the_target_first_and_then_the_promise() -> None:
    """One hour at 10 kW: of 15 kWh 5 are missing; of 12 promised ones 2, so 3 beyond the promise."""
    plan = heuristic(yard(None, car("a", 15.0, stay_h=1.0, energy_minimum_kwh=12.0)), Method.EQUAL_SHARE).sessions[0]

    assert plan.minimum_shortfall_kwh == pytest.approx(2.0)
    assert plan.target_shortfall_kwh == pytest.approx(3.0)


def test_time_after_the_horizon_is_counted_on_at_four_fifths_of_full_power() -> None:
    """40 of 50 kWh fit into four hours, and the hour after them allows 8 kWh: 2 are missing."""
    plan = heuristic(yard(None, car("a", 50.0, stay_h=5.0)), Method.EQUAL_SHARE).sessions[0]

    assert plan.energy_after_horizon_kwh == pytest.approx(8.0)
    assert plan.target_shortfall_kwh == pytest.approx(2.0)


@pytest.mark.parametrize("method", KEEPING)
def test_nobody_charges_where_other_load_exceeds_the_limit_alone(method: Method) -> None:
    schedule = heuristic(yard(12.0, car("a", 10.0), base_kw=13.0), method)

    assert schedule.sessions[0].energy_kwh == 0.0
    assert schedule.alarms


@pytest.mark.parametrize("method", KEEPING)
def test_a_cap_holds_while_it_lasts(method: Method) -> None:
    cap = Cap(id="cap", start=FOUR + timedelta(hours=1), end=FOUR + timedelta(hours=2), import_limit_kw=4.0)
    scenario = replace(yard(20.0, car("a", 80.0), car("b", 80.0)), signals=(cap,))

    totals = [sum(powers(heuristic(scenario, method), period)) for period in range(4)]

    assert totals == pytest.approx([20, 4, 20, 20])


def feeder(limit_a: float, wiring: Wiring, *phases: tuple[Phase, ...], voltage_v: float = 230.0) -> Scenario:
    """Cars of 40 A, so that 1 A is 0.23 kW on one phase, or 0.208 kW between two lines of 208 V."""
    names = [str(k) for k in range(len(phases))]
    site = Site(
        id="yard",
        nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION, current_limit_a=limit_a, continuous_factor=1.0),),
        evses=tuple(
            Evse(id=f"bay-{n}", node="grid", wiring=wiring, phases=p, voltage_v=voltage_v, max_current_a=40.0)
            for n, p in zip(names, phases, strict=True)
        ),
    )
    return replace(yard(None), site=site, sessions=tuple(car(name, 500.0) for name in names))


def test_two_cars_on_one_phase_share_it_and_a_third_has_another_for_itself() -> None:
    scenario = feeder(32.0, Wiring.LINE_TO_NEUTRAL, (Phase.L1,), (Phase.L1,), (Phase.L2,))

    currents = np.array(powers(heuristic(scenario, Method.EQUAL_SHARE), 0)) / 0.23

    assert currents == pytest.approx([16, 16, 32])


def test_equal_currents_to_and_from_a_line_add_up_to_the_square_root_of_three() -> None:
    """L1-L2 and L2-L3 meet on L2 at 60 degrees: 10 A each are 17.3 A there."""
    scenario = feeder(10.0 * sqrt(3), Wiring.LINE_TO_LINE, (Phase.L1, Phase.L2), (Phase.L2, Phase.L3), voltage_v=208.0)

    currents = np.array(powers(heuristic(scenario, Method.EQUAL_SHARE), 0)) / 0.208

    assert currents == pytest.approx([10, 10])


def test_a_plan_is_no_simple_rule_when_it_is_an_optimum() -> None:
    with pytest.raises(ValueError, match="optimal is no simple rule; take one of uncontrolled, equal_share"):
        heuristic(yard(12.0, car("a", 10.0)), Method.OPTIMAL)


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_no_rule_but_uncontrolled_ever_breaks_a_limit(scenario: Scenario) -> None:
    for method in KEEPING:
        report = audit(scenario, heuristic(scenario, method))
        assert report.passed, (method, report.breaks)


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_without_control_only_limits_are_broken_and_no_car_gets_less_than_anywhere_else(scenario: Scenario) -> None:
    scenario = replace(scenario, site=replace(scenario.site, setpoints=None))  # whose minima nobody keeps uncontrolled
    uncontrolled = heuristic(scenario, Method.UNCONTROLLED)
    shared = heuristic(scenario, Method.EQUAL_SHARE)

    broken = {found.code for found in audit(scenario, uncontrolled).breaks}
    limits = {BreakCode.IMPORT_LIMIT, BreakCode.PHASE_CURRENT, BreakCode.ADDS_TO_EXCESS}
    assert broken <= limits | {BreakCode.GROUP_LIMIT, BreakCode.REBOUND}
    for most, less in zip(uncontrolled.sessions, shared.sessions, strict=True):
        assert less.energy_kwh <= most.energy_kwh + 1e-9


@pytest.mark.clock
@pytest.mark.parametrize("name", METHODS)
def test_a_garage_of_54_outlets_is_planned_in_under_a_third_of_a_second(name: str) -> None:
    """50 sessions over 360 periods; measured: 0.01 to 0.05 s."""
    garage, plans = load("caltech-garage"), []

    assert best_s(lambda: plans.append(heuristic(garage, METHODS[name])), times=3) < 0.3
    for one, other in zip(plans[0].sessions, plans[1].sessions, strict=True):
        np.testing.assert_array_equal(one.charge_power_kw, other.charge_power_kw)


phasor = st.builds(
    lambda size, twelfths: size * np.exp(1j * np.pi * twelfths / 6), st.floats(0.0, 3.0), st.integers(0, 11)
)


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
@given(st.lists(st.tuples(phasor, phasor), min_size=1, max_size=5))
def test_corners_reach_as_far_as_the_longest_of_all_sums(loads: list[tuple[complex, complex]]) -> None:
    every_sum = [abs(sum(picked)) for picked in product(*((0.0, one, other) for one, other in loads))]

    found = [abs(pick.sum()) for pick in corners(np.array(loads, dtype=complex).T)]

    assert max(found, default=0.0) == pytest.approx(max(every_sum), abs=1e-9)


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
@given(phasor, phasor, st.floats(0.0, 2.0), st.floats(0.01, 3.0))
def test_what_is_in_reach_ends_on_the_circle(inside: complex, step: complex, length: float, margin: float) -> None:
    radius = abs(inside) + margin
    if abs(step) + length < 1e-3:
        return

    x = float(reach(np.array(inside), np.array(radius), np.array(step), np.array(length)))

    assert x >= 0.0
    assert abs(inside + x * step) + x * length == pytest.approx(radius, abs=1e-9 * max(1.0, x))
