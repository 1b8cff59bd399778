"""Events as they come: running already, reaching beyond the plan, paid by halves, and asked of simple rules as well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from models.domain.errors import InvalidScenario
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.session import Session
from models.domain.signal import Cap, Direction, Event, Freeze, PriceEvent, Rebound
from models.domain.site import BaseLoad, Evse, GridNode, NodeKind, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Step
from optimizer.audit import audit
from optimizer.counting import credited_in_vain
from optimizer.explain import reasons
from optimizer.failsafe import fail_safe_shares
from optimizer.fallback import carried_over, fail_safe_plan
from optimizer.goals import GoalSolver
from optimizer.heuristics import heuristic
from optimizer.optimize import formulate, optimize
from optimizer.response.lifting import without
from optimizer.response.opt_in import opt_in
from optimizer.settings import Settings
from optimizer.worth import worths

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def site(*, evses: int = 1, base_kw: float = 2.0) -> Site:
    return Site(
        id="yard",
        nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION, continuous_factor=1.0),),
        evses=tuple(Evse(id=f"e{k}", node="grid", max_power_kw=10.0) for k in range(evses)),
        base_loads=(BaseLoad(node="grid", expected_kw=base_kw),),
        tiers=(Tier(id="all", value_of_target_per_kwh=2.0),),
    )


def yard(*signals: Any, energy_kwh: float = 10.0, hours: int = 3, minutes: float = 60.0, **more: Any) -> Scenario:
    """One car until three o'clock; energy is cheap until one o'clock."""
    prices = PriceSeries(steps=(Step(start=NOON, value=0.1), Step(start=at(1), value=0.2)), end=at(40))
    car = Session(id="car", evse="e0", arrival=NOON, departure=at(3), energy_target_kwh=energy_kwh, **more)
    return Scenario(
        site=site(),
        sessions=(car,),
        tariff=Tariff(currency="EUR", import_price=prices),
        signals=signals,
        horizon=Horizon(start=NOON, stretches=(Stretch(count=hours, minutes=minutes),)),
    )


def event(**changes: Any) -> Event:
    """8 kW less than 10 are paid with 0.3 in the cheap hour; two settlement intervals."""
    usual = Event(
        id="dr",
        start=NOON,
        end=at(1),
        direction=Direction.REDUCE,
        baseline_kw=10.0,
        committed_kw=5.0,
        accepted_kw=8.0,
        payment_per_kwh=0.3,
        settlement_min=30.0,
    )
    return replace(usual, **changes)


def audited(scenario: Scenario) -> Schedule:
    plan = optimize(scenario)
    assert audit(scenario, plan).passed, audit(scenario, plan).breaks
    return plan


def test_an_event_that_asks_nothing_leaves_no_trace_in_the_program() -> None:
    quiet = formulate(without(yard(event()), {"dr"})).program

    assert not [name for name in quiet.columns if name.startswith("event")]
    assert not [name for name in formulate(yard()).program.columns if name in ("metered_load", "event_delivered")]


def test_settlement_intervals_split_the_periods_of_the_first_day() -> None:
    plan = audited(yard(event()))

    assert plan.instants_s.tolist() == [at(h).timestamp() for h in (0.0, 0.5, 1.0, 2.0, 3.0)]


def test_what_the_meter_has_counted_of_a_running_interval_counts() -> None:
    """Begun half an hour ago, 4 kWh of the hour's 10 metered; 1 kWh of building follows: 10 - 5 = 5 kW delivered."""
    running = event(start=at(-0.5), end=at(0.5), settlement_min=60.0, metered_kwh=4.0)

    (told,) = audited(yard(running)).events

    assert told.load_kw == pytest.approx([5.0])
    assert told.delivered_kw == pytest.approx([5.0])
    assert told.payment == pytest.approx([1.5])


def test_of_a_running_interval_whose_meter_nobody_read_the_rest_counts() -> None:
    (told,) = audited(yard(event(start=at(-0.5), end=at(0.5), settlement_min=60.0))).events

    assert (told.ends_s - told.starts_s).tolist() == [1800.0]
    assert told.delivered_kw == pytest.approx([8.0])


def test_intervals_that_are_over_and_those_after_the_plan_are_not_planned() -> None:
    long = event(start=at(-1), end=at(4), committed_kw=0.0)

    (told,) = audited(yard(long, hours=3)).events

    assert (told.starts_s[0], told.ends_s[-1]) == (NOON.timestamp(), at(3).timestamp())


def test_a_far_period_counts_with_the_part_that_lies_in_the_interval() -> None:
    """The second day is not split: an hour of a period of four has its mean load."""
    far = event(start=at(25), end=at(26), settlement_min=60.0, baseline_kw=6.0, committed_kw=0.0)
    scenario = yard(far, hours=7, minutes=240.0)

    (told,) = audited(replace(scenario, sessions=())).events

    assert told.load_kw == pytest.approx([2.0])
    assert told.delivered_kw == pytest.approx([4.0])


