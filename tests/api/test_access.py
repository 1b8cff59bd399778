"""Keys: who is answered, for what, and until when."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api import cli
from api.problems import TooMany
from api.security import keys
from api.security.keys import Scope
from api.security.rates import Rates
from api.settings import ServiceSettings
from api.store.memory import MemoryStore

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
QUICK = {"import_limit_kw": 22, "evses": [{"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 9}}]}


class Hands:
    """A clock that stands still until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def clock() -> Hands:
    return Hands()


@contextmanager
def service(store: MemoryStore, clock: Hands, **settings: Any) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fastapi.testclient import TestClient

        from api.app import create_app
    app = create_app(ServiceSettings(database_url="memory:", **settings), store=store, clock=clock)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def key(store: MemoryStore, *scopes: Scope, days: float | None = None, tenant: str = "acme") -> tuple[keys.ApiKey, str]:
    with store.begin(NOW) as unit:
        end = NOW + timedelta(days=days) if days else None
        return keys.create(unit, NOW, tenant, scopes or (Scope.PLAN_WRITE,), expires_at=end)


def post(client: Any, text: str | None) -> Any:
    return client.post("/v1/plans", json=QUICK, headers={"Authorization": f"Bearer {text}"} if text else {})


def test_a_caller_with_a_key_is_answered(store: MemoryStore, clock: Hands) -> None:
    _, text = key(store)

    with service(store, clock) as client:
        assert post(client, text).status_code == 200


def test_who_shows_no_key_is_told_how(store: MemoryStore, clock: Hands) -> None:
    with service(store, clock) as client:
        answer = post(client, None)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["type"] == "urn:chargewright:problem:unauthorized"
    assert "Authorization: Bearer" in answer.json()["detail"]


def test_a_key_that_is_wrong_in_one_place_is_none(store: MemoryStore, clock: Hands) -> None:
    known, text = key(store)
    last = "0" if text[-1] != "0" else "1"
    wrong = [text[:-1] + last, text[:-1], f"cw_{known.id}_{known.secret_sha256}", "cw_x_y", "é" * 9, text.upper()]

    with service(store, clock) as client:
        for shown in wrong:
            answer = client.post("/v1/plans", json=QUICK, headers={"Authorization": f"Bearer {shown}".encode()})
            assert answer.status_code == 401, shown


def test_a_scope_that_is_lacking_is_named(store: MemoryStore, clock: Hands) -> None:
    _, text = key(store, Scope.PLAN_READ)

    with service(store, clock) as client:
        answer = post(client, text)

    assert answer.status_code == 403
    assert "plan:write" in answer.json()["detail"]
    assert text not in answer.text


def test_a_key_ends_when_it_is_to(store: MemoryStore, clock: Hands) -> None:
    _, text = key(store, days=1)

    with service(store, clock) as client:
        clock.now = NOW + timedelta(hours=23)
        assert post(client, text).status_code == 200
        clock.now = NOW + timedelta(hours=24)
        assert post(client, text).status_code == 401


def test_a_revoked_key_works_no_more_at_once(store: MemoryStore, clock: Hands) -> None:
    known, text = key(store)

    with service(store, clock) as client:
        with store.begin(NOW) as unit:
            keys.revoke(unit, known.id, NOW)
        assert post(client, text).status_code == 401


def test_after_a_rotation_both_keys_work_for_a_day(store: MemoryStore, clock: Hands) -> None:
    known, old = key(store)
    with store.begin(NOW) as unit:
        fresh, new = keys.rotate(unit, known.id, NOW)

    assert (fresh.tenant, fresh.scopes) == (known.tenant, known.scopes)
    with service(store, clock) as client:
        assert [post(client, text).status_code for text in (old, new)] == [200, 200]
        clock.now = NOW + timedelta(hours=24)
        assert [post(client, text).status_code for text in (old, new)] == [401, 200]


def test_what_is_kept_of_a_key_does_not_open_anything(store: MemoryStore) -> None:
    _, text = key(store)
    secret = text.rpartition("_")[2]

    with store.view() as unit:
        (document,) = unit.everywhere(keys.Kind.API_KEY)

    assert len(bytes.fromhex(secret)) * 8 == 256
    assert secret not in document.body


def test_a_tenant_that_asks_too_often_waits_and_others_do_not(store: MemoryStore, clock: Hands) -> None:
    _, busy = key(store)
    _, calm = key(store, tenant="other")

    with service(store, clock, rate_limit="2/hour") as client:
        assert [post(client, busy).status_code for _ in range(3)] == [200, 200, 429]
        assert 0 < int(post(client, busy).headers["Retry-After"]) <= 3600
        assert post(client, calm).status_code == 200


def test_without_keys_everybody_is_answered_where_that_was_said(store: MemoryStore, clock: Hands) -> None:
    with service(store, clock, insecure=True) as client:
        assert post(client, None).status_code == 200


def test_every_address_but_those_of_health_and_description_asks_for_a_key(store: MemoryStore, clock: Hands) -> None:
    with service(store, clock) as client:
        described = client.get("/openapi.json").json()["paths"]
        asked = [(method, path) for path, methods in described.items() for method in methods]
        open_to_all = {path for method, path in asked if client.request(method, path).status_code != 401}

    assert open_to_all == {"/health/live", "/health/ready", "/metrics"}


def test_a_rate_that_is_none_is_told_at_the_start() -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        ServiceSettings(rate_limit="often")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGEWRIGHT_DATABASE_URL", f"sqlite:///{tmp_path / 'keys.db'}")


@pytest.mark.usefixtures("database")
def test_the_window_of_a_tenant_moves_with_its_requests() -> None:
    """Two a minute: asked at 0 and 50 s, the third is let through at 60 s and the fourth at 110 s, not before."""
    moments_s = iter((0.0, 50.0, 59.0, 60.0, 61.0, 110.0))
    rates = Rates("2/minute", clock=lambda: next(moments_s))
    answers = []
    for _ in range(6):
        try:
            rates.count("acme")
            answers.append(0)
        except TooMany as refused:
            answers.append(int(refused.headers["Retry-After"]))

    assert answers == [0, 0, 1, 0, 49, 0]


def test_keys_are_made_listed_rotated_and_revoked_by_command() -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, ["keys", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    text = run("create", "--tenant", "acme", "--label", "our CSMS").strip()
    key_id = text.split("_")[1]
    rotated = run("rotate", key_id, "--overlap-hours", "1").strip()
    run("revoke", key_id)
    listed = run("list")

    assert text != rotated
    assert f"{key_id}  acme  plan:read plan:write  works no more  our CSMS" in listed
    assert f"{rotated.split('_')[1]}  acme  plan:read plan:write  until revoked  our CSMS" in listed
    assert text.split("_")[2] not in listed


@pytest.mark.usefixtures("database")
def test_the_service_does_not_start_before_there_is_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from api import serving

    started: list[object] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **_: started.append(app))
    refusal = serving.serve(host=None, port=None, insecure=False)
    assert "chargewright keys create" in refusal[0]
    assert not started

    CliRunner().invoke(cli.app, ["keys", "create", "--tenant", "acme"], catch_exceptions=False)
    assert serving.serve(host=None, port=None, insecure=False) == []
    assert len(started) == 1
