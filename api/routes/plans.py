"""Plans on request: a scenario comes in, its plan goes out, nothing is kept."""

import json
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request, Response

from api.build_document import document
from api.document import PlanDocument
from api.planning import plan
from api.problems import BodyTooLarge, MalformedJson, WrongContentType, documented
from models.domain.errors import InvalidScenario, NoFeasibleSchedule
from models.domain.scenario import Scenario
from models.domain.wire import read_scenario
from models.ocpp.profile import Version
from optimizer.settings import Settings

router = APIRouter(prefix="/v1", tags=["plans"])

REQUEST_BODY = {
    "required": True,
    "description": "A scenario, whole or in its quick form: a limit and a list of EVSEs with a car.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ScenarioDocument"}}},
}
ERRORS = (
    MalformedJson,
    NoFeasibleSchedule,
    BodyTooLarge,
    WrongContentType,
    InvalidScenario,
)


async def json_body(request: Request) -> bytes:
    """The body as bytes; raises WrongContentType, BodyTooLarge.

    It is not decoded here: only the reader of scenarios tells NaN, doubled keys and numbers too large for a float.
    """
    if not _says_json(request.headers.get("content-type", "")) or "content-encoding" in request.headers:
        raise WrongContentType("send the scenario with Content-Type: application/json in UTF-8, not compressed")
    return await request.body()


@router.post(
    "/plans",
    operation_id="create_plan",
    response_model=PlanDocument,
    responses=documented(*ERRORS),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def create_plan(
    request: Request,
    body: Annotated[bytes, Depends(json_body)],
    ocpp: Annotated[Version | None, Query(description="Add OCPP requests of this version.")] = None,
    deadline_s: Annotated[
        float | None,
        Query(gt=0, allow_inf_nan=False, description="Until there must be a plan; not longer than the service's own."),
    ] = None,
) -> Response:
    """Plan a scenario: setpoints for every session, their cost, what is missed and why, and the audit's verdict.

    Where the optimum is not there in time, ``method`` says what stands in for it and ``candidates`` why.
    """
    settings: Settings = request.app.state.solve_settings
    within_s = min(deadline_s or inf, request.app.state.deadline_s)
    answer = partial(planned, body, settings=settings, now=datetime.now(UTC), ocpp_version=ocpp, deadline_s=within_s)
    return Response(await run_sync(answer, limiter=request.app.state.solves), media_type="application/json")


def planned(body: bytes, *, settings: Settings, now: datetime, ocpp_version: Version | None, deadline_s: float) -> str:
    """From a body to the document of its plan, both as JSON; raises the errors of :data:`ERRORS`."""
    answer = plan(read(body, now), settings=settings, now=now, ocpp_version=ocpp_version, deadline_s=deadline_s)
    return document(answer).model_dump_json()


def read(body: bytes, now: datetime) -> Scenario:
    """The scenario in a body; raises InvalidScenario, MalformedJson."""
    try:
        return read_scenario(body, now=now)
    except InvalidScenario as invalid:
        if not _is_json(body):
            raise MalformedJson(invalid.findings) from None
        raise


def _says_json(content_type: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")]
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    return is_json and all(charset in ("utf-8", "utf8", "us-ascii") for charset in charsets)


def _is_json(body: bytes) -> bool:
    """Whether the grammar of JSON, with the NaN that Python adds to it, reads the body."""
    try:
        json.loads(body.decode("utf-8-sig"), parse_int=float)  # as int, more than 4,300 digits are an error
    except (ValueError, RecursionError):
        return False
    return True
