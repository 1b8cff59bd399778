"""A connection to a VTN: a bearer token that is renewed before it expires, answers as JSON, failures in one vocabulary.

401 renews the token once. What can be tried again says so (``retryable``); nothing is tried again here.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx2

from api.edges.addresses import refuse_plain
from models.domain.errors import EdgeError, InvalidScenario
from models.domain.strict_json import read_json
from models.openadr.v3.wire import Problem, Token, read

EARLY_SHARE = 0.1
"""Of a token's life that is left when it is renewed."""
EARLY_LEAST = timedelta(seconds=30)
UNTOLD_LIFE = timedelta(minutes=5)
"""Of a token whose life the server did not tell."""
LONGEST_LIFE_S = 86400
MOST_BYTES = 8 << 20
"""Of an answer that is read."""
TIMEOUT_S = 10.0
LONGEST_ANSWER_S = 30.0
"""Until the whole of an answer is there: one that drips byte by byte holds nobody for longer. [s]"""
MOST_SKEW = timedelta(seconds=5)
"""Between the VTN's clock and ours; an HTTP date is whole seconds, and an event starts to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a utility gives its customer, out of band. Without a client id the VTN is asked without a token."""

    base_url: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    token_url: str = ""
    """Empty: what ``/auth/server`` of the VTN says, else its ``/auth/token``."""
    scope: str = ""
    ca_file: str = ""
    """Of a private certificate authority."""
    ca_pem: str = ""
    """The same, in place of a file."""


def trust(credentials: Credentials) -> ssl.SSLContext | bool:
    """Whose certificates are believed; raises EdgeError for an authority that is none."""
    if not credentials.ca_file and not credentials.ca_pem:
        return True
    try:
        return ssl.create_default_context(cafile=credentials.ca_file or None, cadata=credentials.ca_pem or None)
    except (OSError, ValueError) as unread:
        peer = urlsplit(credentials.base_url).netloc
        raise EdgeError("its certificate authority is no PEM", peer=peer, retryable=False) from unread


@dataclass(frozen=True, slots=True)
class _Held:
    text: str
    renew_at: datetime


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: bytes

    @property
    def is_success(self) -> bool:
        return httpx2.codes.is_success(self.status)


