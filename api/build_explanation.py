"""From an answer to what explains its plan: the parts of the document that commands do not wait for."""

from collections.abc import Callable, Iterable
from datetime import UTC
from typing import TypeVar

from api.document import FailSafeInstant, FailSafeResult, Hold, LimitationLine, Why
from api.figures import rounded
from api.planning import Answer
from models.domain.times import instant
from optimizer.explain import Reason, limitations_of
from optimizer.explain.held import Held

OfSession = TypeVar("OfSession", Reason, Held)
Line = TypeVar("Line", Why, Hold)


def why_of(answer: Answer) -> dict[str, list[Why]]:
    """Why sessions get less than they want, by session."""
    return _by_session(answer.reasons, why_line)


def held_of(answer: Answer) -> dict[str, list[Hold]]:
    """What holds setpoints, by session."""
    return _by_session(answer.held, _hold_line)


def limitations(answer: Answer) -> list[LimitationLine]:
    """When sessions are held below what they could take, and why."""
    return [
        LimitationLine(
            session_id=line.session,
            start=line.start,
            end=line.end,
            power_kw=rounded(line.power_kw),
            could_kw=rounded(line.could_kw),
            reason=line.reason,
            causes=list(line.causes),
            suspended=line.suspended,
            kwh_less=rounded(line.kwh_less),
        )
        for line in limitations_of(answer.scenario, answer.schedule, answer.held)
    ]


def fail_safe(answer: Answer) -> FailSafeResult | None:
    """What the audit proves of the time without us, and what that costs; None where the site has no such rules."""
    proof, told, rules = answer.audit.fail_safe, answer.schedule.fail_safe, answer.scenario.site.fail_safe
    if proof is None or told is None or rules is None:
        return None
    cost = answer.fail_safe_cost
    return FailSafeResult(
        policy=str(rules.policy),
        plan_until=instant(told.plan_until_s),
        arrivals=told.arrivals,
        instants=[
            FailSafeInstant(
                instant=str(one.instant),
                proven=not one.exceeded,
                fullest=one.fullest,
                loading=rounded(one.loading),
                exceeded=list(one.exceeded),
            )
            for one in proof.instants
        ],
        inadmissible=list(proof.inadmissible),
        uncontrolled=list(proof.uncontrolled),
        reserve_kw=rounded(proof.reserve_kw),
        reserve_kwh=rounded(proof.reserve_kwh),
        costs_kw=None if cost is None else rounded(cost.power_kw),
        put_off_kwh=None if cost is None else rounded(cost.put_off_kwh),
        missed_kwh=None if cost is None else rounded(cost.missed_kwh),
    )


def _by_session(found: Iterable[OfSession], line: Callable[[OfSession], Line]) -> dict[str, list[Line]]:
    lines: dict[str, list[Line]] = {}
    for one in found:
        lines.setdefault(one.session_id, []).append(line(one))
    return lines


def why_line(reason: Reason) -> Why:
    """A reason as documents tell it."""
    return Why(
        code=reason.code,
        cause=reason.cause,
        start=reason.start.astimezone(UTC),
        end=reason.end.astimezone(UTC),
        kwh_less=rounded(reason.kwh),
        message=reason.message,
    )


def _hold_line(one: Held) -> Hold:
    return Hold(
        start=one.start.astimezone(UTC),
        end=one.end.astimezone(UTC),
        low_kw=rounded(one.low_kw),
        high_kw=rounded(one.high_kw),
        by=one.by,
        causes=list(one.causes),
        worth=rounded(one.worth),
        message=one.message,
    )
