"""Settled events and outlooks as report objects of OpenADR 3."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.settling.document import EventStatement
from models.domain.signal import Direction
from models.openadr.v3.channel import Version
from models.openadr.v3.measured import measured_report
from models.openadr.v3.written import Tree
from models.settlement.load import Quality
from models.settlement.reported import ReportSpan

SETTLED = ("USAGE", "DEMAND", "BASELINE", "DELTA_USAGE", "OPERATING_STATE")
AHEAD = ("USAGE_FORECAST", "LOAD_SHED_DELTA_AVAILABLE")
STORAGE = (
    "STORAGE_USABLE_CAPACITY",
    "STORAGE_CHARGE_LEVEL",
    "STORAGE_MAX_CHARGE_POWER",
    "STORAGE_MAX_DISCHARGE_POWER",
    "STORAGE_DISPATCH_FORECAST",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """Which event of which programme a report is about, and of which resource."""

    event_id: str
    """Of the event object of the VTN."""
    program_id: str
    """Of the program object; only 3.0.1 has it in reports."""
    client_name: str
    resource: str
    version: Version = Version.V3_1


def settled_report(event: EventStatement, to: Addressed) -> Tree:
    """What was metered in an event, its baseline, and how the resource ran; intervals are those of the settlement."""
    spans = [
        ReportSpan(
            interval_id=k,
            start=one.start,
            length_s=(one.end - one.start).total_seconds(),
            load_kw=one.load_kw,
            baseline_kw=one.baseline_kw,
            asked=Direction(event.direction),
            quality=Quality(one.quality),
        )
        for k, one in enumerate(event.intervals)
    ]
    return _report(SETTLED, spans, f"settlement of {event.id}", to)


def outlook_report(spans: Sequence[ReportSpan], to: Addressed) -> Tree:
    """Expected usage, what could be shed, and batteries where there are any."""
    kinds = (*AHEAD, *STORAGE) if any(span.storage is not None for span in spans) else AHEAD
    return _report(kinds, spans, "outlook", to)


def _report(kinds: Sequence[str], spans: Sequence[ReportSpan], name: str, to: Addressed) -> Tree:
    return measured_report(
        kinds,
        {to.resource: spans},
        event_id=to.event_id,
        program_id=to.program_id,
        client_name=to.client_name,
        name=name,
        version=to.version,
    )
