"""Spans for OpenTelemetry: requests, plans, solves and deliveries. Without the extra ``otel`` they cost and do nothing.

What is told names sites and plans, never sessions, drivers or secrets.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from models.domain.errors import ChargingError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

NAME = "chargewright"
MISSING = "traces are on and OpenTelemetry is not installed: pip install 'chargewright[otel]', or leave traces out"

_provider: "TracerProvider | None" = None


def on() -> bool:
    """Whether anybody traces."""
    return _provider is not None


class Untraced:
    """A span where nobody traces."""

    def set_attribute(self, name: str, told: Any) -> None:
        """Nobody reads it."""


@contextmanager
def span(name: str, carrier: Mapping[str, str] | None = None, **attributes: Any) -> Iterator[Any]:
    """A span around a block, below the one that is open; an error that leaves it is told with it.

    ``carrier``: headers of a request, whose ``traceparent`` it goes on from.
    """
    if _provider is None:
        yield Untraced()
        return
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind

    parent = None if carrier is None else extract(carrier)
    kind = SpanKind.INTERNAL if carrier is None else SpanKind.SERVER
    told = {key: value for key, value in attributes.items() if value is not None}
    tracer = _provider.get_tracer(NAME)
    with tracer.start_as_current_span(name, context=parent, kind=kind, attributes=told) as current:
        yield current


def with_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor of the log: the trace and the span that a line belongs to."""
    if _provider is not None:
        from opentelemetry.trace import get_current_span

        context = get_current_span().get_span_context()
        if context.is_valid:
            event["trace_id"] = f"{context.trace_id:032x}"
            event["span_id"] = f"{context.span_id:016x}"
    return event


def start(release: str) -> None:
    """Send spans by OTLP over HTTP, as the ``OTEL_*`` variables of the environment say; raises ChargingError.

    Without any they go to http://localhost:4318.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ChargingError(MISSING) from error
    made = TracerProvider(resource=Resource.create({"service.name": NAME, "service.version": release}))
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _use(made)


def stop() -> None:
    """What was not sent yet is sent, for as long as the exporter tries."""
    used = _provider
    _use(None)
    if used is not None:
        with suppress(Exception):  # nobody waits for traces at the end
            used.shutdown()


@contextmanager
def traced_by(provider: "TracerProvider") -> Iterator[None]:
    """Spans go to another provider within a block: for tests, and for whoever embeds the service."""
    before = _provider
    _use(provider)
    try:
        yield
    finally:
        _use(before)


def _use(provider: "TracerProvider | None") -> None:
    global _provider
    _provider = provider
