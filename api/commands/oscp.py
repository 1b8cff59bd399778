"""``chargewright signals oscp``: a flexibility provider that listens to one capacity provider and says what holds."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Annotated
from urllib.parse import urlsplit

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.domain.errors import EdgeError, InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import path_text
from models.domain.strict_json import read_json
from models.oscp.provider import Provider, alarm, in_force

SHOWN = timedelta(hours=24)


class OscpFile(BaseModel):
    """Settings of a flexibility provider."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    source: str
    """What its signals are called after."""
    groups: list[str] = Field(min_length=1)
    """Ids of our groups at the capacity provider."""
    our_url: str
    """Base address by which the capacity provider reaches this service, as in https://cpo.example.com/oscp/fp/2.0."""
    our_token: str = ""
    """Better in the environment, as CHARGEWRIGHT_OSCP_TOKEN."""
    heartbeat_interval_s: int = Field(default=60, ge=1)
    acknowledgment_path: str = "handshake_acknowledgment"
    voltage_v: float = Field(default=230.0, gt=0.0, allow_inf_nan=False)


def oscp_file(data: bytes) -> OscpFile:
    """Raises InvalidScenario with every finding."""
    document = read_json(data)
    if document.findings:
        raise InvalidScenario(document.findings)
    try:
        return OscpFile.model_validate(document.tree)
    except ValidationError as unfit:
        raise InvalidScenario([_finding(error) for error in unfit.errors(include_input=False)]) from None


def oscp(
    settings: Annotated[Path, typer.Argument(metavar="SETTINGS", help="JSON: docs/demand-response.md, OSCP.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8090,
) -> None:
    """Listen to a capacity provider of OSCP 2.0, send heartbeats, and say after every message what holds."""
    import uvicorn
    from fastapi import APIRouter, FastAPI

    from api.edges.oscp import OscpProvider, OscpSettings, router
    from api.sources import content

    given = oscp_file(content(settings))
    token = os.environ.get("CHARGEWRIGHT_OSCP_TOKEN", given.our_token)
    if not token:
        raise typer.BadParameter("set our_token, or CHARGEWRIGHT_OSCP_TOKEN")
    told = OscpSettings(
        our_token=token,
        our_url=given.our_url,
        heartbeat_interval_s=given.heartbeat_interval_s,
        acknowledgment_path=given.acknowledgment_path,
    )
    provider = Provider(source=given.source, groups=tuple(given.groups), voltage_v=given.voltage_v)
    ours = OscpProvider(provider, told, _now, _tell)
    service, routes = FastAPI(openapi_url=None), APIRouter(prefix=urlsplit(given.our_url).path.rstrip("/"))
    routes.include_router(router(ours))
    service.include_router(routes)
    over = Event()
    Thread(target=beating, args=(ours.beat, over, given.heartbeat_interval_s), daemon=True).start()
    try:
        uvicorn.run(service, host=host, port=port, log_level="warning")
    finally:
        over.set()
        ours.close()


def beating(beat: Callable[[], None], over: Event, interval_s: float) -> None:
    """Heartbeats until it is over; one that fails is told and tried again at the next."""
    while not over.wait(interval_s):
        try:
            beat()
        except EdgeError as failure:
            typer.echo(f"not acted on: {failure}", err=True)


def _tell(provider: Provider, findings: tuple[Finding, ...]) -> None:
    from api.signal_report import plain_console, print_refused, print_timeline
    from models.domain.timeline import fold

    now, console = _now(), plain_console()
    print_timeline(fold(in_force(provider, now), now, now + SHOWN), console)
    silent = alarm(provider, now)
    print_refused((*findings, *((silent,) if silent else ())), console)


def _now() -> datetime:
    return datetime.now(UTC)


def _finding(error: object) -> Finding:
    assert isinstance(error, dict)
    where = path_text(tuple(error["loc"]))
    return Finding(path=where, message=str(error["msg"]), remedy="see docs/demand-response.md, OSCP")
