"""Whether to take part in an event, as a JSON document and as a few lines."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.build_document import event_line
from api.build_explanation import why_line
from api.document import EventLine, Part, Why
from api.figures import rounded
from optimizer.response.opt_in import OptIn

WAITING_SHOWN = 5
WORTH_TELLING_KWH = 0.05
"""Less shows on no meter of a car. [kWh]"""


class WaitingLine(Part):
    """A session that waits for the event."""

    session_id: str
    why: Why


class EventDocument(Part):
    """What ``POST /v1/event`` answers: the day with an event beside the same day without it."""

    event: EventLine
    currency: str
    better: bool
    """Whether to take part."""
    gain: float
    """What taking part is worth, all in all."""
    elsewhere: float
    """What energy, peaks and missed targets cost more for it."""
    broken_kwh: float
    """What promises lack more with it; then it is not taken part."""
    missed_kwh: float
    """What drivers miss more with it, beyond promises."""
    costs_taking_part: dict[str, float]
    costs_staying_out: dict[str, float]
    waiting: list[WaitingLine]


def event_document(found: OptIn) -> EventDocument:
    """The document of an answer."""
    return EventDocument(
        event=event_line(found.event),
        currency=found.taking_part.currency,
        better=found.better,
        gain=rounded(found.gain),
        elsewhere=rounded(found.elsewhere),
        broken_kwh=rounded(found.broken_kwh),
        missed_kwh=rounded(found.missed_kwh),
        costs_taking_part=_costs(found.taking_part.costs),
        costs_staying_out=_costs(found.staying_out.costs),
        waiting=[WaitingLine(session_id=reason.session_id, why=why_line(reason)) for reason in found.waiting],
    )


def _costs(costs: object) -> dict[str, float]:
    assert isinstance(costs, dict)
    return {name: rounded(amount) for name, amount in costs.items()}


def print_event(document: EventDocument, zone: ZoneInfo, console: Console) -> None:
    """Print the verdict, what each interval makes, and who waits."""
    console.print(Text(_verdict(document), style="bold"))
    console.print(f"{'':2}paid for the event, less penalties {document.event.made:10.2f} {document.currency}")
    console.print(f"{'':2}costs elsewhere                    {document.elsewhere:10.2f} {document.currency}")
    if document.missed_kwh > WORTH_TELLING_KWH:
        console.print(f"{'':2}drivers miss {document.missed_kwh:.1f} kWh more")
    console.print(_intervals(document.event, zone, document.currency))
    for line in _waiting(document.waiting):
        console.print(f"{'':2}{line}", markup=False)


def _verdict(document: EventDocument) -> str:
    if document.broken_kwh >= WORTH_TELLING_KWH:
        return f"{document.event.event_id}: stay out, it would break promises of {document.broken_kwh:.1f} kWh"
    word = "take part" if document.better else "stay out"
    return f"{document.event.event_id}: {word}; taking part makes {document.gain:+.2f} {document.currency}"


def _intervals(event: EventLine, zone: ZoneInfo, currency: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in (
        "",
        "baseline kW",
        "load kW",
        "committed kW",
        "delivered kW",
        f"paid {currency}",
        f"penalty {currency}",
    ):
        table.add_column(name, justify="right")
    for one in event.intervals:
        span = f"{one.start.astimezone(zone):%H:%M} to {one.end.astimezone(zone):%H:%M}"
        told = (one.baseline_kw, one.load_kw, one.committed_kw, one.delivered_kw)
        cells = [f"{power:.1f}" for power in told] + [f"{one.payment:.2f}", f"{one.penalty:.2f}"]
        table.add_row(span, *cells)
    return table


def _waiting(lines: list[WaitingLine]) -> Iterator[str]:
    for line in lines[:WAITING_SHOWN]:
        yield f"{line.session_id} {line.why.message}"
    if len(lines) > WAITING_SHOWN:
        yield f"{len(lines) - WAITING_SHOWN} more wait"
