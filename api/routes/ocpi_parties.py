"""Platforms that speak OCPI, for an operator: who they are, how they register, what of them is a site."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from api.ocpi.forms import OcpiParty, Registration
from api.ocpi.keeping import looking_at_party, writing_party
from api.ocpi.linking import Ours, invite, part, register
from api.ocpi.status import OcpiPartyStatus, status_of
from api.ocpi.telling import bring_all, tell_party
from api.problems import InvalidDocument, PreconditionFailed, PreconditionRequired, documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.conditions import Condition, condition
from api.routes.desks import After, Limit, Page, answered, document_answers, page_of
from api.routes.once import OncePerKey
from api.security.access import Admin, Caller, Reader
from api.service import Service, service_of
from api.store.records import Kind
from models.domain.errors import Conflict, EdgeError, NotFound
from models.domain.findings import Finding

router = APIRouter(prefix="/v1/ocpi-parties", tags=["ocpi"], route_class=OncePerKey)

Served = Annotated[Service, Depends(service_of)]
Conditions = Annotated[Condition, Depends(condition)]
PartyId = Annotated[
    str,
    Path(alias="party", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="Letters, digits, `.`, `_`, `-`."),
]
GONE = documented(*ACCESS_ERRORS, NotFound)
ANSWERS = document_answers("OcpiParty")
WRITTEN = documented(*ACCESS_ERRORS, *FORM_ERRORS, Conflict, PreconditionFailed, PreconditionRequired) | ANSWERS


class Invitation(BaseModel):
    """What a platform registers with."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    token: str
    """It works once, for a week, and is told this once only."""
    versions_url: str


@router.put(
    "/{party}",
    operation_id="put_ocpi_party",
    responses=WRITTEN,
    openapi_extra=taking("OcpiParty", OcpiParty, examples.OCPI_PARTY),
)
def put_ocpi_party(
    caller: Admin,
    service: Served,
    party: PartyId,
    asked: Conditions,
    told: Annotated[Any, Depends(reading(OcpiParty))],
) -> Response:
    """Say who we are to a platform, and which of its locations are sites; their sessions are planned from then on."""
    now = service.clock()
    with writing_party(service.store, now, caller.tenant, party, caller.name) as desk:
        found = desk.find()
        kept = tell_party(desk, told, asked.to_write(found.revision if found else None), now)
    bring_all(service, caller.tenant, party, caller.name, now)
    return answered(kept.body, kept.revision, 200 if found else 201)


@router.get("", operation_id="list_ocpi_parties", responses=documented(*ACCESS_ERRORS))
def list_ocpi_parties(caller: Reader, service: Served, after: After = "", limit: Limit = 100) -> Page:
    """Your platforms, by id."""
    with service.store.view() as unit:
        return page_of(unit, caller.tenant, Kind.OCPI_PARTY, "", after, limit)


@router.get("/{party}", operation_id="get_ocpi_party", responses=GONE | {200: ANSWERS[200]})
def get_ocpi_party(caller: Reader, service: Served, party: PartyId) -> Response:
    """A platform as it was told."""
    with looking_at_party(service.store, caller.tenant, party) as desk:
        found = desk.find()
    if found is None:
        raise NotFound("there is no party of this id")
    return answered(found.body, found.revision)


@router.delete("/{party}", operation_id="delete_ocpi_party", status_code=204, responses=GONE | documented(Conflict))
def delete_ocpi_party(caller: Admin, service: Served, party: PartyId, asked: Conditions, request: Request) -> None:
    """Tell it that we leave, and forget it, its tokens and what it pushed. Its sessions stay at their sites."""
    with looking_at_party(service.store, caller.tenant, party) as desk:
        found = desk.find()
    if found is None:
        raise NotFound("there is no party of this id")
    part(_ours(service, caller, party, request), asked.to_remove(found.revision), service.clock())


@router.get("/{party}/status", operation_id="get_ocpi_party_status", responses=GONE)
def get_ocpi_party_status(caller: Reader, service: Served, party: PartyId) -> OcpiPartyStatus:
    """Whether it is registered, what it pushed, and which locations are no site."""
    return _status(service, caller, party)


@router.put("/{party}/token", operation_id="invite_ocpi_party", responses=GONE | documented(Conflict))
def invite_ocpi_party(caller: Admin, service: Served, party: PartyId, request: Request) -> Invitation:
    """A token with which the platform registers here, once; the one before works no more."""
    ours = _ours(service, caller, party, request)
    return Invitation(token=invite(ours, service.clock()), versions_url=f"{ours.base}/ocpi/versions")


@router.post(
    "/{party}/register",
    operation_id="register_at_ocpi_party",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound, Conflict),
    openapi_extra=taking("Registration", Registration, examples.REGISTRATION),
)
def register_at_ocpi_party(
    caller: Admin,
    service: Served,
    party: PartyId,
    request: Request,
    told: Annotated[Any, Depends(reading(Registration))],
) -> OcpiPartyStatus:
    """Register at the platform with the token that it gave you; without one, both tokens are renewed."""
    ours = _ours(service, caller, party, request)
    _status(service, caller, party)
    if not ours.secrets.can_keep():
        remedy = "set CHARGEWRIGHT_SECRET_KEYS (chargewright keys encryption-key makes one)"
        raise InvalidDocument(
            [Finding(path="token", message="the service has no key to keep tokens with", remedy=remedy)]
        )
    try:
        register(ours, told, service.clock())
    except EdgeError as failed:
        remedy = "ask the platform, or correct versions_url and token, and register again"
        raise InvalidDocument([Finding(path="versions_url", message=str(failed)[:500], remedy=remedy)]) from failed
    return _status(service, caller, party)


def _ours(service: Service, caller: Caller, party: str, request: Request) -> Ours:
    return Ours(service, caller.tenant, party, caller.name, own_base(service, request))


def own_base(service: Service, request: Request) -> str:
    """Where the service is reached: as its operator says, else as it was reached just now."""
    return (service.settings.public_url or str(request.base_url)).rstrip("/")


def _status(service: Service, caller: Caller, party: str) -> OcpiPartyStatus:
    with looking_at_party(service.store, caller.tenant, party) as desk:
        return status_of(desk)
