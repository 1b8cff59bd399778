"""``chargewright value``: what a plan would have saved in a past month of somebody's own site."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from api.valuing import How, Value

WIDTH_IN_A_FILE = 160


def value(
    site: Annotated[str, typer.Option(help="A site file, or sample:NAME.")],
    sessions: Annotated[str, typer.Option(help="A sessions file of chargewright import, or sample:NAME.")],
    tariff: Annotated[
        str | None, typer.Option(help="A tariff file, a rate of the URDB, or sample:NAME; else that of the site file.")
    ] = None,
    limit_kw: Annotated[float | None, typer.Option(min=0.1, help="What the connection may draw. [kW]")] = None,
    month: Annotated[str | None, typer.Option(help="Which month, as 2026-03; else the one with most sessions.")] = None,
    results: Annotated[Path | None, typer.Option(help="Keep runs here, so that a second call has them.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Runs at once.")] = 2,
    json: Annotated[Path | None, typer.Option(help="Write all figures here.")] = None,
) -> None:
    """Run a past month without a plan, with one that knows who is there, and with everything known beforehand."""
    from api.backtesting.own import elsewhere, own
    from api.valuing import value_of

    told = own(site, sessions, tariff, month)
    with TemporaryDirectory() as scratch, Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("the month, five ways")
        found = value_of(
            told, limit_kw, results or Path(scratch), processes=processes,
            tell=lambda done, total: progress.update(bar, completed=done, total=total),
        )  # fmt: skip
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_IN_A_FILE
    print_value(found, console)
    if left := elsewhere(told):
        console.print(f"{left} sessions of the file are at EVSEs that the site does not have; they are left out.")
    if json:
        _write(found, json)


def print_value(found: Value, console: Console) -> None:
    """The month as a table, and what it says."""
    limit = f", at most {found.limit_kw:g} kW" if found.limit_kw else ""
    title = (
        f"{found.own.year}-{found.own.month:02d}: {found.sessions} sessions, {found.needed_kwh:,.0f} kWh wanted{limit}"
    )
    table = Table(title=title, title_justify="left")
    money = found.currency
    for head in (
        "",
        "energy met %",
        "peak kW",
        f"energy {money}",
        f"demand {money}",
        f"bill {money}",
        f"saved {money}",
        "%",
    ):
        table.add_column(head, justify="left" if not head else "right")
    at_once = found.ways[0].figures.cost
    for way in found.ways:
        costs, share = way.figures.costs, 100.0 * way.saved / at_once if at_once else 0.0
        energy = sum(amount for name, amount in costs.items() if name != "demand_charge")
        table.add_row(
            way.how, f"{way.figures.energy_percent:.1f}", f"{way.figures.peak_kw:.1f}", f"{energy:,.2f}",
            f"{costs.get('demand_charge', 0.0):,.2f}", f"{way.figures.cost:,.2f}", f"{way.saved:,.2f}", f"{share:.1f}",
        )  # fmt: skip
    console.print(table)
    for line in sentences(found):
        console.print(line)


def sentences(found: Value) -> list[str]:
    """What the table says, and what it does not."""
    ways = {way.how: way for way in found.ways}
    lines = []
    beside = How.AT_ONCE
    if found.breaks_limit_kw > 0.0:
        beside = How.SHARED
        lines.append(
            f"Every car at once breaks the limit by {found.breaks_limit_kw:.1f} kW: that month could not be run so."
        )
    online, told, best = (ways[how].saved - ways[beside].saved for how in (How.ONLINE, How.TOLD, How.FORESEEN))
    if best > 0.0:
        kept, if_true = 100.0 * online / best, 100.0 * told / best
        lines += [
            f"Beside {beside}, {best:,.0f} {found.currency} could have been saved. A plan that knew only who was there",
            f"and what drivers had said saves {kept:.0f} % of it; had drivers said true, {if_true:.0f} %.",
        ]
    missed = found.needed_kwh - ways[How.ONLINE].figures.energy_kwh
    if missed > 0.005 * found.needed_kwh:
        lines.append(
            f"Drivers who left sooner, or wanted more, than was known would have missed {missed:,.0f} kWh of it."
        )
    lines.append(
        "Periods of 15 minutes; stays are cut at 72 h; fixed charges are left out. Past months promise nothing."
    )
    return lines


def _write(found: Value, path: Path) -> None:
    from dataclasses import asdict
    from json import dumps

    path.write_text(dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
