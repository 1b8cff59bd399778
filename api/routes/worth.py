"""What each part of a site earns, on request."""

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends

from api.document import WorthDocument
from api.planning import check
from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS, ERRORS, REQUEST_BODY, json_body, read
from api.routes.once import OncePerKey
from api.security.access import Writer
from api.service import Service, service_of
from models.domain.errors import DeadlinePassed, SolverFault
from optimizer.settings import Settings
from optimizer.worth import worths

router = APIRouter(prefix="/v1", tags=["analysis"], route_class=OncePerKey)


@router.post(
    "/worth",
    operation_id="create_worth",
    responses=documented(*ERRORS, *ACCESS_ERRORS, SolverFault, DeadlinePassed),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def create_worth(
    caller: Writer,
    service: Annotated[Service, Depends(service_of)],
    body: Annotated[bytes, Depends(json_body)],
) -> WorthDocument:
    """Plan a scenario with and without each of its parts (a battery, PV, eyes for demand charges), billed alike."""
    answer = partial(worth, body, settings=service.analysis_settings, now=service.clock())
    return await run_sync(answer, limiter=service.solves)


def worth(body: bytes, *, settings: Settings, now: datetime) -> WorthDocument:
    """From a body to what its parts earn; raises the errors of the route."""
    scenario = read(body, now)
    check(scenario)
    return WorthDocument.model_validate(asdict(worths(scenario, settings)))
