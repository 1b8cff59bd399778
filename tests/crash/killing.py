"""Children that are forked, live and are killed at a point; after each, what must hold is looked at."""

import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from api.jobs import Jobs
from api.sites.due import due_sites
from api.store.memory import MemoryStore
from api.store.migrating import upgrade
from api.store.port import Store
from api.store.records import Kind
from api.store.sql import SqlStore, engine_for
from tests.api.stores import connected
from tests.crash.judging import broken
from tests.crash.life import POINTS, SITE, START, TENANT, build, live, service_on

ROUNDS = 2
"""Of everything, in one life, a minute each."""
CYCLE_MINUTES = 5
"""Between two plans of a site where nothing happens."""
KILLS_OF_ONE_STORE = 25
"""After these a new one is begun, so that sessions stay few."""


@dataclass(frozen=True)
class Place:
    """A store that can be opened again and again, and the folder of what is written down outside."""

    opened: Callable[[], Store]
    folder: Path


def place_at(address: str, folder: Path) -> Place:
    """A database with its tables: to look whether they are there took half of the time of a kill."""
    with connected(address) as engine:
        upgrade(engine)
    return Place(partial(_opened, address), folder)


def kills(count: int, new_place: Callable[[int], Place]) -> Iterator[tuple[str, list[str]]]:
    """Each kill's point, and what did not hold after it; points come in turn. Raises where one was not reached."""
    _warm_up()
    for begin in range(0, count, KILLS_OF_ONE_STORE):
        place = new_place(begin)
        in_child(partial(_build, place))
        for k in range(min(KILLS_OF_ONE_STORE, count - begin)):
            point = POINTS[(begin + k) % len(POINTS)]
            yield point, _killed(place, point, k * (ROUNDS + CYCLE_MINUTES), times=1 + k % 2)


def _opened(address: str) -> Store:
    return SqlStore(engine_for(address))


def _warm_up() -> None:
    """What is made once in a process is made here, and not anew in every child; without a connection to fork."""
    store = MemoryStore()
    build(store)
    with TemporaryDirectory() as folder:
        live(store, Path(folder), 0, 1, "nowhere", 1)


def _killed(place: Place, point: str, first: int, times: int) -> list[str]:
    ended = in_child(partial(_live, place, first, point, times))
    if ended != -signal.SIGKILL:
        raise AssertionError(f"point {point!r} was not reached: the child ended with {ended}")
    return _judged(place, first + ROUNDS)


def _build(place: Place) -> None:
    build(place.opened())


def _live(place: Place, first: int, point: str, times: int) -> None:
    live(place.opened(), place.folder, first, ROUNDS, point, times)


def _judged(place: Place, minute: int) -> list[str]:
    """In this process, which has no connection open while it forks."""
    store = place.opened()
    try:
        found = list(broken(store, place.folder))
    finally:
        store.close()
    ended = in_child(partial(_plans_within_a_cycle, place, minute + CYCLE_MINUTES))
    return [*found, *(["the next plan did not come within a cycle"] if ended else [])]


def _plans_within_a_cycle(place: Place, minute: int) -> None:
    """Whatever was due when it was killed is planned by the first tick after it, and so is every site by then."""
    store, moment = place.opened(), START + timedelta(minutes=minute)
    service = service_on(store, lambda: moment)
    Jobs(service, lambda work: work()).tick()
    assert not due_sites(store, moment), "it is still due"
    with store.view() as unit:
        (newest,) = unit.latest(TENANT, SITE, Kind.PLAN)
    assert newest.recorded_at == moment, "no plan was made"


def in_child(work: Callable[[], None]) -> int:
    """How it ended: 0, 1 after an error, or the negative number of a signal."""
    _, status = os.waitpid(started(work), 0)
    return os.waitstatus_to_exitcode(status)


def started(work: Callable[[], None]) -> int:
    """A child that does this and nothing else; its number."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        code = 1
        try:
            work()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException as error:
            os.write(2, f"child: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    return child


def reached(points: Counter[str]) -> list[str]:
    """One line for each point, with how many kills it saw."""
    return [f"{points[point]:6d}  {point}" for point in POINTS]
