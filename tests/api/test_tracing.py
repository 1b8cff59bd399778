"""Spans around requests, plans, solves and deliveries, and log lines that name their request, plan and trace."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from api.tracing import on, span, traced_by, with_trace
from tests.api.yards import Yard, key_for, service

sdk = pytest.importorskip("opentelemetry.sdk.trace")
NINE = "2026-03-02T09:00:00Z"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def spans() -> Iterator[Any]:
    """What is traced, in memory."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with traced_by(provider):
        yield exporter


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        served.build()
        served.plug_in(departure=NINE, energy_target_kwh=11.0, driver="miller")
        yield served


def named(spans: Any, name: str) -> list[Any]:
    return [one for one in spans.get_finished_spans() if one.name == name]


def test_a_plan_is_a_span_below_its_request_and_its_solve_and_what_explains_it_are_below_the_plan(
    yard: Yard, spans: Any
) -> None:
    made = yard.post("/v1/sites/yard/plan", None, **{"X-Request-ID": "csms-17"}).json()

    (request,), (plan,), (solve,) = named(spans, "request POST"), named(spans, "plan"), named(spans, "solve")
    (explain,) = named(spans, "explain")
    assert (solve.parent.span_id, plan.parent.span_id) == (plan.context.span_id, request.context.span_id)
    assert explain.parent.span_id == plan.context.span_id
    assert explain.start_time >= solve.end_time
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.route": "/v1/sites/{site}/plan",
        "http.response.status_code": 200,
        "request_id": "csms-17",
    }
    assert plan.attributes["plan"] == made["plan"]
    assert (plan.attributes["site"], plan.attributes["method"]) == ("yard", "optimal")
    assert solve.attributes["sessions"] == 1


def test_a_request_goes_on_from_the_trace_of_its_caller(yard: Yard, spans: Any) -> None:
    yard.get("/health/live", traceparent=f"00-{TRACE}-{PARENT}-01")

    (request,) = named(spans, "request GET")
    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == PARENT


def test_a_message_to_a_webhook_is_a_span(yard: Yard, spans: Any) -> None:
    from api.webhooks.delivering import deliver

    yard.put("/v1/webhooks/csms", {"url": "https://csms.example/hook"})
    running = yard.client.app.state.service
    deliver(running, lambda *_: 200)
    yard.post("/v1/sites/yard/plan", None)

    deliver(running, lambda *_: 200)

    (one,) = named(spans, "deliver")
    assert dict(one.attributes) == {"site": "yard", "webhook": "csms", "about": "event"}


def test_an_error_is_told_with_its_span(spans: Any) -> None:
    with pytest.raises(ZeroDivisionError), span("plan", site="yard"):
        raise ZeroDivisionError("a bug")

    (one,) = named(spans, "plan")
    assert one.status.status_code.name == "ERROR"


def test_no_span_names_a_driver_a_session_or_a_key(spans: Any) -> None:
    with service(insecure=False) as yard:
        yard.headers = key_for(yard, "acme")
        yard.build()
        yard.plug_in(departure=NINE, driver="miller")
        yard.post("/v1/sites/yard/plan", None)

    told = json.dumps([[one.name, dict(one.attributes)] for one in spans.get_finished_spans()])
    assert "request PUT" in told
    for secret in ("7f3", "miller", "Bearer", yard.headers["Authorization"].rpartition("_")[2]):
        assert secret not in told


def test_a_line_of_the_log_names_its_trace(spans: Any) -> None:
    with span("plan"):
        line = with_trace(None, "info", {"event": "planned"})

    (one,) = named(spans, "plan")
    assert line["trace_id"] == f"{one.context.trace_id:032x}"
    assert with_trace(None, "info", {"event": "planned"}) == {"event": "planned"}


def test_where_nobody_traces_nothing_is_done() -> None:
    assert not on()
    with span("plan", site="yard") as current:
        current.set_attribute("plan", "p")


def test_the_line_of_a_plan_names_the_request_that_asked_for_it(yard: Yard) -> None:
    lines: list[Any] = []
    before = structlog.get_config()["processors"]
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, lambda _, __, told: _kept(lines, told)])
    try:
        made = yard.post("/v1/sites/yard/plan", None, **{"X-Request-ID": "csms-18"}).json()
    finally:
        structlog.configure(processors=before)

    (planned,) = [line for line in lines if line["event"] == "planned"]
    assert (planned["request_id"], planned["plan"], planned["site"]) == ("csms-18", made["plan"], "yard")


def _kept(lines: list[Any], told: Any) -> Any:
    lines.append(dict(told))
    raise structlog.DropEvent
