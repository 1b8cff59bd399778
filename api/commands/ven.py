"""``chargewright ven``: this machine as a VEN of a utility."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="A utility's OpenADR 3 server, and whether we can work with it.", no_args_is_help=True)

SettingsFile = Annotated[
    Path, typer.Argument(metavar="SETTINGS", help="JSON: docs/demand-response.md, settings of a VEN.")
]


@app.callback()
def group() -> None:
    """Keeps ``check`` a command of its own while it is the only one."""


@app.command()
def check(
    settings: SettingsFile,
    no_report: Annotated[bool, typer.Option("--no-report", help="Send no test report.")] = False,
) -> None:
    """Token, scopes, programme, clock, registration, targets, a test event, the webhook's echo and a report."""
    from rich.console import Console

    from api.edges.openadr3.connection import Connection
    from api.edges.openadr3.ven import VenClient
    from api.sources import content
    from api.ven_check import steps
    from api.ven_settings import ven_settings

    console, failed = Console(highlight=False, emoji=False, soft_wrap=True), False
    given = ven_settings(content(settings))
    connection = Connection(given.credentials(os.environ.get("CHARGEWRIGHT_VEN_SECRET")), _now)
    try:
        for step in steps(VenClient(connection, given.version), given, _now, send_report=not no_report):
            console.print(f"{'pass' if step.passed else 'FAIL'}  {step.name:<18} {step.told}", markup=False)
            if not step.passed:
                console.print(f"      {step.remedy}", markup=False)
            failed |= not step.passed
    finally:
        connection.close()
    if failed:
        raise typer.Exit(1)


def _now() -> datetime:
    return datetime.now(UTC)
