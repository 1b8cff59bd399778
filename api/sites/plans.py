"""Plans as they are kept: a line of the journal with the document, and the scenario that it was made of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.build_document import document
from api.document import NotSent, PlanDocument
from api.operating.live import LiveSite
from api.operating.planning import Planned
from api.sites.explaining import explanation_entry, explanation_in
from api.sites.keeping import Desk
from api.store.packing import packed, unpacked
from api.store.records import Entry, Kind
from models.domain.errors import NotFound
from models.domain.scenario import Scenario
from models.domain.wire import read_scenario, scenario_json


class PlanMade(BaseModel):
    """What came of planning a site."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    site: str
    plan: str | None = None
    """Its id; without cars there is one as well, and the default of each EVSE with it."""
    made_at: datetime
    method: str | None = None
    passed_audit: bool | None = None
    """A plan that breaks a limit is shown, never sent."""
    digest: str = ""
    """SHA-256 of what it was made of."""
    epoch: int = 0
    """Of the lease under which it was written."""
    sessions: int = 0
    cost: float | None = None
    currency: str | None = None
    uncontrolled_cost: float | None = None
    commands: int = 0
    """To be sent or offered; 0 where it changes nothing."""
    not_sent: list[NotSent] = []
    """Sessions whose EVSE is told nothing, and why."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan out of the journal."""

    made: PlanMade
    document: PlanDocument
    scenario: Scenario


def keep_plan(
    desk: Desk, planned: Planned, live: LiveSite, *, epoch: int, digest: str, now: datetime
) -> tuple[PlanMade, PlanDocument | None]:
    """Add a plan to the journal, and say that there is one; also its document. Nothing to plan is no plan."""
    made = _made(planned, desk.site, live, epoch, digest, now)
    if planned.answer is None:
        return made, None
    assert made.plan is not None
    told = document(planned.answer)
    body = {
        "made": made.model_dump_json(),
        "document": packed(told.model_dump_json()),
        "scenario": packed(scenario_json(planned.answer.scenario)),
    }
    desk.unit.append(desk.tenant, Kind.PLAN, desk.site, made.plan, json.dumps(body))
    desk.unit.append(desk.tenant, Kind.EVENT, desk.site, "plan", made.model_dump_json(exclude_defaults=True))
    return made, told


def current_plan(desk: Desk) -> KeptPlan:
    """The newest; raises NotFound."""
    found = desk.unit.latest(desk.tenant, desk.site, Kind.PLAN)
    if not found:
        raise NotFound("this site has no plan yet")
    return _explained(desk, found[0])


def plan_of(desk: Desk, id: str) -> KeptPlan:
    """Raises NotFound."""
    found = desk.unit.entry(desk.tenant, desk.site, Kind.PLAN, id)
    if found is None:
        raise NotFound("there is no plan of this id")
    return _explained(desk, found)


def history(desk: Desk, before: int | None, limit: int) -> Sequence[tuple[int, PlanMade]]:
    """The newest first, with their sequence in the journal."""
    found = desk.unit.latest(desk.tenant, desk.site, Kind.PLAN, before=before, limit=limit)
    return [(entry.sequence, _made_of(entry)) for entry in found]


def _made(planned: Planned, site: str, live: LiveSite, epoch: int, digest: str, now: datetime) -> PlanMade:
    answer = planned.answer
    if answer is None:
        return PlanMade(site=site, made_at=now, error=planned.error)
    return PlanMade(
        site=site,
        plan=f"{now:%Y%m%dT%H%M%SZ}-{digest[:12]}",
        made_at=now,
        method=answer.schedule.method,
        passed_audit=answer.audit.passed,
        digest=digest,
        epoch=epoch,
        sessions=len(answer.schedule.sessions),
        cost=answer.schedule.cost,
        currency=answer.schedule.currency,
        uncontrolled_cost=answer.uncontrolled.cost,
        commands=sum(command.taken_at is None for command in live.outbox),
        not_sent=[NotSent(session_id=one.session_id, reason=one.reason) for one in planned.not_sent],
        error=planned.error,
    )


def kept_plan(entry: Entry, explanation: Entry | None) -> KeptPlan:
    """The plan in a line of the journal, with what explains it in another one, once it is there."""
    body = json.loads(entry.body)
    told = PlanDocument.model_validate_json(unpacked(body["document"]))
    if explanation is not None:
        told = explanation_in(explanation).within(told)
    return KeptPlan(_made_of(entry), told, read_scenario(unpacked(body["scenario"])))


def _explained(desk: Desk, entry: Entry) -> KeptPlan:
    return kept_plan(entry, explanation_entry(desk, entry.id))


def _made_of(entry: Entry) -> PlanMade:
    body: dict[str, Any] = json.loads(entry.body)
    return PlanMade.model_validate_json(body["made"])
