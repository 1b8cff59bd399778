"""A course, an algorithm, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time

from optimizer.backtest.algorithm import Algorithm, Effort
from optimizer.backtest.course import Course
from optimizer.backtest.disturbances import Disturbances
from optimizer.backtest.simulated_site import Interval, instants, site_of

UNDISTURBED = Disturbances()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that happened."""

    course: Course
    """With cars as they really behaved."""
    intervals: tuple[Interval, ...]
    got_kwh: dict[str, float]
    """By session, at evse; of who gave back less what makes up for it. [kWh]"""
    given_back_kwh: dict[str, float]
    """By session, at evse, of those who gave anything back. [kWh]"""
    effort: Effort
    wall_s: float
    processor_s: float


def run(
    course: Course,
    algorithm: Algorithm,
    *,
    disturbances: Disturbances = UNDISTURBED,
    seed: int = 0,
    tell: Callable[[float], None] = lambda share: None,
) -> Run:
    """Play a course to its end; ``tell`` hears what share of it is done."""
    wall_s, processor_s = perf_counter(), process_time()
    site = site_of(course, disturbances, seed)
    intervals = []
    spans = instants(site.course)
    for done, (start_s, end_s) in enumerate(spans):
        answer = algorithm.decide(site.messages(start_s))
        site.follow(answer.power_kw, start_s)
        intervals.append(site.advance(start_s, end_s))
        tell((done + 1) / len(spans))
    return Run(
        course=site.course,
        intervals=tuple(intervals),
        got_kwh=site.got_kwh,
        given_back_kwh=site.given_back_kwh,
        effort=algorithm.effort(),
        wall_s=perf_counter() - wall_s,
        processor_s=process_time() - processor_s,
    )
