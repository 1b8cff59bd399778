"""Which profile carries a plan, and what else a station is to have: for each purpose, version and stack level."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ocpp_plans import AC, QUARTER, START, dc, pairs, plan_for, scenario_of, schedule_of, schema_errors, session_at

from models.domain.errors import InvalidScenario
from models.domain.failsafe import DailyStep
from models.domain.installed import Installed
from models.domain.scenario import Scenario
from models.domain.sending import Feature, PlanPurpose, StartToken, Version
from models.domain.session import Session
from models.domain.site import Connector, Evse, PhaseSeries, RateUnit, Station
from models.ocpp.bundle import bundle
from models.ocpp.compile import Compilation
from models.ocpp.manner import Manner, evse_at
from models.ocpp.messages import setting
from models.ocpp.profile import EvseProfile, Purpose, Slot, profile_id, slot_of
from models.ocpp.requests import checked_requests

TWO = (AC, replace(AC, id="bay-2", evse_number=2))
PLAN_KW = (11.04, 5.52)  # 16 A, then 8 A on three phases
REMOTE_START = {
    Version.V16: "RemoteStartTransaction",
    Version.V201: "RequestStartTransactionRequest",
    Version.V21: "RequestStartTransactionRequest",
}
SIX_TO_SIX = (
    DailyStep(start_s=0.0, power_kw=0.0),
    DailyStep(start_s=6 * 3600.0, power_kw=4.14),
    DailyStep(start_s=18 * 3600.0, power_kw=0.0),
)


def bundled(
    *evses: Evse,
    station: Station | None = None,
    purpose: PlanPurpose | None = None,
    version: Version = Version.V201,
    daily: dict[str, tuple[DailyStep, ...]] | None = None,
    scenario: Scenario | None = None,
    until_minutes: float | None = None,
    **session_changes: Any,
) -> Compilation:
    """One car at the first EVSE; every share is 4.14 kW, 6 A on three phases."""
    evses = evses or (AC,)
    session = session_at(evses[0], **session_changes)
    yard = scenario or scenario_of(evses, [session], [station] if station else [])
    until = None if until_minutes is None else START + timedelta(minutes=until_minutes)
    share_kw = {evse.id: 4.14 for evse in evses}
    manner = Manner(version=version, purpose=purpose, plan_until=until)
    found = bundle(yard, plan_for(session, PLAN_KW), now=START, fail_safe_kw=share_kw, daily=daily, manner=manner)
    checked_requests(yard.site, found.profiles)
    return found


def seen(found: Compilation) -> list[tuple[int, str, int, list[tuple[int, float]]]]:
    """Id, purpose, level and limits of each profile."""
    return [(p.profile.id, p.profile.purpose.name, p.profile.stack_level, pairs(p)) for p in found.profiles]


PLAN = [(0, 16.0), (960, 8.0), (1860, 6.0)]
SHARE = [(0, 6.0)]


def test_each_evse_has_a_default_without_end_and_with_a_car_a_plan_above_it_that_ends_in_the_same_share() -> None:
    assert seen(bundled(*TWO)) == [
        (11, "TX_DEFAULT", 0, SHARE),
        (21, "TX_DEFAULT", 0, SHARE),
        (12, "TX", 1, PLAN),
    ]


def test_until_a_transaction_is_told_a_tx_profile_waits_and_the_default_holds() -> None:
    found = bundled(purpose=PlanPurpose.TX_PROFILE, transaction_id=None)

    assert seen(found) == [(11, "TX_DEFAULT", 0, SHARE)]
    assert found.not_sent[0].reason == "no transaction is told yet; the default of its EVSE holds until then"


def test_transaction_0_is_one() -> None:
    found = bundled(purpose=PlanPurpose.TX_PROFILE, version=Version.V16, transaction_id="0")

    assert setting(found.profiles[-1]).payload["csChargingProfiles"]["transactionId"] == 0


def test_a_plan_in_a_default_stands_above_the_fail_safe_or_takes_its_place_where_there_is_one_level() -> None:
    above = bundled(purpose=PlanPurpose.TX_DEFAULT)
    single = bundled(purpose=PlanPurpose.TX_DEFAULT, station=Station(id="alpha", max_stack_level=0))
    crowded = bundled(purpose=PlanPurpose.TX_DEFAULT, station=Station(id="alpha", max_profiles=1))

    assert seen(above) == [(11, "TX_DEFAULT", 0, SHARE), (13, "TX_DEFAULT", 1, PLAN)]
    assert seen(single) == seen(crowded) == [(11, "TX_DEFAULT", 0, PLAN)]


def test_a_maximum_of_the_supply_takes_a_place_among_the_profiles_that_a_station_has_room_for() -> None:
    """Three profiles: maximum, fail-safe, plan. With room for two the plan takes the place of the fail-safe."""
    two, three = (Station(id="alpha", max_profiles=n, supply_current_a=63.0) for n in (2, 3))

    assert seen(bundled(purpose=PlanPurpose.TX_DEFAULT, station=two))[1:] == [(11, "TX_DEFAULT", 0, PLAN)]
    assert [one[0] for one in seen(bundled(purpose=PlanPurpose.TX_DEFAULT, station=three))] == [5, 11, 13]


def test_a_plan_in_the_maximum_of_a_station_has_no_default_beside_it_that_would_hold_it_down() -> None:
    found = bundled(purpose=PlanPurpose.STATION_MAX)
    (profile,) = found.profiles

    assert seen(found) == [(5, "STATION_MAX", 0, PLAN)]
    assert (profile.evse_id, profile.evse_number, profile.transaction_id) == ("bay-1", 0, None)


def test_a_maximum_carries_the_share_while_nobody_is_there_and_never_the_plan_of_one_of_two_evses() -> None:
    empty = bundled(purpose=PlanPurpose.STATION_MAX, arrival=START + QUARTER)
    two = bundled(*TWO, purpose=PlanPurpose.STATION_MAX)

    assert seen(empty) == [(5, "STATION_MAX", 0, SHARE)]
    assert seen(two) == [(11, "TX_DEFAULT", 0, SHARE), (21, "TX_DEFAULT", 0, SHARE)]
    assert two.not_sent[0].reason == "station alpha has 2 EVSEs: its maximum cannot carry the plan of one of them"


@pytest.mark.parametrize("version", list(Version))
def test_a_remote_start_carries_the_plan_without_a_transaction_and_a_tx_profile_follows_it(version: Version) -> None:
    token = StartToken(token="04A2", kind="ISO14443")
    start = bundled(purpose=PlanPurpose.REMOTE_START, version=version, transaction_id=None, start_token=token)
    running = bundled(purpose=PlanPurpose.REMOTE_START, version=version, start_token=token)
    message = setting(start.profiles[-1])

    assert message.action == ("RemoteStartTransaction" if version is Version.V16 else "RequestStartTransaction")
    assert "transactionId" not in message.payload["chargingProfile"]
    assert message.payload["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert schema_errors(version, message.payload, REMOTE_START[version]) == []
    assert setting(running.profiles[-1]).action == "SetChargingProfile"


def test_a_remote_start_without_a_token_says_what_is_missing() -> None:
    found = bundled(purpose=PlanPurpose.REMOTE_START, transaction_id=None)

    assert "give its start_token, or the transaction_id" in found.not_sent[0].reason


@pytest.mark.parametrize(
    ("version", "token"),
    [
        (Version.V16, StartToken(token="x" * 21)),
        (Version.V201, StartToken(token="a", kind="Badge")),
        (Version.V21, StartToken(token="")),
    ],
)
def test_a_token_that_the_version_cannot_carry_is_refused(version: Version, token: StartToken) -> None:
    with pytest.raises(InvalidScenario) as refused:
        bundled(purpose=PlanPurpose.REMOTE_START, version=version, transaction_id=None, start_token=token)

    assert [finding.path for finding in refused.value.findings] == ["sessions[s-bay-1].start_token"]


def test_what_a_station_says_comes_before_what_the_csms_says() -> None:
    station = Station(id="alpha", plan_purpose=PlanPurpose.TX_DEFAULT, ocpp_version=Version.V16)
    found = bundled(station=station, purpose=PlanPurpose.STATION_MAX)

    assert [profile.profile.purpose for profile in found.profiles] == [Purpose.TX_DEFAULT, Purpose.TX_DEFAULT]
    assert {profile.version for profile in found.profiles} == {Version.V16}


def test_the_share_holds_from_when_the_next_plan_is_overdue() -> None:
    assert pairs(bundled(until_minutes=10).profiles[-1]) == [(0, 16.0), (660, 6.0)]
    assert pairs(bundled(until_minutes=20).profiles[-1]) == [(0, 16.0), (960, 8.0), (1260, 6.0)]


def test_evses_that_take_turns_have_a_daily_default_and_a_tail_of_two_days_of_turns() -> None:
    """17:30, when the plan ends, lies in the turn from 6 to 18 o'clock; schedules begin at 16:59."""
    default, plan = bundled(daily={"bay-1": SIX_TO_SIX}).profiles
    minute, hour = 60, 3600

    assert (default.profile.kind, pairs(default)) == ("Recurring", [(0, 0.0), (6 * hour, 6.0), (18 * hour, 0.0)])
    assert default.profile.schedule.start.isoformat() == "2026-03-02T00:00:00+00:00"
    assert pairs(plan) == [
        (0, 16.0),
        (16 * minute, 8.0),
        (31 * minute, 6.0),
        (61 * minute, 0.0),
        (13 * hour + minute, 6.0),
        (25 * hour + minute, 0.0),
        (37 * hour + minute, 6.0),
        (49 * hour + minute, 0.0),
    ]


