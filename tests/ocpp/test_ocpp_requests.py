"""The messages: as each version spells them, against the published schemas and our own rules."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocpp_plans import AC, ONE_PHASE_CAR, START, dc, plan_for, scenario_of, schedule_of, schema_errors, session_at

from models.domain.errors import InvalidScenario
from models.domain.session import Vehicle
from models.domain.site import Evse, RateUnit, Station
from models.ocpp.capabilities import station_of
from models.ocpp.profile import Version
from models.ocpp.requests import OcppRequest, requests
from models.ocpp.rules import findings

SIXTEEN_THEN_EIGHT = (11.04, 5.6)  # 16 A and 8.1 A on three phases


def sent(version: Version, evse: Evse = AC, station: Station | None = None, **session_changes: object) -> OcppRequest:
    session = session_at(evse, **session_changes)
    scenario = scenario_of([evse], [session], [station] if station else [])
    (message,) = requests(version, scenario, plan_for(session, SIXTEEN_THEN_EIGHT), START, {evse.id: 4.14})
    return message


def test_version_16_spells_the_plan_as_cs_charging_profiles_of_a_connector() -> None:
    assert sent(Version.V16).payload == {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 12,
            "transactionId": 4711,
            "stackLevel": 1,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "startSchedule": "2026-03-02T16:59:00Z",
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 16.0},
                    {"startPeriod": 960, "limit": 8.1},
                    {"startPeriod": 1860, "limit": 6.0},
                ],
            },
        },
    }


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
def test_version_2_spells_the_plan_as_charging_profile_of_an_evse(version: Version) -> None:
    assert sent(version, vehicle=ONE_PHASE_CAR, transaction_id="tx-1").payload == {
        "evseId": 1,
        "chargingProfile": {
            "id": 12,
            "transactionId": "tx-1",
            "stackLevel": 1,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [
                {
                    "id": 12,
                    "startSchedule": "2026-03-02T16:59:00Z",
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 48.0, "numberPhases": 1},
                        {"startPeriod": 960, "limit": 24.3, "numberPhases": 1},
                        {"startPeriod": 1860, "limit": 6.0, "numberPhases": 1},
                    ],
                }
            ],
        },
    }


def test_a_version_may_be_told_by_its_name_and_an_unknown_one_is_refused() -> None:
    session = session_at(AC)
    scenario, plan = scenario_of([AC], [session]), plan_for(session, SIXTEEN_THEN_EIGHT)
    assert requests("2.0.1", scenario, plan, START, {AC.id: 4.14}) == (sent(Version.V201),)
    with pytest.raises(InvalidScenario, match=r"OCPP version '2.0' is not spoken - say one of 1.6, 2.0.1, 2.1"):
        requests("2.0", scenario, plan, START, {AC.id: 4.14})


def test_limits_travel_with_one_decimal() -> None:
    assert '"limit": 8.1}' in json.dumps(sent(Version.V16).payload)


def test_the_message_names_its_station_evse_and_session() -> None:
    message = sent(Version.V201)
    assert (message.station_id, message.evse_id, message.session_id) == ("alpha", "bay-1", "s-bay-1")
    assert message.action == "SetChargingProfile"


@pytest.mark.parametrize("version", list(Version))
def test_a_default_profile_names_no_transaction(version: Version) -> None:
    payload = sent(version, transaction_id=None).payload
    profile = payload["csChargingProfiles" if version is Version.V16 else "chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert "transactionId" not in profile


@pytest.mark.parametrize(
    ("version", "transaction_id"),
    [(Version.V16, "tx-1"), (Version.V16, ""), (Version.V16, "4.5"), (Version.V201, "x" * 37), (Version.V21, "")],
)
def test_a_transaction_id_that_the_version_cannot_carry_is_refused_by_name(
    version: Version, transaction_id: str
) -> None:
    with pytest.raises(InvalidScenario) as caught:
        sent(version, transaction_id=transaction_id)
    assert [finding.path for finding in caught.value.findings] == ["sessions[s-bay-1].transaction_id"]


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize(
    ("station", "complaint"),
    [
        (Station(id="alpha", max_stack_level=-1), r"InvalidStackLevel \(InvalidStackLevel\): stack level is -1"),
        (
            Station(id="alpha", max_periods=0),
            r"ChargingScheduleTooManyPeriods \(InvalidSchedule\): 1 periods at station alpha",
        ),
    ],
)
def test_a_message_that_breaks_a_rule_is_not_handed_out(version: Version, station: Station, complaint: str) -> None:
    with pytest.raises(InvalidScenario, match=complaint):
        sent(version, station=station)


power_kw = st.floats(0.0, 43.0) | st.sampled_from([0.0, 1.38, 4.14, 11.0, 22.08])


@pytest.mark.parametrize("version", list(Version))
@settings(max_examples=60)
@given(
    powers=st.lists(power_kw, min_size=1, max_size=60),
    evse=st.sampled_from([AC, dc(station="alpha")]),
    vehicle=st.sampled_from([None, ONE_PHASE_CAR, Vehicle(id="two", phases=2)]),
    transaction_id=st.sampled_from([None, "7"]),
    units=st.sampled_from([None, tuple(RateUnit)]),
    most=st.sampled_from([None, 1, 2, 5, 1000]),
    late_s=st.floats(-600.0, 60000.0),
    fail_safe_kw=st.floats(0.0, 43.0),
)
def test_every_payload_satisfies_the_published_schema_and_our_rules(
    version: Version,
    powers: list[float],
    evse: Evse,
    vehicle: Vehicle | None,
    transaction_id: str | None,
    units: tuple[RateUnit, ...] | None,
    most: int | None,
    late_s: float,
    fail_safe_kw: float,
) -> None:
    session = session_at(evse, vehicle=vehicle, transaction_id=transaction_id)
    station = Station(id="alpha", rate_units=units, max_periods=most)
    scenario = scenario_of([evse], [session], [station])
    now = START + timedelta(seconds=late_s)
    (message,) = requests(version, scenario, plan_for(session, powers), now, {evse.id: fail_safe_kw})
    assert schema_errors(version, message.payload) == []
    assert findings(version, message.payload, station, evse) == ()


def test_stations_of_a_site_get_their_messages_in_the_order_of_the_sessions() -> None:
    evses = [replace(AC, id=f"bay-{n}", station=f"post-{n}") for n in (1, 2, 3)]
    sessions = [session_at(evse) for evse in reversed(evses)]
    plan = schedule_of({session.id: (session.evse, [11.0]) for session in sessions})
    scenario = scenario_of(evses, sessions)
    messages = requests(Version.V16, scenario, plan, START, {evse.id: 4.14 for evse in evses})
    assert [message.station_id for message in messages] == ["post-3", "post-2", "post-1"]
    assert station_of(scenario.site, evses[0]) == Station(id="post-1")
