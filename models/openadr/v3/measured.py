"""What was metered, expected and can be shed, as the payloads of OpenADR 3 reports."""

from collections.abc import Callable, Mapping, Sequence

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.signal import Direction
from models.openadr.v3.channel import Version
from models.openadr.v3.written import Described, Told, Tree, report
from models.settlement.reported import ReportSpan

SIGNIFICANT_KW = 0.1
"""A resource that draws less is idle. [kW]"""
DIGITS = 6


def operating_state(span: ReportSpan) -> str | None:
    """In the words of CTA-2045 that OpenADR takes; None where the load is not known."""
    if span.load_kw is None:
        return None
    begins = "RUNNING" if abs(span.load_kw) >= SIGNIFICANT_KW else "IDLE"
    if span.asked is None:
        return f"{begins}_NORMAL"
    if span.opted_out:
        return f"{begins}_OPTED_OUT"
    return f"{begins}_{'CURTAILED' if span.asked is Direction.REDUCE else 'HEIGHTENED'}"


def _usage_kwh(span: ReportSpan) -> float | None:
    """What is fed in is no usage, which the standard has at 0 or more."""
    return None if span.load_kw is None else max(0.0, span.load_kw) * span.hours


def _delta_kwh(span: ReportSpan) -> float | None:
    known = span.load_kw is not None and span.baseline_kw is not None
    return (span.load_kw - span.baseline_kw) * span.hours if known else None  # type: ignore[operator]  # known: both are


_Reading = Callable[[ReportSpan], float | str | None]
PAYLOADS: Mapping[str, tuple[Described, _Reading]] = {
    told.payload_type: (told, read)
    for told, read in (
        (Described(payload_type="USAGE", units="KWH", reading_type="DIRECT_READ"), _usage_kwh),
        (
            Described(payload_type="DEMAND", units="KW", reading_type="MEAN"),
            lambda span: None if span.load_kw is None else max(0.0, span.load_kw),
        ),
        (Described(payload_type="DELTA_USAGE", units="KWH", reading_type="ESTIMATED"), _delta_kwh),
        (Described(payload_type="BASELINE", units="KW", reading_type="MEAN"), lambda span: span.baseline_kw),
        (Described(payload_type="OPERATING_STATE"), operating_state),
        (
            Described(payload_type="USAGE_FORECAST", units="KWH", reading_type="FORECAST"),
            lambda span: None if span.expected_kw is None else span.expected_kw * span.hours,
        ),
        (
            Described(payload_type="LOAD_SHED_DELTA_AVAILABLE", units="KW", reading_type="FORECAST"),
            lambda span: None if span.shed_kw is None else -span.shed_kw,
        ),
        (
            Described(payload_type="STORAGE_USABLE_CAPACITY", units="KWH"),
            lambda span: span.storage and span.storage.usable_kwh,
        ),
        (
            Described(payload_type="STORAGE_CHARGE_LEVEL", units="PERCENT"),
            lambda span: span.storage and min(1.0, max(0.0, span.storage.charge_level)),
        ),
        (
            Described(payload_type="STORAGE_MAX_CHARGE_POWER", units="KW"),
            lambda span: span.storage and span.storage.max_charge_kw,
        ),
        (
            Described(payload_type="STORAGE_MAX_DISCHARGE_POWER", units="KW"),
            lambda span: span.storage and span.storage.max_discharge_kw,
        ),
        (
            Described(payload_type="STORAGE_DISPATCH_FORECAST", units="KWH", reading_type="FORECAST"),
            lambda span: span.storage and span.storage.usable_kwh * span.storage.charge_level,
        ),
    )
}
"""How each payload type is described and read from a span."""


def measured_report(
    payload_types: Sequence[str],
    spans: Mapping[str, Sequence[ReportSpan]],
    *,
    event_id: str,
    program_id: str,
    client_name: str,
    name: str,
    version: Version,
) -> Tree:
    """A report object of some payload types, by resource. What was not metered is reported as MISSING.

    Raises InvalidScenario for payload types that are not reported, with those that are.
    """
    unknown = [kind for kind in payload_types if kind not in PAYLOADS]
    if unknown:
        message = f"{', '.join(unknown)} is not reported"
        raise InvalidScenario([Finding(path="payloadType", message=message, remedy=f"take of {', '.join(PAYLOADS)}")])
    told = {
        resource: [one for span in those for one in _told(span, payload_types)] for resource, those in spans.items()
    }
    return report(
        event_id=event_id,
        program_id=program_id,
        client_name=client_name,
        name=name,
        described=[PAYLOADS[kind][0] for kind in payload_types],
        told=told,
        version=version,
    )


def _told(span: ReportSpan, payload_types: Sequence[str]) -> list[Told]:
    """An interval of which nothing is known says so, and has no number."""
    known = [(kind, found) for kind in payload_types if (found := PAYLOADS[kind][1](span)) is not None]
    if not known:
        return [_value(span, "DATA_QUALITY", "MISSING")]
    return [_value(span, kind, found) for kind, found in known]


def _value(span: ReportSpan, kind: str, found: float | str) -> Told:
    missing = kind == "DATA_QUALITY"
    return Told(
        interval_id=span.interval_id,
        payload_type=kind,
        value=found if isinstance(found, str) else round(found, DIGITS) + 0.0,
        start=span.start,
        length_s=span.length_s,
        quality="OK" if missing else span.quality,
    )
