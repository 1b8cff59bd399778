"""The three instants of a plan: connected, blind, after; what the audit proves of each, and what it refuses.

A yard of three-phase EVSEs on one connection: 6 A are 4.14 kW.
"""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from models.domain.failsafe import FailSafe, Share, SharePolicy
from models.domain.installed import Installed, InstalledProfile, OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.tariff import Tariff
from optimizer.audit import AuditReport, audit
from optimizer.audit.instants import Instant
from optimizer.audit.report import BreakCode
from optimizer.optimize import optimize
from tests.optimizer.test_failsafe import FOUR, carport, street

KEEPS, DEFAULT, FULL = OfflineBehaviour.KEEPS, OfflineBehaviour.DEFAULT, OfflineBehaviour.FULL


def yard(limit_kw: float, bays: int, cars: int, rules: FailSafe, energy_kwh: float = 100.0) -> Scenario:
    """So many bays of 11 kW, the first of them with a car for four hours."""
    scenario = carport(limit_kw, *[11.0] * bays)
    sessions = tuple(
        Session(
            id=f"car-{k}",
            evse=f"bay-{k}",
            arrival=FOUR,
            departure=FOUR + timedelta(hours=4),
            energy_target_kwh=energy_kwh,
        )
        for k in range(cars)
    )
    site = replace(scenario.site, fail_safe=rules)
    return replace(scenario, site=site, sessions=sessions, tariff=Tariff(currency="EUR", import_price=0.2))


def first_hour_kw(plan: Schedule) -> list[float]:
    return [float(session.charge_power_kw[0]) for session in plan.sessions]


def exceeded(report: AuditReport) -> dict[Instant, bool]:
    assert report.fail_safe is not None
    return {one.instant: bool(one.exceeded) for one in report.fail_safe.instants}


def test_two_cars_that_may_come_leave_the_rest_of_the_connection() -> None:
    """22 kW for four bays are 5.5 kW each; two of the three empty ones take 11 kW of them."""
    plan = optimize(scenario := yard(22.0, 4, 1, FailSafe(arrivals=2, offline=KEEPS)))

    assert first_hour_kw(plan) == pytest.approx([11.0])
    assert audit(scenario, plan).passed
    assert plan.fail_safe is not None
    assert plan.fail_safe.reserve_kw == pytest.approx([11.0, 0.0, 0.0, 0.0])


def test_all_that_may_come_leave_one_car_its_own_share() -> None:
    plan = optimize(yard(22.0, 4, 1, FailSafe(offline=KEEPS)))

    assert first_hour_kw(plan) == pytest.approx([5.5])
    assert plan.sessions[0].charge_power_kw[1] == pytest.approx(11.0)


def test_an_evse_that_falls_back_to_its_share_counts_with_it_although_it_is_paused() -> None:
    """11 kW for two: 5.5 kW each. The first car needs nothing, and what it may fall back to is not given away."""
    rules = FailSafe(arrivals=0, offline=DEFAULT)
    scenario = yard(11.0, 2, 2, rules)
    first, second = scenario.sessions
    full = replace(first, delivered_kwh=100.0)

    plan = optimize(replace(scenario, sessions=(full, second)))

    assert first_hour_kw(plan) == pytest.approx([0.0, 5.5])
    keeps = replace(
        scenario, sessions=(full, second), site=replace(scenario.site, fail_safe=replace(rules, offline=KEEPS))
    )
    assert first_hour_kw(optimize(keeps)) == pytest.approx([0.0, 11.0])


def test_a_plan_made_without_the_reserve_breaks_its_limit() -> None:
    """11 kW for one car and 5.5 kW for each of two that come are the 22 kW; a third is too many."""
    scenario = yard(22.0, 4, 1, FailSafe(arrivals=3, offline=KEEPS))
    careless = optimize(replace(scenario, site=replace(scenario.site, fail_safe=FailSafe(arrivals=2, offline=KEEPS))))

    report = audit(scenario, careless)

    assert BreakCode.IMPORT_LIMIT in {found.code for found in report.breaks}
    assert exceeded(report) == {Instant.CONNECTED: True, Instant.BLIND: True, Instant.AFTER: False}


def test_what_is_safe_while_connected_need_not_be_so_when_an_evse_falls_back() -> None:
    scenario = yard(11.0, 2, 2, FailSafe(arrivals=0, offline=KEEPS))
    first, second = scenario.sessions
    scenario = replace(scenario, sessions=(replace(first, delivered_kwh=100.0), second))
    falls_back = replace(scenario, site=replace(scenario.site, fail_safe=FailSafe(arrivals=0, offline=DEFAULT)))

    report = audit(falls_back, optimize(scenario))

    assert exceeded(report) == {Instant.CONNECTED: False, Instant.BLIND: True, Instant.AFTER: False}


