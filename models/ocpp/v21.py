"""SetChargingProfileRequest of OCPP 2.1.

A period that only charges is spelled as in 2.0.1: an absent operationMode is ChargingOnly, whose one value is the
limit. A period that gives back is a CentralSetpoint below 0, between a limit of 0 and a discharge limit of its size.
"""

from typing import Any

from models.ocpp import v201
from models.ocpp.profile import EvseProfile, Period

transaction_findings = v201.transaction_findings


def request(evse_profile: EvseProfile) -> dict[str, Any]:
    """The payload. Raises InvalidScenario when the transaction id is too long."""
    payload = v201.request(evse_profile)
    (schedule,) = payload["chargingProfile"]["chargingSchedule"]
    for spelled, period in zip(schedule["chargingSchedulePeriod"], evse_profile.profile.schedule.periods, strict=True):
        spelled.update(_giving_back(period))
    return payload


def _giving_back(period: Period) -> dict[str, Any]:
    if period.setpoint is None:
        return {}
    setpoint = float(period.setpoint)
    return {"operationMode": "CentralSetpoint", "setpoint": setpoint, "dischargeLimit": setpoint}
