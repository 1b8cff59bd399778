"""Charging curves: as a minimum of lines where they are concave, followed in time where they are not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.before import PlannedBefore
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method
from models.domain.session import Session, TaperPoint, Vehicle
from models.domain.site import Evse, GridNode, Site
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Step
from optimizer.audit import BreakCode, audit
from optimizer.fallback import carried_over
from optimizer.heuristics import heuristic
from optimizer.instance.tapers import Curve, curve_of
from optimizer.optimize import optimize
from optimizer.settings import Settings

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CONCAVE = Curve(np.array([0.0, 20.0, 40.0]), np.array([10.0, 10.0, 0.0]))
STEPS = Curve(np.array([0.0, 20.0, 22.0, 40.0]), np.array([10.0, 10.0, 4.0, 4.0]))
CC_CV = (TaperPoint(soc=0.5, power_kw=10.0), TaperPoint(soc=1.0, power_kw=0.0))
FAST = tuple(TaperPoint(soc=soc, power_kw=power) for soc, power in ((0.5, 10.0), (0.55, 4.0)))


def test_a_concave_curve_is_the_least_of_its_lines() -> None:
    assert CONCAVE.lines() == [(10.0, 0.0), (20.0, -0.5)]
    assert CONCAVE.is_concave


def test_of_steps_only_the_corners_count_in_the_envelope() -> None:
    """From (20, 10) to (40, 4): it loses 0.3 kW a kWh."""
    (level, falling) = STEPS.lines()

    assert level == (10.0, 0.0)
    assert falling == (pytest.approx(16.0), pytest.approx(-0.3))
    assert not STEPS.is_concave


def test_a_curve_holds_on_before_its_first_point_and_after_its_last() -> None:
    curve = curve_of(Vehicle(id="v", battery_capacity_kwh=40.0, taper=FAST))

    assert curve is not None
    assert (curve.at(0.0), curve.at(21.0), curve.at(40.0)) == (10.0, pytest.approx(7.0), 4.0)


@pytest.mark.parametrize(
    ("curve", "inside_kwh", "gain_h", "power_kw"),
    [
        (CONCAVE, 0.0, 1.0, 10.0),  # 10 kWh, still level
        (CONCAVE, 20.0, 1.0, 20.0 / 3.0),  # p = 20 - 0.5 (20 + p) = 10 - 0.5 p
        (CONCAVE, 16.0, 1.0, 8.0),  # p = 20 - 0.5 (16 + p) = 12 - 0.5 p
        (CONCAVE, 40.0, 1.0, 0.0),
        (CONCAVE, 30.0, 0.0, 5.0),  # no time: what it takes now
        (STEPS, 0.0, 1.0, 10.0),
        (STEPS, 14.0, 1.0, 7.0),  # 7 kWh later 21 are inside, where it takes 7
        (STEPS, 21.0, 1.0, 4.0),
    ],
)
def test_the_highest_power_for_a_whole_period_meets_the_curve_at_its_end(
    curve: Curve, inside_kwh: float, gain_h: float, power_kw: float
) -> None:
    assert curve.followable(inside_kwh, gain_h) == pytest.approx(power_kw)


def test_where_a_curve_allows_a_power_is_told_without_a_gap() -> None:
    hill = Curve(np.array([0.0, 10.0, 30.0, 40.0]), np.array([2.0, 10.0, 10.0, 0.0]))

    assert hill.where_at_least(6.0, 20.0) == (pytest.approx(5.0), pytest.approx(34.0))
    assert STEPS.where_at_least(4.0, 10.0) == (0.0, np.inf)


def yard(taper: tuple[TaperPoint, ...], *prices: float, soc: float = 0.4) -> Scenario:
    """A car of 40 kWh at 10 kW that wants to be full; hours at these prices."""
    vehicle = Vehicle(id="v", battery_capacity_kwh=40.0, max_charge_kw=10.0, charge_efficiency=1.0, taper=taper)
    end = NOON + timedelta(hours=len(prices))
    steps = tuple(Step(start=NOON + timedelta(hours=k), value=price) for k, price in enumerate(prices))
    return Scenario(
        site=Site(
            id="yard",
            nodes=(GridNode(id="grid", continuous_factor=1.0),),
            evses=(Evse(id="e", node="grid", max_power_kw=22.0),),
        ),
        sessions=(Session(id="s", evse="e", arrival=NOON, departure=end, vehicle=vehicle, soc=soc, soc_target=1.0),),
        tariff=Tariff(currency="EUR", import_price=PriceSeries(steps=steps, end=end)),
        horizon=Horizon(start=NOON, stretches=(Stretch(count=len(prices), minutes=60.0),)),
    )


def test_a_full_battery_is_approached_as_constant_voltage_allows() -> None:
    """16 kWh: p = 12 - 0.5 p, so 8 kW to 24 kWh; then 20 - 0.5 (24 + p) = p, so 16/3; then 32/9."""
    scenario = yard(CC_CV, 0.1, 0.1, 0.1)
    plan = optimize(scenario)

    assert plan.sessions[0].charge_power_kw == pytest.approx([8.0, 16.0 / 3.0, 32.0 / 9.0], abs=1e-6)
    assert plan.sessions[0].target_shortfall_kwh == pytest.approx(24.0 - 8.0 - 16.0 / 3.0 - 32.0 / 9.0, abs=1e-6)
    assert audit(scenario, plan).passed


def test_steps_are_followed_by_bounds_from_the_plans_own_course() -> None:
    """16 kWh inside: 6 kWh later 22 are, where it takes 4; 16 + p with 10 - 3 (p - 4) = p: 5.5 kW, then 4 and 4."""
    scenario = yard(FAST, 0.1, 0.1, 0.1)
    plan = optimize(scenario)

    assert plan.sessions[0].charge_power_kw == pytest.approx([5.5, 4.0, 4.0], abs=1e-6)
    assert audit(scenario, plan).passed


@pytest.mark.parametrize("before_kw", [3.0, 9.0])
def test_steps_hold_beside_the_setpoints_of_a_plan_before(before_kw: float) -> None:
    """Half full it takes 4 kW at most from 22 kWh on, whatever it was promised before."""
    scenario = yard(FAST, 0.2, 0.2, 0.2, soc=0.6)
    steps = tuple(Step(start=NOON + timedelta(hours=k), value=before_kw) for k in range(3))
    before = PlannedBefore(session="s", charge_power_kw=steps, end=NOON + timedelta(hours=3))

    plan = optimize(replace(scenario, previous=(before,)))

    assert plan.sessions[0].charge_power_kw.max() <= 4.0 + 1e-6
    assert audit(scenario, plan).passed


def test_without_rounds_steps_are_planned_too_fast_and_the_audit_says_so() -> None:
    scenario = yard(FAST, 0.1, 0.1, 0.1)
    report = audit(scenario, optimize(scenario, Settings(curve_rounds=0)))

    assert {found.code for found in report.breaks} == {BreakCode.TAPER}


def test_a_dear_first_hour_is_waited_out_below_the_step() -> None:
    """Of 16 kWh 24 are missing; the last hours give 5.5 and 4 whatever the first one does, so it is used as well."""
    scenario = yard(FAST, 0.9, 0.1, 0.1)
    plan = optimize(scenario)

    assert plan.sessions[0].energy_kwh == pytest.approx(13.5, abs=1e-6)
    assert audit(scenario, plan).passed


@pytest.mark.parametrize("taper", [CC_CV, FAST])
@pytest.mark.parametrize("method", [Method.UNCONTROLLED, Method.EQUAL_SHARE, Method.ROUND_ROBIN])
def test_simple_rules_and_carried_over_plans_follow_the_curve(method: Method, taper: tuple[TaperPoint, ...]) -> None:
    scenario = yard(taper, 0.1, 0.1, 0.1)
    plan = heuristic(scenario, method)

    assert audit(scenario, plan).passed
    assert plan.sessions[0].charge_power_kw == pytest.approx(optimize(scenario).sessions[0].charge_power_kw, abs=1e-6)
    fuller = yard(taper, 0.1, 0.1, 0.1, soc=0.7)
    assert audit(fuller, carried_over(fuller, plan)).passed


def test_a_ceiling_that_comes_down_later_holds_back_who_cannot_give_back() -> None:
    ceiling = (Step(start=NOON, value=40.0), Step(start=NOON + timedelta(hours=2), value=21.0))
    scenario = yard((), 0.1, 0.1, 0.1)
    limited = replace(scenario, sessions=(replace(scenario.sessions[0], energy_ceiling_kwh=ceiling),))

    for plan in (optimize(limited), heuristic(limited, Method.EQUAL_SHARE)):
        assert plan.sessions[0].energy_kwh == pytest.approx(5.0, abs=1e-6)
        assert audit(limited, plan).passed
