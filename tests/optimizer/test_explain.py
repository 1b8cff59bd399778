"""Why a car leaves with less, and who waits for whom: days that can be told in one sentence."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method
from models.domain.session import Session
from models.domain.signal import Cap
from models.domain.site import CurrentType, Evse, GridNode, MeasuringPoint, NodeKind, Phase, PowerCabinet, Site, Tier
from models.domain.tariff import DemandCharge, PriceSeries, Tariff
from models.domain.value import Step
from optimizer.explain import Reason, ReasonCode, reasons
from optimizer.explain.reason import NOTICEABLE_KWH
from optimizer.heuristics import heuristic
from optimizer.optimize import optimize
from tests.strategies import scenarios

EXAMPLES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "60"))
FOUR = datetime(2026, 3, 2, 16, tzinfo=UTC)
"""Five o'clock in Berlin, where the yard is."""


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def car(name: str, energy_kwh: float, *, stay_h: float = 4.0) -> Session:
    departure = FOUR + hours(stay_h)
    return Session(id=name, evse=f"bay-{name}", arrival=FOUR, departure=departure, energy_target_kwh=energy_kwh)


def yard(limit_kw: float | None, *cars: Session, price: float = 0.2, worth: float = 2.0) -> Scenario:
    """Four hours from 17:00 local time on, every car at a 10 kW outlet of its own."""
    site = Site(
        id="yard",
        nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=limit_kw, continuous_factor=1.0),),
        evses=tuple(Evse(id=session.evse, node="grid", max_power_kw=10.0) for session in cars),
        time_zone="Europe/Berlin",
        tiers=(Tier(id="guest", value_of_target_per_kwh=worth),),
    )
    horizon = Horizon(start=FOUR, stretches=(Stretch(count=4, minutes=60.0),))
    return Scenario(site=site, sessions=cars, tariff=Tariff(currency="EUR", import_price=price), horizon=horizon)


def with_evses(scenario: Scenario, **changes: object) -> Scenario:
    evses = tuple(replace(evse, **changes) for evse in scenario.site.evses)  # type: ignore[arg-type]  # fields of Evse
    return replace(scenario, site=replace(scenario.site, evses=evses))


def cap(name: str, begins_h: float, ends_h: float, limit_kw: float, source: str = "utility") -> Cap:
    return Cap(id=name, start=FOUR + hours(begins_h), end=FOUR + hours(ends_h), import_limit_kw=limit_kw, source=source)


def told(scenario: Scenario) -> tuple[Reason, ...]:
    return reasons(scenario, optimize(scenario))


def by_code(found: tuple[Reason, ...], code: ReasonCode) -> list[Reason]:
    return [reason for reason in found if reason.code is code]


def test_a_car_that_gets_all_it_wants_at_once_needs_no_explanation() -> None:
    assert told(yard(50.0, car("a", 20.0))) == ()


def test_a_stay_of_two_hours_gives_twenty_of_twenty_five_kwh() -> None:
    (reason,) = told(yard(50.0, car("a", 25.0, stay_h=2.0)))

    assert (reason.session_id, reason.code, reason.cause) == ("a", ReasonCode.STAY_TOO_SHORT, "stay")
    assert (reason.start, reason.end) == (FOUR, FOUR + hours(2))
    assert reason.kwh == pytest.approx(5.0)
    assert reason.message == "even full power from 17:00 to 19:00 gives only 20.0 kWh of 25.0 kWh"


def test_a_car_behind_a_small_fuse_leaves_with_eight_kwh_less() -> None:
    """6 kW for two hours are 12 of 20 kWh."""
    (reason,) = told(yard(6.0, car("a", 20.0, stay_h=2.0)))

    assert (reason.code, reason.cause) == (ReasonCode.LIMIT, "grid")
    assert reason.kwh == pytest.approx(8.0)
    assert (reason.start, reason.end) == (FOUR, FOUR + hours(2))
    assert reason.message == "leaves with 8.0 kWh less: grid is full from 17:00 to 19:00"


