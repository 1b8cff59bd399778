"""Always a plan, in time: several are made, each that could be the answer is audited, the cheapest that passes is it.

The rungs, best first: the optimum; the money answer, when manners were not ready in time; the plan before, within
present limits; simple rules; the fail-safe shares. All but the first two need no solver. The plan before, one rule and
the fail-safe are ready before one runs, and where that may be late all rules; else the others are made where nothing of
the solver's is the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from math import inf, isfinite, nan
from time import monotonic
from typing import Any

from models.domain.errors import SolverFault
from models.domain.protection import is_protected
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from optimizer.audit import AuditReport, Break, BreakCode, audit
from optimizer.audit.ground import Grounds
from optimizer.audit.report import report
from optimizer.completing import complete
from optimizer.deadline import Ending, Run, Work, in_this_process, in_worker, prepare_workers
from optimizer.optimize import optimize
from optimizer.previous import with_previous
from optimizer.protection import SAME_TIME_SHARE, earliness_kwh_h
from optimizer.rungs import FIRST, OTHER_RULES, SIMPLE_RULES, Rungs
from optimizer.settings import Objective, Settings

Tell = Callable[[Schedule], None]
Solve = Callable[[Scenario, Settings, Tell], None]
"""Tells plans, each better than the one before; a worker needs it picklable."""

RUNGS = (Method.OPTIMAL, Method.FEASIBLE_AT_DEADLINE, Method.CARRIED_OVER, *SIMPLE_RULES, Method.FAIL_SAFE)
"""Best first: of plans that cost the same, the earlier one is taken."""
WORKER_CELLS = 3000
"""Pairs of session and period above which the solver gets a process of its own. Up to here a plan takes at most some
25 ms and HiGHS keeps its time limit within 10 ms; a worker would add 30 ms. See docs/decisions/0007."""
PREPARATION_SHARE = 0.25
"""Of the time, after which no more candidates are prepared: one is enough, and the solver needs the rest."""
AUDIT_RESERVE_S = 0.01
"""Kept back beside twice the time that one audit took, for the audit of what the solver answers. [s]"""
BROKEN_KWH = 0.05
"""A promise that lacks less is kept; no meter of a car shows it. [kWh]"""
COST_TOLERANCE = 1e-3
"""Share of the cost in which two plans cost the same: an optimum stays a hair inside current limits that rules use."""
NO_MONEY = 1e-6
"""The least that a plan can cost more than another. [currency]"""


class Standing(StrEnum):
    """What became of a candidate."""

    CHOSEN = "chosen"
    NOT_BETTER = "not_better"
    """It would do, but another breaks fewer promises, costs less, or costs the same and stands on a higher rung."""
    REFUSED = "refused"
    """Its audit failed."""
    MISSING = "missing"
    """There is no such plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A plan that could have been the answer."""

    method: Method
    standing: Standing
    reason: str
    """In words; why it was refused or is missing."""
    objective: float | None = None
    """None where it is missing or no number. [currency]"""
    minimum_shortfall_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The answer, and everything that could have been it."""

    schedule: Schedule
    audit: AuditReport
    """Passed, unless no candidate did."""
    candidates: tuple[Candidate, ...]
    """From the highest rung to the lowest."""
    in_worker: bool
    """Whether the solver had a process of its own."""


def best_plan(
    scenario: Scenario,
    *,
    settings: Settings = Settings(),
    deadline_s: float,
    previous: Schedule | None = None,
    shares_kw: Mapping[str, float] | None = None,
    solve: Solve | None = None,
    worker: bool | None = None,
    clock: Callable[[], float] = monotonic,
) -> Ranked:
    """The cheapest plan for a valid scenario that passes its audit, ``deadline_s`` from now at the latest.

    It stands in place of ``settings.time_limit_s``. Whatever the solver does, there is a plan: ``Schedule.method`` says
    which, ``candidates`` why. Fewer broken promises, rank by rank, and protected sessions that are not put off come
    before less cost. ``previous``: the plan before, to stay close to, and as one more candidate; None: what the
    scenario says of one. ``shares_kw``: the fail-safe shares, where they are known already; ``worker`` None: by the
    size of the program. Where no candidate passes, the one with the fewest breaks is shown as it is.
    """
    due = clock() + deadline_s
    scenario = _remembering(scenario, previous)
    court = _Court(scenario, settings, clock)
    rungs = Rungs(scenario, previous, shares_kw, finish=court.priced)
    apart = _prepare(rungs, worker, lambda: clock() > due - (1 - PREPARATION_SHARE) * deadline_s)
    if rungs.made:
        court.first_to_pass(rungs.made)  # whatever the solver does
    run = _run(scenario, settings, solve or improving, due - clock() - court.reserve_s, apart)
    answers = [court.priced(answer) for answer in run.told if isinstance(answer, Schedule)]
    if not court.settles(answers, rungs.made):
        rungs.make(OTHER_RULES, lambda: clock() > due - court.reserve_s)
    chosen = court.chosen(answers, rungs.made)
    candidates = [court.candidate(plan, chosen) for plan in answers + rungs.made] + _missing(rungs, run, answers)
    in_order = sorted(candidates, key=lambda candidate: RUNGS.index(candidate.method))
    return Ranked(schedule=chosen, audit=court.audited(chosen), candidates=tuple(in_order), in_worker=apart)


