"""Profiles of ours read back from the messages that carried them: what a station was told, or is to be told."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.sending import Version
from models.domain.site import RateUnit, Site, Station
from models.ocpp.compile import PURPOSE
from models.ocpp.manner import evse_at
from models.ocpp.profile import (
    ChargingProfile,
    ChargingSchedule,
    EvseProfile,
    Period,
    ProfileKind,
    Purpose,
    Slot,
    SocLimit,
    slot_of,
)
from models.ocpp.v16 import PURPOSE as PURPOSE_OF_16

JsonObject = Mapping[str, Any]


def profile_of(
    site: Site, version: Version, station_id: str, payload: JsonObject, path: str = "payload"
) -> EvseProfile:
    """From the payload of a SetChargingProfile; raises InvalidScenario where it is none of ours, or cannot be read."""
    try:
        found = _profile_of(site, version, station_id, payload)
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError) as unfit:
        message = f"this profile cannot be read: {type(unfit).__name__} at {unfit}"
        raise _refused(path, message, "give the payload of the message as it was sent") from unfit
    if found is None:
        message = f"this profile of station {station_id} has no id of ours, or an EVSE that the site does not have"
        raise _refused(path, message, "leave profiles of others out: they are never replaced or cleared from here")
    return found


def _profile_of(site: Site, version: Version, station_id: str, payload: JsonObject) -> EvseProfile | None:
    first = version is Version.V16
    number = payload["connectorId" if first else "evseId"]
    told = payload["csChargingProfiles" if first else "chargingProfile"]
    station = next((one for one in site.stations if one.id == station_id), Station(id=station_id))
    id_ = told["chargingProfileId" if first else "id"]
    slot = slot_of(id_, station.reserved_ids_up_to)
    evse = evse_at(site, station_id, number, version)
    if slot is None or slot[0] != number or (evse is None and number != 0):
        return None
    profile = _profile(told, id_, slot[1])
    return EvseProfile(
        evse_id=_evse_id(site, station, slot[1]) if evse is None else evse.id,
        station_id=station_id,
        evse_number=number,
        session_id=None,
        transaction_id=None if told.get("transactionId") is None else str(told["transactionId"]),
        slot=slot[1],
        version=version,
        profile=profile,
    )


def _evse_id(site: Site, station: Station, slot: Slot) -> str | None:
    """Of a maximum that carries the plan of the one EVSE there; a maximum of the supply is of the station."""
    there = [evse.id for evse in site.evses if (evse.station or evse.id) == station.id]
    carries = slot is Slot.STATION_MAX and len(there) == 1 and station.supply_current_a is None
    return there[0] if carries else None


def _profile(told: JsonObject, id_: int, slot: Slot) -> ChargingProfile:
    schedules = told["chargingSchedule"]
    spelled = schedules if isinstance(schedules, Mapping) else schedules[0]
    purpose = _purpose(told["chargingProfilePurpose"])
    if purpose is not PURPOSE[slot]:
        raise ValueError(f"id {id_}, which is not one of a {purpose}")
    at_soc, delay = spelled.get("limitAtSoC"), spelled.get("randomizedDelay")
    schedule = ChargingSchedule(
        id=spelled.get("id", id_),
        unit=RateUnit(spelled["chargingRateUnit"]),
        start=datetime.fromisoformat(spelled.get("startSchedule") or told["dynUpdateTime"]).astimezone(UTC),
        periods=tuple(_period(period) for period in spelled["chargingSchedulePeriod"]),
        limit_at_soc=None if at_soc is None else SocLimit(soc_percent=at_soc["soc"], limit=_decimal(at_soc["limit"])),
        randomized_delay_s=delay,
    )
    return ChargingProfile(
        id=id_,
        purpose=purpose,
        stack_level=told["stackLevel"],
        schedule=schedule,
        kind=ProfileKind(told["chargingProfileKind"]),
        max_offline_s=told.get("maxOfflineDuration"),
    )


def _purpose(name: str) -> Purpose:
    old = {spelled: purpose for purpose, spelled in PURPOSE_OF_16.items()}
    return old.get(name) or Purpose(name)  # type: ignore[call-overload]  # any text may be asked for


def _period(told: JsonObject) -> Period:
    others = (told.get("limit_L2"), told.get("limit_L3"))
    return Period(
        start_s=told["startPeriod"],
        limit=_decimal(told["limit"]),
        number_phases=told.get("numberPhases"),
        setpoint=None if told.get("setpoint") is None else _decimal(told["setpoint"]),
        limits_l2_l3=None if None in others else (_decimal(others[0]), _decimal(others[1])),
    )


def _decimal(told: Any) -> Decimal:
    number = Decimal(str(told))
    if not number.is_finite():
        raise ValueError(f"{told}, which is no number")
    return number


def _refused(path: str, message: str, remedy: str) -> InvalidScenario:
    return InvalidScenario((Finding(path=path, message=message, remedy=remedy),))
