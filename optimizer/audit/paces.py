"""Equation (20), worked out anew: what sessions are behind the guarantees of their site, its price, and who is told."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.domain.guarantees import Guarantees, PowerRule
from models.domain.session import ChargingPreference
from models.domain.site import CurrentType
from models.domain.states import is_followed
from models.domain.units import hours_from_minutes, hours_from_seconds
from optimizer.audit.case import Case
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.stay import Stay, at_evse

NEVI_DC_KW, NEVI_AC_KW = 150.0, 6.0
BEHIND_ALARM = "guarantee_missed"
NO_TIME_H = 1e-9
TOLD_KWH = 0.05
"""Behind by more, and somebody has to be told. [kWh]"""


@dataclass(frozen=True, slots=True)
class Behind:
    """How far one session is behind one guarantee at most."""

    stay: Stay
    hard: bool
    """Whether it is a guarantee, and not only what putting off has to save."""
    kwh: float
    price: float


def behind(case: Case) -> tuple[Behind, ...]:
    """Of every session and guarantee."""
    site = case.scenario.site
    if site.guarantees is None and all(evse.power_floor_kw is None for evse in site.evses):
        return ()
    rules = site.guarantees or Guarantees()
    stays = [stay for stay in case.stays if len(stay.power_kw) and not is_followed(stay.session, stay.evse)]
    return tuple(found for stay in stays for found in _of_stay(case, stay, rules))


def pace_costs(case: Case) -> dict[str, float]:
    """(20) price times what is behind; nothing where nothing is guaranteed."""
    found = behind(case)
    return {"behind": sum(one.price * one.kwh for one in found)} if found else {}


def pace_breaks(case: Case) -> Iterator[Break]:
    """Who is behind a guarantee is named in an alarm."""
    told = [alarm.message for alarm in case.schedule.alarms if alarm.code == BEHIND_ALARM]
    for one in behind(case):
        begins = f"session {one.stay.session.id}: "
        if one.hard and one.kwh > TOLD_KWH and not any(message.startswith(begins) for message in told):
            message = f"{one.kwh:.3f} kWh behind what the site guarantees, and no alarm says so"
            where = one.stay.session.id
            yield Break(code=BreakCode.ALARM_MISSING, where=where, amount=one.kwh, limit=0.0, message=message)


def _of_stay(case: Case, stay: Stay, rules: Guarantees) -> Iterator[Behind]:
    value = stay.tier.value_of_target_per_kwh if stay.tier is not None else None
    price = (value or 0.0) if rules.price_per_kwh is None else rules.price_per_kwh
    cheap = stay.session.charging_preference is ChargingPreference.CHEAP
    floor_kw = 0.0 if cheap or stay.session.accepts_less else _floor_kw(stay, rules)
    first_kwh = rules.first_kwh - at_evse(stay.session, stay.evse, stay.session.delivered_kwh)
    paces = [(True, min(floor_kw, stay.max_power_kw), stay.remaining_kwh, price)]
    paces.append((True, stay.max_power_kw, min(first_kwh, stay.remaining_kwh), price))
    if rules.defer_gain_per_kwh is not None and stay.max_power_kw > 0.0 and not cheap:
        waits = _room_h(case, stay) >= hours_from_minutes(rules.defer_room_minutes) - NO_TIME_H
        paces.append((not waits, stay.max_power_kw, stay.remaining_kwh, rules.defer_gain_per_kwh if waits else price))
    for hard, rate_kw, up_to_kwh, at in paces:
        if rate_kw > 0.0 and up_to_kwh > 1e-9:
            due = np.minimum(up_to_kwh, rate_kw * np.cumsum(stay.overlap_h))
            lack = due - np.cumsum(stay.overlap_h * stay.power_kw)
            yield Behind(stay, hard, max(0.0, float(lack.max())), at)


def _floor_kw(stay: Stay, rules: Guarantees) -> float:
    if stay.evse.power_floor_kw is not None:
        return stay.evse.power_floor_kw
    nevi = NEVI_DC_KW if stay.evse.current is CurrentType.DC else NEVI_AC_KW
    return nevi if rules.power_rule is PowerRule.NEVI else 0.0


def _room_h(case: Case, stay: Stay) -> float:
    """Time beyond what full power needs."""
    arrival_s, departure_s = stay.visit.arrival_s, stay.visit.departure_s
    left_h = hours_from_seconds(departure_s - max(arrival_s, float(case.schedule.instants_s[0])))
    return left_h - stay.remaining_kwh / stay.max_power_kw
