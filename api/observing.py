"""What operators see of a running service: metrics for Prometheus, and one line in the log for each event."""

import logging
import sys
from contextlib import AbstractContextManager, nullcontext
from random import Random
from time import perf_counter
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.tracing import Untraced, on, span, with_trace

REQUEST_ID = b"x-request-id"
LONGEST_ID = 64
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
log = structlog.get_logger("chargewright.requests")
_IDS = Random()
"""Seeded once by the system: to ask it for every id had each request wait for the other threads."""


class Metrics:
    """Counters of one service; a registry of its own, so that two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self.registry}
        self.requests = Counter("chargewright_requests", "Answers.", ("method", "route", "status"), **own)
        self.request_seconds = Histogram(
            "chargewright_request_seconds", "Time to answer.", ("route",), buckets=SECONDS, **own
        )
        self.plans = Counter("chargewright_plans", "Plans of kept sites that were made.", ("method",), **own)
        self.plans_failed = Counter("chargewright_plans_failed", "Attempts that ended without a plan.", **own)
        self.plan_seconds = Histogram("chargewright_plan_seconds", "Time to a plan.", buckets=SECONDS, **own)
        self.audits_failed = Counter("chargewright_plans_refused", "Plans that their audit refused.", **own)
        self.alarms = Counter("chargewright_alarms", "Alarms of sites that were raised.", ("code",), **own)
        self.messages = Counter("chargewright_webhook_messages", "Messages that arrived.", **own)
        self.beat = Gauge("chargewright_last_tick_timestamp_seconds", "When the clock of the jobs ticked last.", **own)

    def told(self) -> bytes:
        """In the text format of Prometheus."""
        return bytes(generate_latest(self.registry))


class Observed:
    """ASGI middleware: an id for every request, one line in the log and one count for its answer.

    The route is told, not the address: ids of sites, sessions and drivers stay out of metrics.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, begun, status = _id(scope), perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID, request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id), _span(scope, request_id) as current:
            try:
                await self.app(scope, receive, sending)
            finally:
                current.set_attribute("http.response.status_code", status)
                current.set_attribute("http.route", getattr(scope.get("route"), "path", "none"))
                self._count(scope, status, perf_counter() - begun)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if route != "none" else "none"
        metrics: Metrics = scope["app"].state.service.metrics
        metrics.requests.labels(method, route, str(status)).inc()
        metrics.request_seconds.labels(route).observe(seconds)
        log.info("answered", method=method, route=route, status=status, ms=round(1000.0 * seconds, 1))


def configure_logs() -> None:
    """One JSON object a line on standard error, with the id of the request that it belongs to.

    What libraries say is told in the same form, from warnings on, and of the server that it starts and stops.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        with_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    as_ours: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(),
    ]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=as_ours))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("uvicorn").setLevel(logging.INFO)


def _span(scope: Scope, request_id: str) -> AbstractContextManager[Any]:
    """Called by its method: the route is known once it has been found."""
    if not on():
        return nullcontext(Untraced())
    carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    named = {"http.request.method": scope["method"], "request_id": request_id}
    return span(f"request {scope['method']}", carrier, **named)


def _id(scope: Scope) -> str:
    """The caller's own, where it is one that a line of a log can hold."""
    told = next((value.decode("latin-1") for name, value in scope["headers"] if name == REQUEST_ID), "")
    sound = 0 < len(told) <= LONGEST_ID and told.isascii() and all(c.isalnum() or c in "-_." for c in told)
    return told if sound else f"{_IDS.getrandbits(128):032x}"
