"""openleadr's client for a VEN of OpenADR 2.0b, made strict: failures are raised, addresses looked at, answers bounded.

The library logs a failure and goes on; here whoever asked is told what failed. It comes with an extra, so this module
is imported where a client is made.
"""

import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from openleadr import OpenADRClient
from openleadr.messaging import TEMPLATES, parse_message, validate_xml_schema

from api.edges.openadr2_status import know_status
from api.edges.openadr2_vtn import Vtn20b
from api.webhooks.guard import Refused, names, reachable
from models.domain.errors import EdgeError

TIMEOUT_S = 10.0
MOST_BYTES = 8 << 20
know_status(TEMPLATES)


class Client(OpenADRClient):  # type: ignore[misc]  # the library has no types
    """Hands events on to ``distributed``; every request is a POST whose failure is raised as EdgeError."""

    polled: str | None = None
    """What the last poll was answered with."""
    client_session: Any

    def __init__(self, vtn: Vtn20b, distributed: Callable[[Mapping[str, Any]], Awaitable[None]]) -> None:
        super().__init__(
            ven_name=vtn.ven_name,
            vtn_url=vtn.url,
            ven_id=vtn.ven_id,
            cert=vtn.cert_file,
            key=vtn.key_file,
            ca_file=vtn.ca_file,
            show_fingerprint=False,
        )
        self._vtn, self._distributed = vtn, distributed

    async def _on_event(self, message: Mapping[str, Any]) -> None:
        await self._distributed(message)

    async def poll(self) -> Any:
        self.polled, payload = await super().poll()
        return self.polled, payload

    async def _perform_request(self, service: str, message: Any) -> Any:
        """The library's own logs every failure and goes on; here who asked is told."""
        content = await self._posted(f"{self.vtn_url}/{service}", message)
        if not content:
            return None, {}
        try:
            validate_xml_schema(content)
            return parse_message(content)
        except Exception as unreadable:  # of the XML reader, the schema or the library
            told = f"its answer is no OpenADR 2.0b: {type(unreadable).__name__}"
            raise EdgeError(told, peer=self.vtn_url, retryable=True) from unreadable

    async def _posted(self, url: str, message: Any) -> bytes:
        await self._ensure_client_session()
        try:
            async with self.client_session.post(url, data=message, allow_redirects=False) as answer:
                content: bytes = await answer.content.read(MOST_BYTES + 1)
                status = int(answer.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            raise EdgeError(_failure(failure), peer=self.vtn_url, retryable=True) from failure
        if status != HTTPStatus.OK:
            raise EdgeError(f"answered {status}", peer=self.vtn_url, retryable=status >= 500)
        if len(content) > MOST_BYTES:
            raise EdgeError("its answer is too long", peer=self.vtn_url, retryable=False)
        return content

    async def _ensure_client_session(self) -> None:
        if self.client_session is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            connector = aiohttp.TCPConnector(ssl=_trust(self._vtn), resolver=_resolver(self._vtn))
            headers = {"content-type": "application/xml"}
            self.client_session = aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout)


class _Pinned(AbstractResolver):
    """The address that was looked at, whatever names say later."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> Any:
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        return [{"hostname": host, "host": self._address, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """There is nothing to let go of."""


def _trust(vtn: Vtn20b) -> ssl.SSLContext:
    """Whose certificates are believed, and which is ours; raises EdgeError for what is no PEM."""
    try:
        context = ssl.create_default_context(cafile=vtn.ca_file, cadata=vtn.ca_pem or None)
        if vtn.cert_file:
            context.load_cert_chain(vtn.cert_file, vtn.key_file)
    except (OSError, ValueError) as unread:
        raise EdgeError("a certificate or its key cannot be read", peer=vtn.url, retryable=False) from unread
    return context


def _resolver(vtn: Vtn20b) -> AbstractResolver | None:
    """The address that was looked at, where not every one is allowed; None: as usual. Raises EdgeError."""
    if vtn.allowed is None:
        return None
    try:
        address, _ = reachable(vtn.url, vtn.allowed, names)
    except Refused as refused:
        raise EdgeError(str(refused), peer=vtn.url, retryable=True) from refused
    return _Pinned(address)


def _failure(failure: Exception) -> str:
    if isinstance(failure, TimeoutError):
        return f"no answer within {TIMEOUT_S:g} s"
    if "certificate" in str(failure).lower() or "ssl" in type(failure).__name__.lower():
        return f"TLS failed: {failure}"
    return f"{type(failure).__name__}: {failure}"
