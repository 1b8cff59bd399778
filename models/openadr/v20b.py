"""OpenADR 2.0b events as signals, and the answer to each in the codes of its standard; pure.

Events come as plain mappings, as the VEN library reads them from XML. Each is answered optIn or optOut with a code:
200, 450 out of sequence, 454 invalid data, 460 signal not supported, 462 target mismatch. An event that is refused
leaves its earlier version in force.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from math import isfinite
from typing import Any

from models.domain.findings import Finding
from models.domain.utility_signal import (
    EVERYTHING,
    FOREVER,
    Scope,
    SignalInterval,
    SignalKind,
    SignalMode,
    Target,
    UtilitySignal,
    defects,
)
from models.domain.value import value


class Code(IntEnum):
    """Of an event response, as the standard numbers them."""

    OK = 200
    OUT_OF_SEQUENCE = 450
    INVALID_DATA = 454
    SIGNAL_NOT_SUPPORTED = 460
    TARGET_MISMATCH = 462


@value
class Channel20b:
    """What an operator knows about one VTN of 2.0b."""

    source: str
    ven_id: str = ""
    """Ours; events for other VENs alone are refused."""
    power_in_kw: float | None = None
    """kW in the unit of powers that are told without one. None: they are refused."""
    prices_per_kwh: bool = False
    """Whether prices that are told without a unit are per kWh; else they are refused."""
    currency: str = ""
    """Of those prices."""


@value
class Answer:
    """What the VTN is told about one event."""

    event_id: str
    modification_number: int
    code: Code
    opts_in: bool
    signals: tuple[UtilitySignal, ...] = ()
    findings: tuple[Finding, ...] = ()
    wanted: bool = True
    """Whether the VTN asks for an answer."""


_Read = Mapping[str, Any]
_KINDS: dict[tuple[str, str], tuple[SignalKind, SignalMode, str]] = {
    ("SIMPLE", "level"): (SignalKind.LEVEL, SignalMode.SET, "SIMPLE"),
    ("ELECTRICITY_PRICE", "price"): (SignalKind.PRICE, SignalMode.SET, ""),
    ("ELECTRICITY_PRICE", "priceRelative"): (SignalKind.PRICE, SignalMode.ADD, ""),
    ("LOAD_DISPATCH", "setpoint"): (SignalKind.DISPATCH, SignalMode.SET, ""),
    ("LOAD_DISPATCH", "delta"): (SignalKind.DISPATCH, SignalMode.ADD, ""),
    ("LOAD_CONTROL", "x-loadControlLevelOffset"): (SignalKind.LEVEL, SignalMode.SET, "LOAD_CONTROL_LEVEL_OFFSET"),
    ("LOAD_CONTROL", "x-loadControlPercentOffset"): (SignalKind.LEVEL, SignalMode.SET, "LOAD_CONTROL_PERCENT_OFFSET"),
}
_SCALES = {"none": 1.0, "k": 1e3, "M": 1e6, None: 1.0}
_W_PER_KW = 1e3
_SIMPLE_LEVELS = range(4)


class _Refusal(Exception):
    def __init__(self, code: Code, message: str) -> None:
        self.code = code
        super().__init__(message)


def answered(event: _Read, channel: Channel20b, received_at: datetime, known: Mapping[str, int]) -> Answer:
    """What an event says and how it is answered; never raises. ``known`` are modification numbers by event."""
    described = _mapping(event.get("event_descriptor"))
    event_id, number = str(described.get("event_id") or ""), described.get("modification_number")
    wanted = event.get("response_required", "always") == "always"
    try:
        _refuse_at_once(event, event_id, number, channel, known)
        signals, findings = _read(event, described, channel, received_at)
        code, opts_in = Code.OK, True
    except _Refusal as refusal:
        signals, findings = (), (_finding(event_id, str(refusal)),)
        code, opts_in = refusal.code, False
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as unreadable:
        # What the library hands on is not held against a schema: whatever shape it has, the VTN gets its code.
        signals, findings = (), (_finding(event_id, f"it cannot be read: {type(unreadable).__name__} {unreadable}"),)
        code, opts_in = Code.INVALID_DATA, False
    return Answer(
        event_id=event_id,
        modification_number=number if isinstance(number, int) else 0,
        code=code,
        opts_in=opts_in,
        signals=signals,
        findings=findings,
        wanted=wanted,
    )


def missing(known: Mapping[str, int], shown: Iterable[str], source: str) -> tuple[UtilitySignal, ...]:
    """Events that a whole list does not show any more are cancelled by that."""
    gone = sorted(set(known) - set(shown))
    return tuple(_tombstone(event_id, source, known[event_id]) for event_id in gone)


def _refuse_at_once(event: _Read, event_id: str, number: Any, channel: Channel20b, known: Mapping[str, int]) -> None:
    if not event_id or isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise _Refusal(Code.INVALID_DATA, "it has no event id, or no modification number")
    if number < known.get(event_id, 0):
        raise _Refusal(Code.OUT_OF_SEQUENCE, f"modification {number} comes after {known[event_id]}")
    vens = [str(t["ven_id"]) for t in event.get("targets") or () if "ven_id" in t]
    if channel.ven_id and vens and channel.ven_id not in vens:
        raise _Refusal(Code.TARGET_MISMATCH, "it is for other VENs")


def _read(
    event: _Read, described: _Read, channel: Channel20b, received_at: datetime
) -> tuple[tuple[UtilitySignal, ...], tuple[Finding, ...]]:
    event_id = str(described["event_id"])
    base = _base(event_id, described, channel)
    if described.get("event_status") == "cancelled":
        return (replace(base, cancelled=True),), ()
    if described.get("test_event") not in (None, False, "false"):
        told = _finding(event_id, "it is a test event: answered, not acted on")
        return (replace(base, cancelled=True),), (told,)
    told_signals = _list(event.get("event_signals"), "event_signals")
    known = [s for s in told_signals if (s.get("signal_name"), s.get("signal_type")) in _KINDS]
    left_out = [s for s in told_signals if s not in known]
    if not known:
        names = ", ".join(f"{s.get('signal_name')} {s.get('signal_type')}"[:60] for s in left_out) or "none"
        raise _Refusal(Code.SIGNAL_NOT_SUPPORTED, f"no signal of it is supported: {names}")
    signals = tuple(_signal(base, event, one, channel, received_at) for one in known)
    broken = [finding for signal in signals for finding in defects(signal)]
    if broken:
        raise _Refusal(Code.INVALID_DATA, broken[0].message)
    findings = tuple(_finding(event_id, f"{s.get('signal_name')} is not supported and left out") for s in left_out)
    return signals, findings


def _base(event_id: str, described: _Read, channel: Channel20b) -> UtilitySignal:
    priority = described.get("priority") or 0
    if isinstance(priority, bool) or not isinstance(priority, int) or priority < 0:
        raise _Refusal(Code.INVALID_DATA, "its priority is no number from 0 on")
    return replace(
        _tombstone(event_id, channel.source, int(described["modification_number"])),
        cancelled=False,
        programme=str(described.get("market_context") or ""),
        priority=priority or None,  # 0 is the least here, and none
        issued_at=_aware(described.get("modification_date_time") or described.get("created_date_time")),
    )


def _tombstone(event_id: str, source: str, version: int) -> UtilitySignal:
    return UtilitySignal(
        id=event_id, event=event_id, source=source, kind=SignalKind.ALERT, version=version, cancelled=True
    )


def _signal(
    base: UtilitySignal, event: _Read, told: _Read, channel: Channel20b, received_at: datetime
) -> UtilitySignal:
    kind, mode, topic = _KINDS[(told["signal_name"], told["signal_type"])]
    factor, currency = _unit(kind, told, channel)
    own = [t for t in event.get("targets") or () if "ven_id" not in t]
    return replace(
        base,
        id=f"{base.event}/{told.get('signal_id') or told['signal_name']}",
        kind=kind,
        mode=mode,
        topic=topic,
        currency=currency,
        targets=tuple(_targets(own)) or (EVERYTHING,),
        intervals=tuple(_intervals(event, told, topic, factor, received_at)),
    )


def _unit(kind: SignalKind, told: _Read, channel: Channel20b) -> tuple[float, str]:
    """Factor to kW or to currency per kWh, and the currency."""
    measured = _mapping(told.get("measurement"))
    unit, scale = str(measured.get("unit") or ""), _SCALES.get(measured.get("scale"))
    if kind is SignalKind.DISPATCH:
        if unit == "W" and scale is not None:
            return scale / _W_PER_KW, ""
        if unit or channel.power_in_kw is None:
            raise _Refusal(Code.INVALID_DATA, f"its unit {unit or 'is missing'}: powers are told in W")
        return channel.power_in_kw, ""
    if kind is SignalKind.PRICE:
        if str(measured.get("name") or measured.get("item") or "") == "currencyPerKWh" and scale is not None:
            return scale, unit
        if unit or not channel.prices_per_kwh:
            raise _Refusal(Code.INVALID_DATA, f"its unit {unit or 'is missing'}: prices are told per kWh")
        return 1.0, channel.currency
    return 1.0, ""


def _intervals(event: _Read, told: _Read, topic: str, factor: float, received_at: datetime) -> Iterator[SignalInterval]:
    """One after the other from the start of the event; a duration of 0 has no end."""
    period = _mapping(event.get("active_period"))
    if not period:
        raise _Refusal(Code.INVALID_DATA, "it has no active period")
    start = _aware(period.get("dtstart")) or received_at
    event_end = _end(start, period.get("duration"))
    later_s = _random_s(period)
    for interval in _list(told.get("intervals"), "intervals"):
        start = _aware(interval.get("dtstart")) or start
        end = min(_end(start, interval.get("duration")), event_end)
        if start < end:
            number = _number(interval.get("signal_payload"), topic)
            yield SignalInterval(start=start, end=end, value=number * factor, later_s=later_s)
        start = end


def _number(payload: Any, topic: str) -> float:
    if isinstance(payload, bool) or not isinstance(payload, int | float) or not isfinite(payload):
        raise _Refusal(Code.INVALID_DATA, f"{str(payload)[:40]!r} is no number")
    if topic == "SIMPLE" and payload not in _SIMPLE_LEVELS:
        raise _Refusal(Code.INVALID_DATA, f"SIMPLE {payload:g} is not 0, 1, 2 or 3")
    return float(payload)


def _end(start: datetime, duration: Any) -> datetime:
    if duration is None or duration == timedelta():
        return FOREVER
    if not isinstance(duration, timedelta) or duration < timedelta():
        raise _Refusal(Code.INVALID_DATA, f"{str(duration)[:40]!r} is no duration")
    return start + duration if duration < FOREVER - start else FOREVER


def _random_s(period: _Read) -> float:
    """The start is put off by up to ``startafter``."""
    tolerance = _mapping(period.get("tolerance"))
    after = _mapping(tolerance.get("tolerate", tolerance)).get("startafter")
    return after.total_seconds() if isinstance(after, timedelta) else 0.0


def _targets(told: Sequence[_Read]) -> Iterator[Target]:
    for target in told:
        for name in target.values():
            if isinstance(name, str):
                yield Target(scope=Scope.GROUP, name=name)


def _aware(when: Any) -> datetime | None:
    if when is None:
        return None
    if not isinstance(when, datetime):
        raise _Refusal(Code.INVALID_DATA, f"{str(when)[:40]!r} is no time")
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)


def _mapping(told: Any) -> _Read:
    return told if isinstance(told, Mapping) else {}


def _list(told: Any, name: str) -> list[_Read]:
    if not isinstance(told, list) or not all(isinstance(each, Mapping) for each in told):
        raise _Refusal(Code.INVALID_DATA, f"{name} is no list")
    return told


def _finding(event_id: str, message: str) -> Finding:
    remedy = "the VTN has to correct it; what was known before stays in force"
    return Finding(path="event_signals", message=f"event {event_id}: {message}", remedy=remedy, ids=(event_id,))
