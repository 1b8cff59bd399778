"""Benchmark B3 (e): peak memory of a process that plans a site, beside one in which HiGHS solves the same program.

    python -m tests.benchmarks.memory COUNT      plans the random site and prints its own peak. [KiB]
"""

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from optimizer.optimize import formulate, optimize
from tests.benchmarks.reporting import Row
from tests.benchmarks.scenarios import random_site
from tests.benchmarks.speed import PERIODS

MOST = 1.3
HEAD = ("connectors", "optimize MiB", "HiGHS alone MiB", "promise", "measured")
ROOT = Path(__file__).parents[2]


def rows(counts: tuple[int, ...]) -> Iterator[Row]:
    """Both peaks are of whole processes, interpreter and imports included; nothing is subtracted."""
    for count in counts:
        ours, alone = _peak_kib("-m", "tests.benchmarks.memory", str(count)), _alone_kib(count)
        cells = (f"{count:,}", f"{ours / 1024:.0f}", f"{alone / 1024:.0f}", f"<= {MOST}", f"{ours / alone:.2f}")
        yield Row(cells, ours <= MOST * alone)


def _alone_kib(count: int) -> int:
    program = formulate(random_site(count, PERIODS)).program
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.npz"
        np.savez(
            path,
            cost=program.cost,
            col_lower=program.col_lower,
            col_upper=program.col_upper,
            row_lower=program.row_lower,
            row_upper=program.row_upper,
            indptr=program.matrix.indptr.astype(np.int32),
            indices=program.matrix.indices.astype(np.int32),
            data=program.matrix.data,
        )
        return _peak_kib(str(Path(__file__).with_name("highs_alone.py")), str(path))


def _peak_kib(*arguments: str) -> int:
    """What a child prints last: its own peak."""
    told = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return int(told.stdout.split()[-1])


if __name__ == "__main__":
    optimize(random_site(int(sys.argv[1]), PERIODS))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
