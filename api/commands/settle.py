"""``chargewright settle``: what events are paid, by which baseline, and the evidence for it."""

from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api.settling.document import SettlementDocument
from models.openadr.v3.channel import Version

app = typer.Typer(help="Settle demand-response events, and prove it.", no_args_is_help=True)

FAILED = 1
EVSE_KW = 7.4
Meter = Annotated[Path, typer.Argument(metavar="METER.csv", help="start, and site or EVSEs: mean kW.")]
Terms = Annotated[Path, typer.Argument(metavar="EVENTS.json", help="Programmes and the events they called.")]

Resource = Annotated[str, typer.Option(help="Name of the resource at the VTN.")]
Client = Annotated[str, typer.Option(help="Name of the VEN.")]
Spoken = Annotated[Version, typer.Option("--openadr-version", help="Of the VTN.")]


@app.command()
def run(
    meter: Meter,
    events: Terms,
    in_kwh: Annotated[bool, typer.Option("--kwh", help="The meter's file has kWh of its intervals.")] = False,
    sessions: Annotated[Path | None, typer.Option(help="CSV of sessions: for their replay, and for erosion.")] = None,
    evse_kw: Annotated[float, typer.Option(min=0.1, help="Of sessions that do not tell their power.")] = EVSE_KW,
    scenario: Annotated[Path | None, typer.Option(help="The day, to replay it by its everyday plan.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the statement here; - for standard output.")] = None,
    evidence: Annotated[Path | None, typer.Option(help="Write the evidence: a folder, or an archive NAME.zip.")] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Tables of the folder as Parquet as well.")] = False,
    openadr: Annotated[Path | None, typer.Option(help="Write the report of each event for its VTN into here.")] = None,
    resource: Resource = "site",
    client: Client = "chargewright",
    version: Spoken = Version.V3_1,
) -> None:
    """Settle all events of a file: baseline, delivery, payment, penalty, what comes back, and capacity by month."""
    from api.settling.building import settlement_of
    from api.settling.evidence import archive, package, write_folder
    from api.settling.inputs import Inputs, Options, case_of
    from api.settling.printing import print_settlement
    from api.signal_report import plain_console
    from api.sources import content

    inputs = Inputs(
        settling=content(events),
        meter=content(meter),
        sessions=content(sessions) if sessions else None,
        scenario=content(scenario) if scenario else None,
        options=Options(in_kwh=in_kwh, evse_kw=evse_kw),
    )
    case = case_of(inputs)
    told = settlement_of(case)
    print_settlement(told, ZoneInfo(case.settling.time_zone), plain_console(stderr=str(json) == "-"))
    if str(json) == "-":
        typer.echo(told.model_dump_json(indent=2))
    elif json:
        json.write_text(told.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if evidence and evidence.suffix == ".zip":
        evidence.write_bytes(archive(package(inputs)))
    elif evidence:
        write_folder(package(inputs), evidence, parquet=parquet)
    if openadr:
        _write_reports(told, openadr, client, resource, version)


def _write_reports(told: SettlementDocument, folder: Path, client: str, resource: str, version: Version) -> None:
    from api.settling.reports import Addressed, settled_report

    folder.mkdir(parents=True, exist_ok=True)
    for k, event in enumerate(told.events):
        to = Addressed(
            event_id=event.id, program_id=event.programme, client_name=client, resource=resource, version=version
        )
        path = folder / f"report-{k + 1}.json"
        path.write_text(dumps(settled_report(event, to), indent=2) + "\n", encoding="utf-8")


@app.command()
def outlook(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A JSON file, sample:NAME, or - for stdin.")],
    event: Annotated[str, typer.Option(help="Id of the event object that asks for it.")],
    minutes: Annotated[float, typer.Option(min=5.0, help="Of an interval.")] = 60.0,
    program: Annotated[str, typer.Option(help="Id of the program object; 3.0.1 wants it.")] = "",
    resource: Resource = "site",
    client: Client = "chargewright",
    version: Spoken = Version.V3_1,
) -> None:
    """Print an OpenADR 3 report of what is expected: usage, load that could be shed, batteries."""
    from api.planning import check
    from api.settling.reports import Addressed, outlook_report
    from api.sources import scenario_from
    from optimizer.response.outlook import outlook as expected

    given = scenario_from(scenario, datetime.now(UTC))
    check(given)
    to = Addressed(event_id=event, program_id=program, client_name=client, resource=resource, version=version)
    typer.echo(dumps(outlook_report(expected(given, minutes), to), indent=2))


@app.command()
def verify(
    evidence: Annotated[Path, typer.Argument(help="A folder or an archive that `settle run --evidence` wrote.")],
) -> None:
    """Make a settlement again from the inputs of its evidence, and say whether every byte is the same."""
    from api.settling.evidence import differences, unpacked

    files = unpacked(evidence)
    differing = differences(files)
    for name in differing:
        typer.echo(f"differs: {name}")
    if differing:
        raise typer.Exit(FAILED)
    typer.echo(f"all {len(files)} files are what their inputs make")


@app.command()
def methods() -> None:
    """Name the baseline methods, their constants, and where each is from."""
    from api.settling.printing import print_methods
    from api.signal_report import plain_console

    print_methods(plain_console())


@app.command()
def holdouts(
    units: Annotated[list[str], typer.Argument(help="EVSEs, sites or drivers.")],
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Chance of each to be left out.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of the lot: write it down before the event.")] = 0,
) -> None:
    """Draw by lot whom an event leaves alone, so that what it did can be told from what would have happened anyway."""
    from optimizer.response.holdouts import held_out

    for unit in held_out(units, share, seed):
        typer.echo(unit)


@app.command()
def effect(
    meter: Meter,
    events: Terms,
    event: Annotated[str, typer.Option(help="Id of the event.")],
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="As of the lot.")] = 0.1,
    seed: Annotated[int, typer.Option(help="As of the lot.")] = 0,
    days: Annotated[str, typer.Option(help="Method whose like days are what is usual.")] = "caiso_10_in_10",
    in_kwh: Annotated[bool, typer.Option("--kwh", help="The meter's file has kWh of its intervals.")] = False,
) -> None:
    """What an event did to an EVSE: the change of those that took part less that of those held out, with its error."""
    from api.settling.effects import effect_of
    from api.settling.inputs import Inputs, Options, case_of
    from api.sources import content

    inputs = Inputs(settling=content(events), meter=content(meter), options=Options(in_kwh=in_kwh))
    found = effect_of(case_of(inputs), event, days, share, seed)
    low, high = found.interval_kw
    typer.echo(
        f"{found.estimate_kw:+.3f} kW an EVSE, standard error {found.standard_error_kw:.3f}, "
        f"95 % from {low:+.3f} to {high:+.3f}; {found.treated} took part, {found.held_out} were held out"
    )
