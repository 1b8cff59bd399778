"""A car that leaves early must not leave more to the next one than its plan gave. 6 A on three phases: 4.14 kW."""

from dataclasses import replace
from datetime import timedelta

from ocpp_plans import AC, START, pairs, plan_for, scenario_of, session_at

from models.domain.failsafe import FailSafe
from models.domain.installed import OfflineBehaviour
from models.domain.session import Vehicle
from models.ocpp.bundle import bundle
from models.ocpp.compile import Compilation
from models.ocpp.manner import Manner
from models.ocpp.profile import ProfileKind, Purpose

RULES = FailSafe(offline=OfflineBehaviour.KEEPS)
TWO = (AC, replace(AC, id="bay-2", evse_number=2))


def sent(plan_kw: tuple[float, ...], rules: FailSafe | None = RULES, phases: int | None = None) -> Compilation:
    """A plan of two quarter hours, followed for the first twenty minutes; shares of 6.9 kW, 10 A."""
    vehicle = None if phases is None else Vehicle(id="car", phases=phases)
    session = session_at(AC, vehicle=vehicle)
    yard = scenario_of(TWO, [session], [])
    yard = replace(yard, site=replace(yard.site, fail_safe=rules))
    until = START + timedelta(minutes=20)
    return bundle(
        yard,
        plan_for(session, plan_kw),
        now=START,
        fail_safe_kw={evse.id: 6.9 for evse in TWO},
        manner=Manner(plan_until=until),
    )


def defaults(found: Compilation) -> list[list[tuple[int, float]]]:
    return [pairs(p) for p in found.profiles if p.profile.purpose is Purpose.TX_DEFAULT]


def test_the_default_of_a_car_with_less_than_its_share_is_its_plan_until_plans_end() -> None:
    """6 A, then 16 A of which 10 A are the share; the schedule begins a minute before."""
    found = sent((4.14, 11.04))

    assert defaults(found) == [[(0, 6.0), (960, 10.0)], [(0, 10.0)]]
    assert {p.profile.kind for p in found.profiles} == {ProfileKind.ABSOLUTE}


def test_a_paused_car_leaves_nothing_behind_until_plans_end() -> None:
    assert defaults(sent((0.0, 0.0))) == [[(0, 0.0), (1260, 10.0)], [(0, 10.0)]]


def test_a_plan_above_the_share_changes_no_default() -> None:
    assert defaults(sent((11.04, 8.28))) == [[(0, 10.0)], [(0, 10.0)]]


def test_a_plan_below_the_share_after_stations_have_left_it_changes_no_default() -> None:
    assert defaults(sent((11.04, 11.04, 0.0, 0.0))) == [[(0, 10.0)], [(0, 10.0)]]


def test_for_the_guard_before_plans_end_nobody_has_more_than_the_share() -> None:
    """16 A until 15 minutes, then the 10 A of the share, also while the plan would still give 16 A until 20."""
    found = sent((11.04, 11.04))

    (plan,) = [p for p in found.profiles if p.session_id is not None]
    assert pairs(plan) == [(0, 16.0), (960, 10.0)]


def test_without_a_guard_the_plan_is_followed_to_its_end() -> None:
    found = sent((11.04, 11.04), rules=replace(RULES, guard_minutes=0.0))

    (plan,) = [p for p in found.profiles if p.session_id is not None]
    assert pairs(plan) == [(0, 16.0), (1260, 10.0)]


def test_on_one_phase_the_currents_are_compared() -> None:
    """1.38 kW on one phase are 6 A; the share is 10 A on each of three."""
    assert defaults(sent((1.38, 3.68), phases=1)) == [[(0, 6.0), (960, 10.0)], [(0, 10.0)]]


def test_a_site_without_a_fail_safe_has_its_shares_as_defaults() -> None:
    assert defaults(sent((0.0, 0.0), rules=None)) == [[(0, 10.0)], [(0, 10.0)]]
