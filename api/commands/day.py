"""``chargewright day``: a recorded log of frames played again, step by step."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from models.ocpp.profile import Version


def day(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="Lines of JSON: at, station, frame.")],
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="Where site, tariff and signals are taken from.")],
    ocpp: Annotated[Version, typer.Option(help="The version that the stations speak.")] = Version.V16,
    every: Annotated[float, typer.Option(min=1.0, help="Minutes between plans that nothing asks for.")] = 15.0,
    accept: Annotated[bool, typer.Option(help="Take every command for accepted; else each one times out.")] = True,
    adopt: Annotated[bool, typer.Option(help="Clear profiles of others; without it they are only listed.")] = False,
    state: Annotated[Path | None, typer.Option(help="Write what is known at the end here, as JSON.")] = None,
) -> None:
    """Play a log of OCPP frames of a site again: what was known, what was wrong, what would have been sent."""
    from api.operating.day import Replay, read_log
    from api.operating.live import LiveSite, live_json
    from api.operating.memory import MemorySites
    from api.operating.operations import Operations
    from api.sources import content, scenario_from
    from optimizer.rolling import opening

    entries, defects = read_log(content(log).decode("utf-8", errors="replace"))
    for defect in defects:
        typer.echo(f"{log}: {defect}", err=True)
    if not entries:
        raise typer.BadParameter(f"{log} has no entry that can be read")
    given = scenario_from(scenario, entries[0].at)
    store = MemorySites()
    live = LiveSite(
        site=given.site, state=opening(given.site), tariff=given.tariff, signals=given.signals, version=ocpp
    )
    store.save(live)
    replay = Replay(Operations(store=store), live.id, timedelta(minutes=every), accept, adopt)
    for happening in replay.played(entries):
        typer.echo(f"{happening.at:%Y-%m-%d %H:%M:%S}  {happening.where}: {happening.what}")
    for verdict in replay.operations.verdicts(live.id):
        typer.echo(
            f"at the end  {verdict.evse}: {verdict.flaw} since {verdict.since:%H:%M}, {verdict.evidence[-1].what}"
        )
    if state is not None:
        state.write_text(live_json(store.load(live.id), indent=2), encoding="utf-8")
