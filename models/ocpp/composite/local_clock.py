"""Schedules by the station's own clock (``useLocalTime`` of OCPP 2.1): the offset of their start means nothing.

A day of such a schedule has 23 or 25 hours where clocks change. A start that is skipped is when the clock shows what
comes after it; one that is repeated is the first of both.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from zoneinfo import ZoneInfo

from models.domain.times import first_after, instant, readings, seconds


@dataclass(frozen=True, slots=True)
class LocalStart:
    """When a schedule starts, and starts again, at the place of its station."""

    wall: datetime
    """What the clock shows, without an offset."""
    where: ZoneInfo
    every_days: int | None
    """None: it does not recur."""

    def last_s(self, at_s: float) -> float:
        """The last start that is not after an instant; of a schedule that does not recur its only one."""
        if self.every_days is None:
            return self._start_s(0)
        shown = instant(at_s).astimezone(self.where).replace(tzinfo=None)
        near = floor((shown - self.wall) / timedelta(days=self.every_days))
        return max(start for k in (near - 1, near, near + 1) if (start := self._start_s(k)) <= at_s)

    def next_s(self, start_s: float) -> float | None:
        """The start after another one; None where there is none."""
        if self.every_days is None:
            return None
        shown = instant(start_s).astimezone(self.where).replace(tzinfo=None)
        near = round((shown - self.wall) / timedelta(days=self.every_days))
        return min(start for k in (near, near + 1, near + 2) if (start := self._start_s(k)) > start_s)

    def _start_s(self, count: int) -> float:
        wall = self.wall + timedelta(days=count * (self.every_days or 0))
        found = readings(wall, self.where)
        return seconds(found[0] if found else first_after(wall, self.where))
