"""A small platform of a CPO that speaks OCPI over HTTP: strict about tokens and envelopes; it keeps what it was told.

It shares nothing with what it judges: bodies are JSON as the specification has it, written by hand.
"""

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

ROLE = {"role": "CPO", "country_code": "BE", "party_id": "BEC", "business_details": {"name": "Benelux Charging"}}


@dataclass
class Cpo:
    """What it knows of the other platform, and every request."""

    version: str = "2.2.1"
    base_url: str = ""
    shown: str = field(default_factory=lambda: token_hex(16))
    """What others have to show."""
    theirs: str = ""
    """What it shows to the other platform."""
    endpoints: dict[tuple[str, str], str] = field(default_factory=dict)
    heard: list[tuple[str, str, Any]] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    profile_answer: dict[str, Any] = field(default_factory=lambda: {"result": "ACCEPTED", "timeout": 30})
    """To everything that is asked of its charging profiles."""
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def register_at(self, versions_url: str, token: str) -> dict[str, Any]:
        """With the token that it was given for this; the envelope that came back."""
        self.theirs = token
        self._meet(versions_url)
        answer = self.send("POST", self.endpoints["credentials", "SENDER"], self.credentials(fresh=True))
        self.theirs = answer["data"]["token"] if answer["status_code"] == 1000 else self.theirs
        return answer

    def renew(self) -> dict[str, Any]:
        answer = self.send("PUT", self.endpoints["credentials", "SENDER"], self.credentials(fresh=True))
        self.theirs = answer["data"]["token"]
        return answer

    def credentials(self, *, fresh: bool) -> dict[str, Any]:
        self.shown = token_hex(16) if fresh else self.shown
        return {"token": self.shown, "url": f"{self.base_url}/versions", "roles": [ROLE]}

    def push(self, method: str, module: str, path: str, body: Any = None) -> dict[str, Any]:
        """To the receiver of a module at the other platform."""
        return self.send(method, f"{self.endpoints[module, 'RECEIVER']}/{path}", body)

    def send(self, method: str, url: str, body: Any = None) -> dict[str, Any]:
        """The envelope that came back, with the HTTP status beside it; one that is none is a defect."""
        shown = {"Authorization": f"Token {b64encode(self.theirs.encode()).decode()}"}
        answer = httpx2.request(method, url, json=body, headers=shown, trust_env=False, timeout=30.0)
        told = answer.json()
        if answer.status_code not in (401, 403) and not {"status_code", "timestamp"} <= set(told):
            self.defects.append(f"{method} {url}: no envelope")
        return {"http": answer.status_code, **told}

    def wait_for(self, method: str, part: str, seconds: float = 10.0) -> tuple[str, Any]:
        """The newest request of this kind: path and body."""

        def found() -> Any:
            return next(((p, b) for m, p, b in reversed(self.heard) if m == method and part in p), None)

        with self.arrived:
            assert self.arrived.wait_for(lambda: found() is not None, seconds), f"no {method} {part} came"
            answer: tuple[str, Any] = found()
            return answer

    def take(self, method: str, path: str, authorization: str, body: Any) -> tuple[int, Any]:
        if authorization != f"Token {b64encode(self.shown.encode()).decode()}":
            return 401, envelope(2004, None)
        with self.arrived:
            self.heard.append((method, path, body))
            self.arrived.notify_all()
        return self._answer(method, urlsplit(path).path, body, parse_qs(urlsplit(path).query))

    def _answer(self, method: str, path: str, body: Any, query: dict[str, list[str]]) -> tuple[int, Any]:
        if path == "/versions":
            return 200, envelope(1000, [{"version": self.version, "url": f"{self.base_url}/{self.version}"}])
        if path == f"/{self.version}":
            return 200, envelope(1000, {"version": self.version, "endpoints": self._offers()})
        if path.endswith("/credentials"):
            return self._credentials(method, body)
        if "/chargingprofiles/" in path:
            self._look_at_profile(method, body, query)
            return 200, envelope(1000, self.profile_answer)
        return 404, envelope(2001, None)

    def _offers(self) -> list[dict[str, str]]:
        names = (("credentials", "RECEIVER"), ("sessions", "SENDER"), ("chargingprofiles", "RECEIVER"))
        return [{"identifier": n, "role": r, "url": f"{self.base_url}/{self.version}/{n}"} for n, r in names]

    def _credentials(self, method: str, body: Any) -> tuple[int, Any]:
        if method == "DELETE":
            self.theirs = ""
            return 200, envelope(1000, None)
        missing = {"token", "url", "roles"} - set(body or {})
        if missing or len(body["token"]) > 64:
            self.defects.append(f"credentials without {sorted(missing)} or with a long token")
        self.theirs = body["token"]
        self._meet(body["url"])
        return 200, envelope(1000, self.credentials(fresh=True))

    def _meet(self, versions_url: str) -> None:
        told = self.send("GET", versions_url)
        url = next(one["url"] for one in told["data"] if one["version"] == self.version)
        details = self.send("GET", url)["data"]
        self.endpoints = {(one["identifier"], one["role"]): one["url"] for one in details["endpoints"]}

    def _look_at_profile(self, method: str, body: Any, query: dict[str, list[str]]) -> None:
        """What the specification says of such a request."""
        if method != "PUT":
            self.defects += [] if "response_url" in query else [f"{method}: no response_url"]
            return
        profile = body.get("charging_profile", {})
        periods = profile.get("charging_profile_period", [])
        starts = [period["start_period"] for period in periods]
        if "response_url" not in body or profile.get("charging_rate_unit") not in ("A", "W"):
            self.defects.append("SetChargingProfile: no response_url or no unit")
        if not periods or starts[0] != 0 or starts != sorted(set(starts)):
            self.defects.append(f"SetChargingProfile: periods start at {starts}")
        if any(round(period["limit"], 1) != period["limit"] or period["limit"] < 0 for period in periods):
            self.defects.append("SetChargingProfile: a limit that is no decimal of one place")


def envelope(status_code: int, data: Any) -> dict[str, Any]:
    told = {"status_code": status_code, "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    return told if data is None else told | {"data": data}


@contextmanager
def serving(peer: Cpo) -> Iterator[Cpo]:
    def handle(method: str) -> Callable[[Any], None]:
        def answer(self: Any) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            body = json.loads(raw) if raw else None
            status, told = peer.take(method, self.path, self.headers.get("authorization", ""), body)
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        return answer

    methods = {f"do_{method}": handle(method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
    quiet = {"protocol_version": "HTTP/1.1", "log_message": lambda *_: None}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (BaseHTTPRequestHandler,), methods | quiet))
    peer.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
