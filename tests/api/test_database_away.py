"""The database is away for a minute: behind a proxy that is cut, on a clock that is moved; its server goes on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from api.jobs import Jobs
from api.remembering import KEYS_FOR, Recent
from api.store.migrating import upgrade
from api.store.opening import open_store
from tests.api.proxies import Proxy, proxy_to
from tests.api.stores import connected, postgres_schema
from tests.api.yards import NOW, Yard, key_for, service

NINE = "2026-03-02T09:00:00Z"


@pytest.fixture
def proxied() -> Iterator[tuple[Yard, Proxy]]:
    """A yard whose service reaches PostgreSQL through a proxy; its caller shows a key."""
    with postgres_schema() as address:
        with connected(address) as engine:
            upgrade(engine)
        url = make_url(address)
        with proxy_to(url.host or "127.0.0.1", url.port or 5432) as proxy:
            through = url.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
            store = open_store(through)
            with service(store=store, insecure=False, deadline_s=5.0) as yard:
                yard.headers = key_for(yard, "acme")
                yard.build()
                yard.plug_in(departure=NINE, energy_target_kwh=11.0)
                yield yard, proxy
            proxy.cut()
            store.close()


def tick_for(yard: Yard, jobs: Jobs, seconds: int) -> None:
    for _ in range(seconds):
        yard.clock.pass_by(seconds=1)
        jobs.tick()


def sessions(yard: Yard) -> set[str]:
    return {one["id"] for one in yard.get("/v1/sites/yard/sessions").json()["items"]}


def test_for_a_minute_the_last_plan_is_served_as_stale_and_everything_goes_on_afterwards(
    proxied: tuple[Yard, Proxy],
) -> None:
    yard, proxy = proxied
    jobs = Jobs(yard.client.app.state.service, lambda work: work())
    jobs.beat_at = yard.clock()
    tick_for(yard, jobs, 1)
    before = yard.get("/v1/sites/yard/plan").json()
    assert before["stale_since"] is None

    proxy.cut()
    told: dict[str, int] = {}
    for second in range(60):
        tick_for(yard, jobs, 1)
        if second % 20 == 0:
            name = f"away-{second}"
            told[name] = yard.post("/v1/sites/yard/sessions", session(name)).status_code
    stale = yard.get("/v1/sites/yard/plan")

    assert stale.status_code == 200
    assert stale.json() | {"stale_since": None} == before
    assert stale.json()["stale_since"] == "2026-03-02T06:00:01Z"
    assert set(told.values()) == {503}, "what cannot be kept is not acknowledged"
    assert yard.get("/health/ready").status_code == 503
    assert yard.get("/health/live").status_code == 200

    proxy.mend()
    assert yard.get("/health/ready").status_code == 200
    assert sessions(yard) == {"7f3"}, "what was acknowledged is there, and what was not is not"
    assert yard.post("/v1/sites/yard/sessions", session("back")).status_code == 201
    tick_for(yard, jobs, 1)
    after = yard.get("/v1/sites/yard/plan").json()
    assert after["stale_since"] is None
    assert {one["session_id"] for one in after["sessions"]} == {"7f3", "back"}
    assert jobs.runs()


def session(name: str) -> dict[str, Any]:
    return {"session": name, "evse": "bay-2", "plugged_in_at": "2026-03-02T06:00:00Z", "departure": NINE}


def test_what_was_acknowledged_before_the_cut_is_there_after_it(proxied: tuple[Yard, Proxy]) -> None:
    """Written until the cut, one after the other: every one that was answered 200 is kept."""
    yard, proxy = proxied
    acknowledged = []
    for k in range(12):
        if k == 8:
            proxy.cut()
        answer = yard.post("/v1/sites/yard/sessions/7f3/needs", {"energy_target_kwh": float(k + 1)})
        if answer.status_code == 200:
            acknowledged.append(float(k + 1))
    proxy.mend()

    assert acknowledged == [float(k + 1) for k in range(8)]
    assert yard.get("/v1/sites/yard/sessions/7f3").json()["energy_target_kwh"] == acknowledged[-1]


def test_a_database_that_goes_away_while_it_is_planned_costs_that_plan_and_no_other(
    proxied: tuple[Yard, Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.sites import planning

    yard, proxy = proxied
    jobs, decided = Jobs(yard.client.app.state.service, lambda work: work()), planning.decided

    def cutting(*given: Any, **more: Any) -> Any:
        proxy.cut()
        return decided(*given, **more)

    with monkeypatch.context() as away:
        away.setattr(planning, "decided", cutting)
        tick_for(yard, jobs, 1)
    assert yard.get("/v1/sites/yard/plan").status_code == 503, "there never was one"

    proxy.mend()
    tick_for(yard, jobs, 1)

    assert yard.get("/v1/sites/yard/plan").json()["method"] == "optimal"


class TestKeys:
    def test_a_key_that_worked_lately_works_on_for_a_quarter_of_an_hour(self, proxied: tuple[Yard, Proxy]) -> None:
        yard, proxy = proxied
        yard.post("/v1/sites/yard/plan", None)
        proxy.cut()

        yard.clock.pass_by(minutes=KEYS_FOR / timedelta(minutes=1))
        assert yard.get("/v1/sites/yard/plan").status_code == 200
        yard.clock.pass_by(seconds=1)
        assert yard.get("/v1/sites/yard/plan").status_code == 503

    def test_a_key_that_nobody_showed_before_is_no_key(self, proxied: tuple[Yard, Proxy]) -> None:
        yard, proxy = proxied
        yard.post("/v1/sites/yard/plan", None)
        other = key_for(yard, "acme")
        proxy.cut()

        assert yard.client.get("/v1/sites/yard/plan", headers=other).status_code == 503

    def test_one_that_was_revoked_before_does_not_come_back(self, proxied: tuple[Yard, Proxy]) -> None:
        from api.security.keys import listed, revoke

        yard, proxy = proxied
        yard.post("/v1/sites/yard/plan", None)
        with yard.store.begin(yard.clock()) as unit:
            revoke(unit, listed(unit)[0].id, yard.clock())
        assert yard.get("/v1/sites/yard/plan").status_code == 401
        proxy.cut()

        assert yard.get("/v1/sites/yard/plan").status_code == 503

    def test_another_tenant_is_not_served_this_ones_plan(self, proxied: tuple[Yard, Proxy]) -> None:
        yard, proxy = proxied
        yard.post("/v1/sites/yard/plan", None)
        other = key_for(yard, "other")
        assert yard.client.get("/v1/sites/yard/plan", headers=other).status_code == 404
        proxy.cut()

        assert yard.client.get("/v1/sites/yard/plan", headers=other).status_code == 503


def test_the_longest_unused_is_forgotten_first() -> None:
    recent: Recent[int] = Recent(most=2)
    for k, name in enumerate(("a", "b", "a", "c")):
        recent.keep((name,), k, NOW)

    assert [recent.find((name,)) is not None for name in "abc"] == [True, False, True]
