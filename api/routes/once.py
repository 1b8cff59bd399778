"""Idempotency-Key: a POST that is sent again within a day is answered as the first time, and done once."""

import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.problems import InvalidDocument, OtherBody
from api.security.access import identified
from api.service import Service, service_of
from api.store.port import NEW
from api.store.records import Document, Kind, Place
from models.domain.errors import Conflict
from models.domain.findings import Finding

KEPT = timedelta(hours=24)
ANSWERING = timedelta(minutes=2)
"""After that, whoever was answering is taken for gone, and the request is done again."""
LONGEST_KEY = 255
REPEATED = ("content-type", "etag", "location")
"""Headers that are told again."""

Handler = Callable[[Request], Awaitable[Response]]


class OncePerKey(APIRoute):
    """A route whose POST is done once for each key of a tenant."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            return await (handle(request) if key is None or request.method != "POST" else _once(request, key, handle))

        return once


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A request under its key."""

    service: Service
    place: Place
    digest: str
    now: datetime

    def begin(self) -> Response | None:
        """The answer of the first time; None where this is the first time. Raises OtherBody, Conflict."""
        with self.service.store.begin(self.now) as unit:
            found = unit.find(self.place)
            if found is None or self._is_over(found):
                unit.write(self.place, json.dumps({"digest": self.digest}), expected=found.revision if found else NEW)
                return None
        told = json.loads(found.body)
        if told["digest"] != self.digest:
            raise OtherBody("this Idempotency-Key was sent with another request before; take a new one")
        if "status" not in told:
            raise Conflict("the first request with this Idempotency-Key is still being answered")
        return Response(b64decode(told["body"]), told["status"], told["headers"] | {"Idempotency-Replayed": "true"})

    def end(self, response: Response) -> None:
        """Keep the answer."""
        headers = {name: response.headers[name] for name in REPEATED if name in response.headers}
        told = {"digest": self.digest, "status": response.status_code, "headers": headers}
        with self.service.store.begin(self.now) as unit:
            unit.write(self.place, json.dumps(told | {"body": b64encode(bytes(response.body)).decode()}))

    def give_up(self) -> None:
        """It was not done: the next one with this key is the first."""
        with self.service.store.begin(self.now) as unit:
            unit.remove(self.place)

    def _is_over(self, found: Document) -> bool:
        age = self.now - found.changed_at
        return age >= KEPT or (age >= ANSWERING and "status" not in json.loads(found.body))


async def _once(request: Request, key: str, handle: Handler) -> Response:
    service = await service_of(request)
    caller = await identified(service, request.headers.get("authorization"))
    _check(key)
    digest = sha256(b"\n".join([request.url.path.encode(), request.url.query.encode(), await request.body()]))
    place = Place(tenant=caller.tenant, kind=Kind.ANSWER, id=key)
    attempt = _Attempt(service, place, digest.hexdigest(), service.clock())
    if (before := await run_sync(attempt.begin)) is not None:
        return before
    try:
        response = await handle(request)
    except BaseException:
        await run_sync(attempt.give_up)
        raise
    await run_sync(attempt.end, response)
    return response


def _check(key: str) -> None:
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        message, remedy = "this is no key", f"send 1 to {LONGEST_KEY} printable characters, a random UUID will do"
        raise InvalidDocument([Finding(path="header.Idempotency-Key", message=message, remedy=remedy)])
