"""Wrong plans for each rule about what utilities ask: the audit finds them, and says where."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.wire import read_scenario
from optimizer.audit import BreakCode, audit
from optimizer.optimize import optimize

CASES = Path(__file__).parents[1] / "cases"

Spoil = Callable[[Schedule], Schedule]


@cache
def planned(case: str) -> tuple[Scenario, Schedule]:
    scenario = read_scenario((CASES / case / "scenario.json").read_bytes())
    return scenario, optimize(scenario)


def breaks(case: str, spoil: Spoil) -> dict[str, set[str]]:
    """What the audit says of a spoilt plan: places by code."""
    scenario, plan = planned(case)
    found: dict[str, set[str]] = {}
    for rule in audit(scenario, spoil(plan)).breaks:
        found.setdefault(rule.code, set()).add(rule.where)
    return found


def charged(plan: Schedule, more_kw: float, period: int) -> Schedule:
    """Every car draws more in one period."""
    sessions = [replace(s, charge_power_kw=_plus(s.charge_power_kw, period, more_kw)) for s in plan.sessions]
    return replace(plan, sessions=tuple(sessions))


def _plus(values: Any, at: int, more: float) -> Any:
    changed = np.array(values, dtype=float)
    changed[at] += more
    return changed


def of_group(**changes: Any) -> Spoil:
    return lambda plan: replace(plan, groups=(replace(plan.groups[0], **changes),))


def test_a_group_that_draws_more_than_its_cap_is_found() -> None:
    found = breaks("capped-group", lambda plan: charged(plan, 0.5, 0))

    assert "dimmed" in found[BreakCode.GROUP_LIMIT]


@pytest.mark.parametrize(
    "spoil",
    [
        of_group(drawn_kw=np.array([7.0, 10.44])),
        of_group(limit_kw=np.array([7.56, 7.56])),
        of_group(cap_id="another"),
        lambda plan: replace(plan, groups=()),
    ],
    ids=["another power", "another limit", "another name", "nothing"],
)
def test_a_plan_that_says_something_else_of_a_group_is_found(spoil: Spoil) -> None:
    assert "dimmed" in breaks("capped-group", spoil)[BreakCode.GROUP_LIMIT]


def test_a_battery_that_feeds_in_beyond_a_cap_on_export_is_found() -> None:
    def spoil(plan: Schedule) -> Schedule:
        return replace(plan, storage=(replace(plan.storage[0], discharge_power_kw=np.array([3.0, 5.0])),))

    assert breaks("export-cap", spoil)[BreakCode.EXPORT_LIMIT] == {"grid"}


@pytest.mark.parametrize("amount", [2.2, 3.3], ids=["as if the tariff held", "as if the event held on"])
def test_energy_at_another_price_than_that_of_the_event_is_found(amount: float) -> None:
    found = breaks("price-event", lambda plan: replace(plan, costs={**plan.costs, "energy_import": amount}))

    assert found[BreakCode.COST] == {"energy_import"}
