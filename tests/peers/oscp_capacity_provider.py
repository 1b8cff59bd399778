"""A capacity provider of OSCP 2.0 over HTTP: strict about headers, paths and shapes; it keeps what it was told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx2

FIELDS = {
    "register": {"token", "version_url"},
    "handshake": {"required_behaviour"},
    "handshake_acknowledgment": {"required_behaviour"},
    "heartbeat": {"offline_mode_at"},
    "adjust_group_capacity_forecast": {"group_id", "type", "forecasted_blocks"},
    "group_capacity_compliance_error": {"message", "forecasted_blocks"},
    "update_group_measurements": {"group_id", "measurements"},
}


@dataclass
class CapacityProvider:
    """What it knows of the flexibility provider, and every message."""

    token: str = "capacity-token"
    base_url: str = ""
    fp_url: str = ""
    fp_token: str = ""
    heard: list[tuple[str, Any, str | None]] = field(default_factory=list)
    """Path, body, and the id of ours that it answers."""
    defects: list[str] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, path: str, body: Any, method: str = "POST", **headers: str | None) -> tuple[int, str]:
        """Status, and the id of the request."""
        request_id = str(uuid4())
        told = {"Authorization": f"Token {self.fp_token}", "X-Request-ID": request_id}
        sent = {name: value for name, value in {**told, **headers}.items() if value is not None}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = httpx2.request(method, f"{self.fp_url}/{path}", content=content, headers=sent, trust_env=False)
        return answer.status_code, request_id

    def wait_for(self, path: str, seconds: float = 5.0) -> Any:
        """The first message to a path, and what it answers."""

        def found() -> Any:
            return next(((body, answers) for told, body, answers in self.heard if told == path), None)

        with self.arrived:
            assert self.arrived.wait_for(lambda: found() is not None, seconds), f"no {path} came"
            return found()

    def take(self, path: str, headers: Any, raw: bytes) -> int:
        body = json.loads(raw)
        if headers.get("authorization") != f"Token {self.token}":
            return 401
        found = [f"{path}: unknown {name}" for name in set(body) - FIELDS.get(path, set())]
        found += [] if path in FIELDS else [f"unknown path {path}"]
        found += [] if headers.get("x-request-id") else [f"{path}: no X-Request-ID"]
        self.defects += found
        with self.arrived:
            self.heard.append((path, body, headers.get("x-correlation-id")))
            if path == "register":
                self.fp_token = body["token"]
            self.arrived.notify_all()
        return 400 if found else 204


@contextmanager
def serving(peer: CapacityProvider) -> Iterator[CapacityProvider]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(peer.take(self.path.rpartition("/")[2], self.headers, raw))
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    peer.base_url = f"http://127.0.0.1:{server.server_port}/oscp/cp/2.0"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
