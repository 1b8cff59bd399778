"""The goals in their order: promises, money, manners. Each is solved over what the one before leaves open."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.domain.errors import SolverFault
from optimizer.backends.highs import NoSolution, Solver, SolverAnswer
from optimizer.counting import counted, counts, credited_in_vain, with_counted
from optimizer.cuts import Watch, violated, watches, with_cuts
from optimizer.formulation import formulate
from optimizer.formulation.currents import Tangents
from optimizer.instance import Instance
from optimizer.manners import on_optimal_face, preference, shared_equally, whole, wishes_of, with_preferences
from optimizer.manners.preference import typical_price
from optimizer.manners.steady import with_rises
from optimizer.program import LinearProgram, with_bounds, with_cost
from optimizer.promises import keep_promises
from optimizer.protection import protected_first
from optimizer.settings import Settings
from optimizer.steps import needs_steps, with_steps
from optimizer.switches import Pairs, all_pairs, decided, held, with_switches
from optimizer.warm import Basis


@dataclass(frozen=True, slots=True)
class Solved:
    """The last answer, and the one that money was settled with: duals come from that."""

    program: LinearProgram
    answer: SolverAnswer
    money_program: LinearProgram
    money: SolverAnswer
    cut_rounds: int


Shape = Callable[[LinearProgram], LinearProgram]
"""What a question adds to the program of a plan before it is solved: rows, columns, other bounds."""


@dataclass(frozen=True, slots=True)
class Cone:
    """How close to a current limit a goal may go, in tolerances: cuts lie at ``cut``, answers pass below ``passing``.

    Each goal leaves the next a hair of room, so that what it chose stays possible there, and none reaches the limit.
    """

    cut: float
    passing: float


PROMISES, MONEY, SHARING, PREFERENCES = Cone(5 / 4, 1.0), Cone(1.0, 3 / 4), Cone(3 / 4, 1 / 2), Cone(1 / 2, 1 / 4)

SMALL = 4_000
"""Columns up to which one program is loaded and then changed goal by goal, each solve starting from the last answer.

On an optimal face most columns are fixed, so that presolve leaves little: at 1,000 sessions under flat prices a fresh
solve of goal (3) takes an eighth of the time of primal simplex from goal (2)'s basis. Small programs are another
matter: presolve and a start from nothing cost more than they save.
"""
GUESS = 0.2
"""Weight of the preferences, in typical prices, in the first solve of a small program, which only guesses a basis.

