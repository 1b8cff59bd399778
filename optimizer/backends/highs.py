"""HiGHS: arrays go in and out in bulk; every status is read."""

from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import highspy
import numpy as np

from models.domain.errors import DeadlinePassed, SolverFault
from optimizer.backends import idle
from optimizer.backends.effort import Effort
from optimizer.program import Floats, Ints, LinearProgram
from optimizer.settings import Settings
from optimizer.sparse import Rows
from optimizer.warm import Basis, basis_of, standing, statuses_for

_MIP_GAP = 1e-5
"""Of the cost: what is left open may be this much better. Without presolve, because that takes longer than it saves:
4.1 s against 0.5 with 54 binaries at 50 connectors."""
_FEASIBLE = int(highspy.SolutionStatus.kSolutionStatusFeasible)
_INTEGER = int(highspy.HighsVarType.kInteger)
_USUAL, _FINE = 1e-7, 1e-9
"""Feasibility tolerances. Primal simplex leaves what it may; at 1e-7 a proof of optimality had a gap of 3e-7."""
_DUAL_SIMPLEX, _PRIMAL_SIMPLEX = 1, 4
_DEVEX, _WEIGHTS_OF_ITS_OWN_CHOICE = 1, -1
_STATUS = highspy.HighsBasisStatus
_STATUSES = np.array([_STATUS.kLower, _STATUS.kBasic, _STATUS.kUpper], dtype=object)
"""In the order of ``optimizer.warm``."""
_LOST = (highspy.HighsModelStatus.kUnknown, highspy.HighsModelStatus.kSolveError)
"""How simplex ends where it lost its way, and nothing is said of the program."""

_Option = tuple[str, bool | int | float | str]

SMALL = 1000
"""Columns, up to which the exact weights of steepest edge cost more than they save. Six sites each, processor time with
them and with devex: 12 and 10 ms at 10 sessions, 19 and 17 at 20, 27 and 24 at 30, 35 and 39 at 50."""
SMALL_FOR_CUTS = 6000
"""The same in rounds of cuts, each of which begins with a basis that is not all rows, so that steepest edge has to
compute its weights. Processor time of all rounds, in first solves: 2.3 and 1.1 at 50 sessions, 1.6 and 0.9 at 100, 1.1
and 0.7 at 140, means of three sites each; 1.1 and 1.3 at 200, where a site has 8,000 columns."""


@dataclass(frozen=True)
class SolverAnswer:
    """A proven optimum. Duals as of a minimisation: cost = A'row_duals + reduced_costs.

    The solver tells lists, and to turn all of them into arrays is a twentieth of a plan with rounds of cuts: what most
    answers are never asked for is turned when it is.
    """

    values: Floats
    objective: float
    """Without the program's offset."""
    told: highspy.HighsSolution = field(repr=False)
    effort: Effort = field(repr=False, compare=False)
    """Of the solver that told it: to fetch more of it is a part of solving."""

    @cached_property
    def reduced_costs(self) -> Floats:
        """Of each column. [currency per unit of the column]"""
        return self._fetched("col_dual")

    @cached_property
    def row_values(self) -> Floats:
        """What the terms of each row sum up to."""
        return self._fetched("row_value")

    @cached_property
    def row_duals(self) -> Floats:
        """Of each row. [currency per unit of the row]"""
        return self._fetched("row_dual")

    def _fetched(self, name: str) -> Floats:
        started = perf_counter()
        found = _floats(getattr(self.told, name))
        self.effort.fetched(perf_counter() - started)
        return found


class NoSolution(SolverFault):
    """The program has no feasible point."""


