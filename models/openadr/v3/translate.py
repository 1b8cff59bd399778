"""From an event of OpenADR 3 to signals: understood whole, or refused whole with reasons while what was known stays.

An unknown payload type is left out and told. A unit that is missing or unknown, a negative limit and what is no number
refuse the event.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from math import isfinite
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.utility_signal import (
    EVERYTHING,
    Scope,
    SignalInterval,
    SignalKind,
    SignalMode,
    Target,
    UtilitySignal,
    defects,
)
from models.domain.value import value
from models.openadr.durations import instant_of
from models.openadr.v3 import gac
from models.openadr.v3.channel import Channel, Profile
from models.openadr.v3.payloads import ASKS, INFORMS, KW, Asks
from models.openadr.v3.timing import Occurrence, is_cancelled, occurrences, split
from models.openadr.v3.wire import Event, PayloadDescriptor, Program, ValuesMap, read

_MILLISECONDS = 1000
_REFUSED = "the VTN has to correct the event; what was known before stays in force"
_Placed = Sequence[tuple[Occurrence, tuple[ValuesMap, ...]]]


@value
class Information:
    """A value that asks nothing of a plan, as it was told."""

    payload_type: str
    start: datetime
    end: datetime
    values: tuple[object, ...]
    units: str


@value
class Understood:
    """What an event says."""

    signals: tuple[UtilitySignal, ...] = ()
    """Empty where it is refused: then its earlier version stays."""
    information: tuple[Information, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Why it is refused, or what of it is left out; for the operator."""
    refused: bool = False


def understood(tree: Any, channel: Channel, received_at: datetime, program: Program | None = None) -> Understood:
    """An event as JSON, in signals; never raises. ``received_at`` is what now means where the VTN told no time."""
    try:
        event = read(Event, tree)
    except InvalidScenario as invalid:
        return Understood(findings=invalid.findings, refused=True)
    return of_event(event, channel, received_at, program)


def of_event(event: Event, channel: Channel, received_at: datetime, program: Program | None = None) -> Understood:
    """An event in signals; never raises."""
    broken = tuple(gac.defects(event, channel.version)) if channel.profile is Profile.GAC else ()
    if program is not None and program.id and event.program_id != program.id:
        broken = (*broken, _finding(event, "programID", f"it is of another programme than {program.program_name}"))
    if broken:
        return Understood(findings=broken, refused=True)
    try:
        return _of_event(event, channel, received_at, program)
    except _Refusal as refusal:
        return Understood(findings=(refusal.finding,), refused=True)
    except (ValueError, OverflowError) as no_time:
        return Understood(findings=(_finding(event, "intervalPeriod", str(no_time)),), refused=True)


def deleted(event_id: str, channel: Channel, version: int) -> UtilitySignal:
    """What a DELETE says: this version, and all before it, are over."""
    return UtilitySignal(
        id=event_id, event=event_id, source=channel.source, kind=SignalKind.ALERT, version=version, cancelled=True
    )


class _Refusal(Exception):
    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(str(finding))


def _of_event(event: Event, channel: Channel, received_at: datetime, program: Program | None) -> Understood:
    issued_at = _issued(event)
    base = UtilitySignal(
        id=_identity(event),
        event=_identity(event),
        source=channel.source,
        programme=event.program_id,
        kind=SignalKind.ALERT,
        priority=event.priority,
        issued_at=issued_at,
        version=version_of(event),
    )
    over = is_cancelled(event) or not _is_ours(event, channel)
    placed = () if over else occurrences(event, issued_at or received_at)
    told = tuple(_signals(event, placed, channel, program, base))
    findings = (*_left_out(event), *(f for signal in told for f in defects(signal)))
    if any(defects(signal) for signal in told):
        return Understood(findings=findings, refused=True)
    signals = tuple(signal for signal in told if signal.intervals) or (replace(base, cancelled=True),)
    return Understood(signals=signals, information=tuple(_information(event, placed, program)), findings=findings)


def version_of(event: Event) -> int:
    """Grows with every modification. [ms since 1970]"""
    issued = _issued(event)
    return 0 if issued is None else int(issued.timestamp() * _MILLISECONDS)


def _identity(event: Event) -> str:
    return event.id or event.event_name or "event"


def _issued(event: Event) -> datetime | None:
    """By the clock of the VTN; some tell a time of day alone, which is none."""
    for text in (event.modification_date_time, event.created_date_time):
        try:
            if text and (told := instant_of(text)):
                return told
        except ValueError:
            continue
    return None


def _signals(
    event: Event, placed: _Placed, channel: Channel, program: Program | None, base: UtilitySignal
) -> Iterator[UtilitySignal]:
    targets = targets_of(event.targets, channel.ven_name)
    types = dict.fromkeys(p.type for _, payloads in placed for p in payloads if p.type in ASKS)
    for payload_type in types:
        descriptor = _descriptor(payload_type, event, program)
        asks = _asked(payload_type, event, descriptor, channel)
        sign = _sign(payload_type, event, channel)
        parts = [(o, p) for o, payloads in placed for p in payloads if p.type == payload_type]
        yield replace(
            base,
            id=f"{base.event}/{payload_type}",
            kind=asks.kind,
            flow=asks.flow,
            mode=asks.mode,
            topic=asks.topic,
            targets=targets,
            currency=(descriptor and descriptor.currency) or "",
            intervals=tuple(i for o, p in parts for i in _intervals(event, asks, o, p, sign)),
        )


