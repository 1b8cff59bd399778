"""What only OCPP 2.1 can say of a plan, and that every station without it gets the profile of 2.0.1."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ocpp_plans import AC, START, THREE_PHASE_CAR, pairs, plan_for, scenario_of, schema_errors, session_at

from models.domain.scenario import Scenario
from models.domain.sending import Feature, PlanPurpose, Version
from models.domain.signal import Cap
from models.domain.site import Station
from models.ocpp.additions import update_times
from models.ocpp.bundle import bundle
from models.ocpp.manner import Manner
from models.ocpp.messages import setting, updating
from models.ocpp.profile import EvseProfile, ProfileKind, Slot
from models.ocpp.requests import checked_requests
from models.ocpp.reread import profile_of
from models.ocpp.steps import lowest_ahead
from models.ocpp.v21 import pull_answer, use_priority_charging

PLAN_KW = (11.04, 5.52, 8.28)  # 16, 8, 12 A on three phases
ALL = Station(id="alpha", features=tuple(Feature), takes_setpoints=True)
RANDOM = 600


def profiles(
    station: Station = ALL, version: Version = Version.V21, scenario: Scenario | None = None, **changes: Any
) -> list[EvseProfile]:
    manner_changes = {name: changes.pop(name) for name in ("randomized_delay_s", "priority") if name in changes}
    session = session_at(AC, **changes)
    yard = scenario or scenario_of([AC], [session], [station])
    manner = Manner(version=version, **manner_changes)
    found = bundle(yard, plan_for(session, PLAN_KW), now=START, fail_safe_kw={AC.id: 4.14}, manner=manner).profiles
    for message in checked_requests(yard.site, found):
        assert schema_errors(version, message.payload) == []
    return list(found)


def profile_json(profile: EvseProfile) -> dict[str, Any]:
    told: dict[str, Any] = setting(profile).payload["chargingProfile"]
    return told


def test_a_dynamic_plan_says_what_holds_now_and_gives_way_to_the_default_when_nobody_is_heard() -> None:
    plan = profiles(replace(ALL, dynamic_plan=True))[-1]
    told = profile_json(plan)

    assert (told["chargingProfileKind"], told["maxOfflineDuration"]) == ("Dynamic", 900)
    assert told["chargingSchedule"][0]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 16.0}]
    later = [(when - START, float(period.limit)) for when, period in update_times(plan)]
    assert later == [(timedelta(minutes=15), 8.0), (timedelta(minutes=30), 12.0), (timedelta(minutes=45), 6.0)]


def test_an_update_and_the_answer_to_a_pull_say_the_same() -> None:
    plan = profiles(replace(ALL, dynamic_plan=True))[-1]
    (_, period), *_ = update_times(plan)
    message = updating(plan, period)

    assert (message.action, message.payload) == (
        "UpdateDynamicSchedule",
        {"chargingProfileId": 12, "scheduleUpdate": {"limit": 8.0}},
    )
    assert schema_errors(Version.V21, message.payload, "UpdateDynamicScheduleRequest") == []
    assert pull_answer(period) == {"status": "Accepted", "scheduleUpdate": {"limit": 8.0}}
    assert pull_answer(None)["status"] == "Rejected"
    for answer in (pull_answer(period), pull_answer(None)):
        assert schema_errors(Version.V21, answer, "PullDynamicScheduleUpdateResponse") == []


@pytest.mark.parametrize(
    ("station", "version"),
    [
        (replace(ALL, dynamic_plan=True), Version.V201),
        (replace(ALL, dynamic_plan=True), Version.V16),
        (Station(id="alpha", dynamic_plan=True), Version.V21),
    ],
)
def test_without_the_feature_a_dynamic_plan_is_an_absolute_one(station: Station, version: Version) -> None:
    plan = profiles(station, version)[-1]

    assert plan.profile.kind is ProfileKind.ABSOLUTE
    assert pairs(plan) == [(0, 16.0), (960, 8.0), (1860, 12.0), (2760, 6.0)]


def test_a_ceiling_of_the_battery_is_a_limit_at_its_state_of_charge() -> None:
    """45 of 60 kWh are 75 %."""
    car = replace(THREE_PHASE_CAR, battery_capacity_kwh=60.0)
    plan = profiles(vehicle=car, energy_ceiling_kwh=45.0)[-1]
    old = profiles(version=Version.V201, vehicle=car, energy_ceiling_kwh=45.0)[-1]

    assert profile_json(plan)["chargingSchedule"][0]["limitAtSoC"] == {"soc": 75, "limit": 0.0}
    assert "limitAtSoC" not in profile_json(old)["chargingSchedule"][0]
    assert "limitAtSoC" not in profile_json(profiles(vehicle=car)[-1])["chargingSchedule"][0]


def test_a_random_delay_never_takes_a_station_above_its_plan() -> None:
    """Ten minutes late at most: rises come as planned, falls ten minutes earlier."""
    plan = profiles(randomized_delay_s=RANDOM)[-1]

    assert profile_json(plan)["chargingSchedule"][0]["randomizedDelay"] == RANDOM
    assert pairs(plan) == [(0, 16.0), (360, 8.0), (1860, 12.0), (2160, 6.0)]
    assert lowest_ahead(((0, 160), (960, 80), (1860, 120)), 0, 24) == ((0, 160), (960, 80), (1860, 120))


def test_a_plan_in_the_maximum_of_a_station_begins_at_once_and_is_not_lowered_for_a_delay() -> None:
    (plan,) = profiles(replace(ALL, plan_purpose=PlanPurpose.STATION_MAX), randomized_delay_s=RANDOM)

    assert "randomizedDelay" not in profile_json(plan)["chargingSchedule"][0]
    assert pairs(plan) == [(0, 16.0), (960, 8.0), (1860, 12.0), (2760, 6.0)]


def test_nothing_is_delayed_while_a_utility_asks_for_something() -> None:
    cap = Cap(id="dimmed", start=START, end=START + timedelta(hours=1), import_limit_kw=20.0)
    session = session_at(AC)
    asked = replace(scenario_of([AC], [session], [ALL]), signals=(cap,))
    over = replace(asked, signals=(replace(cap, start=START - timedelta(hours=2), end=START - timedelta(hours=1)),))

    now, then = (profiles(scenario=yard, randomized_delay_s=RANDOM)[-1] for yard in (asked, over))

    assert "randomizedDelay" not in profile_json(now)["chargingSchedule"][0]
    assert "randomizedDelay" in profile_json(then)["chargingSchedule"][0]


def test_priority_is_a_profile_of_its_own_that_a_message_switches_on() -> None:
    found = {profile.slot: profile for profile in profiles(priority=True)}

    assert pairs(found[Slot.PRIORITY]) == [(0, 32.0)]
    assert profile_json(found[Slot.PRIORITY])["chargingProfilePurpose"] == "PriorityCharging"
    assert Slot.PRIORITY not in {profile.slot for profile in profiles(Station(id="alpha"), priority=True)}
    message = use_priority_charging("tx-1", activate=True)
    assert schema_errors(Version.V21, message, "UsePriorityChargingRequest") == []


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("station", [ALL, replace(ALL, dynamic_plan=True), Station(id="alpha")])
def test_what_is_read_back_from_a_message_is_what_it_was_made_of(version: Version, station: Station) -> None:
    car = replace(THREE_PHASE_CAR, battery_capacity_kwh=60.0)
    made = profiles(station, version, vehicle=car, energy_ceiling_kwh=45.0, randomized_delay_s=RANDOM, priority=True)
    site = scenario_of([AC], [], [station]).site

    for profile in made:
        read = profile_of(site, version, "alpha", setting(profile).payload)
        assert read == replace(profile, session_id=None, updates=())
