"""Setpoints to a Schedule: energies, loads, peaks and costs counted from the setpoints, whatever made them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.domain.before import MissedBefore
from models.domain.electrical import conversion_efficiency
from models.domain.findings import Assumption
from models.domain.schedule import (
    ContractPlan,
    DualBlock,
    FailSafePlan,
    Method,
    NodePlan,
    PeakPlan,
    PvPlan,
    Schedule,
    SessionPlan,
    Statistics,
    StoragePlan,
)
from models.domain.units import seconds_from_minutes
from optimizer.alarms import alarms, guarantee_alarms
from optimizer.instance import Instance
from optimizer.instance.chances import wanted_kwh
from optimizer.outcome import Outcome
from optimizer.program import LinearProgram
from optimizer.signal_plans import dispatch_plans, event_plans, group_plans, metered_kw, response_costs

Floats = NDArray[np.float64]

NOTHING_KWH = 1e-3
"""Less than this is not missed. [kWh]"""


def schedule_of(
    instance: Instance,
    outcome: Outcome,
    *,
    method: Method,
    objective_counts_revenue: bool = False,
    assumptions: tuple[Assumption, ...] = (),
    duals: Mapping[str, DualBlock] | None = None,
    statistics: Statistics = Statistics(),
) -> Schedule:
    """The schedule that these setpoints make."""
    tariff = instance.scenario.tariff
    assert tariff is not None
    energy = energies(instance, outcome.charge_power_kw)
    at_grid_kw = _at_grid_kw(instance, outcome)
    site_kw = _site_kw(instance, outcome, at_grid_kw)
    import_kw, export_kw = np.maximum(0.0, site_kw), np.maximum(0.0, -site_kw)
    peaks = peak_plans(instance, import_kw)
    target_shortfall = _target_shortfall(instance, outcome, energy)
    expected_kw, guaranteed_kw = node_loads(instance, outcome, at_grid_kw)
    excesses = contract_plans(instance, expected_kw)
    taken = _expected_of(instance, outcome.charge_power_kw, energy)
    costs = _costs(instance, import_kw, export_kw, peaks, taken, target_shortfall) | _storage_costs(instance, outcome)
    costs |= _chance_costs(instance, outcome.charge_power_kw) | _pace_costs(instance, outcome.charge_power_kw)
    costs["plan_change"] = _cost_of_changes(instance, outcome)
    costs |= _green_costs(instance, outcome.charge_power_kw)
    costs |= _giving_costs(instance, outcome, costs["revenue"])
    costs["contract_excess"] = excess_cost(instance, excesses)
    load_kw = metered_kw(instance, outcome)
    costs |= response_costs(instance, load_kw)
    left_out = () if objective_counts_revenue else ("revenue",)
    return Schedule(
        site_id=instance.scenario.site.id,
        method=method,
        currency=tariff.currency,
        instants_s=instance.periods.instants_s,
        sessions=_session_plans(instance, outcome, at_grid_kw, energy, taken, target_shortfall),
        nodes=_node_plans(instance, outcome, expected_kw, guaranteed_kw),
        grid_import_kw=import_kw,
        grid_export_kw=export_kw,
        pv=_pv_plans(instance, outcome),
        storage=_storage_plans(instance, outcome),
        groups=group_plans(instance, outcome),
        events=event_plans(instance, load_kw),
        dispatch=dispatch_plans(instance, load_kw),
        peaks=peaks,
        contracts=excesses,
        costs=costs,
        ledger=_ledger(instance, outcome.minimum_shortfall_kwh, target_shortfall),
        objective=sum(amount for name, amount in costs.items() if name not in left_out),
        alarms=(*alarms(instance), *guarantee_alarms(instance, outcome.charge_power_kw)),
        assumptions=assumptions,
        fail_safe=_fail_safe_plan(instance),
        duals={} if duals is None else duals,
        statistics=statistics,
    )


def _fail_safe_plan(instance: Instance) -> FailSafePlan | None:
    """Stations follow the plan until the blind time is over, or the plan is."""
    rules, unseen = instance.scenario.site.fail_safe, instance.arrivals
    if rules is None or unseen is None:
        return None
    until_s = instance.periods.start_s + seconds_from_minutes(rules.blind_minutes)
    per_kw = np.array([1.0 / conversion_efficiency(evse) for evse in instance.scenario.site.evses])
    return FailSafePlan(
        shares=instance.scenario.shares,
        plan_until_s=min(until_s, instance.periods.end_s),
        arrivals=unseen.most,
        reserve_kw=unseen.largest(per_kw),
    )


def energies(instance: Instance, charge_power_kw: Floats) -> Floats:
    """What each session gets (S,). [kWh at evse]"""
    cells = instance.cells
    energy: Floats = np.bincount(
        cells.session, weights=cells.hours * charge_power_kw, minlength=instance.sessions.count
    ).astype(float)
    return energy


def expected_kwh(instance: Instance, charge_power_kw: Floats) -> Floats:
    """The same, as far as its driver is expected to be there and to want it (S,). [kWh at evse]"""
    return _expected_of(instance, charge_power_kw, energies(instance, charge_power_kw))


def _expected_of(instance: Instance, charge_power_kw: Floats, energy: Floats) -> Floats:
    found = instance.chances
    if len(found.cell) == 0:
        return energy
    session = instance.cells.session[found.cell]
    planned, taken = _by_chance(instance, charge_power_kw)
    return energy - np.bincount(session, weights=planned - taken, minlength=len(energy))


def _by_chance(instance: Instance, charge_power_kw: Floats) -> tuple[Floats, Floats]:
    """Of the cells of (19), what is planned and what of it is expected to be taken (C,). [kWh at evse]"""
    found, cells = instance.chances, instance.cells
    energy = cells.hours * charge_power_kw
    return energy[found.cell], found.still_there * wanted_kwh(found, cells, energy)


def _chance_costs(instance: Instance, charge_power_kw: Floats) -> dict[str, float]:
    """(19): worth of what is not taken, less what it does not cost."""
    found, cells, who = instance.chances, instance.cells, instance.sessions
    if len(found.cell) == 0:
        return {}
    session, period = cells.session[found.cell], cells.period[found.cell]
    planned, taken = _by_chance(instance, charge_power_kw)
    missed = who.value_per_kwh[session] @ (planned - taken) - who.value_per_kwh @ found.unwanted_kwh
    saved = (found.refund_per_kwh[period] / who.efficiency[session]) @ ((1.0 - found.still_there) * planned)
    return {"not_taken": float(missed - saved)}


def _pace_costs(instance: Instance, charge_power_kw: Floats) -> dict[str, float]:
    """(20); nothing where nothing is guaranteed."""
    found = instance.paces
    if len(found.session) == 0:
        return {}
    behind = found.behind_kwh(instance.cells.hours * charge_power_kw, instance.cells)
    return {"behind": float(found.price_per_kwh @ behind)}


def _green_costs(instance: Instance, charge_power_kw: Floats) -> dict[str, float]:
    """(22); nothing where nobody asked for green energy, or carbon of theirs has no price."""
    found = instance.green
    if not len(found.cell):
        return {}
    imported_kwh = instance.periods.hours[found.period] * found.import_kw(charge_power_kw, instance.cells)
    return {"green_wish": float(found.price_per_kwh @ imported_kwh)}


def site_power(instance: Instance, outcome: Outcome) -> Floats:
    """Expected power of the site connection, equation (7) (T,). [kW at grid]"""
    return _site_kw(instance, outcome, _at_grid_kw(instance, outcome))


def _at_grid_kw(instance: Instance, outcome: Outcome) -> Floats:
    """What each setpoint draws while the session is plugged in, less what it gives back (N,). [kW at grid]"""
    efficiency = instance.sessions.efficiency[instance.cells.session]
    drawn: Floats = outcome.charge_power_kw / efficiency
    if len(instance.states.giving):
        drawn = drawn - outcome.discharge_power_kw * efficiency
    return drawn


def _site_kw(instance: Instance, outcome: Outcome, at_grid_kw: Floats) -> Floats:
    """(7): expected base load, cars, what PV is held back by, batteries (T,). [kW at grid]"""
    cells, count = instance.cells, instance.periods.count
    charging = np.bincount(cells.period, weights=cells.share * at_grid_kw, minlength=count)
    total: Floats = instance.limits.expected_kw[instance.tree.root] + charging
    if len(outcome.curtailed_kw):
        total = total + np.bincount(instance.generation.period, weights=outcome.curtailed_kw, minlength=count)
    if instance.storage.count:
        total = total + (outcome.storage_charge_kw - outcome.storage_discharge_kw).sum(axis=0)
    return total


def peak_plans(instance: Instance, grid_import_kw: Floats) -> tuple[PeakPlan, ...]:
    """Highest demand per window, equation (10)."""
    demand = instance.money.demand
    weights = demand.share * grid_import_kw[demand.period]
    mean_kw = demand.metered_kw + np.bincount(demand.row, weights=weights, minlength=len(demand.window))
    plans = []
    for k, window in enumerate(demand.windows):
        mine = mean_kw if len(demand.windows) == 1 else mean_kw[demand.window == k]
        peak = max(float(mine.max(initial=0.0)), window.floor_kw)
        plans.append(
            PeakPlan(demand_window=window.label, peak_kw=peak, floor_kw=window.floor_kw, cost=window.cost(peak))
        )
    return tuple(plans)


def contract_plans(instance: Instance, expected_kw: Floats) -> tuple[ContractPlan, ...]:
    """Power above the limit of each side of a contract, equation (11); from expected power (M, T)."""
    sides = instance.contracts
    if not sides.count:
        return ()
    excess = np.maximum(0.0, sides.sign[:, None] * expected_kw[sides.node] - sides.limit_kw)
    largest_of: dict[int, list[PeakPlan]] = {}
    for k, (side, billed) in enumerate(zip(sides.billed_side.tolist(), sides.billed, strict=True)):
        largest = float(excess[side, sides.periods_of(k, instance.periods)].max(initial=billed.floor_kw))
        cost = billed.cost_per_kw * (largest - billed.floor_kw)
        plan = PeakPlan(demand_window=sides.billed_labels[k], peak_kw=largest, floor_kw=billed.floor_kw, cost=cost)
        largest_of.setdefault(side, []).append(plan)
    return tuple(
        ContractPlan(
            contract=label,
            node_id=instance.limits.ids[sides.node[c]],
            limit_kw=sides.limit_kw[c],
            excess_kw=excess[c],
            largest=tuple(largest_of.get(c, ())),
        )
        for c, label in enumerate(sides.labels)
    )


def excess_cost(instance: Instance, plans: tuple[ContractPlan, ...]) -> float:
    """(11)  Σ price_per_kwh Δ excess + Σ price_per_kw w (largest excess - floor) [currency]"""
    if not plans:
        return 0.0
    hours, per_kwh = instance.periods.hours, instance.contracts.per_kwh
    by_energy = sum(price * float(hours @ plan.excess_kw) for price, plan in zip(per_kwh, plans, strict=True))
    return float(by_energy) + sum(one.cost for plan in plans for one in plan.largest)


def node_duals(program: LinearProgram, row_duals: Floats, instance: Instance) -> Floats:
    """Duals of ``node_import_limit`` as a table (M, T), positive where more room would help. [currency/kW]"""
    worth = np.zeros(instance.limits.limit_kw.shape)
    block = program.rows["node_import_limit"]
    worth[block.positions] = -row_duals[block.slice]
    return np.maximum(0.0, worth)


def group_duals(program: LinearProgram, row_duals: Floats, instance: Instance) -> Floats | None:
    """The same of ``group_import_limit`` (G, T)."""
    if "group_import_limit" not in program.rows:
        return None
    block, groups = program.rows["group_import_limit"], instance.groups
    worth = np.zeros_like(groups.limit_kw)
    worth[np.searchsorted(groups.signal, block.positions[0]), block.positions[1]] = -row_duals[block.slice]
    return np.maximum(0.0, worth)


def lacking_kwh(instance: Instance, energy: Floats, inside: Floats) -> Floats:
    """What is not there at the end of the plan, of what was wanted (S,): of (1) and of (3). [kWh at evse]"""
    states = instance.states
    lacking: Floats = instance.sessions.remaining_kwh - energy
    if states.count:
        lacking[states.session] = (states.target_kwh - inside[states.end]) / states.charge_efficiency
    return np.maximum(0.0, lacking)


def inside_kwh(instance: Instance, charge_kw: Floats, discharge_kw: Floats) -> Floats:
    """Energy in the battery at the instants of every followed session (I,). [kWh]"""
    states, cells = instance.states, instance.cells
    if not states.count:
        return np.zeros(0)
    return states.energy_kwh(cells.hours[states.cell], charge_kw[states.cell], discharge_kw[states.cell])


def _target_shortfall(instance: Instance, outcome: Outcome, energy: Floats) -> Floats:
    """What (1) and (3) leave for it."""
    inside = inside_kwh(instance, outcome.charge_power_kw, outcome.discharge_power_kw)
    missing = lacking_kwh(instance, energy, inside) - outcome.minimum_shortfall_kwh - outcome.after_horizon_kwh
    return np.maximum(0.0, missing)


def _costs(
    instance: Instance,
    import_kw: Floats,
    export_kw: Floats,
    peaks: tuple[PeakPlan, ...],
    taken: Floats,
    target_shortfall: Floats,
) -> dict[str, float]:
    hours, prices, who = instance.periods.hours, instance.money, instance.sessions
    bought, sold = hours * import_kw, hours * export_kw
    return {
        "energy_import": float(prices.import_price @ bought),
        "energy_export": -float(prices.export_price @ sold),
        "carbon": float(prices.carbon_cost @ bought),
        "coincident_peak": float(prices.coincident_cost @ bought),
        "demand_charge": sum(peak.cost for peak in peaks),
        "unmet_target": float(who.value_per_kwh @ target_shortfall),
        "revenue": -float(who.retail_per_kwh @ taken),
    }


def _giving_costs(instance: Instance, outcome: Outcome, revenue: float) -> dict[str, float]:
    """(16) and (18) of cars that give back; nothing where there are none."""
    states, cells = instance.states, instance.cells
    if not len(states.giving):
        return {}
    given = cells.hours[states.cell] * outcome.discharge_power_kw[states.cell]
    inside = inside_kwh(instance, outcome.charge_power_kw, outcome.discharge_power_kw)
    gained = states.terminal_per_kwh @ (inside[states.end] - states.start_kwh)
    return {
        "vehicle_wear": float(states.wear_per_kwh[states.member] @ given),
        "vehicle_energy": -float(gained),
        "discharge_paid": float(states.paid_per_kwh[states.member] @ given),
        "revenue": revenue + float(states.earned_back_per_kwh[states.member] @ given),
    }


def _cost_of_changes(instance: Instance, outcome: Outcome) -> float:
    """(20), what was declared as the least that moving energy must gain. [currency]"""
    before = instance.before
    if before is None:
        return 0.0
    moved_kwh = instance.cells.hours * abs(outcome.charge_power_kw - before.power_kw) / 2
    return instance.money.change_price * float(moved_kwh @ before.known)


def _ledger(
    instance: Instance, minimum_shortfall_kwh: Floats, target_shortfall_kwh: Floats
) -> tuple[MissedBefore, ...]:
    """What drivers have missed once this plan has been carried out, those of the ledger first."""
    ledger = {line.driver: line.missed_kwh for line in instance.scenario.ledger}
    missing = (minimum_shortfall_kwh + target_shortfall_kwh).tolist()
    for session, missed_kwh in zip(instance.scenario.sessions, missing, strict=True):
        if missed_kwh > NOTHING_KWH:
            driver = session.driver or session.id
            ledger[driver] = ledger.get(driver, 0.0) + missed_kwh
    return tuple(MissedBefore(driver=driver, missed_kwh=missed_kwh) for driver, missed_kwh in ledger.items())


def _session_plans(
    instance: Instance, outcome: Outcome, at_grid_kw: Floats, energy: Floats, taken: Floats, target_shortfall: Floats
) -> tuple[SessionPlan, ...]:
    who, cells = instance.sessions, instance.cells
    price = instance.money.import_price[cells.period]
    cost = np.bincount(cells.session, weights=price * cells.hours * at_grid_kw, minlength=who.count)
    expected: list[float | None] = [None] * who.count
    for s in set(cells.session[instance.chances.cell].tolist()):
        expected[s] = float(taken[s])
    columns = (
        who.ids,
        who.evse_ids,
        cells.first_period.tolist(),
        cells.offset[:-1].tolist(),
        cells.offset[1:].tolist(),
        who.remaining_kwh.tolist(),
        energy.tolist(),
        expected,
        outcome.after_horizon_kwh.tolist(),
        target_shortfall.tolist(),
        outcome.minimum_shortfall_kwh.tolist(),
        cost.tolist(),
    )
    power, hours, offered = outcome.charge_power_kw, cells.hours, outcome.offered_power_kw
    plans = [
        SessionPlan(
            session_id=session,
            evse_id=evse,
            first_period=first,
            charge_power_kw=power[begin:end],
            plugged_in_h=hours[begin:end],
            energy_remaining_kwh=remaining,
            energy_kwh=got,
            energy_expected_kwh=likely,
            energy_after_horizon_kwh=after,
            target_shortfall_kwh=lacks,
            minimum_shortfall_kwh=promised,
            energy_cost=paid,
            offered_power_kw=None if offered is None else offered[begin:end],
        )
        for session, evse, first, begin, end, remaining, got, likely, after, lacks, promised, paid in zip(
            *columns, strict=True
        )
    ]
    if instance.states.count:
        _follow(plans, instance, outcome)
    return tuple(plans)


def _follow(plans: list[SessionPlan], instance: Instance, outcome: Outcome) -> None:
    """What followed sessions give back, and what is inside them, put into their plans."""
    states, cells = instance.states, instance.cells
    inside = inside_kwh(instance, outcome.charge_power_kw, outcome.discharge_power_kw)
    for k, s in enumerate(states.session.tolist()):
        plans[s] = replace(
            plans[s],
            discharge_power_kw=outcome.discharge_power_kw[cells.offset[s] : cells.offset[s + 1]],
            energy_in_battery_kwh=inside[states.offset[k] : states.offset[k + 1]],
        )


def _node_plans(instance: Instance, outcome: Outcome, expected: Floats, guaranteed: Floats) -> tuple[NodePlan, ...]:
    limits = instance.limits
    return tuple(
        NodePlan(
            node_id=node_id,
            expected_kw=expected_kw,
            guaranteed_kw=guaranteed_kw,
            import_limit_kw=limit_kw,
            limit_set_by=limits.set_by.get(i, ()),
            worth_per_kw=worth_per_kw,
            export_limit_set_by=limits.export_set_by.get(i, ()),
        )
        for i, (node_id, expected_kw, guaranteed_kw, limit_kw, worth_per_kw) in enumerate(
            zip(limits.ids, expected, guaranteed, limits.limit_kw, outcome.worth_per_kw, strict=True)
        )
    )


def _storage_costs(instance: Instance, outcome: Outcome) -> dict[str, float]:
    """(16), and the worth of what batteries hold more at the end than at the start, as a negative cost."""
    units = instance.storage
    if not units.count:
        return {"storage_wear": 0.0, "stored_energy": 0.0}
    given_back = (outcome.storage_discharge_kw @ instance.periods.hours) @ units.wear_per_kwh
    energy = _stored_kwh(instance, outcome)
    gained = units.terminal_per_kwh @ (energy[:, -1] - energy[:, 0])
    return {"storage_wear": float(given_back), "stored_energy": -float(gained)}


def _stored_kwh(instance: Instance, outcome: Outcome) -> Floats:
    hours = instance.periods.hours
    return instance.storage.energy_kwh(hours, outcome.storage_charge_kw, outcome.storage_discharge_kw)


def _storage_plans(instance: Instance, outcome: Outcome) -> tuple[StoragePlan, ...]:
    if not instance.storage.count:
        return ()
    energy = _stored_kwh(instance, outcome)
    return tuple(
        StoragePlan(
            storage_id=battery.id,
            node_id=battery.node,
            charge_power_kw=outcome.storage_charge_kw[i],
            discharge_power_kw=outcome.storage_discharge_kw[i],
            energy_kwh=energy[i],
        )
        for i, battery in enumerate(instance.scenario.site.batteries)
    )


def _pv_plans(instance: Instance, outcome: Outcome) -> tuple[PvPlan, ...]:
    supply = instance.generation
    if not len(supply.expected_kw):
        return ()
    curtailed = np.zeros_like(supply.expected_kw)
    curtailed[supply.plant, supply.period] = outcome.curtailed_kw
    return tuple(
        PvPlan(pv_id=plant.id, node_id=plant.node, expected_kw=supply.expected_kw[i], curtailed_kw=curtailed[i])
        for i, plant in enumerate(instance.scenario.site.pv_plants)
    )


def node_loads(instance: Instance, outcome: Outcome, at_grid_kw: Floats) -> tuple[Floats, Floats]:
    """Expected power, and guaranteed power with every offer taken, of every node and cabinet (M, T).

    [kW, where its limit is measured]
    """
    expected, guaranteed = _car_loads(instance, outcome, at_grid_kw)
    expected += instance.limits.expected_kw
    guaranteed += instance.limits.high_kw
    supply = instance.generation
    for plant, t, curtailed_kw in zip(supply.plant, supply.period, outcome.curtailed_kw, strict=True):
        expected[list(supply.above[plant]), t] += curtailed_kw
    for b, nodes in enumerate(instance.storage.above):
        for node in nodes:
            drawn_kw, given_kw = outcome.storage_charge_kw[b], outcome.storage_discharge_kw[b]
            expected[node] += drawn_kw - given_kw
            guaranteed[node] += drawn_kw - given_kw * instance.storage.firm[node]
    return expected, guaranteed


def _car_loads(instance: Instance, outcome: Outcome, at_grid_kw: Floats) -> tuple[Floats, Floats]:
    """What cars add to both."""
    cells, limits, below = instance.cells, instance.limits, instance.below
    cell, node = below.cell, below.node
    mean = (at_grid_kw * cells.share)[cell]
    if instance.scenario.site.cabinets:
        at_evse_kw = (outcome.charge_power_kw - outcome.discharge_power_kw) * cells.share
        mean = np.where(limits.at_evse[node], at_evse_kw[cell], mean)
    counted = instance.following.counted_kw(outcome.limit_kw)[cell] * below.drawn_per_kw
    if len(instance.states.giving):
        efficiency = np.where(limits.at_evse[node], 1.0, instance.sessions.efficiency[cells.session[cell]])
        counted = counted - outcome.discharge_power_kw[cell] * efficiency * instance.storage.firm[node]
    return _over_nodes(instance, mean), _over_nodes(instance, counted)


def _over_nodes(instance: Instance, power_kw: Floats) -> Floats:
    """Powers of pairs of a cell and a node above it (P,), summed up for each node and period (M, T). [kW]"""
    shape = instance.limits.limit_kw.shape
    sums = np.bincount(instance.below.place, weights=power_kw, minlength=instance.limits.limit_kw.size)
    return sums.astype(float, copy=False).reshape(shape)
