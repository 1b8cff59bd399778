"""Time as a reference machine would take it: a bound in seconds asks the code, not the machine or its neighbours.

A bare loop of the interpreter is timed between the runs of the work. The best of both tell how much slower this
machine is now than the one the bounds were written for, which took `LOOP_S` for the loop.
"""

from collections.abc import Callable
from time import process_time

LOOPS = 100_000
LOOP_S = 0.004
"""Of CPython 3.11 on the machines that the bounds were written on: 3 to 5 ms while they had nothing else to do."""


def best_s(work: Callable[[], object], times: int) -> float:
    """Processor time of the fastest of so many runs, in seconds of the reference machine."""
    spent, loops = zip(*((_spent_s(work), _spent_s(_loop)) for _ in range(times)), strict=True)
    return min(spent) * LOOP_S / min(loops)


def _loop() -> int:
    total = 0
    for number in range(LOOPS):
        total += number
    return total


def _spent_s(work: Callable[[], object]) -> float:
    begun = process_time()
    work()
    return process_time() - begun
