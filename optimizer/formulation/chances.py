"""Equation (19): energy that is taken only by chance, because its driver told no departure or no need."""

import numpy as np

from optimizer.formulation.energy import Charging
from optimizer.instance import Instance
from optimizer.program import Block, ProgramBuilder
from optimizer.settings import Objective, Settings


def unknown_drivers(lp: ProgramBuilder, instance: Instance, charging: Charging, settings: Settings) -> None:
    """(19), beside (9) and (17); limits and peaks count every planned kW in full."""
    found, cells = instance.chances, instance.cells
    if len(found.cell) == 0:
        return
    parts = _parts(lp, instance, charging) if len(found.part) else None
    value = _value(instance, settings)[cells.session[found.cell]]
    saved = found.refund_per_kwh[cells.period[found.cell]] / instance.sessions.efficiency[cells.session[found.cell]]
    hours, there = cells.hours[found.cell], found.still_there
    # (19)  Σ h (value (1 - S P) - (1 - S) import_price / κ) charge_power, part by part where the need is unknown
    whole = found.whole
    cost = hours * (value * (1.0 - there) - (1.0 - there) * saved)
    lp.minimize([(cost[whole], charging.charge_power.by(whole, found.cell[whole]))])
    if parts is not None:
        at = found.part_cell
        taken = there[at] * found.parts.chance[found.part]
        # ... - value Σ_j (1 - P) width: what nobody wants is missed by nobody
        unwanted = float(instance.sessions.value_per_kwh @ found.unwanted_kwh)
        lp.minimize(
            [(hours[at] * (value[at] * (1.0 - taken) - (1.0 - there[at]) * saved[at]), parts)], offset=-unwanted
        )


def _parts(lp: ProgramBuilder, instance: Instance, charging: Charging) -> Block:
    """Power in parts of what a driver may want."""
    found, cells = instance.chances, instance.cells
    session, number = found.parts.session, found.parts.number
    at = found.cell[found.part_cell]
    parts = lp.variable(
        "part_power",
        ("session", "part", "period"),
        (cells.session[at], number[found.part], cells.period[at]),
        unit="kW at evse",
    )
    split, row = np.unique(at, return_inverse=True)
    # charge_power[s,t] - Σ_j part_power[s,j,t] = 0
    lp.equal(
        "power_in_parts",
        ("session", "period"),
        (cells.session[split], cells.period[split]),
        [(1.0, charging.charge_power.by(np.arange(len(split)), split)), (-1.0, parts.by(row))],
        to=0.0,
        unit="kW at evse",
    )
    # Σ_t h part_power[s,j,t] <= width[s,j]
    lp.at_most(
        "part_energy",
        ("session", "part"),
        (session, number),
        [(cells.hours[at], parts.by(found.part))],
        bound=found.parts.width_kwh,
        unit="kWh at evse",
    )
    return parts


def _value(instance: Instance, settings: Settings) -> np.ndarray:
    """What a kWh that is taken is worth: of its tier, and what the driver pays where that counts (18) (S,)."""
    who = instance.sessions
    return who.value_per_kwh + (who.retail_per_kwh if settings.objective is Objective.MARGIN else 0.0)
