"""From signals to what holds when: versions and cancellations settled, overlaps ranked, in any order of arrival.

A lane is what signals compete in: one source, programme, kind, mode, flow, topic and target. Within a lane the lowest
priority number counts, then the more restrictive value, then the newer, then the id. Lanes of limits combine by the
minimum and never raise each other (models.domain.limit_curve).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import groupby, pairwise
from math import inf

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.utility_signal import FOREVER, Flow, SignalInterval, SignalKind, SignalMode, Target, UtilitySignal
from models.domain.value import value

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_YEARS = range(1970, 9000)


@value
class Lane:
    """What signals compete in."""

    source: str
    programme: str
    kind: SignalKind
    mode: SignalMode
    flow: Flow
    topic: str
    target: Target


@value
class Held:
    """One value that holds from ``start`` to ``end``, and the signal that it is from."""

    start: datetime
    end: datetime
    value: float | None
    text: str
    signal: str
    """Its id."""
    currency: str = ""


@value
class Timeline:
    """What holds in a window, lane by lane; gaps are where nothing is asked."""

    start: datetime
    end: datetime
    lanes: tuple[tuple[Lane, tuple[Held, ...]], ...] = ()

    def of(self, kind: SignalKind) -> tuple[tuple[Lane, tuple[Held, ...]], ...]:
        return tuple((lane, held) for lane, held in self.lanes if lane.kind is kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """One interval of one signal, moved and clipped, as it competes in a lane."""

    start: datetime
    end: datetime
    rank: tuple[float, float, float, str, float]
    held: tuple[float | None, str, str, str]


def fold(signals: Iterable[UtilitySignal], start: datetime, end: datetime, *, seed: str = "") -> Timeline:
    """What signals ask from ``start`` to ``end``; ``seed`` is whose random starts are drawn, as the id of a site."""
    lanes: dict[Lane, list[_Claim]] = {}
    for signal in current(signals):
        claims = list(_claims(signal, start, end, seed))
        for target in signal.targets:
            lanes.setdefault(_lane(signal, target), []).extend(claims)
    told = [(lane, tuple(_sweep(claims))) for lane, claims in lanes.items()]
    return Timeline(start=start, end=end, lanes=tuple(sorted(filter(lambda pair: pair[1], told), key=_order)))


def window(start: datetime, hours: float) -> tuple[datetime, datetime]:
    """From an instant on for so long; raises InvalidScenario for what no calendar has."""
    if start.year not in _YEARS:
        remedy = f"write a year from {_YEARS.start} to {_YEARS.stop - 1}"
        raise InvalidScenario([Finding(path="start", message=f"the year {start.year} is out of reach", remedy=remedy)])
    return start, start + timedelta(hours=hours)


def current(signals: Iterable[UtilitySignal]) -> tuple[UtilitySignal, ...]:
    """The newest version of every message that is not cancelled.

    Contradictory copies of one version that are equally new all stay: the more restrictive counts where they differ.
    """
    messages: dict[tuple[str, str], list[UtilitySignal]] = {}
    for signal in dict.fromkeys(signals):
        messages.setdefault(signal.identity, []).append(signal)
    return tuple(signal for identity in sorted(messages) for signal in _newest(messages[identity]))


def drawn(signal: UtilitySignal, seed: str) -> float:
    """From 0 to 1, the same for every version of a message, another one for every seed."""
    digest = sha256("\0".join((seed, *signal.identity)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


def _newest(versions: Sequence[UtilitySignal]) -> list[UtilitySignal]:
    highest = max(signal.version for signal in versions)
    last = [signal for signal in versions if signal.version == highest]
    if any(signal.cancelled for signal in last):
        return []
    newest = max(_issued_s(signal) for signal in last)
    return [signal for signal in last if _issued_s(signal) == newest]


def _lane(signal: UtilitySignal, target: Target) -> Lane:
    return Lane(
        source=signal.source,
        programme=signal.programme,
        kind=signal.kind,
        mode=signal.mode,
        flow=signal.flow,
        topic=signal.topic,
        target=target,
    )


def _claims(signal: UtilitySignal, start: datetime, end: datetime, seed: str) -> Iterator[_Claim]:
    draw, expiry = drawn(signal, seed), signal.expires_at or FOREVER
    for place, interval in enumerate(signal.intervals):
        shift = timedelta(seconds=draw * (interval.earlier_s + interval.later_s) - interval.earlier_s)
        begins, ends = max(moved(interval.start, shift), start), min(moved(interval.end, shift), expiry, end)
        if begins < ends:
            yield _claim(signal, interval, begins, ends, place)
    if signal.failsafe is not None and max(expiry, start) < end:
        after = SignalInterval(start=expiry, value=signal.failsafe)
        yield _claim(signal, after, max(expiry, start), end, len(signal.intervals))


def moved(when: datetime, shift: timedelta) -> datetime:
    """In UTC, as differences are taken; what has no end keeps none, and no calendar is left."""
    if when >= FOREVER:
        return FOREVER
    try:
        return min(when.astimezone(UTC) + shift, FOREVER)
    except OverflowError:
        return FOREVER if when.year > 1 and shift > timedelta() else EARLIEST


def _claim(signal: UtilitySignal, interval: SignalInterval, begins: datetime, ends: datetime, place: int) -> _Claim:
    priority = inf if signal.priority is None else float(signal.priority)
    strictness = _strictness(signal.kind, interval.value)
    return _Claim(
        start=begins,
        end=ends,
        rank=(priority, strictness, -_issued_s(signal), signal.id, -float(place)),
        held=(interval.value, interval.text, signal.id, signal.currency),
    )


def _strictness(kind: SignalKind, number: float | None) -> float:
    """The lower, the more restrictive; 0 where that means nothing."""
    if kind in (SignalKind.LIMIT, SignalKind.DISPATCH) and number is not None:
        return number
    return -number if kind is SignalKind.LEVEL and number is not None else 0.0


def _issued_s(signal: UtilitySignal) -> float:
    return signal.issued_at.timestamp() if signal.issued_at else -inf


def _sweep(claims: Sequence[_Claim]) -> Iterator[Held]:
    """The best claim between all edges, neighbours of one value and signal merged."""
    edges = sorted({at for claim in claims for at in (claim.start, claim.end)})
    waiting, active = sorted(claims, key=lambda claim: claim.start, reverse=True), list[_Claim]()
    pieces = []
    for begins, ends in pairwise(edges):
        while waiting and waiting[-1].start <= begins:
            active.append(waiting.pop())
        active = [claim for claim in active if claim.end > begins]
        best = min(active, key=lambda claim: claim.rank, default=None)
        pieces.append((begins, ends, best.held if best else None))
    yield from _merged(pieces)


def _merged(pieces: Sequence[tuple[datetime, datetime, tuple[float | None, str, str, str] | None]]) -> Iterator[Held]:
    for held, run in groupby(pieces, key=lambda piece: piece[2]):
        if held is not None:
            stretch = list(run)
            number, text, signal, currency = held
            first, last = stretch[0][0], stretch[-1][1]
            yield Held(start=first, end=last, value=number, text=text, signal=signal, currency=currency)


def _order(told: tuple[Lane, tuple[Held, ...]]) -> tuple[str, ...]:
    lane = told[0]
    return lane.source, lane.programme, lane.kind, lane.mode, lane.flow, lane.topic, lane.target.scope, lane.target.name
