"""How a charge point answers the calls of a CSMS, in every version; what it cannot take it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.peers.defects import Defect
from tests.peers.messages import Answer, Payload
from tests.peers.shelf import MAXIMUM, TRANSACTION, Held, Refused, read_profile, wire_time
from tests.peers.vehicle import VOLTAGE_V

if TYPE_CHECKING:
    from tests.peers.station import Station

_FLOAT_DUST_S = 0.564
_MOST_PROFILES = 20
_UNIT_WORDS = {"A": "Current", "W": "Power"}
_MISPLACED = "PropertyConstraintViolation"


def answer(station: Station, action: str, payload: Payload) -> Answer:
    """NotImplemented for what it does not know; a CALLERROR for fields that are missing."""
    if action not in _ANSWERS:
        return Answer(payload={}, error="NotImplemented")
    try:
        return _ANSWERS[action](station, payload)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Answer(payload={}, error="FormationViolation" if station.version == "1.6" else "FormatViolation")


def _set_profile(station: Station, payload: Payload) -> Answer:
    old = station.version == "1.6"
    evse = payload["connectorId"] if old else payload["evseId"]
    try:
        held = read_profile(evse, payload["csChargingProfiles"] if old else payload["chargingProfile"])
        if Defect.IGNORES not in station.defects:
            _check(station, held)
    except Refused as refused:
        return _rejected(station, str(refused))
    station.shelf.put(held)
    return Answer(payload={"status": "Accepted"})


def _rejected(station: Station, reason: str) -> Answer:
    if Defect.CALL_ERROR in station.defects:
        return Answer(payload={}, error=_MISPLACED)
    told: dict[str, Any] = {"status": "Rejected"}
    return Answer(payload=told if station.version == "1.6" else told | {"statusInfo": {"reasonCode": reason}})


def _check(station: Station, held: Held) -> None:
    """Raises Refused by the rules that charge points were seen to apply."""
    top = station.top_level - (Defect.REJECTS_TOP_LEVEL in station.defects)
    if not 0 <= held.level <= top:
        raise Refused("InvalidStackLevel")
    if held.unit not in station.units:
        raise Refused("UnsupportedRateUnit")
    if len(held.steps) > station.most_periods:
        raise Refused("InvalidSchedule")
    if held.evse and held.evse not in [outlet.number for outlet in station.outlets]:
        raise Refused("InvalidValue")
    if held.purpose == MAXIMUM and (held.evse != 0 or held.kind == "Relative"):
        raise Refused("InvalidValue")
    if held.purpose == TRANSACTION:
        _check_transaction(station, held)
    if len({kept.id for kept in station.shelf.held} | {held.id}) > _MOST_PROFILES:
        raise Refused("TooManyProfiles")


def _check_transaction(station: Station, held: Held) -> None:
    if held.evse == 0 or held.transaction is None:
        raise Refused("MissingParam")
    if station.outlet(held.evse).transaction != held.transaction:
        raise Refused("TxNotFound")


def _clear_profile(station: Station, payload: Payload) -> Answer:
    wanted = dict(payload.get("chargingProfileCriteria", {}) if station.version != "1.6" else payload)
    wanted["id"] = payload.get("id", payload.get("chargingProfileId"))
    wanted["evse"] = wanted.get("connectorId", wanted.get("evseId"))
    gone = station.shelf.drop(lambda held: _meant(held, wanted))
    return Answer(payload={"status": "Accepted" if gone else "Unknown"})


def _meant(held: Held, wanted: Mapping[str, Any]) -> bool:
    purpose = held.raw["chargingProfilePurpose"]
    facts = {"id": held.id, "evse": held.evse, "stackLevel": held.level, "chargingProfilePurpose": purpose}
    return all(wanted.get(name) in (None, fact) for name, fact in facts.items())


def _composite(station: Station, payload: Payload) -> Answer:
    old = station.version == "1.6"
    number, duration_s = payload["connectorId" if old else "evseId"], payload["duration"]
    unit = payload.get("chargingRateUnit", station.units[0])
    begin_s = station.clock_s
    periods: list[dict[str, Any]] = []
    for at_s in station.shelf.changes_s(begin_s, begin_s + duration_s, _session_start(station, number)):
        limit = _told_limit(station, number, at_s, unit)
        if not periods or periods[-1]["limit"] != limit:
            dust_s = _FLOAT_DUST_S if Defect.FLOAT_PERIODS in station.defects and periods else 0
            periods.append({"startPeriod": round(at_s - begin_s) + dust_s, "limit": limit})
    schedule = {"duration": duration_s, "chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    start = wire_time(begin_s)
    if old:
        return Answer(
            payload={
                "status": "Accepted",
                "connectorId": number,
                "scheduleStart": start,
                "chargingSchedule": schedule | {"startSchedule": start},
            }
        )
    return Answer(payload={"status": "Accepted", "schedule": schedule | {"evseId": number, "scheduleStart": start}})


def _session_start(station: Station, number: int) -> float | None:
    return None if number == 0 else station.outlet(number).session_start_s


def _told_limit(station: Station, number: int, at_s: float, unit: str) -> float:
    outlets = station.outlets if number == 0 else [station.outlet(number)]
    limit_a = sum(station.allowed_a(outlet, at_s) for outlet in outlets)
    maximum_a = station.shelf.maximum_a(at_s)
    limit_a = limit_a if maximum_a is None else min(limit_a, maximum_a)
    return round(limit_a if unit == "A" else limit_a * VOLTAGE_V * 3, 1)


def _configuration(station: Station, payload: Payload) -> Answer:
    known = {
        "ChargeProfileMaxStackLevel": str(station.top_level),
        "ChargingScheduleAllowedChargingRateUnit": ",".join(_UNIT_WORDS[unit] for unit in station.units),
        "ChargingScheduleMaxPeriods": str(station.most_periods),
        "MaxChargingProfilesInstalled": str(_MOST_PROFILES),
        "MeterValueSampleInterval": str(round(station.sample_s)),
        "NumberOfConnectors": str(len(station.outlets)),
    }
    wanted = payload.get("key") or list(known)
    keys = [{"key": key, "readonly": key.startswith("Charg"), "value": known[key]} for key in wanted if key in known]
    return Answer(payload={"configurationKey": keys, "unknownKey": [key for key in wanted if key not in known]})


def _change_configuration(station: Station, payload: Payload) -> Answer:
    key, value = payload["key"], payload["value"]
    if key == "MeterValueSampleInterval":
        _sample_every(station, float(value))
        return Answer(payload={"status": "Accepted"})
    known = key in ("MeterValuesSampledData", "StopTxnSampledData")
    return Answer(payload={"status": "Accepted" if known else "NotSupported"})


def _sample_every(station: Station, seconds: float) -> None:
    station.sample_s = seconds
    for outlet in station.outlets:
        outlet.next_sample_s = min(outlet.next_sample_s, station.now_s + seconds)


def _variables(station: Station, payload: Payload) -> Answer:
    return Answer(payload={"getVariableResult": [_variable(station, asked) for asked in payload["getVariableData"]]})


def _variable(station: Station, asked: Mapping[str, Any]) -> dict[str, Any]:
    known = {
        "ProfileStackLevel": str(station.top_level),
        "RateUnit": ",".join(station.units),
        "PeriodsPerSchedule": str(station.most_periods),
        "TxUpdatedInterval": str(round(station.sample_s)),
        "Available": "true",
        "Enabled": "true",
    }
    told = {"component": asked["component"], "variable": asked["variable"]}
    value = known.get(asked["variable"]["name"])
    if value is None:
        return {"attributeStatus": "UnknownVariable", **told}
    return {"attributeStatus": "Accepted", "attributeValue": value, **told}


def _set_variables(station: Station, payload: Payload) -> Answer:
    results = []
    for given in payload["setVariableData"]:
        name = given["variable"]["name"]
        if name == "TxUpdatedInterval":
            _sample_every(station, float(given["attributeValue"]))
        status = "Accepted" if name in ("TxUpdatedInterval", "TxUpdatedMeasurands") else "UnknownVariable"
        results.append({"attributeStatus": status, "component": given["component"], "variable": given["variable"]})
    return Answer(payload={"setVariableResult": results})


def _remote_start(station: Station, payload: Payload) -> Answer:
    number = payload.get("connectorId", payload.get("evseId", 1))
    outlet = station.outlet(number)
    if outlet.car is None or outlet.in_session:
        return Answer(payload={"status": "Rejected"})
    if "chargingProfile" in payload:
        station.for_next[number] = read_profile(number, payload["chargingProfile"])
    station.begin(outlet)
    return Answer(payload={"status": "Accepted"})


def _remote_stop(station: Station, payload: Payload) -> Answer:
    running = [o for o in station.outlets if o.in_session and o.transaction == str(payload["transactionId"])]
    for outlet in running:
        station.end(outlet, "Remote")
    return Answer(payload={"status": "Accepted" if running else "Rejected"})


def _reset(station: Station, payload: Payload) -> Answer:
    station.reboot_soon()
    return Answer(payload={"status": "Accepted"})


def _installed(station: Station, payload: Payload) -> Answer:
    """GetChargingProfiles: one report for each EVSE that has some."""
    wanted = payload["chargingProfile"]
    purpose, ids = wanted.get("chargingProfilePurpose"), wanted.get("chargingProfileId")
    found: dict[int, list[Mapping[str, Any]]] = {}
    for held in station.shelf.held:
        fits = purpose in (None, held.raw["chargingProfilePurpose"]) and (not ids or held.id in ids)
        if fits and payload.get("evseId") in (None, held.evse):
            found.setdefault(held.evse, []).append(held.raw)
    station.report(payload["requestId"], found)
    return Answer(payload={"status": "Accepted" if found else "NoProfiles"})


def _trigger(station: Station, payload: Payload) -> Answer:
    return Answer(payload={"status": "Accepted" if station.trigger(payload["requestedMessage"]) else "NotImplemented"})


def _dynamic(station: Station, payload: Payload) -> Answer:
    return _rejected(station, "InvalidProfileId")


_ANSWERS: dict[str, Callable[[Station, Payload], Answer]] = {
    "SetChargingProfile": _set_profile,
    "ClearChargingProfile": _clear_profile,
    "GetCompositeSchedule": _composite,
    "GetConfiguration": _configuration,
    "ChangeConfiguration": _change_configuration,
    "GetVariables": _variables,
    "SetVariables": _set_variables,
    "RemoteStartTransaction": _remote_start,
    "RequestStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "RequestStopTransaction": _remote_stop,
    "Reset": _reset,
    "GetChargingProfiles": _installed,
    "TriggerMessage": _trigger,
    "UpdateDynamicSchedule": _dynamic,
}
