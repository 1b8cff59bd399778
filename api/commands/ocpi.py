"""``chargewright ocpi``: what objects of OCPI say, and what a peer would be answered."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
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
