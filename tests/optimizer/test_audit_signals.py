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


def of_event(**changes: Any) -> Spoil:
    return lambda plan: replace(plan, events=(replace(plan.events[0], **changes),))


HALVES = np.array([8.0, 8.0])


@pytest.mark.parametrize(
    "spoil",
    [
        of_event(committed_kw=HALVES),
        of_event(baseline_kw=HALVES),
        of_event(load_kw=HALVES),
        of_event(delivered_kw=np.array([8.0, 7.0])),
        of_event(shortfall_kw=np.array([0.0, 1.0])),
        of_event(payment=np.array([1.2, 1.3])),
        of_event(penalty=np.array([0.1, 0.0])),
        of_event(after_cost=0.5),
        of_event(starts_s=np.array([0.0, 1800.0])),
        of_event(event_id="another"),
        lambda plan: replace(plan, events=()),
    ],
    ids=[
        "another commitment",
        "another baseline",
        "another load",
        "less delivered than the load says",
        "a shortfall without one",
        "more payment than what is delivered earns",
        "a penalty without a shortfall",
        "something that costs afterwards",
        "other intervals",
        "another name",
        "nothing",
    ],
)
def test_a_plan_that_says_something_else_of_an_event_is_found(spoil: Spoil) -> None:
    assert "dr" in breaks("event-reduce", spoil)[BreakCode.EVENT_PLAN]


def test_a_car_that_charges_in_an_event_delivers_less_than_the_plan_says() -> None:
    found = breaks("event-reduce", lambda plan: charged(plan, 1.0, 0))

    assert "dr" in found[BreakCode.EVENT_PLAN]


def test_more_load_after_an_event_than_it_allows_is_found() -> None:
    assert breaks("event-reduce", lambda plan: charged(plan, 0.5, 2))[BreakCode.REBOUND] == {"dr"}


def test_an_interval_below_its_share_that_is_paid_is_found() -> None:
    """2.9 of 6 kW are less than half."""

    def spoil(plan: Schedule) -> Schedule:
        (event,) = plan.events
        paid = event.delivered_kw == 0.0
        return replace(plan, events=(replace(event, delivered_kw=np.where(paid, 2.9, event.delivered_kw)),))

    assert breaks("event-left-out", spoil)[BreakCode.EVENT_PLAN] == {"dr"}


@pytest.mark.parametrize("component", ["event_payment", "event_penalty", "rebound_excess", "freeze_deviation"])
def test_money_of_an_event_that_nobody_earns_or_pays_is_found(component: str) -> None:
    def spoil(plan: Schedule) -> Schedule:
        return replace(plan, costs={**plan.costs, component: plan.costs[component] - 0.5})

    assert component in breaks("event-frozen-hours", spoil)[BreakCode.COST]


def test_frozen_hours_that_are_not_kept_cost_what_they_say() -> None:
    found = breaks("event-frozen-hours", lambda plan: charged(plan, 1.0, 0))

    assert "freeze_deviation" in found[BreakCode.COST]


def of_dispatch(**changes: Any) -> Spoil:
    return lambda plan: replace(plan, dispatch=(replace(plan.dispatch[0], **changes),))


@pytest.mark.parametrize(
    "spoil",
    [
        of_dispatch(setpoint_kw=np.array([0.0, 6.0])),
        of_dispatch(load_kw=np.array([-1.0, 5.0])),
        of_dispatch(cost=1.0),
        of_dispatch(first_period=1),
        of_dispatch(signal_id="another"),
        lambda plan: replace(plan, dispatch=()),
    ],
    ids=["another setpoint", "another load", "another cost", "another time", "another name", "nothing"],
)
def test_a_plan_that_says_something_else_of_a_setpoint_is_found(spoil: Spoil) -> None:
    assert "set" in breaks("dispatch", spoil)[BreakCode.EVENT_PLAN]


def test_an_array_of_an_event_that_is_too_short_is_no_plan() -> None:
    found = breaks("event-reduce", of_event(payment=np.array([1.2])))

    assert found == {BreakCode.ARRAYS: {"dr payment"}}
