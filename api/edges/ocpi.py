"""A way to a platform that speaks OCPI: one request with its token, one answer, failures in one vocabulary."""

import json
from base64 import b64encode
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2

from api.edges.addresses import refuse_plain
from api.edges.outside import Outside
from models.domain.errors import EdgeError
from models.ocpi.credentials import Credentials, VersionDetails, VersionInfo
from models.ocpi.wire import OcpiObject, OcpiVersion, Refusal, Response, read_object

MOST_BYTES = 1 << 20
"""Of an answer that is read."""
TIMEOUT_S = 10.0
LONGEST_ANSWER_S = 30.0
"""Until the whole of an answer is there. [s]"""
T = TypeVar("T", bound=OcpiObject)
NEWEST_FIRST = tuple(sorted(OcpiVersion, reverse=True))


@dataclass(frozen=True, slots=True)
class Sent:
    """What came back: HTTP status and body as it is."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class OcpiClient:
    """To one platform, in the name of one token. Every method raises EdgeError."""

    token: str
    allowed: tuple[str, ...] = ()
    """Hosts and networks inside that may be reached."""

    def versions(self, url: str) -> tuple[VersionInfo, ...]:
        """Those that it speaks."""
        data = self._data("GET", url)
        listed = data if isinstance(data, list) else []
        return tuple(_object(VersionInfo, one, url) for one in listed)

    def details(self, url: str) -> VersionDetails:
        """What it offers in one version."""
        return _object(VersionDetails, self._data("GET", url), url)

    def exchange(self, method: str, url: str, ours: Credentials) -> Credentials:
        """Its credentials for ours."""
        return _object(Credentials, self._data(method, url, ours.json_object()), url)

    def leave(self, url: str) -> None:
        """It forgets us."""
        self._data("DELETE", url)

    def send(self, method: str, url: str, body: dict[str, Any] | None = None) -> Sent:
        """One request, whatever it is answered."""
        refuse_plain(url)
        shown = {"Authorization": f"Token {b64encode(self.token.encode()).decode()}"}
        traced = {"X-Request-ID": str(uuid4()), "X-Correlation-ID": str(uuid4())}
        try:
            with (
                httpx2.Client(timeout=TIMEOUT_S, transport=Outside(self.allowed), trust_env=False) as client,
                client.stream(method, url, json=body, headers=shown | traced) as answer,
            ):
                return Sent(answer.status_code, _bounded(answer, url))
        except (httpx2.TransportError, httpx2.DecodingError, httpx2.InvalidURL) as failure:
            told = f"{type(failure).__name__}: {failure}"
            raise EdgeError(told, peer=_peer(url), retryable=True) from failure

    def _data(self, method: str, url: str, body: dict[str, Any] | None = None) -> Any:
        """The ``data`` of an answer that says that it succeeded."""
        sent = self.send(method, url, body)
        envelope = read_object(Response, sent.body)
        if isinstance(envelope, Refusal):
            told = f"answered {sent.status} without an envelope of OCPI"
            raise EdgeError(told, peer=_peer(url), retryable=sent.status >= 500)
        if not envelope.succeeded or not httpx2.codes.is_success(sent.status):
            told = f"answered {sent.status}, {envelope.status_code} {(envelope.status_message or '')[:300]}".strip()
            raise EdgeError(told, peer=_peer(url), retryable=sent.status >= 500)
        return envelope.data


def chosen(offered: tuple[VersionInfo, ...], wanted: OcpiVersion | None) -> tuple[OcpiVersion, str] | None:
    """The version to speak and where it is: the wanted one, else the newest of both; None where there is none."""
    by_name = {one.version: one.url for one in offered}
    names = NEWEST_FIRST if wanted is None else (wanted,)
    return next(((name, by_name[name]) for name in names if name in by_name), None)


def _object(form: type[T], told: Any, url: str) -> T:
    found = read_object(form, json.dumps(told))
    if isinstance(found, Refusal):
        raise EdgeError(f"its answer is not as specified: {found.message[:300]}", peer=_peer(url), retryable=False)
    return found


def _bounded(answer: httpx2.Response, url: str) -> bytes:
    read_bytes, until = bytearray(), monotonic() + LONGEST_ANSWER_S
    for piece in answer.iter_bytes():
        read_bytes += piece
        if monotonic() > until or len(read_bytes) > MOST_BYTES:
            told = f"its answer is longer than {LONGEST_ANSWER_S:g} s or {MOST_BYTES} bytes"
            raise EdgeError(told, peer=_peer(url), retryable=True)
    return bytes(read_bytes)


def _peer(url: str) -> str:
    return urlsplit(url).netloc or url[:200]
