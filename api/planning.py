"""The use case: a scenario in, a plan with its audit, its reasons, its yardstick and its OCPP requests out.

Pure apart from what is passed in: no clock, no files, no environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from models.domain.completion import complete
from models.domain.errors import InvalidScenario, NoFeasibleSchedule
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.validation import contradictions, validate
from models.ocpp.compile import compilation
from models.ocpp.profile import NotSent, Version
from models.ocpp.requests import OcppRequest, requests
from optimizer.audit import AuditReport, audit
from optimizer.explain import Reason, reasons
from optimizer.failsafe import fail_safe_shares
from optimizer.heuristics import heuristic
from optimizer.optimize import optimize
from optimizer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The messages that bring a plan to the stations, and the sessions that get none."""

    version: Version
    requests: tuple[OcppRequest, ...]
    not_sent: tuple[NotSent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A plan and everything that is told with it."""

    scenario: Scenario
    """Completed: what was not given is assumed, and told in ``schedule.assumptions``."""
    schedule: Schedule
    audit: AuditReport
    reasons: tuple[Reason, ...]
    uncontrolled: Schedule
    """The same day when every car charges as fast as it can from arrival on, whatever the limits say."""
    fail_safe_kw: Mapping[str, float]
    """What each EVSE may draw when it hears nothing any more. [kW at evse]"""
    as_of: datetime
    """The instant for which ``ocpp`` is made."""
    ocpp: Sending | None = None
    """None unless an OCPP version was asked for."""


def plan(scenario: Scenario, *, settings: Settings, now: datetime, ocpp_version: Version | None = None) -> Answer:
    """Plan a scenario.

    Raises InvalidScenario with all findings, also for what the OCPP version cannot carry; NoFeasibleSchedule when
    bounds of one device contradict each other; SolverFault or DeadlinePassed when the solver gave nothing to use.
    """
    check(scenario)
    completed = complete(scenario).scenario
    schedule = optimize(scenario, settings)
    answer = Answer(
        scenario=completed,
        schedule=schedule,
        audit=audit(scenario, schedule, partial_draw=settings.partial_draw),
        reasons=reasons(completed, schedule, settings),
        uncontrolled=heuristic(completed, Method.UNCONTROLLED),
        fail_safe_kw=fail_safe_shares(completed),
        as_of=moment(schedule, now),
    )
    return answer if ocpp_version is None else replace(answer, ocpp=sending(answer, ocpp_version))


def sending(answer: Answer, version: Version) -> Sending:
    """The OCPP messages of a plan; none when its audit failed: a plan that breaks a limit is shown, never sent."""
    if not answer.audit.passed:
        refused = (
            NotSent(session_id=s.id, evse_id=s.evse, reason="the plan failed its audit")
            for s in answer.scenario.sessions
        )
        return Sending(version=version, requests=(), not_sent=tuple(refused))
    given = answer.scenario, answer.schedule
    messages = requests(version, *given, answer.as_of, answer.fail_safe_kw)
    left_out = compilation(*given, now=answer.as_of, fail_safe_kw=answer.fail_safe_kw).not_sent
    return Sending(version=version, requests=messages, not_sent=left_out)


def check(scenario: Scenario) -> None:
    """Raise InvalidScenario or NoFeasibleSchedule, if there is a reason to."""
    if findings := validate(scenario):
        raise InvalidScenario(findings)
    if contradictory := contradictions(scenario):
        raise NoFeasibleSchedule(contradictory)


def moment(schedule: Schedule, now: datetime) -> datetime:
    """``now`` inside the plan; a plan of another time is sent as from its start."""
    start, end = schedule.instant(0), schedule.instant(schedule.period_count)
    return now if start <= now < end else start
