"""A settlement as a person reads it."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.settling.document import EventStatement, SettlementDocument
from models.settlement.methods import methods

MONEY = ("payment", "penalty")


def print_settlement(told: SettlementDocument, zone: ZoneInfo, console: Console) -> None:
    """Every event with its intervals, then capacity by month, then what is paid in all."""
    for event in told.events:
        console.print(_intervals(event, zone))
        for line in _lines(event):
            console.print(f"{'':2}{line}", markup=False)
    for month in told.capacity:
        measure = f"{month.committed_kw:g} kW, performance {month.performance:.3f}"
        told_of = f"{month.programme} {month.month}: capacity {measure}, {month.amount} {month.currency}"
        console.print(told_of, markup=False)
    for name in told.opted_out:
        console.print(f"{name}: nobody took part", markup=False)
    for currency, amount in told.totals.items():
        console.print(f"total {amount} {currency}", markup=False, style="bold")


def print_methods(console: Console) -> None:
    """Baseline methods, their constants, and where these are from."""
    for one in methods().values():
        console.print(f"[bold]{one.name}[/]  {escape(one.title)}")
        for constant in one.constants:
            console.print(
                f"  {constant.name:<18} {constant.value!s:<8} {constant.source or 'unverified'}", markup=False
            )


def _intervals(event: EventStatement, zone: ZoneInfo) -> Table:
    title = f"{event.id} ({event.programme}): {event.start.astimezone(zone):%Y-%m-%d}, {event.baseline.method}"
    table = Table(title=escape(title), title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for head in (
        "",
        "baseline kW",
        "load kW",
        "delivered kWh",
        "paid kWh",
        "lacking kWh",
        "payment",
        "penalty",
        "data",
    ):
        table.add_column(head, justify="right")
    for one in event.intervals:
        span = f"{one.start.astimezone(zone):%H:%M} to {one.end.astimezone(zone):%H:%M}"
        load = "-" if one.load_kw is None else f"{one.load_kw:.1f}"
        energies = [f"{kwh:.2f}" for kwh in (one.delivered_kwh, one.paid_kwh, one.shortfall_kwh)]
        table.add_row(span, f"{one.baseline_kw:.1f}", load, *energies, str(one.payment), str(one.penalty), one.quality)
    return table


def _lines(event: EventStatement) -> Iterator[str]:
    yield (
        f"performance {event.performance:.3f}; payment {event.payment}, penalty {event.penalty}, "
        f"snap-back {event.snap_back}: {event.total} {event.currency}"
    )
    if event.baseline.adjusted_by is not None:
        yield f"adjusted by {event.baseline.adjusted_by:.3f} (unbounded {event.baseline.unbounded:.3f})"
    taken = [f"{one.day}" for one in event.baseline.days if one.use == "taken"]
    if taken:
        yield f"days: {', '.join(taken)}"
    for one in event.baseline.days:
        if one.use.startswith("left out") and "another kind" not in one.use:
            yield f"{one.day} {one.use}"
    yield from event.baseline.told
    shared_kwh = sum(one.shared_kwh for one in event.intervals)
    if shared_kwh > 0.0:
        yield f"{shared_kwh:.2f} kWh are paid by another programme and do not count here"
    if event.erosion is not None:
        yield (
            f"everyday optimisation had moved {event.erosion.eroded_kwh:.2f} kWh before the event, "
            f"worth {event.erosion.worth:.2f} {event.currency} ({event.erosion.everyday_from})"
        )
    if event.baseline.unverified:
        yield f"constants not checked against a primary text: {', '.join(event.baseline.unverified)}"
