"""OSCP 2.0 over HTTP as a flexibility provider: what we are told, at our address, and what we tell, at theirs.

Every message is answered at once, 204 or a refusal; what has to be said in return goes out afterwards as a message of
its own, with the id of what it answers. Paths differ between implementations and can be set.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from http import HTTPStatus
from threading import Lock
from typing import Any
from uuid import uuid4

import httpx2
from anyio.to_thread import run_sync
from fastapi import APIRouter, BackgroundTasks, Request, Response

from api.edges.addresses import refuse_plain
from api.problems import respond
from models.domain.errors import EdgeError, InvalidScenario
from models.domain.findings import Finding
from models.domain.strict_json import read_json
from models.oscp import written
from models.oscp.provider import Provider, Reply, forecast_taken, heard
from models.oscp.wire import VERSION, Heartbeat, Register, handshake_of, read

TIMEOUT_S = 10.0
MOST_BYTES = 1 << 20
REQUEST_ID, CORRELATION_ID = "X-Request-ID", "X-Correlation-ID"


@dataclass(frozen=True, slots=True, kw_only=True)
class OscpSettings:
    """How we and one capacity provider find each other."""

    our_token: str = field(repr=False)
    """They come with it; told out of band for the first message."""
    our_url: str
    """Base address of the router, as they reach it."""
    heartbeat_interval_s: int = 60
    """What we ask of them. [s]"""
    measurements: tuple[str, ...] = ("CONTINUOUS",)
    acknowledgment_path: str = "handshake_acknowledgment"
    """Taiwan's ELMO says ``handshake_acknowledge``."""


@dataclass(slots=True)
class Peer:
    """The other side, once it has registered."""

    base_url: str
    token: str = field(repr=False)
    heartbeat_interval_s: int | None = None
    """What it asks of us. [s]"""


