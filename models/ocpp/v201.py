"""SetChargingProfileRequest of OCPP 2.0.1."""

from typing import Any, Literal

from pydantic import Field

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import RateUnit
from models.ocpp.profile import ChargingProfile as Profile
from models.ocpp.profile import EvseProfile, Purpose
from models.ocpp.wire import Limit, UtcTime, WireType

LONGEST_TRANSACTION_ID = 36
"""identifierString[36] of TransactionType. [characters]"""


class ChargingSchedulePeriod(WireType):
    start_period: int = Field(ge=0)
    limit: Limit
    number_phases: int | None = Field(default=None, ge=1, le=3)


class ChargingSchedule(WireType):
    id: int
    start_schedule: UtcTime
    charging_rate_unit: RateUnit
    charging_schedule_period: list[ChargingSchedulePeriod] = Field(min_length=1, max_length=1024)


class ChargingProfile(WireType):
    id: int
    stack_level: int
    charging_profile_purpose: Purpose
    charging_profile_kind: Literal["Absolute"] = "Absolute"
    transaction_id: str | None = Field(default=None, max_length=LONGEST_TRANSACTION_ID)
    charging_schedule: list[ChargingSchedule] = Field(min_length=1, max_length=3)


class SetChargingProfileRequest(WireType):
    evse_id: int
    charging_profile: ChargingProfile


def request(evse_profile: EvseProfile) -> dict[str, Any]:
    """The payload. Raises InvalidScenario when the transaction id is too long."""
    if findings := transaction_findings(evse_profile):
        raise InvalidScenario(findings)
    profile = evse_profile.profile
    sent = ChargingProfile(
        id=profile.id,
        stack_level=profile.stack_level,
        charging_profile_purpose=profile.purpose,
        transaction_id=evse_profile.transaction_id if profile.purpose is Purpose.TX else None,
        charging_schedule=[_schedule(profile)],
    )
    return SetChargingProfileRequest(evse_id=evse_profile.evse_number, charging_profile=sent).payload()


def transaction_findings(evse_profile: EvseProfile) -> tuple[Finding, ...]:
    """A transaction id that 2.x cannot carry."""
    given, session_id = evse_profile.transaction_id, evse_profile.session_id
    if given is None or 0 < len(given) <= LONGEST_TRANSACTION_ID:
        return ()
    message = f"session {session_id}: transaction id {given!r} has {len(given)} characters"
    remedy = f"give the station's own transactionId, of 1 to {LONGEST_TRANSACTION_ID} characters"
    return (Finding(path=f"sessions[{session_id}].transaction_id", message=message, remedy=remedy, ids=(session_id,)),)


def _schedule(profile: Profile) -> ChargingSchedule:
    periods = [
        ChargingSchedulePeriod(start_period=p.start_s, limit=p.limit, number_phases=p.number_phases)
        for p in profile.schedule.periods
    ]
    return ChargingSchedule(
        id=profile.schedule.id,
        start_schedule=profile.schedule.start,
        charging_rate_unit=profile.schedule.unit,
        charging_schedule_period=periods,
    )
