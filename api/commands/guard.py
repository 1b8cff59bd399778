"""``chargewright signals guard`` and ``dimming``: limits that a steering box sends, and what the law leaves."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.guarded_limit import GuardedLimit, WrittenLimit, advanced, configured, heard, limited
from models.domain.paths import path_text
from models.domain.strict_json import read_json


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    at: datetime


class Beat(_Entry):
    kind: Literal["heartbeat"]


class Write(_Entry):
    kind: Literal["limit"]
    limit_kw: float
    active: bool = True
    duration_s: float | None = None


class Configure(_Entry):
    kind: Literal["failsafe"]
    failsafe_kw: float | None = None
    failsafe_s: float | None = None


class Look(_Entry):
    kind: Literal["look"]


class GuardLog(BaseModel):
    """What was heard, in order of time."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    start: datetime
    failsafe_kw: float = Field(ge=0.0, allow_inf_nan=False)
    let_off: bool = True
    entries: list[Beat | Write | Configure | Look] = []


def guard_log(data: bytes) -> GuardLog:
    """Raises InvalidScenario with every finding."""
    document = read_json(data)
    if document.findings:
        raise InvalidScenario(document.findings)
    try:
        return TypeAdapter(GuardLog).validate_python(document.tree)
    except ValidationError as unfit:
        raise InvalidScenario([_finding(error) for error in unfit.errors(include_input=False)]) from None


def lines(log: GuardLog) -> list[str]:
    """The state after every entry, and what was refused."""
    guard = GuardedLimit(at=log.start, failsafe_kw=log.failsafe_kw, let_off=log.let_off)
    told = [_line(guard, None)]
    for entry in log.entries:
        guard, refusal = _after(guard, entry)
        told.append(_line(guard, refusal))
    return told


def guard(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON: docs/demand-response.md, guarded limits.")],
) -> None:
    """Say what a limit with heartbeat and fail-safe was after every message (EEBUS LPC, LPP)."""
    from api.sources import content

    for line in lines(guard_log(content(file))):
        typer.echo(line)


def dimming(
    charge_points: Annotated[
        int, typer.Argument(help="Charge points above 4.2 kW behind one energy management.", min=0)
    ],
    heat_pump: Annotated[list[float] | None, typer.Option(help="Rated power of a heat pump. [kW]")] = None,
    air_conditioner: Annotated[list[float] | None, typer.Option(help="Of an air conditioner. [kW]")] = None,
) -> None:
    """Say what § 14a EnWG leaves to so many devices together when the network operator dims them."""
    from models.domain.dimming import least_draw_kw

    pumps, coolers = heat_pump or [], air_conditioner or []
    if charge_points + len(pumps) + len(coolers) < 1:
        raise typer.BadParameter("name at least one device")
    typer.echo(f"{least_draw_kw(charge_points, heat_pumps_kw=pumps, air_conditioners_kw=coolers):.2f} kW")


def _after(guard: GuardedLimit, entry: Beat | Write | Configure | Look) -> tuple[GuardedLimit, Finding | None]:
    if isinstance(entry, Beat):
        return heard(guard, entry.at), None
    if isinstance(entry, Write):
        limit = WrittenLimit(limit_kw=entry.limit_kw, active=entry.active, duration_s=entry.duration_s)
        return limited(guard, limit, entry.at)
    if isinstance(entry, Configure):
        return configured(guard, entry.at, failsafe_kw=entry.failsafe_kw, failsafe_s=entry.failsafe_s)
    return advanced(guard, entry.at), None


def _line(guard: GuardedLimit, refusal: Finding | None) -> str:
    held = "no limit" if guard.limit_kw is None else f"{guard.limit_kw:g} kW"
    told = f"{guard.at:%Y-%m-%d %H:%M:%SZ}  {guard.state:<20} {held}"
    return told if refusal is None else f"{told}  refused: {refusal}"


def _finding(error: object) -> Finding:
    assert isinstance(error, dict)
    where = path_text(tuple(error["loc"]))
    return Finding(path=where, message=str(error["msg"]), remedy="see docs/demand-response.md, guarded limits")
