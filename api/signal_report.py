"""Signals folded, as a person reads them."""

import os
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.domain.findings import Finding
from models.domain.limit_curve import limit_curve
from models.domain.signal import Signal
from models.domain.timeline import Timeline
from models.domain.utility_signal import FOREVER, Flow

WIDTH_IN_A_FILE = 160
"""Columns of what does not go to a terminal."""


def plain_console(*, stderr: bool = False) -> Console:
    """For what is read by people and searched by scripts."""
    console = Console(highlight=False, emoji=False, stderr=stderr)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_IN_A_FILE
    return console


def print_timeline(timeline: Timeline, console: Console) -> None:
    """Every lane, then the limits that all sources leave together to each target."""
    for lane, held in timeline.lanes:
        about = " ".join(filter(None, (lane.kind, lane.topic, lane.mode, lane.flow, lane.programme)))
        table = Table(title=escape(f"{lane.source}: {about}, {lane.target}"), title_justify="left")
        for head in ("from", "to", "value", "signal"):
            table.add_column(head)
        for each in held:
            told = each.text if each.value is None else f"{each.value:g} {each.currency}".strip()
            table.add_row(_time(each.start), _time(each.end), escape(told), escape(each.signal))
        console.print(table)
    for line in _limits(timeline):
        console.print(line, markup=False)
    if not timeline.lanes:
        console.print("nothing is asked in this time")


def print_asked(signals: tuple[Signal, ...], console: Console) -> None:
    for signal in signals:
        console.print(f"asks: {signal.kind} {signal.id}, {_time(signal.start)} to {_time(signal.end)}", markup=False)


def print_refused(findings: tuple[Finding, ...], console: Console) -> None:
    """What was not understood or not acted on; what was known before stays in force."""
    for finding in findings:
        console.print(f"not acted on: {finding}", markup=False, style="yellow")


def _limits(timeline: Timeline) -> list[str]:
    targets = sorted({lane.target for lane, _ in timeline.lanes}, key=str)
    return [
        f"{flow} limit of {target}: {_time(step.start)} to {_time(step.end)} {step.limit_kw:g} kW"
        for target in targets
        for flow in Flow
        for step in limit_curve(timeline, flow, [target])
    ]


def _time(when: datetime) -> str:
    return "without end" if when >= FOREVER else f"{when:%Y-%m-%d %H:%M:%SZ}"
