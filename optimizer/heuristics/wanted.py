"""What powers ask of offers: which peaks they make, and for whom more energy would be welcome."""

from dataclasses import replace

import numpy as np

from optimizer.giving.discs import Floats
from optimizer.heuristics.rounding import DONE_KWH, Wanted
from optimizer.instance import Instance
from optimizer.instance.offers import Flags
from optimizer.outcome import Outcome
from optimizer.signal_plans import metered_kw
from optimizer.solution import peak_plans, site_power

_HAIR = 1e-9
_FED_KW = 1e-6
"""Less import or feed-in is none. [kW]"""


def wanted(instance: Instance, outcome: Outcome, least_kw: Floats | float = 0.0) -> Wanted:
    """The powers of an outcome, of which ``least_kw`` (N,) was not chosen but had to be. [kW at evse]"""
    return Wanted(
        power_kw=outcome.charge_power_kw,
        peak_kw=_peak_room(instance, outcome),
        drawn_kw=_drawn_beside(instance, outcome),
        given_back_kw=outcome.discharge_power_kw,
        worth_more=worth_more(instance, outcome, least_kw),
    )


def worth_more(instance: Instance, outcome: Outcome, least_kw: Floats | float = 0.0) -> Flags:
    """Cells in which more energy costs no more than the dearest that their session is planned to take, or to miss (N,).

    Where a site feeds in, more costs what that would have earned; where it imports nothing, less saves no more.
    """
    who, cells, money, power_kw = instance.sessions, instance.cells, instance.money, outcome.charge_power_kw
    site_kw = site_power(instance, outcome)
    more = _per_kwh(instance, np.where(site_kw < -_FED_KW, money.export_price, money.bought))
    less = _per_kwh(instance, np.where(site_kw > _FED_KW, money.bought, money.export_price))
    got = np.bincount(cells.session, weights=cells.hours * power_kw, minlength=who.count)
    missing = who.remaining_kwh - who.after_horizon_kwh - got > DONE_KWH
    dearest = np.where(missing, who.value_per_kwh, -np.inf)
    taking = power_kw > least_kw + _HAIR
    np.maximum.at(dearest, cells.session[taking], less[taking])
    worth: Flags = more <= dearest[cells.session] + _HAIR
    return worth


def _per_kwh(instance: Instance, at_grid: Floats) -> Floats:
    """What a kWh at evse costs in each cell (N,), of prices at grid (T,). [currency/kWh]"""
    cells = instance.cells
    return np.asarray(at_grid[cells.period] / instance.sessions.efficiency[cells.session])


def _peak_room(instance: Instance, outcome: Outcome) -> Floats:
    """Charging at grid (T,) up to the highest demand that an outcome makes in each window with a price. [kW]"""
    cells, span, demand = instance.cells, instance.periods, instance.money.demand
    share = cells.share
    drawn = share * outcome.charge_power_kw / instance.sessions.efficiency[cells.session]
    charging = np.bincount(cells.period, weights=drawn, minlength=span.count)
    site_kw = site_power(instance, outcome)
    peaks = peak_plans(instance, np.maximum(0.0, site_kw))
    room = np.full(span.count, np.inf)
    for k, window in enumerate(demand.windows):
        if window.cost_per_kw > 0.0:
            periods = demand.period[demand.window[demand.row] == k]
            room[periods] = np.minimum(room[periods], peaks[k].peak_kw - (site_kw - charging)[periods])
    least: Floats = np.maximum(room, charging) * (1.0 + _HAIR)
    return least


def _drawn_beside(instance: Instance, outcome: Outcome) -> Floats:
    """What is planned beside charging, at each node, in each capped group and at each meter (M + G + E, T). [kW]"""
    return np.concatenate(
        [_drawn_below(instance, outcome), _drawn_in_groups(instance, outcome), _drawn_at_meters(instance, outcome)]
    )


def _drawn_at_meters(instance: Instance, outcome: Outcome) -> Floats:
    """Beyond batteries at rest and all PV held back, less what cars give back (E, T). [kW]"""
    at_rest = replace(outcome, charge_power_kw=np.zeros_like(outcome.charge_power_kw))
    return np.asarray(metered_kw(instance, at_rest) - instance.response.meters.rest_kw)


def _drawn_in_groups(instance: Instance, outcome: Outcome) -> Floats:
    """Batteries, less what PV gives at least (G, T): a group is credited with the site's own plants. [kW]"""
    supply, groups = instance.generation, instance.groups
    left = supply.least_kw.copy()
    part = outcome.curtailed_kw / np.maximum(supply.curtailable_kw, _HAIR)
    left[supply.plant, supply.period] *= 1.0 - part
    beside: Floats = (outcome.storage_charge_kw - outcome.storage_discharge_kw).sum(axis=0) - left.sum(axis=0)
    return np.tile(beside, (len(groups.ids), 1))


def _drawn_below(instance: Instance, outcome: Outcome) -> Floats:
    """What batteries take of each node's room (M, T); where a node is firm, less what is given back. [kW]"""
    units, cells, who = instance.storage, instance.cells, instance.sessions
    charge_kw, discharge_kw = outcome.storage_charge_kw, outcome.storage_discharge_kw
    drawn = np.zeros_like(instance.limits.limit_kw)
    for b, nodes in enumerate(units.above):
        for node in nodes:
            drawn[node] += charge_kw[b] - (discharge_kw[b] if units.firm[node] else 0.0)
    for cell in np.flatnonzero(outcome.discharge_power_kw > 0.0).tolist():
        s, t = int(cells.session[cell]), int(cells.period[cell])
        for node in instance.limits.evse_nodes[who.evse_ids[s]]:
            if units.firm[node]:
                drawn[node, t] -= who.efficiency[s] * outcome.discharge_power_kw[cell]
    return drawn
