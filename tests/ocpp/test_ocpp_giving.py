"""What cars give back: never told to stations of OCPP 1.6 and 2.0.1, told to those of 2.1 that take setpoints."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ocpp_plans import AC, START, dc, plan_for, scenario_of, schema_errors, session_at

from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.site import Evse, Station
from models.ocpp.compile import compilation, withheld
from models.ocpp.manner import Manner
from models.ocpp.profile import Version
from models.ocpp.requests import requests

SHARE = {AC.id: 4.14}
V2X = Station(id="alpha", takes_setpoints=True)
CHARGES, GIVES = (11.04, 0.0, 0.0, 11.04), (0.0, 5.6, 0.0, 0.0)  # 16 A, then 8.1 A back, on three phases


def plan(session: Session, gives: tuple[float, ...] = GIVES) -> Schedule:
    schedule = plan_for(session, CHARGES)
    giving = replace(schedule.sessions[0], discharge_power_kw=np.array(gives))
    return replace(schedule, sessions=(giving,))


def periods(version: Version, station: Station = V2X, evse: Evse = AC) -> list[dict[str, Any]]:
    """As they travel in a message that keeps the published schema."""
    session = session_at(evse)
    scenario = scenario_of([evse], [session], [station])
    (message,) = requests(version, scenario, plan(session), START, {evse.id: 4.14})
    assert not schema_errors(version, message.payload)
    if version is Version.V16:
        return list(message.payload["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"])
    (schedule,) = message.payload["chargingProfile"]["chargingSchedule"]
    return list(schedule["chargingSchedulePeriod"])


def test_version_21_is_told_what_to_give_back_as_a_central_setpoint_below_0() -> None:
    given = {"operationMode": "CentralSetpoint", "setpoint": -8.1, "dischargeLimit": -8.1}
    assert periods(Version.V21) == [
        {"startPeriod": 0, "limit": 16.0},
        {"startPeriod": 960, "limit": 0.0, **given},
        {"startPeriod": 1860, "limit": 0.0},
        {"startPeriod": 2760, "limit": 16.0},
        {"startPeriod": 3660, "limit": 6.0},
    ]


def test_on_dc_a_setpoint_is_in_watts() -> None:
    assert periods(Version.V21, evse=dc(station="alpha"))[1]["setpoint"] == -5600.0


@pytest.mark.parametrize("version", [Version.V16, Version.V201])
def test_other_versions_are_told_a_limit_of_0_while_the_plan_gives_back(version: Version) -> None:
    told = periods(version, Station(id="alpha"))

    assert [(one["startPeriod"], one["limit"]) for one in told] == [(0, 16.0), (960, 0.0), (2760, 16.0), (3660, 6.0)]
    assert [one["limit"] for one in periods(version)] == [16.0, 0.0, 16.0, 6.0]
    assert not any("setpoint" in one for one in (*told, *periods(version)))


def test_a_station_that_does_not_say_that_it_takes_setpoints_gets_none() -> None:
    assert not any("setpoint" in one for one in periods(Version.V21, Station(id="alpha")))


def test_a_station_of_few_periods_charges_as_planned_and_gives_nothing_back() -> None:
    few = periods(Version.V21, Station(id="alpha", takes_setpoints=True, max_periods=4))

    assert [(one["startPeriod"], one["limit"]) for one in few] == [(0, 16.0), (960, 0.0), (2760, 16.0), (3660, 6.0)]
    assert not any("setpoint" in one for one in few)


@pytest.mark.parametrize(
    ("version", "station", "reason"),
    [
        (Version.V16, V2X, "OCPP 1.6 has no setpoints"),
        (Version.V201, V2X, "OCPP 2.0.1 has no setpoints"),
        (Version.V21, Station(id="alpha"), "station alpha does not say that it takes setpoints"),
        (Version.V21, Station(id="alpha", takes_setpoints=True, max_periods=4), "more periods than the station takes"),
    ],
)
def test_what_is_not_told_to_a_station_is_told_to_the_operator(version: Version, station: Station, reason: str) -> None:
    session = session_at(AC)
    scenario, schedule = scenario_of([AC], [session], [station]), plan(session)
    profiles = compilation(scenario, schedule, now=START, fail_safe_kw=SHARE, manner=Manner(version=version)).profiles
    (kept,) = withheld(scenario, schedule, profiles)

    assert kept.session_id == session.id
    assert kept.reason.startswith("1.4 kWh to give back are not sent")
    assert reason in kept.reason


def test_what_is_told_is_not_withheld() -> None:
    session = session_at(AC)
    scenario, schedule = scenario_of([AC], [session], [V2X]), plan(session)
    profiles = compilation(
        scenario, schedule, now=START, fail_safe_kw=SHARE, manner=Manner(version=Version.V21)
    ).profiles

    assert not withheld(scenario, schedule, profiles)


def test_a_second_that_two_periods_share_gives_back_what_both_do() -> None:
    """Periods that change at half a second: the second between charging and giving back does neither."""
    session = session_at(AC)
    halves = plan_for(session, CHARGES, quarters=np.array([0.0, 1.0, 2.0, 3.0, 4.0]) + 0.5 / 900)
    schedule = replace(halves, sessions=(replace(halves.sessions[0], discharge_power_kw=np.array(GIVES)),))
    scenario = scenario_of([AC], [session], [V2X])
    (profile,) = compilation(
        scenario, schedule, now=START, fail_safe_kw=SHARE, manner=Manner(version=Version.V21)
    ).profiles

    told = [(p.start_s, float(p.limit), p.setpoint and float(p.setpoint)) for p in profile.profile.schedule.periods]
    assert told[:4] == [(0, 16.0, None), (960, 0.0, None), (961, 0.0, -8.1), (1860, 0.0, None)]
