"""How many kW can be shed or taken up, at what cost, and who feels it: days whose curve is known by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.errors import InvalidScenario
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import BaseLoad, Battery, Evse, GridNode, NodeKind, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Step
from optimizer.flexibility import Direction, Flexibility, flexibility
from optimizer.flexibility.breakpoints import Sample, bends
from optimizer.optimize import optimize
from tests.strategies import random_scenario

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def car(name: str, energy_kwh: float, *, stay_h: int = 2) -> Session:
    return Session(
        id=name, evse=f"bay-{name}", arrival=NOON, departure=NOON + stay_h * HOUR, energy_target_kwh=energy_kwh
    )


def yard(prices: tuple[float, ...], *cars: Session, worth: float = 2.0, limit_kw: float | None = None) -> Scenario:
    """Hours from noon at their prices, every car at a 10 kW outlet of its own."""
    hours = [NOON + k * HOUR for k in range(len(prices))]
    node = GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=limit_kw, continuous_factor=1.0)
    site = Site(
        id="yard",
        nodes=(node,),
        evses=tuple(Evse(id=session.evse, node="grid", max_power_kw=10.0) for session in cars),
        tiers=(Tier(id="all", value_of_target_per_kwh=worth),),
    )
    steps = tuple(Step(start=hour, value=price) for hour, price in zip(hours, prices, strict=True))
    tariff = Tariff(currency="EUR", import_price=PriceSeries(steps=steps, end=hours[-1] + HOUR))
    horizon = Horizon(start=NOON, stretches=(Stretch(count=len(prices), minutes=60.0),))
    return Scenario(site=site, sessions=cars, tariff=tariff, horizon=horizon)


def figures(curve: Flexibility) -> list[tuple[float, float, float]]:
    return [(point.power_kw, point.cost, point.missed_kwh) for point in curve.points]


def approximately(*points: tuple[float, float, float]) -> list[object]:
    return [pytest.approx(point, abs=1e-5) for point in points]


def test_energy_that_moves_to_a_dearer_hour_costs_the_difference_and_then_the_target() -> None:
    """15 kWh in two hours at 0.1 and 0.3: planned 10 and 5 kW. Up to 5 kW go to the second hour for 0.2 each; from
    there on every kW is missed at departure, worth 2 and saving 0.1."""
    curve = flexibility(yard((0.1, 0.3), car("a", 15.0)), Direction.REDUCE, NOON, HOUR)

    assert curve.baseline_kw == pytest.approx([10.0])
    assert figures(curve) == approximately((0, 0, 0), (5, 1.0, 0), (10, 1.0 + 5 * 1.9, 5.0))
    assert [point.per_kw for point in curve.points[:-1]] == pytest.approx([0.2, 1.9])


def test_what_is_paid_is_told_apart_from_what_is_missed() -> None:
    """At 10 kW: 15 kWh for 2.50 become 10 kWh for 3.00; that 5 kWh are missing is no bill."""
    curve = flexibility(yard((0.1, 0.3), car("a", 15.0)), Direction.REDUCE, NOON, HOUR)
    assert curve.points[-1].paid == pytest.approx(0.5, abs=1e-6)


def test_turning_up_brings_energy_forward() -> None:
    """5 kWh that wait for 0.1 in the second hour come at 0.3 instead; more than 5 kW nobody can take."""
    curve = flexibility(yard((0.3, 0.1), car("a", 5.0)), Direction.TURN_UP, NOON, HOUR)
    assert figures(curve) == approximately((0, 0, 0), (5, 1.0, 0))


def test_the_car_that_stays_gives_way_before_the_one_that_leaves() -> None:
    """10 kWh each in the first of two hours at one price: the one that stays can wait for nothing."""
    scenario = yard((0.2, 0.2), car("soon", 10.0, stay_h=1), car("late", 10.0))
    curve = flexibility(scenario, Direction.REDUCE, NOON, HOUR)

    assert figures(curve) == approximately((0, 0, 0), (10, 0, 0), (20, 10 * 1.8, 10.0))
    assert [(e.session_id, pytest.approx(e.window_kwh), e.missed_kwh) for e in curve.points[1].sessions] == [
        ("late", -10.0, pytest.approx(0.0, abs=1e-6))
    ]
    assert {e.session_id: e.missed_kwh for e in curve.points[2].sessions}["soon"] == pytest.approx(10.0)


def test_a_promise_is_not_broken_for_flexibility() -> None:
    """Of 10 kWh in one hour 6 are promised: 4 kW can go."""
    promised = replace(car("a", 10.0, stay_h=1), energy_minimum_kwh=6.0)
    curve = flexibility(yard((0.2,), promised), Direction.REDUCE, NOON, HOUR)
    assert curve.most_kw == pytest.approx(4.0)


def test_a_promise_that_the_plan_breaks_already_is_broken_no_further() -> None:
    """6 promised of 10 kWh, and 4 kW for an hour: 2 kWh are broken, none can be shed."""
    promised = replace(car("a", 10.0, stay_h=1), energy_minimum_kwh=6.0)
    curve = flexibility(yard((0.2,), promised, limit_kw=4.0), Direction.REDUCE, NOON, HOUR)
    assert curve.most_kw == pytest.approx(0.0, abs=1e-5)


def test_a_battery_gives_what_cars_do_not() -> None:
    """3 kW of building, a full battery of 2 kW without losses and no car: 2 kW for what its energy is worth later."""
    battery = Battery(
        id="b", node="grid", capacity_kwh=2.0, max_charge_kw=2.0, max_discharge_kw=2.0, charge_efficiency=1.0,
        discharge_efficiency=1.0, energy_at_start_kwh=2.0, terminal_value_per_kwh=0.25,
    )  # fmt: skip
    scenario = yard((0.2, 0.2))
    site = replace(scenario.site, batteries=(battery,), base_loads=(BaseLoad(node="grid", expected_kw=3.0),))
    curve = flexibility(replace(scenario, site=site), Direction.REDUCE, NOON, HOUR)
    assert figures(curve) == approximately((0, 0, 0), (2, 0, 0))


def test_a_window_splits_the_periods_that_it_cuts() -> None:
    """Half of the first hour: 5 kWh less at 10 kW, and the second half hour is not asked."""
    curve = flexibility(yard((0.1, 0.3), car("a", 15.0)), Direction.REDUCE, NOON, HOUR / 2)
    assert (curve.start, curve.end) == (NOON, NOON + HOUR / 2)
    assert figures(curve) == approximately((0, 0, 0), (10, 5 * 0.2, 0))


def test_nothing_can_be_shed_where_nothing_is_drawn() -> None:
    curve = flexibility(yard((0.3, 0.1), car("a", 5.0)), Direction.REDUCE, NOON, HOUR)
    assert figures(curve) == approximately((0, 0, 0))


@pytest.mark.parametrize(("start", "length"), [(NOON - HOUR, HOUR), (NOON + HOUR, 2 * HOUR), (NOON, -HOUR)])
def test_a_window_outside_the_plan_is_a_finding(start: datetime, length: timedelta) -> None:
    with pytest.raises(InvalidScenario, match="is not inside the plan"):
        flexibility(yard((0.2, 0.2), car("a", 5.0)), Direction.REDUCE, start, length)


@pytest.mark.parametrize("seed", range(12))
def test_no_point_of_a_curve_is_cheaper_than_the_plan_and_every_next_kw_costs_more(seed: int) -> None:
    """The cost is convex, begins at 0, and nothing is missed for nothing."""
    scenario = random_scenario(seed)
    plan = optimize(scenario)
    start = plan.instant(plan.period_count // 2)
    direction = Direction.REDUCE if seed % 2 else Direction.TURN_UP

    curve = flexibility(scenario, direction, start, plan.instant(plan.period_count // 2 + 1) - start)

    costs = np.array([point.cost for point in curve.points])
    tolerance = 1e-6 * (1.0 + abs(plan.objective))
    assert costs[0] == 0.0
    assert (np.diff(costs) >= -tolerance).all()
    assert curve.points[-1].per_kw is None
    slopes = np.array([point.per_kw for point in curve.points[:-1]])
    assert (np.diff(slopes) >= -1e-4 * (1.0 + abs(slopes[:-1]))).all()


def test_the_bends_of_a_curve_are_found_from_its_tangents() -> None:
    """The greatest of 0, x - 2 and 3x - 10 bends at 2 and at 4."""

    def sample(x: float) -> Sample:
        value, slope = max((0.0, 0.0), (x - 2.0, 1.0), (3.0 * x - 10.0, 3.0))
        return Sample(x, value, slope)

    found = bends(sample, sample(0.0), sample(6.0), 10)

    assert [(one.x, one.value) for one in found] == approximately_pairs((0, 0), (2, 0), (4, 2), (6, 8))


def approximately_pairs(*pairs: tuple[float, float]) -> list[object]:
    return [pytest.approx(pair, abs=1e-6) for pair in pairs]
