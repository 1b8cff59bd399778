"""Plan a site of the store: read, solve, and keep the plan with what is to be sent, all of it or nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from time import monotonic
from typing import Any

import structlog

from api.operating.live import Command, LiveSite
from api.operating.planning import Planned, with_plan
from api.planning import Answer, decided, explained
from api.release import own_version
from api.service import Service
from api.sites import waking
from api.sites.accounts import Messages, keep_account, last_account
from api.sites.alarms import note_alarms
from api.sites.assembling import Contents, contents
from api.sites.consumption import with_metered
from api.sites.explaining import explanation_of, keep_explanation
from api.sites.forms import SiteMode
from api.sites.keeping import Desk, writing_desk
from api.sites.living import refreshed, scenario_of
from api.sites.overriding import next_end
from api.sites.plans import PlanMade, keep_plan
from api.sites.shadow import Shadow, accepted, as_if_accepted, as_if_followed
from api.sites.steering import steering_of
from api.store.records import Kind, Lease
from api.tracing import span
from models.domain.errors import ChargingError, Conflict, NotFound
from models.domain.scenario import Scenario
from models.domain.wire import scenario_json

log = structlog.get_logger("chargewright.plans")
LEASE_GRACE_S = 30.0
"""Beyond the deadline of a plan, before another replica may take over. [s]"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is made of, and the revision of the job at that moment."""

    live: LiveSite
    scenario: Scenario
    job: int | None
    due_at: datetime
    """When the next plan is due, if nothing happens."""


def plan_site(service: Service, tenant: str, site: str, who: str) -> PlanMade:
    """Plan what is known now, and once its commands can be sent, explain it.

    Raises NotFound, Conflict while another replica plans it, and what planning raises.
    """
    now, due = service.clock(), monotonic() + service.settings.deadline_s
    with span("plan", site=site) as current:
        with _lease(service, tenant, site, now) as lease:
            made, answer = _made(service, lease, who, now)
        _tell(current, made, tenant)
        if answer is not None and made.plan is not None:
            _explain(service, lease, made.plan, answer, within_s=due - monotonic())
    return made


def _made(service: Service, lease: Lease, who: str, now: datetime) -> tuple[PlanMade, Answer | None]:
    try:
        asked = _asked(service, lease.tenant, lease.site, now)
        with service.metrics.plan_seconds.time():
            planned = _solved(service, asked, now)
        made = _kept(service, lease, asked, planned, who, now)
    except NotFound:
        raise
    except ChargingError as error:
        service.metrics.plans_failed.inc()
        _note_failure(service, lease.tenant, lease.site, now, error)
        raise
    _count(service, made)
    return made, planned.answer


def _explain(service: Service, lease: Lease, plan: str, answer: Answer, *, within_s: float) -> None:
    """Nobody's commands wait for it, and a plan that nothing explains holds all the same."""
    try:
        with span("explain"):
            told = explanation_of(explained(answer, settings=service.solve_settings, within_s=within_s))
        with writing_desk(service.store, service.clock(), lease.tenant, lease.site, "") as desk:
            keep_explanation(desk, plan, told)
    except ChargingError as error:
        log.warning("not_explained", tenant=lease.tenant, site=lease.site, plan=plan, error=str(error))


@contextmanager
def _lease(service: Service, tenant: str, site: str, now: datetime) -> Iterator[Lease]:
    """The right to plan a site, given back at the end."""
    with service.store.begin(now) as unit:
        _check_planned(Desk(unit, tenant, site, ""))
        for_s = service.settings.deadline_s + LEASE_GRACE_S
        lease = unit.take(tenant, site, service.settings.replica, for_s)
    if lease is None:
        raise Conflict("another replica is planning this site just now")
    try:
        yield lease
    finally:
        with service.store.begin(now) as unit:
            unit.release(lease)


def _check_planned(desk: Desk) -> None:
    """Raises NotFound, and Conflict for a site that is handed back."""
    desk.get(Kind.SITE)
    policy = desk.find(Kind.POLICY)
    if policy is not None and policy.value.mode is SiteMode.HANDED_BACK:
        raise Conflict("the site is handed back; its policy has to say another mode before it is planned again")


def _asked(service: Service, tenant: str, site: str, now: datetime) -> Asked:
    with service.store.view() as unit:
        desk = Desk(unit, tenant, site, "")
        known, job = contents(desk), desk.find(Kind.JOB)
        live = _live(desk, known, now)
        if steering_of(known.policy, known.site).only_observes:
            live = as_if_followed(live, last_account(desk), now)
        scenario = with_metered(desk, scenario_of(live, known, now))
    revision = job.revision if job else None
    return Asked(live, scenario, revision, _next_due(known, now))


