"""Goal (d) of B3: a plan that starts from the basis of the one before, beside the cold plan of the same scenario."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from time import perf_counter

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.site import Evse
from optimizer.optimize import optimize, replan
from optimizer.settings import Settings
from optimizer.warm import Basis
from tests.benchmarks.reporting import Row, milliseconds
from tests.benchmarks.scenarios import START, random_site

PERIODS, REPEATS = 96, 3
QUARTER = timedelta(minutes=15)
MONEY_ONLY = Settings(preferences=False)
HEAD = (
    "connectors",
    "since the plan before",
    "warm ms",
    "H ms",
    "steps",
    "cold ms",
    "steps",
    "cost differs",
    "goal ms",
)
GOALS_MS = {1000: 60.0, 5000: 300.0}
SAME = 1e-7


def plugged_in(scenario: Scenario) -> Scenario:
    """One more car at an EVSE of its own."""
    evse = Evse(id="new", node="feeder-2", max_power_kw=11.0)
    arrival = START + 10 * QUARTER
    car = Session(
        id="new", evse="new", arrival=arrival, departure=arrival + 30 * QUARTER, energy_target_kwh=20.0, tier="all"
    )
    grown = replace(scenario.site, evses=(*scenario.site.evses, evse))
    return replace(scenario, site=grown, sessions=(*scenario.sessions, car))


def a_period_later(scenario: Scenario) -> Scenario:
    """The same day without its first quarter of an hour."""
    stretch = Stretch(count=PERIODS - 1, minutes=15.0)
    return replace(scenario, horizon=Horizon(start=START + QUARTER, stretches=(stretch,)))


CHANGES: dict[str, Callable[[Scenario], Scenario]] = {"one more car": plugged_in, "one period": a_period_later}


def rows(counts: tuple[int, ...]) -> Iterator[Row]:
    """Scenario to plan and basis, both included, manners off; the median of some runs."""
    for count in counts:
        scenario = random_site(count, PERIODS)
        before = replan(scenario, MONEY_ONLY)
        for name, change in CHANGES.items():
            yield _row(count, name, change(scenario), before.basis)


def _row(count: int, name: str, scenario: Scenario, basis: Basis) -> Row:
    warm_s, warm = _median(lambda: replan(scenario, MONEY_ONLY, basis).schedule)
    cold_s, cold = _median(lambda: optimize(scenario, MONEY_ONLY))
    differs = abs(warm.objective - cold.objective) / abs(cold.objective)
    goal_ms = GOALS_MS.get(count)
    cells = (
        f"{count:,}",
        name,
        milliseconds(warm_s),
        milliseconds(warm.statistics.solver_s),
        f"{warm.statistics.iterations:,}",
        milliseconds(cold_s),
        f"{cold.statistics.iterations:,}",
        f"{differs:.0e}",
        "" if goal_ms is None else f"{goal_ms:g}",
    )
    return Row(cells, differs <= SAME and (goal_ms is None or 1e3 * warm_s <= goal_ms))


def _median(plan: Callable[[], Schedule]) -> tuple[float, Schedule]:
    """Of the length of some runs, and the plan of that run. [s]"""
    found = []
    for _ in range(REPEATS):
        started = perf_counter()
        made = plan()
        found.append((perf_counter() - started, made))
    return sorted(found, key=lambda one: one[0])[REPEATS // 2]
