"""``Prefer: respond-async``: an answer at once that says where the plan will be."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated

import structlog
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path, Response
from starlette.background import BackgroundTask

from api.document import PlanDocument
from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS, headers
from api.security.access import Caller, Reader
from api.service import Service, service_of
from api.sites import later
from api.sites.later import Later
from models.domain.errors import ChargingError, NotFound

router = APIRouter(prefix="/v1/plans", tags=["plans"])
PREFERENCE = "respond-async"
RETRY_S = 2
log = structlog.get_logger("chargewright.later")


def prefers_later(prefer: str | None) -> bool:
    """Whether a header Prefer says so, among other things."""
    told = (part.partition(";")[0].strip().lower() for part in (prefer or "").split(","))
    return PREFERENCE in told


async def accepted(service: Service, caller: Caller, answer: Callable[[], str]) -> Response:
    """202 with the address of the plan, which is made after the answer has gone out."""
    id = await run_sync(later.ask, service.store, caller.tenant, service.clock())
    headers = {"Location": f"/v1/plans/{id}", "Preference-Applied": PREFERENCE, "Retry-After": str(RETRY_S)}
    told = Later(id=id, state="pending").model_dump_json()
    work = BackgroundTask(_make, service, caller.tenant, id, answer)
    return Response(told, HTTPStatus.ACCEPTED, headers, "application/json", work)


@router.get(
    "/{id}",
    operation_id="get_plan_asked_for",
    response_model=PlanDocument,
    responses=documented(*ACCESS_ERRORS, NotFound)
    | {202: {"model": Later, "description": "Pending, or failed", "headers": headers("Retry-After")}},
)
def get_plan_asked_for(
    caller: Reader,
    service: Annotated[Service, Depends(service_of)],
    id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="As in the header Location.")],
) -> Response:
    """A plan that was asked for with ``Prefer: respond-async``; kept for a day."""
    found = later.found(service.store, caller.tenant, id, service.clock(), service.settings.deadline_s)
    if isinstance(found, str):
        return Response(found, media_type="application/json")
    headers = {"Retry-After": str(RETRY_S)} if found.state == "pending" else {}
    return Response(found.model_dump_json(), HTTPStatus.ACCEPTED, headers, "application/json")


async def _make(service: Service, tenant: str, id: str, answer: Callable[[], str]) -> None:
    """Whatever comes of it is kept; nobody is there to be raised to."""
    try:
        document = await run_sync(answer, limiter=service.solves)
    except ChargingError as error:
        keep = partial(later.failed, detail=str(error).partition("\n")[0])
        await run_sync(partial(keep, service.store, tenant, id, now=service.clock()))
    except Exception:
        log.exception("planning_failed", id=id)
        ours = partial(later.failed, detail="an error of ours; it is in the log of the service")
        await run_sync(partial(ours, service.store, tenant, id, now=service.clock()))
    else:
        await run_sync(later.made, service.store, tenant, id, document, service.clock())