def _next_due(known: Contents, now: datetime) -> datetime:
    """After the minutes of the policy, or when something ends that an operator decided."""
    regular = now + timedelta(minutes=known.policy.replan_minutes)
    return min(regular, next_end(known.overrides, now) or regular)


def _live(desk: Desk, known: Contents, now: datetime) -> LiveSite:
    found = desk.find(Kind.STATE)
    return refreshed(found.value if found else None, known, now)


def _solved(service: Service, asked: Asked, now: datetime) -> Planned:
    """Takes as long as the solver, at most until the deadline; nobody waits for anything meanwhile.

    Without cars as well: whoever comes first is to find a default at its EVSE.
    """
    settings, deadline_s = service.solve_settings, service.settings.deadline_s
    with span("solve", sessions=len(asked.scenario.sessions), deadline_s=deadline_s):
        return Planned(answer=decided(asked.scenario, settings=settings, now=now, deadline_s=deadline_s))


def _kept(service: Service, lease: Lease, asked: Asked, planned: Planned, who: str, now: datetime) -> PlanMade:
    """Messages may have come in while it was solved, so the site is read again."""
    with writing_desk(service.store, now, lease.tenant, lease.site, who) as desk:
        desk.unit.hold(lease)
        known = contents(desk)
        live, planned, watched = _with_commands(desk, known, planned, now)
        commands = commands_by_evse(live)
        desk.keep(Kind.STATE, live)
        waking.planned(desk, now, due_at=asked.due_at, known=asked.job)
        made, document = keep_plan(desk, planned, live, epoch=lease.epoch, digest=_digest(planned.answer), now=now)
        if planned.answer is not None:
            sent = Messages(known.policy.mode, commands, watched)
            keep_account(desk, planned.answer, id=made.plan or "", at=now, sent=sent)
        _note_alarms(service, desk, now)
    if document is not None:
        service.remembered.keep_plan(lease.tenant, lease.site, document, now)
    return made


def _with_commands(
    desk: Desk, known: Contents, planned: Planned, now: datetime
) -> tuple[LiveSite, Planned, dict[str, int]]:
    """The site with the commands of a plan, and how many messages EVSEs that are only watched would have been sent."""
    steering, before = steering_of(known.policy, known.site), _live(desk, known, now)
    found = desk.find(Kind.SHADOW)
    shadow: Shadow = found.value if found else Shadow()
    live, planned = with_plan(as_if_accepted(before, shadow, steering), planned, now, told=steering.told)
    watched, others = steering.split(live.outbox, SiteMode.OBSERVE)
    if steering.observed:
        desk.keep(Kind.SHADOW, accepted(live, watched, steering, now))
    return replace(live, outbox=others, in_force=before.in_force), planned, by_evse(watched)


def by_evse(commands: Iterable[Command]) -> dict[str, int]:
    """How many there are for each; those to a whole station under ``""``."""
    return dict(Counter(command.evse or "" for command in commands))


def commands_by_evse(live: LiveSite) -> dict[str, int]:
    """How many messages wait to be sent for the first time."""
    return by_evse(command for command in live.outbox if command.taken_at is None)


def _tell(current: Any, made: PlanMade, tenant: str) -> None:
    """One line in the log for each plan, with the request that asked for it, if one did; the same to its span."""
    told = {"plan": made.plan, "method": made.method, "commands": made.commands}
    log.info("planned", tenant=tenant, site=made.site, cost=made.cost, passed_audit=made.passed_audit, **told)
    for name, value in told.items():
        if value is not None:
            current.set_attribute(name, value)


def _count(service: Service, made: PlanMade) -> None:
    if made.plan is not None:
        service.metrics.plans.labels(made.method).inc()
    if made.passed_audit is False:
        service.metrics.audits_failed.inc()


def _digest(answer: Answer | None) -> str:
    """Of everything that the plan was made of: the same inputs give the same plan."""
    if answer is None:
        return ""
    return sha256(f"{own_version()}\n{scenario_json(answer.scenario)}".encode()).hexdigest()


def _note_failure(service: Service, tenant: str, site: str, now: datetime, error: ChargingError) -> None:
    with writing_desk(service.store, now, tenant, site, "") as desk:
        waking.failed(desk, now, str(error).partition("\n")[0])
        _note_alarms(service, desk, now)


def _note_alarms(service: Service, desk: Desk, now: datetime) -> None:
    """What has to be looked after now; what is new is counted, and a line in the log."""
    for alarm in note_alarms(desk, now):
        service.metrics.alarms.labels(alarm.code).inc()
        log.warning("alarm", tenant=desk.tenant, site=desk.site, code=alarm.code, about=alarm.about)
