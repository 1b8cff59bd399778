"""Plans that are judged on common ground are judged as alone, and one wrong number among many stays is found."""

from dataclasses import replace

import numpy as np
import pytest

from models.domain.completion import complete
from models.domain.schedule import Method, Schedule, SessionPlan
from models.domain.tariff import Tariff
from optimizer.audit import BreakCode, audit, loads
from optimizer.audit.case import Case
from optimizer.audit.ground import Grounds
from optimizer.audit.report import differ
from optimizer.failsafe import fail_safe_shares
from optimizer.fallback import fail_safe_plan
from optimizer.heuristics import heuristic
from tests.benchmarks.scenarios import random_site
from tests.strategies import random_scenario

SITE = random_site(12, 48)
PLAN = heuristic(SITE, Method.EARLIEST_DEADLINE_FIRST)


@pytest.mark.parametrize("seed", range(10))
def test_on_common_ground_every_plan_is_judged_as_alone(seed: int) -> None:
    scenario = random_scenario(seed)
    plans = [heuristic(scenario, method) for method in (Method.UNCONTROLLED, Method.EARLIEST_DEADLINE_FIRST)]
    plans.append(fail_safe_plan(scenario, fail_safe_shares(scenario)))
    grounds = Grounds()
    for plan in plans:
        assert str(audit(scenario, plan, grounds=grounds)) == str(audit(scenario, plan))


def test_a_plan_of_other_periods_has_ground_of_its_own() -> None:
    coarse, grounds = random_site(12, 24), Grounds()
    whole = replace(SITE, horizon=coarse.horizon)
    for plan in (PLAN, heuristic(whole, Method.EARLIEST_DEADLINE_FIRST)):
        assert str(audit(SITE, plan, grounds=grounds)) == str(audit(SITE, plan))


def test_a_stay_at_a_node_that_nobody_sums_up_is_no_silent_loss() -> None:
    completed = complete(SITE).scenario
    case = Case(completed, PLAN, completed.tariff or Tariff(currency="EUR", import_price=0.0), 1e-4)
    power = case.together.power_kw[None, :]
    assert loads._summed(case, power, ["x"], lambda stay: None)["x"].sum() == 0.0
    with pytest.raises(KeyError):
        loads._summed(case, power, ["x"], lambda stay: stay.evse.node)


def with_plan(k: int, plan: SessionPlan) -> Schedule:
    sessions = list(PLAN.sessions)
    sessions[k] = plan
    return replace(PLAN, sessions=tuple(sessions))


def changed(array: np.ndarray, at: int, by: float) -> np.ndarray:
    found = array.copy()
    found[at] += by
    return found


def codes_at(plan: Schedule, name: str) -> set[BreakCode]:
    return {one.code for one in audit(SITE, plan).breaks if one.where == name}


@pytest.mark.parametrize("k", [0, 5, 11])
def test_one_wrong_number_among_many_stays_is_found_where_it_is(k: int) -> None:
    one = PLAN.sessions[k]
    below = replace(one, charge_power_kw=changed(one.charge_power_kw, 1, -50.0))
    above = replace(one, charge_power_kw=changed(one.charge_power_kw, 1, 50.0))
    longer = replace(one, plugged_in_h=changed(one.plugged_in_h, 1, 0.01))
    giving = replace(one, discharge_power_kw=changed(np.zeros_like(one.charge_power_kw), 1, 1.0))
    assert BreakCode.POWER_NEGATIVE in codes_at(with_plan(k, below), one.session_id)
    assert BreakCode.POWER_TOO_HIGH in codes_at(with_plan(k, above), one.session_id)
    assert BreakCode.PLUGGED_IN in codes_at(with_plan(k, longer), one.session_id)
    assert BreakCode.GIVEN_BACK in codes_at(with_plan(k, giving), one.session_id)


def test_a_plan_that_covers_too_little_of_a_stay_is_found() -> None:
    one = PLAN.sessions[4]
    shorter = replace(one, charge_power_kw=one.charge_power_kw[:-1], plugged_in_h=one.plugged_in_h[:-1])
    assert BreakCode.PLUGGED_IN in codes_at(with_plan(4, shorter), one.session_id)


def test_a_number_that_is_none_is_told_of_its_session_alone() -> None:
    one = PLAN.sessions[7]
    broken = with_plan(7, replace(one, charge_power_kw=changed(one.charge_power_kw, 0, np.nan)))
    assert {b.where for b in audit(SITE, broken).breaks if b.code is BreakCode.ARRAYS} == {one.session_id}


def test_infinities_are_the_same_and_what_is_no_number_is_not() -> None:
    stated, found = np.array([1.0, np.inf, np.nan, np.inf, 1.0]), np.array([1.05, np.inf, np.nan, 1.0, 1.2])
    assert differ(stated, found, 0.1).tolist() == [False, False, True, True, True]
