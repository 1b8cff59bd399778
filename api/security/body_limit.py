"""A bound on the body of every request, however it is sent."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import BodyTooLarge

DRAINED_BODIES = 16
"""Of a body that is too long, this many times the bound is read and dropped: a client that is still sending when the
connection closes may never see the answer. Beyond it the connection is cut."""


class BodyLimit:
    """ASGI middleware: counts bytes as they arrive, so that a chunked body without a length is bounded too."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        bounded = self._bounded(scope, receive) if scope["type"] == "http" else receive
        await self.app(scope, bounded, send)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        headers, seen = Headers(scope=scope), 0

        async def bounded() -> Message:
            nonlocal seen
            if seen == 0 and self._announced_too_long(headers):
                raise self._refusal()
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_bytes:
                await self._drain(receive, message, seen)
                raise self._refusal()
            return message

        return bounded

    def _announced_too_long(self, headers: Headers) -> bool:
        """Whether a client that waits for ``100 Continue`` can be spared sending."""
        length = headers.get("content-length", "")
        return "expect" in headers and length.isdecimal() and int(length) > self.max_bytes

    async def _drain(self, receive: Receive, message: Message, seen: int) -> None:
        while message.get("more_body", False) and seen <= DRAINED_BODIES * self.max_bytes:
            message = await receive()
            seen += len(message.get("body", b""))

    def _refusal(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"the body is longer than {self.max_bytes} bytes; "
            "send fewer sessions at once or raise CHARGEWRIGHT_MAX_BODY_BYTES"
        )
