"""What each version calls the things that are asked of a station."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.ocpp.profile import Version

KEYS_16 = {
    "rate_units": "ChargingScheduleAllowedChargingRateUnit",
    "max_periods": "ChargingScheduleMaxPeriods",
    "max_stack_level": "ChargeProfileMaxStackLevel",
    "max_profiles": "MaxChargingProfilesInstalled",
    "phase_switching": "ConnectorSwitch3to1PhaseSupported",
}
VARIABLES_2X = {
    "rate_units": ("SmartChargingCtrlr", "RateUnit", None),
    "max_periods": ("SmartChargingCtrlr", "PeriodsPerSchedule", None),
    "max_stack_level": ("SmartChargingCtrlr", "ProfileStackLevel", None),
    "max_profiles": ("SmartChargingCtrlr", "Entries", "ChargingProfiles"),
    "phase_switching": ("SmartChargingCtrlr", "ACPhaseSwitchingSupported", None),
    "enabled": ("SmartChargingCtrlr", "Enabled", None),
    "available": ("SmartChargingCtrlr", "Available", None),
    "update_rate_limit_s": ("SmartChargingCtrlr", "UpdateRateLimit", None),
    "additional_purposes": ("SmartChargingCtrlr", "SupportedAdditionalPurposes", None),
    "dynamic_profiles": ("SmartChargingCtrlr", "SupportsFeature", "DynamicProfiles"),
    "limit_at_soc": ("SmartChargingCtrlr", "SupportsFeature", "LimitAtSoC"),
    "randomized_delay": ("SmartChargingCtrlr", "SupportsFeature", "RandomizedDelay"),
    "use_local_time": ("SmartChargingCtrlr", "SupportsFeature", "UseLocalTime"),
    "evse_sleep": ("SmartChargingCtrlr", "SupportsFeature", "EvseSleep"),
    "reserved_ids_up_to": ("SmartChargingCtrlr", "MaxExternalConstraintsId", None),
    "v2x_available": ("V2XChargingCtrlr", "Available", None),
    "v2x_enabled": ("V2XChargingCtrlr", "Enabled", None),
    "operation_modes": ("V2XChargingCtrlr", "SupportedOperationModes", None),
}
"""Component, variable, instance."""
COUNTED_BY_LIMIT = ("max_profiles",)
"""``Entries`` counts what is installed; how many may be is its characteristic ``maxLimit``."""

Answer = Mapping[str, Any]


def values_of(version: Version, answer: Answer) -> dict[str, str]:
    """What was told, by our names: of GetConfiguration.conf in 1.6, of GetVariables or NotifyReport in 2.x."""
    found = _of_16(answer) if version is Version.V16 else _of_2x(answer)
    return {name: text for name, text in found if text is not None}


def _of_16(answer: Answer) -> Iterator[tuple[str, str | None]]:
    given = {_plain(entry.get("key")): entry.get("value") for entry in _objects(answer.get("configurationKey"))}
    for name, key in KEYS_16.items():
        yield name, _text(given.get(_plain(key)))


def _of_2x(answer: Answer) -> Iterator[tuple[str, str | None]]:
    entries = [*_objects(answer.get("getVariableResult")), *_objects(answer.get("reportData"))]
    given = {_place(entry): entry for entry in entries}
    for name, (component, variable, instance) in VARIABLES_2X.items():
        entry = given.get((_plain(component), _plain(variable), _plain(instance)))
        if entry is not None:
            yield name, _limit(entry) if name in COUNTED_BY_LIMIT else _actual(entry)


def _place(entry: Answer) -> tuple[str, str, str]:
    component, variable = _object(entry.get("component")), _object(entry.get("variable"))
    return _plain(component.get("name")), _plain(variable.get("name")), _plain(variable.get("instance"))


def _actual(entry: Answer) -> str | None:
    attributes = _objects(entry.get("variableAttribute"))
    actual = next((a for a in attributes if a.get("type", "Actual") == "Actual"), {})
    return _text(entry.get("attributeValue", actual.get("value")))


def _limit(entry: Answer) -> str | None:
    return _text(_object(entry.get("variableCharacteristics")).get("maxLimit"))


def _objects(items: Any) -> list[Answer]:
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _object(item: Any) -> Answer:
    return item if isinstance(item, Mapping) else {}


def _plain(name: Any) -> str:
    """Names are compared without regard to case, as OCPP says."""
    return "" if name is None else str(name).strip().lower()


def _text(given: Any) -> str | None:
    return None if given is None else str(given)
