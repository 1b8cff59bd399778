"""Writes of many callers in few commits: each is answered after the commit that keeps what it told, and not before.

A commit waits for the disk, for 4 to 6 ms on the machine of docs/benchmarks.md: one for each request is 200 a second at
most. While one is written through, those who come meanwhile wait together for the next one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from api.store.port import Done, Store, Unit, Work

T = TypeVar("T")
MOST = 64
"""In one commit: nobody waits for more than these."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Who waits for an answer, and where."""

    work: Work
    answer: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop


class Writers:
    """Threads that write what is given to them, from the first write on until they are stopped.

    What is told of one site goes to the same one of them, in the order in which it came.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, Lock()
        self._queues = [SimpleQueue[_Waiting | None]() for _ in range(store.writes_at_once)]
        self._threads: list[Thread] = []

    async def write(self, site: tuple[str, str], now: datetime, act: Callable[[Unit], T]) -> T:
        """What ``act`` answers, once it is kept; raises what it raises, and StoreError where it could not be kept."""
        self._start()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(Work(site, now, act), loop.create_future(), loop)
        self._queues[hash(site) % len(self._queues)].put(waiting)
        told: T = await waiting.answer
        return told

    def stop(self) -> None:
        """When everything that waits is written."""
        for queue in self._queues:
            queue.put(None)
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        if self._threads:
            return
        with self._lock:
            if not self._threads:
                self._threads = [Thread(target=self._serve, args=(queue,), daemon=True) for queue in self._queues]
                for thread in self._threads:
                    thread.start()

    def _serve(self, queue: "SimpleQueue[_Waiting | None]") -> None:
        while (first := queue.get()) is not None:
            self._write([first, *_others(queue)])

    def _write(self, waiting: list[_Waiting]) -> None:
        """Sites are locked in the order of their names by everybody, so that no two wait for each other."""
        waiting.sort(key=lambda one: one.work.site)
        _answer(zip(waiting, self._done([one.work for one in waiting]), strict=True))

    def _done(self, works: list[Work]) -> Sequence[Done]:
        try:
            return self._store.together(works)
        except Exception as error:  # an error of ours must leave nobody waiting
            return [Done(error=error) for _ in works]


def _others(queue: "SimpleQueue[_Waiting | None]") -> list[_Waiting]:
    """Those who wait by now."""
    found: list[_Waiting] = []
    with suppress(Empty):
        while len(found) < MOST - 1:
            one = queue.get_nowait()
            if one is None:
                queue.put(None)  # it is to stop, after these
                break
            found.append(one)
    return found


def _answer(ended: Iterable[tuple[_Waiting, Done]]) -> None:
    """Each event loop is woken once for all of its own."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Done]]] = defaultdict(list)
    for waiting, done in ended:
        by_loop[waiting.loop].append((waiting, done))
    for loop, own in by_loop.items():
        with suppress(RuntimeError):  # it is closed: nobody listens any more
            loop.call_soon_threadsafe(_tell, own)


def _tell(ended: list[tuple[_Waiting, Done]]) -> None:
    for waiting, done in ended:
        if waiting.answer.cancelled():
            continue
        if done.error is None:
            waiting.answer.set_result(done.answer)
        else:
            waiting.answer.set_exception(done.error)
