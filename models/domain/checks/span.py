"""The horizon: it has periods, and not too many."""

from collections.abc import Iterator

from models.domain.checks.ranges import MOST_PERIODS
from models.domain.findings import Finding
from models.domain.horizon import Horizon
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR

LONGEST_DAYS = 35.0
"""A billing month and a few days; nobody knows sessions further ahead."""


def unfit_horizon(horizon: Horizon) -> Iterator[Finding]:
    """No periods, too many, or too long."""
    if not horizon.stretches:
        yield Finding(path="horizon.stretches", message="the horizon has no periods", remedy=_STRETCH_REMEDY)
    days = _minutes(horizon) / (HOURS_PER_DAY * MINUTES_PER_HOUR)
    if days > LONGEST_DAYS:
        message = f"the horizon is {days:g} days long, more than {LONGEST_DAYS:g}"
        yield Finding(path="horizon.stretches", message=message, remedy="plan fewer days at once")
    elif (periods := sum(s.count for s in horizon.stretches)) > MOST_PERIODS:
        message = f"the horizon has {periods} periods, more than {MOST_PERIODS:.0f}"
        yield Finding(path="horizon.stretches", message=message, remedy="write longer periods")


_STRETCH_REMEDY = 'write at least one, as in {"count": 96, "minutes": 15}, or leave out horizon'


def nothing_to_plan() -> Finding:
    """What to say when no horizon is given and nothing in the scenario has a time."""
    message = "there is no session, visit at an EVSE, signal or dated price from which a horizon could be taken"
    return Finding(path="horizon", message=message, remedy='write horizon: {"start": ..., "stretches": [...]}')


def _minutes(horizon: Horizon) -> float:
    return sum(stretch.count * stretch.minutes for stretch in horizon.stretches)
