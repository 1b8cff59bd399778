"""Benchmark B1 online, scenarios I to V, and months beside it: python -m tests.benchmarks.acn [--days N] [--only NAME].

Published figures: arXiv 2012.02636 and its public notebook 2.2 (September 2018 at Caltech). The other months have their
own optimum in hindsight. Runs are kept in a folder; what is there is not run again, unless code has changed since.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from api.backtesting.cases import Aim, Case, Practice
from api.backtesting.jobs import Job, Outcome
from api.backtesting.methods import Charge
from api.commands.backtest import run_all
from tests.benchmarks import machine
from tests.benchmarks.reporting import Row, missed, table

DATA = "CHARGEWRIGHT_DATA"
RESULTS = Path("backtest-results")
MONTH = "caltech-2018-09"
LIMITS_KW = (20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 150.0)
RULES = (Charge.UNCONTROLLED, Charge.ROUND_ROBIN, Charge.EARLIEST_DEADLINE, Charge.LEAST_LAXITY)
OFFLINE_PROFIT = 2889.14
"""Of the whole month; shares of it need no optimum of our own. [USD]"""
PUBLISHED_PROFIT = {
    Practice.IDEAL: (2788.15, 2835.65),
    Practice.LEVELS: (2644.82, 2671.92),
    Practice.BATTERIES: (2684.08, 2731.08),
    Practice.BOTH: (2562.28, 2595.88),
}
"""Without a hint, and with the one set by hand. [USD]"""
COLD_PERCENT, TAUGHT_PERCENT = 96.50, 98.5
PUBLISHED_ENERGY = {
    Practice.IDEAL: (55.3, 73.5, 85.3, 93.0, 98.1, 99.7, 100.0, 100.0),
    Practice.LEVELS: (49.0, 65.6, 78.6, 88.7, 95.2, 98.2, 99.4, 99.7),
    Practice.BOTH: (48.0, 64.2, 76.5, 86.0, 92.5, 96.0, 97.9, 99.1),
}
"""Online, by limit. [%]"""
LEVELS_COST_POINTS = 0.4
"""Of energy, at most, beside any power under the same limit. [%]"""
STEADY_PERCENT = {30.0: 72.6}
"""With few starts and pauses, by limit. [%]"""
MONTHS = ("caltech-2019-10", "jpl-2019-10", "caltech-2019-11", "jpl-2019-07")
OTHERS = ("caltech-2019-10", "jpl-2019-10", "norway-ASK-2019-03", "truck-depot")
PROFIT_HEAD = (
    "scenario",
    "method",
    "energy cost",
    "demand",
    "profit",
    "% of offline",
    "published",
    "energy %",
    "s cpu",
)
ENERGY_HEAD = ("kW", "scenario", "method", "energy %", "published", "starts", "most", "changes", "s cpu", "in HiGHS s")
MONTH_HEAD = ("month", "method", "profit", "% of offline", "peak kW", "energy %", "s cpu")
SERVICE_HEAD = ("case", "method", "energy %", "in time %", "peak kW", "cost", "Jain", "worst 5 %", "starts", "changes")


def main(arguments: Sequence[str]) -> int:
    wanted = _parser().parse_args(arguments)
    if not os.environ.get(DATA):
        print(f"skipped: {DATA} names no folder; the sessions of ACN-Data are not ours to ship")
        return 0
    print(machine.described())
    run = _Runner(Path(os.environ[DATA]), wanted.results, wanted.processes, wanted.days)
    parts = {
        "profit": ("Profit at 150 kW, September 2018", PROFIT_HEAD, _profit),
        "energy": ("Energy met under a limit, September 2018", ENERGY_HEAD, _energy),
        "months": ("The same code on other months", MONTH_HEAD, _months),
        "service": ("All energy that limits allow, with what drivers really said", SERVICE_HEAD, _service),
    }
    failures = 0
    for name, (title, head, rows) in parts.items():
        if wanted.only in (None, name):
            found = list(rows(run))
            print(table(title, head, found), flush=True)
            failures += missed(found)
    return int(failures > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.acn", description="B1 online, I to V.")
    parser.add_argument("--only", choices=("profit", "energy", "months", "service"))
    parser.add_argument("--days", type=int, help="only the first days; figures then have no verdict")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser


class _Runner:
    """Runs jobs, and knows whether they are whole months."""

    def __init__(self, data: Path, results: Path, processes: int, days: int | None) -> None:
        self.data, self.results, self.processes, self.days = data, results, processes, days

    def __call__(self, *jobs: Job) -> list[Outcome]:
        return run_all(list(jobs), self.results, self.data, self.processes)

    def together(self, groups: list[list[Job]]) -> Iterator[list[Outcome]]:
        """Outcomes group by group, of jobs that all run at once: no core waits for the longest of a group."""
        found = iter(self(*chain.from_iterable(groups)))
        for group in groups:
            yield list(islice(found, len(group)))

    def case(self, name: str, aim: Aim, practice: Practice = Practice.IDEAL, limit_kw: float | None = None) -> Case:
        stated = aim is Aim.SERVICE
        return Case(name=name, aim=aim, practice=practice, limit_kw=limit_kw, days=self.days, as_stated=stated)

    def held(self, holds: bool) -> bool | None:
        """A verdict on a whole month only."""
        return holds if self.days is None else None


def _profit(run: _Runner) -> Iterator[Row]:
    jobs = [
        Job(case=run.case(MONTH, Aim.PROFIT, practice), charge=charge)
        for practice in Practice
        for charge in (Charge.OURS, *(RULES if practice is Practice.IDEAL else ()))
    ]
    for one in run(*jobs):
        practice, found = one.job.case.practice, one.figures
        percent = 100.0 * found.profit / OFFLINE_PROFIT
        ours = one.job.charge is Charge.OURS
        goal = COLD_PERCENT if practice is Practice.IDEAL else 100.0 * max(PUBLISHED_PROFIT[practice]) / OFFLINE_PROFIT
        published = " / ".join(f"{usd:.2f}" for usd in PUBLISHED_PROFIT[practice]) if ours else ""
        money = (found.costs["energy_import"], found.costs["demand_charge"], found.profit)
        told = (*(f"{usd:.2f}" for usd in money), f"{percent:.2f}", published, f"{found.energy_percent:.2f}")
        cells = (str(practice), str(one.job.charge), *told, f"{found.processor_s:.0f}")
        yield Row(cells, run.held(percent > goal) if ours else None)


def _energy(run: _Runner) -> Iterator[Row]:
    kinds = (
        (Practice.IDEAL, Charge.OURS),
        (Practice.IDEAL, Charge.LEAST_LAXITY),
        (Practice.LEVELS, Charge.OURS),
        (Practice.LEVELS, Charge.OURS_STEADY),
        (Practice.BOTH, Charge.OURS),
    )
    jobs = [
        [Job(case=run.case(MONTH, Aim.ENERGY, kind, limit_kw), charge=charge) for kind, charge in kinds]
        for limit_kw in LIMITS_KW
    ]
    for k, outcomes in enumerate(run.together(jobs)):
        any_power = outcomes[0].figures.energy_percent
        for one in outcomes:
            yield _energy_row(run, one, PUBLISHED_ENERGY[one.job.case.practice][k], any_power)


def _energy_row(run: _Runner, one: Outcome, published: float, any_power: float) -> Row:
    found, limit_kw, ours = one.figures, one.job.case.limit_kw, one.job.charge is Charge.OURS
    assert limit_kw is not None, "energy is counted under a limit"
    effort = (f"{found.processor_s:.0f}", f"{found.solver_s:.0f}")
    steady = (f"{found.starts:.2f}", f"{found.most_starts}", f"{found.changes:.1f}")
    told = (f"{found.energy_percent:.2f}", f"{published:.1f}" if ours else "", *steady, *effort)
    cells = (f"{limit_kw:g}", str(one.job.case.practice), str(one.job.charge), *told)
    holds = _energy_holds(one.job, found.energy_percent, published, any_power)
    return Row(cells, None if holds is None else run.held(holds))


def _energy_holds(job: Job, percent: float, published: float, any_power: float) -> bool | None:
    """Whether a line reaches the published row, to the digit told there, and our own goals. None: it has none."""
    if job.charge is Charge.OURS:
        costs = any_power - percent if job.case.practice is Practice.LEVELS else 0.0
        return round(percent, 1) >= published and costs <= LEVELS_COST_POINTS
    steady = job.charge is Charge.OURS_STEADY and job.case.limit_kw in STEADY_PERCENT
    return percent >= STEADY_PERCENT[job.case.limit_kw or 0.0] if steady else None


def _months(run: _Runner) -> Iterator[Row]:
    cases = [run.case(name, Aim.PROFIT) for name in MONTHS]
    jobs = [
        [
            Job(case=case, charge=Charge.OPTIMUM),
            Job(case=case, charge=Charge.OURS),
            Job(case=case, charge=Charge.OURS, history_months=1),
        ]
        for case in cases
    ]
    for name, outcomes in zip(MONTHS, run.together(jobs), strict=True):
        best = outcomes[0].figures.profit
        for one in outcomes:
            found = one.figures
            percent = 100.0 * found.profit / best
            method = "ours, month before declared" if one.job.history_months else str(one.job.charge)
            told = (f"{found.profit:.2f}", f"{percent:.2f}", f"{found.peak_kw:.2f}", f"{found.energy_percent:.2f}")
            held = run.held(percent >= TAUGHT_PERCENT) if one.job.history_months else None
            yield Row((name, method, *told, f"{found.processor_s:.0f}"), held)


def _service(run: _Runner) -> Iterator[Row]:
    charges = (Charge.OPTIMUM, Charge.OURS, Charge.UNCONTROLLED, Charge.EQUAL_SHARE, *RULES[2:])
    jobs = [[_service_job(run.case(name, Aim.SERVICE), charge) for charge in charges] for name in OTHERS]
    for name, outcomes in zip(OTHERS, run.together(jobs), strict=True):
        for one in outcomes:
            found = one.figures
            shares = (f"{found.energy_percent:.2f}", f"{found.deadlines_percent:.1f}", f"{found.peak_kw:.2f}")
            fair = (f"{found.cost:.2f}", f"{found.jain:.3f}", f"{found.least_percent:.0f}")
            yield Row((name, str(one.job.charge), *shares, *fair, f"{found.starts:.2f}", f"{found.changes:.1f}"))


def _service_job(case: Case, charge: Charge) -> Job:
    """With the month before declared, where there is one."""
    months = 0 if case.name == "truck-depot" or charge is Charge.OPTIMUM else 1
    return Job(case=case, charge=charge, history_months=months)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
