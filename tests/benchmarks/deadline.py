"""What a worker process costs, how far HiGHS passes its limit, and when the plan of a hanging solver is there.

``OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.deadline`` prints the figures of docs/decisions/0007; command and
service set that variable themselves.
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
NO_TIME_S = 1e-6
"""Only one rule is made and audited."""
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
        here = median(_seconds(partial(in_this_process, solve, LONG_S)) for _ in range(REPEATS))
        there = median(_seconds(partial(in_worker, solve, LONG_S)) for _ in range(REPEATS))
        past = max(_past_limit(site, part * here) for part in PARTS)
        yield f"{count} EVSEs, {pairs} pairs: here {_ms(here)}, in a worker {_ms(there)}, past its limit {_ms(past)}"


def _past_limit(site: Scenario, limit_s: float) -> float:
    solve = partial(improving, site, Settings(time_limit_s=limit_s))
    return _seconds(partial(in_this_process, solve, limit_s)) - limit_s


def _hanging() -> str:
    hanging = partial(hangs, random_site(5, PERIODS), Settings())
    late = [_seconds(partial(in_worker, hanging, within_s)) - within_s for within_s in HANGS_S]
    return f"a worker that hangs is killed {_ms(median(late))} after its deadline, at most {_ms(max(late))}"


def _plans() -> Iterator[str]:
    for count, deadline_s in DEADLINES_S.items():
        planned = partial(best_plan, random_site(count, PERIODS), solve=hangs, worker=True)
        took, least = (_seconds(partial(planned, deadline_s=s)) for s in (deadline_s, NO_TIME_S))
        yield f"{count} EVSEs, a hanging solver: a plan after {_ms(took)} of {deadline_s} s, without time {_ms(least)}"


def _seconds(action: Callable[[], object]) -> float:
    started = perf_counter()
    action()
    return perf_counter() - started


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


if __name__ == "__main__":
    main()