class Solver:
    """One HiGHS instance that a program is loaded into and then changed step by step, its basis carried along."""

    def __init__(self, settings: Settings) -> None:
        self._lent = idle.Lent()
        self._highs = self._lent.highs
        self.effort = Effort()
        self._set(_options(settings, self._highs.getRunTime()))

    def _set(self, options: list[_Option]) -> None:
        for name, value in options:
            if self._highs.setOptionValue(name, value) == highspy.HighsStatus.kError:
                raise SolverFault(f"HiGHS refused option {name}")

    def load(self, program: LinearProgram) -> None:
        """Take a program, forgetting the one before. SolverFault for numbers that HiGHS would accept silently."""
        check_numbers(program)
        started = perf_counter()
        presolved = _worth_presolving(program)
        self._set(_ways(program, presolved))
        a = program.matrix
        status = self._highs.passModel(
            a.shape[1],
            a.shape[0],
            a.nnz,
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            program.cost,
            program.col_lower,
            program.col_upper,
            program.row_lower,
            program.row_upper,
            a.indptr,
            a.indices,
            a.data,
            np.zeros(a.shape[1], dtype=np.int32),
        )
        if status != highspy.HighsStatus.kError and not presolved:
            self._begin_with(program)
        self.effort.seconds += perf_counter() - started
        _expect_ok(status, "passing the model")

    def _begin_with(self, program: LinearProgram) -> None:
        """Columns that a row defines are basic from the start, so that the simplex method need not bring them in.

        Processor time of the money goal without and with it: 2.6 and 2.0 ms at 10 sessions, 6.5 and 5.6 at 50, 79 and
        60 at 500; with three batteries 13 and 6 ms at 10.
        """
        columns, rows = [_STATUS.kLower] * len(program.cost), [_STATUS.kBasic] * len(program.row_lower)
        for column, row in zip(*(part.tolist() for part in program.definitions), strict=True):
            columns[column], rows[row] = _STATUS.kBasic, _STATUS.kLower
        self._set_basis(columns, rows, alien=False)

    def _set_basis(
        self, columns: list[highspy.HighsBasisStatus], rows: list[highspy.HighsBasisStatus], *, alien: bool
    ) -> None:
        """``alien``: perhaps not as many basic ones as there are rows, or not independent of each other."""
        hint = highspy.HighsBasis()
        hint.col_status, hint.row_status = columns, rows
        hint.valid, hint.alien = True, alien
        _expect_ok(self._highs.setBasis(hint), "a basis")

    def change(self, program: LinearProgram) -> None:
        """Turn the loaded program into another that begins with its columns and rows, coefficients included.

        Costs, bounds and what comes after may differ. The next run starts from the last answer, by primal simplex.
        """
        check_numbers(program)
        started = perf_counter()
        highs, a = self._highs, program.matrix
        known, rows = highs.getNumCol(), highs.getNumRow()
        columns, new = np.arange(known, dtype=np.int32), slice(known, None)
        nothing = np.zeros(0, dtype=np.int32)
        done = [
            highs.setOptionValue("simplex_strategy", _PRIMAL_SIMPLEX),
            highs.setOptionValue("primal_feasibility_tolerance", _FINE),
            highs.changeColsCost(known, columns, program.cost[:known]),
            highs.changeColsBounds(known, columns, program.col_lower[:known], program.col_upper[:known]),
            highs.changeRowsBounds(
                rows, np.arange(rows, dtype=np.int32), program.row_lower[:rows], program.row_upper[:rows]
            ),
        ]
        if known < len(program.cost):
            count = len(program.cost) - known
            bounds = program.col_lower[new], program.col_upper[new]
            empty = np.zeros(count, dtype=np.int32)
            done.append(highs.addCols(count, program.cost[new], *bounds, 0, empty, nothing, np.zeros(0)))
        self.effort.seconds += perf_counter() - started
        for status in done:
            _expect_ok(status, "changing the model")
        if rows < a.shape[0]:
            self.add_rows(a.below(rows), program.row_lower[rows:], program.row_upper[rows:])

    def start_from(self, basis: Basis, program: LinearProgram) -> None:
        """Begin the next run of a loaded program from the basis of another, as far as their labels agree."""
        started = perf_counter()
        found = statuses_for(program, basis)
        if found is not None:
            columns, rows = (_STATUSES[part].tolist() for part in found)
            self._set_basis(columns, rows, alien=True)
        self.effort.seconds += perf_counter() - started

    def basis(self, program: LinearProgram, answer: SolverAnswer) -> Basis:
        """The basis of the last run, by label; the solver tells its basic ones, the answer where the others stand."""
        started = perf_counter()
        status, basic = self._highs.getBasicVariables()
        if status == highspy.HighsStatus.kError:  # nothing was factored: the next plan begins with its rows
            basic = -1 - np.arange(len(program.row_lower))
        self.effort.seconds += perf_counter() - started
        columns = standing(answer.values, program.col_lower, program.col_upper, basic[basic >= 0])
        rows = standing(answer.row_values, program.row_lower, program.row_upper, -1 - basic[basic < 0])
        return basis_of(program, columns, rows)

    def add_rows(self, rows: Rows, lower: Floats, upper: Floats) -> None:
        """Append rows; the basis stays, so that the next run starts from the last answer."""
        started = perf_counter()
        status = self._highs.addRows(rows.shape[0], lower, upper, rows.nnz, rows.indptr[:-1], rows.indices, rows.data)
        self.effort.seconds += perf_counter() - started
        _expect_ok(status, "adding rows")

    def cut_off(self, rows: Rows, upper: Floats) -> None:
        """Append rows that the last answer violates: its duals still are feasible, so dual simplex goes on from it."""
        started = perf_counter()
        weights = _DEVEX if self._highs.getNumCol() <= SMALL_FOR_CUTS else _WEIGHTS_OF_ITS_OWN_CHOICE
        self._set([("simplex_strategy", _DUAL_SIMPLEX), ("simplex_dual_edge_weight_strategy", weights)])
        self.effort.seconds += perf_counter() - started
        self.add_rows(rows, np.full(len(upper), -np.inf), upper)

    def run(self) -> SolverAnswer:
        """Solve. Raises NoSolution, DeadlinePassed or SolverFault; only a proven optimum is returned."""
        started = perf_counter()
        status = self._highs.run()
        if self._highs.getModelStatus() in _LOST:
            status = self._run_afresh()
        info = self._highs.getInfo()
        answer = self._answer(info.objective_function_value)
        self.effort.seconds += perf_counter() - started
        self.effort.solved(max(0, info.simplex_iteration_count))
        _expect_ok(status, "running")
        return answer

    def _run_afresh(self) -> Any:
        """The loaded program without the basis that the solver lost its way from; 1 of 3,500 random sites needs it.

        One in some thousand plans of a month of JPL is lost again where presolve takes part.
        """
        for presolve in ("choose", "off"):
            _expect_ok(self._highs.clearSolver(), "starting afresh")
            self._set([("presolve", presolve), ("simplex_strategy", _DUAL_SIMPLEX)])
            status = self._highs.run()
            if self._highs.getModelStatus() not in _LOST:
                break
        return status

    def integers(self, program: LinearProgram, columns: Ints, hint: Floats, nodes: int) -> Floats:
        """Whole values of some columns: of the best answer that a search of so many nodes finds, from a hint.

        Which other values they go with is for the next run to say. Raises NoSolution, DeadlinePassed or SolverFault.
        """
        if not len(columns):
            return hint
        self.load(program)
        started = perf_counter()
        places, kinds = columns.astype(np.int32), np.full(len(columns), _INTEGER, dtype=np.uint8)
        self._set([("mip_max_nodes", nodes), ("mip_rel_gap", _MIP_GAP), ("presolve", "off")])
        _expect_ok(self._highs.changeColsIntegrality(len(places), places, kinds), "integers")
        self._highs.setSolution(len(places), places, hint)
        status = self._highs.run()
        info, model = self._highs.getInfo(), self._highs.getModelStatus()
        found = np.array(self._highs.getSolution().col_value)
        self.effort.seconds += perf_counter() - started
        self.effort.solved()
        _expect_ok(status, "searching")
        if info.primal_solution_status != _FEASIBLE:
            _check_status(model)
            raise SolverFault(f"no whole values were found, the search ended as {model.name}")
        return np.round(found[columns])

    def _answer(self, objective: float) -> SolverAnswer:
        status = self._highs.getModelStatus()
        _check_status(status)
        solution = self._highs.getSolution()
        if not (solution.value_valid and solution.dual_valid):
            raise SolverFault("the solver says optimal and has no valid point")
        return SolverAnswer(_floats(solution.col_value), objective, solution, self.effort)


