"""``chargewright programme`` and ``chargewright nominate``: terms, rosters, calls, and how many kW to nominate."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from api.commands.data import VARIABLE

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from models.domain.programme import Programme
    from models.domain.programme_calls import EventCall
    from models.domain.scenario import Scenario

app = typer.Typer(
    help="Demand-response programmes: their terms, who takes part, what may be called.", no_args_is_help=True
)

Terms = Annotated[str, typer.Argument(metavar="PROGRAMME", help="A name that `programme list` shows, or a JSON file.")]
Json = Annotated[Path | None, typer.Option(help="Write the answer here; - for standard output.")]
Window = Annotated[
    str | None, typer.Option(help="Other hours of the day, HH:MM-HH:MM, where the connection has others.")
]
Source = Annotated[str, typer.Argument(metavar="SCENARIO", help="A JSON file, sample:NAME, or - for standard input.")]
Start = Annotated[datetime, typer.Option(help="When the event begins, local time of the site.")]
Minutes = Annotated[float, typer.Option(help="How long it lasts.", min=1.0, max=10080.0)]


@app.command("list")
def list_all() -> None:
    """Name the programmes whose terms are known."""
    from models import programmes

    for name in programmes.names():
        one = programmes.load(name)
        told = f"{one.utility}, {one.title}" if one.utility else one.title
        typer.echo(f"{name:<16} {told} ({len(one.unverified)} terms not from a primary text)")


@app.command()
def show(
    programme: Terms,
    settlement: Annotated[
        bool, typer.Option("--settlement", help="As a rule by which events are settled, for `chargewright settle`.")
    ] = False,
) -> None:
    """Print the terms of a programme as JSON; a file is checked on the way."""
    from api.programmes.sources import programme_from
    from models.domain.programme import Programme
    from models.domain.wire import form_json
    from models.settlement.calls import SettlementRule
    from models.settlement.programmes import rule_of

    terms = programme_from(programme)
    typer.echo(form_json(SettlementRule, rule_of(terms)) if settlement else form_json(Programme, terms))


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
    baseline: Annotated[str | None, typer.Option(help="Another method than that of the terms.")] = None,
    direction: Annotated[str | None, typer.Option(help="reduce or turn_up, other than the terms say.")] = None,
    folder: Annotated[Path | None, typer.Option(help=f"Where data sets are; {VARIABLE} unless given.")] = None,
    json: Json = None,
) -> None:
    """Say how many kW to nominate for a month, by what sessions of past days could have done, and judge it."""
    from api.programmes.nominating import print_nomination
    from api.programmes.nomination_command import nominated
    from api.programmes.sources import programme_from, with_baseline, with_direction, with_window

    terms = with_direction(with_window(programme_from(programme), window), direction)
    told = nominated(
        with_baseline(terms, baseline),
        history,
        (first.date(), last.date()),
        (settle_from.date(), settle_to.date()) if settle_from and settle_to else None,
        power_kw=power,
        folder=folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None),
    )
    _tell(told, json, lambda console: print_nomination(told, console))


@app.command()
def offer(
    programme: Terms,
    scenario: Source,
    start: Start,
    minutes: Minutes,
    json: Json = None,
) -> None:
    """Say what a site can offer before an event: how many kW below its plan, and what a kWh of each has to bring."""
    from api.programmes.answering import offered
    from api.programmes.report import print_offer
    from optimizer.settings import Settings

    terms, given, call = _asked(programme, scenario, start, minutes, "offer")
    told = offered(given, terms, call, (), Settings())
    _tell(told, json, lambda console: print_offer(told, ZoneInfo(given.site.time_zone), console))


@app.command()
def commit(
    programme: Terms,
    scenario: Source,
    start: Start,
    minutes: Minutes,
    nominated: Annotated[float | None, typer.Option(help="kW nominated for the month; else voluntary.")] = None,
    baseline: Annotated[
        float | None, typer.Option(help="kW by the settlement's method; else what sessions draw that nobody plans.")
    ] = None,
    name: Annotated[str, typer.Option("--id", help="Id of the event.")] = "event",
    json: Json = None,
) -> None:
    """Answer a call: how many kW to commit, why no more, and what it costs whom."""
    from api.programmes.answering import committed
    from api.programmes.documents import commitment_document
    from api.programmes.report import print_commitment
    from optimizer.settings import Settings

    terms, given, call = _asked(programme, scenario, start, minutes, name)
    found = committed(
        given,
        terms,
        call,
        nominated_kw=nominated,
        baseline_kw=baseline,
        evses=tuple(evse.id for evse in given.site.evses),
        earlier=(),
        settings=Settings(),
    )
    told = commitment_document(found, terms.id, found.found.taking_part.currency)
    _tell(told, json, lambda console: print_commitment(told, ZoneInfo(given.site.time_zone), console))


@app.command()
def split(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="JSON files, or sample:NAME.")],
    target: Annotated[float, typer.Option(help="kW to shed, all together.", min=0.0)],
    start: Start,
    minutes: Minutes,
    direction: Annotated[str, typer.Option(help="reduce or turn_up.")] = "reduce",
    json: Json = None,
) -> None:
    """Divide a target among sites by what their next kW costs: the same as one plan for all of them, exactly."""
    from api.programmes.answering import divided
    from api.programmes.report import print_split
    from api.sources import scenario_from
    from models.domain.signal import Direction
    from optimizer.settings import Settings

    if direction not in list(Direction):
        raise typer.BadParameter(f"--direction: {direction} is neither reduce nor turn_up")
    given = [scenario_from(one, datetime.now(UTC)) for one in scenarios]
    begin = start.replace(tzinfo=ZoneInfo(given[0].site.time_zone))
    sites = {one.site.id: one for one in given}
    if len(sites) < len(given):
        raise typer.BadParameter("two scenarios are of the same site")
    end = begin.astimezone(UTC) + timedelta(minutes=minutes)
    told = divided(sites, Direction(direction), begin, end, target, Settings())
    _tell(told, json, lambda console: print_split(told, console))


def _asked(
    programme: str, scenario: str, start: datetime, minutes: float, name: str
) -> "tuple[Programme, Scenario, EventCall]":
    """Terms, scenario and call; the start is local time of the site."""
    from api.programmes.sources import programme_from
    from api.sources import scenario_from
    from models.domain.programme_calls import EventCall

    given = scenario_from(scenario, datetime.now(UTC))
    begin = start.replace(tzinfo=ZoneInfo(given.site.time_zone)).astimezone(UTC)
    call = EventCall(id=name, start=begin, end=begin + timedelta(minutes=minutes))
    return programme_from(programme), given, call


def _tell(told: "BaseModel", json: Path | None, show: "Callable[[Console], None]") -> None:
    """To people, and to a file or standard output where it is asked for."""
    from api.signal_report import plain_console

    show(plain_console(stderr=str(json) == "-"))
    if str(json) == "-":
        typer.echo(told.model_dump_json(indent=2))
    elif json:
        json.write_text(told.model_dump_json(indent=2) + "\n", encoding="utf-8")
