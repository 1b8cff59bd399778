"""Prices and carbon of a timeline as price events of a scenario; each stretch without a gap is one event."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from math import gcd

from models.domain.findings import Finding
from models.domain.signal import PriceEvent, PriceMode
from models.domain.timeline import Held, Lane
from models.domain.units import kg_from_grams
from models.domain.utility_signal import Flow, SignalMode
from models.domain.value import Step

_MOST_STEPS = 5000
_Told = tuple[Lane, tuple[Held, ...]]


def price_events(lanes: Sequence[_Told], currency: str | None) -> Iterator[PriceEvent | Finding]:
    """Of two sources that replace one price at one time the first by name is used, and the clash is told."""
    taken: dict[Flow, list[Held]] = {}
    for lane, held in lanes:
        foreign = next((each for each in held if currency and each.currency not in ("", currency)), None)
        if foreign is not None:
            told = f"its prices are in {foreign.currency}, the tariff is in {currency}"
            yield finding(lane, foreign, told, "convert them where they come from; they are not used")
            continue
        before = taken.setdefault(lane.flow, []) if lane.mode is SignalMode.SET else []
        clash = next((each for each in held if any(_overlap(each, other) for other in before)), None)
        if clash is not None:
            told = "another source already prices some of this time"
            yield finding(lane, clash, told, "use one source of prices for a meter; this one is not used")
            continue
        before.extend(held)
        mode = PriceMode.REPLACE if lane.mode is SignalMode.SET else PriceMode.ADD
        yield from _events(lane, held, mode)


def carbon_events(lane: Lane, held: Sequence[Held], price_per_kg: float | None) -> Iterator[PriceEvent | Finding]:
    """Carbon as a price on top, where the operator has given it one."""
    if price_per_kg is None:
        yield finding(lane, held[0], "carbon has no price here", "set carbon_price_per_kg to let it shape plans")
    else:
        yield from _events(lane, held, PriceMode.ADD, kg_from_grams(price_per_kg))


def _events(lane: Lane, held: Sequence[Held], mode: PriceMode, factor: float = 1.0) -> Iterator[PriceEvent]:
    for run in _runs(held):
        series = _steps(run, factor)
        bought, sold = (series, None) if lane.flow is Flow.IMPORT else (None, series)
        yield PriceEvent(
            id=signal_id(lane, run[0]),
            start=run[0].start,
            end=run[-1].end,
            mode=mode,
            import_price=bought,
            export_price=sold,
            source=lane.source,
        )


def _runs(held: Sequence[Held]) -> Iterator[list[Held]]:
    run = [held[0]]
    for before, each in pairwise(held):
        if each.start != before.end:
            yield run
            run = []
        run.append(each)
    yield run


def _steps(run: Sequence[Held], factor: float) -> tuple[Step, ...]:
    """Of one length, that of the shortest raster that has all edges: an unequal series looks as if steps were lost."""
    lengths = [round((each.end - each.start).total_seconds()) for each in run]
    raster = gcd(*lengths)
    if not raster or sum(lengths) / raster > _MOST_STEPS:
        raster = max(lengths) or 1
    return tuple(
        Step(start=each.start + timedelta(seconds=offset), value=(each.value or 0.0) * factor)
        for each, length in zip(run, lengths, strict=True)
        for offset in range(0, max(length, 1), raster)
    )


def _overlap(one: Held, other: Held) -> bool:
    return one.start < other.end and other.start < one.end


def signal_id(lane: Lane, each: Held) -> str:
    """By which a scenario, and the operator, know the signal that a stretch is from."""
    return f"{lane.source}/{each.signal}"


def finding(lane: Lane, each: Held, message: str, remedy: str) -> Finding:
    """What the operator is told of a stretch that cannot be asked as it is meant."""
    return Finding(path="signals", message=f"{signal_id(lane, each)}: {message}", remedy=remedy, ids=(each.signal,))
