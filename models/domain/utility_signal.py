"""What a utility says, whatever protocol carried it: limit, price, dispatch, level, carbon or alert over intervals.

A protocol translates into this and nothing else; models.domain.timeline folds any set of them into what holds when.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite

from models.domain.findings import Finding
from models.domain.value import value

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of what has no end."""


MOST_RANDOM_S = 7 * 86400.0
"""By which a start may move. [s]"""


class SignalKind(StrEnum):
    LIMIT = "limit"
    """kW that may be drawn or fed in; never negative."""
    PRICE = "price"
    """Currency per kWh."""
    DISPATCH = "dispatch"
    """kW to follow; negative where it is to be fed in."""
    LEVEL = "level"
    """A step that the operator gives a meaning; higher means less load."""
    CARBON = "carbon"
    """g/kWh."""
    ALERT = "alert"
    """Words for people; the operator may give a topic a meaning."""


class SignalMode(StrEnum):
    """What a value does to what is otherwise there."""

    SET = "set"
    """It stands in its place."""
    DEFAULT = "default"
    """A limit that holds where no other one of its source, programme and target does: a subscription, a safe mode."""
    ADD = "add"
    """It comes on top: of the default limit, of the tariff's price, of the load without the signal."""


class Flow(StrEnum):
    IMPORT = "import"
    EXPORT = "export"


class Scope(StrEnum):
    SITE = "site"
    GROUP = "group"
    PORTFOLIO = "portfolio"


@value
class Target:
    """Whom a signal is about."""

    scope: Scope = Scope.PORTFOLIO
    name: str = ""
    """As the utility calls it: an EAN18, a group, a resource; empty for all that its source reaches."""

    def __str__(self) -> str:
        return f"{self.scope} {self.name}".strip()


EVERYTHING = Target()


@value
class SignalInterval:
    """One value over one stretch of time, half-open."""

    start: datetime
    end: datetime = FOREVER
    value: float | None = None
    """In the unit of its kind; None for an alert."""
    text: str = ""
    """Of an alert."""
    earlier_s: float = 0.0
    """At most so much before ``start`` it begins, by a draw that a signal's intervals share. [s]"""
    later_s: float = 0.0
    """At most so much after it. [s]"""


@value
class UtilitySignal:
    """One thing that a utility asks, in one version of one message."""

    id: str
    """Unique among the parts of its message."""
    source: str
    """Who sent it: limits of different sources combine by the minimum."""
    kind: SignalKind
    intervals: tuple[SignalInterval, ...] = ()
    event: str = ""
    """The message that it is part of, which is modified and cancelled as a whole. Empty: ``id``."""
    programme: str = ""
    mode: SignalMode = SignalMode.SET
    flow: Flow = Flow.IMPORT
    topic: str = ""
    """Which level, or which alert."""
    targets: tuple[Target, ...] = (EVERYTHING,)
    priority: int | None = None
    """Among signals of the same source, programme, kind and target: the lower, the more it counts. None: least."""
    version: int = 0
    """A higher one replaces a lower one, in whatever order they arrive."""
    issued_at: datetime | None = None
    """By the clock of the source."""
    cancelled: bool = False
    """It, and every version up to it, asks nothing any more."""
    expires_at: datetime | None = None
    """From then on it says nothing, but for ``failsafe``."""
    failsafe: float | None = None
    """What holds from ``expires_at`` on, until a newer version comes."""
    currency: str = ""
    """Of a price."""

    @property
    def identity(self) -> tuple[str, str]:
        """By which versions of one message find each other."""
        return self.source, self.event or self.id


@value
class SignalFile:
    """Signals in one document, as they came: in any order, twice, modified and cancelled."""

    signals: tuple[UtilitySignal, ...]


def defects(signal: UtilitySignal, path: str = "") -> tuple[Finding, ...]:
    """Everything for which a signal is refused; what was known before it stays in force."""
    found = [
        Finding(path=f"{path}.{where}".lstrip("."), message=f"signal {signal.id}: {message}", remedy=remedy)
        for where, message, remedy in (*_of_signal(signal), *_of_intervals(signal))
    ]
    return tuple(found)


_Defect = tuple[str, str, str]
_RANGES = {
    SignalKind.LIMIT: (0.0, 1e7),
    SignalKind.PRICE: (-1e6, 1e6),
    SignalKind.DISPATCH: (-1e7, 1e7),
    SignalKind.LEVEL: (-10.0, 10.0),
    SignalKind.CARBON: (0.0, 1e6),
}
"""In the unit of the kind: beyond is no utility's number but a wrong unit."""


def _of_signal(signal: UtilitySignal) -> Iterator[_Defect]:
    for name in ("id", "source"):
        if not getattr(signal, name):
            yield name, "it has none", "name it"
    if not signal.targets:
        yield "targets", "it is about nobody", "leave the field out for everything that the source reaches"
    if signal.mode is SignalMode.DEFAULT and signal.kind is not SignalKind.LIMIT:
        yield "mode", f"a {signal.kind} has no default", "write set or add"
    if signal.failsafe is not None and not (isfinite(signal.failsafe) and signal.failsafe >= 0.0):
        yield "failsafe", f"{signal.failsafe:g} is no limit", "give a number of at least 0"
    for name in ("issued_at", "expires_at"):
        when = getattr(signal, name)
        if when is not None and when.tzinfo is None:
            yield name, "it has no time zone", "write an offset, or Z for UTC"


def _of_intervals(signal: UtilitySignal) -> Iterator[_Defect]:
    for i, interval in enumerate(signal.intervals):
        where = f"intervals[{i}]"
        if interval.start.tzinfo is None or interval.end.tzinfo is None:
            yield f"{where}.start", "it has no time zone", "write an offset, or Z for UTC"
        elif interval.end < interval.start:
            yield f"{where}.end", "it ends before it starts", "correct one of them"
        yield from _of_value(signal.kind, interval, where)


def _of_value(kind: SignalKind, interval: SignalInterval, where: str) -> Iterator[_Defect]:
    if not (0.0 <= interval.earlier_s <= MOST_RANDOM_S and 0.0 <= interval.later_s <= MOST_RANDOM_S):
        message = f"its start moves by chance by less than nothing, or by more than {MOST_RANDOM_S:g} s"
        yield f"{where}.later_s", message, "give the seconds by which it may move"
    if kind is SignalKind.ALERT:
        return
    if interval.value is None:
        yield f"{where}.value", f"a {kind} needs a number", "give one"
        return
    least, largest = _RANGES[kind]
    if not least <= interval.value <= largest:
        yield f"{where}.value", f"{interval.value:g} is not from {least:g} to {largest:g}", "correct it, or its unit"
