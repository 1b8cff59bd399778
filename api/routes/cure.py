"""Why not every target can be met, and what would meet them, on request."""

from datetime import datetime
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends

from api.cure import CureDocument, cure_document
from api.planning import check
from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS, ERRORS, REQUEST_BODY, json_body, read
from api.routes.once import OncePerKey
from api.security.access import Writer
from api.service import Service, service_of
from models.domain.errors import DeadlinePassed, SolverFault
from optimizer.cure import cure
from optimizer.settings import Settings

router = APIRouter(prefix="/v1", tags=["analysis"], route_class=OncePerKey)


@router.post(
    "/cure",
    operation_id="create_cure",
    responses=documented(*ERRORS, *ACCESS_ERRORS, SolverFault, DeadlinePassed),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def create_cure(
    caller: Writer,
    service: Annotated[Service, Depends(service_of)],
    body: Annotated[bytes, Depends(json_body)],
) -> CureDocument:
    """Which limits and targets conflict, by name, and the least change of either after which every target is met."""
    answer = partial(cured, body, settings=service.analysis_settings, now=service.clock())
    return await run_sync(answer, limiter=service.solves)


def cured(body: bytes, *, settings: Settings, now: datetime) -> CureDocument:
    """From a body to the document of its cure; raises the errors of the route."""
    scenario = read(body, now)
    check(scenario)
    return cure_document(cure(scenario, settings))
