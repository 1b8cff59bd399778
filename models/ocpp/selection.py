"""Which sessions get a profile now, and why the others do not."""

from datetime import datetime

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.site import Evse
from models.ocpp.capabilities import rate_unit, station_of
from models.ocpp.profile import NotSent


def selected(scenario: Scenario, schedule: Schedule, now: datetime) -> tuple[tuple[Session, ...], tuple[NotSent, ...]]:
    """The sessions that are plugged in, one an EVSE, and the ones left out with the reason."""
    evses = {evse.id: evse for evse in scenario.site.evses}
    planned = {plan.session_id for plan in schedule.sessions}
    present = [s for s in scenario.sessions if _absence(s, schedule, now) is None]
    latest = {s.evse: s for s in sorted(present, key=lambda s: s.arrival)}
    sent, not_sent = [], []
    for session in scenario.sessions:
        reason = _absence(session, schedule, now) or _hindrance(
            session, session.id in planned, latest[session.evse], scenario, evses[session.evse]
        )
        if reason is None:
            sent.append(session)
        else:
            not_sent.append(NotSent(session_id=session.id, evse_id=session.evse, reason=reason))
    return tuple(sent), tuple(not_sent)


def _absence(session: Session, schedule: Schedule, now: datetime) -> str | None:
    """Why the vehicle is not there; it is from its arrival on, and from the start of the plan at the latest."""
    if session.arrival > max(now, schedule.instant(0)):
        return f"arrives at {session.arrival.isoformat()}; send a plan made after that"
    if session.departure is not None and session.departure <= now:
        return f"was to leave at {session.departure.isoformat()}; plan again with a later departure if it stays"
    return None


def _hindrance(session: Session, planned: bool, latest: Session, scenario: Scenario, evse: Evse) -> str | None:
    """Why a vehicle that is there cannot be sent its plan."""
    station = station_of(scenario.site, evse)
    if not planned:
        return "the schedule has no plan for it"
    if latest.id != session.id:
        return f"session {latest.id} stands at EVSE {evse.id} since {latest.arrival.isoformat()}"
    if any(one.evse == evse.id and not one.reachable for one in scenario.installed):
        return f"EVSE {evse.id} cannot be reached; send it a new plan when it is back"
    if rate_unit(station, evse) is None:
        units = " and ".join(station.rate_units or ()) or "no unit"
        return f"station {station.id} takes {units}, which cannot limit the {evse.current} EVSE {evse.id}"
    return None
