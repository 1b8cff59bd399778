"""Why not every target can be met, and what would meet them, on request."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request

from api.cure import CureDocument, cure_document
from api.planning import check
from api.problems import documented
from api.routes.bodies import ERRORS, REQUEST_BODY, json_body, read
from models.domain.errors import DeadlinePassed, SolverFault
from optimizer.cure import cure
from optimizer.settings import Settings

router = APIRouter(prefix="/v1", tags=["analysis"])


@router.post(
    "/cure",
    operation_id="create_cure",
    responses=documented(*ERRORS, SolverFault, DeadlinePassed),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def create_cure(request: Request, body: Annotated[bytes, Depends(json_body)]) -> CureDocument:
    """Which limits and targets conflict, by name, and the least change of either after which every target is met."""
    settings = replace(request.app.state.solve_settings, time_limit_s=request.app.state.deadline_s)
    answer = partial(cured, body, settings=settings, now=datetime.now(UTC))
    return await run_sync(answer, limiter=request.app.state.solves)


def cured(body: bytes, *, settings: Settings, now: datetime) -> CureDocument:
    """From a body to the document of its cure; raises the errors of the route."""
    scenario = read(body, now)
    check(scenario)
    return cure_document(cure(scenario, settings))
