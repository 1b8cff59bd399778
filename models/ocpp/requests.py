"""The messages that bring a plan to the stations, each in its version of OCPP, checked before anybody sends them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.site import Site
from models.ocpp import rules
from models.ocpp.capabilities import station_of
from models.ocpp.checks import refuse
from models.ocpp.compile import compilation
from models.ocpp.manner import Manner
from models.ocpp.messages import setting, unfit
from models.ocpp.profile import EvseProfile, Version, version_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OcppRequest:
    """One message to one station."""

    station_id: str
    action: str
    payload: Mapping[str, Any]
    """JSON values under the names of the version."""
    evse_id: str | None
    """None: the station as a whole."""
    session_id: str | None
    """None: whoever comes."""


def requests(
    version: Version | str,
    scenario: Scenario,
    schedule: Schedule,
    now: datetime,
    fail_safe_kw: Mapping[str, float],
) -> tuple[OcppRequest, ...]:
    """A message for each session that is plugged in; ``compilation`` tells who gets none and why.

    Raises InvalidScenario with every finding: an unknown version, what :func:`compile.compilation` refuses, a
    transaction id that the version cannot carry, a rule of :mod:`models.ocpp.rules` that a payload would break.
    """
    manner = Manner(version=version_of(version))
    found = compilation(scenario, schedule, now=now, fail_safe_kw=fail_safe_kw, manner=manner)
    return checked_requests(scenario.site, found.profiles)


def checked_requests(site: Site, profiles: Iterable[EvseProfile]) -> tuple[OcppRequest, ...]:
    """Each profile as its message; raises InvalidScenario with all that must not be sent."""
    profiles = tuple(profiles)
    refuse([finding for profile in profiles for finding in unfit(profile)])
    messages = tuple(_request(profile) for profile in profiles)
    broken = zip(profiles, messages, strict=True)
    refuse([finding for profile, message in broken for finding in _findings(profile, message, site)])
    return messages


def _request(profile: EvseProfile) -> OcppRequest:
    message = setting(profile)
    return OcppRequest(
        station_id=profile.station_id,
        action=message.action,
        payload=message.payload,
        evse_id=profile.evse_id,
        session_id=profile.session_id,
    )


def _findings(profile: EvseProfile, message: OcppRequest, site: Site) -> tuple[Finding, ...]:
    evse = next((evse for evse in site.evses if evse.id == profile.evse_id and profile.evse_number), None)
    any_evse = next(evse for evse in site.evses if (evse.station or evse.id) == profile.station_id)
    return rules.findings(profile.version, message.payload, station_of(site, any_evse), evse)
