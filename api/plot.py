"""A plan as one self-contained page: stacked power over local time against the limit, the price below.

Colours are those of Okabe and Ito, which people with any colour vision tell apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from api.curves import import_peak_kw, means, peak_kw, quarter_hours
from api.planning import Answer
from models.domain.calendar import calendar_of
from models.domain.electrical import conversion_efficiency
from models.domain.prices import mean_prices
from models.domain.schedule import Floats, NodePlan, Schedule, SessionPlan
from models.domain.site import Evse

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7A5195")
GREY, INK, LIMIT_COLOUR, GRID_COLOUR = "#B8BEC6", "#1F2933", "#B00020", "#E5E8EC"
GIVEN_BACK_COLOUR = COLOURS[2]
SESSIONS_SHOWN = len(COLOURS)
"""With more sessions than colours, each tier is one layer."""
PAGE_CONFIG = {"displaylogo": False, "displayModeBar": "hover", "responsive": True}
TICKS_AT_MOST = 12
TICK_HOURS = (1, 2, 3, 4, 6, 12, 24)
SMALL_KW = 0.05
AFTERMATH = timedelta(hours=1)
LIMIT_IN_VIEW = 1.6
"""A limit further above the peak than this many times is left out of view: it would squeeze the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One filled area of the stack."""

    name: str
    colour: str
    power_kw: Floats
    """At grid, mean of each period of the plan. [kW]"""


def write_plot(answer: Answer, path: Path, *, title: str | None = None) -> None:
    """Write the page; it needs no network to be looked at. Raises OSError."""
    page = figure(answer, title=title).to_html(
        include_plotlyjs=True, full_html=True, config=PAGE_CONFIG, default_height="96vh"
    )
    path.write_text(page, encoding="utf-8")


def figure(answer: Answer, *, title: str | None = None) -> Any:
    """The picture as a plotly figure."""
    import plotly.graph_objects as go  # slow to import, and most commands draw nothing

    shown = answer.schedule.instant(0), shown_until(answer)
    axis = LocalAxis(*shown, ZoneInfo(answer.scenario.site.time_zone))
    traces = [*_load_traces(answer, axis), *_limit_traces(answer, axis), _price_trace(answer, axis)]
    return go.Figure(data=traces, layout=_layout(answer, axis, escape(title or headline(answer))))


def headline(answer: Answer) -> str:
    """What the picture shows, in one sentence."""
    planned, other = answer.schedule, answer.uncontrolled
    peak_kw, other_kw = import_peak_kw(planned), import_peak_kw(other)
    missed = sum(p.missing_kwh for p in planned.sessions)
    needed = sum(p.energy_remaining_kwh for p in planned.sessions)
    met = "with every need met" if missed < SMALL_KW else f"with {100 * (1 - missed / needed):.1f} % of the need met"
    peaks = f"Peak {peak_kw:.0f} kW instead of {other_kw:.0f} kW"
    cost = f"cost {planned.cost:.2f} instead of {other.cost:.2f} {planned.currency}"
    return f"{peaks}, {cost}, {met}"


class LocalAxis:
    """Instants on an axis of local time.

    A plot library knows no time zones: points are shifted by the offset at the plan's start, ticks carry the local
    time that is true there, also after the clocks have changed.
    """

    def __init__(self, start: datetime, end: datetime, zone: ZoneInfo) -> None:
        self.start, self.end, self.zone = start, end, zone
        self.offset = start.astimezone(zone).utcoffset() or timedelta()

    def place(self, instant: datetime) -> datetime:
        """Where an instant lies on the axis."""
        return (instant + self.offset).replace(tzinfo=None)

    def places(self, instants_s: Floats) -> list[datetime]:
        """Where instants in seconds since 1970 lie on the axis."""
        return [self.place(datetime.fromtimestamp(instant, UTC)) for instant in instants_s.tolist()]

    def ticks(self) -> Iterator[tuple[datetime, str]]:
        """Places at whole local hours, with their text; the day stands under the first tick and each midnight."""
        start, end = self.start, self.end
        hours = (end - start) / timedelta(hours=1)
        apart = next((h for h in TICK_HOURS if hours / h <= TICKS_AT_MOST), TICK_HOURS[-1])
        local = start.astimezone(self.zone)
        hour, first = start - timedelta(minutes=local.minute, seconds=local.second), True
        while hour <= end:
            local = hour.astimezone(self.zone)
            if hour >= start and local.hour % apart == 0:
                day = f"<br>{local:%a %d %b}" if first or local.hour == 0 else ""
                yield self.place(hour), f"{local:%H:%M}{day}"
                first = False
            hour += timedelta(hours=1)


def shown_until(answer: Answer) -> datetime:
    """A little after the last car has charged, planned or not; what follows until the plan's end is empty."""
    end = answer.schedule.instant(answer.schedule.period_count)
    charged = [_last_charged(plan, s) for s in (answer.schedule, answer.uncontrolled) for plan in s.sessions]
    return min(end, max(charged) + AFTERMATH) if any(charged) else end