Money alone is solved from there, in exact terms and mostly without a step, and so are the preferences on its face. All
three together take 0.6 to 1.0 of the time of two solves from nothing up to 4,000 columns, 1.2 at 6,000.
"""

STEADY = 6_000
"""Columns up to which setpoints are kept steady. Processor time of the preferences without it and with: 5 and 14 ms in
the sample van-depot, 4 and 23 at 50 connectors of benchmark B3, 11 and 100 there under flat prices."""
ROUNDS_OF_LARGE = 3
"""Of sharing, at most, in programs that are not small."""


LAST_ROUNDS = 50
"""After the budget of binaries: more than enough, because whoever is held once is held for good."""


class GoalSolver:
    """Solves one instance, each goal as a program of its own."""

    def __init__(
        self,
        instance: Instance,
        settings: Settings,
        *,
        carried: Basis | None = None,
        keep_basis: bool = False,
        shape: Shape | None = None,
    ) -> None:
        self.instance, self.settings, self.carried, self.keep_basis = instance, settings, carried, keep_basis
        self.shape = shape
        self.basis: Basis | None = None
        """Of the money goal, for the next solve; None unless it is to be kept."""
        self.solver = Solver(settings)
        self._found: list[Tangents] = []
        self._watches: tuple[Watch, ...] | None = None
        self._pairs: list[Pairs] = []
        self._in_place = False
        """Whether the loaded program is changed from goal to goal."""

    def solve(self, at_money: Callable[[Solved], None] | None = None) -> Solved:
        """Raises SolverFault or DeadlinePassed; ``at_money`` is told the answer as it stands before manners."""
        program = self._with_curves(self.formulated())
        self._in_place = self.settings.preferences and len(program.cost) <= SMALL
        program, money = self._money(with_preferences(program, self.instance) if self._in_place else program)
        self.basis = self.solver.basis(program, money) if self.keep_basis else None
        if at_money is not None and self.settings.preferences:
            at_money(self._settled(program, money, program, money))
        last, answer = self._manners(program, money) if self.settings.preferences else (program, money)
        return self._settled(last, answer, program, money)

    def _settled(
        self, program: LinearProgram, answer: SolverAnswer, money_program: LinearProgram, money: SolverAnswer
    ) -> Solved:
        values = whole(program, answer.values)
        plan = answer if values is answer.values else replace(answer, values=values)
        return Solved(program, plan, money_program, money, len(self._found))

    def formulated(self) -> LinearProgram:
        """The program of goals (1) and (2) before any solve."""
        program = formulate(self.instance, self.settings)
        return program if self.shape is None else self.shape(program)

    def _money(self, program: LinearProgram) -> tuple[LinearProgram, SolverAnswer]:
        """Goals (1) and (2), without anybody who charges and gives back at once.

        A promise may have been kept by what cannot be done at once; then whoever did gives nothing back in this plan.
        """
        self._pairs = all_pairs(program, self.instance)
        while True:
            promised, answer = self._promised(program)
            broken = self._broken(answer)
            if not broken and not credited_in_vain(promised, self.instance, answer.values):
                return self._counted(promised, answer)
            try:
                return self._whole(promised, answer)
            except NoSolution:
                giving = [pairs for pairs in broken if pairs.name != "exporting"]
                settled = not program.col_upper[counts(program)].any()
                if not giving and settled:
                    raise
                for pairs in giving:
                    program = with_bounds(program, pairs.on, lower=0.0, upper=0.0)
                program = with_counted(program, np.zeros(len(counts(program))))

    def _with_curves(self, program: LinearProgram) -> LinearProgram:
        """Bounds of periods for charging curves that are not concave; no round makes the plan dearer."""
        if not needs_steps(self.instance):
            return program
        _, answer = self._promised(program)
        stepped = program
        for _ in range(self.settings.curve_rounds):
            stepped = with_steps(program, self.instance, answer.values)
            _, answer = self._promised(stepped)
        return stepped

    def _promised(self, program: LinearProgram) -> tuple[LinearProgram, SolverAnswer]:
        """Goal (1) first with every minimum kept in one solve; rank by rank only if that has no solution."""
        try:
            first = protected_first(program, self.instance, self._kept)
            self.solver.load(self._guess(first))
            if self.carried is not None:
                self.solver.start_from(self.carried, first)
            return self._priced(first)
        except NoSolution:
            kept = keep_promises(program, self.instance, self._kept)
            first = protected_first(kept, self.instance, self._kept)
            self.solver.load(self._guess(first))
            return self._priced(first)

    def _kept(self, program: LinearProgram) -> tuple[LinearProgram, SolverAnswer]:
        """A goal before money, inside the cones: else money would be held to what currents do not allow."""
        return self._solved(program, PROMISES, in_place=False)

    def _guess(self, program: LinearProgram) -> LinearProgram:
        """What is loaded first: money, in a small program with a foretaste of the preferences."""
        if not self._in_place:
            return program
        weight = GUESS * typical_price(self.instance)
        return with_cost(program, program.cost + weight * preference(program, self.instance))

    def _priced(self, program: LinearProgram) -> tuple[LinearProgram, SolverAnswer]:
        """The money optimum of the loaded program."""
        answer = self.solver.run()
        if self._in_place:
            self.solver.change(program)
            answer = self.solver.run()
        return self._inside_cones(program, answer, MONEY)

    def _broken(self, answer: SolverAnswer) -> list[Pairs]:
        """The pairs of which an answer has both."""
        return [pairs.at(places) for pairs in self._pairs if len(places := pairs.broken(answer.values))]

    def _counted(self, program: LinearProgram, answer: SolverAnswer) -> tuple[LinearProgram, SolverAnswer]:
        """The same optimum with whole numbers for which settlement intervals count, so that its duals are theirs."""
        columns = counts(program)
        if not len(columns):
            return program, answer
        at = counted(program, answer.values)
        settled = with_counted(program, at)
        same = np.array_equal(program.col_lower[columns], at) or np.array_equal(answer.values[columns], at)
        return (settled, answer) if same else self._solved(settled, MONEY, in_place=False)

    def _whole(self, program: LinearProgram, answer: SolverAnswer) -> tuple[LinearProgram, SolverAnswer]:
        """Binaries for whoever charges and gives back at once, until nobody does; they end fixed, so that duals exist.

        Settlement intervals that may count for nothing are among them from the first. When the budget of rounds is
        spent, and in a large program at once, whoever still does both is held to what it does more of.
        """
        binaries, values = counts(program), counted(program, answer.values)
        rounds = self.settings.switch_rounds if len(program.cost) <= self.settings.switch_columns else 0
        for number in range(self.settings.switch_rounds + LAST_ROUNDS):
            broken = self._broken(answer)
            if not broken and not credited_in_vain(program, self.instance, answer.values):
                return program, answer
            for pairs in broken:
                if number < rounds:
                    switched = with_switches(program, pairs, answer.values, number + 1)
                    program = switched.program
                    binaries = np.concatenate([binaries, switched.binaries])
                    values = np.concatenate([values, switched.hint])
                else:
                    program = decided(program, pairs, answer.values)
            program = with_bounds(program, binaries, lower=0.0, upper=1.0)
            values = self.solver.integers(program, binaries, values, self.settings.switch_nodes)
            fixed = with_bounds(program, binaries, lower=values, upper=values)
            program, answer = self._solved(fixed, MONEY, in_place=False)
        raise SolverFault("charging and giving back at once could not be told apart")

    def _manners(self, program: LinearProgram, money: SolverAnswer) -> tuple[LinearProgram, SolverAnswer]:
        """Goal (3). Manners never cost a plan: where the face has no room for them, money's own choice stands."""
        face = held(on_optimal_face(program, money), self._pairs, money.values)
        try:
            fair = shared_equally(face, wishes_of(self.instance), money, self._rounds, self._shared)
            polite = fair if self._in_place else with_preferences(fair, self.instance)
            wanted = with_cost(polite, preference(polite, self.instance))
            steady = self.settings.steady and len(wanted.cost) <= STEADY
            wanted = with_rises(wanted, self.instance) if steady else wanted
            last, answer = self._solved(wanted, PREFERENCES, in_place=self._in_place and not steady)
        except NoSolution:
            return program, money
        return (program, money) if self._broken(answer) else (last, answer)

    @property
    def _rounds(self) -> int:
        """Of sharing: those of a small program take next to nothing, those of a large one half of its first solve."""
        most = self.settings.share_rounds
        return most if self._in_place else min(most, ROUNDS_OF_LARGE)

    def _shared(self, program: LinearProgram, number: int) -> tuple[LinearProgram, SolverAnswer]:
        """A round of sharing; after the first each starts from the one before, for they differ in a few bounds."""
        return self._solved(program, SHARING, in_place=self._in_place or number > 0)

    def _solved(self, program: LinearProgram, cone: Cone, *, in_place: bool) -> tuple[LinearProgram, SolverAnswer]:
        """A goal after money."""
        if in_place:
            self.solver.change(program)
        else:
            self.solver.load(program)
        return self._inside_cones(program, self.solver.run(), cone)

    def _inside_cones(
        self, program: LinearProgram, answer: SolverAnswer, cone: Cone
    ) -> tuple[LinearProgram, SolverAnswer]:
        """Cut until every phase current passes; SolverFault when the budget of rounds is spent."""
        tolerance = self.settings.current_tolerance
        cut, passing = 1.0 - cone.cut * tolerance, 1.0 - cone.passing * tolerance
        if self._watches is None:
            self._watches = watches(program, self.instance, self.settings)
        for _ in range(self.settings.cut_rounds):
            cuts = violated(program, self._watches, answer.values, self.settings, allowed=passing, share=cut)
            if cuts is None:
                return program, answer
            self._found.append(cuts)
            program, rows = with_cuts(program, cuts, len(self._found))
            self.solver.cut_off(rows, cuts.bound)
            answer = self.solver.run()
        raise SolverFault(f"phase currents were outside their limits after {self.settings.cut_rounds} rounds of cuts")
