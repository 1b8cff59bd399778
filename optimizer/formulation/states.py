"""Equations (2), (3) and (16), taper of (4): the energy in batteries of vehicles, where a plan follows it."""

import numpy as np

from optimizer.formulation.energy import Charging
from optimizer.instance import Instance
from optimizer.program import Floats, Ints, ProgramBuilder


def energy_balance(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """What is inside is what was inside, what came in and what went out."""
    states, cells = instance.states, instance.cells
    hours, giving = cells.hours[states.cell], states.giving
    rows, before = np.arange(len(states.cell)), states.before
    into, out = states.charge_efficiency[states.member], states.discharge_efficiency[states.member]
    # (2)  energy[s,i+1] - energy[s,i] - η_c h charge_power[s,t] + h/η_d discharge_power[s,t] = 0
    lp.equal(
        "energy_balance",
        ("session", "period"),
        (cells.session[states.cell], cells.period[states.cell]),
        [
            (1.0, charging.energy.by(rows, before + 1)),
            (-1.0, charging.energy.by(rows, before)),
            (-into * hours, charging.charge_power.by(rows, states.cell)),
            ((hours / out)[giving], charging.discharge_power.by(giving)),
        ],
        to=0.0,
        unit="kWh at battery",
        defines=charging.energy.by(rows, before + 1),
    )


def departure_energy(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """What is inside at departure, and what is missing, is at least what was wanted; it may end above."""
    states, entries = instance.states, np.arange(instance.states.count)
    short = _of(charging.promised, states.session)
    later = _of(charging.later, states.session)
    # (3)  energy[s,departure]/η_c + target_shortfall + minimum_shortfall + energy_after_horizon >= energy_target/η_c
    lp.at_least(
        "departure_energy",
        ("session",),
        (states.session,),
        [
            (1.0 / states.charge_efficiency, charging.energy.by(entries, states.end)),
            (1.0, charging.target_shortfall.by(entries, states.session)),
            (1.0, charging.minimum_shortfall.by(*short)),
            (1.0, charging.energy_after_horizon.by(*later)),
        ],
        bound=states.target_kwh / states.charge_efficiency,
        unit="kWh at evse",
    )


def taper_limits(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """The concave envelope of every charging curve: exact where the curve is concave.

    A setpoint must be followable for the whole period. Energy lies between its ends, so a falling line counts with the
    energy at the end of the period, a rising one with that at its start.
    """
    states, cells = instance.states, instance.cells
    member, line, intercept, slope = _lines(instance)
    cell_of, row = _cells(states.offset, member)
    period, at = cells.period[states.cell[cell_of]], states.before[cell_of] + (slope[row] < 0.0)
    # (4)  charge_power[s,t] - slope energy[s,i] <= intercept, i at the start or the end of t
    lp.at_most(
        "taper",
        ("session", "piece", "period"),
        (cells.session[states.cell[cell_of]], line[row], period),
        [
            (1.0, charging.charge_power.by(np.arange(len(row)), states.cell[cell_of])),
            (-slope[row], charging.energy.by(np.arange(len(row)), at)),
        ],
        bound=intercept[row],
        unit="kW at evse",
    )


def state_costs(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """(16), what drivers are paid for what they give back, and the worth of what stays inside."""
    states, giving = instance.states, instance.states.giving
    hours, member = instance.cells.hours[states.cell[giving]], states.member[giving]
    left = np.zeros(len(states.instant))
    left[states.end] = states.terminal_per_kwh
    # (16)  Σ wear_price h/η_d discharge_power + Σ discharge_price h discharge_power
    #       - Σ terminal_value (energy[s,T] - energy at arrival)
    price = (states.wear_per_kwh + states.paid_per_kwh)[member]
    offset = float(states.terminal_per_kwh @ states.start_kwh)
    lp.minimize([(hours * price, charging.discharge_power), (-left, charging.energy)], offset=offset)


def _of(members: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Which of ``wanted`` are among ``members``, and where there; both ascending."""
    rows = np.flatnonzero(np.isin(wanted, members))
    return rows, np.searchsorted(members, wanted[rows])


def _lines(instance: Instance) -> tuple[Ints, Ints, Floats, Floats]:
    """Of every line of a curve that can bind: the entry, its number, intercept and slope."""
    most_kw = instance.sessions.max_power_kw[instance.states.session]
    found = [
        (k, number, intercept, slope)
        for k, curve in enumerate(instance.states.curves)
        if curve is not None
        for number, (intercept, slope) in enumerate(curve.lines())
        if slope != 0.0 or intercept < most_kw[k]
    ]
    member, number, intercept, slope = np.array(found, dtype=float).reshape(len(found), 4).T
    return member.astype(np.int64), number.astype(np.int64), intercept, slope


def _cells(offset: Ints, member: Ints) -> tuple[Ints, Ints]:
    """All cells of each of some entries, as positions among the followed ones, and which of them it is."""
    first, count = (offset[:-1] - np.arange(len(offset) - 1))[member], (np.diff(offset) - 1)[member]
    which = np.repeat(np.arange(len(member)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    return first[which] + within, which
