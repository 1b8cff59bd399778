"""Our own validator: it finds each planted defect, also where the published schema sees none."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp_plans import AC, dc, schema_errors

from models.domain.sending import Feature
from models.domain.site import Evse, Phase, RateUnit, Station
from models.ocpp.profile import Version
from models.ocpp.reading import Circumstances
from models.ocpp.reasons import REASON_CODES
from models.ocpp.rules import findings
from models.ocpp.shape_rules import OPERATION_MODES

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
    return [finding.message.split(" ")[0] for finding in findings(version, payload, station, evse)]


def put(part: str, key: str, value: object) -> Defect:
    """A defect: one member of the profile, the schedule, or the first or second period is another."""

    def spoil(profile: Payload, schedule: Payload, periods: list[Payload]) -> None:
        target = {"profile": profile, "schedule": schedule, "first": periods[0], "second": periods[-1]}[part]
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
    assert (
        found[1].message
        == "ChargingSchedulePeriodUnsupportedNumberPhases (InvalidSchedule): numberPhases is absent, which means 3"
    )


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
        "ChargingSchedulePeriodInvalidLimit (InvalidSchedule): -5 is negative"
        " - send a number of at least 0 with one decimal"
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


SCOPE = Station(id="alpha", max_periods=3, features=tuple(Feature), takes_setpoints=True, rate_units=tuple(RateUnit))
EVERY_MODE = Circumstances(operation_modes=frozenset(OPERATION_MODES))
NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


LOCAL = put("schedule", "useLocalTime", True)


def broken_21(
    *defects: Defect, station: Station = SCOPE, given: Circumstances = EVERY_MODE, evse: Evse | None = AC
) -> list[tuple[str, str]]:
    """Rule and reason code of each finding in a profile of 2.1."""
    payload = good(Version.V21)
    profile = payload["chargingProfile"]
    for defect in defects:
        defect(profile, profile["chargingSchedule"][0], profile["chargingSchedule"][0]["chargingSchedulePeriod"])
    found = findings(Version.V21, payload, station, evse, given)
    named = [re.match(r"(\w+) \((\w+)\):", finding.message) for finding in found]
    return [(match[1], match[2]) for match in named if match]


def mode(name: str, **values: object) -> Defect:
    """The second period in another mode, with these values in place of its limit."""

    def spoil(_profile: Payload, _schedule: Payload, periods: list[Payload]) -> None:
        periods[1] = {"startPeriod": 900, "operationMode": name, **values}

    return spoil


def single(_profile: Payload, _schedule: Payload, periods: list[Payload]) -> None:
    del periods[1]


DYNAMIC = put("profile", "chargingProfileKind", "Dynamic")
DEFAULT = put("profile", "chargingProfilePurpose", "TxDefaultProfile")
NO_TRANSACTION = put("profile", "transactionId", None)
PRIORITY = put("profile", "chargingProfilePurpose", "PriorityCharging")
POINTS = [{"frequency": 49.8, "power": -5000}, {"frequency": 50.2, "power": 5000}]
CURVE = {"v2xBaseline": 0, "v2xFreqWattCurve": POINTS}
DELAY = put("schedule", "randomizedDelay", 9)
SWITCHES = (put("first", "numberPhases", 1), put("first", "phaseToUse", 2))
BARE = Station(id="alpha", max_periods=3)


def test_a_good_profile_of_each_kind_of_21_breaks_no_rule() -> None:
    central = mode("CentralSetpoint", setpoint=-8.0, dischargeLimit=-10.0, limit=0.0)
    watts = put("schedule", "chargingRateUnit", "W")

    assert broken_21(central) == []
    assert broken_21(single, DYNAMIC, put("profile", "dynUpdateTime", "2026-03-02T16:59:00Z")) == []
    assert broken_21(put("profile", "maxOfflineDuration", 300)) == []
    assert broken_21(put("schedule", "limitAtSoC", {"soc": 80, "limit": 6.0})) == []
    assert broken_21(put("schedule", "randomizedDelay", 600), put("schedule", "useLocalTime", True)) == []
    assert broken_21(watts, mode("LocalFrequency", **CURVE)) == []
    assert broken_21(mode("Idle", evseSleep=True)) == []
    assert broken_21(PRIORITY, NO_TRANSACTION) == []


@pytest.mark.parametrize(
    ("defects", "rule", "code"),
    [
        ([put("first", "phaseToUse", 1)], "InvalidPhaseToUse", "InvalidSchedule"),
        ([PRIORITY, NO_TRANSACTION, put("schedule", "duration", 60)], "PriorityChargingDuration", "InvalidSchedule"),
        ([PRIORITY, NO_TRANSACTION, mode("Idle")], "InvalidOperationModeForPurpose", "InvalidOperationMode"),
        ([PRIORITY, NO_TRANSACTION, DELAY], "RandomizedDelayPurpose", "InvalidSchedule"),
        ([DYNAMIC], "DynamicProfileNotOnePeriod", "InvalidProfile"),
        ([put("profile", "dynUpdateInterval", 60)], "DynamicFieldsExtraneous", "InvalidProfile"),
        ([mode("ChargingOnly", limit=8.0, evseSleep=True)], "EvseSleep", "InvalidSchedule"),
        ([mode("LocalFrequency", **CURVE)], "FrequencyInWatts", "UnsupportedRateUnit"),
        ([put("schedule", "chargingRateUnit", "W"), mode("LocalFrequency")], "NoFreqWattCurve", "NoFreqWattCurve"),
        ([mode("CentralSetpoint", setpoint=9.0, limit=8.0)], "SetpointOutsideLimits", "InvalidSchedule"),
        ([mode("CentralSetpoint", setpoint=-9.0, dischargeLimit=-8.0)], "SetpointOutsideLimits", "InvalidSchedule"),
        ([mode("CentralSetpoint", setpoint=9.0, setpoint_L2=-9.0)], "SetpointSigns", "InvalidSchedule"),
        (
            [DEFAULT, NO_TRANSACTION, mode("CentralSetpoint", setpoint=9.0, setpoint_L2=9.0)],
            "PhaseConflict",
            "PhaseConflict",
        ),
        ([mode("CentralSetpoint", limit=9.0)], "MissingValue", "InvalidSchedule"),
        ([mode("ChargingOnly", limit=9.0, setpoint=8.0)], "ExtraneousValue", "InvalidSchedule"),
        ([mode("Idle", limit=9.0)], "ExtraneousValue", "InvalidSchedule"),
        ([mode("CentralSetpoint", setpoint=float("nan"))], "InvalidNumber", "InvalidSchedule"),
        ([put("first", "limit_L2", float("inf"))], "InvalidLimit", "InvalidSchedule"),
        ([put("first", "limit_L2", -1.0)], "InvalidLimit", "InvalidSchedule"),
        ([mode("Sideways", limit=9.0)], "InvalidEnum", "InvalidValue"),
        ([put("profile", "chargingProfileKind", "Sometimes")], "InvalidProfileKind", "UnsupportedKind"),
        ([put("profile", "recurrencyKind", "Hourly")], "InvalidEnum", "InvalidValue"),
        ([put("profile", "chargingProfileKind", "Recurring")], "MissingRecurrencyKind", "InvalidProfile"),
        ([put("profile", "chargingProfilePurpose", "Party")], "InvalidProfileType", "UnsupportedPurpose"),
        ([put("profile", "id", None)], "MissingField", "MissingParam"),
        ([put("schedule", "id", None)], "MissingField", "MissingParam"),
        ([put("profile", "id", "x")], "InvalidProfileId", "InvalidProfileId"),
        ([put("profile", "colour", "red")], "InvalidField", "UnsupportedParam"),
    ],
)  # fmt: skip
def test_a_defect_of_21_is_found_with_its_reason_code(defects: list[Defect], rule: str, code: str) -> None:
    found = broken_21(*defects)

    assert any(name.endswith(rule) and reason == code for name, reason in found), found


@pytest.mark.parametrize(
    ("defects", "rule", "code"),
    [
        ([*SWITCHES], "PhaseSwitchingUnsupported", "InvalidSchedule"),
        ([PRIORITY, NO_TRANSACTION], "InvalidProfileType", "UnsupportedPurpose"),
        ([single, DYNAMIC], "DynamicProfilesUnsupported", "UnsupportedKind"),
        ([put("schedule", "useLocalTime", True)], "UnsupportedScheduleFeature", "InvalidSchedule"),
        ([put("schedule", "randomizedDelay", 60)], "UnsupportedScheduleFeature", "InvalidSchedule"),
        ([put("schedule", "limitAtSoC", {"soc": 80, "limit": 6.0})], "UnsupportedScheduleFeature", "InvalidSchedule"),
        ([mode("Idle", evseSleep=True)], "UnsupportedScheduleFeature", "InvalidSchedule"),
        ([mode("CentralSetpoint", setpoint=8.0)], "UnsupportedOperationMode", "InvalidOperationMode"),
        ([mode("LocalLoadBalancing")], "UnsupportedLocalLoadBalancing", "UnsupportedParam"),
    ],
)  # fmt: skip
def test_what_a_station_did_not_say_that_it_has_is_refused(defects: list[Defect], rule: str, code: str) -> None:
    found = broken_21(*defects, station=BARE, given=Circumstances())

    assert any(name.endswith(rule) and reason == code for name, reason in found), found


def test_on_dc_numbers_by_phase_are_refused() -> None:
    found = broken_21(mode("CentralSetpoint", setpoint=9.0, setpoint_L2=9.0), evse=dc())

    assert ("ChargingSchedulePeriodExtraneousPhaseValues", "NoPhaseForDC") in found


@pytest.mark.parametrize(
    ("version", "part", "key", "value"),
    [
        (Version.V16, "first", "phaseToUse", 1),
        (Version.V16, "schedule", "id", 1),
        (Version.V16, "profile", "maxOfflineDuration", 60),
        (Version.V201, "first", "setpoint", -8.0),
        (Version.V201, "first", "operationMode", "CentralSetpoint"),
        (Version.V201, "first", "dischargeLimit", -8.0),
        (Version.V201, "schedule", "limitAtSoC", {"soc": 80, "limit": 6.0}),
        (Version.V201, "profile", "dynUpdateTime", "2026-03-02T17:00:00Z"),
    ],
)
def test_a_field_of_a_later_version_is_refused(version: Version, part: str, key: str, value: object) -> None:
    assert "InvalidField" in rules(version, spoilt(version, put(part, key, value)), station=SCOPE)


@pytest.mark.parametrize("version", [Version.V16, Version.V201])
def test_kind_dynamic_and_purpose_priority_are_of_21_only(version: Version) -> None:
    assert rules(version, spoilt(version, DYNAMIC), station=SCOPE) == ["InvalidProfileKind"]
    assert "InvalidProfileType" in rules(version, spoilt(version, PRIORITY), station=SCOPE)


def other(number: int = 1, **changes: object) -> tuple[int, Payload]:
    """A profile that is installed, like the good one but for its id."""
    return number, good(Version.V21)["chargingProfile"] | {"id": 77} | changes


@pytest.mark.parametrize(
    ("defects", "given", "rule", "code"),
    [
        ([], {"transactions": {1: "other"}}, "TxProfileTransactionNotOnEvse", "TxNotFound"),
        ([], {"transactions": {}}, "TxProfileTransactionNotOnEvse", "TxNotFound"),
        ([], {"installed": (other(),)}, "TxProfileConflictingStackLevel", "InvalidStackLevel"),
        (
            [DEFAULT, NO_TRANSACTION],
            {"installed": (other(0, chargingProfilePurpose="TxDefaultProfile"),)},
            "DuplicateTxDefaultProfileFound",
            "DuplicateProfile",
        ),
        (
            [DEFAULT, NO_TRANSACTION],
            {"installed": (other(chargingProfilePurpose="TxDefaultProfile"),)},
            "DuplicateProfileValidityPeriod",
            "DuplicateProfile",
        ),
        (
            [],
            {"installed": (other(0, id=12, chargingProfilePurpose="ChargingStationExternalConstraints"),)},
            "ExistingChargingStationExternalConstraints",
            "DuplicateProfile",
        ),
        (
            [],
            {"now": NOW, "updated_at": {(1, "TxProfile"): NOW - timedelta(seconds=10)}},
            "ChargingProfileRateLimitExceeded",
            "RateLimitExceeded",
        ),
        ([], {"clock_ahead_s": 300.0}, "StationClockOff", "InvalidSchedule"),
        ([], {"clock_ahead_s": -300.0}, "StationClockOff", "InvalidSchedule"),
        ([], {"now": NOW - timedelta(minutes=5)}, "ChargingProfileStartsInTheFuture", "InvalidSchedule"),
        ([LOCAL], {"now": NOW}, "ChargingProfileStartsInTheFuture", "InvalidSchedule"),
    ],
)
def test_what_does_not_fit_to_its_surroundings_is_refused_with_its_reason_code(
    defects: list[Defect], given: dict[str, Any], rule: str, code: str
) -> None:
    station = replace(SCOPE, update_interval_s=60.0)

    assert broken_21(*defects, station=station, given=Circumstances(**given)) == [(rule, code)]


def test_a_start_by_the_clock_of_a_station_is_over_everywhere_after_half_a_day() -> None:
    given = Circumstances(now=NOW + timedelta(hours=12))

    assert broken_21(LOCAL, given=given) == []
    assert broken_21(LOCAL, given=replace(given, now=NOW + timedelta(hours=11))) != []


def test_what_fits_to_its_surroundings_is_not_refused() -> None:
    given = Circumstances(
        now=NOW,
        clock_ahead_s=-30.0,
        transactions={1: "tx"},
        installed=(other(id=12), other(stackLevel=0), other(transactionId="before"), other(2)),
        updated_at={(1, "TxProfile"): NOW - timedelta(seconds=60), (2, "TxProfile"): NOW},
    )
    apart = {"validFrom": "2026-03-03T00:00:00Z", "chargingProfilePurpose": "TxDefaultProfile"}
    ended = put("profile", "validTo", "2026-03-03T00:00:00Z")

    station = replace(SCOPE, update_interval_s=60.0)
    assert broken_21(station=station, given=replace(given, installed=given.installed[:3])) == []
    assert broken_21(DEFAULT, NO_TRANSACTION, ended, given=Circumstances(installed=(other(**apart),))) == []


def test_ids_of_external_constraints_are_not_ours_to_give() -> None:
    station = replace(SCOPE, reserved_ids_up_to=100)

    assert broken_21(station=station) == [("InvalidProfileId", "InvalidProfileId")]
    assert broken_21(put("profile", "id", 112), station=station) == []


def test_every_rule_has_a_reason_code_that_fits_into_a_status() -> None:
    """At most 20 characters, CiString of StatusInfoType."""
    assert all(0 < len(code) <= 20 for code in REASON_CODES.values())
