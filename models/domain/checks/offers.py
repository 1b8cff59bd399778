"""Offers so far, and cabinets whose modules or outlets leave nothing to offer."""

from collections.abc import Iterator

from models.domain.findings import Finding
from models.domain.paths import label
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.setpoints import OfferHistory
from models.domain.site import PowerCabinet
from models.domain.times import seconds

MOST_MODULES = 1000
"""Of one cabinet. The largest have some dozens, of 20 to 60 kW."""


def unfit_histories(scenario: Scenario) -> Iterator[Finding]:
    """What a session was offered, before it came, after the plan begins, or without a start."""
    for i, session in enumerate(scenario.sessions):
        if session.offer_history is not None:
            for field, defect, remedy in _history_defects(scenario, session, session.offer_history):
                path = f"sessions[{i}].offer_history.{field}"
                message = f"{label(session)}: {defect}"
                yield Finding(path=path, message=message, remedy=remedy, ids=(session.id,))


def _history_defects(scenario: Scenario, session: Session, history: OfferHistory) -> Iterator[tuple[str, str, str]]:
    since = history.since.isoformat()
    if seconds(history.since) < seconds(session.arrival):
        remedy = "tell what was offered in this session, or leave offer_history out"
        yield "since", f"an offer since {since} is before arrival {session.arrival.isoformat()}", remedy
    start = None if scenario.horizon is None else scenario.horizon.start
    if start is not None and seconds(history.since) > seconds(start):
        remedy = "tell what was offered up to the start of the horizon"
        yield "since", f"an offer since {since} is after the start of the horizon {start.isoformat()}", remedy
    if history.on and history.starts == 0:
        yield "starts", "it is offered power and never started", "count the start of the present offer, at least 1"


def unfit_modules(scenario: Scenario) -> Iterator[Finding]:
    """Cabinets with a module that is larger than their total: no outlet would ever get one; or with modules that are
    too small for any cabinet."""
    for i, cabinet in enumerate(scenario.site.cabinets):
        if defect := _defect_of_modules(cabinet):
            message, path = f"{label(cabinet)}: {defect}", f"site.cabinets[{i}].module_kw"
            yield Finding(path=path, message=message, remedy="correct one of them", ids=(cabinet.id,))


def _defect_of_modules(cabinet: PowerCabinet) -> str:
    total_kw, module_kw = cabinet.total_kw, cabinet.module_kw
    if module_kw is not None and 0.0 < total_kw < module_kw:
        return f"module_kw {module_kw:g} is above total_kw {total_kw:g}"
    if module_kw is not None and 0.0 < MOST_MODULES * module_kw < total_kw:
        return f"with module_kw {module_kw:g}, total_kw {total_kw:g} are more than {MOST_MODULES} modules"
    return ""
