"""Defaults of EVSEs whose car is planned to have less than the share: held down to the plan while it lasts.

A car that leaves early ends its plan with its transaction, and who plugs in next follows the default. Limits counted
the plan, so the default must not give more before plans end.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from models.ocpp.limits import POWER_TOLERANCE_KW, fail_safe_power_kw
from models.ocpp.selection import selected

HeldBack = Mapping[str, SessionPlan]
"""By EVSE id: the lower of plan and share, on all phases of the EVSE."""


def held_back(
    scenario: Scenario, schedule: Schedule, now: datetime, until: datetime | None, fail_safe_kw: Mapping[str, float]
) -> HeldBack:
    """EVSEs of a site with a fail-safe whose plan is below their share at some time from ``now`` to ``until``."""
    if scenario.site.fail_safe is None:
        return {}
    plans = {plan.session_id: plan for plan in schedule.sessions}
    evses = {evse.id: evse for evse in scenario.site.evses}
    found = {}
    for session in selected(scenario, schedule, now)[0]:
        part = fail_safe_power_kw(1.0, scenario.site, evses[session.evse], session.vehicle)
        share_kw, plan = fail_safe_kw[session.evse], plans[session.id]
        lower_kw = np.minimum(plan.limit_kw / part, share_kw)
        counts = _between(schedule, plan, now, until)
        if (lower_kw[counts] < share_kw - POWER_TOLERANCE_KW).any():
            nothing = np.zeros_like(lower_kw)
            found[session.evse] = replace(
                plan, charge_power_kw=lower_kw, offered_power_kw=None, discharge_power_kw=nothing
            )
    return found


def _between(schedule: Schedule, plan: SessionPlan, now: datetime, until: datetime | None) -> slice:
    """Places of a plan's setpoints that hold at some time between two instants."""
    starts_s = schedule.instants_s[plan.first_period : plan.first_period + len(plan.charge_power_kw)]
    first = max(0, int(np.searchsorted(starts_s, now.timestamp(), side="right")) - 1)
    last = len(starts_s) if until is None else int(np.searchsorted(starts_s, until.timestamp(), side="left"))
    return slice(first, last)
