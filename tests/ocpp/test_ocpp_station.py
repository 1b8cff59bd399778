"""What stations tell of themselves, as they really spell it, and what is known of some of them."""

from typing import Any

import pytest

from models.domain.sending import Feature
from models.domain.site import RateUnit, Station
from models.ocpp.profile import Version
from models.ocpp.station import Capability, Identity, capability

A, W = RateUnit.A, RateUnit.W
BOX = Identity(station_id="box")


def keys(**given: str | None) -> dict[str, Any]:
    return {"configurationKey": [{"key": k, "readonly": True, "value": v} for k, v in given.items() if v is not None]}


def variable(component: str, name: str, value: str, instance: str | None = None) -> dict[str, Any]:
    return {
        "attributeStatus": "Accepted",
        "attributeValue": value,
        "component": {"name": component},
        "variable": {"name": name} | ({} if instance is None else {"instance": instance}),
    }


def of_16(**given: str | None) -> Capability:
    return capability(BOX, Version.V16, keys(**given))


def test_the_keys_of_a_plain_station_of_16_become_its_entry_in_a_scenario() -> None:
    found = of_16(
        ChargingScheduleAllowedChargingRateUnit="Current,Power",
        ChargingScheduleMaxPeriods="48",
        ChargeProfileMaxStackLevel="8",
        MaxChargingProfilesInstalled="10",
        ConnectorSwitch3to1PhaseSupported="false",
    )

    assert found.station == Station(id="box", rate_units=(A, W), max_periods=48, max_stack_level=8, max_profiles=10)
    assert (found.max_profiles, found.phase_switching, found.defects) == (10, False, ())


@pytest.mark.parametrize(
    ("text", "units"),
    [("W", (W,)), ("current", (A,)), ("Power; Current", (A, W)), ("['A', 'W']", (A, W)), ("Amps", (A,)), ("", None)],
)
def test_units_are_read_in_every_spelling_seen(text: str, units: tuple[RateUnit, ...] | None) -> None:
    assert of_16(ChargingScheduleAllowedChargingRateUnit=text).rate_units == units


def test_a_unit_that_is_none_is_a_defect_and_the_others_hold() -> None:
    found = of_16(ChargingScheduleAllowedChargingRateUnit="Current,Horsepower")

    assert found.rate_units == (A,)
    assert found.defects == ("'Horsepower' is no unit",)


@pytest.mark.parametrize(("text", "number"), [(" 24 ", 24), ("24.0", 24), ('"24"', 24), ("many", None), ("-1", None)])
def test_numbers_are_read_with_dust_around_them_and_nothing_else_is_one(text: str, number: int | None) -> None:
    found = of_16(ChargingScheduleMaxPeriods=text)

    assert found.max_periods == number
    assert bool(found.defects) == (number is None)


def test_no_periods_at_all_are_a_defect_and_count_as_not_told() -> None:
    found = of_16(ChargingScheduleMaxPeriods="0")

    assert found.max_periods is None
    assert found.defects == ("max_periods is 0; 24 are sent at most",)


def test_variables_of_2x_are_found_by_component_name_and_instance() -> None:
    answer = {
        "getVariableResult": [
            variable("SmartChargingCtrlr", "RateUnit", "A,W"),
            variable("smartchargingctrlr", "PeriodsPerSchedule", "1024"),
            variable("SmartChargingCtrlr", "ProfileStackLevel", "3"),
            variable("SmartChargingCtrlr", "SupportsFeature", "true", "DynamicProfiles"),
            variable("SmartChargingCtrlr", "SupportsFeature", "false", "LimitAtSoC"),
            variable("SmartChargingCtrlr", "UpdateRateLimit", "60"),
            variable("V2XChargingCtrlr", "Available", "true"),
            variable("V2XChargingCtrlr", "SupportedOperationModes", "ChargingOnly,CentralSetpoint"),
        ]
    }

    found = capability(BOX, Version.V21, answer)

    assert found.station == Station(
        id="box",
        rate_units=(A, W),
        max_periods=1024,
        max_stack_level=3,
        takes_setpoints=True,
        features=(Feature.DYNAMIC_PROFILES,),
        update_interval_s=60,
    )
    assert found.features == ("dynamic_profiles", "v2x")
    assert found.operation_modes == ("ChargingOnly", "CentralSetpoint")
    assert found.update_rate_limit_s == 60


def test_a_report_of_2x_tells_how_many_profiles_may_be_installed_not_how_many_are() -> None:
    entries = {
        "component": {"name": "SmartChargingCtrlr"},
        "variable": {"name": "Entries", "instance": "ChargingProfiles"},
        "variableAttribute": [{"type": "Actual", "value": "2"}],
        "variableCharacteristics": {"maxLimit": 20.0},
    }

    assert capability(BOX, Version.V201, {"reportData": [entries]}).max_profiles == 20


def test_smart_charging_that_is_switched_off_is_told() -> None:
    answer = {"getVariableResult": [variable("SmartChargingCtrlr", "Enabled", "false")]}

    assert not capability(BOX, Version.V201, answer).smart_charging
    assert capability(BOX, Version.V201, {}).smart_charging


def test_what_is_known_of_a_make_comes_before_what_it_tells() -> None:
    terra = Identity(station_id="terra", vendor="ABB", model="TerraAC W22", firmware="1.8.0")

    found = capability(terra, Version.V16, keys(ChargeProfileMaxStackLevel="999"))

    assert found.max_stack_level == 0
    assert any("rejects valid limits" in defect for defect in found.defects)
    assert capability(BOX, Version.V16, keys(ChargeProfileMaxStackLevel="999")).max_stack_level == 999


@pytest.mark.parametrize("answer", [{}, {"configurationKey": None}, {"configurationKey": [7, {"key": None}]}])
def test_whatever_a_station_answers_nothing_is_raised(answer: dict[str, Any]) -> None:
    assert capability(BOX, Version.V16, answer).station == Station(id="box")
