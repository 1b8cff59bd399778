"""Children that are forked, live and are killed at a point; after each, what must hold is looked at."""

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

from api.jobs import Jobs
from api.sites.due import due_sites
from api.store.memory import MemoryStore
from api.store.port import Store
from tests.crash.judging import broken
from tests.crash.life import POINTS, START, build, live, service_on

ROUNDS = 2
"""Of everything, in one life."""
KILLS_OF_ONE_STORE = 25
"""After these a new one is begun, so that sessions stay few."""


@dataclass(frozen=True)
class Place:
    """A store that can be opened again and again, and the folder of what is written down outside."""

    opened: Callable[[], Store]
    folder: Path


def kills(count: int, new_place: Callable[[int], Place]) -> Iterator[tuple[str, list[str]]]:
    """Each kill's point, and what did not hold after it; points come in turn. Raises where one was not reached."""
    _warm_up()
    for begin in range(0, count, KILLS_OF_ONE_STORE):
        place = new_place(begin)
        _in_child(partial(_build, place))
        for k in range(min(KILLS_OF_ONE_STORE, count - begin)):
            point = POINTS[(begin + k) % len(POINTS)]
            yield point, _killed(place, point, k * ROUNDS, times=1 + k % 2)


def _warm_up() -> None:
    """What is made once in a process is made here, and not anew in every child; without a connection to fork."""
    store = MemoryStore()
    build(store)
    with TemporaryDirectory() as folder:
        live(store, Path(folder), 0, 1, "nowhere", 1)


def _killed(place: Place, point: str, first: int, times: int) -> list[str]:
    ended = _in_child(partial(_live, place, first, point, times))
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
    ended = _in_child(partial(_plans_at_once, place, minute))
    return [*found, *(["the next plan did not come at once"] if ended else [])]


def _plans_at_once(place: Place, minute: int) -> None:
    """Whatever was due when it was killed is planned by the first tick after it."""
    store, moment = place.opened(), START + timedelta(minutes=minute)
    service = service_on(store, lambda: moment)
    Jobs(service, lambda work: work()).tick()
    assert not due_sites(store, moment), "it is still due"


def _in_child(work: Callable[[], None]) -> int:
    """How it ended: 0, 1 after an error, or the negative number of a signal."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException as error:
            os.write(2, f"child: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def reached(points: Counter[str]) -> list[str]:
    """One line for each point, with how many kills it saw."""
    return [f"{points[point]:6d}  {point}" for point in POINTS]
