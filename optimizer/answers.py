"""A solver's answer as what a plan is made of."""

import numpy as np

from optimizer.goals import Solved
from optimizer.instance import Instance
from optimizer.outcome import Outcome
from optimizer.program import Floats
from optimizer.solution import energies, group_duals, inside_kwh, lacking_kwh, node_duals


def outcome_of(instance: Instance, solved: Solved) -> Outcome:
    """Setpoints, what is missed, and what limits are worth; crumbs outside of bounds are cut off."""
    columns, values, who = solved.program.columns, solved.answer.values, instance.sessions
    power = _between(values[columns["charge_power"].slice], instance.following.most_kw)
    discharge_kw = _given_back(instance, values[columns["discharge_power"].slice])
    minimum, after = np.zeros(who.count), np.zeros(who.count)
    for block, target in ((columns["minimum_shortfall"], minimum), (columns["energy_after_horizon"], after)):
        if block.size:
            target[block.positions[0]] = np.maximum(0.0, values[block.slice])
    lacking = lacking_kwh(instance, energies(instance, power), inside_kwh(instance, power, discharge_kw))
    # (3) is no equation: a plan that ends above what is wanted leaves nothing for later, and misses nothing.
    after = np.minimum(after, lacking)
    charge, discharge = _batteries(instance, solved)
    return Outcome(
        charge_power_kw=power,
        discharge_power_kw=discharge_kw,
        storage_charge_kw=charge,
        storage_discharge_kw=discharge,
        curtailed_kw=_held_back(instance, values[columns["pv_curtailed"].slice]),
        minimum_shortfall_kwh=np.minimum(minimum, lacking - after),
        after_horizon_kwh=after,
        worth_per_kw=node_duals(solved.money_program, solved.money.row_duals, instance),
        group_worth_per_kw=group_duals(solved.money_program, solved.money.row_duals, instance),
    )


def _given_back(instance: Instance, discharge_kw: Floats) -> Floats:
    """What cars give back, for every cell (N,). [kW]"""
    states, given = instance.states, np.zeros(instance.cells.count)
    giving = states.giving
    if len(giving):
        given[states.cell[giving]] = _between(discharge_kw, states.max_discharge_kw[states.member[giving]])
    return given


def _held_back(instance: Instance, curtailed_kw: Floats) -> Floats:
    """What PV is held back by (C,). [kW at grid]"""
    return _between(curtailed_kw, instance.generation.curtailable_kw) if len(curtailed_kw) else curtailed_kw


def _batteries(instance: Instance, solved: Solved) -> tuple[Floats, Floats]:
    """What batteries take and give (B, T). [kW at grid]"""
    units, columns, values = instance.storage, solved.program.columns, solved.answer.values
    shape = units.count, instance.periods.count
    if not units.count:
        return (np.zeros(shape),) * 2
    charge, discharge = (values[columns[f"storage_{way}"].slice].reshape(shape) for way in ("charge", "discharge"))
    return _between(charge, units.max_charge_kw[:, None]), _between(discharge, units.max_discharge_kw[:, None])


def _between(values: Floats, most: Floats) -> Floats:
    """At least 0 and at most ``most``; np.clip takes three times as long for a small plan."""
    return np.minimum(np.maximum(values, 0.0), most)
