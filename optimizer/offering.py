"""The integer stage as a whole: the powers of a linear program become offers, and a plan is made around them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter

import numpy as np

from models.domain.errors import DeadlinePassed, SolverFault
from models.domain.schedule import Schedule
from optimizer.answers import outcome_of
from optimizer.backends.highs import NoSolution
from optimizer.goals import GoalSolver, Shape
from optimizer.heuristics.rounding import Rounded
from optimizer.instance import Instance
from optimizer.outcome import Outcome
from optimizer.program import LinearProgram
from optimizer.protection import SAME_TIME_SHARE, earliness_weights
from optimizer.setpoints import (
    as_rounded,
    bounds_of,
    first_offers,
    grown,
    lacking,
    leaves_open,
    rounded_again,
    rounded_offers,
    with_growing_runs,
    with_history,
    with_offers,
    with_runs,
    with_setpoints,
    with_settled_lines,
)
from optimizer.settings import Settings

ROUNDS = 6
"""After the first. B1 at 30 kW with S5: 71.63 % of the energy, then 72.60, 72.77, 72.83; the garage with S5 and steady
powers: 419 USD, then 396, 394, 385, 387, 375, 371."""
PATIENCE = 2
"""Rounds in a row that bring nothing, after which no more are made."""
BETTER = 1e-6
"""Of a cost or a broken promise: what another rounding has to be better by, so that no last digit decides."""

Figure = tuple[float, float]
"""The less the better, and by how much two of them have to differ."""
Change = Callable[[LinearProgram, Instance, Rounded], LinearProgram]


class Offering:
    """Makes offers of one instance until a moment; ``priced`` tells the plan that an outcome makes."""

    def __init__(self, instance: Instance, goals: GoalSolver, due_s: float, priced: Callable[[Outcome], Schedule]):
        self.instance, self.settings, self.due_s, self.priced = instance, goals.settings, due_s, priced
        self._unsteady, self._by_cost = replace(self.settings, steady=False), replace(self.settings, preferences=False)
        self.history = bounds_of(instance)

    def offered(self, outcome: Outcome) -> Outcome:
        """The best offers, with what limits were worth before them: once near charging is settled, that is nothing."""
        best = self._best(outcome)
        return replace(best, worth_per_kw=outcome.worth_per_kw, group_worth_per_kw=outcome.group_worth_per_kw)

    def _best(self, outcome: Outcome) -> Outcome:
        """Rounded, and again with powers chosen anew for the runs that were found and grew, as long as that helps.

        No offers are better than the powers that they are rounded from, so those as good as these are the best. Powers
        that are rounded again need not be steady: who is on when is settled, and level powers leave what rounding
        cannot use (the garage with S5: 443 USD, unsteady 396). Raises DeadlinePassed when no time is left to plan what
        offers leave open.
        """
        settled = self._after_history(outcome)
        if not self.settings.tail:
            return first_offers(self.instance, settled)
        found = rounded_offers(self.instance, settled)
        best = self._around(settled, found)
        bound, standing, in_vain = self._standing(outcome), self._standing(best), 0
        for _ in range(ROUNDS):
            if in_vain == PATIENCE or not is_better(bound, standing):
                break
            try:
                found, plan = self._again(found)
            except (NoSolution, DeadlinePassed, SolverFault):  # what was found before stands
                break
            if is_better(its := self._standing(plan), standing):
                best, standing, in_vain = plan, its, 0
            else:
                in_vain += 1
        return best

    def _after_history(self, outcome: Outcome) -> Outcome:
        """Powers chosen anew where earlier offers leave less open than was known; limits come before S5."""
        if self.history is None or self.history.holds(outcome.charge_power_kw):
            return outcome
        for bounds in (self.history, self.history.without_least):
            try:
                return self._solved(partial(with_history, instance=self.instance, bounds=bounds), self.settings)
            except (NoSolution, SolverFault):
                continue
        return outcome

    def _again(self, found: Rounded) -> tuple[Rounded, Outcome]:
        """Powers chosen anew for these runs, rounded, and a plan around them."""
        anew = self._over(with_runs, self._longer(found), self._unsteady)
        found = rounded_again(self.instance, anew)
        return found, self._around(anew, found)

    def _longer(self, found: Rounded) -> Rounded:
        """Runs that grew where somebody lacks energy, by what it costs alone: manners would spread crumbs."""
        if not len(lacking(self.instance, found)):
            return found
        return grown(self.instance, found, self._over(with_growing_runs, found, self._by_cost).charge_power_kw)

    def _over(self, change: Change, found: Rounded, settings: Settings) -> Outcome:
        """Runs and setpoints take the place of what must go on; who may not be started is planned for at no time."""

        def shape(program: LinearProgram) -> LinearProgram:
            if self.history is not None:
                program = with_history(program, self.instance, self.history.without_least)
            return change(program, self.instance, found)

        return self._solved(shape, settings)

    def _solved(self, shape: Shape, settings: Settings) -> Outcome:
        left_s = self.due_s - perf_counter()
        if left_s <= 0.0:
            raise DeadlinePassed("no time was left to settle what offers leave open")
        limited = replace(settings, time_limit_s=left_s)
        return outcome_of(self.instance, GoalSolver(with_settled_lines(self.instance), limited, shape=shape).solve())

    def _around(self, outcome: Outcome, found: Rounded) -> Outcome:
        """Offers, and what they leave open once more as a linear program."""
        if not leaves_open(self.instance):
            return as_rounded(self.instance, outcome, found)
        try:
            settled = self._over(with_setpoints, found, self.settings)
        except NoSolution:  # a hair of rounding: what was planned beside the offers still goes with them
            return as_rounded(self.instance, outcome, found)
        return with_offers(self.instance, settled, found)

    def _standing(self, outcome: Outcome) -> list[Figure]:
        return [*before_money(self.instance, outcome), (self.priced(outcome).objective, BETTER)]


def before_money(instance: Instance, outcome: Outcome) -> list[Figure]:
    """What comes before cost: broken promises, rank by rank, then how late protected sessions charge, as the ladder
    compares it."""
    who = instance.sessions
    broken = [float(outcome.minimum_shortfall_kwh[who.rank == rank].sum()) for rank in np.unique(who.rank)]
    early = float(earliness_weights(instance) @ outcome.charge_power_kw)
    return [*((kwh, BETTER) for kwh in broken), (-early, SAME_TIME_SHARE * early)]


def is_better(ours: list[Figure], theirs: list[Figure]) -> bool:
    """By the first figure in which they differ."""
    pairs = zip(ours, theirs, strict=True)
    return next((a < b for (a, tolerance), (b, _) in pairs if abs(a - b) > tolerance), False)


def roughly_offered(instance: Instance, outcome: Outcome) -> Outcome:
    """Rounded, without another solve."""
    return as_rounded(instance, outcome, rounded_offers(instance, outcome))
