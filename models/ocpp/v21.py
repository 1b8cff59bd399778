"""Charging profiles of OCPP 2.1: those of 2.0.1, and what 2.1 says more.

A period that only charges is spelled as in 2.0.1: an absent operationMode is ChargingOnly, whose one value is the
limit. A period that gives back is a CentralSetpoint below 0, between a limit of 0 and a discharge limit of its size.
"""

from dataclasses import replace
from typing import Any

from models.ocpp import v201
from models.ocpp.profile import ChargingProfile, EvseProfile, Period, ProfileKind, Purpose
from models.ocpp.wire import utc_text

JsonObject = dict[str, Any]

transaction_findings = v201.transaction_findings
clearing = v201.clearing


def request(evse_profile: EvseProfile) -> JsonObject:
    """The payload. Raises InvalidScenario when the transaction id is too long."""
    payload = v201.request(_in_words_of_201(evse_profile))
    _tell_more(payload["chargingProfile"], evse_profile.profile)
    return payload


def update(profile_id: int, period: Period) -> JsonObject:
    """UpdateDynamicScheduleRequest: what a Dynamic profile says from now on."""
    return {"chargingProfileId": profile_id, "scheduleUpdate": _numbers(period)}


def pull_answer(period: Period | None) -> JsonObject:
    """PullDynamicScheduleUpdateResponse: what holds now; None for a profile that nobody here knows."""
    if period is None:
        return {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownProfile"}}
    return {"status": "Accepted", "scheduleUpdate": _numbers(period)}


def use_priority_charging(transaction_id: str, *, activate: bool) -> JsonObject:
    """UsePriorityChargingRequest: the transaction charges by its EVSE's PriorityCharging profile, or by its plan."""
    return {"transactionId": transaction_id, "activate": activate}


def _in_words_of_201(evse_profile: EvseProfile) -> EvseProfile:
    """What 2.0.1 has no word for is put back by :func:`_tell_more`."""
    plain = replace(evse_profile.profile, kind=_KIND.get(evse_profile.profile.kind, evse_profile.profile.kind))
    purpose = Purpose.TX_DEFAULT if plain.purpose is Purpose.PRIORITY else plain.purpose
    return replace(evse_profile, profile=replace(plain, purpose=purpose))


_KIND = {ProfileKind.DYNAMIC: ProfileKind.ABSOLUTE}


def _tell_more(spelled: JsonObject, profile: ChargingProfile) -> None:
    (schedule,) = spelled["chargingSchedule"]
    spelled["chargingProfilePurpose"] = profile.purpose.value
    if profile.kind is ProfileKind.DYNAMIC:
        spelled["chargingProfileKind"] = "Dynamic"
        spelled["dynUpdateTime"] = utc_text(profile.schedule.start)
    if profile.max_offline_s is not None:
        spelled["maxOfflineDuration"] = profile.max_offline_s
    if profile.schedule.randomized_delay_s is not None:
        schedule["randomizedDelay"] = profile.schedule.randomized_delay_s
    if profile.schedule.limit_at_soc is not None:
        at = profile.schedule.limit_at_soc
        schedule["limitAtSoC"] = {"soc": at.soc_percent, "limit": float(at.limit)}
    for told, period in zip(schedule["chargingSchedulePeriod"], profile.schedule.periods, strict=True):
        told.update(_numbers(period))
        told.update({"operationMode": "CentralSetpoint"} if period.setpoint is not None else {})


def _numbers(period: Period) -> JsonObject:
    """Limit, per phase where phases differ, and what to give back."""
    told: JsonObject = {"limit": float(period.limit)}
    if period.limits_l2_l3 is not None:
        told |= dict(zip(("limit_L2", "limit_L3"), map(float, period.limits_l2_l3), strict=True))
    if period.setpoint is not None:
        told |= {"setpoint": float(period.setpoint), "dischargeLimit": float(period.setpoint)}
    return told
