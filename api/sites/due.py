"""Which sites are to be planned now."""

from datetime import datetime

from api.sites.forms import SiteMode, SitePolicy
from api.sites.plan_job import PlanJob
from api.store.port import Store, Unit
from api.store.records import Document, Kind, Place
from models.domain.wire import kept_form


def due_sites(store: Store, now: datetime) -> list[tuple[str, str]]:
    """Tenant and id of each, the longest due first; those that are handed back are left out."""
    with store.view() as unit:
        jobs = [(kept_form(PlanJob, document.body), document) for document in unit.everywhere(Kind.JOB)]
        due = sorted(((job.due_at, document) for job, document in jobs if job.due_at <= now), key=lambda one: one[0])
        return [(d.place.tenant, d.place.site) for _, d in due if _is_planned(unit, d)]


def _is_planned(unit: Unit, job: Document) -> bool:
    tenant, site = job.place.tenant, job.place.site
    policy = unit.find(Place(tenant=tenant, kind=Kind.POLICY, site=site, id=site))
    return policy is None or kept_form(SitePolicy, policy.body).mode is not SiteMode.HANDED_BACK