def _asked(payload_type: str, event: Event, descriptor: PayloadDescriptor | None, channel: Channel) -> Asks:
    """What it asks here; raises where its unit is not told, or not the one that it must have."""
    asks = ASKS[payload_type]
    assumed = channel.power_units if asks.units == KW else channel.price_units
    units = (descriptor and descriptor.units) or (assumed if asks.units else None)
    if asks.units and units != asks.units:
        told = "its unit is missing" if units is None else f"its unit {units[:20]} is unknown"
        raise _Refusal(_finding(event, "payloadDescriptors", f"{payload_type}: {told}, {asks.units} is needed"))
    is_default = event.event_name in channel.safe_mode_events and asks.kind is SignalKind.LIMIT
    return replace(asks, mode=SignalMode.DEFAULT) if is_default else asks


def _sign(payload_type: str, event: Event, channel: Channel) -> float:
    """How the numbers of two types are meant, which programmes agree on by other means."""
    by_type = {
        "DISPATCH_SETPOINT_RELATIVE": ("change_sign", channel.change_sign),
        "CONTROL_LEVEL_OFFSET_PERCENT": ("offset_percent_sign", channel.offset_percent_sign),
    }
    field, sign = by_type.get(payload_type, ("", 1.0))
    if sign is None:
        told = f"{payload_type}: whether a positive number is more or less load is not known"
        remedy = f"ask the utility and set {field} for its programme; what was known before stays in force"
        raise _Refusal(Finding(path="intervals", message=f"{_label(event)}: {told}", remedy=remedy, ids=(event.id,)))
    return sign


def _intervals(
    event: Event, asks: Asks, occurrence: Occurrence, payload: ValuesMap, sign: float
) -> Iterator[SignalInterval]:
    if asks.kind is SignalKind.ALERT:
        if occurrence.start < occurrence.end:
            text = ", ".join(str(told)[:500] for told in payload.values)
            yield _interval(occurrence, occurrence.start, occurrence.end, text=text)
        return
    numbers = [_number(event, asks, occurrence, payload.type, given) for given in payload.values]
    if not numbers:
        raise _Refusal(_finding(event, f"intervals[{occurrence.interval_id}]", f"{payload.type} has no value"))
    for (start, end), number in zip(split(occurrence, len(numbers)), numbers, strict=True):
        if start < end:
            yield _interval(occurrence, start, end, value=sign * number)


def _interval(
    occurrence: Occurrence, start: datetime, end: datetime, *, value: float | None = None, text: str = ""
) -> SignalInterval:
    random_s = occurrence.random_s
    return SignalInterval(start=start, end=end, value=value, text=text, earlier_s=random_s, later_s=random_s)


def _number(event: Event, asks: Asks, occurrence: Occurrence, payload_type: str, given: Any) -> float:
    where = f"intervals[{occurrence.interval_id}].payloads"
    if isinstance(given, bool) or not isinstance(given, int | float) or not isfinite(given):
        raise _Refusal(_finding(event, where, f"{payload_type} of {str(given)[:40]!r} is no number"))
    low, high = asks.least, asks.largest
    if (low is not None and given < low) or (high is not None and given > high) or (asks.whole and given % 1):
        reach = f"from {low:g}" if high is None else f"from {low:g} to {high:g}"
        kind = "a whole number" if asks.whole else "a number"
        raise _Refusal(_finding(event, where, f"{payload_type} of {given:g} is not {kind} {reach}"))
    return float(given)


def targets_of(given: Sequence[str | ValuesMap], ven_name: str) -> tuple[Target, ...]:
    """Whom an event is about: places and groups by name; nobody named, or only ourselves, is everything here."""
    names = [name for target in given for name in _names(target)]
    named = [Target(scope=_scope(name), name=name) for name in dict.fromkeys(names) if name != ven_name]
    return tuple(named) or (EVERYTHING,)


def _is_ours(event: Event, channel: Channel) -> bool:
    """Whether no other VEN alone is meant; VTNs of 3.0.1 show every event to everybody."""
    told = [t for t in event.targets if isinstance(t, ValuesMap) and t.type == "VEN_NAME"]
    return not told or not channel.ven_name or any(channel.ven_name in target.values for target in told)


def _names(target: str | ValuesMap) -> list[str]:
    if isinstance(target, str):
        return [target]
    return [] if target.type in ("VEN_NAME", "PROGRAM_NAME", "EVENT_NAME") else [str(name) for name in target.values]


def _scope(name: str) -> Scope:
    return Scope.SITE if gac.is_ean18(name) else Scope.GROUP


def _descriptor(payload_type: str, event: Event, program: Program | None) -> PayloadDescriptor | None:
    """The event's own, else the programme's."""
    told = (*event.payload_descriptors, *(program.payload_descriptors if program else ()))
    return next((d for d in told if d.payload_type == payload_type), None)


def _left_out(event: Event) -> Iterator[Finding]:
    """Payload types that nobody knows."""
    types = dict.fromkeys(p.type for interval in event.intervals for p in interval.payloads)
    for payload_type in types:
        if payload_type not in ASKS and payload_type not in INFORMS:
            message = f"{_label(event)}: the payload type {payload_type[:60]!r} is unknown and left out"
            remedy = "ask the utility what it means; a private type needs an agreement"
            yield Finding(path="intervals", message=message, remedy=remedy, ids=(event.id,))


def _information(event: Event, placed: _Placed, program: Program | None) -> Iterator[Information]:
    for occurrence, payloads in placed:
        for payload in payloads:
            if payload.type in INFORMS:
                descriptor = _descriptor(payload.type, event, program)
                yield Information(
                    payload_type=payload.type,
                    start=occurrence.start,
                    end=occurrence.end,
                    values=payload.values,
                    units=(descriptor and descriptor.units) or "",
                )


def _label(event: Event) -> str:
    return f"event {event.event_name or event.id}"


def _finding(event: Event, path: str, message: str) -> Finding:
    return Finding(path=path, message=f"{_label(event)}: {message}", remedy=_REFUSED, ids=(event.id,))
