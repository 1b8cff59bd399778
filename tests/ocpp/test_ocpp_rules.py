"""Our own validator: it finds each planted defect, also where the published schema sees none."""

import json
import os
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp_plans import AC, dc, schema_errors

from models.domain.site import Evse, Phase, RateUnit, Station
from models.ocpp.profile import Version
from models.ocpp.rules import findings

STATION = Station(id="alpha", max_periods=3)
Payload = dict[str, Any]
Defect = Callable[[Payload, Payload, list[Payload]], None]


def good(version: Version) -> Payload:
    periods = [{"startPeriod": 0, "limit": 16.0, "numberPhases": 3}, {"startPeriod": 900, "limit": 8.1}]
    schedule = {"startSchedule": "2026-03-02T16:59:00Z", "chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    profile = {"stackLevel": 1, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Absolute"}
    if version is Version.V16:
        inner = {"chargingProfileId": 12, "transactionId": 7, "chargingSchedule": schedule}
        return {"connectorId": 1, "csChargingProfiles": profile | inner}
    inner = {"id": 12, "transactionId": "tx", "chargingSchedule": [{"id": 12} | schedule]}
    return {"evseId": 1, "chargingProfile": profile | inner}


def spoilt(version: Version, defect: Defect) -> Payload:
    payload = deepcopy(good(version))
    profile = payload["csChargingProfiles" if version is Version.V16 else "chargingProfile"]
    schedule = profile["chargingSchedule"] if version is Version.V16 else profile["chargingSchedule"][0]
    defect(profile, schedule, schedule["chargingSchedulePeriod"])
    return payload


def rules(version: Version, payload: Payload, evse: Evse | None = AC, station: Station = STATION) -> list[str]:
    return [finding.message.split(":")[0] for finding in findings(version, payload, station, evse)]


def put(part: str, key: str, value: object) -> Defect:
    """A defect: one member of the profile, the schedule, or the first or second period is another."""

    def spoil(profile: Payload, schedule: Payload, periods: list[Payload]) -> None:
        target = {"profile": profile, "schedule": schedule, "first": periods[0], "second": periods[1]}[part]
        target[key] = value
        if value is None:
            del target[key]

    return spoil


SEEN_BY_NO_SCHEMA = [
    (put("first", "limit", -5.0), "ChargingSchedulePeriodInvalidLimit"),
    (put("schedule", "startSchedule", "soon"), "InvalidDateTime"),
    (put("schedule", "startSchedule", "2026-02-30T17:00:00Z"), "InvalidDateTime"),
    (put("schedule", "startSchedule", "2026-03-02T17:00:00"), "InvalidDateTime"),
    (put("schedule", "startSchedule", "2026-03-02T18:00:00+01:00"), "InvalidDateTime"),
    (put("profile", "validTo", "2026-13-01T00:00:00Z"), "InvalidDateTime"),
    (put("schedule", "startSchedule", None), "ChargingProfileMissingRequiredStartSchedule"),
    (put("profile", "chargingProfileKind", "Relative"), "ChargingProfileExtraneousStartSchedule"),
    (put("first", "startPeriod", 60), "ChargingProfileFirstStartScheduleIsNotZero"),
    (put("second", "startPeriod", 0), "ChargingSchedulePeriodsOutOfOrder"),
    (put("second", "startPeriod", -900), "ChargingSchedulePeriodsOutOfOrder"),
    (put("schedule", "chargingRateUnit", "W"), "ChargingScheduleChargingRateUnitUnsupported"),
    (put("profile", "stackLevel", 2), "InvalidStackLevel"),
    (put("profile", "chargingProfilePurpose", "TxDefaultProfile"), "ExtraneousTransactionId"),
    (
        lambda _profile, _schedule, periods: periods.extend(
            [{"startPeriod": 1800, "limit": 6.0}, {"startPeriod": 2700, "limit": 7.0}]
        ),
        "ChargingScheduleTooManyPeriods",
    ),
]


