"""The command ``chargewright``.

Exit codes: 0 planned, whichever plan it is; 2 the input or the command line is wrong; 3 the data of a device contradict
each other, so that no action can satisfy them; 1 an error of ours, or a plan that its audit refuses.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from api.commands.later import Later
from models.domain.errors import ChargingError, InvalidScenario, NoFeasibleSchedule
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.sending import PlanPurpose, Version
from models.domain.site import RateUnit
from optimizer.deadline import prepare_workers

# What a command needs beyond this is imported inside it: plotly, pyomo and fastapi take longer than a plan. Those of
# api.commands are imported when they are asked for.

FAILED, INVALID, IMPOSSIBLE = 1, 2, 3
WIDTH_IN_A_FILE = 160
"""Columns of a report that does not go to a terminal."""

app = typer.Typer(
    cls=Later,
    help="Smart charging for depots and charge point operators: who charges when, within every limit, at least cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Source = Annotated[str, typer.Argument(metavar="SCENARIO", help="A JSON file, sample:NAME, or - for standard input.")]


def main() -> None:
    """Run the command; whatever happens, what the user sees is a sentence."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot draw a block shows a question mark
    try:
        app()
    except KeyboardInterrupt:
        _end(["interrupted"], 130)
    except BrokenPipeError:
        # The reader of our output went away, as in `| head`; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except InvalidScenario as invalid:
        _end_with_findings("The input is not a scenario that can be planned:", invalid.findings, INVALID)
    except NoFeasibleSchedule as impossible:
        _end_with_findings("No action can satisfy these data:", impossible.findings, IMPOSSIBLE)
    except ChargingError as error:
        _end([str(error)], FAILED)
    except OSError as error:
        _end([f"{error.filename or 'a file'} cannot be written: {error.strerror or error}"], INVALID)
    except Exception as error:
        if os.environ.get("CHARGEWRIGHT_TRACEBACK"):
            raise
        _end([f"an error of ours: {type(error).__name__}: {error}", "CHARGEWRIGHT_TRACEBACK=1 shows where"], FAILED)


