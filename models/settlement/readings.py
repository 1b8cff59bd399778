"""Readings at any instants, of power or of an energy register, as means of regular intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.domain.schedule import Floats
from models.domain.units import seconds_from_hours, seconds_from_minutes
from models.domain.windows import Booleans
from models.settlement.load import LoadSeries, Quality

SURE_S = seconds_from_minutes(15.0)
"""Between readings that are further apart a power is an estimate. [s]"""
LONGEST_S = seconds_from_hours(1.0)
"""Between readings that are further apart nothing is known. [s]"""
_SLACK_S = 1e-3
"""Instants that are closer are the same one. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What a meter showed (R,), in any order; NaN where it did not tell the one or the other."""

    at_s: Floats
    power_kw: Floats
    register_kwh: Floats


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


def series_of(meter: str, readings: Readings, grid: Grid, idle: Sequence[tuple[float, float]] = ()) -> LoadSeries:
    """Means on a grid: by the register where two readings in a row have it and it did not fall, else by the power held.

    ``idle``: spans in order in which nothing can have been drawn, as of an EVSE without a car; readings in them do not
    count, and none are needed. [s]
    """
    parts = _parts(_with_idle(_ordered(readings), np.array(idle, dtype=np.float64).reshape(-1, 2)))
    drawn, known_s, estimated_s = (np.diff(_until(parts, amounts, grid)) for amounts in parts.amounts)
    whole = known_s >= grid.step_s - _SLACK_S
    kinds = np.where(whole, np.where(estimated_s > _SLACK_S, Quality.ESTIMATED, Quality.OK), Quality.MISSING)
    return LoadSeries(
        meter=meter,
        start_s=grid.start_s,
        step_s=grid.step_s,
        power_kw=np.where(whole, drawn / np.maximum(known_s, _SLACK_S), np.nan),
        quality=tuple(map(Quality, kinds.tolist())),
    )


@dataclass(frozen=True, slots=True)
class _Points:
    """Readings in order, and since when nothing is drawn."""

    at_s: Floats
    power_kw: Floats
    register_kwh: Floats
    is_idle: Booleans
    """From this point to the next."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What lies between neighbouring points: their instants (P,), and energy [kW s], known and estimated time [s]."""

    at_s: Floats
    amounts: tuple[Floats, Floats, Floats]


def _ordered(readings: Readings) -> _Points:
    order = np.argsort(readings.at_s, kind="stable")
    quiet = np.zeros(len(order), dtype=np.bool_)
    return _Points(readings.at_s[order], readings.power_kw[order], readings.register_kwh[order], quiet)


def _with_idle(points: _Points, spans: Floats) -> _Points:
    """With a point at either end of every idle span, and without what was read inside.

    At one instant the end of a span comes before a reading, and a reading before the begin of a span.
    """
    begun = np.searchsorted(spans[:, 0], points.at_s, side="left") - 1
    kept = (begun < 0) | (points.at_s >= np.append(spans[:, 1], -np.inf)[begun])
    at_s, unknown = np.append(points.at_s[kept], spans.ravel()), np.full(spans.size, np.nan)
    is_begin = np.arange(spans.size) % 2 == 0
    rank = np.append(np.ones(int(kept.sum())), np.where(is_begin, 2.0, 0.0))
    order = np.lexsort((rank, at_s))
    return _Points(
        at_s[order],
        np.append(points.power_kw[kept], unknown)[order],
        np.append(points.register_kwh[kept], unknown)[order],
        np.append(points.is_idle[kept], is_begin)[order],
    )


def _parts(points: _Points) -> _Parts:
    """By idleness, the register, the power before, and as an estimate the power after."""
    lengths_s = np.diff(points.at_s)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_register = np.diff(points.register_kwh) * seconds_from_hours(1.0) / lengths_s
    before_kw, after_kw = points.power_kw[:-1], points.power_kw[1:]
    held = np.where(np.isfinite(before_kw), before_kw, after_kw)
    measured = np.where(np.isfinite(by_register) & (by_register >= 0.0), by_register, held)
    idle = points.is_idle[:-1]
    power_kw = np.where(idle, 0.0, measured)
    known = np.isfinite(power_kw) & (idle | (lengths_s <= LONGEST_S))
    guessed = ~idle & ((lengths_s > SURE_S) | (~np.isfinite(by_register) & ~np.isfinite(before_kw)))
    drawn = np.where(known, power_kw, 0.0) * lengths_s
    return _Parts(points.at_s, (drawn, known * lengths_s, (known & guessed) * lengths_s))


def _until(parts: _Parts, amounts: Floats, grid: Grid) -> Floats:
    """How much there was until each edge of the grid (N+1,)."""
    if not len(amounts):
        return np.zeros(grid.count + 1)
    until: Floats = np.interp(grid.edges_s, parts.at_s, np.append(0.0, np.cumsum(amounts)))
    return until
