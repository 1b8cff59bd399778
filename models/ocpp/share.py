"""The fail-safe share of an EVSE over time: always the same, or by the time of day where EVSEs take turns."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import floor

from models.domain.failsafe import DailyStep
from models.domain.units import HOURS_PER_DAY, seconds_from_hours
from models.ocpp.limits import LimitScale
from models.ocpp.steps import Step, whole_second_steps

DAY_S = int(seconds_from_hours(HOURS_PER_DAY))
TAIL_DAYS = 2
"""For how long the tail of a plan takes its turns; a station that hears nothing for longer gets the least of them."""


def day_of_shares(
    scale: LimitScale, share_kw: float, daily: tuple[DailyStep, ...], part: float = 1.0
) -> tuple[Step, ...]:
    """A day of limits from midnight UTC on; one step where the share is always the same.

    ``part``: what the vehicle may draw of a share that was counted on all phases of its EVSE.
    """
    if not daily:
        return ((0, scale.tenths(share_kw * part)),)
    return whole_second_steps([s.start_s for s in daily], [scale.tenths(s.power_kw * part) for s in daily])


def tail_steps(day: tuple[Step, ...], from_s: float) -> Iterator[tuple[float, int]]:
    """The shares from an instant on, for ever: those of :data:`TAIL_DAYS` days, then the least of them."""
    midnight_s = floor(from_s / DAY_S) * DAY_S
    days = range(TAIL_DAYS + 1) if len(day) > 1 else range(1)
    absolute = [(midnight_s + k * DAY_S + start_s, value) for k in days for start_s, value in day]
    yield from_s, [value for start_s, value in absolute if start_s <= from_s][-1]
    yield from ((float(start_s), value) for start_s, value in absolute if start_s > from_s)
    if len(day) > 1:
        yield float(midnight_s + len(days) * DAY_S), min(value for _, value in day)


def midnight(now: datetime) -> datetime:
    """The last midnight in UTC: where the schedule of every day begins."""
    return datetime.combine(now.astimezone(UTC).date(), datetime.min.time(), UTC)
