"""What a worker process costs, how far HiGHS passes its limit, and when the plan of a hanging solver is there.

``python -m tests.benchmarks.deadline`` prints the figures of docs/decisions/0007.
"""

from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import perf_counter

from models.domain.scenario import Scenario
from optimizer.deadline import in_this_process, in_worker, prepare_workers
from optimizer.ladder import best_plan, improving
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.benchmarks.scenarios import random_site
from tests.faults.solvers import hangs

PERIODS = 96
COUNTS = (20, 54, 100, 200, 500)
REPEATS = 7
LONG_S = 60.0
PARTS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Of the time that a solve takes, at which HiGHS is asked to stop."""
HANGS_S = (0.2,) * 10 + (0.5,) * 10 + (2.0,) * 3
DEADLINES_S = {54: 0.3, 200: 0.5, 500: 1.0, 2000: 3.0}


def main() -> None:
    prepare_workers("optimizer.ladder")
    in_worker(partial(improving, random_site(5, PERIODS), Settings()), LONG_S)
    for line in (*_sizes(), _hanging(), *_plans()):
        print(line)


def _sizes() -> Iterator[str]:
    for count in COUNTS:
        site = random_site(count, PERIODS)
        pairs = sum(len(session.charge_power_kw) for session in optimize(site).sessions)
        solve = partial(improving, site, Settings())
        here = median(_seconds(lambda: in_this_process(solve, LONG_S)) for _ in range(REPEATS))  # noqa: B023
        there = median(_seconds(lambda: in_worker(solve, LONG_S)) for _ in range(REPEATS))  # noqa: B023
        past = max(_past_limit(site, part * here) for part in PARTS)
        yield f"{count} EVSEs, {pairs} pairs: here {_ms(here)}, in a worker {_ms(there)}, past its limit {_ms(past)}"


def _past_limit(site: Scenario, limit_s: float) -> float:
    solve = partial(improving, site, Settings(time_limit_s=limit_s))
    return _seconds(lambda: in_this_process(solve, limit_s)) - limit_s


def _hanging() -> str:
    site = random_site(5, PERIODS)
    late = [_seconds(lambda: in_worker(partial(hangs, site, Settings()), s)) - s for s in HANGS_S]  # noqa: B023
    return f"a worker that hangs is killed {_ms(median(late))} after its deadline, at most {_ms(max(late))}"


def _plans() -> Iterator[str]:
    for count, deadline_s in DEADLINES_S.items():
        site = random_site(count, PERIODS)
        took = _seconds(lambda: best_plan(site, deadline_s=deadline_s, solve=hangs, worker=True))  # noqa: B023
        least = _seconds(lambda: best_plan(site, deadline_s=1e-6, solve=hangs, worker=True))  # noqa: B023
        yield f"{count} EVSEs, the solver hangs: a plan after {_ms(took)} of {deadline_s} s; one rule takes {_ms(least)}"


def _seconds(action: Callable[[], object]) -> float:
    started = perf_counter()
    action()
    return perf_counter() - started


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


if __name__ == "__main__":
    main()
