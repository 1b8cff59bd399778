"""What must hold of the inputs before a plan is turned into profiles."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from math import isfinite

import numpy as np

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from models.domain.session import Session
from models.ocpp.limits import POWER_TOLERANCE_KW


def refuse(findings: Sequence[Finding]) -> None:
    """Raises InvalidScenario with all findings, if there are any."""
    if findings:
        raise InvalidScenario(findings)


def schedule_findings(scenario: Scenario, schedule: Schedule, now: datetime) -> tuple[Finding, ...]:
    """Where the schedule is not one of this scenario, or has setpoints that cannot be sent."""
    found = [*_clock(now), *_site(scenario, schedule)]
    sessions = {session.id: session for session in scenario.sessions}
    for i, plan in enumerate(schedule.sessions):
        path = f"schedule.sessions[{i}]"
        found += _match(path, plan, sessions.get(plan.session_id))
        found += _setpoints(path, plan, schedule.period_count)
    return tuple(found)


def fail_safe_findings(evse_ids: Iterable[str], fail_safe_kw: Mapping[str, float]) -> tuple[Finding, ...]:
    """Which of these EVSEs lack a fail-safe share that can be sent."""
    return tuple(
        Finding(
            path=f"fail_safe_kw[{evse_id}]",
            message=f"EVSE {evse_id}: the fail-safe share is {fail_safe_kw.get(evse_id, 'missing')}",
            remedy="give what it may draw when nobody steers it, in kW at evse, 0 or more",
            ids=(evse_id,),
        )
        for evse_id in sorted(set(evse_ids))
        if not (isfinite(fail_safe_kw.get(evse_id, np.nan)) and fail_safe_kw[evse_id] >= 0.0)
    )


def _clock(now: datetime) -> Iterator[Finding]:
    if now.tzinfo is None:
        yield Finding(path="now", message=f"{now.isoformat()} has no time zone", remedy="give an aware instant")


def _site(scenario: Scenario, schedule: Schedule) -> Iterator[Finding]:
    if schedule.site_id != scenario.site.id:
        message = f"the schedule is for site {schedule.site_id}, the scenario for {scenario.site.id}"
        remedy = "give the schedule that was made from this scenario"
        yield Finding(path="schedule.site_id", message=message, remedy=remedy)


def _match(path: str, plan: SessionPlan, session: Session | None) -> Iterator[Finding]:
    remedy = "give the schedule that was made from this scenario"
    if session is None:
        message = f"session {plan.session_id} is not in the scenario"
        yield Finding(path=f"{path}.session_id", message=message, remedy=remedy, ids=(plan.session_id,))
    elif session.evse != plan.evse_id:
        message = f"session {plan.session_id} stands at EVSE {session.evse}, its plan is for {plan.evse_id}"
        yield Finding(path=f"{path}.evse_id", message=message, remedy=remedy, ids=(plan.session_id,))


def _setpoints(path: str, plan: SessionPlan, period_count: int) -> Iterator[Finding]:
    ids = (plan.session_id,)
    if plan.first_period < 0 or plan.first_period + len(plan.charge_power_kw) > period_count:
        message = f"session {plan.session_id} has setpoints outside the {period_count} periods of the schedule"
        yield Finding(path=f"{path}.first_period", message=message, remedy="give one setpoint a period", ids=ids)
    for t in np.flatnonzero(~(np.isfinite(plan.limit_kw) & (plan.limit_kw >= -POWER_TOLERANCE_KW))):
        message = f"session {plan.session_id}: setpoint {plan.limit_kw[t]} kW"
        remedy = "setpoints are finite and not below 0"
        yield Finding(path=f"{path}.charge_power_kw[{t}]", message=message, remedy=remedy, ids=ids)
