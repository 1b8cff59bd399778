"""What a plan is worth at somebody's own site: a past month without it, with it, and with everything known before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from api.backtesting.cases import Aim, Case
from api.backtesting.jobs import Job, Outcome, all_done, done
from api.backtesting.methods import Charge
from api.backtesting.own import Own, own_month
from optimizer.backtest.metrics import Figures

PERIOD_MIN = 15.0
HISTORY_MONTHS = 12
"""Of earlier sessions in the file, as much may tell of drivers and days. [months]"""


class How(StrEnum):
    """Who is in charge of the month, in words."""

    AT_ONCE = "every car at once"
    SHARED = "limit shared equally"
    ONLINE = "planned, drivers as they were"
    TOLD = "planned, drivers say true"
    FORESEEN = "everything known beforehand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """One way to run the month."""

    how: How
    figures: Figures
    saved: float
    """Against every car at once, whether or not that keeps the limit. [currency]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """The month in all ways."""

    own: Own
    currency: str
    sessions: int
    needed_kwh: float
    limit_kw: float | None
    ways: tuple[Valued, ...]

    @property
    def breaks_limit_kw(self) -> float:
        """By how much every car at once exceeds the limit. [kW]"""
        return max(0.0, self.ways[0].figures.peak_kw - self.limit_kw) if self.limit_kw else 0.0


def jobs_of(own: Own, limit_kw: float | None) -> dict[How, Job]:
    """What has to be run."""
    earlier = HISTORY_MONTHS if own_month(own).earlier else 0

    def job(charge: Charge, *, as_stated: bool = False) -> Job:
        case = Case(
            name=own.name, aim=Aim.SERVICE, limit_kw=limit_kw, as_stated=as_stated, period_min=PERIOD_MIN, own=own
        )
        return Job(case=case, charge=charge, history_months=earlier if charge is Charge.OURS else 0)

    return {
        How.AT_ONCE: job(Charge.UNCONTROLLED),
        How.SHARED: job(Charge.EQUAL_SHARE),
        How.ONLINE: job(Charge.OURS, as_stated=True),
        How.TOLD: job(Charge.OURS),
        How.FORESEEN: job(Charge.OPTIMUM),
    }


def value_of(
    own: Own, limit_kw: float | None, results: Path, *, processes: int, tell: Callable[[int, int], None]
) -> Value:
    """All ways to run a month; what is in ``results`` is not run again, ``tell`` hears how many are done.

    Raises:
        InvalidScenario: a file cannot be read, or nobody came in that month.
    """
    jobs = jobs_of(own, limit_kw)
    found = _run([*jobs.values()], results, processes, tell)
    month = own_month(own)
    at_once = found[jobs[How.AT_ONCE]].figures
    ways = []
    for how, job in jobs.items():
        figures = found[job].figures
        ways.append(Valued(how=how, figures=figures, saved=at_once.cost - figures.cost))
    return Value(
        own=own,
        currency=month.tariff.currency,
        sessions=len(month.sessions),
        needed_kwh=at_once.energy_kwh / at_once.energy_percent * 100.0 if at_once.energy_percent else 0.0,
        limit_kw=limit_kw,
        ways=tuple(ways),
    )


def _run(jobs: Sequence[Job], results: Path, processes: int, tell: Callable[[int, int], None]) -> dict[Job, Outcome]:
    found: dict[Job, Outcome] = {}
    # The longest first, so that two processes end together.
    order = sorted(jobs, key=lambda job: (job.charge is not Charge.OURS, not job.case.as_stated))
    # Their data are files of their own, so that no data folder is looked into.
    one_by_one = (done(job, results, results) for job in order)
    made = all_done(order, results, results, processes) if processes > 1 else one_by_one
    for outcome in made:
        found[outcome.job] = outcome
        tell(len(found), len(jobs))
    return found