class Connection:
    """One VTN, one client; not for several threads at once."""

    def __init__(
        self, credentials: Credentials, now: Callable[[], datetime], *, transport: httpx2.BaseTransport | None = None
    ) -> None:
        """Raises EdgeError for an address that is neither https nor on this machine."""
        self.peer = urlsplit(credentials.base_url).netloc
        self._credentials, self._now = credentials, now
        self._token: _Held | None = None
        self.clock_skew: timedelta | None = None
        """Of the VTN's clock against ours, by the date of its last answer."""
        for url in filter(None, (credentials.base_url, credentials.token_url)):
            refuse_plain(url)
        self._client = httpx2.Client(timeout=TIMEOUT_S, verify=trust(credentials), transport=transport, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, params: dict[str, Any] | None = None) -> Any:
        return self.request("GET", path, params=params)

    def request(
        self, method: str, path: str, *, params: dict[str, Any] | None = None, body: dict[str, Any] | None = None
    ) -> Any:
        """The answer as JSON, None where there is none; raises EdgeError."""
        url = f"{self._credentials.base_url.rstrip('/')}{path}"
        answer = self._send(method, url, params=params, json=body, headers=self._authorised())
        if answer.status == httpx2.codes.UNAUTHORIZED and self._token is not None:
            self._token = None
            answer = self._send(method, url, params=params, json=body, headers=self._authorised())
        return self._json(answer)

    def renew(self) -> timedelta | None:
        """A new token, and how long it lives; None without a client id. Raises EdgeError."""
        self._token = None
        self._authorised()
        return self._token.renew_at - self._now() if self._token else None

    def _authorised(self) -> dict[str, str]:
        if not self._credentials.client_id:
            return {}
        if self._token is None or self._now() >= self._token.renew_at:
            self._token = self._fetched()
        return {"Authorization": f"Bearer {self._token.text}"}

    def _fetched(self) -> _Held:
        given = self._credentials
        form = {"grant_type": "client_credentials", "client_id": given.client_id, "client_secret": given.client_secret}
        if given.scope:
            form["scope"] = given.scope
        answer = self._send("POST", self._token_url(), data=form)
        token = self._read(Token, self._json(answer))
        if not (token.access_token.isascii() and token.access_token.isprintable()):
            raise EdgeError("its token cannot be sent in a header", peer=self.peer, retryable=False)
        life = UNTOLD_LIFE if token.expires_in is None else timedelta(seconds=min(token.expires_in, LONGEST_LIFE_S))
        return _Held(token.access_token, self._now() + life - max(life * EARLY_SHARE, min(EARLY_LEAST, life / 2)))

    def _token_url(self) -> str:
        """As configured, else as the VTN says, else its own."""
        given = self._credentials
        if given.token_url:
            return given.token_url
        base = given.base_url.rstrip("/")
        answer = self._send("GET", f"{base}/auth/server")
        if answer.is_success and isinstance(told := self._json(answer), dict) and isinstance(told.get("tokenURL"), str):
            refuse_plain(told["tokenURL"])
            return str(told["tokenURL"])
        return f"{base}/auth/token"

    def _send(self, method: str, url: str, **more: Any) -> _Answer:
        try:
            with self._client.stream(method, url, **more) as answer:
                self._look_at_the_clock(answer)
                return _Answer(answer.status_code, self._bounded(answer))
        except (httpx2.TransportError, httpx2.DecodingError, httpx2.InvalidURL) as failure:
            raise EdgeError(_told(failure), peer=self.peer, retryable=True) from failure

    def _bounded(self, answer: httpx2.Response) -> bytes:
        read_bytes, until = bytearray(), monotonic() + LONGEST_ANSWER_S
        for piece in answer.iter_bytes():
            read_bytes += piece
            if monotonic() > until:
                message = f"its answer takes longer than {LONGEST_ANSWER_S:g} s"
                raise EdgeError(message, peer=self.peer, retryable=True)
            if len(read_bytes) > MOST_BYTES:
                raise EdgeError(f"its answer is longer than {MOST_BYTES} bytes", peer=self.peer, retryable=False)
        return bytes(read_bytes)

    def _look_at_the_clock(self, answer: httpx2.Response) -> None:
        try:
            told = datetime.strptime(answer.headers.get("date", ""), "%a, %d %b %Y %H:%M:%S %Z")
        except ValueError:
            return
        now = self._now()
        self.clock_skew = told.replace(tzinfo=now.tzinfo) - now

    def _json(self, answer: _Answer) -> Any:
        """Raises EdgeError for every answer that is no success, or no JSON."""
        if not answer.is_success:
            raise EdgeError(self._refusal(answer), peer=self.peer, retryable=answer.status >= 500)
        if not answer.content:
            return None
        try:
            document = read_json(answer.content)
        except InvalidScenario as invalid:
            raise EdgeError(f"its answer is no JSON: {invalid.findings[0]}", peer=self.peer, retryable=True) from None
        if document.findings:
            raise EdgeError(f"its answer is no JSON: {document.findings[0]}", peer=self.peer, retryable=True)
        return document.tree

    def _refusal(self, answer: _Answer) -> str:
        """What the VTN says of it, where it says anything."""
        try:
            problem = read(Problem, read_json(answer.content).tree)
        except InvalidScenario:
            problem = Problem()
        told = problem.detail or problem.title or ""
        return f"answered {answer.status} {told[:300]}".strip()

    def _read(self, form: Any, tree: Any) -> Any:
        try:
            return read(form, tree)
        except InvalidScenario as invalid:
            message = f"its answer is not as specified: {invalid.findings[0]}"
            raise EdgeError(message, peer=self.peer, retryable=False) from None


def _told(failure: Exception) -> str:
    """In words of the operator: what failed, and whether that was the certificate."""
    if isinstance(failure, httpx2.TimeoutException):
        return f"no answer within {TIMEOUT_S:g} s"
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {cause}"
        cause = cause.__cause__ or cause.__context__
    return f"{type(failure).__name__}: {failure}"