def shared_among_two() -> Scenario:
    """9 kWh in two free hours against a baseline of 8 kW: a straight line would pay for a part of an hour."""
    asked = event(end=at(2), baseline_kw=8.0, committed_kw=6.0, accepted_kw=None, payment_per_kwh=1.0)
    scenario = yard(replace(asked, settlement_min=60.0, pays_from_share=0.5), energy_kwh=9.0, hours=2)
    car = replace(scenario.sessions[0], departure=at(2))
    return replace(scenario, sessions=(car,), tariff=Tariff(currency="EUR", import_price=0.0))


def test_a_column_between_0_and_1_would_be_paid_for_more_than_is_delivered() -> None:
    """6.6 in the relaxed program; 6.0 in the plan, with whole numbers and duals."""
    solver = GoalSolver(formulate(shared_among_two()).instance, Settings(preferences=False))
    relaxed, answer = solver._promised(formulate(shared_among_two()).program)

    assert answer.objective == pytest.approx(-6.6)
    assert credited_in_vain(relaxed, solver.instance, answer.values)

    plan = audited(shared_among_two())
    assert plan.objective == pytest.approx(-6.0)
    assert sorted(plan.events[0].delivered_kw.tolist()) == pytest.approx([0.0, 6.0])
    assert "event_delivery" in plan.duals


def test_whether_intervals_count_is_settled_before_manners_choose() -> None:
    solved = GoalSolver(formulate(shared_among_two()).instance, Settings()).solve()

    counts = solved.money_program.columns["event_counts"]
    assert set(solved.money_program.col_lower[counts.slice].tolist()) == {0.0, 1.0}
    assert solved.money_program.col_lower[counts.slice] == pytest.approx(solved.money_program.col_upper[counts.slice])


def test_a_penalty_alone_is_avoided_where_that_is_cheaper() -> None:
    """Moving 5 kWh out of the cheap hour costs 0.1 each; a missing kWh costs 0.3."""
    plan = audited(yard(event(payment_per_kwh=0.0, penalty_per_kwh=0.3, accepted_kw=5.0)))

    assert plan.costs["event_penalty"] == pytest.approx(0.0)
    assert plan.events[0].delivered_kw == pytest.approx([5.0, 5.0])


def test_an_event_at_the_meter_of_one_evse_does_not_see_the_building() -> None:
    plan = audited(yard(event(evses=("e0",), baseline_kw=8.0)))

    assert plan.events[0].load_kw == pytest.approx([0.0, 0.0])
    assert plan.events[0].delivered_kw == pytest.approx([8.0, 8.0])


def test_a_plan_that_delivers_less_than_the_share_is_paid_nothing_whatever_made_it() -> None:
    """12 kW against a baseline of 13 are 1 kW, less than half of 8."""
    scenario = yard(event(baseline_kw=13.0, committed_kw=8.0, pays_from_share=0.5))

    plan = heuristic(scenario, Method.EQUAL_SHARE)

    assert plan.events[0].load_kw == pytest.approx([12.0, 12.0])
    assert plan.events[0].delivered_kw.tolist() == [0.0, 0.0]
    assert plan.costs["event_payment"] == 0.0
    assert audit(scenario, plan).passed


@pytest.mark.parametrize(
    "method",
    [Method.EQUAL_SHARE, Method.EARLIEST_DEADLINE_FIRST, Method.LEAST_LAXITY_FIRST, Method.ROUND_ROBIN],
)
def test_simple_rules_keep_the_limit_after_an_event(method: Method) -> None:
    """2 kW of building under 5 leave 3 for the car."""
    scenario = yard(event(end=at(0.5), rebound=Rebound(hours=0.5, limit_kw=5.0)))

    plan = heuristic(scenario, method)

    assert plan.grid_import_kw[1] == pytest.approx(5.0, abs=1e-6)
    assert audit(scenario, plan).passed


def test_plans_that_stand_in_keep_the_limit_after_an_event_too() -> None:
    free, asked = yard(event(rebound=None)), yard(event(end=at(0.5), rebound=Rebound(hours=0.5, limit_kw=5.0)))
    before = optimize(replace(free, signals=()))

    for plan in (carried_over(asked, before), fail_safe_plan(asked, fail_safe_shares(asked))):
        assert audit(asked, plan).passed
        assert plan.grid_import_kw[1] <= 5.0 + 1e-6


def test_a_limit_after_an_event_below_the_building_leaves_the_car_nothing_but_gives_a_plan() -> None:
    plan = audited(yard(event(rebound=Rebound(limit_kw=1.0))))

    assert plan.grid_import_kw[2] == pytest.approx(2.0)


def test_a_rebound_is_measured_by_the_plan_without_the_event() -> None:
    """Without it 2 kW are drawn from 13:00 to 14:00; 3 more are allowed: 5. The solves of both plans are counted."""
    scenario = yard(event(rebound=Rebound(above_reference_kw=3.0)))

    plan = audited(scenario)

    assert plan.grid_import_kw == pytest.approx([2.0, 2.0, 5.0, 9.0], abs=1e-6)
    assert plan.events[0].reference_kw == pytest.approx([12.0, 12.0, 2.0, 2.0])
    assert plan.statistics.solves > optimize(yard(event())).statistics.solves
    assert any("planned without the event" in told.source for told in plan.assumptions)