def test_a_station_of_ocpp_16_has_a_default_at_each_plug_and_the_plan_at_the_one_in_use() -> None:
    plugs = (Connector(id=1, number_in_16=3), Connector(id=2, number_in_16=4))
    evse = replace(AC, connectors=plugs)
    told = bundled(evse, version=Version.V16, connector=2)
    unknown = bundled(evse, version=Version.V16)

    assert [(p.evse_number, p.profile.id) for p in told.profiles] == [(3, 31), (4, 41), (4, 42)]
    assert [p.profile.id for p in unknown.profiles] == [31, 41]
    assert "tell the session's connector" in unknown.not_sent[0].reason
    assert [p.evse_number for p in bundled(evse, connector=2).profiles] == [1, 1]
    site = scenario_of([evse], []).site
    assert evse_at(site, "alpha", 4, Version.V16) == evse
    assert evse_at(site, "alpha", 1, Version.V16) is None


def test_a_station_that_tells_its_supply_gets_it_as_its_maximum_phase_by_phase_in_ocpp_21_only() -> None:
    uneven = Station(id="alpha", supply_current_a=PhaseSeries(L1=63.0, L2=63.0, L3=40.06))
    old = bundled(station=uneven).profiles[0]
    new = bundled(station=uneven, version=Version.V21).profiles[0]
    watts = bundled(station=replace(uneven, rate_units=(RateUnit.W,))).profiles[0]

    assert (old.evse_id, old.evse_number, pairs(old)) == (None, 0, [(0, 40.0)])
    (period,) = setting(new).payload["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert period == {"startPeriod": 0, "limit": 63.0, "limit_L2": 63.0, "limit_L3": 40.0}
    assert pairs(watts) == [(0, 27641.4)]  # 40.06 A x 230 V x 3


def test_whoever_comes_to_a_station_in_watts_gets_the_share_s_current_on_one_phase() -> None:
    """Of 4.14 kW on three phases one car could draw all of it, 18 A, on one; 1,380 W are 6 A there."""
    station = Station(id="alpha", rate_units=(RateUnit.W,))
    default, plan = bundled(station=station, vehicle=None).profiles

    assert pairs(default) == [(0, 1380.0)]
    assert {period.number_phases for period in (*default.profile.schedule.periods, *plan.profile.schedule.periods)} == {
        1
    }
    assert pairs(plan) == [(0, 3680.0), (960, 1840.0), (1860, 1380.0)]


def test_evses_out_of_reach_and_those_that_nothing_can_limit_get_no_default() -> None:
    away = scenario_of(TWO, [session_at(AC)])
    away = replace(away, installed=(Installed(evse="bay-2", reachable=False),))
    amperes_only = Station(id="alpha", rate_units=(RateUnit.A,))

    assert [p.profile.id for p in bundled(*TWO, scenario=away).profiles] == [11, 12]
    assert bundled(dc(station="alpha"), station=amperes_only).profiles == ()


def test_an_evse_without_a_share_is_refused_by_name_whether_a_car_is_there_or_not() -> None:
    session = session_at(AC)
    scenario = scenario_of(TWO, [session])
    with pytest.raises(InvalidScenario) as refused:
        bundle(scenario, plan_for(session, PLAN_KW), now=START, fail_safe_kw={"bay-1": 4.14})
    assert [finding.path for finding in refused.value.findings] == ["fail_safe_kw[bay-2]"]


def test_ids_come_from_evse_and_slot_above_those_that_are_reserved() -> None:
    found = bundled(station=Station(id="alpha", reserved_ids_up_to=100))

    assert [profile.profile.id for profile in found.profiles] == [111, 112]
    assert slot_of(112, 100) == (1, Slot.PLAN)
    assert slot_of(profile_id(7, Slot.PRIORITY)) == (7, Slot.PRIORITY)
    assert slot_of(77) is None


def test_no_profile_of_a_bundle_has_an_end_or_a_hole() -> None:
    stations = [Station(id="alpha", max_stack_level=k, features=tuple(Feature)) for k in (0, 1)]
    for version in Version:
        for station in stations:
            for purpose in (None, *PlanPurpose):
                for profile in bundled(*TWO, station=station, purpose=purpose, version=version).profiles:
                    assert_covers_all_time(profile)


def assert_covers_all_time(profile: EvseProfile) -> None:
    message = setting(profile).payload
    spelled = next(v for k, v in message.items() if k in ("csChargingProfiles", "chargingProfile"))
    schedule = spelled["chargingSchedule"]
    schedule = schedule if isinstance(schedule, dict) else schedule[0]
    assert "validTo" not in spelled
    assert "duration" not in schedule
    assert schedule["chargingSchedulePeriod"][0]["startPeriod"] == 0
    assert profile.profile.schedule.start <= START - timedelta(seconds=60)


def test_two_stations_of_different_versions_get_their_own_spelling_in_one_plan() -> None:
    evses = [replace(AC, id=f"bay-{n}", station=f"post-{n}") for n in (1, 2)]
    sessions: list[Session] = [session_at(evse) for evse in evses]
    stations = [Station(id="post-1", ocpp_version=Version.V16), Station(id="post-2", ocpp_version=Version.V21)]
    yard = scenario_of(evses, sessions, stations)
    plan = schedule_of({s.id: (s.evse, PLAN_KW) for s in sessions})
    found = bundle(yard, plan, now=START, fail_safe_kw=dict.fromkeys(["bay-1", "bay-2"], 4.14))
    messages = checked_requests(yard.site, found.profiles)

    assert [(m.station_id, "csChargingProfiles" in m.payload) for m in messages] == [
        ("post-1", True), ("post-2", False), ("post-1", True), ("post-2", False),
    ]  # fmt: skip
