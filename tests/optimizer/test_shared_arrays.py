"""What several plans of one answer share: made once, of the same value alone, and never changed by a plan."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from models.domain.made_once import each_made_once
from models.domain.schedule import Method
from optimizer.completing import complete
from optimizer.failsafe import fail_safe_shares
from optimizer.fallback import fail_safe_plan
from optimizer.giving.room import own_limits
from optimizer.giving.table import table_of
from optimizer.heuristics import heuristic
from optimizer.instance import instance_of
from optimizer.optimize import optimize
from tests.strategies import random_scenario


def arrays(thing: Any) -> list[bytes]:
    """Of a value and all that is inside it."""
    if isinstance(thing, np.ndarray):
        return [thing.tobytes()]
    if isinstance(thing, tuple | list):
        return [one for item in thing for one in arrays(item)]
    if is_dataclass(thing) and type(thing).__module__.startswith("optimizer"):
        return [one for field in fields(thing) for one in arrays(getattr(thing, field.name))]
    return []


@pytest.mark.parametrize("seed", range(8))
def test_plans_leave_what_they_share_as_it_was(seed: int) -> None:
    scenario = random_scenario(seed)
    with each_made_once():
        completed = complete(scenario).scenario
        instance = instance_of(completed)
        shared = [instance, own_limits(instance), table_of(instance)]
        before = arrays(shared)
        heuristic(completed, Method.EARLIEST_DEADLINE_FIRST)
        fail_safe_plan(completed, fail_safe_shares(completed))
        optimize(completed)
        assert arrays(shared) == before


def test_a_plan_is_the_same_with_shared_arrays() -> None:
    scenario = random_scenario(3)
    alone = heuristic(scenario, Method.EQUAL_SHARE)
    with each_made_once():
        heuristic(scenario, Method.UNCONTROLLED)
        shared = heuristic(scenario, Method.EQUAL_SHARE)
    assert arrays(list(replace(alone).sessions)) == arrays(list(shared.sessions))
    assert [plan.charge_power_kw.tobytes() for plan in alone.sessions] == [
        plan.charge_power_kw.tobytes() for plan in shared.sessions
    ]