def improving(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    """The solver's plans: what promises and money settle, then the optimum with manners."""
    tell(optimize(scenario, settings, at_money=tell))


def _remembering(scenario: Scenario, previous: Schedule | None) -> Scenario:
    """The scenario with the plan before, where that can be read."""
    try:
        return with_previous(scenario, previous)
    except Exception:
        return scenario


def _prepare(rungs: Rungs, worker: bool | None, time_is_up: Callable[[], bool]) -> bool:
    """What has to be there before a solver runs; says whether the solver gets a process of its own.

    All rules are there beside a solver that may be late, and where nothing else could be made.
    """
    rungs.make(FIRST, time_is_up)
    apart = _is_large(rungs.made) if worker is None else worker
    if apart or not rungs.made:
        rungs.make(OTHER_RULES, time_is_up)
    return apart


def _run(scenario: Scenario, settings: Settings, solve: Solve, within_s: float, apart: bool) -> Run[Schedule]:
    if within_s <= 0.0:
        return Run((), Ending.LATE, "no time was left for the solver")
    limited = replace(settings, time_limit_s=within_s)
    work: Work[Schedule] = partial(solve, scenario, limited)
    if not apart:
        return in_this_process(work, within_s)
    prepare_workers(__name__)
    return in_worker(work, within_s)


def _is_large(plans: Sequence[Schedule]) -> bool:
    return any(sum(len(session.charge_power_kw) for session in plan.sessions) > WORKER_CELLS for plan in plans[:1])


def _missing(rungs: Rungs, run: Run[Schedule], answers: Sequence[Schedule]) -> list[Candidate]:
    """Rungs without a plan, and the optimum, where the solver did not come to it."""
    missing = dict(rungs.missing)
    if all(plan.method is not Method.OPTIMAL for plan in answers):
        missing[Method.OPTIMAL] = run.reason or "the solver answered with something that is no plan"
    return [Candidate(method=method, standing=Standing.MISSING, reason=why) for method, why in missing.items()]


class _Court:
    """Compares plans of one scenario and audits them, each at most once and only where it could be the answer."""

    def __init__(self, scenario: Scenario, settings: Settings, clock: Callable[[], float]) -> None:
        self.scenario, self.settings, self.clock = scenario, settings, clock
        self.reserve_s = AUDIT_RESERVE_S
        completed = complete(scenario).scenario
        rank = {tier.id: tier.rank for tier in completed.site.tiers}
        self._rank = {session.id: rank[session.tier or ""] for session in completed.sessions}
        self._protected = frozenset(s.id for s in completed.sessions if is_protected(s, completed.site))
        self._reports: dict[int, tuple[Schedule, AuditReport]] = {}
        """By identity, beside the plan: as long as it is held here, no other can be taken for it."""
        self._grounds = Grounds()

    def priced(self, plan: Schedule) -> Schedule:
        """With the objective of these settings, whatever made the plan."""
        margin = self.settings.objective is Objective.MARGIN
        return replace(plan, objective=sum(plan.costs.values())) if margin else plan

    def settles(self, answers: Sequence[Schedule], others: Sequence[Schedule]) -> bool:
        """Whether an answer of the solver is the best of all these."""
        if not answers:
            return False
        best = self.chosen(answers, others)
        return any(answer is best for answer in answers)

    def chosen(self, answers: Sequence[Schedule], others: Sequence[Schedule]) -> Schedule:
        """The best plan; where futures are told, the solver's if that passes: it looks beyond the day as it is told,
        which others are cheap on. Raises SolverFault where there is none at all.
        """
        if not answers and not others:
            raise SolverFault("neither the solver nor any simple rule made a plan")
        if self.scenario.futures and answers and self.audited(best := self.first_to_pass(answers)).passed:
            return best
        return self.first_to_pass([*answers, *others])

    def first_to_pass(self, plans: Sequence[Schedule]) -> Schedule:
        """The best plan that passes; where none does, the one with the fewest breaks."""
        ordered = self._best_first(plans)
        for plan in ordered:
            if self.audited(plan).passed:
                return plan
        return min(ordered, key=lambda plan: len(self.audited(plan).breaks))

    def audited(self, plan: Schedule) -> AuditReport:
        """The report of a plan. Nonsense on which even the audit trips is refused."""
        if id(plan) not in self._reports:
            started = self.clock()
            try:
                found = audit(self.scenario, plan, partial_draw=self.settings.partial_draw, grounds=self._grounds)
            except Exception as error:
                found = _unreadable(error)
            self._reports[id(plan)] = plan, found
            self.reserve_s = max(self.reserve_s, AUDIT_RESERVE_S + 2.0 * (self.clock() - started))
        return self._reports[id(plan)][1]

    def candidate(self, plan: Schedule, chosen: Schedule) -> Candidate:
        """What became of a plan, in words."""
        standing, reason = self._standing(plan, chosen)
        lacks = [session.minimum_shortfall_kwh for session in plan.sessions]
        return Candidate(
            method=plan.method,
            standing=standing,
            reason=reason,
            objective=plan.objective if isfinite(plan.objective) else None,
            minimum_shortfall_kwh=sum(lacks) if isfinite(sum(lacks)) else None,
        )

    def _standing(self, plan: Schedule, chosen: Schedule) -> tuple[Standing, str]:
        if plan is chosen:
            return Standing.CHOSEN, "the cheapest that passes its audit" if self.audited(plan).passed else "none passes"
        by_solver = plan.method is Method.OPTIMAL  # that another plan is better needs an explanation
        known = by_solver or id(plan) in self._reports
        audited = self.audited(plan) if known else None
        if audited is not None and not audited.passed:
            return Standing.REFUSED, audited.verdict
        more_kwh = sum(self._broken_kwh(plan).values()) - sum(self._broken_kwh(chosen).values())
        if abs(more_kwh) > BROKEN_KWH:
            return Standing.NOT_BETTER, f"promises: {more_kwh:+.1f} kWh broken"
        if all(one is not plan for one in self._early([chosen, plan])):
            return Standing.NOT_BETTER, "puts protected sessions off"
        more = plan.objective - chosen.objective
        same = abs(more) <= _tolerance(chosen)
        return Standing.NOT_BETTER, "costs the same" if same else f"costs {more:.2f} {plan.currency} more"

    def _best_first(self, plans: Sequence[Schedule]) -> list[Schedule]:
        left, ordered = sorted(plans, key=lambda plan: RUNGS.index(plan.method)), []
        while left:
            best = self._best(left)
            ordered.append(best)
            left = [plan for plan in left if plan is not best]
        return ordered

    def _best(self, plans: list[Schedule]) -> Schedule:
        """Fewest broken promises rank by rank, then protected sessions early, least cost, the highest rung."""
        for rank in sorted(set(self._rank.values())):
            broken = [self._broken_kwh(plan).get(rank, 0.0) for plan in plans]
            plans = _within(plans, broken, BROKEN_KWH)
        plans = self._early(plans)
        costs = [plan.objective if isfinite(plan.objective) else inf for plan in plans]
        cheapest = plans[costs.index(min(costs))]
        return _within(plans, costs, _tolerance(cheapest))[0]

    def _early(self, plans: list[Schedule]) -> list[Schedule]:
        """Those that charge protected sessions about as early as any of them does."""
        late = [-earliness_kwh_h(plan, self._protected) for plan in plans]
        if not self._protected or not all(map(isfinite, late)):
            return plans
        return _within(plans, late, SAME_TIME_SHARE * -min(late))

    def _broken_kwh(self, plan: Schedule) -> dict[int, float]:
        """What promises lack, by rank; more than anything where it is no number. [kWh]"""
        broken: dict[int, float] = {}
        for session in plan.sessions:
            lacks = session.minimum_shortfall_kwh if isfinite(session.minimum_shortfall_kwh) else inf
            if lacks >= BROKEN_KWH:
                rank = self._rank.get(session.session_id, 0)
                broken[rank] = broken.get(rank, 0.0) + lacks
        return broken


def _within(plans: list[Schedule], amounts: list[float], tolerance: float) -> list[Schedule]:
    """Those whose amount is the least, or so close to it that it makes no difference."""
    most = min(amounts) + tolerance
    return [plan for plan, amount in zip(plans, amounts, strict=True) if amount <= most]


def _tolerance(plan: Schedule) -> float:
    """What another plan may cost more and cost the same, also where everything is free. [currency]"""
    return max(NO_MONEY, COST_TOLERANCE * _turnover(plan))


def _turnover(plan: Schedule) -> float:
    """All money that flows in a plan, whichever way. [currency]"""
    return sum(abs(amount) for amount in plan.costs.values() if isfinite(amount))


def _unreadable(error: Any) -> AuditReport:
    message = f"the audit cannot read it: {type(error).__name__}: {error}"
    return report([Break(code=BreakCode.ARRAYS, where="plan", amount=nan, limit=nan, message=message)], {})
