"""One limit over time from all lanes of a timeline: the least of every source, each with its own default below it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby, pairwise
from typing import TypeVar

from models.domain.timeline import Held, Lane, Timeline
from models.domain.utility_signal import Flow, SignalKind, SignalMode, Target
from models.domain.value import value

_ByMode = dict[SignalMode, tuple[Held, ...]]


@value
class LimitStep:
    """A limit from ``start`` to ``end``, and whose it is."""

    start: datetime
    end: datetime
    limit_kw: float
    source: str
    signals: tuple[str, ...]
    """That together say so, as ``source/signal``."""
    is_default: bool = False
    """Whether it holds because its source sets no limit."""


def limit_curve(timeline: Timeline, flow: Flow, targets: Iterable[Target]) -> tuple[LimitStep, ...]:
    """The least that any source leaves to any of the targets; gaps are where nobody limits."""
    wanted = set(targets)
    curves = [curve for lanes in _contracts(timeline, flow, wanted) if (curve := tuple(_of_contract(*lanes)))]
    edges = sorted({at for curve in curves for step in curve for at in (step.start, step.end)})
    least = [(a, b, _least(curves, a)) for a, b in pairwise(edges)]
    return tuple(_merged(least))


def _contracts(timeline: Timeline, flow: Flow, wanted: set[Target]) -> Iterator[tuple[str, _ByMode]]:
    """Limits of one source, programme and target, by mode."""
    found: dict[tuple[str, str, Target], _ByMode] = {}
    for lane, held in timeline.of(SignalKind.LIMIT):
        if lane.flow is flow and lane.target in wanted:
            found.setdefault(_contract(lane), {})[lane.mode] = held
    return ((source, modes) for (source, _, _), modes in found.items())


def _contract(lane: Lane) -> tuple[str, str, Target]:
    return lane.source, lane.programme, lane.target


def _of_contract(source: str, modes: _ByMode) -> Iterator[LimitStep]:
    edges = sorted({at for held in modes.values() for each in held for at in (each.start, each.end)})
    for begins, ends in pairwise(edges):
        told = {mode: each for mode, held in modes.items() if (each := _at(held, begins))}
        deciding = _deciding(told)
        if deciding:
            limit_kw = sum(each.value or 0.0 for each in deciding)
            names = tuple(f"{source}/{each.signal}" for each in deciding)
            yield LimitStep(
                start=begins,
                end=ends,
                limit_kw=limit_kw,
                source=source,
                signals=names,
                is_default=SignalMode.SET not in told,
            )


def _deciding(told: dict[SignalMode, Held]) -> list[Held]:
    """A limit; else the default, and what was granted on top of it. A grant without a default is none."""
    if SignalMode.SET in told:
        return [told[SignalMode.SET]]
    return (
        [told[mode] for mode in (SignalMode.DEFAULT, SignalMode.ADD) if mode in told]
        if SignalMode.DEFAULT in told
        else []
    )


_Stretch = TypeVar("_Stretch", Held, LimitStep)


def _at(held: Sequence[_Stretch], when: datetime) -> _Stretch | None:
    """Of stretches in order that do not overlap."""
    begun = bisect_right(held, when, key=lambda each: each.start)
    return held[begun - 1] if begun and when < held[begun - 1].end else None


def _least(curves: Sequence[Sequence[LimitStep]], when: datetime) -> LimitStep | None:
    now = [step for curve in curves if (step := _at(curve, when))]
    return min(now, key=lambda step: (step.limit_kw, step.signals), default=None)


def _merged(pieces: Sequence[tuple[datetime, datetime, LimitStep | None]]) -> Iterator[LimitStep]:
    for _, run in groupby(pieces, key=lambda piece: piece[2] and (piece[2].limit_kw, piece[2].signals)):
        stretch = list(run)
        first, last = stretch[0], stretch[-1]
        if first[2]:
            yield replace(first[2], start=first[0], end=last[1])
