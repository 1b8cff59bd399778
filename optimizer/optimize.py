"""The front door: a Scenario in, the best Schedule out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from models.domain.completion import Completed
from models.domain.errors import DeadlinePassed
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule, Statistics
from optimizer import formulation
from optimizer.backends.highs import NoSolution
from optimizer.completing import complete
from optimizer.conflict.impossible import impossible
from optimizer.duals import Duals
from optimizer.futures.common import common, end_of, futures_of
from optimizer.goals import GoalSolver, Shape, Solved
from optimizer.instance import Instance, instance_of
from optimizer.outcome import Outcome
from optimizer.previous import with_previous
from optimizer.program import Floats, LinearProgram
from optimizer.response.lifting import without
from optimizer.response.reference import lacking_reference, with_references
from optimizer.setpoints import as_rounded, leaves_open, rounded_offers, with_offers, with_setpoints, with_settled_lines
from optimizer.settings import Objective, Settings
from optimizer.solution import energies, group_duals, inside_kwh, lacking_kwh, node_duals, schedule_of
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
    outcome = _outcome(instance, solved)
    schedule = _schedule(completed, instance, goals, outcome, solved, Method.OPTIMAL, goals.solver.seconds)
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
            outcome = _outcome(instance, solved)
            found = _rounded(instance, outcome) if offers else outcome
            at_money(schedule(found, solved, Method.FEASIBLE_AT_DEADLINE))

    try:
        solved = goals.solve(settled)
    except NoSolution:
        raise impossible(goals.formulated(), instance, goals.settings) from None
    outcome = _outcome(instance, solved)
    if offers:
        outcome = _offered(instance, goals, outcome, perf_counter() - started)
    return schedule(outcome, solved, Method.OPTIMAL)


def _rounded(instance: Instance, outcome: Outcome) -> Outcome:
    return as_rounded(instance, outcome, rounded_offers(instance, outcome))


def _offered(instance: Instance, goals: GoalSolver, outcome: Outcome, spent_s: float) -> Outcome:
    """The integer stage: offers in near periods, then what they leave open once more as a linear program."""
    found = rounded_offers(instance, outcome)
    if not leaves_open(instance):
        return as_rounded(instance, outcome, found)
    left_s = goals.settings.time_limit_s - spent_s
    if left_s <= 0.0:
        raise DeadlinePassed("no time was left to settle what offers leave open")
    last = GoalSolver(
        with_settled_lines(instance),
        replace(goals.settings, time_limit_s=left_s),
        shape=lambda program: with_setpoints(program, instance, found),
    )
    try:
        settled = with_offers(instance, _outcome(instance, last.solve()), found)
    except NoSolution:  # a hair of rounding: what was planned beside the offers still goes with them
        return as_rounded(instance, outcome, found)
    return replace(settled, worth_per_kw=outcome.worth_per_kw)


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


def _outcome(instance: Instance, solved: Solved) -> Outcome:
    columns, values, who = solved.program.columns, solved.answer.values, instance.sessions
    power = np.clip(values[columns["charge_power"].slice], 0.0, instance.following.most_kw)
    discharge_kw = _given_back(instance, values[columns["discharge_power"].slice])
    minimum, after = np.zeros(who.count), np.zeros(who.count)
    for name, target in (("minimum_shortfall", minimum), ("energy_after_horizon", after)):
        target[columns[name].positions[0]] = np.maximum(0.0, values[columns[name].slice])
    lacking = lacking_kwh(instance, energies(instance, power), inside_kwh(instance, power, discharge_kw))
    # (3) is no equation: a plan that ends above what is wanted leaves nothing for later, and misses nothing.
    after = np.minimum(after, lacking)
    curtailed = values[columns["pv_curtailed"].slice]
    units, shape = instance.storage, (instance.storage.count, instance.periods.count)
    charge, discharge = (values[columns[f"storage_{way}"].slice].reshape(shape) for way in ("charge", "discharge"))
    return Outcome(
        charge_power_kw=power,
        discharge_power_kw=discharge_kw,
        storage_charge_kw=np.clip(charge, 0.0, units.max_charge_kw[:, None]),
        storage_discharge_kw=np.clip(discharge, 0.0, units.max_discharge_kw[:, None]),
        curtailed_kw=np.clip(curtailed, 0.0, instance.generation.curtailable_kw),
        minimum_shortfall_kwh=np.minimum(minimum, lacking - after),
        after_horizon_kwh=after,
        worth_per_kw=node_duals(solved.money_program, solved.money.row_duals, instance),
        group_worth_per_kw=group_duals(solved.money_program, solved.money.row_duals, instance),
    )


def _given_back(instance: Instance, discharge_kw: Floats) -> Floats:
    """What cars give back, for every cell (N,). [kW]"""
    states, given = instance.states, np.zeros(instance.cells.count)
    giving = states.giving
    given[states.cell[giving]] = np.clip(discharge_kw, 0.0, states.max_discharge_kw[states.member[giving]])
    return given


def _statistics(goals: GoalSolver, solved: Solved, total_s: float) -> Statistics:
    rows, columns = solved.money_program.matrix.shape
    return Statistics(
        columns=columns,
        rows=rows,
        nonzeros=solved.money_program.matrix.nnz,
        solves=goals.solver.solves,
        iterations=goals.solver.iterations,
        cut_rounds=solved.cut_rounds,
        solver_s=goals.solver.seconds,
        first_solver_s=goals.solver.first_seconds,
        total_s=total_s,
    )
