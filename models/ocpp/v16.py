"""SetChargingProfile.req of OCPP 1.6."""

import re
from typing import Any, Literal

from pydantic import Field

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import RateUnit
from models.ocpp.profile import ChargingProfile as Profile
from models.ocpp.profile import EvseProfile, Purpose
from models.ocpp.wire import Limit, UtcTime, WireType

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
    start_schedule: UtcTime
    charging_rate_unit: RateUnit
    charging_schedule_period: list[ChargingSchedulePeriod] = Field(min_length=1)


class ChargingProfile(WireType):
    charging_profile_id: int
    transaction_id: int | None = None
    stack_level: int
    charging_profile_purpose: PurposeName
    charging_profile_kind: Literal["Absolute"] = "Absolute"
    charging_schedule: ChargingSchedule


class SetChargingProfileRequest(WireType):
    connector_id: int
    cs_charging_profiles: ChargingProfile


def request(evse_profile: EvseProfile) -> dict[str, Any]:
    """The payload. Raises InvalidScenario when the transaction id is not an integer."""
    profile = evse_profile.profile
    sent = ChargingProfile(
        charging_profile_id=profile.id,
        transaction_id=_transaction_number(evse_profile) if profile.purpose is Purpose.TX else None,
        stack_level=profile.stack_level,
        charging_profile_purpose=PURPOSE[profile.purpose],
        charging_schedule=_schedule(profile),
    )
    return SetChargingProfileRequest(connector_id=evse_profile.evse_number, cs_charging_profiles=sent).payload()


def transaction_findings(evse_profile: EvseProfile) -> tuple[Finding, ...]:
    """A transaction id that 1.6 cannot carry."""
    given, session_id = evse_profile.transaction_id, evse_profile.session_id
    if given is None or re.fullmatch(r"-?[0-9]{1,18}", given):
        return ()
    message = f"session {session_id}: transaction id {given!r} is no integer, which OCPP 1.6 needs"
    remedy = "give the transactionId of the station's StartTransaction, or speak OCPP 2.x to it"
    return (Finding(path=f"sessions[{session_id}].transaction_id", message=message, remedy=remedy, ids=(session_id,)),)


def _transaction_number(evse_profile: EvseProfile) -> int:
    if findings := transaction_findings(evse_profile):
        raise InvalidScenario(findings)
    return int(evse_profile.transaction_id or "")


def _schedule(profile: Profile) -> ChargingSchedule:
    periods = [
        ChargingSchedulePeriod(start_period=p.start_s, limit=p.limit, number_phases=p.number_phases)
        for p in profile.schedule.periods
    ]
    return ChargingSchedule(
        start_schedule=profile.schedule.start,
        charging_rate_unit=profile.schedule.unit,
        charging_schedule_period=periods,
    )
