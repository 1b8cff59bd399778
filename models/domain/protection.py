"""Who is slowed by hard limits alone: drivers who asked for it, and those who pay for time."""

from dataclasses import replace

from models.domain.findings import Assumption
from models.domain.scenario import Scenario
from models.domain.series import highest
from models.domain.session import ChargingPreference, Session
from models.domain.site import Site

_FAST = ChargingPreference.FAST


def is_protected(session: Session, site: Site) -> bool:
    """Whether neither a price nor a manner may put its energy off."""
    if session.charging_preference is _FAST:
        return True
    pays = session.time_price_per_h is not None and highest(session.time_price_per_h) > 0.0
    return pays and site.protect_time_priced_sessions


def nothing_from_protected(scenario: Scenario) -> tuple[Scenario, list[Assumption]]:
    """Protected sessions give nothing back: what is taken out of a car makes it slower."""
    sessions, told = list(scenario.sessions), []
    for i, session in enumerate(sessions):
        if session.allows_discharge and is_protected(session, scenario.site):
            sessions[i] = replace(session, allows_discharge=False)
            source = "its driver asked for fast charging or pays for time"
            told.append(
                Assumption(what=f"sessions[{i}].allows_discharge", value="nothing is given back", source=source)
            )
    return (replace(scenario, sessions=tuple(sessions)) if told else scenario), told
