"""A plan as what the next one is told of it."""

from dataclasses import replace

import numpy as np

from models.domain.before import PlannedBefore
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from models.domain.value import Step


def with_previous(scenario: Scenario, plan: Schedule | None) -> Scenario:
    """The scenario with a plan as the one before; without a plan, the scenario as it is."""
    return scenario if plan is None else replace(scenario, previous=planned_before(plan))


def planned_before(plan: Schedule) -> tuple[PlannedBefore, ...]:
    """Setpoints of all its sessions, a step wherever one changes."""
    return tuple(_of_session(plan, one) for one in plan.sessions if len(one.charge_power_kw))


def _of_session(plan: Schedule, one: SessionPlan) -> PlannedBefore:
    power_kw, first = one.charge_power_kw, one.first_period
    changes = np.flatnonzero(np.append(True, np.diff(power_kw) != 0.0))
    steps = tuple(Step(start=plan.instant(first + int(k)), value=float(power_kw[k])) for k in changes)
    return PlannedBefore(session=one.session_id, charge_power_kw=steps, end=plan.instant(first + len(power_kw)))
