"""Small limits for EVSEs that are not controlled, as profiles; ``optimizer.rolling.trying`` says who gets one."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from models.ocpp.bundle import bundle
from models.ocpp.manner import Manner
from models.ocpp.profile import EvseProfile
from optimizer.rolling.trying import Trial

Shares = dict[str, float]
"""By EVSE. [kW at evse]"""


def on_trial_profiles(
    scenario: Scenario, schedule: Schedule, trials: tuple[Trial, ...], now: datetime, manner: Manner
) -> tuple[EvseProfile, ...]:
    """A plan for each that has a car which the schedule knows, a default for the others."""
    reached, plans, limits_kw = _reached(scenario, schedule, trials)
    idle = limits_kw.keys() - {plan.evse_id for plan in plans.sessions}
    everybody = dict.fromkeys((evse.id for evse in scenario.site.evses), 0.0) | limits_kw
    found = bundle(reached, plans, now=now, fail_safe_kw=everybody, manner=manner).profiles
    return tuple(one for one in found if one.evse_id in (idle if one.session_id is None else limits_kw))


def _reached(scenario: Scenario, schedule: Schedule, trials: tuple[Trial, ...]) -> tuple[Scenario, Schedule, Shares]:
    """A scenario in which these EVSEs can be reached, their limits as plans, and as shares."""
    by_evse = {one.record.id: one for one in trials}
    sessions = tuple(session for session in scenario.sessions if session.evse in by_evse)
    plans = tuple(_limited(plan, by_evse[plan.evse_id]) for plan in schedule.sessions if plan.evse_id in by_evse)
    installed = tuple(one for one in scenario.installed if one.evse not in by_evse)
    reached = replace(scenario, sessions=sessions, installed=installed)
    limits_kw = {evse: one.limit_kw for evse, one in by_evse.items()}
    return reached, replace(schedule, sessions=plans), limits_kw


def _limited(plan: SessionPlan, one: Trial) -> SessionPlan:
    power_kw = np.full_like(plan.charge_power_kw, one.of_its_car_kw)
    return replace(plan, charge_power_kw=power_kw, offered_power_kw=None)
