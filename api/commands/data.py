"""``chargewright data``: which public data sets are known, what is in the data folder, and the rest fetched."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from models.datasets.acn import SITES as GARAGES
from models.datasets.acn_api import API, ATTRIBUTION, SITES
from models.datasets.acn_network import TIME_ZONE
from models.datasets.catalogue import CATALOGUE, Dataset, dataset
from models.datasets.files import existing, read
from models.domain.errors import InvalidScenario

VARIABLE = "CHARGEWRIGHT_DATA"
ACN_TOKEN = "CHARGEWRIGHT_ACN_TOKEN"

app = typer.Typer(help="Public data sets of real charging, prices and networks.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option("--folder", help=f"Where the files are; {VARIABLE} unless given.")]


@app.command("list")
def list_all(folder: Folder = None) -> None:
    """Name all data sets, and say which of them are in the data folder."""
    where = data_folder(folder)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for one in CATALOGUE:
        mark = "here   " if (where / one.file).is_file() else "fetch  " if one.fetchable else "by hand"
        console.print(f"{mark}  {one.name:<20} {one.title} [{one.licence}]", markup=False)


@app.command()
def describe(name: str, folder: Folder = None) -> None:
    """Say what a data set is, where to get it, whom to name, and whether the file that is there is the known one."""
    one = dataset(name)
    for what, told in _about(one, data_folder(folder)):
        typer.echo(f"{what:<13}{told}")


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Data sets; all that can be fetched unless named.")] = None,
    folder: Folder = None,
) -> None:
    """Get data sets from where they are published, check them, and say whom to name. What is there is kept."""
    from api.fetching import fetched

    where = data_folder(folder)
    wanted = [dataset(name) for name in names] if names else [one for one in CATALOGUE if one.fetchable]
    for one in wanted:
        came = fetched(one, where)
        typer.echo(f"{one.name}: {'fetched' if came else 'here already'}, {where / one.file}")
        typer.echo(f"  {_licence(one)}; name {one.attribution}")


@app.command()
def acn(
    site: Annotated[str, typer.Argument(help=f"One of {', '.join(SITES)}.")],
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, on the site's clock.")],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last one.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the sessions file is written.")] = Path(
        "sessions.csv"
    ),
    url: Annotated[str, typer.Option(help="Another address of the API.")] = API,
) -> None:
    """Get sessions from the API of ACN-Data with the token in CHARGEWRIGHT_ACN_TOKEN; drivers are named anew."""
    from api.fetching import acn_sessions
    from api.importing import KEY_FILE, Names, keep_sessions

    if site not in SITES:
        raise typer.BadParameter(f"{site} is none of {', '.join(SITES)}")
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise typer.BadParameter(f"--url: the token goes over https only, not to {url}")
    token = os.environ.get(ACN_TOKEN)
    if not token:
        raise typer.BadParameter(f"{ACN_TOKEN} has no token; get one at ev.caltech.edu/dataset")
    first, last = (day.replace(tzinfo=ZoneInfo(TIME_ZONE)) for day in (start, end))
    found = acn_sessions(site, first, last, token, Names(out.parent / KEY_FILE), url)
    keep_sessions(found, out)
    typer.echo(f"{out}: {len(found.sessions)} sessions, {len(found.left_out)} left out")
    typer.echo(f"  terms of ACN-Data; keep it to yourself; name {ATTRIBUTION}")


@app.command()
def sessions(
    site: Annotated[str, typer.Argument(help="caltech or jpl.")],
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, on the site's clock.")],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last one.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the sessions file is written.")] = Path(
        "sessions.csv"
    ),
    folder: Folder = None,
) -> None:
    """Take sessions of a garage out of acn-blocks, which data fetch gets: months between 2019 and 2021."""
    from api.importing import keep_sessions
    from models.datasets.acn import between, blocks
    from models.datasets.imported import Imported

    if site not in GARAGES:
        raise typer.BadParameter(f"{site} is none of {', '.join(GARAGES)}")
    first, last = (day.replace(tzinfo=ZoneInfo(TIME_ZONE)) for day in (start, end))
    found = between(blocks(data_folder(folder), site), first, last)
    if not found:
        raise typer.BadParameter(f"there are no sessions of {site} in this time; the blocks have gaps")
    keep_sessions(Imported(found), out)
    one = dataset("acn-blocks")
    typer.echo(f"{out}: {len(found)} sessions")
    typer.echo(f"  {_licence(one)}; name {one.attribution}")


def data_folder(given: Path | None) -> Path:
    """The folder of the command line, else that of the environment.

    Raises:
        typer.BadParameter: neither names one.
    """
    told = given or os.environ.get(VARIABLE)
    if not told:
        raise typer.BadParameter(f"--folder or {VARIABLE} must name the folder with the data")
    return Path(told)


def _about(one: Dataset, folder: Path) -> list[tuple[str, str]]:
    return [
        ("title", one.title),
        ("licence", _licence(one)),
        ("attribution", one.attribution),
        ("source", one.source),
        ("file", one.file),
        ("sha256", one.sha256),
        ("state", _state(one, folder)),
    ]


def _licence(one: Dataset) -> str:
    return one.licence if one.redistributable else f"{one.licence}; keep it to yourself"


def _state(one: Dataset, folder: Path) -> str:
    try:
        existing(folder, one)
        read(folder, one)
    except InvalidScenario as lacking:
        return str(lacking.findings[0])
    return "here, and it is the known file"
