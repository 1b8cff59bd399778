"""Periods that are looked at together give what they give one by one, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest

from models.domain.scenario import Scenario
from models.domain.setpoints import SetpointRules
from optimizer import fallback
from optimizer.completing import complete
from optimizer.failsafe import fail_safe_shares
from optimizer.giving.room import Ints
from optimizer.giving.table import table_of
from optimizer.heuristics import rounding
from optimizer.heuristics.planning import settled
from optimizer.heuristics.rounding import Rounded, Walk, Wanted, rounded
from optimizer.heuristics.wanted import wanted
from optimizer.instance import Instance, instance_of
from tests.benchmarks.scenarios import random_site
from tests.strategies import random_scenario

NEAR = SetpointRules(near_h=1.0, max_starts=None, min_on_minutes=0.0, min_off_minutes=0.0)
SITES = [random_site(12, 96), random_site(30, 48, seed=4)]
SCENARIOS = [*SITES, *(random_scenario(seed) for seed in range(12))]
AT_ONCE = [*SITES, *(random_scenario(seed) for seed in (3, 8, 9))]
"""Where nobody is looked at alone and shares leave room; every one must be done at once."""


def with_near(scenario: Scenario) -> Instance:
    """Its first hour in levels, the rest in any power."""
    return instance_of(complete(replace(scenario, site=replace(scenario.site, setpoints=NEAR))).scenario)


def at_full_power(instance: Instance) -> Wanted:
    """Everybody wants all that the hardware can do, in every period, whatever limits say."""
    most = instance.following.most_kw
    return wanted(instance, settled(instance, np.asarray(most), None))


def in_turn(monkeypatch: pytest.MonkeyPatch, instance: Instance, powers: Wanted) -> Rounded:
    monkeypatch.setattr(rounding, "is_worth_laying_out", lambda instance: False)
    return rounded(instance, powers)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
@pytest.mark.parametrize("share", [1.0, 0.4])
def test_far_periods_together_are_far_periods_in_turn(
    monkeypatch: pytest.MonkeyPatch, scenario: Scenario, share: float
) -> None:
    instance = with_near(scenario)
    powers = at_full_power(instance)
    powers = replace(powers, power_kw=share * powers.power_kw)
    together = rounded(instance, powers)
    one_by_one = in_turn(monkeypatch, instance, powers)
    assert together.offered_kw.tobytes() == one_by_one.offered_kw.tobytes()
    assert together.charge_kw.tobytes() == one_by_one.charge_kw.tobytes()


def test_far_periods_together_keep_the_peak_of_the_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits have room for all that is owed, and half of it is the peak."""
    instance = with_near(SITES[0])
    powers = at_full_power(instance)
    powers = replace(powers, power_kw=0.2 * powers.power_kw, peak_kw=np.full_like(powers.peak_kw, 1.0))
    together = rounded(instance, powers)
    assert together.charge_kw.tobytes() == in_turn(monkeypatch, instance, powers).charge_kw.tobytes()


def test_where_there_is_room_far_periods_are_not_walked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    instance, walked = with_near(SCENARIOS[0]), list[int]()
    powers = at_full_power(instance)
    step = Walk.step

    def watched(walk: Walk, period: int, here: Ints) -> None:
        walked.append(period)
        step(walk, period, here)

    monkeypatch.setattr(Walk, "step", watched)
    rounded(instance, replace(powers, power_kw=0.01 * powers.power_kw))
    assert walked == [0, 1, 2, 3]  # the first hour


@pytest.mark.parametrize("scenario", AT_ONCE, ids=str)
@pytest.mark.parametrize("share", [1.0, 0.3])
def test_what_is_followed_at_once_is_followed_in_turn(scenario: Scenario, share: float) -> None:
    instance = instance_of(complete(scenario).scenario)
    shares_kw = fail_safe_shares(instance.scenario)
    wish = share * np.array([shares_kw[evse] for evse in instance.sessions.evse_ids])[instance.cells.session]
    at_once = fallback._followed_at_once(instance, wish)
    assert at_once is not None
    assert at_once.tobytes() == fallback._followed_in_turn(instance, wish).tobytes()


@pytest.mark.parametrize("seed", [4, 19, 245, 472])
def test_followed_batteries_and_installed_profiles_are_looked_at_in_turn(seed: int) -> None:
    """Limits have room in each; what batteries take, or EVSEs still follow, makes another plan than shares alone."""
    instance = instance_of(complete(random_scenario(seed)).scenario)
    shares_kw = fail_safe_shares(instance.scenario)
    wish = np.array([shares_kw[evse] for evse in instance.sessions.evse_ids])[instance.cells.session]
    assert fallback.followed(instance, wish).tobytes() == fallback._followed_in_turn(instance, wish).tobytes()


def test_a_garage_below_its_limits_is_followed_at_once() -> None:
    instance = instance_of(complete(SCENARIOS[0]).scenario)
    assert fallback._followed_at_once(instance, np.full(instance.cells.count, 0.1)) is not None
    assert fallback._followed_at_once(instance, np.full(instance.cells.count, 1e3)) is None


def test_a_table_has_nothing_where_a_session_is_not_there() -> None:
    instance = instance_of(complete(SCENARIOS[0]).scenario)
    table = table_of(instance)
    laid_out = table.laid_out(instance.cells.hours)
    assert table.cells(laid_out).tobytes() == instance.cells.hours.tobytes()
    assert laid_out.sum() == pytest.approx(instance.cells.hours.sum())
    assert (table.hours[laid_out == 0.0] == 1.0).all()
