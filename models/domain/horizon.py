"""The time that a plan covers: half-open periods of unequal length between instants."""

from datetime import UTC, datetime, timedelta

from models.domain.value import value


@value
class Stretch:
    """A run of periods of one length."""

    count: int
    minutes: float


@value
class Horizon:
    """Periods of unequal length from ``start`` on: fine ones near, coarse ones far.

    Period ``t`` runs from instant ``t`` (included) to instant ``t + 1`` (excluded). Before a solve, periods of the
    first 24 hours are split where a price, limit or signal changes inside them.
    """

    start: datetime
    stretches: tuple[Stretch, ...]

    @property
    def end(self) -> datetime:
        """In UTC: a start in local time may have a change of clocks before it."""
        return self.start.astimezone(UTC) + timedelta(minutes=sum(s.count * s.minutes for s in self.stretches))

    def instants(self) -> tuple[datetime, ...]:
        """The ends of the periods in UTC, one more than there are periods."""
        instants = [self.start.astimezone(UTC)]
        for stretch in self.stretches:
            last, length = instants[-1], timedelta(minutes=stretch.minutes)
            instants.extend(last + length * k for k in range(1, stretch.count + 1))
        return tuple(instants)
