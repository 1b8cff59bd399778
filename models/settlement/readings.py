"""Readings at any instants, of power or of an energy register, as means of regular intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.domain.schedule import Floats
from models.domain.units import seconds_from_hours, seconds_from_minutes
from models.settlement.load import LoadSeries, Quality

SURE_S = seconds_from_minutes(15.0)
"""A power is taken to hold so long after it was read; between readings that are further apart it is an estimate. [s]"""
LONGEST_S = seconds_from_hours(1.0)
"""Between readings that are further apart nothing is known. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a meter showed at one instant."""

    at_s: float
    power_kw: float | None = None
    register_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Regular intervals."""

    start_s: float
    step_s: float
    count: int

    @property
    def edges_s(self) -> Floats:
        """(N+1,) [s]"""
        return self.start_s + self.step_s * np.arange(self.count + 1, dtype=np.float64)


def series_of(
    meter: str, readings: Sequence[Reading], grid: Grid, idle: Sequence[tuple[float, float]] = ()
) -> LoadSeries:
    """Means on a grid: by the register where two readings in a row have it and it did not fall, else by the power held.

    ``idle``: spans in which nothing can have been drawn, as of an EVSE without a car; they need no readings. [s]
    """
    edges_s = grid.edges_s
    spans = [*_between(sorted(readings, key=lambda one: one.at_s)), *(_Span(*span, 0.0, False) for span in idle)]
    energy, known_s, estimated_s = np.zeros(grid.count), np.zeros(grid.count), np.zeros(grid.count)
    for span in spans:
        first, last = np.searchsorted(edges_s, [span.start_s, span.end_s], side="right") - 1
        within = slice(max(int(first), 0), min(int(last) + 1, grid.count))
        if within.start < within.stop:
            inside_s = np.diff(np.clip(edges_s[within.start : within.stop + 1], span.start_s, span.end_s))
            energy[within] += span.power_kw * inside_s
            known_s[within] += inside_s
            estimated_s[within] += inside_s * span.is_estimate
    whole = known_s >= grid.step_s - _SLACK_S
    power_kw = np.where(whole, energy / np.maximum(known_s, _SLACK_S), np.nan)
    return LoadSeries(
        meter=meter,
        start_s=grid.start_s,
        step_s=grid.step_s,
        power_kw=power_kw,
        quality=tuple(map(_quality, whole.tolist(), (estimated_s > 0.0).tolist())),
    )


_SLACK_S = 1e-3


@dataclass(frozen=True, slots=True)
class _Span:
    start_s: float
    end_s: float
    power_kw: float
    is_estimate: bool


def _between(readings: Sequence[Reading]) -> list[_Span]:
    found = []
    for one, later in pairwise(readings):
        length_s = later.at_s - one.at_s
        power_kw = _power_kw(one, later, length_s)
        if power_kw is not None and 0.0 < length_s <= LONGEST_S:
            found.append(_Span(one.at_s, later.at_s, power_kw, length_s > SURE_S))
    return found


def _power_kw(one: Reading, later: Reading, length_s: float) -> float | None:
    if one.register_kwh is not None and later.register_kwh is not None and length_s > 0.0:
        drawn_kwh = later.register_kwh - one.register_kwh
        if drawn_kwh >= 0.0:
            return drawn_kwh * seconds_from_hours(1.0) / length_s
    return one.power_kw


def _quality(is_whole: bool, is_estimate: bool) -> Quality:
    if not is_whole:
        return Quality.MISSING
    return Quality.ESTIMATED if is_estimate else Quality.OK
