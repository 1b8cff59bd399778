"""A profile as the message of its station's version: set, taken away, or updated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.findings import Finding
from models.domain.sending import Version
from models.ocpp import v16, v21, v201
from models.ocpp.profile import EvseProfile, Period

_SPELLING = {Version.V16: v16.request, Version.V201: v201.request, Version.V21: v21.request}
_CLEARING = {Version.V16: v16.clearing, Version.V201: v201.clearing, Version.V21: v21.clearing}
_UNFIT = {
    Version.V16: v16.transaction_findings,
    Version.V201: v201.transaction_findings,
    Version.V21: v21.transaction_findings,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An action of OCPP and its payload, JSON values under the names of the version."""

    action: str
    payload: Mapping[str, Any]


def setting(profile: EvseProfile) -> Message:
    """Raises InvalidScenario where the version cannot carry it."""
    action = "SetChargingProfile"
    if profile.start_token is not None:
        action = "RemoteStartTransaction" if profile.version is Version.V16 else "RequestStartTransaction"
    return Message(action=action, payload=_SPELLING[profile.version](profile))


def clearing(version: Version, profile_id: int) -> Message:
    """Takes one profile away, by its id and nothing else: what others have installed stays."""
    return Message(action="ClearChargingProfile", payload=_CLEARING[version](profile_id))


def asking_composite(version: Version, evse_number: int, duration_s: int) -> Message:
    """Asks what an EVSE follows for so long from now on; in OCPP 1.6 the number is that of a connector."""
    place = "connectorId" if version is Version.V16 else "evseId"
    return Message(action="GetCompositeSchedule", payload={place: evse_number, "duration": duration_s})


def updating(profile: EvseProfile, period: Period) -> Message:
    """Tells a Dynamic profile what holds from now on."""
    return Message(action="UpdateDynamicSchedule", payload=v21.update(profile.profile.id, period))


def unfit(profile: EvseProfile) -> tuple[Finding, ...]:
    """Ids and tokens that the version cannot carry."""
    return _UNFIT[profile.version](profile)
