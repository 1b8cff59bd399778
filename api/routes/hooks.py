"""Addresses at which utilities come to us, each with a token of its own; they are no part of the API for callers."""

from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request, Response

from api.connections.forms import AnyConnection, OpenAdr3
from api.connections.openadr3 import notify
from api.connections.running import line_of
from api.connections.state import State
from api.edges.openadr3.webhook import echoed, notified
from api.service import Service, service_of
from models.domain.errors import NotFound

router = APIRouter()

Served = Annotated[Service, Depends(service_of)]
OPENADR3 = "/openadr3/{tenant}/{connection}"
EVENT = "EVENT"


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


def _vtn(service: Service, tenant: str, connection: str) -> tuple[OpenAdr3, State]:
    """Raises NotFound for what is no connection to a VTN of OpenADR 3."""
    found: tuple[AnyConnection, State] = line_of(service, tenant, connection)
    if not isinstance(found[0], OpenAdr3):
        raise NotFound("there is no such address")
    return found[0], found[1]
