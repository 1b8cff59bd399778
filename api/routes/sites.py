"""Sites: what stands there, and how the service treats them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.problems import PreconditionFailed, PreconditionRequired, documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.conditions import Condition, condition
from api.routes.desks import After, Limit, Page, SiteId, document, looking, page_of, writing
from api.security.access import Admin, Reader, Writer
from api.service import Service, service_of
from api.sites.removing import remove_site
from api.sites.telling import tell
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound
from models.domain.site import Site

router = APIRouter(prefix="/v1/sites", tags=["sites"])

Served = Annotated[Service, Depends(service_of)]
Conditions = Annotated[Condition, Depends(condition)]
CONTENT = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Site"}}}}


@router.get("", operation_id="list_sites", responses=documented(*ACCESS_ERRORS))
def list_sites(caller: Reader, service: Served, after: After = "", limit: Limit = 100) -> Page:
    """Your sites, by id."""
    with looking(service, caller, "") as desk:
        return page_of(desk, Kind.SITE, None, after, limit)


@router.put(
    "/{site}",
    operation_id="put_site",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS, Conflict, PreconditionFailed, PreconditionRequired)
    | {200: {"description": "It is replaced", **CONTENT}, 201: {"description": "It is new", **CONTENT}},
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
    with writing(service, caller, site) as desk:
        found = desk.find(Kind.SITE)
        expected = asked.to_write(found.revision if found else None)
        kept = tell(desk, Kind.SITE, told, service.clock(), expected=expected)
    return document(Kind.SITE, kept, 200 if found else 201)


@router.get(
    "/{site}",
    operation_id="get_site",
    responses=documented(*ACCESS_ERRORS, NotFound) | {200: {"description": "As it is kept", **CONTENT}},
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
