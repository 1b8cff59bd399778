"""Rules S2 and S3: what EVSEs may be following besides the plan, read from what is installed and how they behave."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from models.domain.installed import Installed, OfflineBehaviour
from models.domain.schedule import Floats
from models.domain.site import Evse
from models.domain.units import seconds_from_minutes
from optimizer.audit.case import Case
from optimizer.audit.ground import Ground
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.stay import Stay
from optimizer.audit.timeline import utc
from optimizer.audit.unseen import unplanned_kw
from optimizer.audit.wiring import amperes_per_kw, rating_kw

UNREACHABLE_ALARM = "evse_unreachable"


def held_kw(ground: Ground) -> dict[str, Floats]:
    """By EVSE out of reach: what it follows, the largest in each period, all phases in use (T,). [kW at evse]"""
    unreachable = (one for one in ground.scenario.installed if not one.reachable)
    return {one.evse: _offline_kw(ground, one, ground.evses[one.evse]) for one in unreachable}


def floor_kw(case: Case, stay: Stay) -> Floats:
    """What a stay's EVSE, in reach, may follow besides the plan: what it was sent before, until the new plan is
    acknowledged, and in the blind time what it falls back to; of its periods. [kW at evse]"""
    one = case.installed.get(stay.evse.id)
    plan_alone = one is None and case.scenario.site.fail_safe is None
    if plan_alone or is_held(case, stay.evse):
        return np.zeros_like(stay.power_kw)
    followed = unplanned_kw(case, stay)
    if one is not None:
        may = case.schedule.instants_s[:-1][stay.periods] < _acknowledged_s(case)
        followed = np.maximum(followed, np.where(may, _installed_kw(case.ground, one)[stay.periods], 0.0))
    return np.minimum(_part(case, stay) * followed, stay.max_power_kw)


def counted_kw(case: Case, stay: Stay, floor: Floats) -> Floats:
    """What limits count of a stay beside its ``floor_kw``: nothing at an EVSE out of reach, which counts by itself.
    [kW at evse]"""
    if is_held(case, stay.evse):
        return np.zeros_like(stay.power_kw)
    return np.maximum(stay.offered_kw, floor)


def floors_kw(case: Case) -> Floats:
    """``floor_kw`` of all stays together (N,). [kW at evse]"""
    if not case.installed and case.scenario.site.fail_safe is None:
        return np.zeros(len(case.together.stay))
    return np.concatenate([np.zeros(0), *(floor_kw(case, stay) for stay in case.stays)])


def all_counted_kw(case: Case, floors: Floats) -> Floats:
    """``counted_kw`` of all stays together (N,). [kW at evse]"""
    held = np.array([is_held(case, stay.evse) for stay in case.stays], dtype=bool)[case.together.stay]
    return np.where(held, 0.0, np.maximum(case.together.offered_kw, floors))


def is_held(case: Case, evse: Evse) -> bool:
    one = case.installed.get(evse.id)
    return one is not None and not one.reachable


def installed_breaks(case: Case) -> Iterator[Break]:
    """No setpoint asks more of an EVSE out of reach than it follows, and an operator is told of each."""
    held = case.ground.once(held_kw)
    for stay in case.stays:
        if stay.evse.id in held:
            most = _part(case, stay) * held[stay.evse.id][stay.periods]
            for k in np.flatnonzero((stay.power_kw > most + case.tolerance_kw) | (stay.given_kw > case.tolerance_kw)):
                message = f"EVSE {stay.evse.id} cannot be reached and follows {most[k]:.4f} kW"
                start = utc(case.schedule.instants_s[stay.periods][k])
                yield _break(
                    BreakCode.UNREACHABLE, stay.session.id, float(stay.power_kw[k]), float(most[k]), message, start
                )
    told = " ".join(alarm.message for alarm in case.schedule.alarms if alarm.code == UNREACHABLE_ALARM)
    for evse in held:
        if f"EVSE {evse} " not in told:
            message = f"EVSE {evse} cannot be reached, and the plan has no {UNREACHABLE_ALARM} alarm"
            yield _break(BreakCode.ALARM_MISSING, evse, 0.0, 1.0, message, None)


def _acknowledged_s(case: Case) -> float:
    return float(case.schedule.instants_s[0]) + seconds_from_minutes(case.scenario.acknowledge_minutes or 0.0)


def _part(case: Case, stay: Stay) -> float:
    """Of the power with all phases in use, what the vehicle has with the same current on its own."""
    voltage_v = case.scenario.site.voltage_v
    return amperes_per_kw(stay.evse, None, voltage_v) / amperes_per_kw(stay.evse, stay.session.vehicle, voltage_v)


def _offline_kw(ground: Ground, one: Installed, evse: Evse) -> Floats:
    """S3: keeps, default, stops; anything else is its rating."""
    rating = rating_kw(evse, ground.scenario.site.voltage_v)
    follows = {
        OfflineBehaviour.STOPS: 0.0,
        OfflineBehaviour.DEFAULT: rating if one.default_kw is None else min(rating, one.default_kw),
    }
    if one.offline is OfflineBehaviour.KEEPS:
        return _installed_kw(ground, one)
    return np.full(ground.period_count, follows.get(one.offline, rating))


def _installed_kw(ground: Ground, one: Installed) -> Floats:
    """The largest that any profile allows inside each period; the rating while none is acknowledged. [kW at evse]"""
    rating = rating_kw(ground.evses[one.evse], ground.scenario.site.voltage_v)
    if not [profile for profile in one.profiles if profile.acknowledged]:
        return np.full(ground.period_count, rating)
    allowed = np.zeros(len(ground.time.starts_s))
    for profile in one.profiles:
        allowed = np.maximum(allowed, ground.time.steps(profile.power_kw))
    return np.minimum(rating, ground.time.largest(allowed))


def _break(code: BreakCode, where: str, amount: float, limit: float, message: str, start: datetime | None) -> Break:
    return Break(code=code, where=where, start=start, amount=amount, limit=limit, message=message)
