"""Where a VTN tells of changes: its echo challenge is answered, its notifications are taken with their bearer token."""

from collections.abc import Callable
from hmac import compare_digest
from http import HTTPStatus
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from api.problems import respond
from models.domain.errors import InvalidScenario
from models.domain.strict_json import read_json
from models.openadr.v3.wire import Notification, read

LONGEST_ECHO = 1024
MOST_BYTES = 1 << 20
Accept = Callable[[str, str, Any], None]
"""Of object type, operation and object; it does not raise for what the object says."""
BEARER = "Bearer "


def webhook(path: str, bearer_token: str, accept: Accept) -> APIRouter:
    """A callback address for one subscription."""
    router = APIRouter()

    @router.get(path, include_in_schema=False)
    async def challenged(echo: str) -> Response:
        """The VTN looks whether we are there, and ours."""
        return echoed(echo)

    @router.post(path, include_in_schema=False)
    async def told(request: Request) -> Response:
        return await notified(request, lambda token: compare_digest(token.encode(), bearer_token.encode()), accept)

    return router


def echoed(challenge: str) -> Response:
    """The answer to a challenge."""
    return PlainTextResponse(challenge[:LONGEST_ECHO], headers={"X-Content-Type-Options": "nosniff"})


async def notified(request: Request, is_ours: Callable[[str], bool], accept: Accept) -> Response:
    """The answer to a notification: 200 once ``accept`` has it for good; ``is_ours`` judges its bearer token."""
    authorization = request.headers.get("authorization", "")
    if not authorization.startswith(BEARER) or not is_ours(authorization.removeprefix(BEARER)):
        return respond(*_problem(HTTPStatus.FORBIDDEN, "The bearer token is not that of the subscription."))
    body = await request.body()
    if len(body) > MOST_BYTES:
        return respond(*_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The notification is too long."))
    try:
        document = read_json(body)
        told = read(Notification, document.tree)
        if document.findings:
            raise InvalidScenario(document.findings)
    except InvalidScenario as invalid:
        return respond(*_problem(HTTPStatus.BAD_REQUEST, "The notification cannot be read."), invalid.findings)
    await run_sync(accept, told.object_type, told.operation, told.object)
    return Response(status_code=HTTPStatus.OK)


def _problem(status: HTTPStatus, detail: str) -> tuple[HTTPStatus, str, str, str]:
    return status, "notification", status.phrase, detail
