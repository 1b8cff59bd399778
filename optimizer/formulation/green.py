"""Equation (22): carbon of drivers who asked for green energy, beyond what the site's own surplus of PV gives them."""

import numpy as np

from optimizer.formulation.energy import Charging
from optimizer.instance import Instance
from optimizer.program import ProgramBuilder


def green_imports(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """What green sessions draw from the grid has a price, however clean the tariff takes it to be."""
    found, cells = instance.green, instance.cells
    if not len(found.cell):
        return
    imported = lp.variable("green_import", ("period",), (found.period,), unit="kW at grid")
    row = np.searchsorted(found.period, cells.period[found.cell])
    # (22)  green_import[t] - Σ_{s green} h/Δ charge_power[s,t] / κ >= -max(0, Σ pv_expected - expected base - standby)
    lp.at_least(
        "green_import_definition",
        ("period",),
        (found.period,),
        [(1.0, imported), (-found.per_kw, charging.charge_power.by(row, found.cell))],
        bound=0.0 - found.surplus_kw,
        unit="kW at grid",
    )
    # (22)  Σ Δ green_price · intensity · green_import
    lp.minimize([(instance.periods.hours[found.period] * found.price_per_kwh, imported)])
