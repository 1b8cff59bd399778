"""Sessions of a site: three fields are enough to be planned; what was assumed for the others is told back."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict

from api.problems import documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.conditions import etag
from api.routes.desks import ETAG, After, Limit, Page, SessionId, SiteId, looking, page_of, written
from api.routes.direct import Direct
from api.routes.once import OncePerKey
from api.security.access import Reader, Writer
from api.service import Service, service_of
from api.sites.assumed import assumed
from api.sites.forms import MeasurementBatch, NeedsTold, SessionTold, Unplugged
from api.sites.keeping import Desk, Kept
from api.sites.plugging import few_named, known, measure, need, plug_in, unplug
from api.sites.stays import Stay
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound


class Often(OncePerKey, Direct):
    """A route that a CSMS asks several times a minute for each of its sessions."""


router = APIRouter(prefix="/v1/sites/{site}", tags=["sessions"], route_class=Often)

Served = Annotated[Service, Depends(service_of)]
ERRORS = documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound, Conflict)
KNOWN: dict[int | str, Any] = {200: {"description": "As it is known", "headers": ETAG}}


DIGITS = 6
"""Of energies and powers that are told: a register that counts Wh has three."""


class Part(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Assumed(Part):
    """Something that was not told, and what is taken for it."""

    what: str
    value: str
    source: str


class SessionDocument(Part):
    """What is known of a session."""

    session: str
    site: str
    evse: str
    plugged_in_at: datetime
    unplugged_at: datetime | None = None
    """Null while it is there."""
    departure: datetime | None = None
    energy_target_kwh: float | None = None
    delivered_kwh: float
    """By the meter, since it was plugged in."""
    power_kw: float | None = None
    """When it was measured last."""
    soc: float | None = None
    measured_at: datetime | None = None
    boosted: bool = False
    opted_out: bool = False
    revision: int
    assumptions: list[Assumed] = []


class Counted(Part):
    """What became of a batch of measurements."""

    sessions: int
    """So many sessions that are there were measured."""


def session_document(desk: Desk, kept: Kept[Stay]) -> SessionDocument:
    """What is known of a session, with what is assumed for the rest."""
    stay, told = kept.value, kept.value.told
    return SessionDocument(
        session=told.session,
        site=desk.site,
        evse=told.evse,
        plugged_in_at=told.plugged_in_at,
        unplugged_at=stay.unplugged_at,
        departure=told.departure,
        energy_target_kwh=told.energy_target_kwh,
        delivered_kwh=round(stay.delivered_kwh, DIGITS),
        power_kw=None if stay.power_kw is None else round(stay.power_kw, DIGITS),
        soc=stay.soc,
        measured_at=stay.measured_at,
        boosted=stay.boost is not None,
        opted_out=stay.opted_out,
        revision=kept.revision,
        assumptions=[Assumed(what=a.what, value=a.value, source=a.source) for a in assumed(desk, stay)],
    )


@router.post(
    "/sessions",
    operation_id="tell_session",
    response_model=SessionDocument,
    responses=ERRORS | KNOWN | {201: {"model": SessionDocument, "description": "It is new", "headers": ETAG}},
    openapi_extra=taking("SessionTold", SessionTold, examples.SESSION),
)
async def tell_session(
    caller: Writer,
    service: Served,
    site: SiteId,
    told: Annotated[SessionTold, Depends(reading(SessionTold))],
) -> Response:
    """A vehicle has plugged in. Told again, what is told replaces what was told; what was measured stays."""

    def act(desk: Desk) -> Response:
        kept, is_new = plug_in(desk, told, service.clock())
        return _answered(desk, kept, 201 if is_new else 200)

    return await written(service, caller, site, act, _of(told.session))


@router.get("/sessions", operation_id="list_sessions", responses=documented(*ACCESS_ERRORS, NotFound))
def list_sessions(
    caller: Reader,
    service: Served,
    site: SiteId,
    past: Annotated[bool, Query(description="Those that are over, in place of those that are there.")] = False,
    after: After = "",
    limit: Limit = 100,
) -> Page:
    """Sessions of a site, by id."""
    with looking(service, caller, site) as desk:
        return page_of(desk.unit, desk.tenant, Kind.PAST_SESSION if past else Kind.SESSION, site, after, limit)


@router.get(
    "/sessions/{session}",
    operation_id="get_session",
    response_model=SessionDocument,
    responses=documented(*ACCESS_ERRORS, NotFound) | KNOWN,
)
def get_session(caller: Reader, service: Served, site: SiteId, session: SessionId) -> Response:
    """What is known of a session."""
    with looking(service, caller, site) as desk:
        return _answered(desk, known(desk, session))


@router.post(
    "/sessions/{session}/needs",
    operation_id="tell_needs",
    response_model=SessionDocument,
    responses=ERRORS | KNOWN,
    openapi_extra=taking("NeedsTold", NeedsTold, examples.NEEDS),
)
async def tell_needs(
    caller: Writer,
    service: Served,
    site: SiteId,
    session: SessionId,
    told: Annotated[NeedsTold, Depends(reading(NeedsTold))],
) -> Response:
    """What a driver wants now; what is not told stays as it was."""

    def act(desk: Desk) -> Response:
        return _answered(desk, need(desk, session, told, service.clock()))

    return await written(service, caller, site, act, _of(session))


@router.post(
    "/sessions/{session}/unplug",
    operation_id="tell_unplugged",
    response_model=SessionDocument,
    responses=ERRORS | KNOWN,
    openapi_extra=taking("Unplugged", Unplugged, examples.UNPLUGGED),
)
async def tell_unplugged(
    caller: Writer,
    service: Served,
    site: SiteId,
    session: SessionId,
    told: Annotated[Unplugged, Depends(reading(Unplugged))],
) -> Response:
    """A vehicle has left."""

    def act(desk: Desk) -> Response:
        return _answered(desk, unplug(desk, session, told, service.clock()))

    return await written(service, caller, site, act, _of(session))


@router.post(
    "/measurements",
    operation_id="tell_measurements",
    response_model=Counted,
    responses=ERRORS,
    openapi_extra=taking("MeasurementBatch", MeasurementBatch, examples.MEASUREMENTS),
)
async def tell_measurements(
    caller: Writer,
    service: Served,
    site: SiteId,
    told: Annotated[MeasurementBatch, Depends(reading(MeasurementBatch))],
) -> Response:
    """What meters showed, at most a thousand values at once, in any order."""
    about = [(Kind.SESSION, name) for name in few_named(told)]
    count = await written(service, caller, site, lambda desk: measure(desk, told, service.clock()), about)
    return Response(Counted(sessions=count).model_dump_json(), media_type="application/json")


def _of(session: str) -> tuple[tuple[Kind, str], ...]:
    """Where it is, there or over."""
    return (Kind.SESSION, session), (Kind.PAST_SESSION, session)


def _answered(desk: Desk, kept: Kept[Stay], status: int = 200) -> Response:
    """Written by hand: the web framework would check what we made ourselves once more."""
    told = session_document(desk, kept).model_dump_json()
    return Response(told, status, {"ETag": etag(kept.revision)}, "application/json")
