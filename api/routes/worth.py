"""What each part of a site earns, on request."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request

from api.document import WorthDocument
from api.planning import check
from api.problems import documented
from api.routes.bodies import ERRORS, REQUEST_BODY, json_body, read
from models.domain.errors import DeadlinePassed, SolverFault
from optimizer.settings import Settings
from optimizer.worth import worths

router = APIRouter(prefix="/v1", tags=["analysis"])


@router.post(
    "/worth",
    operation_id="create_worth",
    responses=documented(*ERRORS, SolverFault, DeadlinePassed),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def create_worth(request: Request, body: Annotated[bytes, Depends(json_body)]) -> WorthDocument:
    """Plan a scenario with and without each of its parts (a battery, PV, eyes for demand charges), billed alike."""
    settings = replace(request.app.state.solve_settings, time_limit_s=request.app.state.deadline_s)
    answer = partial(worth, body, settings=settings, now=datetime.now(UTC))
    return await run_sync(answer, limiter=request.app.state.solves)


def worth(body: bytes, *, settings: Settings, now: datetime) -> WorthDocument:
    """From a body to what its parts earn; raises the errors of the route."""
    scenario = read(body, now)
    check(scenario)
    return WorthDocument.model_validate(asdict(worths(scenario, settings)))
