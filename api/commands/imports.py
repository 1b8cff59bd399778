"""``chargewright import``: what a CPO has, as a site file and a sessions file that plan, value and backtest read."""

import csv as csv_format
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.datasets.csv_columns import ColumnMap, Guess
from models.datasets.imported import Imported, told_counts
from models.datasets.pseudonyms import Named
from models.domain.findings import Assumption, Finding

app = typer.Typer(
    help="Locations, CDRs, exports of sessions, tariffs and prices into files that plan, value and backtest read.",
    no_args_is_help=True,
)

SHOWN = 8
"""Rows with a reason that are printed; --doubts writes all of them."""

Files = Annotated[list[Path], typer.Argument(help="Exports; what stands in several counts once.")]
Output = Annotated[Path, typer.Option("--out", "-o", help="Where the sessions file is written.")]
Key = Annotated[
    Path | None,
    typer.Option(
        help="File with the key that names drivers; made beside the output where there is none. Keep it apart."
    ),
]
NoDrivers = Annotated[bool, typer.Option("--no-drivers", help="Leave drivers out altogether.")]
Doubts = Annotated[Path | None, typer.Option("--doubts", help="Write every row with a reason here, as CSV.")]
Drop = Annotated[bool, typer.Option("--drop-doubtful", help="Leave doubtful rows out as well.")]
Zone = Annotated[str | None, typer.Option("--time-zone", help="The site's clock, as Europe/Berlin.")]
Location = Annotated[str | None, typer.Option(help="Id of the location, where a file has several.")]


@app.command("ocpi-locations")
def ocpi_locations(
    file: Annotated[
        Path, typer.Argument(help="JSON of locations: a list, or the endpoint's answer. 2.1.1, 2.2.1, 2.3.0.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the site file is written.")] = Path("site.json"),
    limit_kw: Annotated[float | None, typer.Option(min=0.1, help="What the connection may draw. [kW]")] = None,
    location: Location = None,
    time_zone: Zone = None,
) -> None:
    """Make a site of an OCPI location: its EVSEs with voltage, current, phases and plugs, below one connection."""
    from api.importing import import_location
    from models.domain.scenario import Scenario
    from models.domain.wire import scenario_json

    found = import_location(file, location, limit_kw=limit_kw, time_zone=time_zone)
    out.write_text(scenario_json(Scenario(site=found.site), indent=2) + "\n", encoding="utf-8")
    console = _console()
    console.print(f"{out}: {found.site.id}, {len(found.site.evses)} EVSEs, {found.site.time_zone}")
    _print_assumptions(found.assumptions, console)
    _print_findings("left out", found.left_out, console)


@app.command("ocpi-cdrs")
def ocpi_cdrs(
    files: Files,
    out: Output = Path("sessions.csv"),
    location: Location = None,
    key: Key = None,
    no_drivers: NoDrivers = False,
    doubts: Doubts = None,
    drop_doubtful: Drop = False,
) -> None:
    """Make past sessions of OCPI charge detail records; tokens are named anew on the way in."""
    from api.importing import import_cdrs, keep_sessions

    found = _settled(import_cdrs(files, _named(out, key, no_drivers), location), drop_doubtful)
    keep_sessions(found, out)
    _print_sessions(found, out, doubts)


@app.command("csv")
def csv(
    files: Files,
    out: Output = Path("sessions.csv"),
    time_zone: Zone = None,
    column: Annotated[
        list[str] | None, typer.Option(help="What a column is, as in --column energy='Energy used'; may be repeated.")
    ] = None,
    known: Annotated[Path | None, typer.Option("--map", help="A map that was kept, in place of a guess.")] = None,
    site: Annotated[Path | None, typer.Option("--site", help="Write a site of these EVSEs here as well.")] = None,
    limit_kw: Annotated[float | None, typer.Option(min=0.1, help="What its connection may draw. [kW]")] = None,
    evse_kw: Annotated[float | None, typer.Option(min=0.1, help="Power of each EVSE, if not concluded. [kW]")] = None,
    key: Key = None,
    no_drivers: NoDrivers = False,
    doubts: Doubts = None,
    drop_doubtful: Drop = False,
) -> None:
    """Make past sessions of a CSV export: separator, units, clock and columns are guessed, shown and kept."""
    from api.importing import import_csv, keep_map, keep_sessions

    if site and limit_kw is None:
        raise typer.BadParameter("--site needs --limit-kw: no export tells what a connection may draw")
    told = _columns(column or [])
    named = _named(out, key, no_drivers)
    came = import_csv(files, named, time_zone=time_zone, told=told, known=known)
    kept = out.with_suffix(".map.json")
    if known is None:
        keep_map(came.guess.columns, kept)
    found = _settled(came.found, drop_doubtful)
    keep_sessions(found, out)
    _print_map(came.guess, known or kept)
    _print_sessions(found, out, doubts)
    if site and limit_kw:
        _write_site(found, site, time_zone or came.guess.columns.time_zone or "UTC", limit_kw, evse_kw)


@app.command("tariff")
def tariff(
    file: Annotated[Path, typer.Argument(help="A rate of the Utility Rate Database, as JSON with detail=full.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the tariff is written.")] = Path("tariff.json"),
    holidays: Annotated[str | None, typer.Option(help="Calendar whose holidays count as weekends, as US-CA.")] = None,
) -> None:
    """Make a tariff of a rate of the URDB; what it has and a tariff has not is told."""
    from api.sources import json_of
    from models.datasets.urdb import urdb_tariff
    from models.samples.rendering import render_value

    found = urdb_tariff(json_of(file), holiday_calendar=holidays)
    out.write_text(render_value(found.tariff), encoding="utf-8")
    console = _console()
    console.print(f"{out}: {found.tariff.name}, {len(found.tariff.demand_charges)} demand charges", markup=False)
    for line in found.left_out:
        console.print(f"  left out: {line}", markup=False)


