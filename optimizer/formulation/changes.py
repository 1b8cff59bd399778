"""Equation (20): moving energy away from where the plan before had it, at the price that the owner declares."""

import numpy as np

from optimizer.formulation.energy import Charging
from optimizer.instance import Instance
from optimizer.program import ProgramBuilder


def plan_changes(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """Priced by half the kWh by which setpoints differ, for a kWh that is moved differs in two places."""
    price, before, cells = instance.money.change_price, instance.before, instance.cells
    if before is None or price == 0.0:
        return
    known = np.flatnonzero(before.known)
    where = (cells.session[known], cells.period[known])
    raised = lp.variable("power_raised", ("session", "period"), where, unit="kW at evse")
    lowered = lp.variable("power_lowered", ("session", "period"), where, unit="kW at evse")
    here = np.arange(len(known))
    # (20)  charge_power[s,t] - power_raised[s,t] + power_lowered[s,t] = before[s,t]
    lp.equal(
        "power_change",
        ("session", "period"),
        where,
        [(1.0, charging.charge_power.by(here, known)), (-1.0, raised), (1.0, lowered)],
        to=before.power_kw[known],
        unit="kW at evse",
    )
    # (20)  change_price / 2 · Σ h (power_raised + power_lowered)
    half = price / 2 * cells.hours[known]
    lp.minimize([(half, raised), (half, lowered)])