@pytest.mark.parametrize("version", list(Version))
def test_a_good_payload_breaks_no_rule_and_no_schema(version: Version) -> None:
    assert rules(version, good(version)) == []
    assert schema_errors(version, good(version)) == []


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize(("defect", "rule"), SEEN_BY_NO_SCHEMA)
def test_a_planted_defect_that_the_schema_passes_is_found(version: Version, defect: Defect, rule: str) -> None:
    payload = spoilt(version, defect)
    assert schema_errors(version, payload) == []
    assert rules(version, payload) == [rule]


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        (put("first", "limit", 8.55), "ChargingSchedulePeriodInvalidLimit"),
        (put("first", "limit", 0.1 + 0.2), "ChargingSchedulePeriodInvalidLimit"),
        (put("second", "limit", float("nan")), "ChargingSchedulePeriodInvalidLimit"),
        (put("second", "limit", float("inf")), "ChargingSchedulePeriodInvalidLimit"),
        (put("second", "limit", "16"), "ChargingSchedulePeriodInvalidLimit"),
        (put("second", "limit", True), "ChargingSchedulePeriodInvalidLimit"),
        (put("second", "limit", None), "ChargingSchedulePeriodInvalidLimit"),
        (put("schedule", "minChargingRate", 6.05), "ChargingSchedulePeriodInvalidLimit"),
        (put("second", "startPeriod", 899.5), "ChargingSchedulePeriodsOutOfOrder"),
        (put("second", "startPeriod", None), "ChargingSchedulePeriodsOutOfOrder"),
        (put("schedule", "chargingSchedulePeriod", []), "ChargingProfileNoChargingSchedulePeriods"),
        (put("profile", "chargingSchedule", None), "ChargingProfileNoChargingSchedulePeriods"),
        (put("schedule", "chargingRateUnit", "kW"), "ChargingScheduleChargingRateUnitUnsupported"),
        (put("schedule", "startSchedule", 1772470740), "InvalidDateTime"),
        (put("profile", "stackLevel", -1), "InvalidStackLevel"),
        (put("profile", "stackLevel", None), "InvalidStackLevel"),
        (put("profile", "transactionId", 4.5), "InvalidTransactionId"),
        (put("first", "numberPhases", 4), "ChargingSchedulePeriodUnsupportedNumberPhases"),
        (put("first", "numberPhases", 0), "ChargingSchedulePeriodUnsupportedNumberPhases"),
        (put("first", "phaseToUse", 1), "ChargingSchedulePeriodInvalidPhaseToUse"),
    ],
)
def test_a_planted_defect_is_found_in_every_version(version: Version, defect: Defect, rule: str) -> None:
    assert rules(version, spoilt(version, defect)) == [rule]


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
def test_a_tx_profile_of_version_2_names_its_transaction(version: Version) -> None:
    assert rules(version, spoilt(version, put("profile", "transactionId", None))) == ["TxProfileMissingTransactionId"]
    assert rules(version, spoilt(version, put("profile", "transactionId", "x" * 37))) == ["InvalidTransactionId"]
    assert rules(Version.V16, spoilt(Version.V16, put("profile", "transactionId", None))) == []


@pytest.mark.parametrize("version", list(Version))
def test_a_tx_profile_is_for_one_evse_and_the_right_one(version: Version) -> None:
    number = "connectorId" if version is Version.V16 else "evseId"
    both = ["TxProfileEvseIdNotGreaterThanZero", "EvseDoesNotExist"]
    assert rules(version, good(version) | {number: 0}) == both
    assert rules(version, good(version) | {number: 2}) == ["EvseDoesNotExist"]


@pytest.mark.parametrize("version", list(Version))
def test_dc_is_sent_watts_without_phases(version: Version) -> None:
    payload = spoilt(version, put("schedule", "chargingRateUnit", "W"))
    assert rules(version, payload, dc()) == ["ChargingSchedulePeriodExtraneousPhaseValues"]


