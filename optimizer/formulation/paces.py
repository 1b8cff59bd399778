"""Equation (20): guarantees of speed; whoever is behind one is so at a price, and limits come first."""

import numpy as np

from optimizer.formulation.energy import Charging
from optimizer.instance import Instance
from optimizer.program import ProgramBuilder


def guaranteed_paces(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """Energy so far is not below what is due, or the largest lack is paid for."""
    found, cells = instance.paces, instance.cells
    if len(found.session) == 0:
        return
    behind = lp.variable("behind", ("session", "pace"), (found.session, found.kind), unit="kWh at evse")
    first = cells.offset[found.session[found.pace]]
    count = found.last_cell - first + 1
    row = np.repeat(np.arange(len(count)), count)
    cell = np.arange(len(row)) - np.repeat(np.cumsum(count) - count - first, count)
    # (20)  Σ_{t' up to t} h charge_power + behind >= due[t]
    lp.at_least(
        "guaranteed_pace",
        ("session", "pace", "period"),
        (found.session[found.pace], found.kind[found.pace], cells.period[found.last_cell]),
        [
            (cells.hours[cell], charging.charge_power.by(row, cell)),
            (1.0, behind.by(np.arange(len(count)), found.pace)),
        ],
        bound=found.due_kwh,
        unit="kWh at evse",
    )
    lp.minimize([(found.price_per_kwh, behind)])
