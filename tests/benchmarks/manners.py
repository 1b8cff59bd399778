"""What goal (3) is for: plans that stay when nothing changes, move little under noise, start and change seldom.

``python -m tests.benchmarks --only manners`` prints both tables.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from models import samples
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule, SessionPlan
from models.domain.tariff import PriceSeries, Rate, Tariff, TimeOfUse
from models.domain.units import SECONDS_PER_HOUR
from models.domain.value import Series
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.benchmarks.reporting import Row
from tests.benchmarks.scenarios import random_site
from tests.benchmarks.variants import flat_prices, scarce

NOISE = 0.01
"""Of prices and base loads, one standard deviation of a step."""
SEEDS = 10
NEAR_H = 4.0
"""What is carried out before forecasts are new in any case. [h]"""
MOVED_KW = 0.69
"""A setpoint that differs by less has not moved: 1 A on three phases at 230 V, the step of most EVSEs and cars. [kW]"""
FINE_KW = 0.1
"""What OCPP can say, told beside it. [kW]"""
MOST_MOVED = 0.05
"""Of the near setpoints, the goal."""
GAIN_PER_KWH = 0.01
"""What an owner might ask for a moved kWh. [currency/kWh]"""
ON_KW = 1e-3
STEADY, MONEY_ONLY = Settings(steady=True), Settings(preferences=False)

SITES: dict[str, Callable[[], Scenario]] = {
    **{name: lambda name=name: samples.load(name) for name in ("apartment-block", "caltech-garage", "van-depot")},
    "random 50": lambda: random_site(50, 96),
    "random 50, flat": lambda: flat_prices(random_site(50, 96)),
    "random 50, scarce": lambda: scarce(random_site(50, 96)),
    "random 200": lambda: random_site(200, 96),
}
NOISE_HEAD = (
    "site",
    "near setpoints",
    "no plan before %",
    "plan before %",
    "the worst %",
    "priced %",
    "by 0.1 kW: no plan before %",
    "plan before %",
    "priced %",
)
CHURN_HEAD = (
    "site",
    "sessions",
    "starts",
    "not steady",
    "money only",
    "changes",
    "not steady",
    "money only",
    "most",
)


def noise_rows(seeds: int = SEEDS) -> Iterator[Row]:
    """Share of the near setpoints that noise moves, with and without the plan before, as a mean over seeds."""
    for name, site in SITES.items():
        yield _noise_row(name, site(), seeds)


def churn_rows() -> Iterator[Row]:
    """Starts and changes of a setpoint per session that charges: steady, with goal (3) as by default, without it."""
    for name, site in SITES.items():
        scenario = site()
        found = [churn(optimize(scenario, settings)) for settings in (STEADY, Settings(), MONEY_ONLY)]
        starts_of, changes_of = ([f"{kind(one).mean():.2f}" for one in found] for kind in (_starts, _changes))
        yield Row((name, f"{len(found[0].starts)}", *starts_of, *changes_of, f"{found[0].changes.max()}"))


def _starts(found: "Churn") -> np.ndarray:
    return found.starts


def _changes(found: "Churn") -> np.ndarray:
    return found.changes


def _noise_row(name: str, scenario: Scenario, seeds: int) -> Row:
    before, priced = optimize(scenario), with_price_of_change(scenario, GAIN_PER_KWH)
    fresh, close, dear = [], [], []
    for seed in range(seeds):
        other, other_priced = (noisy(one, np.random.default_rng(seed)) for one in (scenario, priced))
        fresh.append(optimize(other))
        close.append(optimize(other, previous=before))
        dear.append(optimize(other_priced, previous=before))
    moved = [[moved_share(before, plan, by_kw) for plan in plans] for by_kw, plans in _columns(fresh, close, dear)]
    mean = [f"{100 * float(np.mean(shares)):.1f}" for shares in moved]
    near = len(near_setpoints(before, before)[0])
    cells = (name, f"{near}", *mean[:2], f"{100 * max(moved[1]):.1f}", *mean[2:])
    return Row(cells, bool(np.mean(moved[1]) < MOST_MOVED))


def _columns(*plans: list[Schedule]) -> Iterator[tuple[float, list[Schedule]]]:
    for by_kw in (MOVED_KW, FINE_KW):
        for column in plans:
            yield by_kw, column


def noisy(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """The same site under forecasts that are a little different: prices and base loads, step by step."""
    assert scenario.tariff is not None
    loads = tuple(replace(load, expected_kw=_noisy(load.expected_kw, rng)) for load in scenario.site.base_loads)
    tariff = replace(scenario.tariff, import_price=_noisy_price(scenario.tariff, rng))
    return replace(scenario, site=replace(scenario.site, base_loads=loads), tariff=tariff)


def _noisy(series: Series, rng: np.random.Generator) -> Series:
    if isinstance(series, tuple):
        return tuple(replace(step, value=step.value * _factor(rng)) for step in series)
    return series * _factor(rng)


def _noisy_price(tariff: Tariff, rng: np.random.Generator) -> float | TimeOfUse | PriceSeries:
    price = tariff.import_price
    if isinstance(price, PriceSeries):
        return replace(price, steps=tuple(replace(s, value=s.value * _factor(rng)) for s in price.steps))
    if isinstance(price, TimeOfUse):
        rates: tuple[Rate, ...] = tuple(replace(r, price_per_kwh=r.price_per_kwh * _factor(rng)) for r in price.rates)
        return replace(price, rates=rates)
    return price * _factor(rng)


def _factor(rng: np.random.Generator) -> float:
    return float(1.0 + NOISE * rng.standard_normal())


def with_price_of_change(scenario: Scenario, per_kwh: float) -> Scenario:
    """The same site whose owner asks for a gain before a kWh is moved."""
    assert scenario.tariff is not None
    return replace(scenario, tariff=replace(scenario.tariff, change_price_per_kwh=per_kwh))


def moved_share(before: Schedule, after: Schedule, by_kw: float = MOVED_KW) -> float:
    """Share of the near setpoints of one plan that another has otherwise; both over the same periods."""
    one, other = near_setpoints(before, after)
    return float((abs(one - other) > by_kw).mean()) if len(one) else 0.0


def near_setpoints(before: Schedule, after: Schedule) -> tuple[Floats, Floats]:
    """Setpoints of two plans for the first hours, in the same order. [kW]"""
    others = {plan.session_id: plan for plan in after.sessions}
    end_s = before.instants_s[0] + NEAR_H * SECONDS_PER_HOUR
    near = int(np.searchsorted(before.instants_s, end_s))
    pairs = [(plan, others[plan.session_id], max(0, near - plan.first_period)) for plan in before.sessions]
    one = [plan.charge_power_kw[:count] for plan, _, count in pairs]
    two = [other.charge_power_kw[:count] for _, other, count in pairs]
    return np.concatenate([np.zeros(0), *one]), np.concatenate([np.zeros(0), *two])


@dataclass(frozen=True, slots=True)
class Churn:
    """Starts and changes of sessions that charge."""

    starts: np.ndarray
    changes: np.ndarray


def churn(plan: Schedule) -> Churn:
    """Of every session that charges at all."""
    charging = [s for s in plan.sessions if (s.charge_power_kw > ON_KW).any()]
    return Churn(np.array([starts(s) for s in charging]), np.array([changes(s) for s in charging]))


def starts(session: SessionPlan) -> int:
    """How often power comes on."""
    on = np.concatenate([[False], session.charge_power_kw > ON_KW])
    return int((on[1:] & ~on[:-1]).sum())


def changes(session: SessionPlan) -> int:
    """How often a setpoint becomes another one, from nothing at the beginning to nothing at the end."""
    power_kw = np.concatenate([[0.0], session.charge_power_kw, [0.0]])
    return int((abs(np.diff(power_kw)) > FINE_KW).sum())
