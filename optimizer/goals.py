"""The goals in their order: promises, money, manners. Each is solved over what the one before leaves open."""

from dataclasses import dataclass

import numpy as np

from models.domain.errors import SolverFault
from optimizer.backends.highs import NoSolution, Solver, SolverAnswer
from optimizer.cuts import violated, with_cuts
from optimizer.formulation import formulate
from optimizer.instance import Instance
from optimizer.manners import early, on_optimal_face, shared_equally
from optimizer.program import LinearProgram
from optimizer.promises import keep_promises
from optimizer.settings import Settings


@dataclass(frozen=True, slots=True)
class Solved:
    """The last answer, and the one that money was settled with: duals come from that."""

    program: LinearProgram
    answer: SolverAnswer
    money_program: LinearProgram
    money: SolverAnswer
    cut_rounds: int


class GoalSolver:
    """Solves one instance; the solver's basis is carried from goal to goal."""

    def __init__(self, instance: Instance, settings: Settings) -> None:
        self.instance, self.settings = instance, settings
        self.solver = Solver(settings)
        self.rounds = 0

    def solve(self) -> Solved:
        """Raises SolverFault or DeadlinePassed."""
        program, money = self._money(formulate(self.instance, self.settings))
        if not self.settings.preferences:
            return Solved(program, money, program, money, self.rounds)
        last, answer = self._manners(program, money)
        return Solved(last, answer, program, money, self.rounds)

    def _money(self, program: LinearProgram) -> tuple[LinearProgram, SolverAnswer]:
        """Goal (1) first with every minimum kept in one solve; rank by rank only if that has no solution."""
        tolerance = self.settings.current_tolerance
        self.solver.load(program)
        try:
            answer = self.solver.run()
        except NoSolution:
            program = keep_promises(program, self.instance, self.solver)
            self.solver.load(program)
            answer = self.solver.run()
        return self._inside_cones(program, answer, allowed=1 - tolerance / 2, share=1 - tolerance)

    def _manners(self, program: LinearProgram, money: SolverAnswer) -> tuple[LinearProgram, SolverAnswer]:
        """Goal (3). Cuts are a hair wider here, so that the plan that money chose stays possible."""
        tolerance = self.settings.current_tolerance
        face, columns, rows = on_optimal_face(program, money)
        fair, shared = shared_equally(face, self.instance, money, self.settings, self.solver)
        pleasant = early(fair, self.instance)
        if shared or len(pleasant.cost) > len(program.cost):
            self.solver.load(pleasant)
        else:
            self.solver.change(pleasant, columns=columns, rows=rows)
        answer = self.solver.run()
        return self._inside_cones(pleasant, answer, allowed=1 - tolerance / 8, share=1 - tolerance / 2)

    def _inside_cones(
        self, program: LinearProgram, answer: SolverAnswer, *, allowed: float, share: float
    ) -> tuple[LinearProgram, SolverAnswer]:
        """Cut until no phase current is outside ``allowed`` of its limit; SolverFault when the rounds are spent."""
        for _ in range(self.settings.cut_rounds):
            cuts = violated(program, self.instance, answer.values, self.settings, allowed=allowed, share=share)
            if cuts is None:
                return program, answer
            self.rounds += 1
            program, rows = with_cuts(program, cuts, self.rounds)
            self.solver.add_rows(rows, np.full(len(cuts.bound), -np.inf), cuts.bound)
            answer = self.solver.run()
        raise SolverFault(f"phase currents were outside their limits after {self.settings.cut_rounds} rounds of cuts")
