"""What utilities said, folded into what holds when; nothing is kept."""

import json
from datetime import datetime
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS, ERRORS, json_body, refused_if_no_json
from api.routes.once import OncePerKey
from api.security.access import Writer
from api.service import Service, service_of
from api.signal_document import FoldedDocument, folded_document
from models.domain.asked import asked
from models.domain.timeline import fold, window
from models.domain.wire import read_asking, scenario_json

router = APIRouter(prefix="/v1/signals", tags=["demand response"], route_class=OncePerKey)

LONGEST_HOURS = 24.0 * 31
REQUEST_BODY = {
    "required": True,
    "description": "Signals in any order, and, to be told what a site is asked, its scenario and rules.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AskingDocument"}}},
}


@router.post(
    "/fold",
    operation_id="fold_signals",
    responses=documented(*ERRORS, *ACCESS_ERRORS),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def fold_signals(
    caller: Writer,
    service: Annotated[Service, Depends(service_of)],
    body: Annotated[bytes, Depends(json_body)],
    start: Annotated[AwareDatetime, Query(description="From when on, with its offset from UTC.")],
    hours: Annotated[float, Query(gt=0, le=LONGEST_HOURS, description="For how long.")] = 24.0,
    site: Annotated[str, Query(max_length=200, description="Whose random starts are drawn: the id of a site.")] = "",
) -> FoldedDocument:
    """What holds when, lane by lane, the limits of all sources together, and what the scenario in the body is asked."""
    answer = partial(folded, body, start=start, hours=hours, site=site)
    return await run_sync(answer, limiter=service.solves)


def folded(body: bytes, *, start: datetime, hours: float, site: str) -> FoldedDocument:
    """From a body to the document; raises the errors of the route."""
    asking = refused_if_no_json(read_asking, body)
    timeline = fold(asking.signals, *window(start, hours), seed=site)
    if asking.scenario is None:
        return folded_document(timeline, None, ())
    told = asked(timeline, asking.scenario, asking.rules)
    scenario = json.loads(scenario_json(told.within(asking.scenario)))
    return folded_document(timeline, scenario, told.findings)