@app.command()
def plan(
    scenario: Source,
    ocpp: Annotated[Version | None, typer.Option(help="Add OCPP requests of this version to the JSON.")] = None,
    purpose: Annotated[
        PlanPurpose | None,
        typer.Option("--ocpp-purpose", help="Which profile carries a plan, unless its station says its own."),
    ] = None,
    bundle: Annotated[
        bool, typer.Option("--ocpp-bundle", help="Add station maxima and the fail-safe default of each EVSE.")
    ] = False,
    followed: Annotated[
        float | None,
        typer.Option("--ocpp-minutes", min=1.0, help="How long stations follow the plan before their fail-safe holds."),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the whole plan here; - for standard output.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the plan on one self-contained page here.")] = None,
    now: Annotated[datetime | None, typer.Option(help="Plan as if it were this time, in UTC.")] = None,
    deadline: Annotated[
        float | None, typer.Option(help="Seconds until there must be a plan, the best there is by then; 60 unless set.")
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(help="The plan before, as --json wrote it: stayed close to, at worst carried over."),
    ] = None,
    sessions: Annotated[
        str | None, typer.Option(help="Past sessions to plan a day of: a file of chargewright import, or sample:NAME.")
    ] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of --sessions.")] = None,
    why: Annotated[
        str | None, typer.Option(help="Say for every setpoint of this session what keeps it from being higher.")
    ] = None,
    solver_log: Annotated[bool, typer.Option("--solver-log", help="Print what the solver says.")] = False,
) -> None:
    """Plan a scenario and say who gets how much, when, at what cost, and what is missed and why."""
    from api.build_document import document
    from api.planning import plan as planned
    from api.previous import previous_from
    from api.report import print_holds, print_report
    from api.sources import scenario_from
    from models.ocpp.manner import Manner
    from optimizer.settings import Settings

    if (purpose or bundle or followed) and ocpp is None:
        raise typer.BadParameter("--ocpp-purpose, --ocpp-bundle and --ocpp-minutes need --ocpp VERSION")
    moment = now.replace(tzinfo=UTC) if now else datetime.now(UTC)
    answer = planned(
        _past_day(scenario, sessions, day) if sessions else scenario_from(scenario, moment),
        settings=Settings(steady=True, solver_log=solver_log),
        now=moment,
        ocpp=Manner(version=ocpp, purpose=purpose, bundle=bundle) if ocpp else None,
        followed_minutes=followed,
        deadline_s=_seconds(deadline),
        previous=previous_from(previous) if previous else None,
    )
    told = document(answer)
    json_to_stdout = str(json) == "-"
    if why is not None and why not in (names := [session.session_id for session in told.sessions]):
        raise typer.BadParameter(f"--why: no session is called {why}; there are {', '.join(names[:5])}, ...")
    print_report(told, _console(stderr=json_to_stdout))
    if why is not None:
        print_holds(told, why, _console(stderr=json_to_stdout))
    if json_to_stdout:
        typer.echo(told.model_dump_json(indent=2))
    elif json:
        json.write_text(told.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if plot:
        from api.plot import write_plot

        write_plot(answer, plot)
    if not answer.audit.passed:
        raise typer.Exit(FAILED)


@app.command()
def samples() -> None:
    """List the sites that come with chargewright."""
    from models import samples as shipped

    console = _console()
    for name in shipped.names():
        console.print(f"[bold]sample:{name}[/]  {shipped.describe(name)}")
    console.print(f"\nPlan one with: chargewright plan sample:{shipped.names()[0]}")


@app.command()
def validate(scenario: Source) -> None:
    """Say everything that is wrong with a scenario, without planning it."""
    from api.planning import check
    from api.sources import scenario_from

    given = scenario_from(scenario, datetime.now(UTC))
    check(given)
    _console().print(
        f"valid: {len(given.site.evses)} EVSEs, {len(given.sessions)} sessions, {len(given.visits)} visits"
    )


@app.command()
def worth(scenario: Source) -> None:
    """Say what each part of a site earns: the same day planned without it, both billed alike."""
    from api.planning import check
    from api.report import print_worths
    from api.sources import scenario_from
    from optimizer.worth import worths

    given = scenario_from(scenario, datetime.now(UTC))
    check(given)
    print_worths(worths(given), _console())


@app.command()
def flexibility(
    scenario: Source,
    start: Annotated[datetime, typer.Option(help="When the window begins, local time of the site.")],
    minutes: Annotated[float, typer.Option(help="How long it lasts.")],
    direction: Annotated[str, typer.Option(help="reduce or turn_up: less import than planned, or more.")] = "reduce",
) -> None:
    """Say how many kW a site can shed or take up in a window, at what cost, and who would feel it."""
    from api.flexibility import print_flexibility
    from api.planning import check
    from api.sources import scenario_from
    from optimizer.flexibility import Direction
    from optimizer.flexibility import flexibility as curve

    if direction not in list(Direction):
        raise typer.BadParameter(f"--direction: {direction} is neither reduce nor turn_up")
    given = scenario_from(scenario, datetime.now(UTC))
    check(given)
    zone = ZoneInfo(given.site.time_zone)
    found = curve(given, Direction(direction), start.replace(tzinfo=zone), timedelta(minutes=minutes))
    print_flexibility(found, zone, _console())


@app.command()
def event(
    scenario: Source,
    name: Annotated[str, typer.Option("--id", help="Id of the event among the signals of the scenario.")],
    json: Annotated[Path | None, typer.Option(help="Write the answer here; - for standard output.")] = None,
) -> None:
    """Say whether to take part in an event: the day with it beside the day without it."""
    from api.event import event_document, print_event
    from api.planning import check
    from api.sources import scenario_from
    from optimizer.response.opt_in import opt_in

    given = scenario_from(scenario, datetime.now(UTC))
    check(given)
    told = event_document(opt_in(given, name))
    print_event(told, ZoneInfo(given.site.time_zone), _console(stderr=str(json) == "-"))
    if str(json) == "-":
        typer.echo(told.model_dump_json(indent=2))
    elif json:
        json.write_text(told.model_dump_json(indent=2) + "\n", encoding="utf-8")


@app.command()
def composite(
    profiles: Annotated[Path, typer.Argument(help="A JSON file of the profiles that are installed; see docs/ocpp.md.")],
    start: Annotated[datetime, typer.Option(help="From when on, in UTC.")],
    evse: Annotated[int, typer.Option(help="Number of the EVSE at its station; 0 for the connection.")] = 1,
    hours: Annotated[float, typer.Option(help="For how long.")] = 24.0,
    unit: Annotated[RateUnit, typer.Option(help="Unit of the answer.")] = RateUnit.A,
    worse: Annotated[bool, typer.Option("--worse", help="The higher limit of both readings of precedence.")] = False,
) -> None:
    """Say what a station makes of all charging profiles that are installed on it."""
    from api.stations import offered

    for line in offered(profiles, evse, start.replace(tzinfo=UTC), hours, unit, worse=worse):
        typer.echo(line)


@app.command()
def station(
    answer: Annotated[Path, typer.Argument(help="Its GetConfiguration answer (1.6), or GetVariables or report (2.x).")],
    ocpp: Annotated[Version, typer.Option(help="Its version.")],
    name: Annotated[str, typer.Option(help="Id of the station in your scenario.")] = "station",
    vendor: Annotated[str, typer.Option(help="As in its BootNotification.")] = "",
    model: Annotated[str, typer.Option(help="As in its BootNotification.")] = "",
    firmware: Annotated[str, typer.Option(help="As in its BootNotification.")] = "",
) -> None:
    """Say what a station can take, from what it told and what is known of its make."""
    from api.stations import capabilities
    from models.ocpp.station import Identity

    identity = Identity(station_id=name, vendor=vendor, model=model, firmware=firmware)
    typer.echo(capabilities(answer, ocpp, identity))


@app.command()
def heard(
    message: Annotated[Path, typer.Argument(help='A message as it came: [2, "id", "MeterValues", {...}].')],
    ocpp: Annotated[Version, typer.Option(help="Its version.")],
    name: Annotated[str, typer.Option(help="Id of the station.")] = "station",
) -> None:
    """Say what a station said: sessions, measurements, needs and limits, and what is odd about the message."""
    from api.stations import heard as read

    typer.echo(read(message, ocpp, name, datetime.now(UTC)))


@app.command()
def cure(scenario: Source) -> None:
    """Say which limits and targets conflict, and the least change of either after which every target is met."""
    from api.cure import print_cure
    from api.planning import check
    from api.sources import scenario_from
    from optimizer.cure import cure as cured

    given = scenario_from(scenario, datetime.now(UTC))
    check(given)
    print_cure(cured(given), _console())


@app.command()
def learn(
    sessions: Annotated[
        Path, typer.Argument(help="CSV of past sessions: arrival, departure, energy [kWh], maybe driver_group.")
    ],
    time_zone: Annotated[str, typer.Option(help="The site's clock, as in its scenario.")] = "UTC",
    skip: Annotated[bool, typer.Option("--skip", help="Leave out rows that cannot be read, and say so.")] = False,
) -> None:
    """Count how long drivers stayed and how much they took: prints what `site.habits` of a scenario is to be."""
    from api.learning import habits_from
    from models.domain.wire import habits_json

    try:
        habits, left_out = habits_from(sessions, time_zone, skip=skip)
    except InvalidScenario as unreadable:
        _end_with_findings("These past sessions cannot be counted:", unreadable.findings, INVALID)
    typer.echo(habits_json(habits))
    for finding in left_out:
        typer.echo(f"left out: {finding}", err=True)


@app.command()
def limitations(
    records: Annotated[Path, typer.Argument(help="A JSON list: limits in force, measurements; see docs/ocpi.md.")],
) -> None:
    """Say when sessions were held below what they could take, how low, and why: to waive or prove time-based fees."""
    from api.limitations import ledger_of

    typer.echo(ledger_of(records))


@app.command()
def doctor() -> None:
    """Look at the versions in use, the time zone data, and whether the solver finds a known optimum."""
    from api.doctor import checks

    console, failed = _console(), False
    for check in checks():
        mark = "[green]ok[/]  " if check.passed else "[bold red]FAIL[/]"
        console.print(f"{mark} {check.name:<13}", end="")
        console.print(check.told, markup=False)
        failed |= not check.passed
    if failed:
        raise typer.Exit(FAILED)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; CHARGEWRIGHT_HOST, else 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; CHARGEWRIGHT_PORT, else 8080.")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Answer everybody, without an API key.")] = False,
) -> None:
    """Serve plans over HTTP: POST /v1/plans, described at /docs."""
    from api.serving import serve as run

    refusal = run(host=host, port=port, insecure=insecure)
    if refusal:
        _end(refusal, INVALID)


