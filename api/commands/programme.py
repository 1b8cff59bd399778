"""``chargewright programme`` and ``chargewright nominate``: terms, rosters, calls, and how many kW to nominate."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.commands.data import VARIABLE

app = typer.Typer(
    help="Demand-response programmes: their terms, who takes part, what may be called.", no_args_is_help=True
)

Terms = Annotated[str, typer.Argument(metavar="PROGRAMME", help="A name that `programme list` shows, or a JSON file.")]
Json = Annotated[Path | None, typer.Option(help="Write the answer here; - for standard output.")]
Window = Annotated[
    str | None, typer.Option(help="Other hours of the day, HH:MM-HH:MM, where the connection has others.")
]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


@app.command("list")
def list_all() -> None:
    """Name the programmes whose terms are known."""
    from models import programmes

    for name in programmes.names():
        one = programmes.load(name)
        told = f"{one.utility}, {one.title}" if one.utility else one.title
        typer.echo(f"{name:<16} {told} ({len(one.unverified)} terms not from a primary text)")


@app.command()
def show(programme: Terms) -> None:
    """Print the terms of a programme as JSON; a file is checked on the way."""
    from api.programmes.sources import programme_from
    from models.domain.programme import Programme
    from models.domain.wire import form_json

    typer.echo(form_json(Programme, programme_from(programme)))


@app.command()
def roster(
    files: Annotated[list[Path], typer.Argument(metavar="ROSTER...", help="JSON files, one for each programme.")],
) -> None:
    """Check who takes part in which programme, and name every EVSE that is in two at the same time."""
    from api.programmes.enrolling import overlap_line
    from api.sources import content
    from models.domain.roster import overlaps
    from models.domain.wire import read_roster

    rosters = [read_roster(content(file)) for file in files]
    for one in rosters:
        typer.echo(f"{one.programme}: {len(one.enrolments)} enrolments")
    found = overlaps(rosters)
    for overlap in found:
        typer.echo(overlap_line(overlap))
    if found:
        raise typer.Exit(2)


def nominate(
    programme: Terms,
    history: Annotated[
        str, typer.Argument(metavar="HISTORY", help="CSV with arrival, departure, energy; or acn:caltech, acn:jpl.")
    ],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the history.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Its last day.")],
    settle_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge it by days from here on, which it did not see.")
    ] = None,
    settle_to: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Up to this day.")] = None,
    power: Annotated[float, typer.Option(help="kW that EVSE and car can do together.", min=0.1, max=1000.0)] = 6.6,
    window: Window = None,
    folder: Annotated[Path | None, typer.Option(help=f"Where data sets are; {VARIABLE} unless given.")] = None,
    json: Json = None,
) -> None:
    """Say how many kW to nominate for a month, by what sessions of past days could have shed, and judge it."""
    from api.programmes.nominating import print_nomination
    from api.programmes.nomination_command import nominated
    from api.programmes.sources import programme_from, with_window
    from api.signal_report import plain_console

    told = nominated(
        with_window(programme_from(programme), window),
        history,
        (first.date(), last.date()),
        (settle_from.date(), settle_to.date()) if settle_from and settle_to else None,
        power_kw=power,
        folder=folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None),
    )
    print_nomination(told, plain_console(stderr=str(json) == "-"))
    if str(json) == "-":
        typer.echo(told.model_dump_json(indent=2))
    elif json:
        json.write_text(told.model_dump_json(indent=2) + "\n", encoding="utf-8")
