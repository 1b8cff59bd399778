"""Callers who write at one site at the same moment, at one replica or at several: nothing of what they told is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.routes import examples
from api.sites.keeping import writing_desk
from api.sites.plan_job import PlanJob
from api.sites.waking import wake
from api.store.memory import _MemoryUnit
from api.store.port import Store
from api.store.records import Kind, Place
from models.domain.wire import read_form
from tests.api.stores import NAMES, opened
from tests.api.yards import NOW, SESSION, service

CALLERS = 12


@pytest.fixture(params=NAMES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as opened_store:
        yield opened_store


def job(store: Store, tenant: str) -> PlanJob:
    with store.view() as unit:
        found = unit.find(Place(tenant=tenant, kind=Kind.JOB, site="yard", id="yard"))
    assert found is not None
    return read_form(PlanJob, found.body)


def test_each_of_many_events_at_once_is_counted(store: Store) -> None:
    """What a desk reads is still so when it writes: each of the twelve counts one on."""

    def tell(_: int) -> None:
        with writing_desk(store, NOW, "acme", "yard", "test") as desk:
            wake(desk, NOW)

    with ThreadPoolExecutor(4) as callers:
        list(callers.map(tell, range(CALLERS)))

    assert job(store, "acme").events == CALLERS


def test_whoever_writes_at_a_site_over_http_locks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[tuple[str, str]] = []
    with service() as yard:
        yard.build()
        monkeypatch.setattr(_MemoryUnit, "lock", lambda unit, tenant, site: locked.append((tenant, site)))
        writes = (
            lambda: yard.put("/v1/sites/yard/policy", {"mode": "control"}),
            lambda: yard.post("/v1/sites/yard/sessions", SESSION),
            lambda: yard.post("/v1/sites/yard/sessions/7f3/needs", {"energy_target_kwh": 5.0}),
            lambda: yard.post("/v1/sites/yard/measurements", {"measurements": []}),
            lambda: yard.post("/v1/sites/yard/plan", None),
            lambda: yard.get("/v1/sites/yard/commands"),
            lambda: yard.post("/v1/sites/yard/commands/ack", examples.ACKNOWLEDGEMENTS),
            lambda: yard.post("/v1/sites/yard/hand-back", None),
            lambda: yard.call("DELETE", "/v1/sites/yard"),
        )
        for write in writes:
            locked.clear()
            assert write().status_code < 300
            assert locked == [("default", "yard")]