def _worth_presolving(program: LinearProgram) -> bool:
    """Columns that only sum up others are taken out again; without any, presolve costs more than it finds.

    Processor time with presolve and without, the money goal of benchmark B3: 38 and 22 ms at 200 sessions, 326 and 224
    at 1,000, 4,940 and 4,040 at 5,000; but 55 and 478 ms with currents at 50 sessions, 9 and 18 with shares.
    """
    shares = program.columns.get("largest_share")
    sums = "leg_current" in program.columns or "power_rise" in program.columns
    return sums or (shares is not None and bool(program.cost[shares.slice].any()))


def _ways(program: LinearProgram, presolved: bool) -> list[_Option]:
    """How a program is solved, from its shape alone."""
    weights = _DEVEX if len(program.cost) <= SMALL and not presolved else _WEIGHTS_OF_ITS_OWN_CHOICE
    return [
        ("simplex_strategy", _DUAL_SIMPLEX),
        ("simplex_dual_edge_weight_strategy", weights),
        ("primal_feasibility_tolerance", _USUAL),
        ("presolve", "choose" if presolved else "off"),
    ]


def _floats(values: list[float]) -> Floats:
    """Solvers tell lists; read one by one they take two thirds of the time that numpy needs to look through them."""
    return np.fromiter(values, dtype=np.float64, count=len(values))


