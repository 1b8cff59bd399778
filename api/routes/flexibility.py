"""How many kW a site can shed or take up, on request."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from api.flexibility import FlexibilityDocument, flexibility_document
from api.planning import check
from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS, ERRORS, REQUEST_BODY, json_body, read
from api.routes.once import OncePerKey
from api.security.access import Writer
from api.service import Service, service_of
from models.domain.errors import DeadlinePassed, SolverFault
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR
from optimizer.flexibility import Direction, flexibility
from optimizer.settings import Settings

router = APIRouter(prefix="/v1", tags=["analysis"], route_class=OncePerKey)

LONGEST_MIN = 7 * HOURS_PER_DAY * MINUTES_PER_HOUR


@router.post(
    "/flexibility",
    operation_id="create_flexibility",
    responses=documented(*ERRORS, *ACCESS_ERRORS, SolverFault, DeadlinePassed),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def create_flexibility(
    caller: Writer,
    service: Annotated[Service, Depends(service_of)],
    body: Annotated[bytes, Depends(json_body)],
    start: Annotated[AwareDatetime, Query(description="When the window begins, with its offset from UTC.")],
    minutes: Annotated[float, Query(gt=0, le=LONGEST_MIN, description="How long it lasts.")],
    direction: Annotated[Direction, Query(description="Less import than planned, or more.")] = Direction.REDUCE,
) -> FlexibilityDocument:
    """The curve of kW against cost and missed energy, from 0 to the most that is there, and who would feel it."""
    window = partial(
        curve, direction=direction, start=start, duration=timedelta(minutes=minutes), settings=service.analysis_settings
    )
    return await run_sync(partial(window, body, now=service.clock()), limiter=service.solves)


def curve(
    body: bytes, *, direction: Direction, start: datetime, duration: timedelta, settings: Settings, now: datetime
) -> FlexibilityDocument:
    """From a body to the document of its curve; raises the errors of the route."""
    scenario = read(body, now)
    check(scenario)
    return flexibility_document(flexibility(scenario, direction, start, duration, settings))
