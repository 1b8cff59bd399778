"""Everything that is kept of a site and shown on its pages, read as of one moment."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from api.operating.live import LiveSite
from api.sample.life import is_sample
from api.sites.alarms import SiteAlarm, alarms
from api.sites.assembling import Contents, contents
from api.sites.commanding import live_site
from api.sites.explaining import explanation_entry
from api.sites.forms import Override
from api.sites.keeping import Desk
from api.sites.overriding import holding
from api.sites.plan_job import PlanJob
from api.sites.plans import KeptPlan, PlanMade, history, kept_plan
from api.sites.stays import Stay
from api.sites.steering import Steering, steering_of
from api.store.records import Entry, Kind
from api.web.views.utilities import Utility, utilities
from models.domain.site import Site

METERED_WITHIN = timedelta(minutes=2)
"""An older measurement says nothing of now."""
PLANS_KEPT = 64
"""In memory, so that a page need not read the same plan again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A site at one moment."""

    site: Site
    known: Contents
    plan: KeptPlan | None
    entry: Entry | None
    """The line of the journal that the plan is in."""
    made: PlanMade | None
    """What came of planning last."""
    live: LiveSite
    job: PlanJob | None
    overrides: dict[str, Override]
    """That hold now, by EVSE."""
    steering: Steering
    """The mode of each EVSE."""
    raised: tuple[SiteAlarm, ...]
    """Alarms of the site itself."""
    simulated: bool
    metered_kw: float | None
    """Import of the connection, where its meter told of it lately. [kW]"""
    utilities: tuple[Utility, ...]
    """That ask this site."""
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.site.time_zone)

    @property
    def root(self) -> str:
        return next(node.id for node in self.site.nodes if node.parent is None)

    @property
    def stays(self) -> dict[str, Stay]:
        """By EVSE."""
        return {stay.told.evse: stay for stay in self.known.stays}

    @property
    def plan_holds(self) -> bool:
        """Whether the plan was made for somebody who is still there."""
        return self.plan is not None and self.plan.document.end > self.now


def seen(desk: Desk, now: datetime) -> Seen:
    """Raises NotFound."""
    known = contents(desk)
    newest = desk.unit.latest(desk.tenant, desk.site, Kind.PLAN)
    entry = newest[0] if newest else None
    made = history(desk, None, 1)
    job = desk.find(Kind.JOB)
    root = next(node.id for node in known.site.nodes if node.parent is None)
    return Seen(
        site=known.site,
        known=known,
        plan=None if entry is None else plan_in(entry, explanation_entry(desk, entry.id)),
        entry=entry,
        made=made[0][1] if made else None,
        live=live_site(desk, now),
        job=job.value if job else None,
        overrides=holding(known.overrides, known.stays, now),
        steering=steering_of(known.policy, known.site),
        raised=tuple(alarms(desk, now)),
        simulated=is_sample(desk.unit, desk.tenant, desk.site),
        metered_kw=_metered_kw(desk.unit.latest(desk.tenant, desk.site, Kind.MEASUREMENT), root, now),
        utilities=tuple(one for one in utilities(desk.unit, desk.tenant, now) if desk.site in one.sites),
        now=now,
    )


@lru_cache(maxsize=PLANS_KEPT)
def plan_in(entry: Entry, explanation: Entry | None) -> KeptPlan:
    """The plan in lines of the journal, which never change."""
    return kept_plan(entry, explanation)


def _metered_kw(newest: Sequence[Entry], node: str, now: datetime) -> float | None:
    told = json.loads(newest[0].body)["measurements"] if newest else []
    of_node = [one for one in told if one.get("node") == node and one.get("power_kw") is not None]
    if not of_node or now - newest[0].recorded_at > METERED_WITHIN:
        return None
    return float(of_node[-1]["power_kw"])
