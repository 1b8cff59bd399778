"""One scenario through the optimizer and the audit, and what was wrong, if anything."""

from collections.abc import Callable
from dataclasses import dataclass
from traceback import format_exception_only

from models.domain.scenario import Scenario
from models.domain.validation import contradictions, validate
from optimizer.audit import audit
from optimizer.ladder import best_plan
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.soak.hostile import hostile_scenario
from tests.strategies import random_scenario

DEADLINE_S = 3600.0
"""A backstop, so that an answer depends on the scenario alone and not on what else the machine does. [s]"""


@dataclass(frozen=True)
class Judgement:
    """What became of one seed."""

    seed: int
    planned: bool
    """False where validation refused the scenario, or named data that contradict each other."""
    method: str = ""
    fault: str = ""
    """Empty if all is well."""


def judge_usual(seed: int) -> Judgement:
    """The optimum itself passes the audit, whichever features come together."""

    def judge(scenario: Scenario) -> Judgement:
        if findings := validate(scenario):
            return Judgement(seed, planned=False, fault=f"the generator made an invalid scenario: {findings[0]}")
        if contradictions(scenario):
            return Judgement(seed, planned=False)
        plan = optimize(scenario, Settings(time_limit_s=DEADLINE_S))
        report = audit(scenario, plan)
        return Judgement(seed, True, plan.method, "" if report.passed else f"audit: {report.breaks[0]}")

    return _guarded(seed, lambda: judge(random_scenario(seed)))


def judge_hostile(seed: int) -> Judgement:
    """Whatever the numbers, the plan that would be sent passes the audit."""

    def judge(scenario: Scenario | None) -> Judgement:
        if scenario is None or contradictions(scenario):
            return Judgement(seed, planned=False)
        best = best_plan(scenario, settings=Settings(), deadline_s=DEADLINE_S)
        fault = "" if best.audit.passed else f"audit: {best.audit.breaks[0]}"
        return Judgement(seed, True, best.schedule.method, fault)

    return _guarded(seed, lambda: judge(hostile_scenario(seed)))


def _guarded(seed: int, judge: Callable[[], Judgement]) -> Judgement:
    """Any exception is a fault of ours."""
    try:
        return judge()
    except Exception as error:
        return Judgement(seed, False, fault="".join(format_exception_only(error)).strip())