def test_evses_that_nothing_holds_are_named_and_nothing_is_proven_of_the_time_after() -> None:
    """Two ratings of 11 kW on 20 kW: whatever the others are told, that is too much."""
    report = audit(scenario := yard(20.0, 2, 1, FailSafe(offline=FULL)), optimize(scenario))

    assert report.fail_safe is not None
    assert report.fail_safe.uncontrolled == ("bay-0", "bay-1")
    assert exceeded(report)[Instant.AFTER]
    assert not report.fail_safe.proven
    assert report.fail_safe.instants[-1].exceeded == ("grid: 22.00 kW on a limit of 20.00 kW",)


@pytest.mark.parametrize("share_kw", [3.0, 12.0])
def test_shares_that_are_told_are_judged(share_kw: float) -> None:
    """3 kW are below 6 A; two times 12 kW are above their limit, and above what a bay can draw."""
    told = tuple(Share(evse=f"bay-{k}", power_kw=share_kw) for k in range(2))
    scenario = replace(yard(20.0, 2, 1, FailSafe(arrivals=0, offline=KEEPS)), shares=told)

    report = audit(scenario, optimize(scenario))

    assert report.fail_safe is not None
    assert not report.fail_safe.proven


def test_a_plan_that_counts_on_other_shares_than_told_is_refused() -> None:
    scenario = yard(22.0, 4, 1, FailSafe(arrivals=2, offline=KEEPS))
    plan = optimize(scenario)
    told = tuple(Share(evse=f"bay-{k}", power_kw=4.5) for k in range(4))

    for other in (replace(scenario, shares=told), scenario):
        silent = plan if other.shares else replace(plan, fail_safe=None)
        assert BreakCode.FAIL_SAFE in {found.code for found in audit(other, silent).breaks}


def test_shares_that_take_turns_are_proven_turn_by_turn() -> None:
    """All that anybody has during the day is 3 x 6 A on a limit of 6 A; at no time it is more than one of them."""
    rules = FailSafe(policy=SharePolicy.ROTATE, turns_a_day=3, offline=KEEPS)
    scenario = street(3, 6.0)
    scenario = replace(scenario, site=replace(scenario.site, fail_safe=rules))

    report = audit(scenario, optimize(scenario))

    assert report.passed
    assert report.fail_safe is not None
    assert report.fail_safe.proven
    assert report.fail_safe.instants[-1].loading == pytest.approx(1.0)


def test_what_is_kept_free_is_told_in_kw_and_kwh() -> None:
    """Two shares of 5.5 kW for twenty minutes."""
    report = audit(scenario := yard(22.0, 4, 1, FailSafe(arrivals=2, offline=KEEPS)), optimize(scenario))

    assert report.fail_safe is not None
    assert report.fail_safe.reserve_kw == pytest.approx(11.0)
    assert report.fail_safe.reserve_kwh == pytest.approx(11.0 / 3)


def test_an_empty_evse_counts_at_the_default_that_is_still_installed_on_it() -> None:
    """Its share is 5.5 kW now, and its station still has 8 kW: 22 - 8 - 5.5 = 8.5 kW for the car."""
    scenario = yard(22.0, 4, 1, FailSafe(arrivals=2, offline=KEEPS))
    old = Installed(evse="bay-3", profiles=(InstalledProfile(power_kw=0.0),), default_kw=8.0)

    plan = optimize(scenario := replace(scenario, installed=(old,)))

    assert first_hour_kw(plan) == pytest.approx([8.5])
    assert audit(scenario, plan).passed


def test_a_site_without_a_fail_safe_has_no_proof_and_keeps_nothing_free() -> None:
    scenario = yard(22.0, 4, 1, FailSafe(offline=KEEPS))
    plain = replace(scenario, site=replace(scenario.site, fail_safe=None))

    plan = optimize(plain)

    assert plan.fail_safe is None
    assert audit(plain, plan).fail_safe is None
    assert np.ptp(plan.sessions[0].charge_power_kw) == pytest.approx(0.0)


def test_nobody_who_may_come_adds_nothing_to_a_line() -> None:
    """Two bays on L1 with 32 A, blind for the whole plan: the one car has 32 A, and nobody else may come."""
    scenario = street(2, 32.0)
    car = Session(id="car", evse="bay-0", arrival=FOUR, departure=FOUR + timedelta(hours=4), energy_target_kwh=100.0)
    rules = FailSafe(arrivals=0, blind_minutes=240.0, offline=KEEPS)
    scenario = replace(scenario, sessions=(car,), site=replace(scenario.site, fail_safe=rules))

    plan = optimize(scenario)

    assert plan.sessions[0].charge_power_kw == pytest.approx([7.36] * 4, rel=2e-4)
    assert audit(scenario, plan).passed
