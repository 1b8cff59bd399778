"""SetChargingProfileRequest of OCPP 2.1.

A profile that only charges is spelled as in 2.0.1: an absent operationMode is ChargingOnly, whose one value is the
limit. The fields that 2.1 adds for discharging belong here.
"""

from typing import Any

from models.ocpp import v201
from models.ocpp.profile import EvseProfile

transaction_findings = v201.transaction_findings


def request(evse_profile: EvseProfile) -> dict[str, Any]:
    """The payload. Raises InvalidScenario when the transaction id is too long."""
    return v201.request(evse_profile)
