"""Questions about a scenario, answered on request; nothing is kept."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from api.cure import CureDocument, cure_document
from api.document import WorthDocument
from api.event import EventDocument, event_document
from api.flexibility import FlexibilityDocument, flexibility_document
from api.planning import check
from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS, ERRORS, REQUEST_BODY, json_body, read
from api.routes.once import OncePerKey
from api.security.access import Writer
from api.service import Service, service_of
from models.domain.errors import DeadlinePassed, SolverFault
from models.domain.scenario import Scenario
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR
from optimizer.cure import cure
from optimizer.flexibility import Direction, flexibility
from optimizer.response.opt_in import opt_in
from optimizer.settings import Settings
from optimizer.worth import worths

router = APIRouter(prefix="/v1", tags=["analysis"], route_class=OncePerKey)

LONGEST_MIN = 7 * HOURS_PER_DAY * MINUTES_PER_HOUR
DESCRIBED: dict[str, Any] = {
    "responses": documented(*ERRORS, *ACCESS_ERRORS, SolverFault, DeadlinePassed),
    "openapi_extra": {"requestBody": REQUEST_BODY},
}

Served = Annotated[Service, Depends(service_of)]
Body = Annotated[bytes, Depends(json_body)]
Start = Annotated[AwareDatetime, Query(description="When the window begins, with its offset from UTC.")]
Minutes = Annotated[float, Query(gt=0, le=LONGEST_MIN, description="How long it lasts.")]
Asked = Annotated[Direction, Query(description="Less import than planned, or more.")]
Told = TypeVar("Told")


@router.post("/worth", operation_id="create_worth", **DESCRIBED)
async def create_worth(caller: Writer, service: Served, body: Body) -> WorthDocument:
    """Plan a scenario with and without each of its parts (a battery, PV, eyes for demand charges), billed alike."""

    def worth(scenario: Scenario, settings: Settings) -> WorthDocument:
        return WorthDocument.model_validate(asdict(worths(scenario, settings)))

    return await _answered(service, body, worth)


@router.post("/flexibility", operation_id="create_flexibility", **DESCRIBED)
async def create_flexibility(
    caller: Writer,
    service: Served,
    body: Body,
    start: Start,
    minutes: Minutes,
    direction: Asked = Direction.REDUCE,
) -> FlexibilityDocument:
    """The curve of kW against cost and missed energy, from 0 to the most that is there, and who would feel it."""

    def curve(scenario: Scenario, settings: Settings) -> FlexibilityDocument:
        return flexibility_document(flexibility(scenario, direction, start, timedelta(minutes=minutes), settings))

    return await _answered(service, body, curve)


@router.post("/event", operation_id="create_event_answer", **DESCRIBED)
async def create_event_answer(
    caller: Writer,
    service: Served,
    body: Body,
    event: Annotated[str, Query(description="Id of the event among the signals of the scenario.")],
) -> EventDocument:
    """Plan the day with the event and without it: which is better, by how much, and who waits."""

    def decision(scenario: Scenario, settings: Settings) -> EventDocument:
        return event_document(opt_in(scenario, event, settings))

    return await _answered(service, body, decision)


@router.post("/cure", operation_id="create_cure", **DESCRIBED)
async def create_cure(caller: Writer, service: Served, body: Body) -> CureDocument:
    """Which limits and targets conflict, by name, and the least change of either after which every target is met."""

    def cured(scenario: Scenario, settings: Settings) -> CureDocument:
        return cure_document(cure(scenario, settings))

    return await _answered(service, body, cured)


async def _answered(service: Service, body: bytes, answer: Callable[[Scenario, Settings], Told]) -> Told:
    """From a body to the answer of its question; raises the errors of the routes."""
    now = service.clock()

    def work() -> Told:
        scenario = read(body, now)
        check(scenario)
        return answer(scenario, service.analysis_settings)

    return await run_sync(work, limiter=service.solves)
