"""The curve of flexibility as a JSON document and as a table."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.document import Part
from optimizer.flexibility import Flexibility, FlexPoint

EFFECTS_SHOWN = 3


class SessionEffectLine(Part):
    """What one session feels, against the plan without the request. At evse."""

    session_id: str
    window_kwh: float
    """More in the window; below 0 less."""
    missed_kwh: float
    """More missing at departure."""


class FlexPointLine(Part):
    """What ``power_kw`` throughout the window takes, against the plan without the request."""

    power_kw: float
    cost: float
    """Declared value of missed energy included: what a payment would have to be at least."""
    paid: float
    """The part of it that is energy, carbon and demand charges."""
    per_kw: float | None
    """What the next kW costs; null at the last point."""
    missed_kwh: float
    sessions: list[SessionEffectLine]


class FlexibilityDocument(Part):
    """What ``POST /v1/flexibility`` answers: a curve, straight between its points, from 0 to the most that is there."""

    direction: str
    start: datetime
    end: datetime
    """The window that was counted: whole periods of the plan."""
    currency: str
    baseline_kw: list[float]
    """Planned import less export in each period of the window, at grid."""
    points: list[FlexPointLine]


def flexibility_document(found: Flexibility) -> FlexibilityDocument:
    """The document of a curve."""
    return FlexibilityDocument.model_validate(asdict(found) | {"baseline_kw": found.baseline_kw.tolist()})


def print_flexibility(found: Flexibility, zone: ZoneInfo, console: Console) -> None:
    """Print the curve, a line for each point at which it bends."""
    low, high = found.baseline_kw.min(), found.baseline_kw.max()
    window = f"{found.start.astimezone(zone):%a %d %b %H:%M} to {found.end.astimezone(zone):%H:%M}"
    planned = f"{low:.1f} kW" if high - low < 0.05 else f"{low:.1f} to {high:.1f} kW"
    console.print(Text(f"{found.direction.value.replace('_', ' ')}, {window}, planned {planned}", style="bold"))
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    heads = ("kW", f"costs {found.currency}", f"of it paid {found.currency}", f"next kW {found.currency}", "missed kWh")
    for name in heads:
        table.add_column(name, justify="right")
    table.add_column("who feels it")
    for point in found.points:
        table.add_row(*map(Text, _cells(point)))
    console.print(table)


def _cells(point: FlexPoint) -> Iterable[str]:
    yield f"{point.power_kw:.2f}"
    yield from (f"{amount + 0.0:.2f}" for amount in (point.cost, point.paid))
    yield "-" if point.per_kw is None else f"{point.per_kw:.3f}"
    yield f"{max(0.0, point.missed_kwh):.1f}"
    yield _felt(point)


def _felt(point: FlexPoint) -> str:
    """Those who miss most first, then those whose energy moves most."""
    ranked = sorted(point.sessions, key=lambda one: (-round(one.missed_kwh, 3), -abs(one.window_kwh), one.session_id))
    told = [
        f"{one.session_id} misses {one.missed_kwh:.1f} kWh"
        if one.missed_kwh >= 0.05
        else f"{one.session_id} {one.window_kwh:+.1f} kWh"
        for one in ranked[:EFFECTS_SHOWN]
    ]
    more = len(ranked) - EFFECTS_SHOWN
    return ", ".join([*told, *([f"{more} more"] if more > 0 else [])])
