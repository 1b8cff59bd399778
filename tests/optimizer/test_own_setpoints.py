"""Setpoints of somebody else become a schedule: counted anew, billed as any plan, judged by the audit."""

import pytest

from models import samples
from models.domain.schedule import Method
from optimizer.audit import audit
from optimizer.heuristics import heuristic
from optimizer.optimize import formulate
from optimizer.own_setpoints import schedule_of_setpoints

SCENARIO = samples.load("apartment-block")


def test_the_setpoints_of_a_known_plan_make_its_bill_again() -> None:
    plan = heuristic(SCENARIO, Method.LEAST_LAXITY_FIRST)
    powers = [float(kw) for session in plan.sessions for kw in session.charge_power_kw]
    told = schedule_of_setpoints(formulate(SCENARIO), powers, Method.LEAST_LAXITY_FIRST)
    assert told.cost == pytest.approx(plan.cost)
    assert [one.energy_kwh for one in told.sessions] == pytest.approx([one.energy_kwh for one in plan.sessions])


def test_setpoints_that_break_a_limit_are_counted_and_then_refused_by_the_audit() -> None:
    formulated = formulate(SCENARIO)
    instance = formulated.instance
    at_once = instance.sessions.max_power_kw[instance.cells.session]
    assert not audit(SCENARIO, schedule_of_setpoints(formulated, at_once.tolist())).passed


def test_as_many_setpoints_are_needed_as_there_are_elements() -> None:
    with pytest.raises(ValueError, match="3 powers were given for"):
        schedule_of_setpoints(formulate(SCENARIO), [1.0, 2.0, 3.0])
