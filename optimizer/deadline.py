"""Work that may not take longer than it is given: done in a process of its own, which is killed when time is over.

A solver inside this process can only be asked to stop. One in a process of its own can be stopped, whatever it does.
"""

import multiprocessing
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import Any, Generic, TypeVar

from models.domain.errors import DeadlinePassed

T = TypeVar("T")
Work = Callable[[Callable[[T], None]], None]
"""Something to do, which tells what it finds on the way; for a worker picklable, as a ``partial`` of a function."""

_FORKS = "forkserver" in multiprocessing.get_all_start_methods()
_CONTEXT: Any = multiprocessing.get_context("forkserver" if _FORKS else "spawn")
_GRACE_S = 1.0
"""A worker that nobody stopped, because whoever started it is gone, ends by itself so long after its time. [s]"""


class Ending(StrEnum):
    """How work ended."""

    FINISHED = "finished"
    FAILED = "failed"
    """It raised an error."""
    DIED = "died"
    """Its process was gone without a word: killed, or out of memory."""
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Run(Generic[T]):
    """What work told until it ended."""

    told: tuple[T, ...]
    ending: Ending
    reason: str = ""
    """Why it did not finish."""


def in_this_process(work: Work[T], within_s: float) -> Run[T]:
    """Do work that keeps its time by itself and raises DeadlinePassed; whatever it raises is told, not raised.

    Nothing stops it from outside: for work that is known to be short.
    """
    told: list[T] = []
    try:
        work(told.append)
    except DeadlinePassed:
        return Run(tuple(told), Ending.LATE, _too_late(within_s))
    except Exception as error:
        return Run(tuple(told), Ending.FAILED, _in_words(error))
    return Run(tuple(told), Ending.FINISHED)


def in_worker(work: Work[T], within_s: float) -> Run[T]:
    """Do work in a process of its own and kill it ``within_s`` from now, also when it has not even started by then."""
    due = monotonic() + within_s
    worker: _Worker[T] = _Worker(work, within_s)
    Thread(target=worker.listen, daemon=True).start()
    told: list[T] = []
    try:
        while True:
            ending, said = worker.said.get(timeout=max(0.0, due - monotonic()))
            if ending is not None:
                return Run(tuple(told), ending, said)
            told.append(said)
    except Empty:
        return Run(tuple(told), Ending.LATE, _too_late(within_s))
    finally:
        worker.stop()


def prepare_workers(*modules: str) -> None:
    """Load modules once into the process that workers are forked from, so that none of them has to.

    Only the first call counts. Without one, and where processes cannot be forked, each worker loads its own.
    """
    if _FORKS:
        from multiprocessing.forkserver import ensure_running

        _CONTEXT.set_forkserver_preload(list(modules))
        ensure_running()


class _Worker(Generic[T]):
    """One process, listened to by one thread: neither a slow start nor half an answer keeps anybody waiting."""

    def __init__(self, work: Work[T], within_s: float) -> None:
        self.said: SimpleQueue[tuple[Ending | None, Any]] = SimpleQueue()
        """What it tells, with None, and at last how it ended, with the reason."""
        self._receiving, self._sending = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_serve, args=(work, self._sending, within_s), daemon=True)
        self._lock, self._started, self._stopped = Lock(), False, False

    def listen(self) -> None:
        """Start the process and pass on what it says, until it ends."""
        try:
            self._process.start()
        except Exception as error:
            self.said.put((Ending.FAILED, f"no worker could be started: {_in_words(error)}"))
        else:
            self._sending.close()
            self._now_started()
            self._pass_on()
            self._process.join()
        finally:
            self._sending.close()
            self._receiving.close()

    def stop(self) -> None:
        """Kill the process, now or as soon as it has started."""
        with self._lock:
            self._stopped = True
            if self._started:
                self._process.kill()

    def _now_started(self) -> None:
        with self._lock:
            self._started = True
            if self._stopped:
                self._process.kill()

    def _pass_on(self) -> None:
        ending = None
        while ending is None:
            try:
                ending, said = self._receiving.recv()
            except Exception as error:  # the end of the pipe, or what a killed process left of an answer
                ending, said = Ending.DIED, f"the worker died ({type(error).__name__})"
            self.said.put((ending, said))


def _serve(work: Work[Any], sending: Connection, within_s: float) -> None:
    """In the worker: do the work, and say how it ended."""
    _end_by_itself(within_s + _GRACE_S)
    with suppress(OSError):  # nobody listens any more
        try:
            work(lambda said: sending.send((None, said)))
        except DeadlinePassed:
            sending.send((Ending.LATE, _too_late(within_s)))
        except Exception as error:
            sending.send((Ending.FAILED, _in_words(error)))
        else:
            sending.send((Ending.FINISHED, ""))


def _end_by_itself(after_s: float) -> None:
    """The kernel's alarm ends a process even inside a library that never returns to Python."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for whoever waits; that one kills the worker
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, after_s)


def _too_late(within_s: float) -> str:
    return f"no answer within {within_s:.3g} s"


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
