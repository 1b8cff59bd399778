"""``make crash``: 1,000 kills on SQLite and 200 on PostgreSQL, with how often each point was reached."""

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from tests.api.stores import postgres_schema
from tests.crash.freezing import freezes
from tests.crash.killing import Place, kills, place_at, reached
from tests.crash.life import POINTS

MEMORY = Path("/dev/shm")
"""What a killed process wrote is the kernel's already, on whatever disk: a power cut is not played here."""
LEAST = 20
"""Kills of each point in the full run on SQLite; on PostgreSQL all are reached alike."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sqlite", type=int, default=1000)
    parser.add_argument("--postgresql", type=int, default=200)
    parser.add_argument("--freezes", type=int, default=20)
    asked = parser.parse_args()
    return max(_run("sqlite", asked.sqlite), _run("postgresql", asked.postgresql), _freeze(asked.freezes))


def _freeze(count: int) -> int:
    """Two replicas, one of them stopped in the middle of a solve."""
    if count == 0:
        return 0
    with tempfile.TemporaryDirectory() as top, postgres_schema() as address:
        found = list(freezes(count, place_at(address, Path(top))))
    print("\n".join(line for lines in found for line in lines))
    print(f"two replicas: {count} times frozen and thawed, {sum(map(bool, found))} with an old epoch accepted")
    return int(any(found))


def _run(name: str, count: int) -> int:
    """Interrupted, it tells how far it came, and that is not enough."""
    points, failed = Counter[str](), 0
    folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None)
    with suppress(KeyboardInterrupt), folder as top, ExitStack() as stack:
        for point, found in kills(count, partial(_new_place, name, Path(top), stack)):
            points[point] += 1
            failed += bool(found)
            for line in found:
                print(f"{name}: after {point}: {line}", flush=True)
    print(f"{name}: {sum(points.values())} of {count} kills, {failed} with something lost or done twice")
    print("\n".join(reached(points)))
    seldom = [point for point in POINTS if points[point] < min(LEAST, count // len(POINTS))]
    print("\n".join(f"reached too seldom: {point}" for point in seldom), flush=True)
    return int(failed > 0 or bool(seldom))


def _new_place(name: str, top: Path, stack: ExitStack, number: int) -> Place:
    folder = top / str(number)
    folder.mkdir()
    address = stack.enter_context(postgres_schema()) if name == "postgresql" else f"sqlite:///{folder / 'store.db'}"
    return place_at(address, folder)


if __name__ == "__main__":
    sys.exit(main())
