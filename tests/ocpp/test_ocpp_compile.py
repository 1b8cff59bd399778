"""From a plan to profiles: who gets one, from when, with which limits and after what."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ocpp_plans import (
    AC,
    ONE_PHASE_CAR,
    QUARTER,
    START,
    THREE_PHASE_CAR,
    dc,
    limit_at,
    pairs,
    plan_for,
    scenario_of,
    schedule_of,
    session_at,
)

from models.domain.errors import InvalidScenario
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.site import Evse, Phase, RateUnit, Station, Wiring
from models.domain.units import kw_from_watts
from models.ocpp.compile import compilation, compile_profiles
from models.ocpp.profile import EvseProfile, Purpose


def compiled(
    evse: Evse = AC,
    powers_kw: tuple[float, ...] = (11.04, 11.04, 5.52),
    *,
    now: datetime = START,
    fail_safe_kw: float = 4.14,
    station: Station | None = None,
    **session_changes: object,
) -> EvseProfile:
    session = session_at(evse, **session_changes)
    scenario = scenario_of([evse], [session], [station] if station else [])
    (profile,) = compile_profiles(scenario, plan_for(session, powers_kw), now=now, fail_safe_kw={evse.id: fail_safe_kw})
    return profile


def test_a_plan_becomes_limits_from_a_minute_ago_and_ends_in_the_fail_safe_share() -> None:
    profile = compiled()  # 11.04 kW = 16 A, 5.52 kW = 8 A on three phases
    assert profile.profile.schedule.start == START - timedelta(seconds=60)
    assert pairs(profile) == [(0, 16.0), (1860, 8.0), (2760, 6.0)]


def test_the_period_that_runs_now_is_extended_back_and_earlier_ones_are_gone() -> None:
    now = START + timedelta(minutes=30, seconds=20.7)
    profile = compiled(now=now)
    assert profile.profile.schedule.start == START + timedelta(minutes=29, seconds=20)
    assert pairs(profile) == [(0, 8.0), (940, 6.0)]


def test_a_car_that_came_after_the_start_of_the_plan_gets_its_setpoints_from_its_first_period_on() -> None:
    session = session_at(AC, arrival=START + QUARTER)
    plan = plan_for(session, [11.04, 5.52], first_period=1)  # from 17:15 on
    (profile,) = compile_profiles(scenario_of([AC], [session]), plan, now=START + QUARTER, fail_safe_kw={AC.id: 4.14})
    assert pairs(profile) == [(0, 16.0), (960, 8.0), (1860, 6.0)]


def test_before_a_plan_that_starts_later_the_fail_safe_share_holds() -> None:
    assert pairs(compiled(now=START - QUARTER, arrival=START - 2 * QUARTER)) == [
        (0, 6.0),
        (960, 16.0),
        (2760, 8.0),
        (3660, 6.0),
    ]


def test_a_plan_for_the_next_minute_counts_as_begun() -> None:
    assert pairs(compiled(now=START - timedelta(seconds=30)))[0] == (0, 16.0)


def test_a_plan_that_is_over_leaves_the_fail_safe_share() -> None:
    assert pairs(compiled(now=START + timedelta(hours=3))) == [(0, 6.0)]


def test_after_the_planned_departure_nothing_flows_until_the_plan_ends() -> None:
    second = replace(AC, id="bay-2", evse_number=2)
    leaver, stayer = session_at(AC, departure=START + QUARTER), session_at(second)
    plan = schedule_of({leaver.id: (AC.id, [11.04]), stayer.id: (second.id, [5.52, 11.04, 11.04])})
    profiles = compile_profiles(
        scenario_of([AC, second], [leaver, stayer]), plan, now=START, fail_safe_kw={"bay-1": 4.14, "bay-2": 4.14}
    )
    assert pairs(profiles[0]) == [(0, 16.0), (960, 0.0), (2760, 6.0)]
    assert pairs(profiles[1]) == [(0, 8.0), (960, 16.0), (2760, 6.0)]


def test_a_fail_safe_share_below_the_minimum_current_is_a_pause() -> None:
    assert pairs(compiled(fail_safe_kw=4.0))[-1] == (2760, 0.0)


def test_a_one_phase_car_is_sent_one_phase_and_the_share_of_that_phase() -> None:
    profile = compiled(powers_kw=(3.68,), vehicle=ONE_PHASE_CAR)
    assert pairs(profile) == [(0, 16.0), (960, 6.0)]
    assert {period.number_phases for period in profile.profile.schedule.periods} == {1}


def test_a_one_phase_car_at_a_station_in_watts_gets_a_third_of_the_share() -> None:
    profile = compiled(powers_kw=(3.68,), vehicle=ONE_PHASE_CAR, station=Station(id="alpha", rate_units=(RateUnit.W,)))
    assert pairs(profile) == [(0, 3680.0), (960, 1380.0)]


@pytest.mark.parametrize(
    ("evse", "phases"),
    [
        (AC, None),
        (replace(AC, phases=(Phase.L2,)), 1),
        (replace(AC, phases=None), 1),
        (replace(AC, phases=(Phase.L1, Phase.L2)), 2),
        (replace(AC, phases=(Phase.L1, Phase.L2), wiring=Wiring.LINE_TO_LINE, voltage_v=208.0), 1),
        (dc(), None),
    ],
)
def test_the_phases_told_are_those_that_carry_current(evse: Evse, phases: int | None) -> None:
    profile = compiled(evse, vehicle=THREE_PHASE_CAR)
    assert {period.number_phases for period in profile.profile.schedule.periods} == {phases}


@pytest.mark.parametrize(
    ("evse", "rate_units", "unit"),
    [
        (AC, None, RateUnit.A),
        (AC, (RateUnit.W, RateUnit.A), RateUnit.A),
        (AC, (RateUnit.W,), RateUnit.W),
        (dc(station="alpha"), None, RateUnit.W),
        (dc(station="alpha"), (RateUnit.A, RateUnit.W), RateUnit.W),
    ],
)
def test_the_unit_is_one_that_the_station_takes(
    evse: Evse, rate_units: tuple[RateUnit, ...] | None, unit: RateUnit
) -> None:
    assert compiled(evse, station=Station(id="alpha", rate_units=rate_units)).profile.schedule.unit is unit


def test_limits_in_watts_are_the_power_over_all_phases() -> None:
    profile = compiled(station=Station(id="alpha", rate_units=(RateUnit.W,)))
    assert pairs(profile) == [(0, 11040.0), (1860, 5520.0), (2760, 4140.0)]


def test_a_transaction_gets_its_own_profile_and_a_session_without_one_the_default_of_its_evse() -> None:
    with_one, without = compiled(), compiled(transaction_id=None)
    assert (with_one.profile.purpose, with_one.profile.stack_level, with_one.profile.id) == (Purpose.TX, 1, 12)
    assert (without.profile.purpose, without.profile.stack_level, without.profile.id) == (Purpose.TX_DEFAULT, 1, 13)


def test_the_stack_level_stays_within_what_the_station_takes() -> None:
    assert compiled(station=Station(id="alpha", max_stack_level=0)).profile.stack_level == 0
    assert compiled(station=Station(id="alpha", max_stack_level=999)).profile.stack_level == 1


def test_profile_ids_are_the_same_for_the_next_plan_and_differ_between_evses() -> None:
    later = compiled(now=START + QUARTER, powers_kw=(7.0, 7.0))
    assert later.profile.id == compiled().profile.id
    assert compiled(replace(AC, id="bay-7", evse_number=7)).profile.id == 72


def test_an_evse_without_station_is_its_own() -> None:
    profile = compiled(replace(AC, station=None, evse_number=1))
    assert (profile.evse_id, profile.station_id, profile.evse_number) == ("bay-1", "bay-1", 1)
    assert (profile.session_id, profile.transaction_id) == ("s-bay-1", "4711")


def not_sent(session: Session, schedule: Schedule, *others: Session, station: Station | None = None) -> str:
    evse = dc(station="alpha") if session.evse == "fast-1" else AC
    scenario = scenario_of([evse], [session, *others], [station] if station else [])
    outcome = compilation(scenario, schedule, now=START, fail_safe_kw={evse.id: 4.14})
    (left_out,) = [entry for entry in outcome.not_sent if entry.session_id == session.id]
    assert session.id not in {profile.session_id for profile in outcome.profiles}
    return left_out.reason


def test_a_session_that_arrives_later_is_left_out_and_told() -> None:
    session = session_at(AC, arrival=START + timedelta(seconds=1))
    reason = not_sent(session, plan_for(session, [7.0]))
    assert reason == "arrives at 2026-03-02T17:00:01+00:00; send a plan made after that"


def test_a_session_that_was_to_leave_by_now_is_left_out_and_told() -> None:
    session = session_at(AC, departure=START)
    assert not_sent(session, plan_for(session, [7.0])).startswith("was to leave at 2026-03-02T17:00:00+00:00")


def test_a_session_without_plan_is_left_out_and_told() -> None:
    planned, forgotten = session_at(AC, id="planned"), session_at(AC)
    assert not_sent(forgotten, plan_for(planned, [7.0]), planned) == "the schedule has no plan for it"


def test_of_two_sessions_at_one_evse_the_later_one_is_sent() -> None:
    first = session_at(AC, id="first", arrival=START - 2 * QUARTER)
    second = session_at(AC, id="second")
    plan = schedule_of({"first": (AC.id, [7.0]), "second": (AC.id, [7.0])})
    assert not_sent(first, plan, second).startswith("session second stands at EVSE bay-1 since")


def test_a_dc_evse_whose_station_takes_only_amperes_is_left_out_and_told() -> None:
    session = session_at(dc())
    reason = not_sent(session, plan_for(session, [50.0]), station=Station(id="alpha", rate_units=(RateUnit.A,)))
    assert reason == "station alpha takes A, which cannot limit the DC EVSE fast-1"


def refusal(scenario: Scenario, schedule: Schedule, share_kw: dict[str, float], now: datetime = START) -> list[str]:
    with pytest.raises(InvalidScenario) as caught:
        compile_profiles(scenario, schedule, now=now, fail_safe_kw=share_kw)
    return [finding.path for finding in caught.value.findings]


@pytest.mark.parametrize("share_kw", [{}, {"bay-1": -1.0}, {"bay-1": float("nan")}, {"bay-1": float("inf")}])
def test_an_evse_without_a_usable_fail_safe_share_is_refused_by_name(share_kw: dict[str, float]) -> None:
    session = session_at(AC)
    assert refusal(scenario_of([AC], [session]), plan_for(session, [7.0]), share_kw) == ["fail_safe_kw[bay-1]"]


def test_setpoints_that_are_no_powers_are_refused_all_at_once() -> None:
    session = session_at(AC)
    found = refusal(scenario_of([AC], [session]), plan_for(session, [float("nan"), 7.0, -1.0]), {"bay-1": 4.14})
    assert found == ["schedule.sessions[0].charge_power_kw[0]", "schedule.sessions[0].charge_power_kw[2]"]


def test_a_plan_of_another_scenario_is_refused() -> None:
    session, stranger = session_at(AC), session_at(AC, id="stranger")
    scenario = scenario_of([AC], [session])
    assert refusal(scenario, plan_for(stranger, [7.0]), {"bay-1": 4.14}) == ["schedule.sessions[0].session_id"]
    elsewhere = replace(plan_for(session, [7.0]), site_id="elsewhere")
    assert refusal(scenario, elsewhere, {"bay-1": 4.14}) == ["schedule.site_id"]
    moved = schedule_of({session.id: ("bay-9", [7.0])})
    assert refusal(scenario, moved, {"bay-1": 4.14}) == ["schedule.sessions[0].evse_id"]
    longer = plan_for(session, [7.0, 7.0], quarters=[0, 1])
    assert refusal(scenario, longer, {"bay-1": 4.14}) == ["schedule.sessions[0].first_period"]


def test_an_instant_without_time_zone_is_refused() -> None:
    session = session_at(AC)
    naive = START.replace(tzinfo=None)
    assert refusal(scenario_of([AC], [session]), plan_for(session, [7.0]), {"bay-1": 4.14}, naive) == ["now"]


power = st.floats(0.0, 22.0) | st.sampled_from([0.0, 4.14, 11.0, 22.0])


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    powers=st.lists(st.tuples(power, power, power), min_size=1, max_size=40),
    units=st.sampled_from([None, (RateUnit.W,)]),
    most=st.integers(2, 12),
    late_s=st.floats(0.0, 3600.0),
)
def test_what_is_sent_never_exceeds_what_is_planned_at_any_instant(
    powers: list[tuple[float, float, float]], units: tuple[RateUnit, ...] | None, most: int, late_s: float
) -> None:
    evses = [replace(AC, id=f"bay-{n}", evse_number=n) for n in (1, 2, 3)]
    sessions = [session_at(evse) for evse in evses]
    columns = list(zip(*powers, strict=True))
    plan = schedule_of({s.id: (s.evse, columns[i]) for i, s in enumerate(sessions)})
    now = START + timedelta(seconds=late_s)
    profiles = compile_profiles(
        scenario_of(evses, sessions, [Station(id="alpha", rate_units=units, max_periods=most)]),
        plan,
        now=now,
        fail_safe_kw=dict.fromkeys(["bay-1", "bay-2", "bay-3"], 4.14),
    )
    kw_per_unit = kw_from_watts(1.0) if units else 0.69
    assert all(len(profile.profile.schedule.periods) <= most for profile in profiles)
    for t, row in enumerate(powers):
        for instant_s in (plan.instants_s[t], plan.instants_s[t + 1] - 1):
            if instant_s >= now.timestamp():
                sent = [float(limit_at(profile, instant_s)) * kw_per_unit for profile in profiles]
                assert all(one <= planned + 1.01e-6 for one, planned in zip(sent, row, strict=True))
                assert sum(sent) <= sum(row) + 3.03e-6
    assert {limit_at(profile, max(now.timestamp(), plan.instants_s[-1])) for profile in profiles} == {
        Decimal("4140" if units else "6")
    }
