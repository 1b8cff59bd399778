"""Outcomes of backtests as one page with pictures; it needs no network to be looked at."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from api.backtesting.jobs import Outcome
from api.backtesting.report import method_of, shown_of, title_of

_STYLE = "body{font-family:sans-serif;margin:2em}td,th{padding:.2em .7em;text-align:right}"
COMPONENTS = {
    "energy_import": "energy",
    "energy_export": "export",
    "carbon": "carbon",
    "demand_charge": "demand charge",
    "v2g_payment": "paid for V2G",
}
HEIGHT = 420
_HOURS = 3600.0


def write_page(outcomes: Sequence[Outcome], path: Path) -> None:
    """Cost by component, loads, how long which load lasted, who got how much, and all figures. Raises OSError."""
    parts = []
    for k, case in enumerate(dict.fromkeys(one.job.case for one in outcomes)):
        told = [one for one in outcomes if one.job.case == case]
        pictures = [_costs(told), _loads(told), _durations(told), _shares(told)]
        drawn = (one.to_html(include_plotlyjs=k == j == 0, full_html=False) for j, one in enumerate(pictures))
        parts.append(f"<h2>{escape(title_of(case))}</h2>{_rows(told)}{''.join(drawn)}")
    head = f'<meta charset="utf-8"><title>Backtest</title><style>{_STYLE}</style>'
    path.write_text(f"<!doctype html><html><head>{head}</head><body>{''.join(parts)}</body></html>", encoding="utf-8")


def _figure(title: str, x: str, y: str) -> Any:
    import plotly.graph_objects as go  # slow to import, and most commands draw nothing

    axes = {"xaxis_title": x, "yaxis_title": y}
    return go.Figure().update_layout(title=title, height=HEIGHT, template="simple_white", **axes)


def _costs(outcomes: Sequence[Outcome]) -> Any:
    figure = _figure("What the course costs", "", "currency of the tariff").update_layout(barmode="relative")
    methods = list(map(method_of, outcomes))
    for name, said in COMPONENTS.items():
        amounts = [one.figures.costs.get(name, 0.0) for one in outcomes]
        if any(amounts):
            figure.add_bar(x=methods, y=amounts, name=said)
    return figure


def _loads(outcomes: Sequence[Outcome]) -> Any:
    figure = _figure("Load of the site", "UTC", "import [kW]")
    for one in outcomes:
        when = [datetime.fromtimestamp(s, UTC) for s in one.instants_s[:-1]]
        line = {"shape": "hv", "width": 1}
        figure.add_scatter(x=when, y=list(one.load_kw), name=method_of(one), mode="lines", line=line)
    return figure


def _durations(outcomes: Sequence[Outcome]) -> Any:
    """For how many hours the load was at least so high."""
    figure = _figure("For how long the load was so high", "hours", "import [kW]")
    for one in outcomes:
        order = np.argsort(-np.array(one.load_kw), kind="stable")
        hours = np.cumsum(np.diff(one.instants_s)[order]) / _HOURS
        load_kw = np.array(one.load_kw)[order]
        figure.add_scatter(x=hours.tolist(), y=load_kw.tolist(), name=method_of(one), mode="lines")
    return figure


def _shares(outcomes: Sequence[Outcome]) -> Any:
    """Of its need, what each car got, the worst-off first."""
    figure = _figure("What cars got of their need, the worst-off first", "cars [%]", "got [%]")
    figure.update_yaxes(range=[0.0, 105.0])
    for one in outcomes:
        count = max(1, len(one.met))
        cars = [100.0 * (k + 1) / count for k in range(len(one.met))]
        figure.add_scatter(x=cars, y=[100.0 * share for share in one.met], name=method_of(one), mode="lines")
    return figure


def _rows(outcomes: Sequence[Outcome]) -> str:
    shown = shown_of(outcomes)
    heads = "".join(f"<th>{escape(name)}</th>" for name in ("method", *(name for name, _ in shown)))
    lines = "".join(
        f"<tr><td>{escape(method_of(one))}</td>{''.join(f'<td>{show(one.figures)}</td>' for _, show in shown)}</tr>"
        for one in outcomes
    )
    return f"<table><tr>{heads}</tr>{lines}</table>"
