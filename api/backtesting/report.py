"""Outcomes of backtests as a table, as CSV, and as one self-contained page."""

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from api.backtesting.jobs import Outcome
from api.backtesting.methods import Charge
from optimizer.backtest.metrics import Figures

COLUMNS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("energy %", lambda f: f"{f.energy_percent:.2f}"),
    ("in time %", lambda f: f"{f.deadlines_percent:.1f}"),
    ("peak kW", lambda f: f"{f.peak_kw:.2f}"),
    ("load factor", lambda f: f"{f.load_factor:.3f}"),
    ("energy cost", lambda f: f"{f.costs.get('energy_import', 0.0):.2f}"),
    ("demand", lambda f: f"{f.costs.get('demand_charge', 0.0):.2f}"),
    ("profit", lambda f: f"{f.profit:.2f}"),
    ("Jain", lambda f: f"{f.jain:.3f}"),
    ("worst 5 % got", lambda f: f"{f.least_percent:.0f}"),
    ("starts", lambda f: f"{f.starts:.2f}"),
    ("most", lambda f: f"{f.most_starts}"),
    ("changes", lambda f: f"{f.changes:.1f}"),
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
        limit = "" if case.limit_kw is None else f", {case.limit_kw:g} kW"
        table = Table(title=f"{case.name}: {case.aim}, scenario {case.practice}{limit}", title_justify="left")
        for head in ("method", *(name for name, _ in COLUMNS), "% of optimum"):
            table.add_column(head, justify="left" if head == "method" else "right")
        best = best_of(told)
        for one in told:
            table.add_row(method_of(one), *(show(one.figures) for _, show in COLUMNS), share_of(one.figures, best))
        console.print(table)


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


def write_page(outcomes: Sequence[Outcome], path: Path) -> None:
    """Pictures of loads, and all figures; it needs no network to be looked at. Raises OSError."""
    parts = []
    for k, case in enumerate(dict.fromkeys(one.job.case for one in outcomes)):
        told = [one for one in outcomes if one.job.case == case]
        heading = escape(f"{case.name}: {case.aim}, scenario {case.practice}")
        picture = _picture(told).to_html(include_plotlyjs=k == 0, full_html=False)
        parts.append(f"<h2>{heading}</h2>{picture}{_rows(told)}")
    style = "body{font-family:sans-serif;margin:2em}td,th{padding:.2em .7em;text-align:right}"
    head = f'<meta charset="utf-8"><title>Backtest</title><style>{style}</style>'
    path.write_text(f"<!doctype html><html><head>{head}</head><body>{''.join(parts)}</body></html>", encoding="utf-8")


def _picture(outcomes: Sequence[Outcome]) -> Any:
    import plotly.graph_objects as go  # slow to import, and most commands draw nothing

    figure = go.Figure()
    for one in outcomes:
        when = [datetime.fromtimestamp(s, UTC) for s in one.instants_s[:-1]]
        line = {"shape": "hv", "width": 1}
        figure.add_trace(go.Scatter(x=when, y=list(one.load_kw), name=method_of(one), mode="lines", line=line))
    figure.update_layout(yaxis_title="import [kW]", xaxis_title="UTC", height=480, margin={"t": 20})
    return figure


def _rows(outcomes: Sequence[Outcome]) -> str:
    heads = "".join(f"<th>{escape(name)}</th>" for name in ("method", *(name for name, _ in COLUMNS)))
    lines = "".join(
        f"<tr><td>{escape(method_of(one))}</td>{''.join(f'<td>{show(one.figures)}</td>' for _, show in COLUMNS)}</tr>"
        for one in outcomes
    )
    return f"<table><tr>{heads}</tr>{lines}</table>"
