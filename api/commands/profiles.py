"""Commands about charging profiles: whether one may be sent, and what brings stations from one plan to the next."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from models.domain.sending import Version

CALL_LENGTH = 4
INVALID = 2


def check_profile(
    profile: Annotated[
        Path, typer.Argument(help="Payload of a SetChargingProfile, or the call [2, id, action, payload].")
    ],
    ocpp: Annotated[Version, typer.Option(help="Version that the station speaks.")],
    answer: Annotated[
        Path | None, typer.Option(help="What the station told of itself, as for `chargewright station`.")
    ] = None,
    dc: Annotated[bool, typer.Option("--dc", help="The EVSE is DC.")] = False,
    phases: Annotated[int, typer.Option(min=1, max=3, help="Phases that supply the EVSE.")] = 3,
    now: Annotated[datetime | None, typer.Option(help="When it would be sent, in UTC.")] = None,
    clock_ahead: Annotated[float, typer.Option(help="Seconds that the station's clock is ahead.")] = 0.0,
) -> None:
    """Say which rules of OCPP a charging profile breaks, with the reason code a station would give; 2 if any."""
    from api.profile_check import broken_rules
    from api.sources import json_of

    found = broken_rules(
        _payload(profile),
        ocpp,
        answer=None if answer is None else json_of(answer),
        direct_current=dc,
        phases=phases,
        now=None if now is None else now.replace(tzinfo=UTC),
        clock_ahead_s=clock_ahead,
    )
    for finding in found:
        typer.echo(str(finding))
    if found:
        raise typer.Exit(INVALID)
    typer.echo("it may be sent")


def orders(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A JSON file, sample:NAME, or - for standard input.")
    ],
    desired: Annotated[Path, typer.Option(help="The plan, as `chargewright plan --ocpp VERSION --json` wrote it.")],
    believed: Annotated[Path, typer.Option(help="What stations have: the plan before, or a list of messages.")],
    plan_version: Annotated[int, typer.Option(help="Rises from plan to plan.")] = 1,
    now: Annotated[datetime | None, typer.Option(help="As if it were this time, in UTC.")] = None,
    interval: Annotated[
        float | None, typer.Option(help="Seconds between an update of a profile and its raise.")
    ] = None,
) -> None:
    """Say which messages bring stations from the plan before to the new one, what first, and what after what."""
    from api.ordering import ordered
    from api.sources import json_of, scenario_from

    moment = now.replace(tzinfo=UTC) if now else datetime.now(UTC)
    told = ordered(
        scenario_from(scenario, moment),
        json_of(desired),
        json_of(believed),
        now=moment,
        plan_version=plan_version,
        interval_s=interval,
    )
    typer.echo(told.model_dump_json(indent=2))


def _payload(path: Path) -> Any:
    from api.sources import json_of

    told = json_of(path)
    return told[-1] if isinstance(told, list) and len(told) == CALL_LENGTH else told
