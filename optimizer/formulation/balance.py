"""Equation (7), expected: what the site exchanges with the grid."""

from dataclasses import dataclass

import numpy as np

from optimizer.formulation.energy import Charging
from optimizer.formulation.storage import Storing
from optimizer.instance import Instance
from optimizer.program import Block, Ints, ProgramBuilder, Term


@dataclass(frozen=True, slots=True)
class SiteExchange:
    """Column blocks of the site connection."""

    grid_import: Block
    grid_export: Block
    exporting: Ints
    """Periods with a column in ``grid_export``."""


def site_balance(
    lp: ProgramBuilder, instance: Instance, charging: Charging, curtailed: Block, storing: Storing
) -> SiteExchange:
    """Import and export as columns, tied to charging, batteries, what PV feeds in and the expected base load."""
    cells, count = instance.cells, instance.periods.count
    expected = instance.limits.expected_kw[instance.tree.root]
    efficiency = instance.sessions.efficiency[cells.session]
    most_kw = instance.most_export_kw
    every, exporting = np.arange(count), (most_kw > 0).nonzero()[0]
    site = SiteExchange(
        lp.variable("grid_import", ("period",), (every,), unit="kW at grid"),
        # Never more than building, PV, batteries and cars feed in: dear export and cheap import cannot feed each other.
        lp.variable("grid_export", ("period",), (exporting,), upper=most_kw[exporting], unit="kW at grid"),
        exporting,
    )
    # (7)  grid_import - grid_export - Σ_s h/Δ (charge_power/κ - κ discharge_power) - Σ_v pv_curtailed
    #      - Σ_b (storage_charge - storage_discharge) = expected base load + standby - Σ_v pv_expected
    lp.equal(
        "site_balance",
        ("period",),
        (every,),
        [
            (1.0, site.grid_import),
            (-1.0, site.grid_export.by(exporting)),
            (-cells.share / efficiency, charging.charge_power.by(cells.period)),
            *_fed_in(instance, charging, curtailed, storing),
        ],
        to=expected,
        unit="kW at grid",
        defines=site.grid_import,
    )
    return site


def _fed_in(instance: Instance, charging: Charging, curtailed: Block, storing: Storing) -> list[Term]:
    """By cars, PV and batteries, where there are any."""
    cells, states, terms = instance.cells, instance.states, list[Term]()
    if len(states.giving):
        giver = states.cell[states.giving]
        back = cells.share[giver] * instance.sessions.efficiency[cells.session[giver]]
        terms.append((back, charging.discharge_power.by(cells.period[giver])))
    if curtailed.size:
        terms.append((-1.0, curtailed.by(instance.generation.period)))
    if storing.charge.size:
        stored = storing.charge.positions[1]
        terms += [(-1.0, storing.charge.by(stored)), (1.0, storing.discharge.by(stored))]
    return terms
