"""What the plan costs, component by component: (9), (10), (11), (17) and (18), each worked out anew."""

from collections.abc import Iterator

import numpy as np

from models.domain.schedule import Floats
from models.domain.signal import PriceEvent, PriceMode
from models.domain.tariff import Price
from models.domain.units import MINUTES_PER_HOUR
from models.domain.value import Series
from optimizer.audit.batteries import battery_costs
from optimizer.audit.case import Case
from optimizer.audit.chances import not_taken, taken_kwh
from optimizer.audit.changes import moved_kwh
from optimizer.audit.contracts import Excess, excess_cost
from optimizer.audit.demand import COST_TOLERANCE, Demand
from optimizer.audit.green import green_costs
from optimizer.audit.paces import pace_costs
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.stay import Stay
from optimizer.audit.timeline import price_values, steps_at
from optimizer.audit.wiring import efficiency


def costs(case: Case, found: tuple[Demand, ...], above: tuple[Excess, ...]) -> dict[str, float]:
    """By component, with what is earned as a negative number. [currency]"""
    schedule, tariff = case.schedule, case.tariff
    imported, exported = (power * case.time.period_h for power in (schedule.grid_import_kw, schedule.grid_export_kw))
    charged = {demand.label: demand for demand in found}
    peaks = [peak for peak in schedule.peaks if peak.demand_window in charged]
    bought, sold = bought_at(case), sold_at(case)
    carbon = tariff.carbon_price_per_kg * mean_price(case, tariff.carbon_intensity)
    coincident = _coincident_per_kwh(case)
    return {
        "energy_import": float(bought @ imported),
        "energy_export": -float(sold @ exported),
        "carbon": float(carbon @ imported),
        "coincident_peak": float(coincident @ imported),
        "demand_charge": sum(charged[peak.demand_window].cost(peak.peak_kw) for peak in peaks),
        "contract_excess": excess_cost(case, above),
        **battery_costs(case),
        "plan_change": tariff.change_price_per_kwh * sum(moved_kwh(case)),
        "unmet_target": sum(_unmet_target(case)),
        **pace_costs(case),
        **green_costs(case),
        **not_taken(case, bought + carbon + coincident, sold),
        **_giving_costs(case),
        "revenue": -sum(_earned(case, stay) for stay in case.stays),
    }


def _coincident_per_kwh(case: Case) -> Floats:
    """A kWh is a kW over an hour, and more of a kW over a shorter interval (T,). [currency/kWh]"""
    total = np.zeros(case.schedule.period_count)
    for peak in case.tariff.coincident_peaks:
        chance = case.time.mean(case.time.steps(peak.chance))
        total += chance * peak.price_per_kw * MINUTES_PER_HOUR / peak.interval_min
    return total


def cost_breaks(case: Case, found: dict[str, float]) -> Iterator[Break]:
    """Every component as the plan tells it, the objective that they add up to, and the cost of every session."""
    stated = case.schedule.costs
    for name in found.keys() | stated.keys():
        yield from _differs(BreakCode.COST, name, found.get(name, 0.0), stated.get(name, 0.0))
    with_revenue = sum(found.values())
    either = (with_revenue - found["revenue"], with_revenue)  # objective cost, objective margin
    nearest = min(either, key=lambda total: abs(total - case.schedule.objective))
    yield from _differs(BreakCode.OBJECTIVE, "objective", nearest, case.schedule.objective)
    for stay, cost in zip(case.stays, _energy_costs(case), strict=True):
        yield from _differs(BreakCode.COST, stay.session.id, cost, stay.plan.energy_cost)


def _energy_costs(case: Case) -> list[float]:
    """Of every stay, at the price of import. [currency]"""
    at, price = case.together, bought_at(case)
    part = np.array([efficiency(stay.evse) for stay in case.stays], dtype=float)[at.stay]
    drawn_kwh = at.overlap_h * (at.power_kw / part - at.given_kw * part)
    costs_of_stays: list[float] = at.sums(drawn_kwh * price[at.period], len(case.stays)).tolist()
    return costs_of_stays


def bought_at(case: Case) -> Floats:
    """Price of import, with price events (T,). [currency/kWh]"""
    told = [(event, event.import_price) for event in case.scenario.signals if isinstance(event, PriceEvent)]
    return _with_events(case, case.tariff.import_price, told)


def sold_at(case: Case) -> Floats:
    """The same of export (T,). [currency/kWh]"""
    told = [(event, event.export_price) for event in case.scenario.signals if isinstance(event, PriceEvent)]
    return _with_events(case, case.tariff.export_price, told)


def _with_events(case: Case, price: Price, told: list[tuple[PriceEvent, Series | None]]) -> Floats:
    """Second by second: what replaces the tariff's price comes first, what is added to it later."""
    starts = case.time.starts_s
    now = price_values(price, starts, case.calendar)
    for mode in (PriceMode.REPLACE, PriceMode.ADD):
        for event, other in told:
            if event.mode is mode and other is not None:
                during = (starts >= event.start.timestamp()) & (starts < event.end.timestamp())
                new = steps_at(other, starts) + (now if mode is PriceMode.ADD else 0.0)
                now = np.where(during, new, now)
    return case.time.mean(now)


def mean_price(case: Case, price: Price) -> Floats:
    """Time-weighted over each period (T,). [currency/kWh]"""
    return case.time.mean(price_values(price, case.time.starts_s, case.calendar))


def _giving_costs(case: Case) -> dict[str, float]:
    """(16) of cars, what their drivers are paid, and what more is left in those that stay on, as a negative cost."""
    wear = paid = gained = 0.0
    for stay in case.stays:
        session, vehicle = stay.session, stay.session.vehicle
        if stay.inside is None or stay.inside.max_discharge_kw <= 0.0 or vehicle is None:
            continue
        given_kwh = float(stay.overlap_h @ stay.given_kw)
        wear += vehicle.wear_price_per_kwh * given_kwh / stay.inside.out
        paid += (session.discharge_price_per_kwh or 0.0) * given_kwh
        if stay.after_h > 0.0:
            left = stay.inside.energy_kwh(stay.overlap_h, stay.power_kw, stay.given_kw)[-1] - stay.inside.start_kwh
            gained += (session.terminal_value_per_kwh or 0.0) * float(left)
    return {"vehicle_wear": wear, "vehicle_energy": -gained, "discharge_paid": paid}


def _earned(case: Case, stay: Stay) -> float:
    """(18): a driver pays for what is charged, and gets back what the energy taken out again has cost."""
    retail, energy_kwh = stay.session.retail_price_per_kwh or 0.0, taken_kwh(case, stay)
    if stay.inside is not None and stay.session.discharge_price_per_kwh is None:
        energy_kwh -= float(stay.overlap_h @ stay.given_kw) / (stay.inside.into * stay.inside.out)
    return retail * energy_kwh


def _unmet_target(case: Case) -> Iterator[float]:
    """(17)  value_of_target · target_shortfall"""
    for stay in case.stays:
        value = stay.tier.value_of_target_per_kwh if stay.tier is not None else None
        yield (value or 0.0) * stay.plan.target_shortfall_kwh


def _differs(code: BreakCode, where: str, found: float, stated: float) -> Iterator[Break]:
    if abs(found - stated) > COST_TOLERANCE * max(1.0, abs(found)):
        message = f"recomputed {found:.6f}, the plan says {stated:.6f}"
        yield Break(code=code, where=where, amount=found, limit=stated, message=message)
