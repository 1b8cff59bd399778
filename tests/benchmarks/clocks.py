"""Which clock benchmarks read: the wall's, or the processor's where other work runs on the same machine.

Ours and HiGHS run in one thread, so on a quiet machine both tell the same.
"""

import time

from optimizer.backends import highs
from tests.benchmarks import speed, warm


def of_the_processor() -> None:
    """From now on, for this process and those that are asked for the name of its clock."""
    for module in (highs, speed, warm):
        module.perf_counter = time.process_time  # type: ignore[attr-defined]


def name() -> str:
    """Of the function of ``time`` that is read."""
    return str(speed.perf_counter.__name__)
