"""``chargewright backtest``: what the optimizer would have made of real months, beside other methods."""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from api.backtesting.cases import Aim, Case, Practice
from api.backtesting.jobs import Job, Outcome, all_done, done
from api.backtesting.methods import Charge, method_named
from api.backtesting.own import Own
from api.backtesting.own import own as own_files
from api.commands.data import Folder, data_folder
from optimizer.backtest.consenting import SIZES_KWH, V2gShare
from optimizer.backtest.disturbances import Disturbances

RESULTS = Path("backtest-results")
WIDTH_IN_A_FILE = 220
ALL = (
    Charge.OPTIMUM,
    Charge.OURS,
    Charge.UNCONTROLLED,
    Charge.EQUAL_SHARE,
    Charge.EARLIEST_DEADLINE,
    Charge.LEAST_LAXITY,
)
ROUGH = Disturbances(
    departure_h=0.5, request_share=0.2, load_share=0.05, sun_share=0.1, meter_share=0.01, follows_share=0.05,
    silent_share=0.01,
)  # fmt: skip
"""What goes wrong with --disturbed: sizes that operators report."""


METHODS = f"Who is in charge; several may be named: {', '.join(Charge)}, or acnportal:MODULE:CLASS."


def backtest(
    cases: Annotated[
        list[str] | None, typer.Argument(help="caltech-YYYY-MM, jpl-YYYY-MM, norway-SITE-YYYY-MM or truck-depot.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="A month of your own: a site file, or sample:NAME.")] = None,
    sessions: Annotated[str | None, typer.Option(help="Its sessions file of chargewright import.")] = None,
    tariff: Annotated[str | None, typer.Option(help="Its tariff file, or sample:NAME; else the site's.")] = None,
    month: Annotated[str | None, typer.Option(help="Which month of it, as 2026-03.")] = None,
    method: Annotated[list[str] | None, typer.Option(help=METHODS)] = None,
    aim: Annotated[Aim, typer.Option(help="What the site is run for.")] = Aim.PROFIT,
    limit_kw: Annotated[
        list[float] | None, typer.Option(min=1.0, help="Limit of the transformer or connection.")
    ] = None,
    scenario: Annotated[
        Practice, typer.Option(help="II ideal, III pilot levels, IV batteries, V both.")
    ] = Practice.IDEAL,
    as_stated: Annotated[
        bool, typer.Option("--as-stated", help="Drivers say what they really said, which is often wrong, or nothing.")
    ] = False,
    promise_kwh: Annotated[float, typer.Option(min=0.0, help="First kWh that every driver is promised.")] = 0.0,
    v2g_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of drivers who consent to V2G, drawn from --seed.")
    ] = 0.0,
    v2g_kwh: Annotated[
        list[float] | None, typer.Option(min=1.0, help="Batteries of their cars: 40, 60 and 80.")
    ] = None,
    v2g_price: Annotated[
        float | None, typer.Option(min=0.0, help="Paid for a kWh given back; else what its driver paid for it.")
    ] = None,
    history: Annotated[int, typer.Option(min=0, help="Months of earlier sessions that are declared.")] = 0,
    disturbed: Annotated[bool, typer.Option("--disturbed", help="Drivers, meters and radio err.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of what goes wrong, and of who consents to V2G.")] = 0,
    days: Annotated[int | None, typer.Option(min=1, help="Only the first days.")] = None,
    period: Annotated[
        float, typer.Option(min=1.0, max=60.0, help="Minutes of a period; 15 is three times as quick as 5.")
    ] = 5.0,
    processes: Annotated[int, typer.Option(min=1, help="Runs at once.")] = 1,
    results: Annotated[Path, typer.Option(help="Where runs are kept; what is there is not run again.")] = RESULTS,
    page: Annotated[Path | None, typer.Option("--page", "--html", help="Draw everything on one page here.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write all figures here.")] = None,
    folder: Folder = None,
) -> None:
    """Play real months on a simulated site, with a method in charge that sees no more than it would at a real one."""
    from api.backtesting.page import write_page
    from api.backtesting.report import print_outcomes, write_csv

    named: list[tuple[str, Own | None]] = [(name, None) for name in cases or ()]
    named += _own(site, sessions, tariff, month)
    if not named:
        raise typer.BadParameter("name a case, or a month of your own with --site and --sessions")
    pattern = Case(
        name="",
        aim=aim,
        practice=scenario,
        as_stated=as_stated,
        days=days,
        period_min=period,
        promised_kwh=promise_kwh,
        v2g=_v2g(v2g_share, v2g_kwh, v2g_price, seed),
    )
    limits_kw: list[float | None] = [*limit_kw] if limit_kw else [None]
    played = [replace(_case(pattern, *one), limit_kw=limit) for one in named for limit in limits_kw]
    methods = [method_named(name) for name in method] if method else ALL
    erring = ROUGH if disturbed else Disturbances()
    wanted = [
        Job(
            case=case, charge=charge, history_months=0 if charge is Charge.OPTIMUM else history,
            disturbances=erring, seed=seed,
        )
        for case in played
        for charge in methods
    ]  # fmt: skip
    found = run_all(wanted, results, data_folder(folder) if cases else Path(), processes)
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_IN_A_FILE
    print_outcomes(found, console)
    if csv:
        write_csv(found, csv)
    if page:
        write_page(found, page)


def _case(pattern: Case, name: str, own: Own | None) -> Case:
    """What is played; months of one's own tell no price for drivers, so they are run for service, not for profit."""
    aim = Aim.SERVICE if own is not None and pattern.aim is Aim.PROFIT else pattern.aim
    return replace(pattern, name=name, own=own, aim=aim)


def _v2g(share: float, sizes_kwh: list[float] | None, price_per_kwh: float | None, seed: int) -> V2gShare | None:
    """Who consents. None: nobody, and then nothing is said of them."""
    if share == 0.0 and (sizes_kwh or price_per_kwh is not None):
        raise typer.BadParameter("--v2g-kwh and --v2g-price are of drivers who consent: name --v2g-share")
    sizes = tuple(sizes_kwh) if sizes_kwh else SIZES_KWH
    return V2gShare(share=share, sizes_kwh=sizes, price_per_kwh=price_per_kwh, seed=seed) if share else None


def _own(site: str | None, sessions: str | None, tariff: str | None, month: str | None) -> list[tuple[str, Own | None]]:
    """The month of somebody's own files, where they are named."""
    if site is None and sessions is None:
        return []
    if site is None or sessions is None:
        raise typer.BadParameter("--site and --sessions go together")
    found = own_files(site, sessions, tariff, month)
    return [(found.name, found)]


def run_all(jobs: list[Job], results: Path, data: Path, processes: int) -> list[Outcome]:
    """Outcomes in the order of the jobs, with a bar on standard error."""
    console = Console(stderr=True, emoji=False)
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("backtest", total=float(len(jobs)))
        if processes > 1:
            found = {}
            for outcome in all_done(jobs, results, data, processes):
                found[outcome.job] = outcome
                progress.update(bar, completed=float(len(found)))
            return [found[job] for job in jobs]
        told = []
        for k, job in enumerate(jobs):
            progress.update(bar, description=f"{job.case.name} {job.charge}")
            told.append(done(job, results, data, partial(_advance, progress, bar, k)))
            progress.update(bar, completed=k + 1.0)
        return told


def _advance(progress: Progress, bar: TaskID, jobs_done: int, share: float) -> None:
    progress.update(bar, completed=jobs_done + share)
