"""SetChargingProfile.req of OCPP 1.6, the same inside RemoteStartTransaction.req, and ClearChargingProfile.req."""

import re
from typing import Any, Literal

from pydantic import Field

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import RateUnit
from models.ocpp.profile import ChargingProfile as Profile
from models.ocpp.profile import EvseProfile, ProfileKind, Purpose
from models.ocpp.share import DAY_S
from models.ocpp.wire import Limit, UtcTime, WireType

LONGEST_TAG = 20
"""CiString20Type of idTag. [characters]"""
PurposeName = Literal["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]
PURPOSE: dict[Purpose, PurposeName] = {
    Purpose.STATION_MAX: "ChargePointMaxProfile",
    Purpose.TX_DEFAULT: "TxDefaultProfile",
    Purpose.TX: "TxProfile",
}


class ChargingSchedulePeriod(WireType):
    start_period: int = Field(ge=0)
    limit: Limit
    number_phases: int | None = Field(default=None, ge=1, le=3)


class ChargingSchedule(WireType):
    duration: int | None = None
    start_schedule: UtcTime
    charging_rate_unit: RateUnit
    charging_schedule_period: list[ChargingSchedulePeriod] = Field(min_length=1)


class ChargingProfile(WireType):
    charging_profile_id: int
    transaction_id: int | None = None
    stack_level: int
    charging_profile_purpose: PurposeName
    charging_profile_kind: Literal["Absolute", "Recurring"]
    recurrency_kind: Literal["Daily"] | None = None
    charging_schedule: ChargingSchedule


class SetChargingProfileRequest(WireType):
    connector_id: int
    cs_charging_profiles: ChargingProfile


class RemoteStartTransactionRequest(WireType):
    connector_id: int
    id_tag: str = Field(min_length=1, max_length=LONGEST_TAG)
    charging_profile: ChargingProfile


class ClearChargingProfileRequest(WireType):
    id: int


def request(evse_profile: EvseProfile) -> dict[str, Any]:
    """The payload. Raises InvalidScenario when the transaction id is not an integer."""
    if findings := transaction_findings(evse_profile):
        raise InvalidScenario(findings)
    number, sent = evse_profile.evse_number, _profile(evse_profile)
    if evse_profile.start_token is None:
        return SetChargingProfileRequest(connector_id=number, cs_charging_profiles=sent).payload()
    tag = evse_profile.start_token.token
    return RemoteStartTransactionRequest(connector_id=number, id_tag=tag, charging_profile=sent).payload()


def clearing(profile_id: int) -> dict[str, Any]:
    """The payload that takes one profile away."""
    return ClearChargingProfileRequest(id=profile_id).payload()


def transaction_findings(evse_profile: EvseProfile) -> tuple[Finding, ...]:
    """A transaction id or a token that 1.6 cannot carry."""
    given, session_id, token = evse_profile.transaction_id, evse_profile.session_id or "", evse_profile.start_token
    found = []
    if given is not None and not re.fullmatch(r"-?[0-9]{1,18}", given):
        message = f"session {session_id}: transaction id {given!r} is no integer, which OCPP 1.6 needs"
        remedy = "give the transactionId of the station's StartTransaction, or speak OCPP 2.x to it"
        found.append((f"sessions[{session_id}].transaction_id", message, remedy))
    if token is not None and not 0 < len(token.token) <= LONGEST_TAG:
        message = f"session {session_id}: a token of {len(token.token)} characters"
        found.append((f"sessions[{session_id}].start_token", message, f"OCPP 1.6 takes 1 to {LONGEST_TAG} characters"))
    return tuple(Finding(path=path, message=said, remedy=way, ids=(session_id,)) for path, said, way in found)


def _profile(evse_profile: EvseProfile) -> ChargingProfile:
    profile, daily = evse_profile.profile, evse_profile.profile.kind is ProfileKind.DAILY
    given = evse_profile.transaction_id
    return ChargingProfile(
        charging_profile_id=profile.id,
        transaction_id=None if given is None else int(given),
        stack_level=profile.stack_level,
        charging_profile_purpose=PURPOSE[profile.purpose],
        charging_profile_kind="Recurring" if daily else "Absolute",
        recurrency_kind="Daily" if daily else None,
        charging_schedule=_schedule(profile),
    )


def _schedule(profile: Profile) -> ChargingSchedule:
    periods = [
        ChargingSchedulePeriod(start_period=p.start_s, limit=p.limit, number_phases=p.number_phases)
        for p in profile.schedule.periods
    ]
    return ChargingSchedule(
        duration=DAY_S if profile.kind is ProfileKind.DAILY else None,
        start_schedule=profile.schedule.start,
        charging_rate_unit=profile.schedule.unit,
        charging_schedule_period=periods,
    )
