"""Benchmark B3 (e): peak memory of a process that plans a site, beside one in which HiGHS solves the same program.

python -m tests.benchmarks.memory SCENARIO   plans a pickled scenario and prints the same two peaks as highs_alone.
"""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from optimizer.optimize import formulate, optimize
from tests.benchmarks.arrays import arrays_of
from tests.benchmarks.highs_alone import peak_kib
from tests.benchmarks.reporting import Row
from tests.benchmarks.scenarios import random_site
from tests.benchmarks.speed import PERIODS

MOST = 1.3
HEAD = ("connectors", "optimize MiB", "its imports", "HiGHS alone MiB", "its imports", "promise", "measured")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Peak:
    """Highest memory of a process: when its imports were done, and over its life. [KiB]"""

    imports: int
    whole: int

    @property
    def cells(self) -> tuple[str, str]:
        return f"{self.whole / 1024:.0f}", f"{self.imports / 1024:.0f}"


def rows(counts: tuple[int, ...]) -> Iterator[Row]:
    """Both peaks are of whole processes, interpreter and imports included; nothing is subtracted.

    What is drawn at random is drawn here: one reads its scenario from a file, the other its arrays.
    """
    for count in counts:
        ours, alone = _ours(count), _alone(count)
        ratio = ours.whole / alone.whole
        yield Row((f"{count:,}", *ours.cells, *alone.cells, f"<= {MOST}", f"{ratio:.2f}"), ratio <= MOST)


def _ours(count: int) -> Peak:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.pickle"
        path.write_bytes(pickle.dumps(random_site(count, PERIODS)))
        return _peak("-m", "tests.benchmarks.memory", str(path))


def _alone(count: int) -> Peak:
    program = formulate(random_site(count, PERIODS)).program
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.npz"
        np.savez(path, **arrays_of(program))  # type: ignore[arg-type]  # names of arrays, no flags
        return _peak(str(Path(__file__).with_name("highs_alone.py")), str(path))


def _peak(*arguments: str) -> Peak:
    """What a child prints last: its own two peaks."""
    told = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    imports, whole = told.stdout.split()[-2:]
    return Peak(int(imports), int(whole))


if __name__ == "__main__":
    imports_kib = peak_kib()
    optimize(pickle.loads(Path(sys.argv[1]).read_bytes()))
    print(imports_kib, peak_kib())
