"""Benchmark B3: what ``optimize`` takes beside the time that HiGHS alone takes in that very run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.benchmarks.reporting import Row, milliseconds
from tests.benchmarks.scenarios import random_site
from tests.benchmarks.variants import flat_prices, phase_limited, scarce

PERIODS = 96
REPEATS, REPEATS_OF_LARGE, LARGE = 5, 1, 5000
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
    """The median of some runs, with H and H1 of that very run."""
    runs = sorted((_run(scenario, settings) for _ in range(repeats)), key=lambda run: run.seconds)
    return runs[len(runs) // 2]


def _run(scenario: Scenario, settings: Settings) -> Timed:
    started = perf_counter()
    plan = optimize(scenario, settings)
    return Timed(plan, perf_counter() - started)


@dataclass(frozen=True, slots=True)
class Case:
    """A variant of the random site, how it is solved, and what is promised of it."""

    name: str
    variant: Callable[[Scenario], Scenario]
    settings: Settings
    promise: str
    kept: Callable[[Timed], bool]
    measured: Callable[[Timed], float]


def _within_all(run: Timed) -> bool:
    return run.seconds <= 1.5 * run.plan.statistics.solver_s + 0.003


def _times_first(most: float) -> Callable[[Timed], bool]:
    return lambda run: run.over_first <= most


def _same(scenario: Scenario) -> Scenario:
    return scenario


CASES = (
    Case("money", _same, MONEY_ONLY, "<= 1.5 H1", _times_first(1.5), lambda run: run.over_first),
    Case("money, manners", _same, MANNERS, "<= 1.5 H + 3 ms", _within_all, lambda run: run.over_all),
    Case("money, manners", _same, MANNERS, "<= 2.5 H1", _times_first(2.5), lambda run: run.over_first),
    Case("flat prices, manners", flat_prices, MANNERS, "<= 2.5 H1", _times_first(2.5), lambda run: run.over_first),
    Case("scarce, manners", scarce, MANNERS, "<= 2.5 H1", _times_first(2.5), lambda run: run.over_first),
    Case("cones, money", phase_limited, MONEY_ONLY, "<= 3 H1", _times_first(3.0), lambda run: run.over_first),
    Case("cones, manners", phase_limited, MANNERS, "", _times_first(3.0), lambda run: run.over_first),
)


def rows(counts: tuple[int, ...]) -> Iterator[Row]:
    """All cases at all sizes; each line appears when it is measured. A first run, not counted, warms up imports."""
    _run(random_site(10, PERIODS), MANNERS)
    for count in counts:
        for case in CASES if count < LARGE else CASES[:3]:
            yield _row(count, case)


def _row(count: int, case: Case) -> Row:
    scenario = case.variant(random_site(count, PERIODS))
    run = timed(scenario, case.settings, REPEATS if count < LARGE else REPEATS_OF_LARGE)
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
        case.promise,
        f"{case.measured(run):.2f}",
    )
    return Row(cells, case.kept(run) if case.promise else None)