def test_an_absent_number_of_phases_is_three_and_too_many_for_a_one_phase_supply() -> None:
    one_phase = replace(AC, phases=(Phase.L1,))
    found = findings(Version.V201, good(Version.V201), STATION, one_phase)
    periods = "chargingProfile.chargingSchedule[0].chargingSchedulePeriod"
    assert [finding.path for finding in found] == [f"{periods}[{i}].numberPhases" for i in (0, 1)]
    assert found[1].message == "ChargingSchedulePeriodUnsupportedNumberPhases: numberPhases is absent, which means 3"


@pytest.mark.parametrize("version", list(Version))
def test_a_station_maximum_is_for_the_whole_station_and_never_relative(version: Version) -> None:
    name = "ChargePointMaxProfile" if version is Version.V16 else "ChargingStationMaxProfile"
    payload = spoilt(version, put("profile", "chargingProfilePurpose", name))
    profile = payload["csChargingProfiles" if version is Version.V16 else "chargingProfile"]
    del profile["transactionId"]
    number = "connectorId" if version is Version.V16 else "evseId"
    assert rules(version, payload) == ["ChargingStationMaxProfileEvseIdGreaterThanZero"]
    assert rules(version, payload | {number: 0}, evse=None) == []
    profile["chargingProfileKind"] = "Relative"
    found = rules(version, payload | {number: 0}, evse=None)
    assert found == ["ChargingStationMaxProfileCannotBeRelative", "ChargingProfileExtraneousStartSchedule"]


def test_external_constraints_are_not_ours_to_send() -> None:
    payload = spoilt(Version.V21, put("profile", "chargingProfilePurpose", "ChargingStationExternalConstraints"))
    assert "InvalidProfileType" in rules(Version.V21, payload)


def test_a_finding_tells_place_reason_and_way_out() -> None:
    (finding,) = findings(Version.V16, spoilt(Version.V16, put("second", "limit", -5)), STATION, AC)
    assert str(finding) == (
        "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[1].limit: "
        "ChargingSchedulePeriodInvalidLimit: -5 is negative - send a number of at least 0 with one decimal"
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
places = st.sampled_from(
    [
        *[("profile", key) for key in ("chargingSchedule", "transactionId", "stackLevel", "validFrom")],
        *[("profile", key) for key in ("chargingProfilePurpose", "chargingProfileKind")],
        *[("schedule", key) for key in ("chargingSchedulePeriod", "startSchedule", "chargingRateUnit")],
        *[("second", key) for key in ("startPeriod", "limit", "numberPhases", "phaseToUse")],
    ]
)


@pytest.mark.parametrize("version", list(Version))
@given(place=places, value=json_values, evse=st.sampled_from([AC, dc(), None]))
def test_any_json_gets_findings_and_never_a_crash(
    version: Version, place: tuple[str, str], value: Any, evse: Evse | None
) -> None:
    found = findings(version, spoilt(version, put(*place, value)), STATION, evse)
    assert all(finding.path and finding.remedy for finding in found)
    assert findings(version, value if isinstance(value, dict) else {}, STATION, evse)


def profiles_of_a_real_station() -> list[dict[str, Any]]:
    data = os.environ.get("CHARGEWRIGHT_DATA")
    if not data:
        pytest.skip("set CHARGEWRIGHT_DATA to the folder that holds ocpp/libocpp_vectors")
    folder = Path(data, "ocpp", "libocpp_vectors", "v2", "profiles")
    return [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))]


def test_profiles_of_a_real_stations_own_tests_break_only_the_two_rules_that_are_for_senders() -> None:
    liberal = Station(id="everest", rate_units=tuple(RateUnit), max_periods=1024, max_stack_level=1000)
    broken: Counter[str] = Counter()
    for profile in profiles_of_a_real_station():
        number = 0 if profile["chargingProfilePurpose"] == "ChargingStationMaxProfile" else 1
        payload = {"evseId": number, "chargingProfile": profile}
        broken.update(rules(Version.V201, payload, AC if number else None, liberal) or ["none"])
    # One default profile carries a transaction, one profile is an external constraint: nothing a CSMS may send.
    assert broken == {"none": 39, "ExtraneousTransactionId": 1, "InvalidProfileType": 1}
