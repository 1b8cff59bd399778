"""Solvers in trouble, as the ladder may meet them; at the top of a module, so that a worker can be given them."""

import os
import signal
import time
from dataclasses import replace

from models.domain.errors import DeadlinePassed, SolverFault
from models.domain.scenario import Scenario
from models.domain.schedule import Method
from optimizer.backends.highs import NoSolution
from optimizer.fallback import fail_safe_plan
from optimizer.heuristics import heuristic
from optimizer.ladder import Tell
from optimizer.optimize import optimize
from optimizer.settings import Settings


def hangs(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    time.sleep(600.0)


def hangs_after_money(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    optimize(scenario, settings, at_money=tell)
    hangs(scenario, settings, tell)


def is_killed(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def is_killed_after_money(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    optimize(scenario, settings, at_money=tell)
    is_killed(scenario, settings, tell)


def is_late_after_money(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    optimize(scenario, settings, at_money=tell)
    raise DeadlinePassed("the solver met its time limit")


def is_late(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    raise DeadlinePassed("the solver met its time limit")


def fails(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    raise SolverFault("the solver ended as kSolveError")


def finds_nothing(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    raise NoSolution("the program has no feasible point")


def has_a_bug(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    raise ZeroDivisionError("division by zero")


def says_nothing(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    """Ends as if all were well."""


def ignores_limits(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    """Calls it an optimum that every car charges at once."""
    tell(replace(heuristic(scenario, Method.UNCONTROLLED), method=Method.OPTIMAL))


def says_nan(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    nan = float("nan")
    plan = optimize(scenario, settings)
    sessions = tuple(replace(s, energy_kwh=nan, minimum_shortfall_kwh=nan) for s in plan.sessions)
    tell(replace(plan, objective=nan, sessions=sessions))


def plans_another_site(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    tell(replace(optimize(scenario, settings), sessions=(), nodes=(), peaks=()))


def says_a_word(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    tell("optimal")  # type: ignore[arg-type]  # that is the fault


def charges_nobody(scenario: Scenario, settings: Settings, tell: Tell) -> None:
    """A plan that passes every audit and is no optimum."""
    none = dict.fromkeys((evse.id for evse in scenario.site.evses), 0.0)
    tell(replace(fail_safe_plan(scenario, none), method=Method.OPTIMAL))