@app.command()
def demo(
    page: Annotated[Path, typer.Option(help="Where the picture is written.")] = Path("demo.html"),
) -> None:
    """One day of a real garage, with and without a plan, in a few figures and one picture."""
    prepare_workers("optimizer.ladder")  # while this process imports what it needs itself
    from api.demo import tell

    console = _console()
    for line in tell(page):
        console.print(line, soft_wrap=True)


def _past_day(site: str, sessions: str, day: datetime | None) -> Scenario:
    """The site on a day of its past sessions."""
    from api.own_data import day_of, sessions_from, site_scenario

    if day is None:
        raise typer.BadParameter("--sessions needs --day, as 2026-03-02")
    return day_of(site_scenario(site), sessions_from(sessions).sessions, day.date())


def _seconds(deadline: float | None) -> float:
    from api.planning import DEADLINE_S, LONGEST_DEADLINE_S

    if deadline is not None and not 0.0 < deadline <= LONGEST_DEADLINE_S:
        raise typer.BadParameter(f"--deadline: {deadline:g} is not above 0 and at most {LONGEST_DEADLINE_S:g} s")
    return DEADLINE_S if deadline is None else deadline


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_IN_A_FILE
    return console


def _end(lines: list[str], code: int) -> NoReturn:
    for line in lines:
        typer.echo(f"chargewright: {line}", err=True)
    sys.exit(code)


def _end_with_findings(title: str, findings: tuple[Finding, ...], code: int) -> NoReturn:
    from api.report import print_findings

    console = _console(stderr=True)
    console.print(title, style="bold red")
    print_findings(findings, console)
    sys.exit(code)


if __name__ == "__main__":
    main()
