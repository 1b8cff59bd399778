"""Runs as jobs: each is kept as a file of its figures, so that what is done is not done again."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from time import perf_counter, process_time

from api.backtesting.cases import Case, course_of, history_of, holidays_of
from api.backtesting.methods import Acnportal, Charge, maker_of, settings_of
from optimizer.backtest.course import Course
from optimizer.backtest.disturbances import Disturbances
from optimizer.backtest.hindsight import optimum
from optimizer.backtest.metrics import Figures, figures, figures_in_hindsight, got_in_hindsight, shares_of
from optimizer.backtest.running import run

OFFLINE_S = 1800.0
"""The solver's time for a whole month at once. [s]"""
UNDISTURBED = Disturbances()
_LISTS = ("instants_s", "load_kw", "met")
CODE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run."""

    case: Case
    charge: Charge | Acnportal
    history_months: int = 0
    """Declared before the case begins."""
    disturbances: Disturbances = UNDISTURBED
    seed: int = 0

    @property
    def key(self) -> str:
        """A name for its file: what it is, and a digest of everything that it depends on."""
        told = json.dumps([_code(), asdict(self)], sort_keys=True)
        digest = hashlib.sha256(told.encode()).hexdigest()[:12]
        charge = str(self.charge).replace(":", "-")
        return f"{self.case.name}-{self.case.aim}-{self.case.practice}-{charge}-{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a job came to, and the load of the site that it made, for pictures."""

    job: Job
    figures: Figures
    instants_s: tuple[float, ...] = ()
    load_kw: tuple[float, ...] = ()
    met: tuple[float, ...] = ()
    """Of its need, what each car got, the worst-off first."""


def done(job: Job, folder: Path, data: Path, tell: Callable[[float], None] = lambda share: None) -> Outcome:
    """The outcome of a job: from its file, or by running it and leaving the file."""
    path = folder / f"{job.key}.json"
    if path.exists():
        return _read(job, path)
    outcome = _run(job, data, tell)
    folder.mkdir(parents=True, exist_ok=True)
    told = {name: getattr(outcome, name) for name in _LISTS} | {"figures": asdict(outcome.figures)}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(told), encoding="utf-8")
    part.replace(path)
    return outcome


def all_done(jobs: Sequence[Job], folder: Path, data: Path, processes: int) -> Iterator[Outcome]:
    """Outcomes as they come, of so many processes at once."""
    with ProcessPoolExecutor(processes) as pool:
        coming: list[Future[Outcome]] = [pool.submit(done, job, folder, data) for job in jobs]
        for future in as_completed(coming):
            yield future.result()


def _run(job: Job, data: Path, tell: Callable[[float], None]) -> Outcome:
    course = course_of(job.case, data)
    if job.charge is Charge.OPTIMUM:
        return _in_hindsight(job, course)
    earlier = history_of(job.case, data, job.history_months) if job.history_months else ()
    maker = maker_of(
        job.charge,
        job.case,
        retail_per_kwh=course.retail_per_kwh,
        holiday_calendar=holidays_of(job.case),
        earlier=earlier,
    )
    made = run(course, maker(course.site, course.tariff), disturbances=job.disturbances, seed=job.seed, tell=tell)
    instants_s = (made.intervals[0].start_s, *(one.end_s for one in made.intervals))
    load_kw = tuple(one.import_kw for one in made.intervals)
    met = tuple(shares_of(made.course, made.got_kwh).round(4).tolist())
    return Outcome(job=job, figures=figures(made), instants_s=instants_s, load_kw=load_kw, met=met)


def _in_hindsight(job: Job, course: Course) -> Outcome:
    wall_s, processor_s = perf_counter(), process_time()
    best = optimum(course, replace(settings_of(job.case), time_limit_s=OFFLINE_S, current_tolerance=1e-6))
    wall_s, processor_s = perf_counter() - wall_s, process_time() - processor_s
    instants_s = tuple(best.schedule.instants_s.tolist())
    load_kw = tuple(best.schedule.grid_import_kw.tolist())
    found = replace(figures_in_hindsight(course, best), wall_s=wall_s, processor_s=processor_s)
    met = tuple(shares_of(course, got_in_hindsight(course, best)).round(4).tolist())
    return Outcome(job=job, figures=found, instants_s=instants_s, load_kw=load_kw, met=met)


@cache
def _code() -> str:
    """A digest of all code that a run depends on: what another state of it came to is not what this one would."""
    digest = hashlib.sha256()
    for package in ("models", "optimizer", "api/backtesting"):
        for path in sorted((CODE / package).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(job: Job, path: Path) -> Outcome:
    told = json.loads(path.read_text(encoding="utf-8"))
    lists = {name: tuple(told[name]) for name in _LISTS}
    return Outcome(job=job, figures=Figures(**told["figures"]), **lists)
