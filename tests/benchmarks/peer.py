"""Benchmark B3 (c): FlexMeasures on the scenario of B3, on this machine, in an environment of its own.

python -m tests.benchmarks.peer PYTHON      PYTHON: the interpreter of an environment with flexmeasures==1.0.1
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.benchmarks import machine
from tests.benchmarks.reporting import Row, milliseconds, missed, table
from tests.benchmarks.scenarios import PEAK_PRICE_PER_KW, random_numbers, random_site
from tests.benchmarks.speed import MONEY_ONLY, PERIODS, REPEATS, timed

PUBLISHED_S = {10: 0.280, 50: 0.340, 200: 0.690, 500: 1.470}
"""Of FlexMeasures 1.0.1 with direct HiGHS, measured by hand on another day. [s]"""
TIMES_FASTER = {10: 30, 50: 25, 200: 18, 500: 15}
PEER_REPEATS = 3
HEAD = ("connectors", "ours ms", "peer ms", "peer's tables ms", "published ms", "promise", "times faster", "its cost")


@dataclass(frozen=True, slots=True)
class Peer:
    """What FlexMeasures took: for its tables, and for its scheduler. [s]"""

    prepare_s: float
    schedule_s: float
    cost: float


def rows(interpreter: str, counts: tuple[int, ...]) -> Iterator[Row]:
    """Ours from scenario to plan, preferences off, beside its scheduler alone; its tables come on top."""
    for count in counts:
        ours = timed(random_site(count, PERIODS), MONEY_ONLY, REPEATS)
        peer = measured(interpreter, count)
        faster = peer.schedule_s / ours.seconds
        cells = (
            f"{count:,}",
            milliseconds(ours.seconds),
            milliseconds(peer.schedule_s),
            milliseconds(peer.prepare_s),
            milliseconds(PUBLISHED_S[count]),
            f">= {TIMES_FASTER[count]}",
            f"{faster:.1f}",
            f"{_excess(count, peer.cost, ours.plan.objective):+.2%}",
        )
        yield Row(cells, faster >= TIMES_FASTER[count])


def measured(interpreter: str, count: int, solver: str = "highspy") -> Peer:
    """The median of some runs in the other environment. Raises RuntimeError with what it said when it fails."""
    script = Path(__file__).with_name("peer_flexmeasures.py")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "draws.npz"
        np.savez(path, peak_price=PEAK_PRICE_PER_KW, **random_numbers(count, PERIODS))
        command = [interpreter, "-W", "ignore", str(script), str(path), solver, str(PEER_REPEATS)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{interpreter} could not run FlexMeasures; `make bench-peer` sets it up\n{done.stderr}")
    return Peer(**json.loads(done.stdout.splitlines()[-1]))


def _excess(count: int, cost: float, ours: float) -> float:
    """Its cost over ours; it leaves out the base load's energy and up to 0.1 % of every need."""
    draws = random_numbers(count, PERIODS)
    base_cost = 24 / PERIODS * float(draws["price"] @ draws["base"])
    return (cost + base_cost) / ours - 1


def main(interpreter: str) -> int:
    print(machine.described())
    found = list(rows(interpreter, tuple(TIMES_FASTER)))
    print(table("B3 (c): beside FlexMeasures 1.0.1, direct HiGHS", HEAD, found))
    return missed(found)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("say which interpreter has FlexMeasures: python -m tests.benchmarks.peer .venv-peer/bin/python")
    sys.exit(main(sys.argv[1]) > 0)
