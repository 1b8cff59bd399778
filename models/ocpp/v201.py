"""SetChargingProfileRequest of OCPP 2.0.1, the same inside RequestStartTransaction, and ClearChargingProfile."""

from typing import Any, Literal
from zlib import crc32

from pydantic import Field

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import RateUnit
from models.ocpp.profile import ChargingProfile as Profile
from models.ocpp.profile import EvseProfile, ProfileKind, Purpose
from models.ocpp.share import DAY_S
from models.ocpp.wire import Limit, UtcTime, WireType

LONGEST_TRANSACTION_ID = 36
"""identifierString[36] of TransactionType. [characters]"""

LARGEST_INTEGER = 2**31 - 1
TOKEN_KINDS = (
    "Central",
    "eMAID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
)
"""IdTokenEnumType of 2.0.1."""


class ChargingSchedulePeriod(WireType):
    start_period: int = Field(ge=0)
    limit: Limit
    number_phases: int | None = Field(default=None, ge=1, le=3)


class ChargingSchedule(WireType):
    id: int
    duration: int | None = None
    start_schedule: UtcTime
    charging_rate_unit: RateUnit
    charging_schedule_period: list[ChargingSchedulePeriod] = Field(min_length=1, max_length=1024)


class ChargingProfile(WireType):
    id: int
    stack_level: int
    charging_profile_purpose: Purpose
    charging_profile_kind: Literal["Absolute", "Recurring"]
    recurrency_kind: Literal["Daily"] | None = None
    transaction_id: str | None = Field(default=None, max_length=LONGEST_TRANSACTION_ID)
    charging_schedule: list[ChargingSchedule] = Field(min_length=1, max_length=3)


class SetChargingProfileRequest(WireType):
    evse_id: int
    charging_profile: ChargingProfile


class IdToken(WireType):
    id_token: str = Field(min_length=1, max_length=LONGEST_TRANSACTION_ID)
    type: str = Field(min_length=1, max_length=20)


class RequestStartTransactionRequest(WireType):
    evse_id: int
    remote_start_id: int
    id_token: IdToken
    charging_profile: ChargingProfile


class ClearChargingProfileRequest(WireType):
    charging_profile_id: int


def request(evse_profile: EvseProfile) -> dict[str, Any]:
    """The payload. Raises InvalidScenario when the transaction id is too long."""
    if findings := transaction_findings(evse_profile):
        raise InvalidScenario(findings)
    number, sent, token = evse_profile.evse_number, _profile(evse_profile), evse_profile.start_token
    if token is None:
        return SetChargingProfileRequest(evse_id=number, charging_profile=sent).payload()
    return RequestStartTransactionRequest(
        evse_id=number,
        remote_start_id=crc32((evse_profile.session_id or "").encode()) & LARGEST_INTEGER,
        id_token=IdToken(id_token=token.token, type=token.kind),
        charging_profile=sent,
    ).payload()


def clearing(profile_id: int) -> dict[str, Any]:
    """The payload that takes one profile away."""
    return ClearChargingProfileRequest(charging_profile_id=profile_id).payload()


def transaction_findings(evse_profile: EvseProfile) -> tuple[Finding, ...]:
    """A transaction id or a token that 2.x cannot carry."""
    given, session_id, token = evse_profile.transaction_id, evse_profile.session_id or "", evse_profile.start_token
    found = []
    if given is not None and not 0 < len(given) <= LONGEST_TRANSACTION_ID:
        message = f"session {session_id}: transaction id {given!r} has {len(given)} characters"
        remedy = f"give the station's own transactionId, of 1 to {LONGEST_TRANSACTION_ID} characters"
        found.append((f"sessions[{session_id}].transaction_id", message, remedy))
    if token is not None and not (0 < len(token.token) <= LONGEST_TRANSACTION_ID and token.kind in TOKEN_KINDS):
        message = f"session {session_id}: a token of {len(token.token)} characters and kind {token.kind!r}"
        remedy = f"give 1 to {LONGEST_TRANSACTION_ID} characters and one of {', '.join(TOKEN_KINDS)}"
        found.append((f"sessions[{session_id}].start_token", message, remedy))
    return tuple(Finding(path=path, message=said, remedy=way, ids=(session_id,)) for path, said, way in found)


def _profile(evse_profile: EvseProfile) -> ChargingProfile:
    profile, daily = evse_profile.profile, evse_profile.profile.kind is ProfileKind.DAILY
    return ChargingProfile(
        id=profile.id,
        stack_level=profile.stack_level,
        charging_profile_purpose=profile.purpose,
        charging_profile_kind="Recurring" if daily else "Absolute",
        recurrency_kind="Daily" if daily else None,
        transaction_id=evse_profile.transaction_id,
        charging_schedule=[_schedule(profile)],
    )


def _schedule(profile: Profile) -> ChargingSchedule:
    periods = [
        ChargingSchedulePeriod(start_period=p.start_s, limit=p.limit, number_phases=p.number_phases)
        for p in profile.schedule.periods
    ]
    return ChargingSchedule(
        id=profile.schedule.id,
        duration=DAY_S if profile.kind is ProfileKind.DAILY else None,
        start_schedule=profile.schedule.start,
        charging_rate_unit=profile.schedule.unit,
        charging_schedule_period=periods,
    )
