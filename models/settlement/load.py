"""What a meter showed, on a regular grid of instants: mean powers, and how far they can be believed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.domain.schedule import Floats


class Quality(StrEnum):
    """Of a value, in the words of OpenADR's DATA_QUALITY."""

    OK = "OK"
    ESTIMATED = "ESTIMATED"
    MISSING = "MISSING"
    BAD = "BAD"


COUNTS = (Quality.OK, Quality.ESTIMATED)
"""What is settled by; the rest is as if it had not been metered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSeries:
    """Mean import of interval k, from ``start_s + k step_s`` on (N,); NaN where nothing that counts was metered."""

    meter: str
    start_s: float
    step_s: float
    power_kw: Floats
    quality: tuple[Quality, ...]
    """One an interval (N,)."""

    @property
    def starts_s(self) -> Floats:
        """(N,) [s]"""
        return self.start_s + self.step_s * np.arange(len(self.power_kw), dtype=np.float64)

    @property
    def end_s(self) -> float:
        return self.start_s + self.step_s * len(self.power_kw)

    def mean_kw(self, starts_s: Floats, ends_s: Floats) -> Floats:
        """Mean of each span (K,); NaN where any part of it was not metered. A power holds through its interval. [kW]"""
        edges = np.append(self.starts_s, self.end_s)
        known = np.isfinite(self.power_kw)
        drawn = np.append(0.0, np.cumsum(np.where(known, self.power_kw, 0.0) * self.step_s))
        metered_s = np.append(0.0, np.cumsum(known * self.step_s))
        lengths_s = np.maximum(ends_s - starts_s, _SLACK_S)
        covered_s = np.interp(ends_s, edges, metered_s) - np.interp(starts_s, edges, metered_s)
        means_kw = (np.interp(ends_s, edges, drawn) - np.interp(starts_s, edges, drawn)) / lengths_s
        return np.where(covered_s >= lengths_s - _SLACK_S, means_kw, np.nan)

    def quality_of(self, start_s: float, end_s: float) -> Quality:
        """The worst of a span; MISSING where it reaches outside of what was metered."""
        if start_s < self.start_s or end_s > self.end_s:
            return Quality.MISSING
        first = int((start_s - self.start_s + _SLACK_S) // self.step_s)
        last = int(-((self.start_s - end_s + _SLACK_S) // self.step_s))
        return worst(self.quality[first:last])


_SLACK_S = 1e-3
"""Instants that are closer are the same one. [s]"""


_WORSE_LAST = (Quality.OK, Quality.ESTIMATED, Quality.BAD, Quality.MISSING)


def worst(told: Iterable[Quality]) -> Quality:
    """Of several; MISSING of none."""
    return max(told, key=_WORSE_LAST.index, default=Quality.MISSING)


def summed(name: str, parts: Sequence[LoadSeries]) -> LoadSeries:
    """Meters that count together, on one grid; an interval that one of them lacks is lacking. Raises ValueError."""
    first = parts[0]
    if len({(one.start_s, one.step_s, len(one.quality)) for one in parts}) > 1:
        raise ValueError("meters that are summed have one grid")
    quality = tuple(worst(together) for together in zip(*(one.quality for one in parts), strict=True))
    power_kw = np.sum([one.power_kw for one in parts], axis=0)
    return LoadSeries(meter=name, start_s=first.start_s, step_s=first.step_s, power_kw=power_kw, quality=quality)
