"""Equation (11), expected: power above the limit of a contract has a price."""

from dataclasses import dataclass

import numpy as np

from optimizer.formulation.balance import SiteExchange
from optimizer.formulation.energy import Charging
from optimizer.formulation.storage import Storing
from optimizer.instance import Instance
from optimizer.program import Block, Ints, ProgramBuilder, Term


@dataclass(frozen=True, slots=True)
class Power:
    """Column blocks that make the expected power of a node."""

    charging: Charging
    curtailed: Block
    storing: Storing
    site: SiteExchange


def contract_limits(lp: ProgramBuilder, instance: Instance, power: Power) -> None:
    """(11): rows where a contract has a limit, columns for what is above it and for its largest of a billing period."""
    sides, count = instance.contracts, instance.periods.count
    if not sides.count:
        return
    side, period = np.nonzero(np.isfinite(sides.limit_kw))
    place = np.full((sides.count, count), -1, dtype=np.int64)
    place[side, period] = np.arange(len(side))
    dims, positions = ("contract", "period"), (side, period)
    excess = lp.variable("limit_excess", dims, positions, unit="kW at grid")
    given = np.where(sides.node == instance.tree.root, 0.0, sides.sign)[side]
    expected = instance.limits.expected_kw[sides.node[side], period]
    # (11)  ±(node power) - limit_excess[c,t] <= limit[c,t]
    lp.at_most(
        "contract_limit",
        dims,
        positions,
        [*_node_power(instance, power, place), (-1.0, excess)],
        bound=sides.limit_kw[side, period] - given * expected,
        unit="kW at grid",
    )
    # (11)  Σ price_per_kwh Δ limit_excess[c,t]
    lp.minimize([(sides.per_kwh[side] * instance.periods.hours[period], excess)])
    _largest_excess(lp, instance, excess, place)


def _largest_excess(lp: ProgramBuilder, instance: Instance, excess: Block, place: Ints) -> None:
    sides = instance.contracts
    if not sides.billed:
        return
    floor, cost = (np.array([getattr(k, name) for k in sides.billed]) for name in ("floor_kw", "cost_per_kw"))
    spans = np.arange(len(sides.billed))
    peak = lp.variable("peak_excess", ("contract_period",), (spans,), lower=floor, unit="kW at grid")
    periods = [sides.periods_of(k, instance.periods) for k in range(len(spans))]
    billed = np.repeat(spans, [len(found) for found in periods])
    period = np.concatenate(periods)
    rows = np.arange(len(billed))
    # (11)  peak_excess[k] - limit_excess[c,t] >= 0
    lp.at_least(
        "peak_excess_definition",
        ("contract_period", "period"),
        (billed, period),
        [(1.0, peak.by(rows, billed)), (-1.0, excess.by(rows, place[sides.billed_side[billed], period]))],
        bound=0.0,
        unit="kW at grid",
    )
    # (11)  Σ price_per_kw w (peak_excess[k] - floor[k])
    lp.minimize([(cost, peak)], offset=-float(cost @ floor))


def _node_power(instance: Instance, power: Power, place: Ints) -> list[Term]:
    """What each side counts of its node's power: at the site connection what it exchanges, else what is below."""
    sides = instance.contracts
    terms: list[Term] = []
    for c in range(sides.count):
        here, sign = place[c], float(sides.sign[c])
        if sides.node[c] == instance.tree.root:
            terms += _exchange(power.site, here, sign)
        else:
            terms += _below(instance, power, int(sides.node[c]), here, sign)
    return terms


def _exchange(site: SiteExchange, row: Ints, sign: float) -> list[Term]:
    """grid_import - grid_export; ``row`` (T,) is -1 where there is no row."""
    bought, sold = np.flatnonzero(row >= 0), np.flatnonzero(row[site.exporting] >= 0)
    return [
        (sign, site.grid_import.by(row[bought], bought)),
        (-sign, site.grid_export.by(row[site.exporting[sold]], sold)),
    ]


def _below(instance: Instance, power: Power, node: int, row: Ints, sign: float) -> list[Term]:
    """Σ_{below n} (h/Δ (charge_power/κ - κ discharge_power) + pv_curtailed + storage_charge - storage_discharge)"""
    cells, count, supply = instance.cells, instance.periods.count, instance.generation
    cell, giver = _cells_below(instance, node, row)
    share, efficiency = cells.share, instance.sessions.efficiency[cells.session]
    roof = np.flatnonzero([node in supply.above[plant] for plant in supply.plant])
    roof = roof[row[supply.period[roof]] >= 0] if len(roof) else roof
    batteries = [b for b, above in enumerate(instance.storage.above) if node in above]
    unit = np.concatenate([b * count + np.flatnonzero(row >= 0) for b in batteries] or [np.zeros(0, dtype=np.int64)])
    at = row[unit % count]
    return [
        (sign * share[cell] / efficiency[cell], power.charging.charge_power.by(row[cells.period[cell]], cell)),
        (-sign * share[giver] * efficiency[giver],
         power.charging.discharge_power.by(row[cells.period[giver]], instance.states.giving_at(giver))),
        (sign, power.curtailed.by(row[supply.period[roof]], roof)),
        (sign, power.storing.charge.by(at, unit)),
        (-sign, power.storing.discharge.by(at, unit)),
    ]  # fmt: skip


def _cells_below(instance: Instance, node: int, row: Ints) -> tuple[Ints, Ints]:
    """Cells of sessions below a node in which there is a row, and those of them in which a car may give back."""
    cells, states, nodes = instance.cells, instance.states, instance.limits.evse_nodes
    below = np.array([node in nodes[evse] for evse in instance.sessions.evse_ids], dtype=bool)
    counted = below[cells.session] & (row[cells.period] >= 0)
    giver = states.cell[states.giving]
    return np.flatnonzero(counted), giver[counted[giver]]
