"""Callers who write at one site at the same moment, at one replica or at several: nothing of what they told is lost."""

from asyncio import create_task, run, sleep, wait_for
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from api.routes import examples
from api.sites.keeping import writing_desk
from api.sites.plan_job import PlanJob
from api.sites.waking import wake
from api.store.memory import MemoryStore, _MemoryUnit
from api.store.port import Done, Store, Unit, Work
from api.store.records import Kind, Place
from api.store.writers import Writers
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


class Watched(MemoryStore):
    """Waits before each commit until it may go on, and notes how many it is for."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[int] = []
        self.may_go_on = Event()

    def together(self, works: Sequence[Work]) -> Sequence[Done]:
        self.may_go_on.wait(10.0)
        self.commits.append(len(works))
        return super().together(works)


def test_those_who_come_while_one_is_committed_are_committed_together() -> None:
    async def tell_all(writers: Writers, store: Watched) -> list[int]:
        told = [create_task(writers.write(("acme", "yard"), NOW, partial(count_on, number))) for number in range(12)]
        await sleep(0)  # each has asked by now
        store.may_go_on.set()
        return [await one for one in told]

    def count_on(number: int, unit: Unit) -> int:
        unit.append("acme", Kind.EVENT, "yard", str(number), "{}")
        return number

    store = Watched()
    writers = Writers(store)
    assert run(tell_all(writers, store)) == list(range(12)), "each has its own answer"
    writers.stop()

    assert sum(store.commits) == 12
    assert len(store.commits) <= 3, "the first one may have gone alone"
    with store.view() as unit:
        kept = unit.entries("acme", "yard", [Kind.EVENT], limit=99)
    assert [entry.id for entry in kept] == [str(number) for number in range(12)], "in the order in which they came"


def test_an_error_of_ours_below_leaves_nobody_waiting() -> None:
    class Broken(MemoryStore):
        def together(self, works: Sequence[Work]) -> Sequence[Done]:
            raise RuntimeError("a mistake")

    async def tell(writers: Writers) -> None:
        await wait_for(writers.write(("acme", "yard"), NOW, lambda unit: None), 10.0)

    writers = Writers(Broken())
    with pytest.raises(RuntimeError, match="a mistake"):
        run(tell(writers))
    writers.stop()


def test_whoever_writes_at_a_site_over_http_locks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[tuple[str, str]] = []
    with service() as yard:
        yard.build()
        monkeypatch.setattr(_MemoryUnit, "lock", lambda unit, tenant, site: locked.append((tenant, site)))
        once, twice = [("default", "yard")], 2 * [("default", "yard")]
        writes = (
            (once, lambda: yard.put("/v1/sites/yard/policy", {"mode": "control"})),
            (once, lambda: yard.post("/v1/sites/yard/sessions", SESSION)),
            (once, lambda: yard.post("/v1/sites/yard/sessions/7f3/needs", {"energy_target_kwh": 5.0})),
            (once, lambda: yard.post("/v1/sites/yard/measurements", {"measurements": []})),
            (twice, lambda: yard.post("/v1/sites/yard/plan", None)),  # its commands, then what explains it
            (once, lambda: yard.get("/v1/sites/yard/commands")),
            (once, lambda: yard.post("/v1/sites/yard/commands/ack", examples.ACKNOWLEDGEMENTS)),
            (once, lambda: yard.post("/v1/sites/yard/hand-back", None)),
            (once, lambda: yard.call("DELETE", "/v1/sites/yard")),
        )
        for locks, write in writes:
            locked.clear()
            assert write().status_code < 300
            assert locked == locks
