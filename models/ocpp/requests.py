"""The messages that bring a plan to the stations, in one version of OCPP, checked before anybody sends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.site import Site
from models.ocpp import rules, v16, v21, v201
from models.ocpp.capabilities import station_of
from models.ocpp.checks import refuse
from models.ocpp.compile import compile_profiles
from models.ocpp.profile import EvseProfile, Version, version_of

_SPELLING = {Version.V16: v16.request, Version.V201: v201.request, Version.V21: v21.request}
_TRANSACTION = {
    Version.V16: v16.transaction_findings,
    Version.V201: v201.transaction_findings,
    Version.V21: v21.transaction_findings,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OcppRequest:
    """One message to one station."""

    station_id: str
    action: str
    payload: Mapping[str, Any]
    """JSON values under the names of the version."""
    evse_id: str
    session_id: str


def requests(
    version: Version | str,
    scenario: Scenario,
    schedule: Schedule,
    now: datetime,
    fail_safe_kw: Mapping[str, float],
) -> tuple[OcppRequest, ...]:
    """A SetChargingProfile for each session that is plugged in; ``compilation`` tells who gets none and why.

    Raises InvalidScenario with every finding: an unknown version, what :func:`compile.compilation` refuses, a
    transaction id that the version cannot carry, a rule of :mod:`models.ocpp.rules` that a payload would break.
    """
    version = version_of(version)
    profiles = compile_profiles(scenario, schedule, now=now, fail_safe_kw=fail_safe_kw)
    refuse([finding for profile in profiles for finding in _TRANSACTION[version](profile)])
    messages = tuple(_request(version, profile) for profile in profiles)
    refuse([finding for message in messages for finding in _findings(version, message, scenario.site)])
    return messages


def _request(version: Version, profile: EvseProfile) -> OcppRequest:
    return OcppRequest(
        station_id=profile.station_id,
        action="SetChargingProfile",
        payload=_SPELLING[version](profile),
        evse_id=profile.evse_id,
        session_id=profile.session_id,
    )


def _findings(version: Version, message: OcppRequest, site: Site) -> tuple[Finding, ...]:
    evse = next(evse for evse in site.evses if evse.id == message.evse_id)
    return rules.findings(version, message.payload, station_of(site, evse), evse)
