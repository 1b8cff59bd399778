"""What must hold for every site: plans pass the audit, and answers move the way they should.

CHARGEWRIGHT_EXAMPLES sets how many scenarios are drawn; the fast suite draws a few, the fuzz run thousands.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from models.domain.completion import complete
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.signal import Cap
from models.domain.site import BaseLoad, GridNode
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Series, Step
from optimizer.audit import audit
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.oracle.certified import every_answer_certified
from tests.strategies import random_scenario, scenarios


@pytest.fixture(autouse=True, scope="module")
def certified() -> Iterator[None]:
    """Every optimum of this module comes with its proof."""
    with every_answer_certified() as watch:
        yield
    assert watch.certificates


EXAMPLES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "60"))
MONEY = 1e-6
NEVER_BINDING_KW = 1e5
PLAIN = Settings(preferences=False, setpoints=False, current_tolerance=1e-7)
"""So close to the current limits that which tangents were laid is not seen in MONEY."""


def drawn(share: float = 1.0) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The same scenarios every time, and as many as were asked for."""
    return settings(
        max_examples=max(1, round(EXAMPLES * share)),
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def missed_promises(scenario: Scenario, schedule: Schedule) -> tuple[float, ...]:
    """What is missing of the promises, by rank: the first goal. [kWh]"""
    completed = complete(scenario).scenario
    rank = {tier.id: tier.rank for tier in completed.site.tiers}
    ranks = {session.id: rank[session.tier] for session in completed.sessions if session.tier is not None}
    missed = dict.fromkeys(sorted(set(rank.values())), 0.0)
    for plan in schedule.sessions:
        missed[ranks[plan.session_id]] += plan.minimum_shortfall_kwh
    return tuple(missed.values())


def goals(scenario: Scenario) -> tuple[float, ...]:
    """Promises by rank, then money; rounded so that equal is equal."""
    schedule = optimize(scenario, PLAIN)
    return (*missed_promises(scenario, schedule), schedule.objective)


def not_worse(new: tuple[float, ...], old: tuple[float, ...]) -> bool:
    """In order: the first goal in which two plans differ decides."""
    for a, b in zip(new, old, strict=True):
        if abs(a - b) > MONEY * max(1.0, abs(b)):
            return a < b
    return True


@drawn()
@given(scenarios())
def test_every_plan_passes_the_audit(scenario: Scenario) -> None:
    report = audit(scenario, optimize(scenario, Settings()))

    assert report.passed, report.breaks


@drawn(0.5)
@given(scenarios())
def test_the_same_scenario_twice_gives_the_same_setpoints(scenario: Scenario) -> None:
    first, second = optimize(scenario, Settings()), optimize(scenario, Settings())

    for one, other in zip(first.sessions, second.sessions, strict=True):
        np.testing.assert_array_equal(one.charge_power_kw, other.charge_power_kw)


@drawn(0.5)
@given(scenarios())
def test_the_order_in_which_sessions_are_told_costs_nothing(scenario: Scenario) -> None:
    backwards = replace(scenario, sessions=scenario.sessions[::-1])

    assert goals(backwards) == pytest.approx(goals(scenario), rel=MONEY, abs=MONEY)


def raised(series: Series | None, amount: float) -> Series | None:
    if series is None or isinstance(series, float):
        return None if series is None else series + amount
    return tuple(Step(start=step.start, value=step.value + amount) for step in series)


def with_higher_limits(scenario: Scenario) -> Scenario:
    nodes = tuple(replace(n, import_limit_kw=raised(n.import_limit_kw, 5.0)) for n in scenario.site.nodes)
    return replace(scenario, site=replace(scenario.site, nodes=nodes))


@drawn(0.5)
@given(scenarios())
def test_five_kw_more_at_every_node_never_make_a_plan_worse(scenario: Scenario) -> None:
    assert not_worse(goals(with_higher_limits(scenario)), goals(scenario))


@drawn(0.5)
@given(scenarios())
def test_a_cap_never_makes_a_plan_better(scenario: Scenario) -> None:
    """The other plan has the same caps at a level that binds nobody, so that periods are split alike."""
    idle = tuple(
        replace(cap, rule=None, import_limit_kw=NEVER_BINDING_KW) if isinstance(cap, Cap) else cap
        for cap in scenario.signals
    )

    assert not_worse(goals(replace(scenario, signals=idle)), goals(scenario))


def on_the_hour(scenario: Scenario, halves: int) -> Scenario:
    """Four hours of the scenario on full hours, with constant limits, so that half a period is like the other half.

    Only then does splitting change nothing: a car that is there for part of a period counts in full for limits.
    """
    completed = complete(scenario).scenario
    assert completed.horizon is not None
    start = hour_of(completed.horizon.start)
    stretches = (Stretch(count=4 * halves, minutes=15.0 / halves), Stretch(count=3 * halves, minutes=60.0 / halves))
    stays = [s for s in completed.sessions if s.departure is not None and hour_of(s.arrival) < hour_of(s.departure)]
    site = completed.site
    return replace(
        completed,
        horizon=Horizon(start=start, stretches=stretches),
        sessions=tuple(map(hourly_stay, stays)),
        signals=(),
        tariff=by_the_hour(completed.tariff, start),
        site=replace(
            site, nodes=tuple(map(constant_node, site.nodes)), base_loads=tuple(map(constant_load, site.base_loads))
        ),
    )


def hour_of(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0)


def hourly_stay(session: Session) -> Session:
    """Certain to stay, one-way: a chance, a taper or a floor that changes in an hour is another one in its halves."""
    assert session.departure is not None
    arrival, departure = hour_of(session.arrival), hour_of(session.departure)
    return replace(session, arrival=arrival, departure=departure, still_there=None, soc=None)


def first(series: Any) -> Any:
    """The first value of a series, for always."""
    return series[0].value if isinstance(series, tuple) else series


def constant_node(node: GridNode) -> GridNode:
    return replace(node, import_limit_kw=first(node.import_limit_kw), current_limit_a=None, transformer=None)


def constant_load(load: BaseLoad) -> BaseLoad:
    return replace(load, expected_kw=first(load.expected_kw), high_kw=first(load.high_kw))


def by_the_hour(tariff: Tariff | None, start: datetime) -> Tariff | None:
    """The first four prices of a series, or four others, each for an hour."""
    if tariff is None:
        return None
    told = tariff.import_price
    values = [step.value for step in told.steps][:4] if isinstance(told, PriceSeries) else [0.3, 0.1, 0.2, 0.4]
    steps = tuple(Step(start=start + timedelta(hours=k), value=values[k % len(values)]) for k in range(5))
    prices = PriceSeries(steps=steps, end=start + timedelta(hours=5))
    return replace(tariff, import_price=prices, export_price=0.0, carbon_intensity=0.2, contracts=())


@drawn(0.5)
@given(scenarios())
def test_splitting_every_period_in_two_never_makes_a_plan_dearer(scenario: Scenario) -> None:
    """Excess of contracts, events and chances are counted by period, so finer ones may be cheaper."""
    evses = tuple(replace(evse, power_floor_kw=None) for evse in scenario.site.evses)
    site = replace(scenario.site, guarantees=None, evses=evses)
    scenario = replace(scenario, previous=(), installed=(), site=site)

    assert not_worse(goals(on_the_hour(scenario, 2)), goals(on_the_hour(scenario, 1)))


@pytest.mark.parametrize("seed", range(30))
def test_splitting_every_period_in_two_costs_nothing(seed: int) -> None:
    """But for what is said of periods: a plan before may cover half of one, paces are seen at their ends, and what is
    installed may be followed through the first."""
    scenario = random_scenario(seed)
    evses = tuple(replace(evse, power_floor_kw=None) for evse in scenario.site.evses)
    site = replace(scenario.site, guarantees=None, evses=evses)
    scenario = replace(scenario, previous=(), installed=(), site=site)

    assert goals(on_the_hour(scenario, 2)) == pytest.approx(goals(on_the_hour(scenario, 1)), rel=MONEY, abs=MONEY)


@pytest.mark.parametrize("seed", [2234, 2658, 5406])
def test_sharing_what_is_missing_leaves_room_for_the_current_limits(seed: int) -> None:
    """Sites on which shares that were fixed before the cuts once left no plan."""
    scenario = random_scenario(seed)

    assert audit(scenario, optimize(scenario, Settings(share_rounds=0))).passed
    assert audit(scenario, optimize(scenario, Settings())).passed