def _last_charged(plan: SessionPlan, schedule: Schedule) -> datetime:
    periods = np.flatnonzero(plan.charge_power_kw > 0)
    return schedule.instant(plan.first_period + int(periods[-1]) + 1) if periods.size else schedule.instant(0)


def layers(answer: Answer) -> list[Layer]:
    """What is stacked: load that nobody here controls, then sessions, or tiers when there are many sessions."""
    groups: dict[str, Floats] = {}
    tiers = {session.id: session.tier for session in answer.scenario.sessions}
    evses = {evse.id: evse for evse in answer.scenario.site.evses}
    alone, one_tier = len(answer.schedule.sessions) <= SESSIONS_SHOWN, len(set(tiers.values())) == 1
    for plan in answer.schedule.sessions:
        name = plan.session_id if alone else "charging" if one_tier else str(tiers[plan.session_id])
        groups[name] = groups.get(name, 0.0) + _grid_kw(plan, evses[plan.evse_id], answer.schedule)
    charging = [Layer(name=n, colour=COLOURS[i % len(COLOURS)], power_kw=p) for i, (n, p) in enumerate(groups.items())]
    total = sum(groups.values(), start=np.zeros(answer.schedule.period_count)) + given_back_kw(answer)
    rest = _connection(answer.schedule, answer).expected_kw - total
    building = Layer(name="building and stand-by", colour=GREY, power_kw=np.maximum(rest, 0.0))
    return [building, *charging] if rest.max(initial=0.0) > SMALL_KW else charging


def given_back_kw(answer: Answer) -> Floats:
    """What all cars give back, as a negative number (T,). [kW at grid]"""
    evses = {evse.id: evse for evse in answer.scenario.site.evses}
    total = np.zeros(answer.schedule.period_count)
    for plan in answer.schedule.sessions:
        if plan.discharge_power_kw is not None:
            periods = slice(plan.first_period, plan.first_period + plan.charge_power_kw.size)
            share = plan.plugged_in_h / answer.schedule.period_h[periods]
            total[periods] -= plan.discharge_power_kw * share * conversion_efficiency(evses[plan.evse_id])
    return total


def _grid_kw(plan: SessionPlan, evse: Evse, schedule: Schedule) -> Floats:
    """Mean of each period (T,). [kW at grid]"""
    power_kw = np.zeros(schedule.period_count)
    periods = slice(plan.first_period, plan.first_period + plan.charge_power_kw.size)
    share = plan.plugged_in_h / schedule.period_h[periods]
    power_kw[periods] = plan.charge_power_kw * share / conversion_efficiency(evse)
    return power_kw


def _connection(schedule: Schedule, answer: Answer) -> NodePlan:
    root = next(node.id for node in answer.scenario.site.nodes if node.parent is None)
    return next(node for node in schedule.nodes if node.node_id == root)


def _steps(values: Floats) -> list[float | None]:
    """The last value once more, so that the last period has a length on the picture."""
    finite = [value if np.isfinite(value) else None for value in values.tolist()]
    return [*finite, *finite[-1:]]


def _load_traces(answer: Answer, axis: LocalAxis) -> list[dict[str, Any]]:
    """What is drawn stacked above 0, what cars give back below."""
    back = Layer(name="given back by cars", colour=GIVEN_BACK_COLOUR, power_kw=given_back_kw(answer))
    below = [_area(back, "back", answer, axis)] if back.power_kw.any() else []
    return [_area(layer, "load", answer, axis) for layer in layers(answer)] + below


