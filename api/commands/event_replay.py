"""``chargewright event-replay``: 200 real events at a site of which a month of sessions is known."""

import os
from pathlib import Path
from typing import Annotated

import typer

from api.commands.data import Folder, data_folder

WIDTH_IN_A_FILE = 220


def event_replay(
    case: Annotated[str, typer.Argument(help="Month of a site: caltech-YYYY-MM or jpl-YYYY-MM.")] = "caltech-2019-10",
    programme: Annotated[
        list[str] | None, typer.Option(help="Only events of this name: octopus_power_up, caiso_flex_alert, ...")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many events, evenly over all of them.")] = None,
    days: Annotated[int | None, typer.Option(min=7, help="Only the first days of the month.")] = None,
    period: Annotated[float, typer.Option(min=5.0, max=30.0, help="Minutes of a period.")] = 15.0,
    csv: Annotated[Path | None, typer.Option(help="Write all figures here.")] = None,
    folder: Folder = None,
) -> None:
    """Play real events on the days of a site, moved by weekday and local clock, each with and without the event.

    The plan hears of an event when it was really told, and of cars when they come. Load without the event is the
    baseline; a peak above that of the month costs all of its demand charge.
    """
    from rich.console import Console
    from rich.progress import track

    from api.backtesting.cases import Aim, Case, course_of
    from api.replaying.days import month_of
    from api.replaying.rows import row
    from api.replaying.shifting import shifted
    from api.replaying.table import print_rows, write_csv
    from models.datasets.dr_events import real_events

    data = data_folder(folder)
    known = Case(name=case, aim=Aim.SERVICE, period_min=period, days=days)
    month = month_of(known, course_of(known, data))
    asked = [one for one in real_events(data) if not programme or one.programme in programme]
    if not asked:
        raise typer.BadParameter(f"--programme: no event is called {', '.join(programme or [])}")
    if limit is not None:
        asked = asked[:: max(1, len(asked) // limit)][:limit]
    events = list(shifted(asked, month.days(), month.zone))
    watched = track(events, "events", console=Console(stderr=True), transient=True)
    rows = [row(event, month) for event in watched]
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_IN_A_FILE
    print_rows(rows, month.course.tariff.currency, console)
    if csv:
        write_csv(rows, csv)