class OscpProvider:
    """One flexibility provider for one capacity provider; ``changed`` is told after every forecast and heartbeat."""

    def __init__(
        self,
        provider: Provider,
        settings: OscpSettings,
        now: Callable[[], datetime],
        changed: Callable[[Provider, tuple[Finding, ...]], None],
        *,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.provider, self.settings = provider, settings
        self.peer: Peer | None = None
        self.changed, self._now, self._lock = changed, now, Lock()
        self._client = httpx2.Client(timeout=TIMEOUT_S, transport=transport, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def tell(self, path: str, body: dict[str, Any], *, answers: str | None = None, method: str = "POST") -> None:
        """One message to the other side; ``answers`` is the id of theirs. Raises EdgeError for all but a 204."""
        if self.peer is None:
            raise EdgeError("it has not registered", peer=self.provider.source, retryable=True)
        headers = {"Authorization": f"Token {self.peer.token}", REQUEST_ID: str(uuid4())}
        if answers is not None:
            headers[CORRELATION_ID] = answers
        url = f"{self.peer.base_url.rstrip('/')}/{path}"
        try:
            answer = self._client.request(method, url, json=body, headers=headers)
        except (httpx2.TransportError, httpx2.InvalidURL) as failure:
            raise EdgeError(f"{type(failure).__name__}: {failure}", peer=url, retryable=True) from failure
        if answer.status_code != HTTPStatus.NO_CONTENT:
            raise EdgeError(f"answered {answer.status_code}", peer=url, retryable=answer.status_code >= 500)

    def beat(self) -> None:
        """A heartbeat: we promise to be heard from within three of the intervals that the other side asks for."""
        interval_s = (self.peer.heartbeat_interval_s if self.peer else None) or self.settings.heartbeat_interval_s
        self.tell("heartbeat", written.heartbeat(self._now() + timedelta(seconds=3 * interval_s)))

    def refuse_forecast(self, request_id: str, message: str) -> None:
        """Tells that a forecast cannot be kept."""
        self.tell("group_capacity_compliance_error", written.compliance_error(message), answers=request_id)

    # What follows takes one message each: the answer, and what is to be said in return.

    def registered(self, tree: Any, request_id: str) -> tuple[Reply, Callable[[], None] | None]:
        """They tell where they are and which token to bring; we tell ours, and shake hands."""
        told = read(Register, tree)
        urls = [each.base_url for each in told.version_url if each.version == VERSION]
        if not urls:
            return Reply(status=HTTPStatus.BAD_REQUEST, findings=(_finding(f"no version {VERSION} is offered"),)), None
        refuse_plain(urls[0])
        self.peer = Peer(urls[0], told.token)
        return Reply(), lambda: self._introduce(request_id)

    def unregistered(self) -> tuple[Reply, None]:
        self.peer = None
        return Reply(), None

    def shaken(self, tree: Any, request_id: str) -> tuple[Reply, Callable[[], None]]:
        """They ask for a behaviour; we acknowledge with ours."""
        self._take_behaviour(tree)
        body = written.handshake(self.settings.heartbeat_interval_s, self.settings.measurements)
        return Reply(), lambda: self.tell(self.settings.acknowledgment_path, body, answers=request_id)

    def acknowledged(self, tree: Any) -> tuple[Reply, None]:
        self._take_behaviour(tree)
        return Reply(), None

    def beaten(self, tree: Any) -> tuple[Reply, None]:
        told = read(Heartbeat, tree)
        with self._lock:
            self.provider = heard(self.provider, told.offline_mode_at, self._now())
        self.changed(self.provider, ())
        return Reply(), None

    def forecast(self, tree: Any, request_id: str) -> tuple[Reply, None]:
        with self._lock:
            self.provider, reply = forecast_taken(self.provider, tree, request_id)
        self.changed(self.provider, reply.findings)
        return reply, None

    def _introduce(self, request_id: str) -> None:
        self.tell("register", written.register(self.settings.our_token, self.settings.our_url), answers=request_id)
        self.tell("handshake", written.handshake(self.settings.heartbeat_interval_s, self.settings.measurements))

    def _take_behaviour(self, tree: Any) -> None:
        asked = handshake_of(tree).required_behaviour.heartbeat_interval
        if self.peer is not None and asked is not None:
            self.peer = replace(self.peer, heartbeat_interval_s=asked)


Taken = tuple[Reply, Callable[[], None] | None]
Take = Callable[[Any, str], Taken]
"""Of a message and the id of its request."""
Failed = Callable[[EdgeError], None]
"""A message in return did not arrive."""


def handlers(provider: OscpProvider) -> dict[str, tuple[tuple[str, ...], Take]]:
    """What takes a message, by the last part of its address, and by which methods it may come."""
    return {
        "register": (("POST", "PUT"), provider.registered),
        "handshake": (("POST",), provider.shaken),
        provider.settings.acknowledgment_path: (("POST",), lambda tree, request_id: provider.acknowledged(tree)),
        "heartbeat": (("POST",), lambda tree, request_id: provider.beaten(tree)),
        "update_group_capacity_forecast": (("POST",), provider.forecast),
    }


def router(provider: OscpProvider) -> APIRouter:
    """Our addresses; the operator's log has what a message in return could not say."""
    routes = APIRouter()
    told = {f"/{path}": how for path, how in handlers(provider).items()}
    for path, (methods, take) in told.items():
        routes.add_api_route(path, _endpoint(provider, take), methods=list(methods), include_in_schema=False)
    leave = _endpoint(provider, lambda tree, request_id: provider.unregistered())
    routes.add_api_route("/register", leave, methods=["DELETE"], include_in_schema=False)
    return routes


def _endpoint(provider: OscpProvider, take: Take) -> Callable[..., Any]:
    def failed(failure: EdgeError) -> None:
        provider.changed(provider.provider, (_finding(str(failure)),))

    async def endpoint(request: Request, afterwards: BackgroundTasks) -> Response:
        return await answered(request, afterwards, provider.settings.our_token, take, failed)

    return endpoint


async def answered(request: Request, afterwards: BackgroundTasks, token: str, take: Take, failed: Failed) -> Response:
    """204, or why not; what is to be said in return goes out afterwards, and the other side asks again if it fails."""
    refusal = _refusal(request, token)
    if refusal is not None:
        return respond(*refusal)
    try:
        tree, request_id = await _tree(request), request.headers[REQUEST_ID]
        reply, in_return = await run_sync(take, tree, request_id)
    except InvalidScenario as invalid:
        reply, in_return = Reply(status=HTTPStatus.BAD_REQUEST, findings=invalid.findings), None
    except EdgeError as address:
        reply, in_return = Reply(status=HTTPStatus.BAD_REQUEST, findings=(_finding(str(address)),)), None
    if in_return is not None:
        afterwards.add_task(_said, in_return, failed)
    if reply.status is HTTPStatus.NO_CONTENT:
        return Response(status_code=reply.status, background=afterwards)
    return respond(reply.status, "oscp", reply.status.phrase, "The message is refused.", reply.findings)


def _said(in_return: Callable[[], None], failed: Failed) -> None:
    try:
        in_return()
    except EdgeError as failure:
        failed(failure)


async def _tree(request: Request) -> Any:
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise InvalidScenario([_finding("the message is too long")])
    if not body:
        return None
    document = read_json(body)
    if document.findings:
        raise InvalidScenario(document.findings)
    return document.tree


def _refusal(request: Request, token: str) -> tuple[HTTPStatus, str, str, str] | None:
    if not compare_digest(request.headers.get("authorization", "").encode(), f"Token {token}".encode()):
        return HTTPStatus.UNAUTHORIZED, "oscp", "Unauthorized", "The token is not ours."
    if not request.headers.get(REQUEST_ID):
        return HTTPStatus.BAD_REQUEST, "oscp", "Bad Request", f"The header {REQUEST_ID} is missing."
    return None


def _finding(message: str) -> Finding:
    return Finding(path="", message=message, remedy="the other side has to correct it; see OSCP 2.0")
