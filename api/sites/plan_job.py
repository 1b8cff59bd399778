"""When a site is to be planned next, and what has been tried. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from models.domain.value import value

DEBOUNCE = timedelta(seconds=0.3)
"""After an event, for others that come with it."""
LONGEST_WAIT_S = 120.0
"""Before a plan that failed is tried again. [s]"""
_MOST_DOUBLINGS = 7


@value
class PlanJob:
    """What is due for a site."""

    due_at: datetime
    events: int = 0
    """Heard since the last plan."""
    attempts: int = 0
    """That failed since the last plan."""
    failure: str = ""
    """Of the last attempt."""


def woken(job: PlanJob | None, now: datetime) -> PlanJob:
    """Something happened that a plan has to know: one is due soon, if not sooner."""
    soon = now + DEBOUNCE
    if job is None:
        return PlanJob(due_at=soon, events=1)
    return replace(job, due_at=min(job.due_at, soon), events=job.events + 1)


def failed(job: PlanJob | None, now: datetime, reason: str) -> PlanJob:
    """No plan was made; it is tried again, later each time."""
    job = job or PlanJob(due_at=now)
    wait_s = min(LONGEST_WAIT_S, 2.0 ** min(job.attempts, _MOST_DOUBLINGS))
    return replace(job, due_at=now + timedelta(seconds=wait_s), attempts=job.attempts + 1, failure=reason)
