"""The first setpoints that all futures share: best in money over all of them, then early."""

from dataclasses import dataclass, replace

import numpy as np

from models.domain.findings import Assumption
from models.domain.futures import chance_of_none, in_future
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.times import instant
from models.domain.units import SECONDS_PER_MINUTE
from optimizer.backends.highs import NoSolution, SolverAnswer, solve
from optimizer.completing import complete
from optimizer.cuts import violated, watches, with_cuts
from optimizer.formulation import formulate
from optimizer.futures.joined import Joined, joined
from optimizer.instance import Instance, instance_of
from optimizer.instance.periods import periods
from optimizer.manners import on_optimal_face
from optimizer.program import (
    Block,
    Floats,
    Ints,
    LinearProgram,
    with_bounds,
    with_columns,
    with_cost,
    with_rows,
)
from optimizer.settings import Settings
from optimizer.sparse import Rows

AS_TOLD = "as-told"
"""The day without any future, with what is left of the chances; its limits hold even where that is nothing."""
SHARED = ("charge_power", "discharge_power")
KEPT = 10.0
"""Times the highest price of a program: what a kW less than the common setpoint costs the plans that follow it."""
HAIR_KW = 1e-7
"""Room around a common setpoint, so that the solve after it is feasible. [kW]"""


@dataclass(frozen=True, slots=True)
class Course:
    """One course of the day."""

    id: str
    weight: float
    instance: Instance


@dataclass(frozen=True, slots=True)
class Common:
    """Setpoints of present sessions in the first periods, for the plan of any future of the scenario."""

    present: int
    """The first so many sessions of every future are there already."""
    periods: int
    """How many of the first periods are common."""
    values: dict[str, Floats]
    """Of the shared columns, by block."""
    objective: float
    """Weighted over all futures. [currency]"""
    program: LinearProgram

    def kept(self, program: LinearProgram) -> LinearProgram:
        """The program of a plan that keeps them, unless a curve or a decision of that plan forbids it.

        They come from a linear program: where a charging curve is not concave, or a car would charge and give back at
        once, a plan can do less. What it does less costs more than anything else.
        """
        price = KEPT * (1.0 + float(abs(program.cost).max(initial=0.0)))
        for name, places in shared_columns(program, self.present, self.periods).items():
            block = program.columns[name]
            columns = block.start + places
            near = np.clip(self.values[name], program.col_lower[columns], program.col_upper[columns])
            program = with_bounds(
                program,
                columns,
                lower=program.col_lower[columns],
                upper=np.minimum(program.col_upper[columns], near + HAIR_KW),
            )
            program = _at_least(program, block, places, near - HAIR_KW, price)
        return program

    def told(self, count: int, end: str) -> Assumption:
        """What a reader of the plan must know."""
        return Assumption(
            what="futures",
            value=f"setpoints until {end} are the best over {count} futures and the day as it is told",
            source="weighted by their chances; from then on the plan is that of the day as it is told",
        )


def _at_least(program: LinearProgram, block: Block, places: Ints, least: Floats, price: float) -> LinearProgram:
    """power + common_missed >= least, where that is more than nothing."""
    wanted = np.flatnonzero(least > 0.0)
    places, count, start = places[wanted], len(wanted), len(program.cost)
    positions = tuple(p[places] for p in block.positions)
    missed = Block(f"common_missed_{block.name}", block.dims, block.unit, start, count, positions)
    wider = with_columns(program, missed, cost=np.full(count, price))
    row = np.arange(count)
    columns = np.concatenate([block.start + places, missed.columns])
    entries = Rows.from_triplets(np.ones(2 * count), (np.tile(row, 2), columns), (count, len(wider.cost)))
    name = f"common_kept_{block.name}"
    rows = Block(name, block.dims, block.unit, program.matrix.shape[0], count, positions)
    return with_rows(wider, rows, entries, least[wanted], np.full(count, np.inf))


def futures_of(scenario: Scenario) -> list[Course]:
    """All courses of a completed scenario, with the same periods; the first is the day as it is told."""
    days = [
        (AS_TOLD, chance_of_none(scenario), replace(scenario, futures=())),
        *((one.id, one.weight, complete(in_future(scenario, one)).scenario) for one in scenario.futures),
    ]
    horizon = _all_instants([day for _, _, day in days])
    return [Course(name, weight, instance_of(replace(day, horizon=horizon))) for name, weight, day in days]


