"""The picture of a plan: load against limits of each node, in kW and per line in A, prices and signals."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import Any

import numpy as np

from api.document import NodeLoad, PlanDocument
from api.plot import LocalAxis
from api.previous import schedule_of
from api.sites.plans import KeptPlan, kept_plan
from api.store.records import Entry
from api.web.views.axis import Axis
from api.web.views.seen import PLANS_KEPT, Seen
from api.web.words import money
from models.domain.calendar import calendar_of
from models.domain.errors import ChargingError
from models.domain.prices import mean_prices
from models.domain.schedule import Floats
from models.domain.signal import Cap, Dispatch, Event, PriceEvent, Signal
from models.domain.times import instant
from optimizer.audit.case import Case
from optimizer.audit.currents import line_currents
from optimizer.rolling.ahead import QUARTERS

DIGITS = 3
AMPERES = "A"
Values = list[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One line conductor with a limit. [A]"""

    node: str
    name: str
    instants: tuple[float, ...]
    load_a: tuple[float, ...]
    limit_a: tuple[float | None, ...]


def chart(seen: Seen, axis: Axis) -> dict[str, Any] | None:
    """What the script of the page draws; None where there is no plan that holds."""
    if seen.plan is None or seen.entry is None or not seen.plan_holds:
        return None
    document, local = seen.plan.document, LocalAxis(axis.start, axis.end, axis.zone)
    ticks = list(local.ticks())
    return {
        "x": [local.place(at).isoformat() for at in document.instants],
        "now": local.place(seen.now).isoformat(),
        "range": [local.place(axis.start).isoformat(), local.place(axis.end).isoformat()],
        "ticks": {"at": [place.isoformat() for place, _ in ticks], "text": [text for _, text in ticks]},
        "price": _prices(seen.plan),
        "signals": [_span(signal, local) for signal in shown_signals(seen)],
        "pictures": [*_nodes(seen, document), *_lines(seen, local)],
        "limits": {"by": sorted({by for node in document.nodes for by in node.limit_set_by if by})},
        "coarse_after": QUARTERS,
    }


def _nodes(seen: Seen, document: PlanDocument) -> Iterator[dict[str, Any]]:
    for node in document.nodes:
        if node.node_id in {one.id for one in seen.site.nodes}:
            uncontrolled = document.comparison.uncontrolled_import_kw if node.parent is None else None
            yield _node(node, uncontrolled)


def _node(node: NodeLoad, uncontrolled: list[float] | None) -> dict[str, Any]:
    return {
        "id": node.node_id,
        "label": f"{node.node_id}",
        "unit": "kW",
        "load": node.expected_kw,
        "most": node.guaranteed_kw,
        "limit": node.import_limit_kw,
        "limit_by": node.limit_set_by,
        "uncontrolled": uncontrolled,
    }


def _lines(seen: Seen, local: LocalAxis) -> Iterator[dict[str, Any]]:
    """One picture for each node whose lines are limited."""
    assert seen.entry is not None
    found: dict[str, list[Line]] = {}
    for line in lines_of(seen.entry):
        found.setdefault(line.node, []).append(line)
    for node, lines in found.items():
        yield {
            "id": f"{node} {AMPERES}",
            "label": f"{node} per phase",
            "unit": AMPERES,
            "x": [local.place(instant(at)).isoformat() for at in lines[0].instants],
            "lines": [{"name": line.name, "load": line.load_a, "limit": line.limit_a} for line in lines],
        }


@lru_cache(maxsize=PLANS_KEPT)
def lines_of(entry: Entry) -> tuple[Line, ...]:
    """Currents as the audit recomputes them, each car drawing what it is offered; none where they cannot be told."""
    kept = kept_plan(entry, None)
    try:
        schedule, tariff = schedule_of(kept.document), kept.scenario.tariff
        assert tariff is not None, "the scenario is completed"
        case = Case(kept.scenario, schedule, tariff, 0.0)
        starts = (*(float(at) for at in case.time.starts_s), float(schedule.instants_s[-1]))
        return tuple(
            Line(one.node, one.line, starts, _rounded(one.charging_a + one.base_a), _finite(one.limit_a))
            for one in line_currents(case, partial_draw=True)
        )
    except (ChargingError, ValueError, IndexError):
        return ()


def _prices(plan: KeptPlan) -> dict[str, Any]:
    """Of energy, before what price signals add. [currency/kWh]"""
    tariff, document = plan.scenario.tariff, plan.document
    assert tariff is not None, "the scenario is completed"
    instants_s = np.array([at.timestamp() for at in document.instants])
    calendar = calendar_of(tariff, plan.scenario.site.time_zone)
    values = mean_prices(tariff.import_price, instants_s, calendar)
    return {"y": list(_rounded(values)), "unit": f"{document.currency}/kWh"}


def shown_signals(seen: Seen) -> list[Signal]:
    """Those that are not over, the next one first."""
    return sorted((one for one in seen.known.signals if one.end > seen.now), key=lambda one: one.start)


def _span(signal: Signal, local: LocalAxis) -> dict[str, str]:
    start, end = (local.place(at.astimezone(UTC)).isoformat() for at in (signal.start, signal.end))
    return {"id": signal.id, "text": asks(signal), "start": start, "end": end}


def asks(signal: Signal) -> str:
    """What a utility wants, in a few words."""
    match signal:
        case Cap(rule=rule) if rule is not None:
            return f"cap by {rule.replace('_', ' ')}"
        case Cap(import_limit_kw=limit) if limit is not None:
            return f"at most {limit:g} kW"
        case Cap(export_limit_kw=limit):
            return f"feed in at most {limit or 0.0:g} kW"
        case Event(committed_kw=committed, direction=direction):
            return f"{direction.replace('_', ' ')} by {committed:g} kW"
        case Dispatch(price_below_per_kwh=0.0, setpoint_kw=float(limit)):
            return f"at most {limit:g} kW, or at a price"
        case Dispatch():
            return "follow a setpoint"
        case PriceEvent(import_price=float(price)):
            return f"price {money(price, None)}/kWh"
    return "other prices"


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)


def _finite(values: Floats) -> tuple[float | None, ...]:
    return tuple(round(float(value), DIGITS) if np.isfinite(value) else None for value in values)
