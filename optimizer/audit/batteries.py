"""Stationary batteries: whether their plans can be followed, what they do to each node, and what that costs."""

from collections.abc import Iterator

import numpy as np

from models.domain.schedule import Floats, StoragePlan
from models.domain.site import Battery
from optimizer.audit.case import Case
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.timeline import utc
from optimizer.audit.tree import rolled_up

ENERGY_TOLERANCE_KWH = 1e-4


def battery_breaks(case: Case) -> Iterator[Break]:
    """Every battery has one plan that it can follow."""
    plans = {plan.storage_id: plan for plan in case.schedule.storage}
    for battery in case.scenario.site.batteries:
        if battery.id in plans:
            yield from _power_breaks(case, battery, plans[battery.id])
            yield from _energy_breaks(case, battery, plans.pop(battery.id))
        else:
            yield _break(battery.id, None, 0.0, 1.0, "the plan says nothing of this battery")
    for name in plans:
        yield _break(name, None, 1.0, 0.0, "the site has no such battery")


def _power_breaks(case: Case, battery: Battery, plan: StoragePlan) -> Iterator[Break]:
    """0 <= charge, discharge <= most, and never both."""
    tolerance, starts = case.tolerance_kw, case.time.instants_s
    told = (
        ("charging", plan.charge_power_kw, battery.max_charge_kw),
        ("discharging", plan.discharge_power_kw, battery.max_discharge_kw),
    )
    for name, power, most in told:
        for t in np.flatnonzero((power < -tolerance) | (power > most + tolerance)):
            message = f"{name} at {power[t]:.4f} kW, between 0 and {most:.4f} kW are possible"
            yield _break(battery.id, starts[t], power[t], most, message)
    both = np.minimum(plan.charge_power_kw, plan.discharge_power_kw)
    for t in np.flatnonzero(both > tolerance):
        yield _break(battery.id, starts[t], both[t], 0.0, f"charging and discharging at once, by {both[t]:.4f} kW")


def _energy_breaks(case: Case, battery: Battery, plan: StoragePlan) -> Iterator[Break]:
    """(8)  energy after = energy before + η_c Δ charge - Δ discharge / η_d, (3) between reserve and capacity"""
    hours, energy, starts = case.time.period_h, plan.energy_kwh, case.time.instants_s
    came = battery.charge_efficiency * hours * plan.charge_power_kw
    due = np.append(
        battery.energy_at_start_kwh, energy[:-1] + came - hours * plan.discharge_power_kw / battery.discharge_efficiency
    )
    for i in np.flatnonzero(np.abs(energy - due) > ENERGY_TOLERANCE_KWH):
        message = f"{due[i]:.4f} kWh are inside, the plan says {energy[i]:.4f} kWh"
        yield _break(battery.id, starts[i], due[i], energy[i], message)
    least, most = min(battery.reserve_kwh, battery.energy_at_start_kwh), battery.capacity_kwh
    for i in np.flatnonzero((energy < least - ENERGY_TOLERANCE_KWH) | (energy > most + ENERGY_TOLERANCE_KWH)):
        message = f"{energy[i]:.4f} kWh inside, not between {least:.4f} and {most:.4f} kWh"
        yield _break(battery.id, starts[i], energy[i], least if energy[i] < least else most, message)


def powers_below(case: Case) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """What batteries below each node draw and give back (T,). [kW]"""
    nodes = {battery.id: battery.node for battery in case.scenario.site.batteries}
    drawn, given = ({n.id: np.zeros(case.schedule.period_count) for n in case.scenario.site.nodes} for _ in range(2))
    for plan in case.schedule.storage:
        if plan.storage_id in nodes:
            node = nodes[plan.storage_id]
            drawn[node] = drawn[node] + plan.charge_power_kw
            given[node] = given[node] + plan.discharge_power_kw
    return rolled_up(case.leaves_first, drawn), rolled_up(case.leaves_first, given)


def battery_costs(case: Case) -> dict[str, float]:
    """(16), and what more is left at the end than was there at the start, as a negative cost. [currency]"""
    plans = {plan.storage_id: plan for plan in case.schedule.storage}
    wear, gained, hours = 0.0, 0.0, case.time.period_h
    for battery in case.scenario.site.batteries:
        if battery.id in plans:
            plan = plans[battery.id]
            wear += battery.wear_price_per_kwh * float(hours @ plan.discharge_power_kw) / battery.discharge_efficiency
            left = float(plan.energy_kwh[-1]) - battery.energy_at_start_kwh
            gained += (battery.terminal_value_per_kwh or 0.0) * left
    return {"storage_wear": wear, "stored_energy": -gained}


def _break(where: str, start_s: float | None, amount: float, limit: float, message: str) -> Break:
    start, code = None if start_s is None else utc(start_s), BreakCode.STORAGE_PLAN
    return Break(code=code, where=where, start=start, amount=float(amount), limit=float(limit), message=message)
