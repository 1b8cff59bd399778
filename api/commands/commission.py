"""``chargewright commission``: a script for a CSMS to carry out with a station, and the judgement of its log."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from models.ocpp.profile import Version

app = typer.Typer(help="Find out what a station can be trusted with: a script for a CSMS, and a grade.")


@app.command()
def script(
    ocpp: Annotated[Version, typer.Option(help="Version that the station speaks.")],
    answer: Annotated[
        Path | None, typer.Option(help="Its GetConfiguration (1.6) or GetVariables (2.x) answer, where it is known.")
    ] = None,
    evses: Annotated[int, typer.Option(min=1, help="EVSEs of the station; with two a second car is needed.")] = 1,
    phases: Annotated[int, typer.Option(min=1, max=3, help="Phases of its EVSEs.")] = 3,
    voltage: Annotated[float, typer.Option(min=1.0, help="Line to neutral. [V]")] = 230.0,
) -> None:
    """Print the steps as JSON; docs/ocpp.md says how a CSMS carries them out and what it writes down."""
    from api.sources import json_of
    from models.commissioning import Subject
    from models.commissioning import script as steps_of
    from models.ocpp.station import Identity, capability

    told = capability(Identity(station_id="station"), ocpp, {} if answer is None else json_of(answer))
    subject = Subject(version=ocpp, capability=told, evses=evses, phases=phases, voltage_v=voltage)
    typer.echo(json.dumps([asdict(step) for step in steps_of(subject)], indent=2))


@app.command()
def judge(
    log: Annotated[Path, typer.Argument(help="What the CSMS wrote down, as JSON.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole record as JSON.")] = False,
) -> None:
    """Grade a station by its answers and its meter: A plan and fail-safe proven, B plan only, C counted at rating."""
    from api.sources import json_of
    from models.commissioning import judge as judged
    from models.commissioning import read_observations

    record = judged(read_observations(json_of(log)))
    if as_json:
        typer.echo(json.dumps(asdict(record), indent=2))
        return
    for line in _lines(record):
        typer.echo(line)


@app.command()
def declare(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="As of `chargewright plan`.")],
    logs: Annotated[list[Path], typer.Argument(help="Logs of its stations; each names its station.")],
) -> None:
    """Print the scenario with what was found: units, periods, levels, and what counts while nobody is in contact."""
    from datetime import UTC, datetime

    from api.sources import json_of, scenario_from
    from models.commissioning import declared, read_observations
    from models.commissioning import judge as judged
    from models.domain.wire import scenario_json

    given = scenario_from(scenario, datetime.now(UTC))
    records = [judged(read_observations(json_of(log))) for log in logs]
    site = declared(given.site, {record.station_id: record for record in records})
    typer.echo(scenario_json(replace(given, site=site), indent=2))


def _lines(record: Any) -> list[str]:
    from models.commissioning import REMEDY

    named = [f"{name}: {_plainly(value)}" for name, value in _facts(record).items() if value is not None]
    return [
        f"{record.station_id}: grade {record.grade}",
        *(f"  not better because {reason}" for reason in record.because),
        *(f"  {flaw}: {REMEDY[flaw]}" for flaw in record.flaws),
        *(f"  {line}" for line in named),
        *(f"  {shown.step}: {shown.outcome}, {_measured(shown)}" for shown in record.evidence),
    ]


def _facts(record: Any) -> dict[str, Any]:
    took = record.capability
    return {
        "units": took.rate_units,
        "periods": took.max_periods,
        "stack levels up to": took.max_stack_level,
        "phases": record.phases,
        "smallest current [A]": record.least_a,
        "follows within [s]": record.follow_s,
        "wakes after a pause": record.wakes,
        "without a connection": record.offline.value,
        "default after a boot": record.default_after_boot,
        "station maximum holds": record.maximum_holds,
        "clock off by [s]": record.clock_offset_s,
        "meters": record.metering,
    }


def _plainly(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _measured(shown: Any) -> str:
    drew = "nothing measured" if shown.measured_a is None else f"{shown.measured_a:.1f} A"
    return f"{drew} at a limit of {shown.expected_a:g} A"
