"""What a plan does for each signal, counted from its setpoints, whatever made them."""

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import GroupPlan
from optimizer.instance import Instance
from optimizer.outcome import Outcome

Floats = NDArray[np.float64]


def group_plans(instance: Instance, outcome: Outcome) -> tuple[GroupPlan, ...]:
    """Caps on groups of EVSEs, equation (13)."""
    groups = instance.groups
    if not groups.ids:
        return ()
    drawn = _group_kw(instance, outcome)
    worth = np.zeros_like(drawn) if outcome.group_worth_per_kw is None else outcome.group_worth_per_kw
    return tuple(
        GroupPlan(cap_id=cap, drawn_kw=drawn[g], limit_kw=groups.limit_kw[g], worth_per_kw=worth[g])
        for g, cap in enumerate(groups.ids)
    )


def _group_kw(instance: Instance, outcome: Outcome) -> Floats:
    """What cars of each group may draw in full, less PV at its least and what batteries give (G, T). [kW at grid]"""
    cells, supply = instance.cells, instance.generation
    drawn = outcome.limit_kw / instance.sessions.efficiency[cells.session]
    least = supply.least_kw.copy()
    still_there = 1.0 - outcome.curtailed_kw / supply.curtailable_kw
    least[supply.plant, supply.period] *= still_there
    shared = (outcome.storage_charge_kw - outcome.storage_discharge_kw).sum(axis=0) - least.sum(axis=0)
    inside = instance.groups.members(instance.sessions.evse_ids)[:, cells.session]
    cars = [np.bincount(cells.period, weights=drawn * mine, minlength=len(shared)) for mine in inside]
    return np.asarray(np.array(cars) + shared)
