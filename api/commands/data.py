"""``chargewright data``: which public data sets are known, where each can be had, and what is in the data folder."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.datasets.catalogue import CATALOGUE, Dataset, dataset
from models.datasets.files import existing, read
from models.domain.errors import InvalidScenario

VARIABLE = "CHARGEWRIGHT_DATA"

app = typer.Typer(help="Public data sets of real charging, prices and networks.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option("--folder", help=f"Where the files are; {VARIABLE} unless given.")]


@app.command("list")
def list_all(folder: Folder = None) -> None:
    """Name all data sets, and say which of them are in the data folder."""
    where = data_folder(folder)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for one in CATALOGUE:
        mark = "here   " if (where / one.file).is_file() else "missing"
        console.print(f"{mark}  {one.name:<20} {one.title} [{one.licence}]", markup=False)


@app.command()
def describe(name: str, folder: Folder = None) -> None:
    """Say what a data set is, where to get it, whom to name, and whether the file that is there is the known one."""
    one = dataset(name)
    for what, told in _about(one, data_folder(folder)):
        typer.echo(f"{what:<13}{told}")


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
    licence = one.licence if one.redistributable else f"{one.licence}; keep it to yourself"
    return [
        ("title", one.title),
        ("licence", licence),
        ("attribution", one.attribution),
        ("source", one.source),
        ("file", one.file),
        ("sha256", one.sha256),
        ("state", _state(one, folder)),
    ]


def _state(one: Dataset, folder: Path) -> str:
    try:
        existing(folder, one)
        read(folder, one)
    except InvalidScenario as lacking:
        return str(lacking.findings[0])
    return "here, and it is the known file"
