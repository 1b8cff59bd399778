"""A plan that starts from the basis of the one before has the same optimum, and reaches it in fewer steps."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.signal import Cap
from models.domain.site import Evse
from optimizer.optimize import optimize, replan
from optimizer.settings import Settings
from tests.benchmarks.scenarios import START, random_site

MONEY_ONLY = Settings(preferences=False)
QUARTER = timedelta(minutes=15)


def site() -> Scenario:
    return random_site(60, 96)


def plugged_in(scenario: Scenario) -> Scenario:
    evse = Evse(id="new", node="feeder-2", max_power_kw=11.0)
    arrival = START + 10 * QUARTER
    car = Session(
        id="new", evse="new", arrival=arrival, departure=arrival + 30 * QUARTER, energy_target_kwh=20.0, tier="all"
    )
    grown = replace(scenario.site, evses=(*scenario.site.evses, evse))
    return replace(scenario, site=grown, sessions=(*scenario.sessions, car))


def a_period_later(scenario: Scenario) -> Scenario:
    return replace(scenario, horizon=Horizon(start=START + QUARTER, stretches=(Stretch(count=95, minutes=15.0),)))


def capped(scenario: Scenario) -> Scenario:
    cap = Cap(id="cap", start=START + 40 * QUARTER, end=START + 48 * QUARTER, import_limit_kw=60.0)
    return replace(scenario, signals=(cap,))


@pytest.mark.parametrize("change", [plugged_in, a_period_later, capped])
def test_the_warm_optimum_is_the_cold_one(change: object) -> None:
    before = replan(site(), MONEY_ONLY)
    after = change(site())  # type: ignore[operator]
    warm, cold = replan(after, MONEY_ONLY, before.basis).schedule, optimize(after, MONEY_ONLY)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-7)


@pytest.mark.parametrize("change", [plugged_in, a_period_later])
def test_a_small_change_takes_few_steps_from_the_basis_before(change: object) -> None:
    before = replan(site(), MONEY_ONLY)
    after = change(site())  # type: ignore[operator]
    warm, cold = replan(after, MONEY_ONLY, before.basis).schedule, optimize(after, MONEY_ONLY)
    assert warm.statistics.iterations < cold.statistics.iterations / 2


def test_nothing_new_takes_no_step() -> None:
    before = replan(site(), MONEY_ONLY)
    assert replan(site(), MONEY_ONLY, before.basis).schedule.statistics.iterations == 0


def test_a_plan_that_starts_warm_is_the_plan_that_starts_cold() -> None:
    """Goal (3) decides among equal optima, not the path."""
    before = replan(site())
    warm, cold = replan(site(), carried=before.basis).schedule, optimize(site())
    for one, other in zip(warm.sessions, cold.sessions, strict=True):
        assert one.charge_power_kw == pytest.approx(other.charge_power_kw, abs=1e-5)
