"""Plans on request: a scenario comes in, its plan goes out, nothing is kept."""

from datetime import datetime
from functools import partial
from math import inf
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Query, Response

from api.build_document import document
from api.document import PlanDocument
from api.planning import check, plan
from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS, ERRORS, REQUEST_BODY, headers, json_body, read
from api.routes.later import accepted, prefers_later
from api.routes.once import OncePerKey
from api.security.access import Writer
from api.service import Service, service_of
from api.sites.later import Later
from models.domain.sending import PlanPurpose, Version
from models.ocpp.manner import Manner
from optimizer.settings import Settings

router = APIRouter(prefix="/v1", tags=["plans"], route_class=OncePerKey)
WHERE = headers("Location", "Preference-Applied", "Retry-After")


@router.post(
    "/plans",
    operation_id="create_plan",
    response_model=PlanDocument,
    responses=documented(*ERRORS, *ACCESS_ERRORS)
    | {202: {"model": Later, "description": "Asked for later", "headers": WHERE}},
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def create_plan(
    caller: Writer,
    service: Annotated[Service, Depends(service_of)],
    body: Annotated[bytes, Depends(json_body)],
    ocpp: Annotated[Version | None, Query(description="Add OCPP requests of this version.")] = None,
    ocpp_purpose: Annotated[
        PlanPurpose | None,
        Query(description="Which profile carries a plan, unless the station in the scenario says its own."),
    ] = None,
    ocpp_bundle: Annotated[
        bool, Query(description="Add the maxima of stations and the fail-safe default of each EVSE.")
    ] = False,
    ocpp_minutes: Annotated[
        float | None,
        Query(gt=0, allow_inf_nan=False, description="How long stations follow the plan before their fail-safe holds."),
    ] = None,
    deadline_s: Annotated[
        float | None,
        Query(gt=0, allow_inf_nan=False, description="Until there must be a plan; not longer than the service's own."),
    ] = None,
    prefer: Annotated[
        str | None, Header(description="`respond-async`: 202 at once, and where the plan will be.")
    ] = None,
) -> Response:
    """Plan a scenario: setpoints for every session, their cost, what is missed and why, and the audit's verdict.

    Where the optimum is not there in time, ``method`` says what stands in for it and ``candidates`` why.
    """
    within_s = min(deadline_s or inf, service.settings.deadline_s)
    manner = Manner(version=ocpp, purpose=ocpp_purpose, bundle=ocpp_bundle) if ocpp else None
    answer = partial(
        planned,
        body,
        settings=service.solve_settings,
        now=service.clock(),
        ocpp=manner,
        followed_minutes=ocpp_minutes,
        deadline_s=within_s,
    )
    if prefers_later(prefer):
        check(read(body, service.clock()))  # what cannot be planned is told at once
        return await accepted(service, caller, answer)
    return Response(await run_sync(answer, limiter=service.solves), media_type="application/json")


def planned(
    body: bytes,
    *,
    settings: Settings,
    now: datetime,
    ocpp: Manner | None,
    followed_minutes: float | None,
    deadline_s: float,
) -> str:
    """From a body to the document of its plan, both as JSON; raises the errors of :data:`ERRORS`."""
    answer = plan(
        read(body, now),
        settings=settings,
        now=now,
        ocpp=ocpp,
        followed_minutes=followed_minutes,
        deadline_s=deadline_s,
        valid=True,
    )
    return document(answer).model_dump_json()