@app.command("prices")
def prices(
    file: Annotated[Path, typer.Argument(help="Prices per MWh as CSV: a download of SMARD, an export of ENTSO-E.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the tariff is written.")] = Path("tariff.json"),
    column: Annotated[str | None, typer.Option(help="Which price, by a part of its heading.")] = None,
    start: Annotated[datetime | None, typer.Option("--from", help="From when on, in UTC.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Until when, in UTC.")] = None,
    adder: Annotated[float, typer.Option(help="Fees and taxes of every kWh.")] = 0.0,
    currency: Annotated[str, typer.Option(help="Of the prices.")] = "EUR",
) -> None:
    """Make a tariff of day-ahead prices; a price that lacks is told and never filled."""
    from api.importing import bytes_of
    from models.datasets.price_csv import prices_of
    from models.domain.tariff import Tariff
    from models.domain.units import minutes_from_seconds
    from models.samples.rendering import render_value

    bounds = {"start": start and start.replace(tzinfo=UTC), "end": end and end.replace(tzinfo=UTC)}
    found = prices_of(bytes_of(file), column=column, adder_per_kwh=adder, **bounds)
    name = f"{found.column}, with {adder:g} {currency}/kWh on top" if adder else found.column
    tariff = Tariff(currency=currency, import_price=found.prices, name=name, source=file.name)
    out.write_text(render_value(tariff), encoding="utf-8")
    steps, minutes = found.prices.steps, minutes_from_seconds(found.step.total_seconds())
    span = f"{steps[0].start:%Y-%m-%d %H:%M} to {found.prices.end:%Y-%m-%d %H:%M} UTC"
    console = _console()
    console.print(f"{out}: {len(steps)} prices of {minutes:g} minutes, {span}, of {found.column}", markup=False)


def _named(out: Path, key: Path | None, no_drivers: bool) -> Named:
    from api.importing import KEY_FILE, Names, nobody

    return nobody if no_drivers else Names(key or out.parent / KEY_FILE)


def _settled(found: Imported, drop_doubtful: bool) -> Imported:
    from models.datasets.imported import without_doubtful

    return without_doubtful(found) if drop_doubtful else found


def _columns(told: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in told:
        ours, equals, theirs = one.partition("=")
        if not equals:
            raise typer.BadParameter(f"--column: {one} is not of the form energy='Energy used'")
        found[ours.strip()] = theirs.strip()
    return found


def _write_site(found: Imported, path: Path, zone: str, limit_kw: float, evse_kw: float | None) -> None:
    from models.datasets.site_of_sessions import site_of_sessions
    from models.domain.scenario import Scenario
    from models.domain.wire import scenario_json

    site, assumptions = site_of_sessions(
        found.sessions, name=path.stem, time_zone=zone, limit_kw=limit_kw, evse_kw=evse_kw
    )
    path.write_text(scenario_json(Scenario(site=site), indent=2) + "\n", encoding="utf-8")
    console = _console()
    console.print(f"{path}: {len(site.evses)} EVSEs below {limit_kw:g} kW, {zone}")
    _print_assumptions(assumptions, console)


def _print_map(guess: Guess, path: Path) -> None:
    console = _console()
    console.print(f"read as follows; kept in {path}, which --map takes:", markup=False)
    for field in fields(ColumnMap):
        told = getattr(guess.columns, field.name)
        if told is not None:
            console.print(
                f"  {field.name:<17} {told!r}" if isinstance(told, str) else f"  {field.name:<17} {told}", markup=False
            )
    for line in guess.doubts:
        console.print(f"  look at this: {line}", markup=False)


def _print_sessions(found: Imported, out: Path, doubts: Path | None) -> None:
    console = _console()
    if found.sessions:
        first, last = found.sessions[0].arrival, found.sessions[-1].arrival
        kwh, evses = sum(one.energy_kwh for one in found.sessions), len({one.evse for one in found.sessions})
        span = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        console.print(f"{out}: {len(found.sessions)} sessions at {evses} EVSEs, {span}, {kwh:,.0f} kWh", markup=False)
    else:
        console.print(f"{out}: no sessions", markup=False)
    _print_findings("left out", found.left_out, console)
    _print_findings("doubtful", found.doubtful, console)
    if doubts:
        _write_doubts(found, doubts)
        console.print(f"{doubts}: all of these rows", markup=False)


def _print_findings(title: str, findings: Sequence[Finding], console: Console) -> None:
    for reason, count in told_counts(findings):
        console.print(f"  {title}: {count} x {reason}", markup=False)
    for finding in findings[:SHOWN]:
        console.print(f"    {finding.path}: {finding.message}", markup=False)
    if len(findings) > SHOWN:
        console.print(f"    and {len(findings) - SHOWN} more", markup=False)


def _print_assumptions(assumptions: Sequence[Assumption], console: Console) -> None:
    for one in assumptions[:SHOWN]:
        console.print(f"  assumed: {one.what} = {one.value}: {one.source}", markup=False)
    if len(assumptions) > SHOWN:
        console.print(f"  and {len(assumptions) - SHOWN} more like these", markup=False)


def _write_doubts(found: Imported, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv_format.writer(file)
        lines.writerow(["what became of it", "where", "reason", "in words"])
        for became, findings in (("left out", found.left_out), ("doubtful", found.doubtful)):
            lines.writerows([became, one.path, one.ids[0] if one.ids else "", one.message] for one in findings)


def _console() -> Console:
    return Console(highlight=False, emoji=False, soft_wrap=True)