def test_a_reference_that_is_told_needs_no_other_plan() -> None:
    told = event(rebound=Rebound(above_reference_kw=3.0), reference_kw=2.0)

    plan = audited(yard(told))

    assert plan.grid_import_kw[2] == pytest.approx(5.0)
    assert not any("planned without the event" in one.source for one in plan.assumptions)


def test_who_waits_for_an_event_is_told_and_who_waits_until_one() -> None:
    reduced, turned_up = yard(event()), yard(
        event(start=at(2), end=at(3), direction=Direction.TURN_UP, baseline_kw=2.0, payment_per_kwh=0.2)
    )  # fmt: skip

    (waits,) = reasons(reduced, optimize(reduced))
    (until,) = reasons(turned_up, optimize(turned_up))

    assert (waits.cause, until.cause) == ("dr", "dr")
    assert waits.message == "waits for dr from 12:00 to 13:00: 10.0 kWh later, done by 14:00 instead of 13:00"
    assert until.message == "waits until dr from 14:00 to 15:00: 8.0 kWh later"


def test_who_waits_for_a_price_is_told() -> None:
    dear = PriceEvent(id="peak", start=NOON, end=at(1), import_price=0.9)

    (waits,) = reasons(yard(dear), optimize(yard(dear)))

    assert waits.cause == "peak"


def test_taking_part_is_better_where_the_payment_is_more_than_it_costs() -> None:
    """2.40 are paid, 10 kWh cost 0.1 more each: 1.40 remain."""
    found = opt_in(yard(event()), "dr")

    assert found.better
    assert found.gain == pytest.approx(1.4)
    assert found.elsewhere == pytest.approx(1.0)
    assert [reason.session_id for reason in found.waiting] == ["car"]


def test_staying_out_is_better_where_only_penalties_are_to_be_had() -> None:
    """A baseline of 1 kW lies below the building: 5 kWh short at 0.1."""
    found = opt_in(yard(event(baseline_kw=1.0, penalty_per_kwh=0.1)), "dr")

    assert not found.better
    assert found.gain == pytest.approx(-0.5)


def test_no_promise_is_broken_for_an_event_however_much_it_pays() -> None:
    """15 kWh are promised until 15:00; 5 kW after the event until 15:00 leave the car 6, so most comes before."""
    scenario = yard(
        event(end=at(0.5), payment_per_kwh=9.0, rebound=Rebound(hours=2.5, limit_kw=5.0)), energy_kwh=15.0,
        energy_minimum_kwh=15.0,
    )  # fmt: skip

    found = opt_in(scenario, "dr")

    assert found.broken_kwh == pytest.approx(15.0 - 5.0 - 7.5, abs=1e-4)
    assert not found.better


def test_other_signals_stay_when_an_event_is_weighed() -> None:
    cap = Cap(id="cap", start=NOON, end=at(3), import_limit_kw=7.0)

    found = opt_in(yard(event(), cap), "dr")

    assert found.staying_out.grid_import_kw.max() <= 7.0 + 1e-6


def test_an_event_that_is_not_there_is_a_finding_with_those_that_are() -> None:
    with pytest.raises(InvalidScenario) as refused:
        opt_in(yard(event()), "another")

    (finding,) = refused.value.findings
    assert finding.message == "there is no event another"
    assert finding.remedy == "write one of dr"


def test_what_events_earn_is_a_part_of_what_a_site_earns() -> None:
    (part,) = worths(yard(event())).parts

    assert (part.part, part.gain) == ("events", pytest.approx(1.4))


def test_frozen_hours_are_paid_for_where_that_is_cheaper_than_to_keep_them() -> None:
    """As in the case, but a kWh ahead of time costs 0.04 and 0.1 more for energy, less than the 0.15 that it earns."""
    freeze = Freeze(start=NOON, end=at(1), price_per_kwh=0.04)
    asked = event(start=at(1), end=at(2), baseline_kw=5.0, payment_per_kwh=0.15, settlement_min=60.0, freeze=freeze)
    steps = (Step(start=NOON, value=0.2), Step(start=at(1), value=0.1), Step(start=at(2), value=0.3))
    prices = PriceSeries(steps=steps, end=at(40))
    scenario = yard(asked, energy_kwh=5.0)
    scenario = replace(scenario, site=site(base_kw=0.0), tariff=Tariff(currency="EUR", import_price=prices))

    plan = audited(scenario)

    assert plan.costs["freeze_deviation"] == pytest.approx(0.2)
    assert plan.costs["event_payment"] == pytest.approx(-0.75)
    np.testing.assert_allclose(plan.grid_import_kw, [5.0, 0.0, 0.0], atol=1e-6)
