"""Charging curves that are not concave: a bound for each period, taken from a plan's own course of energy.

The linear program knows the concave envelope of a curve. Where that is above the curve, a plan is followed in time with
what the battery really takes; each period then gets the power that it could take there as its bound, and its energies
stay where the curve allows as much. The course itself keeps these bounds, so there always is a plan, and none breaks
the curve; it is a good plan, not a proven optimum.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimizer.instance import Instance
from optimizer.instance.tapers import Curve
from optimizer.program import Floats, Ints, LinearProgram, with_bounds


@dataclass(frozen=True, slots=True)
class _Course:
    """One session as it would really go, period by period."""

    most_kw: Floats
    """Bound of each period."""
    low_kwh: Floats
    high_kwh: Floats
    """Bounds of the energies at the ends of its periods, one more than there are."""


def needs_steps(instance: Instance) -> bool:
    """Whether the curve of any session is not concave."""
    return any(curve is not None and not curve.is_concave for curve in instance.states.curves)


def with_steps(program: LinearProgram, instance: Instance, values: Floats) -> LinearProgram:
    """The program with the bounds of the course that an answer takes."""
    states = instance.states
    charge, energy = program.columns["charge_power"], program.columns["energy"]
    for k, curve in enumerate(states.curves):
        if curve is not None and not curve.is_concave:
            cells = np.flatnonzero(states.member == k)
            course = _course(program, instance, values, k, cells, curve)
            powers = charge.start + states.cell[cells]
            most = np.minimum(program.col_upper[powers], course.most_kw)
            program = with_bounds(program, powers, lower=program.col_lower[powers], upper=most)
            inside = energy.start + np.arange(states.offset[k] + 1, states.offset[k + 1])
            low = np.maximum(program.col_lower[inside], course.low_kwh[1:])
            high = np.minimum(program.col_upper[inside], course.high_kwh[1:])
            program = with_bounds(program, inside, lower=low, upper=high)
    return program


def _course(program: LinearProgram, instance: Instance, values: Floats, k: int, cells: Ints, curve: Curve) -> _Course:
    """As planned, but for what the battery does not take, and for what is then not there to be given back."""
    states = instance.states
    energy, most, low, high = float(states.start_kwh[k]), [], [0.0], [np.inf]
    for wanted_kw, given_kwh, gain_h, least in _plan(program, instance, values, k, cells):
        if given_kwh > 0.0:
            energy, bound, span = max(min(energy, least), energy - given_kwh), 0.0, (0.0, np.inf)
        else:
            bound = curve.followable(energy, gain_h)
            energy, span = energy + gain_h * min(wanted_kw, bound), curve.where_at_least(bound, energy)
        most.append(bound)
        low[-1], high[-1] = max(low[-1], span[0]), min(high[-1], span[1])
        low.append(span[0])
        high.append(span[1])
    return _Course(np.array(most), np.array(low), np.array(high))


def _plan(
    program: LinearProgram, instance: Instance, values: Floats, k: int, cells: Ints
) -> Iterator[tuple[float, float, float, float]]:
    """Of each period: power wanted, energy taken out, kWh inside for a kW, least energy at its end."""
    states, hours = instance.states, instance.cells.hours[instance.states.cell[cells]]
    wanted = values[program.columns["charge_power"].start + states.cell[cells]]
    given = np.zeros(len(cells))
    if states.max_discharge_kw[k] > 0.0:
        giving = states.giving_at(states.cell[cells])
        given = hours * values[program.columns["discharge_power"].start + giving] / states.discharge_efficiency[k]
    given[given < 1e-6] = 0.0
    least = states.low_kwh[states.offset[k] + 1 : states.offset[k + 1]]
    gain = states.charge_efficiency[k] * hours
    yield from zip(np.maximum(0.0, wanted).tolist(), given.tolist(), gain.tolist(), least.tolist(), strict=True)
