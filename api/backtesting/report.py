"""Outcomes of backtests as a table and as CSV."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from api.backtesting.cases import Case
from api.backtesting.jobs import Outcome
from api.backtesting.methods import Charge
from optimizer.backtest.metrics import Figures

COLUMNS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("energy %", lambda f: f"{f.energy_percent:.2f}"),
    ("in time %", lambda f: f"{f.deadlines_percent:.1f}"),
    ("promised %", lambda f: f"{f.minimums_percent:.1f}"),
    ("peak kW", lambda f: f"{f.peak_kw:.2f}"),
    ("load factor", lambda f: f"{f.load_factor:.3f}"),
    ("energy cost", lambda f: f"{f.costs.get('energy_import', 0.0):.2f}"),
    ("demand", lambda f: f"{f.costs.get('demand_charge', 0.0):.2f}"),
    ("given back kWh", lambda f: f"{f.given_back_kwh:.1f}"),
    ("through V2G cars kWh", lambda f: f"{f.throughput_kwh:.1f}"),
    ("paid for V2G", lambda f: f"{f.costs.get('v2g_payment', 0.0):.2f}"),
    ("export", lambda f: f"{-f.costs.get('energy_export', 0.0):.2f}"),
    ("CO2 kg", lambda f: f"{f.carbon_kg:.0f}"),
    ("profit", lambda f: f"{f.profit:.2f}"),
    ("Jain", lambda f: f"{f.jain:.3f}"),
    ("worst 5 % got", lambda f: f"{f.least_percent:.0f}"),
    ("worst got", lambda f: f"{f.worst_percent:.0f}"),
    ("events %", lambda f: "" if f.events_percent is None else f"{f.events_percent:.1f}"),
    ("starts", lambda f: f"{f.starts:.2f}"),
    ("most", lambda f: f"{f.most_starts}"),
    ("offer changes", lambda f: f"{f.changes:.1f}"),
    ("plan changes", lambda f: f"{f.plan_changes:.1f}"),
    ("shortest min", lambda f: f"{f.shortest_run_min:.0f}"),
    ("plans", lambda f: f"{f.plans}"),
    ("processor s", lambda f: f"{f.processor_s:.0f}"),
    ("in HiGHS s", lambda f: f"{f.solver_s:.0f}"),
)
"""What is told of a run, and how."""


def print_outcomes(outcomes: Sequence[Outcome], console: Console) -> None:
    """A table for each case, the yardstick first where it was run."""
    for case in dict.fromkeys(one.job.case for one in outcomes):
        told = [one for one in outcomes if one.job.case == case]
        table = Table(title=title_of(case), title_justify="left")
        shown = shown_of(told)
        table.add_column("method", no_wrap=True)
        for head in (*(name for name, _ in shown), "% of optimum"):
            table.add_column(head, justify="right")
        best = best_of(told)
        for one in told:
            table.add_row(method_of(one), *(show(one.figures) for _, show in shown), share_of(one.figures, best))
        console.print(table)


def shown_of(outcomes: Sequence[Outcome]) -> list[tuple[str, Callable[[Figures], str]]]:
    """Columns without those of what a case has not: promises, V2G, carbon, events."""
    v2g = any(one.job.case.v2g for one in outcomes)
    has = {
        "given back kWh": v2g,
        "through V2G cars kWh": v2g,
        "paid for V2G": v2g and any(one.figures.costs.get("v2g_payment") for one in outcomes),
        "export": v2g,
        "promised %": any(one.job.case.promised_kwh for one in outcomes),
        "CO2 kg": any(one.figures.carbon_kg for one in outcomes),
        "events %": any(one.figures.events_percent is not None for one in outcomes),
    }
    return [(name, show) for name, show in COLUMNS if has.get(name, True)]


def method_of(one: Outcome) -> str:
    """Its name, with the history that it was told."""
    history = f" +{one.job.history_months} months" if one.job.history_months else ""
    return f"{one.job.charge}{history}"


def best_of(outcomes: Sequence[Outcome]) -> Figures | None:
    """The optimum in hindsight, where it was run."""
    return next((one.figures for one in outcomes if one.job.charge is Charge.OPTIMUM), None)


def share_of(found: Figures, best: Figures | None) -> str:
    """Profit as a share of what could have been made; nothing where nothing was to be made."""
    return "" if best is None or best.profit <= 0.0 else f"{100.0 * found.profit / best.profit:.2f}"


def write_csv(outcomes: Sequence[Outcome], path: Path) -> None:
    """A line for each run. Raises OSError."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["case", "aim", "scenario", "limit_kw", "method", *(name for name, _ in COLUMNS)])
        for one in outcomes:
            case = one.job.case
            told = [case.name, case.aim, case.practice, case.limit_kw or "", method_of(one)]
            lines.writerow([*told, *(show(one.figures) for _, show in COLUMNS)])


def title_of(case: Case) -> str:
    """A case in words."""
    limit = "" if case.limit_kw is None else f", {case.limit_kw:g} kW"
    v2g = "" if case.v2g is None else f", V2G with {100.0 * case.v2g.share:g} % of drivers, seed {case.v2g.seed}"
    return f"{case.name}: {case.aim}, scenario {case.practice}{limit}{v2g}"
