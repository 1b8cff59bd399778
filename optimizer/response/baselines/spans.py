"""Settlement intervals of an event, and the same hours of the wall clock on other days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

import numpy as np

from models.domain.schedule import Floats
from models.domain.times import readings
from models.domain.units import seconds_from_hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Stretches of time, each half-open (Q,). [s since 1970]"""

    starts_s: Floats
    ends_s: Floats

    @property
    def hours(self) -> Floats:
        """(Q,) [h]"""
        return (self.ends_s - self.starts_s) / seconds_from_hours(1.0)

    def shifted(self, by_s: float) -> "Spans":
        """So many seconds later."""
        return Spans(starts_s=self.starts_s + by_s, ends_s=self.ends_s + by_s)


def spans_of(start_s: float, end_s: float, length_s: float) -> Spans:
    """From start to end in pieces of one length, of which the last may be shorter."""
    count = max(1, ceil((end_s - start_s) / length_s - 1e-9))
    starts_s = start_s + length_s * np.arange(count, dtype=np.float64)
    return Spans(starts_s=starts_s, ends_s=np.minimum(starts_s + length_s, end_s))


def on_day(spans: Spans, day: date, away: date, zone: ZoneInfo) -> Spans | None:
    """The spans of ``day`` at the same times of the clock ``away``; None where the clock skips one of them.

    Of a time that the clock shows twice the first is taken; lengths stay.
    """
    starts_s = []
    for start_s in spans.starts_s:
        local = datetime.fromtimestamp(float(start_s), zone).replace(tzinfo=None, fold=0)
        shown = readings(local + timedelta(days=(away - day).days), zone)
        if not shown:
            return None
        starts_s.append(shown[0].timestamp())
    begun_s = np.array(starts_s)
    return Spans(starts_s=begun_s, ends_s=begun_s + (spans.ends_s - spans.starts_s))
