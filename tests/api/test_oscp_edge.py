"""OSCP 2.0 over HTTP with a strict capacity provider: introduction, forecasts, heartbeats, refusals."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter

from api.edges.oscp import OscpProvider, OscpSettings, router
from models.domain.errors import EdgeError
from models.domain.findings import Finding
from models.domain.limit_curve import limit_curve
from models.domain.timeline import fold
from models.domain.utility_signal import Flow, Scope, Target
from models.oscp.provider import Provider, in_force
from models.oscp.wire import ForecastType
from models.oscp.written import adjustment, group_measurements
from tests.peers import our_service
from tests.peers.oscp_capacity_provider import CapacityProvider, serving

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOKEN = "flexibility-token"


class Pair:
    """Both sides."""

    def __init__(self, ours: OscpProvider, theirs: CapacityProvider) -> None:
        self.ours, self.theirs = ours, theirs
        self.findings: list[Finding] = []

    def introduce(self) -> None:
        self.theirs.fp_token = TOKEN
        url = {"version": "2.0", "base_url": self.theirs.base_url}
        status, _ = self.theirs.tell("register", {"token": self.theirs.token, "version_url": [url]})
        assert status == 204
        self.theirs.wait_for("handshake")

    def limits(self, now: datetime = NOW) -> list[float]:
        signals = in_force(self.ours.provider, now)
        yard = Target(scope=Scope.GROUP, name="yard")
        return [s.limit_kw for s in limit_curve(fold(signals, NOW, NOW + timedelta(hours=4)), Flow.IMPORT, [yard])]


@contextmanager
def paired() -> Iterator[Pair]:
    with serving(CapacityProvider()) as theirs:
        findings: list[Finding] = []
        settings = OscpSettings(our_token=TOKEN, our_url="set below")
        ours = OscpProvider(
            Provider(source="dso", groups=("yard",)), settings, lambda: NOW, lambda _, told: findings.extend(told)
        )
        routes = APIRouter(prefix="/oscp/fp/2.0")
        routes.include_router(router(ours))
        with our_service.serving(routes) as url:
            theirs.fp_url = f"{url}/oscp/fp/2.0"
            pair = Pair(ours, theirs)
            pair.findings = findings
            yield pair
        ours.close()
        assert theirs.defects == []


@pytest.fixture
def pair() -> Iterator[Pair]:
    with paired() as both:
        both.introduce()
        yield both


def forecast(kw: Any, kind: str = "CONSUMPTION", group: str = "yard") -> dict[str, Any]:
    block = {
        "capacity": kw,
        "phase": "ALL",
        "unit": "KW",
        "start_time": "2026-03-02T12:00:00Z",
        "end_time": "2026-03-02T16:00:00Z",
    }
    return {"group_id": group, "type": kind, "forecasted_blocks": [block]}


def test_both_sides_introduce_themselves_and_shake_hands(pair: Pair) -> None:
    body, answers = pair.theirs.wait_for("register")
    assert body["token"] == TOKEN
    assert answers is not None
    status, request_id = pair.theirs.tell("handshake", {"required_behaviour": {"heartbeat_interval": 30}})
    assert status == 204
    _, answered = pair.theirs.wait_for("handshake_acknowledgment")
    assert answered == request_id
    pair.ours.beat()
    promised, _ = pair.theirs.wait_for("heartbeat")
    assert promised == {"offline_mode_at": "2026-03-02T12:01:30Z"}


def test_a_forecast_limits_and_its_fallback_holds_when_the_heartbeat_lapses(pair: Pair) -> None:
    assert pair.theirs.tell("update_group_capacity_forecast", forecast(50))[0] == 204
    assert pair.theirs.tell("update_group_capacity_forecast", forecast(15, "FALLBACK_CONSUMPTION"))[0] == 204
    assert pair.limits() == [15]
    assert pair.theirs.tell("heartbeat", {"offline_mode_at": "2026-03-02T12:05:00Z"})[0] == 204
    assert pair.limits() == [50]
    assert pair.limits(NOW + timedelta(minutes=5)) == [15]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("update_group_capacity_forecast", forecast(-1), {}, 400),
        ("update_group_capacity_forecast", forecast(50, group="garage"), {}, 404),
        ("update_group_capacity_forecast", b"{", {}, 400),
        ("update_group_capacity_forecast", b'{"group_id": NaN}', {}, 400),
        ("update_group_capacity_forecast", b"", {}, 400),
        ("update_group_capacity_forecast", b" " * (2 << 20), {}, 400),
        ("update_group_capacity_forecast", forecast(50), {"X-Request-ID": None}, 400),
        ("update_group_capacity_forecast", forecast(50), {"Authorization": "Token wrong"}, 401),
        ("heartbeat", {"offline_mode_at": "soon"}, {}, 400),
        ("register", {"token": "t", "version_url": [{"version": "1.0", "base_url": "https://x"}]}, {}, 400),
        ("register", {"token": "t", "version_url": [{"version": "2.0", "base_url": "http://example.com"}]}, {}, 400),
    ],
)
def test_what_cannot_be_meant_is_refused_and_the_limit_before_stays(
    pair: Pair, path: str, body: Any, headers: dict[str, str | None], status: int
) -> None:
    pair.theirs.tell("update_group_capacity_forecast", forecast(40))
    assert pair.theirs.tell(path, body, **headers)[0] == status
    assert pair.limits() == [40]


def test_we_ask_for_more_tell_what_cannot_be_kept_and_what_was_used(pair: Pair) -> None:
    _, request_id = pair.theirs.tell("update_group_capacity_forecast", forecast(5))
    pair.ours.refuse_forecast(request_id, "the building alone draws 8 kW")
    told, answers = pair.theirs.wait_for("group_capacity_compliance_error")
    assert (told["message"], answers) == ("the building alone draws 8 kW", request_id)
    more = adjustment("yard", ForecastType.CONSUMPTION, [(NOW, NOW + timedelta(hours=1), 80.0)])
    pair.ours.tell("adjust_group_capacity_forecast", more)
    pair.ours.tell("update_group_measurements", group_measurements("yard", 12.5, NOW))
    assert pair.theirs.wait_for("adjust_group_capacity_forecast")[0]["forecasted_blocks"][0]["capacity"] == 80.0
    assert pair.theirs.wait_for("update_group_measurements")[0]["measurements"][0]["value"] == 12.5


def test_a_token_that_they_do_not_take_is_told() -> None:
    with paired() as pair:
        pair.introduce()
        pair.theirs.token = "another"
        with pytest.raises(EdgeError, match="answered 401") as refused:
            pair.ours.beat()
        assert not refused.value.retryable


def test_after_they_have_left_nothing_is_said_any_more(pair: Pair) -> None:
    assert pair.theirs.tell("register", {}, method="DELETE")[0] == 204
    with pytest.raises(EdgeError, match="it has not registered"):
        pair.ours.beat()


def test_the_command_listens_answers_and_says_what_holds(tmp_path: Path) -> None:
    with serving(CapacityProvider()) as theirs, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        theirs.fp_url, theirs.fp_token = f"http://127.0.0.1:{port}/oscp/fp/2.0", TOKEN
        settings = {"source": "dso", "groups": ["yard"], "our_url": theirs.fp_url, "heartbeat_interval_s": 1}
        path = tmp_path / "oscp.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        words = [sys.executable, "-m", "api.cli", "signals", "oscp", str(path), "--port", str(port)]
        environment = {**os.environ, "CHARGEWRIGHT_OSCP_TOKEN": TOKEN}
        running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        try:
            introduce_when_it_listens(theirs)
            soon = datetime.now(UTC) + timedelta(hours=2)
            told = forecast(50)
            told["forecasted_blocks"][0] |= {"start_time": "2026-01-01T00:00:00Z", "end_time": soon.isoformat()}
            assert theirs.tell("update_group_capacity_forecast", told)[0] == 204
            theirs.wait_for("heartbeat")
        finally:
            running.send_signal(signal.SIGINT)
            output, _ = running.communicate(timeout=10)
        assert "import limit of group yard" in output
        assert "50 kW" in output
        assert theirs.defects == []


def introduce_when_it_listens(theirs: CapacityProvider) -> None:
    url = {"version": "2.0", "base_url": theirs.base_url}
    for _ in range(200):
        try:
            theirs.tell("register", {"token": theirs.token, "version_url": [url]})
            break
        except httpx2.ConnectError:
            time.sleep(0.1)
    theirs.wait_for("handshake", 10.0)