def solve(program: LinearProgram, settings: Settings) -> SolverAnswer:
    """Solve one program from nothing."""
    solver = Solver(settings)
    solver.load(program)
    return solver.run()


def version() -> str:
    """Of HiGHS, not of its Python package."""
    return str(highspy.Highs().version())


def check_numbers(program: LinearProgram) -> None:
    """HiGHS calls a NaN cost optimal and empties the model at a NaN bound; so look before it does."""
    _expect_all(program, np.isfinite(program.cost), "column", "cost is not finite")
    _expect_all(program, program.col_lower <= program.col_upper, "column", "bounds cross or are not numbers")
    _expect_all(program, program.row_lower <= program.row_upper, "row", "bounds cross or are not numbers")
    finite = np.isfinite(program.matrix.data)
    if not finite.all():
        good = ~np.isin(np.arange(program.matrix.shape[0]), program.matrix.row_of[~finite])
        _expect_all(program, good, "row", "a coefficient is not finite")


def _expect_all(program: LinearProgram, good: np.ndarray, kind: str, what: str) -> None:
    if not good.all():
        label = program.column_label if kind == "column" else program.row_label
        name, labels = label(int(np.argmin(good)))
        raise SolverFault(f"{kind} {name}[{', '.join(labels)}]: {what}")


def _options(settings: Settings, clock_s: float) -> list[_Option]:
    """For a HiGHS whose clock of run time, by which it keeps its time limit, stands at ``clock_s``."""
    return [
        ("output_flag", settings.solver_log),
        ("threads", 1),
        ("random_seed", 0),
        ("time_limit", clock_s + settings.time_limit_s),
    ]


def _check_status(status: highspy.HighsModelStatus) -> None:
    kinds = highspy.HighsModelStatus
    if status == kinds.kOptimal:
        return
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        raise NoSolution("the program has no feasible point")
    if status == kinds.kTimeLimit:
        raise DeadlinePassed("the solver met its time limit")
    raise SolverFault(f"the solver ended as {status.name}")


def _expect_ok(status: highspy.HighsStatus, doing: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise SolverFault(f"HiGHS refused {doing}")
