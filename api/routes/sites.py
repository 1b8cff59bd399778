"""Sites: what stands there, and how the service treats them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.problems import PreconditionFailed, PreconditionRequired, documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.conditions import Condition, condition
from api.routes.desks import (
    After,
    Limit,
    Page,
    SiteId,
    document,
    document_answers,
    looking,
    page_of,
    put_document,
    writing,
)
from api.security.access import Admin, Reader, Writer
from api.service import Service, service_of
from api.sites.removing import remove_site
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound
from models.domain.site import Site

router = APIRouter(prefix="/v1/sites", tags=["sites"])

Served = Annotated[Service, Depends(service_of)]
Conditions = Annotated[Condition, Depends(condition)]
ANSWERS = document_answers("Site")


@router.get("", operation_id="list_sites", responses=documented(*ACCESS_ERRORS))
def list_sites(caller: Reader, service: Served, after: After = "", limit: Limit = 100) -> Page:
    """Your sites, by id."""
    with looking(service, caller, "", is_there=False) as desk:
        return page_of(desk.unit, desk.tenant, Kind.SITE, None, after, limit)


@router.put(
    "/{site}",
    operation_id="put_site",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS, Conflict, PreconditionFailed, PreconditionRequired) | ANSWERS,
    openapi_extra=taking("Site", Site, examples.SITE),
)
def put_site(
    caller: Writer,
    service: Served,
    site: SiteId,
    told: Annotated[Site, Depends(reading(Site))],
    asked: Conditions,
) -> Response:
    """Write what stands at a site: grid nodes, EVSEs, batteries, tiers. A new site starts in the mode `advise`."""
    with writing(service, caller, site, is_there=False) as desk:
        return put_document(desk, Kind.SITE, told, asked, service.clock())


@router.get(
    "/{site}",
    operation_id="get_site",
    responses=documented(*ACCESS_ERRORS, NotFound) | {200: ANSWERS[200]},
)
def get_site(caller: Reader, service: Served, site: SiteId) -> Response:
    """Read what stands at a site."""
    with looking(service, caller, site) as desk:
        return document(Kind.SITE, desk.get(Kind.SITE))


@router.delete(
    "/{site}",
    operation_id="delete_site",
    status_code=204,
    responses=documented(*ACCESS_ERRORS, NotFound, Conflict, PreconditionFailed),
)
def delete_site(caller: Admin, service: Served, site: SiteId, asked: Conditions) -> None:
    """Remove a site and everything that is kept of it but its journal: plans and the audit trail stay readable."""
    with writing(service, caller, site) as desk:
        remove_site(desk, asked.to_remove(desk.get(Kind.SITE).revision))
