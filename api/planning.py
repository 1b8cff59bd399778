"""The use case: a scenario in, a plan with its audit, its reasons, its yardstick and its OCPP requests out.

Pure apart from what is passed in: no files, no environment, and no clock but the one that keeps the deadline.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from models.domain.errors import DeadlinePassed, InvalidScenario, NoFeasibleSchedule, SolverFault
from models.domain.failsafe import DailyStep
from models.domain.made_once import each_made_once
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.times import instant
from models.domain.units import HOURS_PER_DAY, seconds_from_hours
from models.domain.validation import contradictions, validate
from models.ocpp.bundle import bundle
from models.ocpp.compile import compilation, withheld
from models.ocpp.manner import Manner
from models.ocpp.profile import NotSent
from models.ocpp.requests import OcppRequest, checked_requests
from optimizer.audit import AuditReport
from optimizer.completing import complete
from optimizer.explain import Reason
from optimizer.explain.held import Held
from optimizer.explain.in_time import held_within, reasons_within
from optimizer.failsafe import fail_safe_shares
from optimizer.failsafe_cost import FailSafeCost, fail_safe_cost
from optimizer.heuristics import heuristic
from optimizer.ladder import Candidate, best_plan
from optimizer.previous import with_previous
from optimizer.settings import Settings
from optimizer.utilisation import in_best_class

DEADLINE_S = 60.0
"""Where nobody sets one. [s]"""
COMPARING_SHARE = 0.4
"""Of the time, what the classes of a tariff may take to be compared, one plan each."""
LONGEST_DEADLINE_S = seconds_from_hours(HOURS_PER_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The messages that bring a plan to the stations, and the sessions that get none."""

    manner: Manner
    requests: tuple[OcppRequest, ...]
    not_sent: tuple[NotSent, ...]
    withheld: tuple[NotSent, ...] = ()
    """Sessions that are planned to give back and whose station is not told to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A plan and everything that is told with it."""

    scenario: Scenario
    """Completed: what was not given is assumed, and told in ``schedule.assumptions``."""
    schedule: Schedule
    audit: AuditReport
    reasons: tuple[Reason, ...] = ()
    held: tuple[Held, ...] = ()
    """What keeps each setpoint from being higher; empty when there was no time to tell."""
    uncontrolled: Schedule
    """The same day when every car charges as fast as it can from arrival on, whatever the limits say."""
    fail_safe_kw: Mapping[str, float]
    """What each EVSE may draw when it hears nothing any more. [kW at evse]"""
    fail_safe_cost: FailSafeCost | None = None
    """None where the site has no fail-safe, or no time was left to tell."""
    candidates: tuple[Candidate, ...]
    """The plans that could have been the answer, and what became of each."""
    as_of: datetime
    """The instant for which ``ocpp`` is made."""
    in_worker: bool
    """Whether the solver had a process of its own; what explains the plan then has one, too."""
    ocpp: Sending | None = None
    """None unless an OCPP version was asked for."""


def plan(
    scenario: Scenario,
    *,
    settings: Settings,
    now: datetime,
    ocpp: Manner | None = None,
    followed_minutes: float | None = None,
    deadline_s: float = DEADLINE_S,
    previous: Schedule | None = None,
    valid: bool = False,
) -> Answer:
    """Plan a scenario; the plan is there ``deadline_s`` from now, whatever the solver does.

    ``followed_minutes``: how long stations follow the plan before their fail-safe holds; None: to its end.
    ``previous`` is the plan before, to stay close to, and one of those that can stand in for the optimum. ``valid``: as
    what reads a document leaves it, so nobody looks for findings again. Raises InvalidScenario with all findings, also
    for what the OCPP version cannot carry; NoFeasibleSchedule when bounds of one device contradict each other.
    """
    due = monotonic() + deadline_s
    with each_made_once():
        answer = decided(scenario, settings=settings, now=now, deadline_s=deadline_s, previous=previous, valid=valid)
        answer = explained(answer, settings=settings, within_s=due - monotonic())
    if ocpp is None:
        return answer
    if followed_minutes is not None:
        ocpp = replace(ocpp, plan_until=answer.as_of + timedelta(minutes=followed_minutes))
    return replace(answer, ocpp=sending(answer, ocpp))


def decided(
    scenario: Scenario,
    *,
    settings: Settings,
    now: datetime,
    deadline_s: float = DEADLINE_S,
    previous: Schedule | None = None,
    valid: bool = False,
) -> Answer:
    """All of a plan that stations have to be told, and its yardstick; what explains it can follow. Raises as ``plan``.

    To explain can take longer than to decide: who waits for signals is told by one more plan, what the fail-safe costs
    by another.
    """
    with each_made_once():
        return _decided(scenario, settings, now, deadline_s, previous, valid)


