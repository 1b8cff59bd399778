"""Equation (13) for groups of EVSEs: every car in full, less what PV gives at least and batteries give."""

import numpy as np

from optimizer.formulation.energy import Charging
from optimizer.formulation.storage import Storing
from optimizer.instance import Groups, Instance
from optimizer.program import Block, Ints, ProgramBuilder


def group_limits(
    lp: ProgramBuilder, instance: Instance, charging: Charging, curtailed: Block, storing: Storing
) -> None:
    """A row where a cap on a group holds and one of its cars, or a battery, could draw power."""
    groups, cells, supply, count = instance.groups, instance.cells, instance.generation, instance.periods.count
    if not groups.ids:
        return
    in_reach = ~instance.following.out_of_reach(np.arange(cells.count))
    member = groups.members(instance.sessions.evse_ids)[:, cells.session] & in_reach
    row_of = _numbered(groups, instance, member)
    group, period = np.nonzero(row_of >= 0)
    rows = np.arange(len(group))
    drawing, cell = np.nonzero(member & (row_of[:, cells.period] >= 0))
    holding, held = np.nonzero(row_of[:, supply.period] >= 0)
    battery = np.repeat(np.arange(instance.storage.count), len(rows))
    stored = battery * count + np.tile(period, instance.storage.count)
    stored_row = np.tile(rows, instance.storage.count)
    kappa, least = instance.sessions.efficiency[cells.session[cell]], supply.least_kw
    still_there = (least[supply.plant, supply.period] / supply.curtailable_kw)[held]
    # (13)  Σ_{s in group} charge_power/κ + Σ_b (storage_charge - storage_discharge)
    #       + Σ_v pv_least/pv_expected pv_curtailed <= import_limit[e] + Σ_v pv_least
    lp.at_most(
        "group_import_limit",
        ("signal", "period"),
        (groups.signal[group], period),
        [
            *charging.counted.terms(1.0 / kappa, row_of[drawing, cells.period[cell]], cell),
            (1.0, storing.charge.by(stored_row, stored)),
            (-1.0, storing.discharge.by(stored_row, stored)),
            (still_there, curtailed.by(row_of[holding, supply.period[held]], held)),
        ],
        bound=groups.room_kw[group, period] + least.sum(axis=0)[period],
        unit="kW at grid",
    )


def _numbered(groups: Groups, instance: Instance, member: np.ndarray) -> Ints:
    """Number of the row of each group and period (G, T); -1 where there is none."""
    cells = instance.cells
    there = np.zeros(groups.limit_kw.shape, dtype=bool)
    group, cell = np.nonzero(member)
    there[group, cells.period[cell]] = True
    used = np.isfinite(groups.limit_kw) & (there | (instance.storage.count > 0))
    return np.where(used, np.cumsum(used).reshape(used.shape) - 1, -1)
