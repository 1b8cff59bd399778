"""Work in a process of its own: what it tells arrives, and nothing of it is left when its time is over."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest

from models.domain.errors import DeadlinePassed
from optimizer.deadline import Ending, in_this_process, in_worker

LONG_S = 60.0
"""Never waited for: the work is done, or its process gone, long before."""


def counts(tell: Callable[[int], None]) -> None:
    for number in (1, 2, 3):
        tell(number)


def sleeps(tell: Callable[[int], None]) -> None:
    time.sleep(600.0)


def breaks(tell: Callable[[int], None]) -> None:
    tell(1)
    raise ValueError("the third row is odd")


def is_killed(tell: Callable[[int], None]) -> None:
    tell(1)
    os.kill(os.getpid(), signal.SIGKILL)


def passes_its_deadline(tell: Callable[[int], None]) -> None:
    tell(1)
    raise DeadlinePassed("the solver met its time limit")


def tells_its_process(tell: Callable[[int], None]) -> None:
    tell(os.getpid())


def nobody_left() -> bool:
    """Whether every worker is gone within five seconds; a killed one takes milliseconds to be so."""
    until = monotonic() + 5.0
    while multiprocessing.active_children() and monotonic() < until:
        time.sleep(0.01)
    return not multiprocessing.active_children()


def test_what_a_worker_tells_arrives_in_order() -> None:
    run = in_worker(counts, LONG_S)

    assert (run.told, run.ending) == ((1, 2, 3), Ending.FINISHED)
    assert nobody_left()


def test_a_worker_is_another_process() -> None:
    assert in_worker(tells_its_process, LONG_S).told != (os.getpid(),)


@pytest.mark.clock
def test_a_worker_that_does_not_come_back_is_killed_when_its_time_is_over() -> None:
    took_s = []
    for _ in range(3):  # others may hold the machine up for once
        started = monotonic()
        run = in_worker(sleeps, 0.2)
        took_s.append(monotonic() - started)
        assert (run.ending, run.reason) == (Ending.LATE, "no answer within 0.2 s")

    assert min(took_s) == pytest.approx(0.25, abs=0.05), "not before its time, and not long after"
    assert nobody_left()


def test_a_worker_that_had_no_time_to_start_is_killed_once_it_has() -> None:
    run = in_worker(sleeps, 0.0)

    assert run.ending is Ending.LATE
    assert nobody_left()


def test_an_error_is_told_with_what_was_found_before_it() -> None:
    run = in_worker(breaks, LONG_S)

    assert (run.told, run.ending, run.reason) == ((1,), Ending.FAILED, "ValueError: the third row is odd")


def test_a_killed_worker_leaves_what_it_told() -> None:
    run = in_worker(is_killed, LONG_S)

    assert (run.told, run.ending) == ((1,), Ending.DIED)
    assert nobody_left()


def test_callers_at_once_each_get_their_own_answer() -> None:
    works = [counts, breaks, is_killed, tells_its_process]

    with ThreadPoolExecutor(len(works)) as callers:
        runs = list(callers.map(lambda work: in_worker(work, LONG_S), works))

    assert [run.ending for run in runs] == [Ending.FINISHED, Ending.FAILED, Ending.DIED, Ending.FINISHED]
    assert [run.told for run in runs[:3]] == [(1, 2, 3), (1,), (1,)]
    assert nobody_left()


def test_work_that_cannot_be_handed_over_fails_at_once() -> None:
    run = in_worker(lambda tell: tell(1), LONG_S)

    assert run.ending is Ending.FAILED
    assert run.reason.startswith("no worker could be started")
    assert nobody_left()


@pytest.mark.parametrize("run", [in_worker, in_this_process])
def test_work_that_keeps_its_own_time_may_say_that_it_is_late(run: Callable[..., object]) -> None:
    late = run(passes_its_deadline, LONG_S)

    assert (late.told, late.ending) == ((1,), Ending.LATE)  # type: ignore[attr-defined]  # a Run


def test_errors_in_this_process_are_told_and_not_raised() -> None:
    run = in_this_process(breaks, LONG_S)

    assert (run.told, run.ending, run.reason) == ((1,), Ending.FAILED, "ValueError: the third row is odd")


def test_a_worker_whose_starter_is_gone_ends_by_itself_even_in_a_loop() -> None:
    loop = "from optimizer.deadline import _end_by_itself\n_end_by_itself(0.1)\nwhile True: pass"

    done = subprocess.run([sys.executable, "-c", loop], cwd=Path(__file__).parents[2], timeout=30, check=False)

    assert done.returncode == -signal.SIGALRM