def _area(layer: Layer, group: str, answer: Answer, axis: LocalAxis) -> dict[str, Any]:
    instants_s = answer.schedule.instants_s
    edges_s = quarter_hours(instants_s)
    return {
        "type": "scatter",
        "name": escape(layer.name),
        "x": axis.places(edges_s),
        "y": _steps(means(layer.power_kw, instants_s, edges_s[:-1], edges_s[1:])),
        "stackgroup": group,
        "fillcolor": layer.colour,
        "line": {"shape": "hv", "width": 0, "color": layer.colour},
        "hovertemplate": "%{y:.1f} kW",
    }


def _limit_traces(answer: Answer, axis: LocalAxis) -> list[dict[str, Any]]:
    planned, other = answer.schedule, answer.uncontrolled
    edges_s = quarter_hours(planned.instants_s)
    other_kw = means(_connection(other, answer).expected_kw, other.instants_s, edges_s[:-1], edges_s[1:])
    uncontrolled = _line("without a plan", other_kw, INK, "dot") | {"x": axis.places(edges_s)}
    limit_kw = _connection(planned, answer).import_limit_kw
    limit = _line("limit", limit_kw, LIMIT_COLOUR, "dash") | {"x": axis.places(planned.instants_s)}
    return [uncontrolled, limit] if np.isfinite(limit_kw).any() else [uncontrolled]


def _line(name: str, values: Floats, colour: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "y": _steps(values),
        "line": {"shape": "hv", "width": 2, "color": colour, "dash": dash},
        "hovertemplate": "%{y:.1f} kW",
    }


def _price_trace(answer: Answer, axis: LocalAxis) -> dict[str, Any]:
    tariff = answer.scenario.tariff
    assert tariff is not None, "the scenario is completed"
    calendar = calendar_of(tariff, answer.scenario.site.time_zone)
    prices = mean_prices(tariff.import_price, answer.schedule.instants_s, calendar)
    trace = _line("price of energy", prices, INK, "solid") | {
        "x": axis.places(answer.schedule.instants_s),
        "yaxis": "y2",
    }
    hover = f"%{{y:.3f}} {answer.schedule.currency}/kWh"
    return trace | {"showlegend": False, "hovertemplate": hover, "fill": "tozeroy", "fillcolor": "rgba(31,41,51,0.08)"}


def _layout(answer: Answer, axis: LocalAxis, title: str) -> dict[str, Any]:
    scenario, ticks = answer.scenario, list(axis.ticks())
    subtitle = f"{escape(scenario.name or scenario.site.id)}, {len(answer.schedule.sessions)} sessions"
    quiet = {"gridcolor": GRID_COLOUR, "zeroline": False, "linecolor": GREY}
    return {
        "title": {
            "text": f"<b>{title}</b><br><span style='font-size:15px'>{subtitle}</span>",
            "x": 0,
            "xref": "paper",
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "pad": {"t": 28},
            "font": {"size": 21},
        },
        "font": {"family": "Inter, Helvetica, Arial, sans-serif", "size": 14, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "margin": {"l": 80, "r": 30, "t": 120, "b": 70},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.01,
            "yanchor": "bottom",
            "traceorder": "normal",
        },
        "xaxis": quiet
        | {
            "anchor": "y2",
            "range": [axis.place(axis.start), axis.place(axis.end)],
            "tickvals": [place for place, _ in ticks],
            "ticktext": [text for _, text in ticks],
            "title": {"text": f"local time, {scenario.site.time_zone}"},
        },
        "yaxis": quiet
        | {
            "domain": [0.30, 1.0],
            "range": [_bottom_kw(answer), _top_kw(answer)],
            "title": {"text": "quarter-hour mean at grid [kW]"},
        },
        "yaxis2": quiet
        | {
            "domain": [0.0, 0.22],
            "rangemode": "tozero",
            "title": {"text": f"price<br>[{answer.schedule.currency}/kWh]"},
        },
    }


def _top_kw(answer: Answer) -> float:
    """Room for both loads, and for the limit where it is near."""
    shown = answer.schedule, answer.uncontrolled
    loads = [peak_kw(_connection(s, answer).expected_kw, s.instants_s) for s in shown]
    limit_kw = _connection(answer.schedule, answer).import_limit_kw
    near = limit_kw[np.isfinite(limit_kw) & (limit_kw <= LIMIT_IN_VIEW * max(loads))]
    return 1.08 * float(max(*loads, near.max(initial=0.0), 1.0))


def _bottom_kw(answer: Answer) -> float:
    """Room below 0 for what cars give back; 0 where they give nothing."""
    return 1.08 * float(given_back_kw(answer).min(initial=0.0))
