"""What a plan that was made knowing little would really have given: each car stops at its true need and departure."""

from dataclasses import dataclass, replace

import numpy as np

from models.domain.electrical import conversion_efficiency
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule, SessionPlan
from models.domain.session import Session
from models.domain.site import Evse
from models.domain.units import SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindsight:
    """What happened, against what was needed."""

    energy_kwh: float
    """Measured at evse. [kWh]"""
    needed_kwh: float
    load_kw: Floats
    """Of all charging, at grid, mean of each of the plan's periods. [kW]"""
    sessions_short: int
    """Sessions that left with less than they needed."""


SHORT_KWH = 0.05
"""A smaller lack is not counted; no meter of a car shows it. [kWh]"""


def knowing_nothing(scenario: Scenario) -> Scenario:
    """The same arrivals, with departures and needs forgotten: what remains are the site's defaults."""
    return replace(scenario, sessions=tuple(map(_forgotten, scenario.sessions)))


def _forgotten(session: Session) -> Session:
    return replace(session, departure=None, energy_target_kwh=None, energy_minimum_kwh=0.0)


def in_hindsight(truth: Scenario, schedule: Schedule) -> Hindsight:
    """Follow ``schedule`` with the cars of ``truth``, whose departures and needs (at evse) must all be known.

    A car takes what it is offered until its true need is met or it leaves; it gets nothing beyond the plan.
    """
    evses = {evse.id: evse for evse in truth.site.evses}
    plans = {plan.session_id: plan for plan in schedule.sessions}
    taken = {s.id: _taken_kwh(s, plans[s.id], schedule) for s in truth.sessions if s.id in plans}
    load_kw = np.zeros(schedule.period_count)
    for session in truth.sessions:
        if session.id in taken:
            load_kw += _grid_kwh(taken[session.id], evses[session.evse]) / schedule.period_h
    lacks = [_needed_kwh(s) - float(taken[s.id].sum() if s.id in taken else 0.0) for s in truth.sessions]
    needed_kwh = sum(map(_needed_kwh, truth.sessions))
    return Hindsight(
        energy_kwh=needed_kwh - sum(lacks),
        needed_kwh=needed_kwh,
        load_kw=load_kw,
        sessions_short=sum(lack > SHORT_KWH for lack in lacks),
    )


def _needed_kwh(session: Session) -> float:
    assert session.energy_target_kwh is not None, "the truth is known"
    return max(0.0, session.energy_target_kwh - session.delivered_kwh)


def _taken_kwh(session: Session, plan: SessionPlan, schedule: Schedule) -> Floats:
    """Energy of each period (T,). [kWh at evse]"""
    assert session.departure is not None, "the truth is known"
    stay_s = np.clip(schedule.instants_s, session.arrival.timestamp(), session.departure.timestamp())
    there_h = np.diff(stay_s) / SECONDS_PER_HOUR
    power_kw = np.zeros(schedule.period_count)
    power_kw[plan.first_period : plan.first_period + plan.charge_power_kw.size] = plan.charge_power_kw
    total_kwh = np.minimum(np.cumsum(power_kw * there_h), _needed_kwh(session))
    return np.diff(total_kwh, prepend=0.0)


def _grid_kwh(energy_kwh: Floats, evse: Evse) -> Floats:
    return energy_kwh / conversion_efficiency(evse)