def test_two_cars_behind_one_fuse_miss_the_same() -> None:
    """12 kW for two hours are 24 of the 40 kWh that they want together."""
    found = told(yard(12.0, car("a", 20.0, stay_h=2.0), car("b", 20.0, stay_h=2.0)))

    assert [(reason.session_id, reason.code, reason.cause) for reason in found] == [
        ("a", ReasonCode.LIMIT, "grid"),
        ("b", ReasonCode.LIMIT, "grid"),
    ]
    assert [reason.kwh for reason in found] == pytest.approx([8.0, 8.0], abs=0.01)


def test_a_stay_and_a_fuse_each_have_their_part() -> None:
    """Wanted 25, full power gives 20, the fuse 8: 5 missing for the one reason, 12 for the other."""
    stay, fuse = told(yard(4.0, car("a", 25.0, stay_h=2.0)))

    assert (stay.code, stay.kwh) == (ReasonCode.STAY_TOO_SHORT, pytest.approx(5.0))
    assert (fuse.code, fuse.kwh) == (ReasonCode.LIMIT, pytest.approx(12.0))


def test_energy_dearer_than_the_target_is_not_worth_it() -> None:
    (reason,) = told(yard(50.0, car("a", 10.0, stay_h=2.0), price=0.3, worth=0.1))

    assert (reason.code, reason.cause) == (ReasonCode.NOT_WORTH_IT, "guest")
    assert reason.kwh == pytest.approx(10.0)
    assert reason.message == (
        "leaves with 10.0 kWh less: a kWh of its target counts 0.10 EUR, "
        "energy costs 0.30 EUR or more from 17:00 to 19:00"
    )


def test_where_only_dear_hours_have_room_the_missing_energy_is_not_worth_it() -> None:
    """4 kW in the cheap first hour, full; the second hour has room at 0.9, above what 6 kWh are worth."""
    prices = PriceSeries(steps=(Step(start=FOUR, value=0.1), Step(start=FOUR + hours(1), value=0.9)))
    scenario = yard(4.0, car("a", 10.0, stay_h=2.0), worth=0.5)
    (price, fuse) = told(replace(scenario, tariff=Tariff(currency="EUR", import_price=prices)))

    assert (price.code, price.kwh, price.start) == (ReasonCode.NOT_WORTH_IT, pytest.approx(4.0), FOUR + hours(1))
    assert (fuse.code, fuse.kwh) == (ReasonCode.LIMIT, pytest.approx(2.0))


def test_a_peak_that_costs_more_than_the_target_is_said() -> None:
    """5 kW for two hours would cost 5 x 500 a month, which a day of is 85: above the 20 that 10 kWh are worth."""
    charge = DemandCharge(id="demand", rate_per_kw=500.0, demand_interval_min=60.0)
    tariff = Tariff(currency="EUR", import_price=0.2, demand_charges=(charge,))
    (reason,) = told(replace(yard(50.0, car("a", 10.0, stay_h=2.0)), tariff=tariff))

    assert reason.code is ReasonCode.NOT_WORTH_IT
    assert reason.message.endswith("and more of it would raise a peak that is charged for")


def test_a_full_line_is_named_with_its_node() -> None:
    """Two cars on L1 of 20 A for an hour: 4.6 kWh of the 7.36 that they want together."""
    scenario = yard(None, car("a", 3.68, stay_h=1.0), car("b", 3.68, stay_h=1.0))
    node = GridNode(id="feeder", kind=NodeKind.CONNECTION, current_limit_a=20.0, continuous_factor=1.0)
    scenario = with_evses(
        replace(scenario, site=replace(scenario.site, nodes=(node,))),
        node="feeder",
        phases=(Phase.L1,),
        max_current_a=16.0,
    )

    found = told(scenario)

    assert [reason.cause for reason in found] == ["feeder", "feeder"]
    assert sum(reason.kwh for reason in found) == pytest.approx(7.36 - 4.6, abs=0.01)
    assert found[0].message == "leaves with 1.4 kWh less: L1 of feeder is full from 17:00 to 18:00"


