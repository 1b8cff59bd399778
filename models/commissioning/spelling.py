"""Requests of the script as each version spells them; times and transaction ids are filled in when they are sent."""

from collections.abc import Sequence
from typing import Any

from models.commissioning.steps import START, TRANSACTION, Request
from models.domain.site import RateUnit
from models.ocpp.messages import asking_composite, clearing
from models.ocpp.profile import Purpose, Slot, Version, profile_id
from models.ocpp.station.keys import KEYS_16, VARIABLES_2X
from models.ocpp.v16 import PURPOSE

SLOT = {Purpose.STATION_MAX: Slot.STATION_MAX, Purpose.TX_DEFAULT: Slot.FAIL_SAFE, Purpose.TX: Slot.PLAN}
"""The ids of the bundle and the plan, so that what is left behind is replaced by them."""
SAMPLE_S = 15
"""Between two meter values. [s]"""
MEASURANDS = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"
Periods = Sequence[tuple[int, float]]
"""Start [s] and limit in the unit."""


def set_profile(version: Version, evse: int, purpose: Purpose, level: int, unit: RateUnit, periods: Periods) -> Request:
    """A profile of kind Absolute that has begun and has no end; the station's maximum goes to EVSE 0."""
    place = 0 if purpose is Purpose.STATION_MAX else evse
    profile: dict[str, Any] = {"stackLevel": level, "chargingProfileKind": "Absolute"}
    if purpose is Purpose.TX:
        profile["transactionId"] = TRANSACTION
    number = profile_id(place, SLOT[purpose])
    schedule = {
        "startSchedule": START,
        "chargingRateUnit": unit.value,
        "chargingSchedulePeriod": [{"startPeriod": start, "limit": round(limit, 1)} for start, limit in periods],
    }
    if version is Version.V16:
        profile |= {"chargingProfileId": number, "chargingProfilePurpose": PURPOSE[purpose]}
        payload = {"connectorId": place, "csChargingProfiles": profile | {"chargingSchedule": schedule}}
    else:
        profile |= {"id": number, "chargingProfilePurpose": purpose.value}
        payload = {"evseId": place, "chargingProfile": profile | {"chargingSchedule": [schedule | {"id": number}]}}
    return Request(action="SetChargingProfile", payload=payload)


def clear_profile(version: Version, evse: int, purpose: Purpose) -> Request:
    """Of one id."""
    message = clearing(version, profile_id(0 if purpose is Purpose.STATION_MAX else evse, SLOT[purpose]))
    return Request(action=message.action, payload=message.payload)


def read_keys(version: Version) -> Request:
    """What the station tells of its smart charging."""
    if version is Version.V16:
        keys = [*KEYS_16.values(), "NumberOfConnectors"]
        return Request(action="GetConfiguration", payload={"key": keys})
    asked = [_variable(*place) for place in VARIABLES_2X.values()]
    return Request(action="GetVariables", payload={"getVariableData": asked})


def set_metering(version: Version) -> tuple[Request, ...]:
    """Energy, power, current and voltage every quarter of a minute."""
    if version is Version.V16:
        wanted = {"MeterValuesSampledData": MEASURANDS, "MeterValueSampleInterval": str(SAMPLE_S)}
        return tuple(
            Request(action="ChangeConfiguration", payload={"key": key, "value": value}) for key, value in wanted.items()
        )
    wanted = {"TxUpdatedMeasurands": MEASURANDS, "TxUpdatedInterval": str(SAMPLE_S)}
    data = [_variable("SampledDataCtrlr", name, None) | {"attributeValue": value} for name, value in wanted.items()]
    return (Request(action="SetVariables", payload={"setVariableData": data}),)


def composite(version: Version, evse: int, seconds: int) -> Request:
    message = asking_composite(version, evse, seconds)
    return Request(action=message.action, payload=message.payload)


def reset(version: Version) -> Request:
    return Request(action="Reset", payload={"type": "Soft" if version is Version.V16 else "Immediate"})


def start(version: Version, evse: int) -> Request:
    if version is Version.V16:
        return Request(action="RemoteStartTransaction", payload={"connectorId": evse, "idTag": "commissioning"})
    token = {"idToken": "commissioning", "type": "Central"}
    payload = {"evseId": evse, "idToken": token, "remoteStartId": 1}
    return Request(action="RequestStartTransaction", payload=payload)


def _variable(component: str, name: str, instance: str | None) -> dict[str, Any]:
    told = {"name": name} if instance is None else {"name": name, "instance": instance}
    return {"component": {"name": component}, "variable": told}
