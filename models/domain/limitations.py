"""Ledger of limitations: when we held a session below what its station and car could take, how low, and why.

From limits that were in force and, where there is one, the meter; so that whoever bills parking, idle time or a blocked
connector can waive or prove it. What the car or the station did of its own accord is in no line.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from models.domain.times import seconds
from models.domain.units import hours_from_seconds
from models.domain.value import value

NOTICEABLE_KW = 0.1
"""Less is the rounding of a limit: a tenth of an ampere on three phases is 0.07 kW. [kW]"""
FOLLOWS_SHARE = 0.8
"""A car that draws less than this share of what it was offered does so by itself: 20 % is the margin of AC chargers."""
PAUSED_KW = 0.05
"""No charging current is as small. [kW]"""


@value
class LimitInForce:
    """What an EVSE was told to offer, over a stretch of time, beside what it and the car could have done."""

    start: datetime
    end: datetime
    limit_kw: float
    could_kw: float
    """The least of EVSE, connector and vehicle. [kW at evse]"""
    reason: str = ""
    """Why it was no higher, as ``held`` of a plan tells it: ``limit``, ``price``, ``peak``, ..."""
    causes: tuple[str, ...] = ()
    """Ids of nodes, signals, demand windows."""


@value
class MeasuredPower:
    """Mean power over a stretch of time."""

    start: datetime
    end: datetime
    power_kw: float


@value
class Stretch:
    """From a time until another one."""

    start: datetime
    end: datetime


@value
class SessionRecord:
    """What is known of a session: limits in order of time, measurements, and when the car wanted nothing."""

    session: str
    in_force: tuple[LimitInForce, ...]
    measured: tuple[MeasuredPower, ...] = ()
    wanted_nothing: tuple[Stretch, ...] = ()
    """Full, or suspended by the vehicle (SuspendedEV)."""


@value
class Limitation:
    """One stretch in which we held a session below what it could take, at one power and for one reason."""

    session: str
    start: datetime
    end: datetime
    power_kw: float
    """What it was left. [kW at evse]"""
    could_kw: float
    reason: str
    causes: tuple[str, ...]
    suspended: bool
    """Whether it was left nothing."""
    measured: bool
    """Whether the meter bears it out; else it is what the limit says."""

    @property
    def hours(self) -> float:
        return hours_from_seconds(seconds(self.end) - seconds(self.start))

    @property
    def kwh_less(self) -> float:
        """What it could have taken more, at most. [kWh at evse]"""
        return self.hours * (self.could_kw - self.power_kw)


@value
class LimitedTime:
    """Of one session: how long it was held, how long of that at nothing, and what it missed meanwhile at most."""

    session: str
    limited_h: float
    suspended_h: float
    kwh_less: float


@value
class LimitationsLedger:
    """The lines of some sessions, and what each of them comes to."""

    lines: tuple[Limitation, ...]
    sessions: tuple[LimitedTime, ...]


def limitations_ledger(records: Iterable[SessionRecord]) -> LimitationsLedger:
    """Of every record, in the given order."""
    known = tuple(records)
    lines = tuple(line for record in known for line in limitations(record))
    names = dict.fromkeys(record.session for record in known)
    return LimitationsLedger(lines=lines, sessions=tuple(limited_time(name, lines) for name in names))


def limitations(record: SessionRecord) -> tuple[Limitation, ...]:
    """Every stretch, in order of time; equal neighbours are one."""
    cuts = sorted(_cuts(record))
    lines = (line for limit in record.in_force for line in _within(record, limit, cuts))
    return tuple(_merged(lines))


def limited_time(session: str, lines: Iterable[Limitation]) -> LimitedTime:
    """The sum of a session's lines."""
    mine = [line for line in lines if line.session == session]
    return LimitedTime(
        session=session,
        limited_h=sum(line.hours for line in mine),
        suspended_h=sum(line.hours for line in mine if line.suspended),
        kwh_less=sum(line.kwh_less for line in mine),
    )


def times_of(record: SessionRecord) -> Iterator[datetime]:
    """Every time in a record."""
    yield from (at for limit in record.in_force for at in (limit.start, limit.end))
    yield from (at for measured in record.measured for at in (measured.start, measured.end))
    yield from (at for idle in record.wanted_nothing for at in (idle.start, idle.end))


def _cuts(record: SessionRecord) -> set[datetime]:
    """Times at which a measurement or a wish of the car begins or ends."""
    stretches: tuple[MeasuredPower | Stretch, ...] = (*record.measured, *record.wanted_nothing)
    return {at for one in stretches for at in (one.start, one.end)}


def _within(record: SessionRecord, limit: LimitInForce, cuts: Sequence[datetime]) -> Iterator[Limitation]:
    """Lines of one limit, cut where a measurement or a wish of the car begins or ends."""
    inside = cuts[bisect_right(cuts, limit.start) : bisect_left(cuts, limit.end)]
    for start, end in pairwise((limit.start, *inside, limit.end)):
        line = _line(record, limit, start, end)
        if line is not None:
            yield line


def _line(record: SessionRecord, limit: LimitInForce, start: datetime, end: datetime) -> Limitation | None:
    """None where we did not hold it: nothing was wanted, no less was drawn than could be, or less than was offered."""
    if any(idle.start <= start < idle.end for idle in record.wanted_nothing):
        return None
    drawn_kw = next((m.power_kw for m in record.measured if m.start <= start < m.end), None)
    if drawn_kw is not None and drawn_kw < FOLLOWS_SHARE * limit.limit_kw - PAUSED_KW:
        return None
    power_kw = limit.limit_kw if drawn_kw is None else max(drawn_kw, limit.limit_kw)
    if power_kw >= limit.could_kw - NOTICEABLE_KW:
        return None
    return Limitation(
        session=record.session,
        start=start,
        end=end,
        power_kw=power_kw,
        could_kw=limit.could_kw,
        reason=limit.reason,
        causes=limit.causes,
        suspended=power_kw < PAUSED_KW,
        measured=drawn_kw is not None,
    )


def _merged(lines: Iterable[Limitation]) -> Iterator[Limitation]:
    """Neighbours that say the same, as one."""
    last: Limitation | None = None
    for line in lines:
        if last is not None and _same(last, line):
            last = replace(last, end=line.end)
            continue
        if last is not None:
            yield last
        last = line
    if last is not None:
        yield last


def _same(before: Limitation, after: Limitation) -> bool:
    return before.end == after.start and _says(before) == _says(after)


def _says(line: Limitation) -> tuple[object, ...]:
    return line.power_kw, line.could_kw, line.reason, line.causes, line.suspended, line.measured
