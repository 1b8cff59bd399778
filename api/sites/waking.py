"""When a site is to be planned next: kept beside the site, so that no event is lost with a process."""

from datetime import datetime

from api.sites import plan_job
from api.sites.keeping import Desk
from api.sites.plan_job import PlanJob
from api.store.records import Kind


def wake(desk: Desk, now: datetime) -> None:
    """A plan is due soon."""
    desk.keep(Kind.JOB, plan_job.woken(_job(desk), now))


def planned(desk: Desk, now: datetime, *, due_at: datetime, known: int | None) -> None:
    """A plan was made of what was known at revision ``known`` of the job; what was heard since stays due."""
    found = desk.find(Kind.JOB)
    if found is None or found.revision == known:
        desk.keep(Kind.JOB, PlanJob(due_at=due_at))


def failed(desk: Desk, now: datetime, reason: str) -> None:
    """No plan was made."""
    desk.keep(Kind.JOB, plan_job.failed(_job(desk), now, reason))


def _job(desk: Desk) -> PlanJob | None:
    found = desk.find(Kind.JOB)
    return found.value if found else None
