"""The stretch of time that a page shows, and where in it an instant lies."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from api.document import PlanDocument
from api.plot import LocalAxis

LEAST, MOST = timedelta(hours=4), timedelta(hours=24)
MARGIN = timedelta(minutes=30)
"""After the last thing that happens."""
DRAWS_KW = 0.05


@dataclass(frozen=True, slots=True)
class Tick:
    """A full hour on the axis."""

    at: float
    """Percent from the left."""
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``start`` on."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    def percent(self, at: datetime) -> float:
        """From the left, 0 to 100; what is outside lies on the edge."""
        share = (at - self.start) / (self.end - self.start)
        return round(100.0 * min(1.0, max(0.0, share)), 3)

    @property
    def ticks(self) -> list[Tick]:
        local = LocalAxis(self.start, self.end, self.zone)
        placed = ((place - local.offset, text) for place, text in local.ticks())
        return [
            Tick(self.percent(place.replace(tzinfo=self.start.tzinfo)), text.partition("<br>")[0])
            for place, text in placed
        ]


def axis_of(plan: PlanDocument | None, zone: ZoneInfo, now: datetime) -> Axis:
    """From now on, until a little after the last car has charged and the next ones have left."""
    start = min(now, plan.start) if plan is not None and plan.end > now else now
    if plan is None:
        return Axis(start, start + LEAST, zone)
    last = [s.end for one in plan.sessions for s in one.setpoints if s.charge_power_kw > DRAWS_KW]
    until = max(last, default=start) + MARGIN
    return Axis(start, min(start + MOST, max(start + LEAST, until)), zone)
