"""Events moved to the days of a site: the same weekday, the same time of its own clock."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from api.replaying.paying import Payment, payment_of
from models.datasets.dr_events import RealEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifted:
    """A real event at the site."""

    real: RealEvent
    payment: Payment
    day: date
    start: datetime
    end: datetime
    told_at: datetime
    """As long before it as it was really told; where that is not known, the midnight before."""


def shifted(events: Sequence[RealEvent], days: Sequence[date], zone: ZoneInfo) -> Iterator[Shifted]:
    """Every event once: those of one weekday take turns with the days of that weekday, in order.

    Raises ValueError where a weekday has no day.
    """
    turn: Counter[int] = Counter()
    for real in events:
        payment = payment_of(real)
        begins = payment.start.astimezone(real.zone)
        weekday = begins.weekday()
        its_days = [day for day in days if day.weekday() == weekday]
        if not its_days:
            raise ValueError(f"no day of the site is a {begins:%A}")
        day = its_days[turn[weekday] % len(its_days)]
        turn[weekday] += 1
        start = datetime.combine(day, begins.time(), zone)
        yield Shifted(
            real=real,
            payment=payment,
            day=day,
            start=start,
            end=later(start, payment.end - payment.start),
            told_at=_told_at(real, payment, start),
        )


def later(start: datetime, length: timedelta) -> datetime:
    """In real time, also across a change of the clock."""
    return datetime.fromtimestamp(start.timestamp() + length.total_seconds(), start.tzinfo)


def _told_at(real: RealEvent, payment: Payment, start: datetime) -> datetime:
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if real.told_at is None:
        return midnight
    return max(midnight, later(start, real.told_at - payment.start))
