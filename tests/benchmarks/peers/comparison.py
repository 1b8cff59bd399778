"""Benchmark B3 beside peers: the same scenario by other libraries, on this machine, each in an environment of its own.

Money alone. Ours and a peer's run in turn, pair by pair, in processes that have run before; what is told of a pair is
how many times as long the peer took, and of all pairs the median. What takes milliseconds is run a few times in a row
in each half of a pair, as whoever just waited for another process finds nothing of its own in the caches.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from tests.benchmarks.independent import Draws
from tests.benchmarks.optimality import RELATIVE
from tests.benchmarks.peers.conversation import Peer, Run, interpreter, started
from tests.benchmarks.reporting import Row, milliseconds
from tests.benchmarks.scenarios import random_numbers, random_site
from tests.benchmarks.speed import MONEY_ONLY, PERIODS, SMALL, timed

FLEXMEASURES = "flexmeasures"
BY_HAND = ("pyomo", "linopy", "cvxpy")
"""Libraries in which a user writes the program; they solve the very problem, and must find its optimum."""
SIZES = ((10, PERIODS), (50, PERIODS), (200, PERIODS), (500, PERIODS), (54, 288))
"""Connectors, and periods of the day."""
HEAD = ("connectors", "periods", "peer", "with", "peer ms", "ours ms", "times as long", "its first run", "cost off by")

PAIRS = 5
IN_A_ROW, SMALL_IN_A_ROW = 1, 5
"""Runs of which a half of a pair tells the median; of up to ``SMALL`` connectors more."""

TIMES_FASTER = {10: 30, 50: 25, 200: 18, 500: 15}
"""Goals (c), of connectors."""
PUBLISHED_S = {10: 0.280, 50: 0.340, 200: 0.690, 500: 1.470}
"""Of FlexMeasures 1.0.1 with direct HiGHS, the first run of a process, measured by hand on another day. [s]"""
FLEXMEASURES_HEAD = (
    *("connectors", "ours ms", "peer ms", "its first run", "its tables", "published ms"),
    *("promise", "times faster", "its cost"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Ours from scenario to plan [s], and the run of a peer after it."""

    ours_s: float
    theirs: Run

    @property
    def times(self) -> float:
        """How many times as long the peer took, without what it prepared."""
        return self.theirs.solve_s / self.ours_s


@dataclass(frozen=True, slots=True)
class Comparison:
    """Pairs of runs with a peer, what it is, and its first run, which is no pair."""

    versions: dict[str, str]
    options: str
    first: Run
    pairs: tuple[Pair, ...]

    @property
    def times(self) -> float:
        """Of the pair in the middle: what slows one pair down slows both of it."""
        return median(pair.times for pair in self.pairs)

    @property
    def ours_s(self) -> float:
        return median(pair.ours_s for pair in self.pairs)

    @property
    def theirs_s(self) -> float:
        return median(pair.theirs.solve_s for pair in self.pairs)

    @property
    def prepare_s(self) -> float:
        return median(pair.theirs.prepare_s for pair in self.pairs)

    def off(self, optimum: float) -> float:
        """The most by which the cost of any run differs from the optimum, relative to it."""
        return max(abs(run.cost / optimum - 1) for run in (self.first, *(pair.theirs for pair in self.pairs)))


def compared(name: str, python: Path | str, scenario: Scenario, draws: Draws, pairs: int = PAIRS) -> Comparison:
    """Some pairs, after a first run of each that warms up."""
    in_a_row = SMALL_IN_A_ROW if len(scenario.sessions) <= SMALL else IN_A_ROW
    with started(name, draws, python) as peer:
        first, _ = peer.run(), timed(scenario, MONEY_ONLY, 1)
        runs = tuple(_pair(scenario, peer, in_a_row) for _ in range(pairs))
    return Comparison(peer.versions, peer.options, first, runs)


def _pair(scenario: Scenario, peer: Peer, in_a_row: int) -> Pair:
    ours = timed(scenario, MONEY_ONLY, in_a_row).seconds
    theirs = sorted((peer.run() for _ in range(in_a_row)), key=lambda run: run.solve_s)
    return Pair(ours, theirs[in_a_row // 2])


def rows(names: Iterable[str], sizes: Iterable[tuple[int, int]]) -> Iterator[Row]:
    """Libraries by hand; each line appears when it is measured."""
    for name in names:
        for count, periods in sizes:
            scenario = random_site(count, periods)
            optimum = timed(scenario, MONEY_ONLY, 1).plan.objective
            found = compared(name, interpreter(name), scenario, random_numbers(count, periods))
            yield by_hand_row(count, periods, found, optimum)


def by_hand_row(count: int, periods: int, found: Comparison, optimum: float) -> Row:
    """Times are told; that the peer finds the optimum of our plan is promised."""
    off = found.off(optimum)
    cells = (
        f"{count:,}",
        f"{periods:,}",
        ", ".join(f"{package} {version}" for package, version in found.versions.items()),
        found.options,
        milliseconds(found.theirs_s),
        milliseconds(found.ours_s),
        f"{found.times:.1f}",
        milliseconds(found.first.solve_s),
        f"{off:.1e}",
    )
    return Row(cells, off <= RELATIVE)


def flexmeasures_rows(counts: Iterable[int]) -> Iterator[Row]:
    """Its scheduler alone; its tables come on top."""
    for count in counts:
        scenario = random_site(count, PERIODS)
        plan = timed(scenario, MONEY_ONLY, 1).plan
        draws = with_musts(random_numbers(count, PERIODS), plan)
        found = compared(FLEXMEASURES, interpreter(FLEXMEASURES), scenario, draws)
        yield flexmeasures_row(count, found, plan.cost)


def flexmeasures_row(count: int, found: Comparison, cost: float) -> Row:
    """Goal (c) is promised; its cost is told, for it is allowed to deliver a little less."""
    cells = (
        f"{count:,}",
        milliseconds(found.ours_s),
        milliseconds(found.theirs_s),
        milliseconds(found.first.solve_s),
        milliseconds(found.prepare_s),
        milliseconds(PUBLISHED_S[count]),
        f">= {TIMES_FASTER[count]}",
        f"{found.times:.1f}",
        f"{found.first.cost / cost - 1:+.2%}",
    )
    return Row(cells, found.times >= TIMES_FASTER[count])


def with_musts(draws: Draws, plan: Schedule) -> Draws:
    """A must takes the place of a wish there, so each need is what our plan delivers."""
    return {**draws, "need": np.array([session.energy_kwh for session in plan.sessions])}
