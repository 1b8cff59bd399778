"""Whether to take part in an event, on request."""

from datetime import datetime
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query

from api.event import EventDocument, event_document
from api.planning import check
from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS, ERRORS, REQUEST_BODY, json_body, read
from api.routes.once import OncePerKey
from api.security.access import Writer
from api.service import Service, service_of
from models.domain.errors import DeadlinePassed, SolverFault
from optimizer.response.opt_in import opt_in
from optimizer.settings import Settings

router = APIRouter(prefix="/v1", tags=["analysis"], route_class=OncePerKey)


@router.post(
    "/event",
    operation_id="create_event_answer",
    responses=documented(*ERRORS, *ACCESS_ERRORS, SolverFault, DeadlinePassed),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def create_event_answer(
    caller: Writer,
    service: Annotated[Service, Depends(service_of)],
    body: Annotated[bytes, Depends(json_body)],
    event: Annotated[str, Query(description="Id of the event among the signals of the scenario.")],
) -> EventDocument:
    """Plan the day with the event and without it: which is better, by how much, and who waits."""
    answer = partial(answered, body, event=event, settings=service.analysis_settings, now=service.clock())
    return await run_sync(answer, limiter=service.solves)


def answered(body: bytes, *, event: str, settings: Settings, now: datetime) -> EventDocument:
    """From a body to the document of its event; raises the errors of the route."""
    scenario = read(body, now)
    check(scenario)
    return event_document(opt_in(scenario, event, settings))
