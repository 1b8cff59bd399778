"""What a method makes of the past of a meter, and what it looked at."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from models.domain.schedule import Floats
from optimizer.response.baselines.spans import Spans


class DayUse(StrEnum):
    """What became of a day that was looked at."""

    TAKEN = "taken"
    NOT_TAKEN = "not taken: others have more load"
    EVENT_DAY = "left out: another event was called"
    DAY_BEFORE = "left out: the day before the event"
    OTHER_KIND = "left out: another kind of day"
    HOLIDAY = "left out: a holiday"
    MISSING = "left out: the meter lacks some of these hours"
    LOW_USAGE = "left out: little load"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """A day before the event."""

    day: date
    use: DayUse
    mean_kw: float | None = None
    """Of the hours of the event, where they were metered. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Load without the event, span by span (Q,). [kW]"""

    method: str
    spans: Spans
    raw_kw: Floats
    """Before the same day adjusts it."""
    adjusted_kw: Floats
    """What is settled by."""
    days: tuple[LookedAt, ...] = ()
    """The latest first."""
    adjusted_by: float | None = None
    """The ratio, or the kW added, inside its bounds. None: nothing was adjusted."""
    unbounded: float | None = None
    """The same before its bounds."""
    told: tuple[str, ...] = ()
    """What a reader should know: too few days, nothing to adjust by."""

    @property
    def taken(self) -> tuple[date, ...]:
        """Days that it is the mean of."""
        return tuple(one.day for one in self.days if one.use is DayUse.TAKEN)