def test_a_full_power_cabinet_is_named() -> None:
    scenario = with_evses(yard(None, car("a", 10.0, stay_h=1.0), car("b", 10.0, stay_h=1.0)), current=CurrentType.DC)
    cabinet = PowerCabinet(
        id="c", node="grid", evses=("bay-a", "bay-b"), total_kw=12.0, measured_at=MeasuringPoint.EVSE
    )

    found = told(replace(scenario, site=replace(scenario.site, cabinets=(cabinet,))))

    assert [(reason.cause, reason.kwh) for reason in found] == [("cabinet:c", pytest.approx(4.0, abs=0.01))] * 2
    assert found[0].message == "leaves with 4.0 kWh less: power cabinet c is full from 17:00 to 18:00"


def test_the_car_that_can_wait_waits_for_a_cap() -> None:
    """Both want 20 kWh in two hours. The cap leaves 10 kW for the second one: those of the car that leaves then."""
    scenario = yard(20.0, car("soon", 20.0, stay_h=2.0), car("late", 20.0))

    (reason,) = told(replace(scenario, signals=(cap("cap-17", 1, 2, 10.0),)))

    assert (reason.session_id, reason.code, reason.cause) == ("late", ReasonCode.SIGNAL, "cap-17")
    assert (reason.start, reason.end) == (FOUR + hours(1), FOUR + hours(2))
    assert reason.kwh == pytest.approx(10.0, abs=0.01)
    assert reason.message == (
        "waits for cap-17 (utility) from 18:00 to 19:00: 10.0 kWh later, done by 20:00 instead of 19:00"
    )


def test_cars_that_cannot_wait_leave_with_less() -> None:
    """Both leave at the end of the cap: 10 kWh are missing, half of them each."""
    scenario = yard(20.0, car("a", 20.0, stay_h=2.0), car("b", 20.0, stay_h=2.0))

    found = told(replace(scenario, signals=(cap("cap-17", 1, 2, 10.0, source=""),)))

    for limit, signal in (found[:2], found[2:]):
        assert limit.message == "leaves with 5.0 kWh less: cap-17 limits grid from 18:00 to 19:00"
        assert signal.message == "waits for cap-17 from 18:00 to 19:00: leaves with 5.0 kWh less"
        assert (limit.cause, signal.cause) == ("cap-17", "cap-17")
        assert signal.kwh == pytest.approx(5.0, abs=0.01)


def test_what_a_cap_puts_off_until_after_the_plan_is_said() -> None:
    """Energy is free, so it comes early: 40 kWh in four hours. The cap takes the last one, and the car stays for two
    hours more, at four fifths of whose full power 16 kWh may be left for later."""
    (reason,) = told(replace(yard(20.0, car("a", 40.0, stay_h=6.0), price=0.0), signals=(cap("cap-17", 3, 4, 0.0),)))

    assert reason.message == (
        "waits for cap-17 (utility) from 20:00 to 21:00: 10.0 kWh later, after the end of the plan"
    )


def test_a_cap_that_is_in_nobodys_way_is_not_mentioned() -> None:
    assert told(replace(yard(20.0, car("a", 20.0)), signals=(cap("wide", 0, 4, 15.0),))) == ()


def test_of_two_caps_each_has_its_own_reason() -> None:
    """30 kWh: without the first cap done by 20:00, without the second one by 21:00 as well, so nothing is lost."""
    signals = (cap("first", 0, 1, 5.0), cap("second", 2, 3, 5.0))

    found = told(replace(yard(20.0, car("a", 30.0)), signals=signals))

    assert [(reason.cause, reason.kwh) for reason in found] == [
        ("first", pytest.approx(5.0, abs=0.01)),
        ("second", pytest.approx(5.0, abs=0.01)),
    ]


def test_of_two_caps_at_once_both_are_named() -> None:
    """Lifting one of them would change nothing."""
    scenario = replace(yard(20.0, car("a", 20.0)), signals=(cap("one", 0, 1, 0.0), cap("two", 0, 1, 0.0)))

    found = told(scenario)

    assert [reason.message for reason in found] == [
        f"waits for {name} (utility) from 17:00 to 18:00: 10.0 kWh later, done by 20:00 instead of 19:00"
        for name in ("one", "two")
    ]


