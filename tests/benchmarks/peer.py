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

from models.domain.schedule import Schedule
from tests.benchmarks import clocks, machine
from tests.benchmarks.independent import Draws
from tests.benchmarks.reporting import Row, milliseconds, table
from tests.benchmarks.scenarios import PEAK_PRICE_PER_KW, random_numbers, random_site
from tests.benchmarks.speed import MONEY_ONLY, PERIODS, repeats, timed

PUBLISHED_S = {10: 0.280, 50: 0.340, 200: 0.690, 500: 1.470}
"""Of FlexMeasures 1.0.1 with direct HiGHS, the first run of a process, measured by hand on another day. [s]"""
TIMES_FASTER = {10: 30, 50: 25, 200: 18, 500: 15}
PEER_REPEATS = 10
HEAD = (
    *("connectors", "ours ms", "peer ms", "its first run", "its tables", "published ms"),
    *("promise", "times faster", "its cost"),
)


@dataclass(frozen=True, slots=True)
class Peer:
    """What FlexMeasures took for its tables and for its scheduler, in the run of median length. [s]"""

    prepare_s: float
    schedule_s: float
    cost: float
    first_schedule_s: float


def rows(interpreter: str, counts: tuple[int, ...]) -> Iterator[Row]:
    """Ours from scenario to plan, preferences off, beside its scheduler alone; its tables come on top.

    Both are medians in a process that has run before.
    """
    for count in counts:
        ours = timed(random_site(count, PERIODS), MONEY_ONLY, repeats(count))
        peer = measured(interpreter, draws_for(count, ours.plan))
        faster = peer.schedule_s / ours.seconds
        cells = (
            f"{count:,}",
            milliseconds(ours.seconds),
            milliseconds(peer.schedule_s),
            milliseconds(peer.first_schedule_s),
            milliseconds(peer.prepare_s),
            milliseconds(PUBLISHED_S[count]),
            f">= {TIMES_FASTER[count]}",
            f"{faster:.1f}",
            f"{peer.cost / ours.plan.cost - 1:+.2%}",
        )
        yield Row(cells, faster >= TIMES_FASTER[count])


def draws_for(count: int, plan: Schedule) -> Draws:
    """The draws of the site; a must takes the place of a wish there, so each need is what our plan delivers."""
    delivered = np.array([session.energy_kwh for session in plan.sessions])
    return {**random_numbers(count, PERIODS), "need": delivered, "peak_price": np.array(PEAK_PRICE_PER_KW)}


def measured(interpreter: str, draws: Draws, solver: str = "highspy") -> Peer:
    """Some runs in the other environment. Raises RuntimeError with what it said when it fails."""
    script = Path(__file__).with_name("peer_flexmeasures.py")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "draws.npz"
        np.savez(path, **draws)  # type: ignore[arg-type]
        command = [interpreter, "-W", "ignore", str(script), str(path), solver, str(PEER_REPEATS), clocks.name()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{interpreter} could not run FlexMeasures; `make bench-peer` sets it up\n{done.stderr}")
    first, *later = json.loads(done.stdout.splitlines()[-1])
    median = sorted(later, key=lambda run: run["schedule_s"])[len(later) // 2]
    return Peer(**median, first_schedule_s=first["schedule_s"])


def main(interpreter: str) -> None:
    print(machine.described())
    found = list(rows(interpreter, tuple(TIMES_FASTER)))
    print(table("B3 (c): beside FlexMeasures 1.0.1, direct HiGHS", HEAD, found))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("say which interpreter has FlexMeasures: python -m tests.benchmarks.peer .venv-peer/bin/python")
    main(sys.argv[1])
