"""``make crash``: 1,000 kills on SQLite and 200 on PostgreSQL, with how often each point was reached."""

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from api.store.migrating import upgrade
from api.store.opening import open_store
from tests.api.stores import connected, postgres_schema
from tests.crash.killing import Place, kills, reached
from tests.crash.life import POINTS

LEAST = 20
"""Kills of each point in the full run on SQLite."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sqlite", type=int, default=1000)
    parser.add_argument("--postgresql", type=int, default=200)
    asked = parser.parse_args()
    return max(_run("sqlite", asked.sqlite), _run("postgresql", asked.postgresql))


def _run(name: str, count: int) -> int:
    points, failed = Counter[str](), 0
    with tempfile.TemporaryDirectory() as top, ExitStack() as stack:

        def new_store(k: int) -> Place:
            folder = Path(top) / str(k)
            folder.mkdir()
            address = f"sqlite:///{folder / 'store.db'}"
            if name == "postgresql":
                address = stack.enter_context(postgres_schema())
                with connected(address) as engine:
                    upgrade(engine)
            return Place(partial(open_store, address), folder)

        for point, found in kills(count, new_store):
            points[point] += 1
            failed += bool(found)
            for line in found:
                print(f"{name}: after {point}: {line}")
    print(f"{name}: {sum(points.values())} kills, {failed} with something lost or done twice")
    print("\n".join(reached(points)))
    seldom = [point for point in POINTS if points[point] < min(LEAST, count // len(POINTS))]
    print("\n".join(f"reached too seldom: {point}" for point in seldom))
    return int(failed > 0 or bool(seldom))


if __name__ == "__main__":
    sys.exit(main())
