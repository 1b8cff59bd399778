"""Addresses at which utilities come to us, each with a token of its own; they are no part of the API for callers."""

from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Any

import structlog
from anyio.to_thread import run_sync
from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response

from api.connections import oscp
from api.connections.forms import AnyConnection, OpenAdr3, Oscp
from api.connections.keeping import Line
from api.connections.openadr3 import notify
from api.connections.running import line_of
from api.connections.secrets import Secrets
from api.connections.state import State
from api.edges.openadr3.webhook import echoed, notified
from api.edges.oscp import Taken, answered
from api.service import Service, service_of
from models.domain.errors import EdgeError, NotFound

router = APIRouter()

Served = Annotated[Service, Depends(service_of)]
OPENADR3 = "/openadr3/{tenant}/{connection}"
OSCP = "/oscp/{tenant}/{connection}/fp/2.0/{word}"
EVENT = "EVENT"
log = structlog.get_logger("chargewright.hooks")


@router.get(OPENADR3, include_in_schema=False)
def challenged(service: Served, tenant: str, connection: str, echo: Annotated[str, Query()]) -> Response:
    """A VTN of OpenADR 3 looks whether we are there."""
    _vtn(service, tenant, connection)
    return echoed(echo)


@router.post(OPENADR3, include_in_schema=False)
async def told(request: Request, service: Served, tenant: str, connection: str) -> Response:
    """A VTN of OpenADR 3 tells of a change."""
    vtn, state = await run_sync(_vtn, service, tenant, connection)
    known = state.openadr3.hook_sha256

    def is_ours(token: str) -> bool:
        return bool(known) and compare_digest(sha256(token.encode()).hexdigest(), known)

    def accept(kind: str, operation: str, tree: Any) -> None:
        if kind.upper() == EVENT and not vtn.paused:
            notify(service, tenant, connection, vtn, operation, tree)

    return await notified(request, is_ours, accept)


@router.api_route(OSCP, methods=["POST", "PUT", "DELETE"], include_in_schema=False)
async def oscp_message(
    request: Request, afterwards: BackgroundTasks, service: Served, tenant: str, connection: str, word: str
) -> Response:
    """A capacity provider of OSCP comes to us."""
    provider, token = await run_sync(_capacity_provider, service, tenant, connection)

    def take(tree: Any, request_id: str) -> Taken:
        return oscp.taken(service, tenant, connection, provider, word, request.method, tree, request_id)

    def failed(failure: EdgeError) -> None:
        log.warning("not_said", tenant=tenant, connection=connection, error=str(failure))

    return await answered(request, afterwards, token, take, failed)


def _capacity_provider(service: Service, tenant: str, connection: str) -> tuple[Oscp, str]:
    """With our token; raises NotFound for what is no connection of OSCP, or is paused."""
    with service.store.view() as unit:
        line = Line(unit, tenant, connection, "")
        told = line.get()
        if not isinstance(told, Oscp) or told.paused:
            raise NotFound("there is no such address")
        return told, Secrets(service.settings, tenant, connection).get("token", told.token, unit)


def _vtn(service: Service, tenant: str, connection: str) -> tuple[OpenAdr3, State]:
    """Raises NotFound for what is no connection to a VTN of OpenADR 3."""
    found: tuple[AnyConnection, State] = line_of(service, tenant, connection)
    if not isinstance(found[0], OpenAdr3):
        raise NotFound("there is no such address")
    return found[0], found[1]
