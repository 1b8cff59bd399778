"""``chargewright ocpi``: what objects of OCPI say, and what a peer would be answered."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import RateUnit
from models.ocpi.wire import OcpiVersion, Refusal

app = typer.Typer(help="Objects of OCPI 2.2.1 and 2.3.0: what they say, and what a peer is answered.")

File = Annotated[Path, typer.Argument(help="A JSON file with the object as a peer sends it.")]
At = Annotated[datetime | None, typer.Option(help="As if it were this time, in UTC.")]


@app.command()
def tariff(
    file: File,
    start: Annotated[datetime, typer.Option(help="When the session began, in UTC.")],
    until: Annotated[datetime, typer.Option(help="Until when prices are asked for, in UTC.")],
    time_zone: Annotated[str, typer.Option(help="Of the location: restrictions count local times.")] = "UTC",
    version: Annotated[OcpiVersion, typer.Option("--ocpi", help="Version of the tariff.")] = OcpiVersion.V221,
    power_kw: Annotated[float | None, typer.Option("--power", help="Power that is taken to flow. [kW]")] = None,
    current_a: Annotated[float | None, typer.Option("--current", help="Sum over phases. [A]")] = None,
) -> None:
    """Say what one more kWh, and one more hour, costs a driver over time: marginal prices, no bill."""
    from models.ocpi.course import Course
    from models.ocpi.translate import prices_at, read_tariff

    begun = start.replace(tzinfo=UTC)
    course = Course(start=begun, now=begun, until=until.replace(tzinfo=UTC), power_kw=power_kw, current_a=current_a)
    told = taken(read_tariff(_body(file), version))
    typer.echo(_text(asdict(taken(prices_at(told, course, time_zone)))))


@app.command()
def session(
    file: File,
    evse: Annotated[str, typer.Option(help="Id in the scenario of the EVSE that the session is at.")],
    now: At = None,
) -> None:
    """Say what a session of OCPI is in a scenario."""
    from api.ocpi.receiving import put_session
    from models.ocpi.sessions import OcpiSession
    from models.ocpi.wire import read_object

    body = _body(file)
    told = taken(read_object(OcpiSession, body))
    _tell(put_session(body, told.id, evses={told.evse_uid: evse}, before=None, now=_moment(now)))


@app.command()
def preferences(
    file: File,
    scenario: Annotated[str, typer.Option(help="The scenario that the session is in: a file, or sample:NAME.")],
    name: Annotated[str, typer.Option("--session", help="Id of the session.")],
    now: At = None,
) -> None:
    """Say what a driver's ChargingPreferences are answered, and what they make of the session."""
    from api.ocpi.preferences import put_preferences
    from api.sources import scenario_from

    moment = _moment(now)
    given = scenario_from(scenario, moment)
    _tell(put_preferences(_body(file), name, scenario=given, told=None, now=moment))


@app.command()
def profile(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A JSON file, sample:NAME, or - for input.")],
    name: Annotated[str, typer.Option("--session", help="Id of the session.")],
    response_url: Annotated[str, typer.Option(help="Where the CPO is to post the result.")],
    after_kw: Annotated[float, typer.Option("--after", help="What holds when the plan has ended. [kW]")] = 0.0,
    unit: Annotated[RateUnit | None, typer.Option(help="A per phase, or W; A on AC and W on DC unless told.")] = None,
    now: At = None,
) -> None:
    """Plan a scenario and print the SetChargingProfile that brings one session's plan to a roaming CPO."""
    from api.planning import check, moment
    from api.sources import scenario_from
    from models.domain.completion import complete
    from models.ocpi.compile import charging_profile
    from models.ocpi.profiles import SetChargingProfile
    from optimizer.optimize import optimize

    at = _moment(now)
    given = scenario_from(scenario, at)
    check(given)
    plan = optimize(given)
    if name not in (planned := [session.session_id for session in plan.sessions]):
        raise typer.BadParameter(f"--session: no session is called {name}; there are {', '.join(planned[:5])}, ...")
    begins = moment(plan, at)
    found = charging_profile(complete(given).scenario, plan, name, now=begins, after_kw=after_kw, unit=unit)
    typer.echo(_text(SetChargingProfile(charging_profile=found, response_url=response_url).json_object()))


def taken(read: Any) -> Any:
    """What was read; raises InvalidScenario for what was refused."""
    if isinstance(read, Refusal):
        raise InvalidScenario(read.findings)
    return read


def _tell(answer: Any) -> None:
    effects = [{"effect": type(effect).__name__} | asdict(effect) for effect in answer.effects]
    for effect in effects:
        effect.pop("told", None)
    typer.echo(_text({"status": answer.status, "body": answer.body, "effects": effects}))


def _body(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as unread:
        message = f"{file} cannot be read: {unread.strerror}"
        raise InvalidScenario([Finding(path="", message=message, remedy="name a file with the object")]) from unread


def _moment(now: datetime | None) -> datetime:
    return now.replace(tzinfo=UTC) if now else datetime.now(UTC)


def _text(told: Any) -> str:
    return json.dumps(told, indent=2, default=_plain)


def _plain(thing: Any) -> Any:
    return thing.isoformat() if isinstance(thing, datetime) else str(thing)
