"""The benchmark of drivers who tell nothing: its quick plans are the optimizer's, and a small run of it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models import samples
from models.domain.habits import Habits
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.units import MINUTES_PER_HOUR
from models.domain.value import Step
from models.learning.curves import Curves
from models.learning.learn import one_habit
from optimizer.optimize import optimize
from tests.benchmarks import unknown
from tests.benchmarks.rolling import Fleet, by_chance, by_median, now_of, rolled, uncontrolled

CASES = 40


def random_habits(rng: np.random.Generator) -> Habits:
    """Two kinds of days and three hours with some forty sessions each."""
    counted = [
        one_habit(workday, hour, None, rng.gamma(2.0, 3.0, 40), rng.gamma(2.0, 6.0, 40))
        for workday in (False, True)
        for hour in (7, 12, 18)
    ]
    return Habits(counted=tuple(counted), source="drawn")


def random_case(seed: int) -> tuple[Fleet, datetime, float, Habits, np.ndarray, float]:
    """A car, some time after it came, and what it has got already, with prices of a year and a value."""
    rng = np.random.default_rng(seed)
    arrival = datetime(2025, 5, 5, int(rng.choice([7, 12, 18])), int(rng.integers(60)), tzinfo=UTC)
    arrival += timedelta(days=int(rng.integers(7)))
    now = arrival
    for _ in range(int(rng.integers(20))):
        now = next_quarter(now)
    fleet = Fleet(
        arrival_s=np.array([arrival.timestamp()]),
        departure_s=np.array([arrival.timestamp() + 9e4]),
        need_kwh=np.array([50.0]),
        power_kw=np.array([float(rng.choice([3.6, 7.0, 11.0]))]),
        workday=np.array([arrival.isoweekday() <= 5]),
        hour=np.array([arrival.hour]),
    )
    delivered = float(rng.choice([0.0, 3.0])) if now > arrival else 0.0
    prices = rng.uniform(0.05, 0.45, 366 * 24)
    return fleet, now, delivered, random_habits(rng), prices, float(rng.choice([0.45, 0.7, 1.2]))


def next_quarter(when: datetime) -> datetime:
    return when + timedelta(minutes=15 - when.minute % 15)


def scenario_of(
    fleet: Fleet, now: datetime, delivered: float, habits: Habits, prices: np.ndarray, value: float
) -> Scenario:
    """The same as a user would write it: habits in the site, nothing told of the driver."""
    first = now.replace(minute=0)
    start_hour = int((first.replace(year=2024) - datetime(2024, 1, 1, tzinfo=UTC)).total_seconds() // 3600)
    steps = tuple(Step(start=first + timedelta(hours=k), value=float(prices[start_hour + k])) for k in range(27))
    rest = (next_quarter(now) - now).total_seconds() / 60
    car = Session(
        id="car",
        evse="bay",
        arrival=datetime.fromtimestamp(fleet.arrival_s[0], UTC),
        delivered_kwh=delivered,
    )
    site = Site(
        id="s",
        nodes=(GridNode(id="grid"),),
        evses=(Evse(id="bay", node="grid", max_power_kw=float(fleet.power_kw[0])),),
        tiers=(Tier(id="all", value_of_target_per_kwh=value),),
        habits=habits,
    )
    return Scenario(
        site=site,
        sessions=(car,),
        tariff=Tariff(currency="EUR", import_price=PriceSeries(steps=steps)),
        horizon=Horizon(start=now, stretches=(Stretch(count=1, minutes=rest), Stretch(count=96, minutes=15.0))),
    )


@pytest.mark.parametrize("seed", range(CASES))
def test_the_quick_plan_of_one_car_is_the_plan_of_the_optimizer(seed: int) -> None:
    fleet, now, delivered, habits, prices, value = random_case(seed)
    quick = by_chance(Curves(habits), value)
    known = now_of(fleet, np.array([now.timestamp()]), np.array([delivered]), prices)

    plan = optimize(scenario_of(fleet, now, delivered, habits, prices, value)).sessions[0]

    assert plan.charge_power_kw[0] * plan.plugged_in_h[0] == pytest.approx(float(quick(known)[0]), abs=2e-3)


def test_the_random_cases_wait_and_charge() -> None:
    first = []
    for seed in range(CASES):
        fleet, now, delivered, habits, prices, value = random_case(seed)
        known = now_of(fleet, np.array([now.timestamp()]), np.array([delivered]), prices)
        first.append(float(by_chance(Curves(habits), value)(known)[0]))

    assert CASES / 5 < sum(energy > 0.0 for energy in first) < CASES * 4 / 5


def test_a_car_without_a_plan_gets_what_it_needs_at_the_price_of_the_hours() -> None:
    """Half an hour at 10 kW from 00:50: 10 minutes at 0.10, then 20 minutes at 0.40."""
    start = datetime(2025, 1, 1, 0, 50, tzinfo=UTC).timestamp()
    fleet = Fleet(
        np.array([start]), np.array([start + 7200]), np.array([5.0]), np.array([10.0]), np.array([True]), np.array([0])
    )
    prices = np.array([0.1, 0.4, 0.4, 0.4])

    energy, cost = rolled(fleet, uncontrolled, np.pad(prices, (0, 100)))

    assert energy == pytest.approx([5.0])
    assert cost == pytest.approx([10 / MINUTES_PER_HOUR * 10 * 0.1 + 20 / MINUTES_PER_HOUR * 10 * 0.4])


def test_chances_keep_more_of_the_energy_than_a_single_guess() -> None:
    """On the real cars of the sample garage, with what public data say of drivers elsewhere."""
    cars = [s for s in samples.load("caltech-garage").sessions if s.departure is not None]
    fleet = Fleet(
        arrival_s=np.array([s.arrival.timestamp() for s in cars]),
        departure_s=np.array([s.departure.timestamp() for s in cars if s.departure]),
        need_kwh=np.array([s.energy_target_kwh or 0.0 for s in cars]),
        power_kw=np.full(len(cars), 6.656),
        workday=np.ones(len(cars), dtype=bool),
        hour=np.array([(s.arrival.hour - 7) % 24 for s in cars]),
    )
    prices = np.tile(np.where(np.arange(24) < 20, 0.3, 0.1), 366)
    curves = Curves(Habits())

    guess = unknown.score(fleet, by_median(curves), prices)
    chance = unknown.score(fleet, by_chance(curves, 1.0), prices)

    assert chance.energy_percent > 95.0 > guess.energy_percent