def _decided(
    scenario: Scenario, settings: Settings, now: datetime, deadline_s: float, previous: Schedule | None, valid: bool
) -> Answer:
    due = monotonic() + deadline_s
    check(scenario, valid=valid)
    scenario = in_settled_class(with_previous(scenario, previous), settings, within_s=COMPARING_SHARE * deadline_s)
    completed = complete(scenario).scenario
    shares_kw = fail_safe_shares(completed)
    best = best_plan(scenario, settings=settings, deadline_s=due - monotonic(), shares_kw=shares_kw)
    return Answer(
        scenario=completed,
        schedule=best.schedule,
        audit=best.audit,
        uncontrolled=heuristic(completed, Method.UNCONTROLLED),
        fail_safe_kw=shares_kw,
        candidates=best.candidates,
        as_of=moment(best.schedule, now),
        in_worker=best.in_worker,
    )


def explained(answer: Answer, *, settings: Settings, within_s: float) -> Answer:
    """The same plan with its reasons and the price of its fail-safe, as far as there is time to tell them."""
    due = monotonic() + within_s
    of = answer.scenario, answer.schedule, settings
    return replace(
        answer,
        reasons=reasons_within(*of, within_s=due - monotonic(), worker=answer.in_worker),
        held=held_within(*of, within_s=due - monotonic()),
        fail_safe_cost=_cost_within(*of, within_s=due - monotonic()),
    )


def _cost_within(scenario: Scenario, plan: Schedule, settings: Settings, *, within_s: float) -> FailSafeCost | None:
    """One more plan, without room for those who come unseen; the answer is not kept waiting for it."""
    if plan.fail_safe is None or within_s <= 0.0:
        return None
    try:
        return fail_safe_cost(scenario, plan, replace(settings, time_limit_s=min(settings.time_limit_s, within_s)))
    except (SolverFault, DeadlinePassed):
        return None


def in_settled_class(scenario: Scenario, settings: Settings, *, within_s: float) -> Scenario:
    """With the cheapest class of utilisation; by what is expected where plans cannot be compared in time."""
    told = scenario.tariff.utilisation if scenario.tariff else None
    if told is None:
        return scenario
    try:
        return in_best_class(scenario, replace(settings, time_limit_s=within_s / max(1, len(told.classes))))
    except (SolverFault, DeadlinePassed):
        return scenario


def sending(answer: Answer, manner: Manner) -> Sending:
    """The OCPP messages of a plan; none when its audit failed: a plan that breaks a limit is shown, never sent."""
    if not answer.audit.passed:
        refused = (
            NotSent(session_id=s.id, evse_id=s.evse, reason="the plan failed its audit")
            for s in answer.scenario.sessions
        )
        return Sending(manner=manner, requests=(), not_sent=tuple(refused))
    given = answer.scenario, answer.schedule
    compiled = (bundle if manner.bundle else compilation)(
        *given,
        now=answer.as_of,
        fail_safe_kw=answer.fail_safe_kw,
        daily=daily_shares(answer.schedule),
        manner=until_blind_ends(manner, answer.schedule),
    )
    return Sending(
        manner=manner,
        requests=checked_requests(answer.scenario.site, compiled.profiles),
        not_sent=compiled.not_sent,
        withheld=tuple(withheld(*given, compiled.profiles)),
    )


def daily_shares(schedule: Schedule) -> dict[str, tuple[DailyStep, ...]]:
    """By EVSE, those whose shares take turns during the day."""
    told = schedule.fail_safe
    return {} if told is None else {share.evse: share.daily for share in told.shares if share.daily}


def until_blind_ends(manner: Manner, schedule: Schedule) -> Manner:
    """Stations leave the plan for their shares when the blind time ends, unless they are told to earlier."""
    told = schedule.fail_safe
    if told is None:
        return manner
    ends = instant(told.plan_until_s)
    return replace(manner, plan_until=ends if manner.plan_until is None else min(ends, manner.plan_until))


def check(scenario: Scenario, *, valid: bool = False) -> None:
    """Raise InvalidScenario, unless it is known to be ``valid``, or NoFeasibleSchedule, if there is a reason to."""
    if not valid and (findings := validate(scenario)):
        raise InvalidScenario(findings)
    if contradictory := contradictions(scenario):
        raise NoFeasibleSchedule(contradictory)


def moment(schedule: Schedule, now: datetime) -> datetime:
    """``now`` inside the plan; a plan of another time is sent as from its start."""
    start, end = schedule.instant(0), schedule.instant(schedule.period_count)
    return now if start <= now < end else start
