"""The replay as a table, as sums by programme, and as CSV."""

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from api.replaying.rows import Row

HEAD = (
    *(
        "event",
        "asked",
        "at the site",
        "paid by",
        "usual kWh",
        "moved kWh",
        "paid kWh",
        "payment",
        "cost",
        "missed kWh",
    ),
)
_CSV = (
    *("event", "programme", "direction", "start", "end", "told_at", "paid_by", "payment_per_kwh", "payment_currency"),
    *("followed_per_kwh", "usual_kwh", "moved_kwh", "paid_kwh", "payment", "energy_cost", "demand_cost", "cost"),
    *("missed_kwh", "source"),
)


def print_rows(rows: Sequence[Row], currency: str, console: Console) -> None:
    """Every event, then the sums of each programme; costs are in the currency of the site's tariff."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for k, head in enumerate(HEAD):
        table.add_column(head, justify="left" if k < 4 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)
    for name in dict.fromkeys(row.event.real.programme for row in rows):
        console.print(_sums(name, [row for row in rows if row.event.real.programme == name], currency), markup=False)
    unpaid = sum(not row.event.payment.programme for row in rows)
    console.print(
        f"{unpaid} of {len(rows)} events have no rule: paid 0, and followed as if the energy of their hours were free"
    )


def write_csv(rows: Iterable[Row], path: Path) -> None:
    """One line an event. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_CSV)
        writer.writerows(_line(row) for row in rows)


def _cells(row: Row) -> list[str]:
    event = row.event
    hours = f"{event.start:%a %Y-%m-%d %H:%M}-{event.end:%H:%M}"
    energies = [_one_digit(kwh) for kwh in (row.usual_kwh, row.moved_kwh, row.paid_kwh)]
    money = [f"{row.payment} {event.payment.currency}".strip(), f"{round(row.cost, 2) + 0.0:.2f}"]
    asked = event.real.direction.replace("_", " ")
    return [event.real.id, asked, hours, event.payment.named, *energies, *money, _one_digit(row.missed_kwh)]


def _one_digit(kwh: float) -> str:
    """Without a negative zero."""
    return f"{round(kwh, 1) + 0.0:.1f}"


def _sums(name: str, rows: Sequence[Row], currency: str) -> str:
    moved = sum(row.moved_kwh for row in rows)
    cost = sum(row.cost for row in rows)
    paid = {row.event.payment.currency for row in rows if row.event.payment.currency}
    told = [
        f"{len(rows)} events",
        f"moved {_one_digit(moved)} kWh",
        f"cost {cost:.2f} {currency}",
        *(f"paid {_paid(rows, one)} {one}" for one in sorted(paid)),
        f"missed {_one_digit(sum(row.missed_kwh for row in rows))} kWh",
    ]
    if moved > 1.0:
        told.append(f"{cost / moved:.3f} {currency} a kWh moved")
    return f"{name}: {', '.join(told)}"


def _paid(rows: Sequence[Row], currency: str) -> Decimal:
    return sum((row.payment for row in rows if row.event.payment.currency == currency), Decimal(0))


def _line(row: Row) -> list[object]:
    event, numbers = row.event, (row.usual_kwh, row.moved_kwh, row.paid_kwh)
    times = [at.isoformat() for at in (event.start, event.end, event.told_at)]
    paid_by = [event.payment.programme or "no rule", event.payment.per_kwh, event.payment.currency]
    costs = [round(cost, 4) + 0.0 for cost in (row.energy_cost, row.demand_cost, row.cost, row.missed_kwh)]
    energies = [round(kwh, 4) + 0.0 for kwh in numbers]
    known = [event.real.id, event.real.programme, event.real.direction.value]
    return [*known, *times, *paid_by, round(row.followed_per_kwh, 6), *energies, row.payment, *costs, event.real.source]
