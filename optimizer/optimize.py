"""The front door: a Scenario in, the best Schedule out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

from models.domain.completion import Completed
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule, Statistics
from optimizer import formulation
from optimizer.answers import outcome_of
from optimizer.backends.highs import NoSolution
from optimizer.completing import complete
from optimizer.conflict.impossible import impossible
from optimizer.duals import Duals
from optimizer.futures.common import common, end_of, futures_of
from optimizer.goals import GoalSolver, Shape, Solved
from optimizer.instance import Instance, instance_of
from optimizer.offering import Offering, roughly_offered
from optimizer.outcome import Outcome
from optimizer.previous import with_previous
from optimizer.program import LinearProgram
from optimizer.response.lifting import without
from optimizer.response.reference import lacking_reference, with_references
from optimizer.settings import Objective, Settings
from optimizer.solution import schedule_of
from optimizer.warm import Basis


@dataclass(frozen=True, slots=True)
class Formulated:
    """A program beside the arrays it was built from, for analysts, oracles and benchmarks."""

    instance: Instance
    program: LinearProgram


@dataclass(frozen=True, slots=True)
class Replanned:
    """A plan, and what the next one may start from."""

    schedule: Schedule
    basis: Basis


@dataclass(frozen=True, slots=True)
class Shaped:
    """The answer to a question: a plan, the solve that it comes from, and what the next question may start from."""

    schedule: Schedule
    solved: Solved
    basis: Basis


def formulate(scenario: Scenario, settings: Settings = Settings()) -> Formulated:
    """The linear program of a scenario, before any solve. What is missing is completed first."""
    instance = instance_of(complete(scenario).scenario)
    return Formulated(instance, formulation.formulate(instance, settings))


def optimize(
    scenario: Scenario,
    settings: Settings = Settings(),
    *,
    previous: Schedule | None = None,
    at_money: Callable[[Schedule], None] | None = None,
) -> Schedule:
    """The best plan for a valid scenario: promises, then money, then manners.

    Wishes are priced, so there always is a plan; what is missed is in it. ``previous``: the plan before, in place of
    what the scenario says of one; of plans that are equally good the closest to it is taken. ``at_money`` is told the
    plan that money settles, before manners. Raises NoFeasibleSchedule where data contradict each other, SolverFault or
    DeadlinePassed.
    """
    started = perf_counter()
    completed, before = _referenced(complete(with_previous(scenario, previous)), settings)
    if completed.scenario.futures:
        return _in_common(completed, settings, started, at_money)
    instance = instance_of(completed.scenario)
    planned = _planned(completed, instance, GoalSolver(instance, settings), started, at_money)
    return planned if before is None else _with_effort(planned, before.statistics)


def _in_common(
    completed: Completed, settings: Settings, started: float, at_money: Callable[[Schedule], None] | None
) -> Schedule:
    """The day as it is told, with the first setpoints that are best over all futures."""
    courses = futures_of(completed.scenario)
    found = common(completed.scenario, courses, settings)
    told = found.told(len(courses) - 1, end_of(found, courses[0]))
    instance = courses[0].instance
    kept = Completed(scenario=instance.scenario, assumptions=(*completed.assumptions, told))
    return _planned(kept, instance, GoalSolver(instance, settings, shape=found.kept), started, at_money)


def plans_in_futures(scenario: Scenario, settings: Settings = Settings()) -> dict[str, Schedule]:
    """The plan of each future with the common setpoints, by its id; ``as-told`` is the one that ``optimize`` gives."""
    completed = complete(scenario)
    courses = futures_of(completed.scenario)
    found = common(completed.scenario, courses, settings)
    plans = {}
    for course in courses:
        day = Completed(scenario=course.instance.scenario, assumptions=completed.assumptions)
        goals = GoalSolver(course.instance, settings, shape=found.kept)
        plans[course.id] = _planned(day, course.instance, goals, perf_counter())
    return plans


def replan(
    scenario: Scenario,
    settings: Settings = Settings(),
    carried: Basis | None = None,
    *,
    previous: Schedule | None = None,
) -> Replanned:
    """As ``optimize``, from the basis of the plan before: for a plug-in or the passing of time, not for new limits.

    The optimum is that of a cold solve; which of equal optima is taken is decided by goal (3), not by the path.
    """
    started = perf_counter()
    completed, before = _referenced(complete(with_previous(scenario, previous)), settings)
    instance = instance_of(completed.scenario)
    goals = GoalSolver(instance, settings, carried=carried, keep_basis=True)
    schedule = _planned(completed, instance, goals, started)
    assert goals.basis is not None
    return Replanned(schedule if before is None else _with_effort(schedule, before.statistics), goals.basis)


def optimize_shaped(
    completed: Completed,
    instance: Instance,
    settings: Settings,
    shape: Shape | None = None,
    carried: Basis | None = None,
) -> Shaped:
    """As ``replan``, for a program that ``shape`` has changed; raises NoSolution where that leaves no plan."""
    goals = GoalSolver(instance, settings, carried=carried, keep_basis=True, shape=shape)
    solved = goals.solve()
    assert goals.basis is not None
    outcome = outcome_of(instance, solved)
    schedule = _schedule(completed, instance, goals, outcome, solved, Method.OPTIMAL, goals.solver.effort.seconds)
    return Shaped(schedule, solved, goals.basis)


def _referenced(completed: Completed, settings: Settings) -> tuple[Completed, Schedule | None]:
    """With the loads that events are measured by; where nobody told them, the day is planned without these first."""
    lacking = lacking_reference(completed.scenario)
    if not lacking:
        return completed, None
    before = optimize(without(completed.scenario, lacking), settings)
    scenario, told = with_references(completed.scenario, before)
    return Completed(scenario=scenario, assumptions=(*completed.assumptions, *told)), before


def _with_effort(planned: Schedule, before: Statistics) -> Schedule:
    """What was solved before it counts."""
    after = planned.statistics
    total = replace(
        after,
        solves=after.solves + before.solves,
        iterations=after.iterations + before.iterations,
        cut_rounds=after.cut_rounds + before.cut_rounds,
        solver_s=after.solver_s + before.solver_s,
    )
    return replace(planned, statistics=total)


def _planned(
    completed: Completed,
    instance: Instance,
    goals: GoalSolver,
    started: float,
    at_money: Callable[[Schedule], None] | None = None,
) -> Schedule:
    offers = instance.offers is not None and goals.settings.setpoints

    def schedule(outcome: Outcome, solved: Solved, method: Method) -> Schedule:
        return _schedule(completed, instance, goals, outcome, solved, method, perf_counter() - started)

    def settled(solved: Solved) -> None:
        if at_money is not None:
            outcome = outcome_of(instance, solved)
            found = roughly_offered(instance, outcome) if offers else outcome
            at_money(schedule(found, solved, Method.FEASIBLE_AT_DEADLINE))

    try:
        solved = goals.solve(settled)
    except NoSolution:
        raise impossible(goals.formulated(), instance, goals.settings) from None
    outcome = outcome_of(instance, solved)
    if offers:
        due_s = started + goals.settings.time_limit_s
        offering = Offering(instance, goals, due_s, lambda found: schedule(found, solved, Method.OPTIMAL))
        outcome = offering.offered(outcome)
    return schedule(outcome, solved, Method.OPTIMAL)


def _schedule(
    completed: Completed,
    instance: Instance,
    goals: GoalSolver,
    outcome: Outcome,
    solved: Solved,
    method: Method,
    total_s: float,
) -> Schedule:
    return schedule_of(
        instance,
        outcome,
        method=method,
        objective_counts_revenue=goals.settings.objective is Objective.MARGIN,
        assumptions=completed.assumptions,
        duals=Duals.of(solved.money_program, solved.money.row_duals),
        statistics=_statistics(goals, solved, total_s),
    )


def _statistics(goals: GoalSolver, solved: Solved, total_s: float) -> Statistics:
    rows, columns = solved.money_program.matrix.shape
    effort = goals.solver.effort
    return Statistics(
        columns=columns,
        rows=rows,
        nonzeros=solved.money_program.matrix.nnz,
        solves=effort.solves,
        iterations=effort.iterations,
        cut_rounds=solved.cut_rounds,
        solver_s=effort.seconds,
        first_solver_s=effort.first_seconds,
        total_s=total_s,
    )