def common(scenario: Scenario, courses: list[Course], settings: Settings) -> Common:
    """The best common setpoints. Raises NoSolution, SolverFault or DeadlinePassed."""
    told = courses[0].instance
    present, count = told.sessions.count, common_periods(scenario, courses)
    parts = [formulate(course.instance, settings) for course in courses]
    found, answer = _inside_cones(courses, parts, present, count, settings)
    values = _early(found, answer, told, settings)
    shared = {name: values[found.program.columns[f"common_{name}"].slice] for name in SHARED if _has(found, name)}
    return Common(present, count, shared, answer.objective + found.program.cost_offset, found.program)


def _has(found: Joined, name: str) -> bool:
    return f"common_{name}" in found.program.columns


def shared_columns(program: LinearProgram, present: int, periods: int) -> dict[str, Ints]:
    """Positions inside their blocks of what all futures have in common."""
    found = {}
    for name in SHARED:
        if name in program.columns:
            session, period = program.columns[name].positions
            found[name] = np.flatnonzero((session < present) & (period < periods))
    return found


def common_periods(scenario: Scenario, courses: list[Course]) -> int:
    """Periods that end before the futures can be told apart; one at least."""
    instants_s = courses[0].instance.periods.instants_s
    if scenario.common_minutes is not None:
        end_s = instants_s[0] + scenario.common_minutes * SECONDS_PER_MINUTE
    else:
        arrivals = [s.arrival.timestamp() for future in scenario.futures for s in future.sessions]
        end_s = min(arrivals, default=float(instants_s[1]))
    return max(1, int((instants_s[1:] <= end_s).sum()))


def end_of(common: Common, course: Course) -> str:
    """When the common part ends, in UTC."""
    return f"{instant(float(course.instance.periods.instants_s[common.periods])):%Y-%m-%d %H:%M} UTC"


def _inside_cones(
    courses: list[Course], parts: list[LinearProgram], present: int, periods: int, settings: Settings
) -> tuple[Joined, SolverAnswer]:
    """Money over all futures, cut until every phase current passes in each of them, or the budget is spent."""
    names, weights = [course.id for course in courses], [course.weight for course in courses]
    share = 1.0 - settings.current_tolerance
    seen = [watches(part, course.instance, settings) for part, course in zip(parts, courses, strict=True)]
    for number in range(1, settings.cut_rounds + 1):
        found = joined(names, weights, parts, [shared_columns(part, present, periods) for part in parts])
        answer = _promised(found, courses, parts, settings)
        cut = False
        for k in range(len(courses)):
            values = found.part(k, answer.values)
            cuts = violated(parts[k], seen[k], values, settings, allowed=1.0, share=share)
            if cuts is not None:
                parts[k], _ = with_cuts(parts[k], cuts, number)
                cut = True
        if not cut:
            break
    return found, answer


def _promised(found: Joined, courses: list[Course], parts: list[LinearProgram], settings: Settings) -> SolverAnswer:
    """With every minimum kept; where that has no solution, promises break at the price of their targets."""
    try:
        return solve(found.program, settings)
    except NoSolution:
        program, cost = found.program, found.program.cost.copy()
        for to, course, part in zip(found.columns, courses, parts, strict=True):
            block, who = part.columns["minimum_shortfall"], course.instance.sessions
            sessions, columns = block.positions[0], to[block.columns]
            lower = program.col_lower[columns]
            program = with_bounds(program, columns, lower=lower, upper=who.promised_kwh[sessions])
            cost[columns] = PROMISE * (1.0 + who.value_per_kwh[sessions])
        return solve(with_cost(program, cost), settings)


PROMISE = 100.0
"""A promise that must be broken in some future weighs as much as so many targets: it is broken least."""


def _early(found: Joined, answer: SolverAnswer, told: Instance, settings: Settings) -> Floats:
    """Of common setpoints that cost the same over all futures, those that bring energy early."""
    span, cost = told.periods, np.zeros_like(found.program.cost)
    block = found.program.columns["common_charge_power"]
    left = (span.end_s - span.instants_s[:-1]) / (span.end_s - span.start_s)
    cost[block.slice] = -(span.hours * left)[block.positions[1]]
    try:
        return solve(with_cost(on_optimal_face(found.program, answer), cost), settings).values
    except NoSolution:
        return answer.values


def _all_instants(days: list[Scenario]) -> Horizon:
    """The horizon split wherever any of the days splits it; as it was where all split it alike."""
    horizon = days[0].horizon
    assert horizon is not None
    found = [periods(day).instants_s for day in days]
    if all(np.array_equal(found[0], other) for other in found[1:]):
        return horizon
    minutes = np.diff(np.unique(np.concatenate(found))) / SECONDS_PER_MINUTE
    return Horizon(start=horizon.start, stretches=tuple(Stretch(count=1, minutes=float(m)) for m in minutes))
