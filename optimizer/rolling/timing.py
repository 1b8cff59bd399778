"""When something happened, by our clock: clocks of stations are wrong, and some tell hours later."""

from dataclasses import dataclass
from datetime import datetime, timedelta

CLOCK_MAY_BE_OFF = timedelta(minutes=6)
"""So far a station's time is taken for now, told with a wrong clock; farther in the past it is told late."""
FARTHEST = timedelta(days=366)
"""Ahead; what is told for a later time comes from a clock or a calendar that is wrong."""
CLOCK_IS_RIGHT = timedelta(seconds=60)
"""A difference up to this is the way of the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An event on our clock."""

    at: datetime
    """Never later than now."""
    late: bool
    """It tells of the past, so that nothing of the present may be read from it."""
    skew_s: float | None
    """The station's clock less ours; None where that cannot be told. [s]"""
    defect: str | None


def placed(told_at: datetime, now: datetime) -> Placed:
    """Where an event stands that a station says was at ``told_at`` and that arrived ``now``."""
    apart = told_at - now
    if apart > CLOCK_MAY_BE_OFF:
        return Placed(at=now, late=False, skew_s=apart.total_seconds(), defect="a time in the future")
    if apart < -CLOCK_MAY_BE_OFF:
        return Placed(at=told_at, late=True, skew_s=None, defect="told late")
    off = abs(apart) > CLOCK_IS_RIGHT
    return Placed(at=now, late=False, skew_s=apart.total_seconds(), defect="its clock is off" if off else None)
