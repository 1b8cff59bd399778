"""``chargewright ven``: this machine as a VEN of a utility."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.domain.findings import Finding
from models.domain.utility_signal import UtilitySignal

if TYPE_CHECKING:
    from api.edges.openadr3.ven import VenClient
    from api.ven_settings import VenSettings

app = typer.Typer(help="A utility's OpenADR 3 server, and whether we can work with it.", no_args_is_help=True)

OptionalFile = Annotated[
    Path | None, typer.Argument(metavar="SETTINGS", help="JSON: docs/demand-response.md; or name a connection.")
]
SettingsFile = Annotated[
    Path, typer.Argument(metavar="SETTINGS", help="JSON: docs/demand-response.md, settings of a VEN.")
]


@app.command()
def check(
    settings: OptionalFile = None,
    connection: Annotated[str, typer.Option(help="Of the service, in place of a file: its id.")] = "",
    tenant: Annotated[str, typer.Option(help="Whose connection it is.")] = "default",
    no_report: Annotated[bool, typer.Option("--no-report", help="Send no test report.")] = False,
) -> None:
    """Token, scopes, programme, clock, registration, targets, a test event, the webhook's echo and a report."""
    from api.ven_check import steps

    failed = False
    client, given = _of_connection(tenant, connection) if connection else _of_file(settings)
    try:
        for step in steps(client, given, _now, send_report=not no_report):
            typer.echo(f"{'pass' if step.passed else 'FAIL'}  {step.name:<18} {step.told}")
            if not step.passed:
                typer.echo(f"      {step.remedy}")
            failed |= not step.passed
    finally:
        client.connection.close()
    if failed:
        raise typer.Exit(1)


def _of_file(settings: Path | None) -> "tuple[VenClient, VenSettings]":
    from api.edges.openadr3.connection import Connection
    from api.edges.openadr3.ven import VenClient
    from api.sources import content
    from api.ven_settings import ven_settings

    if settings is None:
        raise typer.BadParameter("name a file of settings, or --connection of the service")
    given = ven_settings(content(settings))
    connection = Connection(given.credentials(os.environ.get("CHARGEWRIGHT_VEN_SECRET")), _now)
    return VenClient(connection, given.version), given


def _of_connection(tenant: str, id: str) -> "tuple[VenClient, VenSettings]":
    """As the service has it, with its secrets and from the same network; raises NotFound, EdgeError."""
    from api.connections.checking import client_and_settings
    from api.settings import ServiceSettings
    from api.store.opening import open_store

    settings = ServiceSettings()
    store = open_store(settings.database_url)
    try:
        return client_and_settings(settings, store, tenant, id, _now)
    finally:
        store.close()


@app.command()
def events(
    settings: SettingsFile,
    hours: Annotated[float, typer.Option(help="From now on, for how long.", min=0.0, max=87600.0)] = 48.0,
    write: Annotated[Path | None, typer.Option(help="Write the signals here, for `signals fold`.")] = None,
) -> None:
    """Ask a VTN of OpenADR 3 for its events once, and say what holds when, and what of them is refused."""
    from api.edges.openadr3.connection import Connection
    from api.edges.openadr3.ven import VenClient
    from api.sources import content
    from api.ven_events import heard_once
    from api.ven_settings import ven_settings

    given = ven_settings(content(settings))
    connection = Connection(given.credentials(os.environ.get("CHARGEWRIGHT_VEN_SECRET")), _now)
    try:
        heard = heard_once(VenClient(connection, given.version), given, _now)
    finally:
        connection.close()
    _tell(heard.signals, heard.findings, hours, write)


@app.command()
def events20b(
    url: Annotated[str, typer.Argument(help="Of the VTN, as in https://vtn.example.com/OpenADR2/Simple/2.0b.")],
    name: Annotated[str, typer.Option(help="Our VEN name.")],
    ven_id: Annotated[str | None, typer.Option(help="Our VEN id, where the VTN has given one.")] = None,
    cert: Annotated[Path | None, typer.Option(help="Our certificate, PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    ca: Annotated[Path | None, typer.Option(help="The certificate authority of the VTN, PEM.")] = None,
    power_in_kw: Annotated[float | None, typer.Option(help="kW in a power that is told without a unit.")] = None,
    currency: Annotated[str, typer.Option(help="Of prices that are told without a unit, per kWh.")] = "",
    opt_out: Annotated[bool, typer.Option("--opt-out", help="Answer every event optOut.")] = False,
    hours: Annotated[float, typer.Option(help="From now on, for how long.", min=0.0, max=87600.0)] = 48.0,
    write: Annotated[Path | None, typer.Option(help="Write the signals here, for `signals fold`.")] = None,
) -> None:
    """Register at a VTN of OpenADR 2.0b, answer its events once, and say what holds when."""
    import asyncio

    from api.edges.openadr2_vtn import Vtn20b
    from api.ven_events import answered_once
    from models.openadr.v20b import Channel20b

    cert_file, key_file, ca_file = (str(file) if file else None for file in (cert, key, ca))
    vtn = Vtn20b(url=url, ven_name=name, ven_id=ven_id, cert_file=cert_file, key_file=key_file, ca_file=ca_file)
    channel = Channel20b(source=url, power_in_kw=power_in_kw, prices_per_kwh=bool(currency), currency=currency)
    answers = asyncio.run(answered_once(vtn, channel, _now, opt_in=not opt_out))
    signals = tuple(signal for answer in answers for signal in answer.signals)
    findings = tuple(finding for answer in answers for finding in answer.findings)
    for answer in answers:
        typer.echo(f"{answer.event_id}: {'optIn' if answer.opts_in else 'optOut'} {answer.code}")
    _tell(signals, findings, hours, write)


def _tell(signals: tuple[UtilitySignal, ...], findings: tuple[Finding, ...], hours: float, write: Path | None) -> None:
    from api.signal_report import plain_console, print_refused, print_timeline
    from models.domain.timeline import fold
    from models.domain.wire import signals_json

    begin, console = _now(), plain_console()
    print_timeline(fold(signals, begin, begin + timedelta(hours=hours)), console)
    print_refused(findings, console)
    if write:
        write.write_text(signals_json(signals, indent=2) + "\n", encoding="utf-8")


def _now() -> datetime:
    return datetime.now(UTC)
