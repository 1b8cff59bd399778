"""Metrics and logs: what operators need, and nothing about drivers."""

from collections.abc import Iterator

import pytest
import structlog

from models.domain.errors import StoreError
from tests.api.yards import Yard, key_for, service


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        served.build()
        yield served


def test_answers_are_counted_by_route_and_not_by_address(yard: Yard) -> None:
    yard.plug_in()
    yard.get("/v1/sites/yard/sessions/7f3")
    yard.get("/no/such/address")

    told = yard.get("/metrics").text

    route = 'route="/v1/sites/{site}/sessions/{session}"'
    assert f'chargewright_requests_total{{method="GET",{route},status="200"}} 1.0' in told
    assert 'chargewright_requests_total{method="none",route="none",status="404"} 1.0' in told
    assert "7f3" not in told
    assert "yard" not in told


def test_plans_are_counted_by_how_they_were_made(yard: Yard) -> None:
    yard.plug_in(departure="2026-03-02T09:00:00Z")
    yard.post("/v1/sites/yard/plan", None)

    assert 'chargewright_plans_total{method="optimal"} 1.0' in yard.get("/metrics").text


def test_every_answer_has_the_id_of_its_request(yard: Yard) -> None:
    assert yard.get("/health/live", **{"X-Request-ID": "csms-17"}).headers["X-Request-ID"] == "csms-17"
    made = yard.get("/health/live", **{"X-Request-ID": "line one two"}).headers["X-Request-ID"]
    assert len(made) == 32


def test_a_line_of_the_log_names_its_request_and_no_secret() -> None:
    with service(insecure=False) as yard, structlog.testing.capture_logs() as lines:
        yard.headers = key_for(yard, "acme")
        yard.build()
        yard.plug_in(driver="miller")

    told = [line for line in lines if line["event"] == "answered"]
    assert told[-1]["route"] == "/v1/sites/{site}/sessions"
    assert told[-1]["status"] == 201
    secret = yard.headers["Authorization"].rpartition("_")[2]
    assert secret not in str(lines)
    assert "miller" not in str(lines)


def test_a_store_that_is_away_makes_the_service_unready_and_not_dead(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StoreError("the database failed (OperationalError)")

    assert yard.get("/health/ready").status_code == 200
    with monkeypatch.context() as away:
        away.setattr(type(yard.store), "check", gone)
        answer = yard.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["store"] == "the database failed (OperationalError)"
        assert yard.get("/health/live").status_code == 200
    assert yard.get("/health/ready").status_code == 200


def test_every_line_is_json_also_what_libraries_say(capsys: pytest.CaptureFixture[str]) -> None:
    import json
    import logging

    from api.observing import configure_logs

    before, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    try:
        configure_logs()
        structlog.get_logger().info("planned", plan="p")
        logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
        logging.getLogger("opentelemetry.exporter").warning("nobody listens\nat all")
        logging.getLogger("httpx2").info("GET https://example.com/secret")
    finally:
        structlog.configure(**before)
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["planned", "Started server process [7]", "nobody listens\nat all"]
    assert {line["level"] for line in lines} == {"info", "warning"}
