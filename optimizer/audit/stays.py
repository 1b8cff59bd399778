"""Who is there and what they get: equations (1) and (4), session by session, with every energy at evse."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Floats
from optimizer.audit.case import Case
from optimizer.audit.inside import Followed, inside_breaks
from optimizer.audit.report import Break, BreakCode, broken_at
from optimizer.audit.stay import Stay, instants_of
from optimizer.audit.timeline import utc
from optimizer.audit.together import Together

Flags = NDArray[np.bool_]

ENERGY_TOLERANCE_KWH = 1e-4
HOURS_TOLERANCE = 1e-6
SHARE_AFTER_HORIZON = 0.8
"""Of the highest power, what the time after the horizon may be counted on for: nothing is planned there yet."""


def stay_breaks(case: Case) -> Iterator[Break]:
    """Everything about single sessions."""
    yield from _roll_call(case)
    suspects = _suspects(case)
    for i, stay in enumerate(case.stays):
        if i in suspects:
            yield from _presence(case, stay)
            yield from _powers(case, stay)
        yield from _energies(stay)
        if i in suspects or stay.inside is not None:
            yield from _inside(case, stay)
        yield from _shortfalls(stay)


def _suspects(case: Case) -> set[int]:
    """Positions of stays at which a rule of a period is broken: all are looked at in one go, for hardly any is."""
    at, tolerance = case.together, case.tolerance_kw
    rules = (_other_hours(at), _outside(at, tolerance), _negative(at, tolerance), _too_high(at, tolerance))
    broken = np.any([*rules, _given_back(at, tolerance)], axis=0)
    covered_h = at.sums(at.overlap_h, len(case.stays))
    missed = [i for i, stay in enumerate(case.stays) if abs(stay.visit.all_h - covered_h[i]) > HOURS_TOLERANCE / 2]
    return {*at.stay[broken].tolist(), *missed}


def _other_hours(at: Stay | Together) -> Flags:
    return np.abs(at.stated_h - at.overlap_h) > HOURS_TOLERANCE


def _outside(at: Stay | Together, tolerance_kw: float) -> Flags:
    return (at.overlap_h <= 0.0) & (np.abs(at.power_kw) + np.abs(at.given_kw) > tolerance_kw)


def _negative(at: Stay | Together, tolerance_kw: float) -> Flags:
    return at.power_kw < -tolerance_kw


def _too_high(at: Stay | Together, tolerance_kw: float) -> Flags:
    return np.asarray(at.power_kw > at.max_power_kw + tolerance_kw)


def _given_back(at: Stay | Together, tolerance_kw: float) -> Flags:
    return np.abs(at.given_kw) > tolerance_kw


def _roll_call(case: Case) -> Iterator[Break]:
    """Every session that is plugged in has one plan that can be read, and nobody else has one."""
    plans = Counter(plan.session_id for plan in case.schedule.sessions)
    sessions = {session.id: session for session in case.scenario.sessions}
    start_s, end_s = float(case.schedule.instants_s[0]), float(case.schedule.instants_s[-1])
    for session in case.scenario.sessions:
        arrival_s, departure_s = instants_of(session)
        if session.id not in plans and arrival_s < end_s and departure_s > start_s:
            yield _found(BreakCode.SESSION_MISSING, session.id, 0, 1, "it is plugged in and has no plan")
    for name, count in plans.items():
        if count > 1:
            yield _found(BreakCode.SESSION_TWICE, name, count, 1, f"it has {count} plans")
    for plan, faults in zip(case.schedule.sessions, case.faults, strict=True):
        name = plan.session_id
        if name not in sessions:
            yield _found(BreakCode.SESSION_UNKNOWN, name, 1, 0, "the scenario has no such session")
        elif plan.evse_id != sessions[name].evse:
            message = f"it is plugged in at {sessions[name].evse}, the plan says {plan.evse_id}"
            yield _found(BreakCode.EVSE_WRONG, name, 1, 0, message)
        for fault in faults:
            yield _found(BreakCode.ARRAYS, name, float("nan"), float("nan"), fault)


def _presence(case: Case, stay: Stay) -> Iterator[Break]:
    """The plan covers the periods of the stay and no others, with the hours that the car is there."""
    stated, overlap = stay.plan.plugged_in_h, stay.overlap_h
    for k in broken_at(_other_hours(stay)):
        message = f"plugged in for {overlap[k]:.6f} h of the period, the plan says {stated[k]:.6f} h"
        yield _in_period(BreakCode.PLUGGED_IN, case, stay, k, overlap[k], stated[k], message)
    for k in broken_at(_outside(stay, case.tolerance_kw)):
        message = f"{stay.power_kw[k]:.4f} kW while it is not plugged in"
        yield _in_period(BreakCode.OUTSIDE_STAY, case, stay, k, stay.power_kw[k], 0.0, message)
    there_h = stay.visit.all_h
    if abs(there_h - float(overlap.sum())) > HOURS_TOLERANCE:
        message = f"the plan covers {overlap.sum():.6f} h of the {there_h:.6f} h that it is plugged in"
        yield _found(BreakCode.PLUGGED_IN, stay.session.id, float(overlap.sum()), there_h, message)


def _powers(case: Case, stay: Stay) -> Iterator[Break]:
    """(4)  0 <= charge_power <= min(EVSE, connector, vehicle)"""
    power, highest = stay.power_kw, stay.max_power_kw
    for k in broken_at(_negative(stay, case.tolerance_kw)):
        message = f"{power[k]:.4f} kW; a setpoint cannot be negative"
        yield _in_period(BreakCode.POWER_NEGATIVE, case, stay, k, power[k], 0.0, message)
    for k in broken_at(_too_high(stay, case.tolerance_kw)):
        message = f"{power[k]:.4f} kW, but EVSE, connector and vehicle allow {highest:.4f} kW"
        yield _in_period(BreakCode.POWER_TOO_HIGH, case, stay, k, power[k], highest, message)


def _energies(stay: Stay) -> Iterator[Break]:
    """(1)  Σ_t h charge_power + target_shortfall + minimum_shortfall + energy_after_horizon = energy_remaining

    Of a car whose energy is followed (3): it may end with more than was wanted.
    """
    plan, energy, remaining = stay.plan, stay.energy_kwh, stay.remaining_kwh
    missed = plan.target_shortfall_kwh + plan.minimum_shortfall_kwh
    accounted = energy + missed + plan.energy_after_horizon_kwh
    due = remaining if stay.inside is None else energy + max(0.0, stay.lacking_kwh)
    if abs(accounted - due) > ENERGY_TOLERANCE_KWH:
        message = f"charged, missed and later are {accounted:.4f} kWh, {due:.4f} kWh were lacking"
        yield _found(BreakCode.ENERGY_BALANCE, stay.session.id, accounted, due, message)
    if stay.inside is None and energy > remaining + ENERGY_TOLERANCE_KWH:
        message = f"its setpoints give {energy:.4f} kWh, it needs {remaining:.4f} kWh"
        yield _found(BreakCode.ENERGY_ABOVE_NEED, stay.session.id, energy, remaining, message)
    told = (("energy", plan.energy_kwh, energy), ("energy remaining", plan.energy_remaining_kwh, remaining))
    for name, stated, found in told:
        if abs(stated - found) > ENERGY_TOLERANCE_KWH:
            message = f"{name} is {found:.4f} kWh, the plan says {stated:.4f} kWh"
            yield _found(BreakCode.ENERGY_STATED, stay.session.id, found, stated, message)


def _inside(case: Case, stay: Stay) -> Iterator[Break]:
    """(2), (3) where the energy in the battery is followed; nobody else may give back."""
    if stay.inside is None:
        for k in broken_at(_given_back(stay, case.tolerance_kw)):
            message = f"gives back {stay.given_kw[k]:.4f} kW, which not all of EVSE, vehicle and driver agree to"
            yield _in_period(BreakCode.GIVEN_BACK, case, stay, k, stay.given_kw[k], 0.0, message)
        return
    followed = Followed(
        session=stay.session,
        inside=stay.inside,
        time=case.time,
        periods=stay.periods,
        hours=stay.overlap_h,
        drawn_kw=stay.power_kw,
        given_kw=stay.given_kw,
        told_kwh=stay.plan.energy_in_battery_kwh,
        tolerance_kw=case.tolerance_kw,
    )
    yield from inside_breaks(followed)


def _shortfalls(stay: Stay) -> Iterator[Break]:
    """Each part of what is missed stays within its own bound, else the cheaper one hides the other."""
    plan, remaining, promised = stay.plan, stay.remaining_kwh, stay.promised_kwh
    after = min(remaining, SHARE_AFTER_HORIZON * stay.max_power_kw * stay.after_h)
    bounds = (
        (BreakCode.SHORTFALL_BOUNDS, "target shortfall", plan.target_shortfall_kwh, remaining - promised),
        (BreakCode.SHORTFALL_BOUNDS, "minimum shortfall", plan.minimum_shortfall_kwh, promised),
        (BreakCode.AFTER_HORIZON, "energy after the horizon", plan.energy_after_horizon_kwh, after),
    )
    for code, name, energy, most in bounds:
        if not -ENERGY_TOLERANCE_KWH <= energy <= most + ENERGY_TOLERANCE_KWH:
            message = f"{name} is {energy:.4f} kWh, outside 0 to {most:.4f} kWh"
            yield _found(code, stay.session.id, energy, most, message)


def _found(code: BreakCode, where: str, amount: float, limit: float, message: str) -> Break:
    return Break(code=code, where=where, amount=amount, limit=limit, message=message)


def _in_period(code: BreakCode, case: Case, stay: Stay, k: np.intp, amount: float, limit: float, message: str) -> Break:
    starts: Floats = case.schedule.instants_s[stay.periods]
    return Break(
        code=code,
        where=stay.session.id,
        start=utc(starts[k]),
        amount=float(amount),
        limit=float(limit),
        message=message,
    )
