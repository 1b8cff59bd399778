"""Plans that forget what EVSEs are following already: the audit finds each (S2, S3)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.domain.completion import complete
from models.domain.installed import Installed, InstalledProfile, OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.signal import Cap
from models.domain.site import Phase
from models.domain.wire import read_scenario
from models.ocpp.compile import compilation
from optimizer.audit import BreakCode, audit
from optimizer.failsafe import fail_safe_shares
from optimizer.fallback import carried_over, fail_safe_plan
from optimizer.heuristics import heuristic
from optimizer.optimize import formulate, optimize

CASES = Path(__file__).parents[1] / "cases"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def case(name: str) -> Scenario:
    return read_scenario((CASES / name / "scenario.json").read_bytes())


def blind(scenario: Scenario) -> Schedule:
    """The plan of somebody who forgets what was sent before."""
    return optimize(replace(scenario, installed=()))


def codes(scenario: Scenario, plan: Schedule) -> set[BreakCode]:
    return {one.code for one in audit(scenario, plan).breaks}


def installed(power_kw: float, **more: object) -> Installed:
    return Installed(evse="one", profiles=(InstalledProfile(power_kw=power_kw),), **more)  # type: ignore[arg-type]


def test_a_plan_that_takes_what_an_old_profile_still_allows_breaks_the_limit() -> None:
    scenario = case("old-profile-until-acknowledged")

    assert BreakCode.IMPORT_LIMIT in codes(scenario, blind(scenario))


def test_an_old_profile_counts_until_the_plan_is_acknowledged_and_not_after_it() -> None:
    """Car b may draw in full from 12:30 on, when nobody follows 8 kW any more."""
    scenario = case("old-profile-until-acknowledged")
    later = replace(scenario.sessions[1], arrival=NOON + timedelta(minutes=30), departure=NOON + timedelta(hours=1))

    plan = optimize(replace(scenario, sessions=(scenario.sessions[0], later)))

    assert plan.sessions[1].energy_kwh == pytest.approx(5.0)


def test_who_waits_longer_for_an_acknowledgement_counts_an_old_profile_longer() -> None:
    """For 31 minutes: the second half hour begins before that, so it counts as well."""
    scenario = replace(case("old-profile-until-acknowledged"), acknowledge_minutes=31.0)
    stays = replace(scenario.sessions[1], departure=NOON + timedelta(hours=1), energy_target_kwh=8.0)

    plan = optimize(replace(scenario, sessions=(scenario.sessions[0], stays)))

    assert plan.sessions[1].energy_kwh == pytest.approx(3.0)


def test_of_a_profile_that_nobody_acknowledged_and_the_one_before_the_larger_counts() -> None:
    scenario = case("old-profile-until-acknowledged")
    sent = InstalledProfile(power_kw=9.0, acknowledged=False)
    both = Installed(evse="one", profiles=(InstalledProfile(power_kw=4.0), sent))

    plan = optimize(replace(scenario, installed=(both,)))

    assert plan.sessions[1].charge_power_kw == pytest.approx([2.0])


def test_an_evse_of_which_nothing_is_acknowledged_counts_at_its_rating() -> None:
    scenario = case("old-profile-until-acknowledged")
    unknown = Installed(evse="one", profiles=(InstalledProfile(power_kw=4.0, acknowledged=False),))

    plan = optimize(replace(scenario, installed=(unknown,)))

    assert plan.sessions[1].charge_power_kw == pytest.approx([0.0], abs=1e-6)


@pytest.mark.parametrize(
    ("behaviour", "default_kw", "left_kw"),
    [
        (OfflineBehaviour.KEEPS, 2.0, 5.0),
        (OfflineBehaviour.DEFAULT, 2.0, 9.0),
        (OfflineBehaviour.DEFAULT, None, 0.0),
        (OfflineBehaviour.STOPS, 2.0, 11.0),
        (OfflineBehaviour.FULL, 2.0, 0.0),
        (OfflineBehaviour.UNKNOWN, 2.0, 0.0),
    ],
)
def test_an_evse_out_of_reach_counts_by_its_habit(
    behaviour: OfflineBehaviour, default_kw: float | None, left_kw: float
) -> None:
    """6 kW are installed, its rating is 11 kW, the connection carries 11 kW, and the other car wants 11 kWh."""
    scenario = case("evse-out-of-reach")
    state = installed(6.0, reachable=False, offline=behaviour, default_kw=default_kw)
    other = replace(scenario.sessions[1], energy_target_kwh=11.0)
    scenario = replace(scenario, installed=(state,), sessions=(scenario.sessions[0], other))

    plan = optimize(scenario)

    assert plan.sessions[1].charge_power_kw == pytest.approx([left_kw], abs=1e-6)
    assert audit(scenario, plan).passed


def test_an_evse_out_of_reach_counts_with_no_car_planned_at_it() -> None:
    scenario = case("evse-out-of-reach")
    scenario = replace(scenario, sessions=scenario.sessions[1:])

    assert optimize(scenario).sessions[0].charge_power_kw == pytest.approx([5.0])
    assert BreakCode.IMPORT_LIMIT in codes(scenario, blind(scenario))


def test_more_than_it_follows_cannot_be_asked_of_an_evse_out_of_reach() -> None:
    scenario = case("evse-out-of-reach")
    scenario = replace(scenario, sessions=scenario.sessions[:1])

    assert BreakCode.UNREACHABLE in codes(scenario, blind(scenario))


def test_an_operator_is_told_of_every_evse_out_of_reach() -> None:
    scenario = case("evse-out-of-reach")
    plan = optimize(scenario)

    (alarm,) = plan.alarms
    assert alarm.message == "EVSE one cannot be reached: counted at up to 6.0 kW (keeps)"
    assert codes(scenario, replace(plan, alarms=())) == {BreakCode.ALARM_MISSING}


def test_where_what_is_installed_alone_exceeds_a_limit_nothing_adds_to_it_and_an_alarm_is_raised() -> None:
    scenario = case("old-profile-until-acknowledged")
    node = replace(scenario.site.nodes[0], import_limit_kw=6.0)
    scenario = replace(scenario, site=replace(scenario.site, nodes=(node,)))

    plan = optimize(scenario)

    assert audit(scenario, plan).passed
    assert plan.sessions[1].charge_power_kw == pytest.approx([0.0], abs=1e-6)
    assert [alarm.excess_kw for alarm in plan.alarms] == pytest.approx([2.0])
    assert codes(scenario, replace(plan, alarms=())) == {BreakCode.ALARM_MISSING}
    assert BreakCode.ADDS_TO_EXCESS in codes(scenario, blind(scenario))


def on_one_line(scenario: Scenario, limit_a: float) -> Scenario:
    """Both EVSEs on L1 alone, with 230 W for each ampere."""
    node = replace(scenario.site.nodes[0], import_limit_kw=None, current_limit_a=limit_a)
    evses = tuple(replace(evse, phases=(Phase.L1,)) for evse in scenario.site.evses)
    return replace(scenario, site=replace(scenario.site, nodes=(node,), evses=evses))


@pytest.mark.parametrize("name", ["old-profile-until-acknowledged", "evse-out-of-reach"])
@pytest.mark.parametrize("limit_a", [40.0, 20.0])
def test_current_limits_count_what_is_installed_as_well(name: str, limit_a: float) -> None:
    """8 or 6 kW are 34.8 or 26.1 A: below 40 A, above 20 A."""
    scenario = on_one_line(case(name), limit_a)

    plan = optimize(scenario)
    codes_of_blind = codes(scenario, blind(scenario))

    assert audit(scenario, plan).passed
    assert {BreakCode.PHASE_CURRENT, BreakCode.ADDS_TO_EXCESS} & codes_of_blind


def test_a_cap_on_a_group_counts_what_is_installed_as_well() -> None:
    scenario = case("old-profile-until-acknowledged")
    cap = Cap(id="dimmed", start=NOON, end=NOON + timedelta(hours=1), evses=("one", "two"), import_limit_kw=9.0)
    scenario = replace(scenario, signals=(cap,))

    plan = optimize(scenario)

    assert audit(scenario, plan).passed
    assert plan.sessions[1].charge_power_kw == pytest.approx([1.0])
    assert BreakCode.GROUP_LIMIT in codes(scenario, blind(scenario))


def test_what_a_node_may_carry_is_told_with_what_is_installed() -> None:
    scenario = case("old-profile-until-acknowledged")
    plan = optimize(scenario)
    modest = replace(plan, nodes=tuple(replace(n, guaranteed_kw=n.guaranteed_kw - [1.0, 0.0]) for n in plan.nodes))

    assert codes(scenario, modest) == {BreakCode.NODE_PLAN}


WAYS: dict[str, Callable[[Scenario], Schedule]] = {
    "equal share": lambda site: heuristic(site, Method.EQUAL_SHARE),
    "earliest deadline first": lambda site: heuristic(site, Method.EARLIEST_DEADLINE_FIRST),
    "fail-safe": lambda site: fail_safe_plan(site, fail_safe_shares(site)),
    "the plan before": lambda site: carried_over(site, blind(site)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["old-profile-until-acknowledged", "evse-out-of-reach"])
def test_every_other_way_of_planning_counts_what_is_installed(name: str, way: str) -> None:
    scenario = case(name)

    report = audit(scenario, WAYS[way](scenario))

    assert report.passed, report.breaks


@pytest.mark.parametrize("way", WAYS)
def test_no_simple_rule_raises_a_car_above_its_old_profile_before_the_others_are_lowered(way: str) -> None:
    """Car a could take 11 kW; 8 kW are installed, and the rest of 11 kW is car b's."""
    scenario = case("old-profile-until-acknowledged")
    hungry = replace(scenario.sessions[0], energy_target_kwh=11.0)
    scenario = replace(scenario, sessions=(hungry, scenario.sessions[1]))

    report = audit(scenario, WAYS[way](scenario))

    assert report.passed, report.breaks


def test_nothing_is_sent_to_an_evse_out_of_reach() -> None:
    scenario = complete(case("evse-out-of-reach")).scenario

    made = compilation(scenario, optimize(scenario), now=NOON, fail_safe_kw=fail_safe_shares(scenario))

    assert [profile.evse_id for profile in made.profiles] == ["two"]
    assert [(one.session_id, one.reason) for one in made.not_sent] == [
        ("a", "EVSE one cannot be reached; send it a new plan when it is back")
    ]


def test_fail_safe_shares_leave_room_for_an_evse_out_of_reach() -> None:
    """11 kW less the 6 kW that it keeps for ever, shared among two, of which one may only come back."""
    scenario = case("evse-out-of-reach")

    assert sum(fail_safe_shares(scenario).values()) == pytest.approx(5.0)


def test_without_anything_installed_no_column_and_no_row_is_made() -> None:
    program = formulate(replace(case("evse-out-of-reach"), installed=())).program

    assert "reserved_power" not in program.columns
    assert "reserved_power_definition" not in program.rows
