"""Benchmark B3: what ``optimize`` takes beside the time that HiGHS alone takes in that very run."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from optimizer.optimize import formulate, optimize
from optimizer.settings import Settings
from tests.benchmarks import highs_alone
from tests.benchmarks.arrays import arrays_of
from tests.benchmarks.reporting import Row, milliseconds
from tests.benchmarks.scenarios import random_site
from tests.benchmarks.variants import flat_prices, half_give_back, phase_limited, scarce

PERIODS = 96
SMALL, LARGE = 50, 5000
REPEATS_OF_SMALL, REPEATS, REPEATS_OF_LARGE = 51, 5, 1
"""What takes milliseconds is measured more often: a single interruption by other work is as long."""
HEAD = ("connectors", "case", "columns", "rows", "non-zeros", "solves", "ms", "H ms", "H1 ms", "promise", "measured")

MONEY_ONLY, MANNERS = Settings(preferences=False), Settings()


@dataclass(frozen=True, slots=True)
class Timed:
    """The run of median length, and its length, front door to plan. [s]"""

    plan: Schedule
    seconds: float

    @property
    def over_all(self) -> float:
        """Over H: the time in HiGHS of all its solves."""
        return self.seconds / self.plan.statistics.solver_s

    @property
    def over_first(self) -> float:
        """Over H1: the time in HiGHS of its first solve."""
        return self.seconds / self.plan.statistics.first_solver_s


def timed(scenario: Scenario, settings: Settings, repeats: int) -> Timed:
    """The median of some runs, with H and H1 of that very run.

    Each plans a copy of its own, as a service does that reads every scenario anew: nothing is remembered from another.
    """
    runs = sorted((_run(deepcopy(scenario), settings) for _ in range(repeats)), key=lambda run: run.seconds)
    return runs[len(runs) // 2]


def _run(scenario: Scenario, settings: Settings) -> Timed:
    started = perf_counter()
    plan = optimize(scenario, settings)
    return Timed(plan, perf_counter() - started)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a run may take at most, in words, in figures, and what is measured for it."""

    words: str
    kept: Callable[[Timed], bool]
    measured: Callable[[Timed], float]


@dataclass(frozen=True, slots=True)
class Case:
    """A variant of the random site, how it is solved, and what is promised of it."""

    name: str
    variant: Callable[[Scenario], Scenario]
    settings: Settings
    promises: tuple[Promise, ...]


def _same(scenario: Scenario) -> Scenario:
    return scenario


def _times_first(most: float) -> Promise:
    return Promise(f"<= {most:g} H1", lambda run: run.over_first <= most, lambda run: run.over_first)


TIMES_ALL, AROUND_S = 1.5, 0.003
WITHIN_ALL = Promise(
    "<= 1.5 H + 3 ms",
    lambda run: run.seconds <= TIMES_ALL * run.plan.statistics.solver_s + AROUND_S,
    lambda run: run.over_all,
)
MONEY = Case("money", _same, MONEY_ONLY, (_times_first(1.5),))
MANY_CASES = (
    MONEY,
    Case("money, manners", _same, MANNERS, (WITHIN_ALL, _times_first(2.5))),
)
CASES = (
    *MANY_CASES,
    Case("flat prices, manners", flat_prices, MANNERS, (WITHIN_ALL, _times_first(2.5))),
    Case("scarce, manners", scarce, MANNERS, (WITHIN_ALL, _times_first(2.5))),
    Case("V2G on half, manners", half_give_back, MANNERS, (WITHIN_ALL,)),
    Case("cones, money", phase_limited, MONEY_ONLY, (WITHIN_ALL, _times_first(3.0))),
)
MOST_FOR_CONES = 500


def rows(counts: tuple[int, ...]) -> Iterator[Row]:
    """All cases at all sizes; each line appears when it is measured. A first run, not counted, warms up imports."""
    _run(random_site(10, PERIODS), MANNERS)
    for count in counts:
        for case in CASES if count < LARGE else MANY_CASES:
            if case.variant is not phase_limited or count <= MOST_FOR_CONES:
                yield from _rows(count, case)
            if case is MONEY:
                yield _row_alone(count)


def repeats(count: int) -> int:
    """Runs of which the median is told, by connectors."""
    if count <= SMALL:
        return REPEATS_OF_SMALL
    return REPEATS if count < LARGE else REPEATS_OF_LARGE


def _rows(count: int, case: Case) -> Iterator[Row]:
    """One run, a line for each promise."""
    scenario = case.variant(random_site(count, PERIODS))
    run = timed(scenario, case.settings, repeats(count))
    done = run.plan.statistics
    cells = (
        f"{count:,}",
        case.name,
        f"{done.columns:,}",
        f"{done.rows:,}",
        f"{done.nonzeros:,}",
        f"{done.solves}",
        milliseconds(run.seconds),
        milliseconds(done.solver_s),
        milliseconds(done.first_solver_s),
    )
    for promise in case.promises:
        yield Row((*cells, promise.words, f"{promise.measured(run):.2f}"), promise.kept(run))


def _row_alone(count: int) -> Row:
    """The program of the line above, solved by HiGHS alone with its defaults: presolve, pricing and first basis."""
    program = formulate(random_site(count, PERIODS), MONEY_ONLY).program
    arrays = arrays_of(program)
    shown = milliseconds(median(_seconds_alone(arrays) for _ in range(repeats(count))))
    size = f"{len(program.cost):,}", f"{len(program.row_lower):,}", f"{program.matrix.nnz:,}"
    return Row((f"{count:,}", "money, HiGHS alone as it comes", *size, "1", shown, shown, shown, "", ""))


def _seconds_alone(arrays: Mapping[str, np.ndarray]) -> float:
    started = perf_counter()
    solution = highs_alone.solve(arrays)
    np.array(solution.col_value), np.array(solution.row_dual)
    return perf_counter() - started
