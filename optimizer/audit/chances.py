"""Equation (19), worked out anew: what of a plan is taken by drivers who told no departure or no need."""

from collections.abc import Iterator

import numpy as np

from models.domain.schedule import Floats
from optimizer.audit.case import Case
from optimizer.audit.loads import expected_base_kw
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.stay import Stay, at_evse
from optimizer.audit.wiring import efficiency

ENERGY_TOLERANCE_KWH = 1e-4
DUST_KW = 1e-9
"""Less is what is left where powers cancel out. [kW]"""
SHORTEST_S = 1e-3


def is_by_chance(stay: Stay) -> bool:
    """Whether its departure or its need are known as chances only."""
    return bool(stay.session.still_there or stay.session.still_wants)


def taken_kwh(case: Case, stay: Stay) -> float:
    """What of its energy a session is expected to take. [kWh at evse]"""
    return float(_taken(case, stay).sum()) if is_by_chance(stay) else stay.energy_kwh


def chance_breaks(case: Case) -> Iterator[Break]:
    """What the plan says is expected to be taken."""
    for stay in case.stays:
        stated = stay.plan.energy_expected_kwh
        if is_by_chance(stay) != (stated is not None):
            message = "it says what is expected of a session without chances, or nothing of one with them"
            yield _break(stay, 1.0, 0.0, message)
        elif stated is not None and abs(stated - taken_kwh(case, stay)) > ENERGY_TOLERANCE_KWH:
            found = taken_kwh(case, stay)
            yield _break(stay, found, stated, f"{found:.4f} kWh are expected, the plan says {stated:.4f} kWh")


def not_taken(case: Case, bought: Floats, sold: Floats) -> dict[str, float]:
    """Worth of what is planned and not taken, less what it would have cost, at prices (T,) with carbon. [currency]"""
    stays = [stay for stay in case.stays if is_by_chance(stay) and len(stay.power_kw)]
    if not stays:
        return {}
    saved = _saved_per_kwh(case, bought, sold)
    return {"not_taken": sum(_not_taken(case, stay, saved[stay.periods]) for stay in stays)}


def _not_taken(case: Case, stay: Stay, saved_per_kwh: Floats) -> float:
    value = stay.tier.value_of_target_per_kwh if stay.tier is not None else None
    planned = stay.overlap_h * stay.power_kw
    unwanted = stay.remaining_kwh - _wanted_kwh(stay, stay.remaining_kwh)
    missed = (value or 0.0) * (float((planned - _taken(case, stay)).sum()) - unwanted)
    absent = 1.0 - _still_there(case, stay)
    return missed - float((saved_per_kwh / efficiency(stay.evse)) @ (absent * planned))


def _taken(case: Case, stay: Stay) -> Floats:
    """Period by period: the chance to be there times what is wanted of the energy that comes after all before it."""
    if stay.session.still_wants is None:
        return _still_there(case, stay) * stay.overlap_h * stay.power_kw
    upto = np.concatenate([[0.0], np.cumsum(stay.overlap_h * stay.power_kw)])
    wanted = np.array([_wanted_kwh(stay, energy) for energy in upto])
    return np.asarray(_still_there(case, stay) * np.diff(wanted))


def _wanted_kwh(stay: Stay, energy_kwh: float) -> float:
    """What a driver is expected to want of the first kWh from now on. [kWh at evse]"""
    if stay.session.still_wants is None:
        return energy_kwh
    wanted, begun = 0.0, 0.0
    for part in stay.session.still_wants:
        end = max(begun, at_evse(stay.session, stay.evse, part.up_to_kwh - stay.session.delivered_kwh))
        wanted += part.chance * max(0.0, min(energy_kwh, end) - begun)
        begun = end
    return wanted


def _still_there(case: Case, stay: Stay) -> Floats:
    """Mean chance over the hours of each period that lie inside the stay."""
    steps = stay.session.still_there
    if steps is None:
        return np.ones(len(stay.power_kw))
    instants_s, (arrival_s, departure_s) = case.schedule.instants_s, (stay.visit.arrival_s, stay.visit.departure_s)
    starts = [step.start.timestamp() for step in steps]
    pieces = zip([-np.inf, *starts[1:]], [*starts[1:], np.inf], [step.value for step in steps], strict=True)
    total, there_s = np.zeros(len(stay.power_kw)), np.zeros(len(stay.power_kw))  # of the same sums: a sure stay is 1.0
    for begin, end, chance in pieces:
        since, until = max(begin, arrival_s), min(end, departure_s)
        left, right = instants_s[:-1][stay.periods], instants_s[1:][stay.periods]
        overlap_s = np.maximum(0.0, np.minimum(right, until) - np.maximum(left, since))
        total, there_s = total + chance * overlap_s, there_s + overlap_s
    return np.asarray(total / np.maximum(there_s, SHORTEST_S))


def _saved_per_kwh(case: Case, bought: Floats, sold: Floats) -> Floats:
    """What a kWh that is not drawn saves (T,): where the site may feed in, no more than a sale earns."""
    feeds_in = _most_given_kw(case) > expected_base_kw(case) + DUST_KW
    return np.where(feeds_in, np.minimum(sold, bought), bought)


def _most_given_kw(case: Case) -> Floats:
    """By batteries and cars that give back in full (T,). [kW at grid]"""
    batteries_kw = sum(battery.max_discharge_kw for battery in case.scenario.site.batteries)
    given_kw = np.full(case.schedule.period_count, float(batteries_kw))
    for stay in case.stays:
        if stay.inside is not None:
            share = stay.overlap_h / case.time.period_h[stay.periods]
            given_kw[stay.periods] += share * stay.inside.max_discharge_kw * efficiency(stay.evse)
    return given_kw


def _break(stay: Stay, amount: float, limit: float, message: str) -> Break:
    return Break(code=BreakCode.EXPECTED, where=stay.session.id, amount=amount, limit=limit, message=message)
