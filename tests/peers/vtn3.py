"""A strict VTN of OpenADR 3.0.1 or 3.1 over HTTP: what it is asked is held against the official document first.

Unknown fields, parameters and addresses are refused. It has tokens with scopes and a life, targets, pages,
subscriptions with the echo challenge, and misfortunes on demand: 500s, hangs, no JSON, a clock that is wrong.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from tests.peers.contract import Operation, contract

DOCUMENTS = {"3.0.1": "openadr3_3.0.1.yaml", "3.1": "openadr3_3.1.1.yaml"}
KINDS = {
    "programs": "PROGRAM",
    "events": "EVENT",
    "reports": "REPORT",
    "subscriptions": "SUBSCRIPTION",
    "vens": "VEN",
    "resources": "RESOURCE",
}
ALL_SCOPES = "read_all read_targets read_ven_objects write_reports write_subscriptions write_vens"
BUSINESS = "business-logic"


def document(version: str) -> Path:
    root = os.environ.get("CHARGEWRIGHT_DATA")
    if root is None:
        pytest.skip("CHARGEWRIGHT_DATA is not set: the official OpenAPI documents are not there")
    return Path(root) / "openadr" / "spec" / DOCUMENTS[version]


@dataclass
class Vtn:
    """What the VTN knows, and how it misbehaves."""

    version: str
    client_id: str = "ven-client"
    client_secret: str = "ven-secret"
    scopes: str = ALL_SCOPES
    token_life_s: int = 3600
    fail_next: list[str] = field(default_factory=list)
    """For the next requests: a status such as ``500``, ``hang``, ``garbage``, ``cut``."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock_skew: timedelta = timedelta()
    hang_s: float = 0.5
    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    tokens: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    """Every way in which a request was not what the document says."""
    shows_all: bool = False
    """Whatever is asked for."""
    granted: set[str] = field(default_factory=set)
    """Targets that business logic has granted to the VEN (3.1)."""
    base_url: str = ""
    count: int = 0

    def __post_init__(self) -> None:
        self.contract = contract(document(self.version))

    def put(self, kind: str, tree: dict[str, Any], object_id: str | None = None) -> str:
        """Business logic makes or changes an object; subscribers are told."""
        self.count += 1
        made = object_id is None
        object_id = object_id or f"{kind[:-1]}-{self.count}"
        now = self.clock() + timedelta(milliseconds=self.count)  # no two changes in one instant
        before = self.objects[kind].get(object_id, {})
        meta = {
            "id": object_id,
            "createdDateTime": before.get("createdDateTime", _text(now)),
            "modificationDateTime": _text(now),
            "objectType": KINDS[kind],
        }
        self.objects[kind][object_id] = {**tree, **meta}
        self._notify(kind, "CREATE" if made else "UPDATE", self.objects[kind][object_id])
        return object_id

    def delete(self, kind: str, object_id: str) -> None:
        self._notify(kind, "DELETE", self.objects[kind].pop(object_id))

    def _notify(self, kind: str, operation: str, tree: dict[str, Any]) -> None:
        for subscription in list(self.objects["subscriptions"].values()):
            for told in subscription["objectOperations"]:
                if KINDS[kind] in told["objects"] and operation in told["operations"]:
                    body = {"objectType": KINDS[kind], "operation": operation, "object": tree}
                    headers = {"Authorization": f"Bearer {told.get('bearerToken')}"}
                    httpx2.post(told["callbackUrl"], json=body, headers=headers, trust_env=False).raise_for_status()

    # What follows answers one request: status, tree.

    def answer(self, method: str, path: str, query: list[tuple[str, str]], headers: Any, raw: bytes) -> tuple[int, Any]:
        operation, parts, exists = self.contract.operation(method, path)
        if operation is None:
            return (405 if exists else 404), _problem(404, "Unrecognized URL")
        body = _body(operation, headers.get("content-type", ""), raw)
        found = list(self.contract.defects(operation, query, body))
        if found:
            self.defects += [f"{method} {path}: {defect}" for defect in found]
            return 400, _problem(400, found[0])
        if operation.path == "/auth/token":
            return self._token(body)
        if operation.path == "/auth/server":
            return 200, {"tokenURL": f"{self.base_url}/auth/token"}
        refused = self._refused(operation, headers.get("authorization", ""))
        return refused or self._of_objects(method, operation.path, parts, dict_of(query), body)

    def _token(self, form: Any) -> tuple[int, Any]:
        if (form["client_id"], form["client_secret"]) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client"}
        token = secrets.token_urlsafe(16)
        wanted = set(form.get("scope", self.scopes).split())
        self.tokens[token] = (time.monotonic() + self.token_life_s, frozenset(wanted & set(self.scopes.split())))
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.token_life_s}

    def _refused(self, operation: Operation, authorization: str) -> tuple[int, Any] | None:
        expires, scopes = self.tokens.get(authorization.removeprefix("Bearer "), (0.0, frozenset()))
        if time.monotonic() >= expires:
            return (401 if self.version == "3.1" else 403), _problem(403, "the token is unknown or has expired")
        if operation.scopes and not scopes & {*operation.scopes, "read_all"}:
            return 403, _problem(403, f"scope {operation.scopes[0]} is missing")
        if operation.scopes and operation.scopes[0].startswith("write") and operation.scopes[0] not in scopes:
            return 403, _problem(403, f"scope {operation.scopes[0]} is missing")
        return None

    def _of_objects(
        self, method: str, path: str, parts: dict[str, str], query: dict[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        kind = [word for word in path.split("/") if word in KINDS][-1]
        object_id = parts.get(f"{kind[:-1]}ID")
        if object_id is None or (kind == "resources" and not path.endswith("{resourceID}")):
            return (200, self._listed(kind, parts, query)) if method == "GET" else self._made(kind, parts, body)
        if object_id not in self.objects[kind]:
            return 404, _problem(404, f"no {kind[:-1]} {object_id}")
        if method == "PUT":
            self.put(kind, {**self.objects[kind][object_id], **body}, object_id)
        told = self.objects[kind][object_id]
        if method == "DELETE":
            self.objects[kind].pop(object_id)
        return 200, told

    def _listed(self, kind: str, parts: dict[str, str], query: dict[str, list[str]]) -> list[Any]:
        skip, limit = int(query.get("skip", ["0"])[0]), int(query.get("limit", ["50"])[0])
        names = ("programID", "eventID", "venName", "resourceName", "clientName", "venID")
        wanted = {name: query[name][0] for name in names if name in query} | {
            k: v for k, v in parts.items() if k == "venID"
        }
        found = [tree for tree in self.objects[kind].values() if all(tree.get(n) == v for n, v in wanted.items())]
        if self.shows_all:
            found = list(self.objects[kind].values())
        return [tree for tree in found if self._shown(kind, tree, query)][skip : skip + limit]

    def _shown(self, kind: str, tree: dict[str, Any], query: dict[str, list[str]]) -> bool:
        """3.1 shows what has targets only to whom they were granted and who asks for them."""
        if kind not in ("events", "programs") or not tree.get("targets"):
            return True
        if self.version == "3.1":
            return bool(set(tree["targets"]) & self.granted & set(query.get("targets", [])))
        asked = set(query.get("targetValues", []))
        return not asked or any(
            asked & set(t["values"]) for t in tree["targets"] if t["type"] == query["targetType"][0]
        )

    def _made(self, kind: str, parts: dict[str, str], body: Any) -> tuple[int, Any]:
        if kind == "subscriptions":
            for told in body["objectOperations"]:
                challenge = secrets.token_hex(8)
                url = f"{told['callbackUrl']}?{urlencode({'echo': challenge})}"
                if challenge not in httpx2.get(url, trust_env=False).text:
                    return 400, _problem(400, "the callback does not echo its challenge")
        if kind == "reports" and body["eventID"] not in self.objects["events"]:
            return 404, _problem(404, f"no event {body['eventID']}")
        owner = {"clientID": self.client_id} if self.version == "3.1" else {}
        made = self.put(kind, {**body, **{k: v for k, v in parts.items() if k == "venID"}, **owner})
        return 201, self.objects[kind][made]


def dict_of(query: list[tuple[str, str]]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for name, value in query:
        told.setdefault(name, []).append(value)
    return told


@contextmanager
def serving(vtn: Vtn) -> Iterator[Vtn]:
    """The VTN on a port of its own, on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(vtn))
    vtn.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vtn
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(vtn: Vtn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(vtn.clock() + vtn.clock_skew, usegmt=True)

        def _answer(self) -> None:
            url = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            vtn.requests.append((self.command, url.path))
            misfortune = vtn.fail_next.pop(0) if vtn.fail_next else ""
            if misfortune == "hang":
                time.sleep(vtn.hang_s)
            if misfortune == "cut":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return None
            if misfortune.isdigit():
                return self._write(int(misfortune), _problem(int(misfortune), "out of luck"))
            if misfortune == "garbage":
                return self._write(200, None, b"<html>maintenance</html>")
            query = parse_qsl(url.query, keep_blank_values=True)
            self._write(*vtn.answer(self.command, url.path, query, self.headers, raw))
            return None

        def _write(self, status: int, tree: Any, raw: bytes | None = None) -> None:
            body = json.dumps(tree).encode() if raw is None else raw
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server looks for

    return Handler


def _body(operation: Operation, content_type: str, raw: bytes) -> Any:
    if operation.media_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode())) if "urlencoded" in content_type else None
    return json.loads(raw) if raw else None


def _problem(status: int, detail: str) -> dict[str, Any]:
    return {"title": "refused", "status": status, "detail": detail}


def _text(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
