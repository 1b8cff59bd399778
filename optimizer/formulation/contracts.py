"""Equations (9), (10), (17), (18): energy, demand charges, unmet energy, revenue. All in currency."""

import numpy as np

from optimizer.formulation.balance import SiteExchange
from optimizer.formulation.energy import Charging
from optimizer.instance import Instance
from optimizer.program import Block, Floats, ProgramBuilder


def energy_costs(lp: ProgramBuilder, instance: Instance, site: SiteExchange) -> None:
    """(9)"""
    hours, prices, out = instance.periods.hours, instance.money, site.exporting
    # (9)  Σ_t Δ (import_price + carbon_price·intensity + coincident) grid_import - Δ export_price grid_export
    lp.minimize(
        [
            (hours * prices.bought, site.grid_import),
            (-hours[out] * prices.export_price[out], site.grid_export),
        ]
    )


def demand_charges(lp: ProgramBuilder, instance: Instance, site: SiteExchange) -> None:
    """(10)"""
    demand = instance.money.demand
    if not demand.windows:
        return
    floor = np.array([window.floor_kw for window in demand.windows])
    cost = np.array([window.cost_per_kw for window in demand.windows])
    peak = lp.variable("peak_import", ("demand_window",), (np.arange(len(floor)),), lower=floor, unit="kW at grid")
    intervals = np.arange(len(demand.window))
    # (10)  peak_import[k] - Σ_t share grid_import[t] >= metered[q] / length[q]
    lp.at_least(
        "peak_import_definition",
        ("demand_window", "metering_interval"),
        (demand.window, intervals),
        [
            (1.0, peak.by(intervals, demand.window)),
            (-demand.share, site.grid_import.by(demand.row, demand.period)),
        ],
        bound=demand.metered_kw,
        unit="kW at grid",
    )
    lp.minimize([(cost, peak)], offset=-float(cost @ floor))
    _rising_tiers(lp, instance, peak, floor)


def _rising_tiers(lp: ProgramBuilder, instance: Instance, peak: Block, floor: Floats) -> None:
    """The part of a peak above a tier costs more by the difference of the two rates."""
    tiers = instance.money.demand.tiers
    if not tiers:
        return
    window, above, more = np.array(tiers, dtype=float).T
    of_window, rows = window.astype(np.int64), np.arange(len(tiers))
    least = np.maximum(0.0, floor[of_window] - above)
    part = lp.variable("peak_above_tier", ("demand_tier",), (rows,), lower=least, unit="kW at grid")
    # (10)  peak_above_tier[j] - peak_import[k] >= -above[j]
    lp.at_least(
        "peak_above_tier_definition",
        ("demand_tier",),
        (rows,),
        [(1.0, part), (-1.0, peak.by(rows, of_window))],
        bound=-above,
        unit="kW at grid",
    )
    lp.minimize([(more, part)], offset=-float(more @ least))


def unmet_energy(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """(17)"""
    # (17)  Σ_s value_of_target[tier] target_shortfall[s]
    lp.minimize([(instance.sessions.value_per_kwh, charging.target_shortfall)])


def revenue(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """(18)"""
    cells, states = instance.cells, instance.states
    back = states.earned_back_per_kwh[states.member] * cells.hours[states.cell]
    # (18)  -Σ h retail_price (charge_power - discharge_power / (η_c η_d))
    lp.minimize(
        [
            (-cells.hours * instance.sessions.retail_per_kwh[cells.session], charging.charge_power),
            (back[states.giving], charging.discharge_power),
        ]
    )
