"""Goal (1b): the energy of protected sessions comes as early as hard limits and promises let it, before money is asked.

A price on time would have to be large enough for every tariff; an order of goals has no such number.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Schedule, SessionPlan
from models.domain.units import SECONDS_PER_HOUR
from optimizer.backends.highs import SolverAnswer
from optimizer.instance import Instance
from optimizer.program import Block, Floats, LinearProgram, with_bounds, with_cost, with_rows
from optimizer.sparse import Rows

SLACK_SHARE = 1e-6
"""Of the most earliness there can be, what later goals may take, so that they have room to be feasible in."""
SAME_TIME_SHARE = 0.05
"""Of how early protected sessions charge: what offers of EVSEs and rules without foresight differ by."""

Solve = Callable[[LinearProgram], tuple[LinearProgram, SolverAnswer]]
"""Solves a program and answers with it, cuts that were needed included."""


def protected_first(program: LinearProgram, instance: Instance, solve: Solve) -> LinearProgram:
    """The program with one row ``protected_early`` that holds what is charged early; itself where nobody is protected.

    Σ h · (time left at the middle of the period) · charge_power of protected sessions is the greatest there can be.
    """
    if not instance.sessions.protected.any():
        return program
    weights = earliness_weights(instance)
    if not weights.any():
        return program
    power = program.columns["charge_power"]
    program = _never_above_target(program, instance)
    cost = np.zeros_like(program.cost)
    cost[power.slice] = -weights
    cut, answer = solve(with_cost(program, cost))
    priced = replace(cut, cost=program.cost, cost_offset=program.cost_offset)
    return _held(priced, power, weights, -answer.objective)


def earliness_weights(instance: Instance) -> Floats:
    """Per cell (N,): hours in it times hours left from its middle to the end of the horizon; 0 of all others. [h²]"""
    cells = instance.cells
    left_h = _left_h(instance.periods.instants_s)[cells.period]
    return np.where(instance.sessions.protected[cells.session], cells.hours * left_h, 0.0)


def earliness_kwh_h(plan: Schedule, protected: frozenset[str]) -> float:
    """How early a plan charges protected sessions; more is earlier. [kWh·h]"""
    left_h = _left_h(plan.instants_s)
    mine = (each for each in plan.sessions if each.session_id in protected)
    return sum(float(_energies(each) @ left_h[each.first_period :][: len(each.plugged_in_h)]) for each in mine)


def _energies(plan: SessionPlan) -> Floats:
    return np.asarray(plan.plugged_in_h * plan.charge_power_kw)


def _left_h(instants_s: Floats) -> Floats:
    """From the middle of each period to the end of the horizon (T,). [h]"""
    return np.asarray((instants_s[-1] - (instants_s[:-1] + instants_s[1:]) / 2.0) / SECONDS_PER_HOUR)


def _never_above_target(program: LinearProgram, instance: Instance) -> LinearProgram:
    """Protected sessions whose energy is followed end at what is wanted: earlier is no reason to take more."""
    states, energy = instance.states, program.columns["energy"]
    member = np.repeat(np.arange(states.count), np.diff(states.offset))
    entries: NDArray[np.int64] = np.flatnonzero(instance.sessions.protected[states.session[member]])
    if not len(entries):
        return program
    columns = energy.start + entries
    wanted = np.maximum(states.target_kwh, states.start_kwh)[member[entries]]
    lower, upper = program.col_lower[columns], program.col_upper[columns]
    return with_bounds(program, columns, lower=lower, upper=np.maximum(lower, np.minimum(upper, wanted)))


def _held(program: LinearProgram, power: Block, weights: Floats, most: float) -> LinearProgram:
    block = Block("protected_early", (), "kWh·h at evse", program.matrix.shape[0], 1, ())
    cells = np.flatnonzero(weights)
    places = (np.zeros(len(cells), dtype=np.int64), power.start + cells)
    row = Rows.from_triplets(weights[cells], places, (1, program.matrix.shape[1]))
    least = most - SLACK_SHARE * max(1.0, most)
    return with_rows(program, block, row, np.array([least]), np.array([np.inf]))
