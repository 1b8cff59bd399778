"""``chargewright signals``: what utilities said, and what holds when."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.commands.guard import dimming, guard
from api.commands.oscp import oscp

app = typer.Typer(help="What utilities said, and what holds when.", no_args_is_help=True)


app.command(name="guard")(guard)
app.command(name="dimming")(dimming)
app.command(name="oscp")(oscp)


@app.command()
def fold(
    file: Annotated[Path, typer.Argument(metavar="FILE", help='JSON: {"signals": [...]}, docs/demand-response.md.')],
    start: Annotated[datetime | None, typer.Option("--from", help="In UTC; now unless given.")] = None,
    hours: Annotated[float, typer.Option(help="For how long.", min=0.0, max=87600.0)] = 24.0,
    site: Annotated[str, typer.Option(help="Whose random starts are drawn: the id of a site.")] = "",
    scenario: Annotated[str | None, typer.Option(help="Say what it is asked: a file or sample:NAME.")] = None,
    rules: Annotated[Path | None, typer.Option(help="What signals mean at the site, as JSON.")] = None,
    write: Annotated[Path | None, typer.Option(help="Write the scenario with what it is asked here.")] = None,
) -> None:
    """Fold signals, in whatever order they came, into what holds when, lane by lane, and the limits of all together."""
    from api.signal_report import plain_console, print_asked, print_refused, print_timeline
    from api.sources import content, scenario_from
    from models.domain.asked import asked
    from models.domain.meanings import SignalRules
    from models.domain.timeline import fold as folded
    from models.domain.timeline import window
    from models.domain.wire import read_rules, read_signals, scenario_json

    console = plain_console()
    begin = start.replace(tzinfo=UTC) if start else datetime.now(UTC)
    timeline = folded(read_signals(content(file)), *window(begin, hours), seed=site)
    print_timeline(timeline, console)
    if scenario is None:
        return
    given = scenario_from(scenario, begin)
    answer = asked(timeline, given, read_rules(content(rules)) if rules else SignalRules())
    print_asked(answer.signals, console)
    print_refused(answer.findings, console)
    if write:
        write.write_text(scenario_json(answer.within(given), indent=2) + "\n", encoding="utf-8")
