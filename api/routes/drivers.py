"""The driver's view of a session, by its id alone: what to expect, sooner, or without us."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends

from api.problems import documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.desks import SessionId, looking, writing
from api.routes.once import OncePerKey
from api.routes.sessions import SessionDocument, session_document
from api.security.access import Caller, Reader, Writer
from api.service import Service, service_of
from api.sites.assembling import contents
from api.sites.commanding import live_site
from api.sites.forms import Boost
from api.sites.held_back import SessionLedger, ledger
from api.sites.keeping import Desk
from api.sites.outlook import Outlook, outlook
from api.sites.plugging import boost, known, opt_out, site_of
from models.domain.errors import Conflict, NotFound

router = APIRouter(prefix="/v1/sessions/{session}", tags=["drivers"], route_class=OncePerKey)

Served = Annotated[Service, Depends(service_of)]
SHORT_S = 10.0
"""Longest time for each of the plans that an outlook looks at. [s]"""
CHANGED = documented(*ACCESS_ERRORS, NotFound, Conflict)


def where(caller: Reader, service: Served, session: SessionId) -> str:
    """A dependency: the site at which a session is; raises NotFound."""
    with looking(service, caller, "", is_there=False) as desk:
        found = site_of(desk, session)
    if found is None:
        raise NotFound("there is no session of this id")
    return found


Where = Annotated[str, Depends(where)]


@router.get("/outlook", operation_id="get_outlook", responses=CHANGED)
async def get_outlook(caller: Reader, service: Served, session: SessionId, site: Where) -> Outlook:
    """Ready by when, as planned and on a bad day; why not sooner; what sooner would cost."""
    return await run_sync(_outlook, service, caller, session, site, limiter=service.solves)


@router.get("/limitations", operation_id="get_limitations", responses=documented(*ACCESS_ERRORS, NotFound))
def get_limitations(caller: Reader, service: Served, session: SessionId, site: Where) -> SessionLedger:
    """When we held it below what station and car could take, at what power and why, for whoever bills its time."""
    with looking(service, caller, site) as desk:
        return ledger(desk, session, service.clock())


@router.post(
    "/boost",
    operation_id="boost_session",
    responses=CHANGED | documented(*FORM_ERRORS),
    openapi_extra=taking("Boost", Boost, examples.BOOST),
)
def boost_session(
    caller: Writer,
    service: Served,
    session: SessionId,
    site: Where,
    told: Annotated[Boost, Depends(reading(Boost))],
) -> SessionDocument:
    """Sooner: by a time, or as soon as EVSE and car can. Limits hold all the same."""
    with writing(service, caller, site) as desk:
        return session_document(desk, boost(desk, session, told, service.clock()))


@router.delete("/boost", operation_id="end_boost", responses=CHANGED)
def end_boost(caller: Writer, service: Served, session: SessionId, site: Where) -> SessionDocument:
    """As planned again."""
    with writing(service, caller, site) as desk:
        return session_document(desk, boost(desk, session, None, service.clock()))


@router.post("/opt-out", operation_id="opt_out", responses=CHANGED)
def opt_session_out(caller: Writer, service: Served, session: SessionId, site: Where) -> SessionDocument:
    """No plan for this one: as fast as limits allow, as long as it stays."""
    with writing(service, caller, site) as desk:
        return _opted(desk, session, service, wanted=True)


@router.delete("/opt-out", operation_id="opt_in", responses=CHANGED)
def opt_session_in(caller: Writer, service: Served, session: SessionId, site: Where) -> SessionDocument:
    """Planned again."""
    with writing(service, caller, site) as desk:
        return _opted(desk, session, service, wanted=False)


def _opted(desk: Desk, session: str, service: Service, *, wanted: bool) -> SessionDocument:
    return session_document(desk, opt_out(desk, session, wanted, service.clock()))


def _outlook(service: Service, caller: Caller, session: str, site: str) -> Outlook:
    now = service.clock()
    with looking(service, caller, site) as desk:
        if not known(desk, session).value.is_there:
            raise Conflict("the vehicle has left")
        told, live = contents(desk), live_site(desk, now)
    within_s = min(SHORT_S, service.settings.deadline_s)
    return outlook(live, told, session, now, service.solve_settings, within_s)
