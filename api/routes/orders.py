"""What to send to stations so that they follow a new plan, in which order, on request; nothing is kept."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends

from api.ordering import OrdersDocument, ordered
from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS, ERRORS, json_body, json_tree, read
from api.routes.once import OncePerKey
from api.security.access import Writer
from api.service import Service, service_of
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding

router = APIRouter(prefix="/v1", tags=["plans"], route_class=OncePerKey)
SHAPE = 'give {"scenario": {...}, "desired": {"messages": [...]}, "believed": {"messages": [...]}, "plan_version": 7}'
_MESSAGES = {
    "type": "object",
    "description": "As `ocpp` of a plan; believed messages may say acknowledged, sent_at, plan_version.",
    "properties": {"version": {"type": "string"}, "messages": {"type": "array", "items": {"type": "object"}}},
    "required": ["messages"],
}
REQUEST_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "scenario": {"$ref": "#/components/schemas/ScenarioDocument"},
                    "desired": _MESSAGES,
                    "believed": _MESSAGES,
                    "plan_version": {"type": "integer"},
                    "interval_s": {"type": "number"},
                    "now": {"type": "string", "format": "date-time"},
                },
                "required": ["scenario", "desired", "believed", "plan_version"],
            }
        }
    },
}


@router.post(
    "/orders",
    operation_id="create_orders",
    responses=documented(*ERRORS, *ACCESS_ERRORS),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def create_orders(
    caller: Writer,
    service: Annotated[Service, Depends(service_of)],
    body: Annotated[bytes, Depends(json_body)],
) -> OrdersDocument:
    """Which messages bring stations from what they have to what a plan wants: only what changes, lower before raise.

    Send a command when all that it names in ``after`` are acknowledged; whatever is lost then, no limit is broken.
    """
    return await run_sync(partial(ordered_from, body, now=service.clock()), limiter=service.solves)


def ordered_from(body: bytes, *, now: datetime) -> OrdersDocument:
    """From a body to its orders; raises the errors of the route."""
    given = json_tree(body)
    if not isinstance(given, dict):
        raise _unfit("", "the body is no JSON object")
    scenario = read(json.dumps(given.get("scenario")).encode(), now)
    interval_s = given.get("interval_s")
    if interval_s is not None and not (isinstance(interval_s, int | float) and interval_s >= 0):
        raise _unfit("interval_s", f"{interval_s!r} is no number of seconds")
    version = given.get("plan_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise _unfit("plan_version", f"{version!r} is no integer")
    moment = now if given.get("now") is None else _instant(given["now"])
    wanted, known = given.get("desired"), given.get("believed")
    return ordered(scenario, wanted, known, now=moment, plan_version=version, interval_s=interval_s)


def _instant(given: Any) -> datetime:
    try:
        told = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise _unfit("now", f"{given!r} is no time") from None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told


def _unfit(path: str, message: str) -> InvalidScenario:
    return InvalidScenario((Finding(path=path, message=message, remedy=SHAPE),))