def test_a_cap_on_a_feeder_makes_only_cars_below_it_wait() -> None:
    scenario = yard(20.0, car("below", 20.0), car("beside", 20.0))
    first, second = scenario.site.evses
    nodes = (*scenario.site.nodes, GridNode(id="feeder", parent="grid", continuous_factor=1.0))
    site = replace(scenario.site, nodes=nodes, evses=(replace(first, node="feeder"), second))
    signal = replace(cap("cap-17", 0, 1, 0.0), node="feeder")

    found = told(replace(scenario, site=site, signals=(signal,)))

    assert [reason.session_id for reason in found] == ["below"]


def test_a_plan_of_a_rule_is_compared_with_the_same_rule() -> None:
    """Earliest deadline first keeps the late car waiting as well; an optimum is not asked for."""
    scenario = replace(
        yard(20.0, car("soon", 20.0, stay_h=2.0), car("late", 20.0)), signals=(cap("cap-17", 1, 2, 10.0),)
    )

    (reason,) = reasons(scenario, heuristic(scenario, Method.EARLIEST_DEADLINE_FIRST))

    assert (reason.session_id, reason.kwh) == ("late", pytest.approx(10.0))


def test_room_that_a_plan_leaves_unused_at_a_fair_price_is_told_of_the_plan() -> None:
    """A plan that was cut off at its deadline gives 5 kW in one of four hours; 10 kW were to be had in all."""
    scenario = yard(50.0, car("a", 40.0))
    schedule = heuristic(scenario, Method.EQUAL_SHARE)
    plan = schedule.sessions[0]
    cut = replace(plan, charge_power_kw=plan.charge_power_kw * (5 / 40), energy_kwh=5.0, target_shortfall_kwh=35.0)

    (reason,) = reasons(scenario, replace(schedule, sessions=(cut,), method=Method.FEASIBLE_AT_DEADLINE))

    assert (reason.code, reason.cause, reason.kwh) == (
        ReasonCode.NOT_OPTIMAL,
        "feasible_at_deadline",
        pytest.approx(35.0),
    )


def test_another_day_is_told_with_its_date() -> None:
    """Fifteen minutes before midnight in Berlin, for an hour."""
    late = FOUR + hours(6.75)
    guest = Session(id="a", evse="bay-a", arrival=late, departure=late + hours(1), energy_target_kwh=25.0)
    horizon = Horizon(start=late, stretches=(Stretch(count=4, minutes=15.0),))

    (reason,) = told(replace(yard(50.0, guest), horizon=horizon))

    assert reason.message == "even full power from 23:45 to 2026-03-03 00:45 gives only 10.0 kWh of 25.0 kWh"


def test_the_plan_of_another_scenario_is_refused() -> None:
    schedule = optimize(yard(50.0, car("a", 20.0)))

    with pytest.raises(ValueError, match="plan for yard was made for other sessions or periods"):
        reasons(yard(50.0, car("b", 20.0)), schedule)


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_reasons_add_up_to_what_every_session_misses(scenario: Scenario) -> None:
    schedule = optimize(scenario)

    found = reasons(scenario, schedule)

    for plan in schedule.sessions:
        missing = plan.missing_kwh
        own = [r for r in found if r.session_id == plan.session_id and r.code is not ReasonCode.SIGNAL]
        assert sum(reason.kwh for reason in own) == pytest.approx(missing, abs=2.5 * NOTICEABLE_KWH)
        assert all(reason.kwh >= NOTICEABLE_KWH for reason in own)


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_nobody_waits_for_a_signal_without_being_there_while_it_lasts(scenario: Scenario) -> None:
    signals = {signal.id: signal for signal in scenario.signals}
    sessions = {session.id: session for session in scenario.sessions}

    for reason in by_code(told(scenario), ReasonCode.SIGNAL):
        signal, session = signals[reason.cause], sessions[reason.session_id]
        assert signal.start <= reason.start < reason.end <= signal.end
        assert session.arrival <= reason.start
        assert reason.kwh >= NOTICEABLE_KWH
