"""All benchmarks, or some: python -m tests.benchmarks [--smoke] [--only PART]

Tells the machine, then a table for each benchmark as docs/benchmarks.md explains them. Ends with 1 when a figure that
can be proven (B1, B4, the optimum of peers, drivers who tell nothing, manners, fail-safe) is missed; goals of time and
memory are told and do not fail the run, for clocks differ.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.benchmarks import (
    clocks,
    levels,
    machine,
    manners,
    memory,
    month,
    optimality,
    profiles,
    service,
    speed,
    unknown,
    unsteered,
    warm,
)
from tests.benchmarks.peers import comparison, conversation
from tests.benchmarks.reporting import Row, missed, table
from tests.benchmarks.served import DATABASES

COUNTS, SMOKE_COUNTS = (10, 50, 200, 500, 1000, 5000), (10, 50)
PROVEN_COUNTS = (10, 50, 200, 500)
HEAVY_COUNTS = (500, 1000, 5000)
UPDATES = 1000
WARM_COUNTS = (200, 1000, 5000)
DATA = "CHARGEWRIGHT_DATA"
ONLY = ("b1", "b3", "peers", "levels", "unknown", "manners", "failsafe", "profiles", "service")
WHICH = (
    "b1: published figures; b3: speed, optimality, memory, peers; peers: other libraries beside us, alone; "
    "unknown: drivers who tell nothing; "
    "levels: pilot levels, starts and pauses; manners: how plans stay, start and change; "
    "failsafe: what being safe without us costs; "
    "profiles: what stations make of random plans; "
    "service: session updates and plans a second over HTTP, on SQLite and PostgreSQL"
)


def main(arguments: Sequence[str]) -> int:
    wanted = _parser().parse_args(arguments)
    if wanted.processor_time:
        clocks.of_the_processor()
    print(machine.described(), f"times by {clocks.name()}", sep="\n")
    failures = 0
    if wanted.only in (None, "b1") and not wanted.smoke:
        failures += _published()
    if wanted.only in (None, "levels") and not wanted.smoke:
        failures += _levels()
    if wanted.only in (None, "unknown") and not wanted.smoke:
        failures += _silent_drivers()
    if wanted.only in (None, "b3"):
        failures += _speed(smoke=wanted.smoke)
    if wanted.only == "peers" or (wanted.only in (None, "b3") and not wanted.smoke):
        failures += _beside_peers(smoke=wanted.smoke)
    if wanted.only == "manners" or (wanted.only is None and not wanted.smoke):
        failures += _manners()
    if wanted.only == "failsafe" or (wanted.only is None and not wanted.smoke):
        failures += _unsteered()
    if wanted.only == "profiles" or (wanted.only is None and not wanted.smoke):
        failures += _profiles()
    if wanted.only == "service" or (wanted.only is None and not wanted.smoke):
        _service()
    return int(failures > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Figures beside their goals.")
    parser.add_argument("--smoke", action="store_true", help="small sites only, in seconds and without data")
    parser.add_argument("--only", choices=ONLY, help=WHICH)
    told = "read the processor's clock, where other work runs beside (B3 and its peers)"
    parser.add_argument("--processor-time", action="store_true", help=told)
    return parser


def _published() -> int:
    """B1; skipped, with the reason, where its data is not."""
    folder = os.environ.get(DATA)
    if not folder:
        print(f"\nB1 is skipped: {DATA} names no folder; the sessions of ACN-Data are not ours to ship")
        return 0
    return _told("B1: the Caltech garage in September 2018, offline", month.HEAD, month.rows(Path(folder)))


def _levels() -> int:
    """B1 with what EVSEs can offer; skipped, with the reason, where its data is not."""
    folder = os.environ.get(DATA)
    if not folder:
        print(f"\nPilot levels are skipped: {DATA} names no folder; the sessions of ACN-Data are not ours to ship")
        return 0
    return _told("B1 at 30 kW with what EVSEs can offer", levels.HEAD, levels.rows(Path(folder)))


def _silent_drivers() -> int:
    """(19); skipped, with the reason, where its data is not."""
    folder = os.environ.get(DATA)
    if not folder:
        print(f"\nDrivers who tell nothing are skipped: {DATA} names no folder with their sessions")
        return 0
    title = "Drivers who tell nothing, learnt on the earlier half of each data set, scored on the later one"
    return _told(title, unknown.HEAD, unknown.rows(Path(folder)))


def _speed(*, smoke: bool) -> int:
    """B4 first: a fast wrong answer is worth nothing. Its misses count; those of clocks and memory are told only."""
    failures = _told(
        "B4: cost beside an independent formulation",
        optimality.HEAD,
        optimality.rows(SMOKE_COUNTS if smoke else PROVEN_COUNTS, speed.PERIODS),
    )
    _told("B3: optimize beside HiGHS alone", speed.HEAD, speed.rows(SMOKE_COUNTS if smoke else COUNTS))
    _told("B3 (d): a warm plan after the one before", warm.HEAD, warm.rows(SMOKE_COUNTS if smoke else WARM_COUNTS))
    if not smoke:
        _told("B3 (e): peak memory of a process", memory.HEAD, memory.rows(HEAVY_COUNTS))
    return failures


def _manners() -> int:
    """No clock in it: what noise moves is counted."""
    title = (
        f"Near setpoints that noise of {100 * manners.NOISE:g} % in prices and base loads moves, {manners.SEEDS} seeds"
    )
    failures = _told(title, manners.NOISE_HEAD, manners.noise_rows())
    return failures + _told("Starts and changes of a session", manners.CHURN_HEAD, manners.churn_rows())


def _unsteered() -> int:
    """The shipped garage, and the published network where its data is."""
    folder = os.environ.get(DATA)
    if not folder:
        print(f"\nThe published network is left out: {DATA} names no folder with it; the shipped garage is measured")
    title = f"Ten cars by chance, room for {unsteered.ARRIVALS} more, {unsteered.DRAWS} draws"
    return _told(title, unsteered.HEAD, unsteered.rows(Path(folder) if folder else None))


def _profiles() -> int:
    """No clock in it."""
    title = f"What stations make of {profiles.PLANS:,} random plans, the higher of both readings"
    return _told(title, profiles.HEAD, profiles.rows())


def _service() -> None:
    """Goals of time: told, and no reason to fail."""
    told = f"{service.CONNECTIONS} connections, client beside it, {service.load()}"
    rows = service.update_rows(DATABASES, UPDATES)
    _told(f"Session updates that were acknowledged: {told}", service.UPDATES_HEAD, rows)
    title = f"POST /v1/plans with the first period as EVSEs can offer it, {service.load()}"
    _told(title, service.PLANS_HEAD, service.plan_rows())


def _beside_peers(*, smoke: bool) -> int:
    """FlexMeasures, then libraries by hand, whose optimum must be ours. Goals (c) are of time: told only."""
    if _is_there(comparison.FLEXMEASURES):
        rows = comparison.flexmeasures_rows(SMOKE_COUNTS if smoke else comparison.TIMES_FASTER)
        _told("B3 (c): beside FlexMeasures 1.0.1, direct HiGHS", comparison.FLEXMEASURES_HEAD, rows)
    names = [name for name in comparison.BY_HAND if _is_there(name)]
    sizes = [size for size in comparison.SIZES if not smoke or size[0] in SMOKE_COUNTS]
    title = "B3: the same program by hand in other libraries"
    return _told(title, comparison.HEAD, comparison.rows(names, sizes)) if names else 0


def _is_there(peer: str) -> bool:
    """Whether a peer has its environment; told where it has none."""
    is_there = conversation.interpreter(peer).exists()
    if not is_there:
        print(f"\n{peer} is skipped: it has no {conversation.ENVIRONMENTS / peer}; `make bench-peers` makes one")
    return is_there


def _told(title: str, head: Sequence[str], rows: Iterable[Row]) -> int:
    """Print a table when all of it is known, a dot for each line until then; how many lines are missed."""
    found = []
    for row in rows:
        found.append(row)
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(table(title, head, found), flush=True)
    return missed(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
