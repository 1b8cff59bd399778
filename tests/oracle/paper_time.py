"""Periods, overlaps and quantities over time, one at a time and by plain arithmetic."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

from models.domain.site import PhaseSeries
from models.domain.units import hours_from_seconds
from models.domain.value import Series


def label(instant_s: float) -> str:
    """An instant as the public labels write it: ``2026-03-02T17:00:00Z``."""
    return datetime.fromtimestamp(instant_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def overlap_h(start_s: float, end_s: float, other_start_s: float, other_end_s: float) -> float:
    """Length of what two half-open intervals share. [h]"""
    return hours_from_seconds(max(0.0, min(end_s, other_end_s) - max(start_s, other_start_s)))


def value_now(series: Series, instant_s: float) -> float:
    """The last step at or before the instant; before the first step, the first."""
    if isinstance(series, float | int):
        return float(series)
    begun = [step for step in series if step.start.timestamp() <= instant_s]
    return (begun[-1] if begun else series[0]).value


def values_inside(series: Series, start_s: float, end_s: float) -> Iterator[tuple[float, float]]:
    """(length in s, value) of every piece of an interval in which the quantity stays the same."""
    steps = () if isinstance(series, float | int) else series
    inside = [s.start.timestamp() for s in steps if start_s < s.start.timestamp() < end_s]
    edges = [start_s, *inside, end_s]
    for begin, end in pairwise(edges):
        yield end - begin, value_now(series, begin)


def mean(series: Series, start_s: float, end_s: float) -> float:
    """Time-weighted mean over an interval."""
    return sum(length * v for length, v in values_inside(series, start_s, end_s)) / (end_s - start_s)


def least(series: Series, start_s: float, end_s: float) -> float:
    return min(v for _, v in values_inside(series, start_s, end_s))


def largest(series: Series, start_s: float, end_s: float) -> float:
    return max(v for _, v in values_inside(series, start_s, end_s))


def of_phase(limit: Series | PhaseSeries | None, phase: str) -> Series | None:
    """What a quantity says of one phase; a plain series says the same of all three."""
    if isinstance(limit, PhaseSeries):
        return {"L1": limit.L1, "L2": limit.L2, "L3": limit.L3}[phase]
    return limit
