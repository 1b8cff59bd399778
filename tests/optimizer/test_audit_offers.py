"""The audit finds every offer that an EVSE or a car cannot follow: S4, S5, and what cabinets cannot switch.

A yard of two bays on three phases at 230 V (6 A are 4.14 kW, 16 A are 11.04 kW) in periods of five minutes: one at
11.04 kW brings 0.92 kWh, one at 4.14 kW brings 0.345 kWh. Nothing costs anything.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.installed import Installed
from models.domain.scenario import Scenario
from models.domain.schedule import Method, NodePlan, Schedule, SessionPlan
from models.domain.session import Session, Vehicle
from models.domain.setpoints import OfferHistory, SetpointRules
from models.domain.site import Allocator, CurrentType, Evse, GridNode, PowerCabinet, Site
from models.domain.tariff import Tariff
from optimizer.audit import Break, BreakCode, audit

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LEAST_KW, MOST_KW = 4.14, 11.04
PERIODS = 8


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def yard(limit_kw: float = 50.0, needs_kwh: float = 5.0, **rules: object) -> Scenario:
    """Forty minutes from noon on; two cars that are there from 11:30 to 13:00."""
    evses = tuple(Evse(id=name, node="grid", max_current_a=16.0) for name in ("bay-a", "bay-b"))
    cars = tuple(
        Session(
            id=name,
            evse=f"bay-{name}",
            arrival=NOON - minutes(30),
            departure=NOON + minutes(60),
            energy_target_kwh=needs_kwh,
        )
        for name in ("a", "b")
    )
    return Scenario(
        site=Site(
            id="yard",
            nodes=(GridNode(id="grid", import_limit_kw=limit_kw, continuous_factor=1.0),),
            evses=evses,
            voltage_v=230.0,
            setpoints=SetpointRules(**rules),  # type: ignore[arg-type]
        ),
        sessions=cars,
        tariff=Tariff(currency="EUR", import_price=0.0),
        horizon=Horizon(start=NOON, stretches=(Stretch(count=PERIODS, minutes=5.0),)),
    )


def planned(scenario: Scenario, taken: dict[str, list[float]], offered: dict[str, list[float]]) -> Schedule:
    """A plan that is right about everything but, perhaps, its offers; what lacks is charged after the horizon."""
    start = NOON.timestamp()
    sessions = tuple(
        session_plan(s, np.array(taken.get(s.id, [0.0] * PERIODS)), np.array(offered.get(s.id, [0.0] * PERIODS)))
        for s in scenario.sessions
    )
    expected = sum(plan.charge_power_kw for plan in sessions)
    grid = NodePlan(
        node_id="grid",
        expected_kw=np.asarray(expected),
        guaranteed_kw=np.asarray(sum(plan.limit_kw for plan in sessions)),
        import_limit_kw=np.full(PERIODS, scenario.site.nodes[0].import_limit_kw),
        limit_set_by=(),
        worth_per_kw=np.zeros(PERIODS),
    )
    return Schedule(
        site_id="yard",
        method=Method.OPTIMAL,
        currency="EUR",
        instants_s=start + 300.0 * np.arange(PERIODS + 1),
        sessions=sessions,
        nodes=(grid,),
        grid_import_kw=np.asarray(expected),
        grid_export_kw=np.zeros(PERIODS),
    )


def session_plan(session: Session, taken: np.ndarray, offered: np.ndarray) -> SessionPlan:
    energy, needs = float(taken.sum()) / 12, session.energy_target_kwh or 0.0
    vehicle = session.vehicle
    most_kw = MOST_KW if vehicle is None or vehicle.max_charge_kw is None else vehicle.max_charge_kw
    after = min(needs - energy, 0.8 * most_kw / 3)
    return SessionPlan(
        session_id=session.id,
        evse_id=session.evse,
        first_period=0,
        charge_power_kw=taken,
        plugged_in_h=np.full(PERIODS, 1 / 12),
        energy_remaining_kwh=needs,
        energy_kwh=energy,
        energy_after_horizon_kwh=after,
        target_shortfall_kwh=needs - energy - after,
        offered_power_kw=offered,
    )


def one_car(*offered: float, scenario: Scenario | None = None, taken: list[float] | None = None) -> list[Break]:
    """What the audit finds when car a is offered this, and takes it."""
    scenario = scenario or yard()
    offers = [*offered, *[0.0] * (PERIODS - len(offered))]
    return offer_breaks(scenario, planned(scenario, {"a": taken or offers}, {"a": offers}))


def offer_breaks(scenario: Scenario, schedule: Schedule) -> list[Break]:
    """All breaks but those of cost: a missing kWh has a price, which these plans leave out."""
    money = (BreakCode.COST, BreakCode.OBJECTIVE)
    return [found for found in audit(scenario, schedule).breaks if found.code not in money]


def codes(breaks: list[Break]) -> list[BreakCode]:
    return [found.code for found in breaks]


def test_a_quarter_of_an_hour_at_16_a_and_one_at_6_a_pass() -> None:
    assert one_car(*[MOST_KW] * 3, *[LEAST_KW] * 3) == []


@pytest.mark.parametrize("power_kw", [1.38, 4.0, LEAST_KW - 1e-4])
def test_an_offer_below_6_a_on_all_phases_is_found(power_kw: float) -> None:
    """1.38 kW are 6 A on one phase: switching to one phase is no way out (S6)."""
    assert set(codes(one_car(*[power_kw] * 3))) == {BreakCode.OFFER_LEVEL}


def test_after_the_near_hours_any_power_will_do() -> None:
    assert one_car(*[MOST_KW] * 3, *[1.38] * 3, scenario=yard(near_h=0.25)) == []


def test_a_car_on_one_phase_may_be_offered_6_a_of_one() -> None:
    scenario = yard(needs_kwh=1.0)
    cars = tuple(replace(s, vehicle=Vehicle(id="small", phases=1, max_charge_kw=3.0)) for s in scenario.sessions)

    assert one_car(*[1.38] * 3, scenario=replace(scenario, sessions=cars)) == []


def test_an_offer_between_two_pilot_levels_is_found() -> None:
    scenario = yard()
    evses = tuple(replace(evse, pilot_levels_a=(0.0, 8.0, 16.0)) for evse in scenario.site.evses)
    scenario = replace(scenario, site=replace(scenario.site, evses=evses))

    assert one_car(*[MOST_KW] * 3, *[MOST_KW / 2] * 3, scenario=scenario) == []
    assert set(codes(one_car(*[LEAST_KW] * 3, scenario=scenario))) == {BreakCode.OFFER_LEVEL}


def test_a_car_that_takes_more_than_it_is_offered_is_found() -> None:
    assert BreakCode.ABOVE_OFFER in codes(one_car(*[LEAST_KW] * 3, taken=[5.0] * 3 + [0.0] * 5))


def test_a_car_that_still_wants_energy_takes_all_it_is_offered() -> None:
    """A plan that offers 4.14 kW and counts on 1 kW would be cheaper than what happens."""
    assert BreakCode.OFFER_NOT_TAKEN in codes(one_car(*[LEAST_KW] * 3, taken=[1.0] * 3 + [0.0] * 5))


def test_a_car_that_lacks_a_third_of_a_kwh_is_offered_the_minimum_and_takes_less() -> None:
    """0.3 kWh in five minutes are 3.6 kW, offered are 4.14 kW, and that is what the limit counts."""
    scenario = yard(needs_kwh=0.3)

    assert one_car(LEAST_KW, scenario=scenario, taken=[3.6] + [0.0] * 7) == []
    tight = yard(limit_kw=4.0, needs_kwh=0.3)
    assert codes(one_car(LEAST_KW, scenario=tight, taken=[3.6] + [0.0] * 7)) == [BreakCode.IMPORT_LIMIT]


def test_power_that_ends_after_ten_minutes_is_found() -> None:
    (found,) = one_car(MOST_KW, MOST_KW)

    assert (found.code, found.where, found.start) == (BreakCode.RUN_TOO_SHORT, "a", NOON + minutes(10))


def test_a_pause_of_ten_minutes_is_found() -> None:
    (found,) = one_car(*[MOST_KW] * 3, 0.0, 0.0, *[LEAST_KW] * 3)

    assert (found.code, found.start) == (BreakCode.PAUSE_TOO_SHORT, NOON + minutes(25))


def test_the_second_start_of_one_that_is_allowed_is_found() -> None:
    offers = [MOST_KW, MOST_KW, MOST_KW, 0.0, 0.0, 0.0, MOST_KW, MOST_KW]

    assert codes(one_car(*offers, scenario=yard(max_starts=1))) == [BreakCode.STARTS]
    assert one_car(*offers, scenario=yard(max_starts=2)) == []
    assert one_car(*offers, scenario=yard(max_starts=None)) == []


def with_history(scenario: Scenario, history: OfferHistory) -> Scenario:
    first, second = scenario.sessions
    return replace(scenario, sessions=(replace(first, offer_history=history), second))


def test_what_was_offered_before_the_plan_counts() -> None:
    """On since 11:50, so until 12:05 at least; and a start that is used up is no longer there."""
    on = with_history(yard(max_starts=1), OfferHistory(on=True, since=NOON - minutes(10), starts=1))
    off = with_history(yard(max_starts=1), OfferHistory(on=False, since=NOON - minutes(10), starts=1))

    assert codes(one_car(scenario=on)) == [BreakCode.RUN_TOO_SHORT]
    assert one_car(LEAST_KW, scenario=on) == []
    assert codes(one_car(*[LEAST_KW] * 3, scenario=off)) == [BreakCode.STARTS, BreakCode.PAUSE_TOO_SHORT]


def test_power_may_end_early_where_two_minima_do_not_fit() -> None:
    """Both on since 11:55; at 12:00 the limit is 5 kW and two cars need 8.28 kW. With 9 kW there was a choice."""
    on = OfferHistory(on=True, since=NOON - minutes(5), starts=1)

    def found(limit_kw: float) -> list[BreakCode]:
        scenario = yard(limit_kw=limit_kw)
        scenario = replace(scenario, sessions=tuple(replace(s, offer_history=on) for s in scenario.sessions))
        return codes(one_car(*[LEAST_KW] * 3, scenario=scenario))

    assert found(5.0) == []
    assert found(9.0) == [BreakCode.RUN_TOO_SHORT]


def with_cabinet(cabinet: PowerCabinet) -> Scenario:
    """Both bays are DC outlets of 60 kW."""
    scenario = yard(limit_kw=500.0, needs_kwh=100.0)
    outlets = tuple(
        Evse(id=e.id, node="grid", current=CurrentType.DC, max_power_kw=60.0, conversion_efficiency=1.0)
        for e in scenario.site.evses
    )
    return replace(scenario, site=replace(scenario.site, evses=outlets, cabinets=(cabinet,)))


CABINET = PowerCabinet(id="c", node="grid", evses=("bay-a", "bay-b"), total_kw=90.0, allocates=Allocator.OPTIMIZER)


def both_outlets(scenario: Scenario, a_kw: float, b_kw: float, first_taken: float = 1.0) -> list[BreakCode]:
    offers = {"a": [a_kw] * PERIODS, "b": [b_kw] * PERIODS}
    taken = {name: [power[0] * first_taken, *power[1:]] for name, power in offers.items()}
    schedule = planned(scenario, taken, offers)
    ignored = (BreakCode.NODE_PLAN, BreakCode.SHORTFALL_BOUNDS, BreakCode.AFTER_HORIZON, BreakCode.ENERGY_BALANCE)
    return [b.code for b in offer_breaks(scenario, schedule) if b.code not in ignored]


def test_two_outlets_at_once_are_found_where_a_cabinet_feeds_one() -> None:
    scenario = with_cabinet(replace(CABINET, outlets_at_once=1))

    assert set(both_outlets(scenario, 30.0, 30.0)) == {BreakCode.CABINET}
    assert both_outlets(scenario, 30.0, 0.0) == []


def test_power_may_end_early_where_another_car_has_the_only_outlet() -> None:
    """a is on since 11:55; b stands at an EVSE that follows what it was told last, and nobody can tell it otherwise."""
    on, silent = OfferHistory(on=True, since=NOON - minutes(5), starts=1), Installed(evse="bay-b", reachable=False)
    scenario = with_history(with_cabinet(replace(CABINET, outlets_at_once=1)), on)

    assert BreakCode.RUN_TOO_SHORT in both_outlets(scenario, 0.0, 30.0)
    assert BreakCode.RUN_TOO_SHORT in both_outlets(replace(scenario, installed=(silent,)), 0.0, 0.0)
    assert BreakCode.RUN_TOO_SHORT not in both_outlets(replace(scenario, installed=(silent,)), 0.0, 30.0)


def test_a_car_that_takes_nothing_is_not_held() -> None:
    """Its vehicle says that it takes 0 A."""
    scenario = with_history(yard(), OfferHistory(on=True, since=NOON - minutes(5), starts=1))
    first, second = scenario.sessions
    full = replace(first, vehicle=Vehicle(id="none", max_current_a=0.0))

    assert codes(one_car(scenario=scenario)) == [BreakCode.RUN_TOO_SHORT]
    assert BreakCode.RUN_TOO_SHORT not in codes(one_car(scenario=replace(scenario, sessions=(full, second))))


def test_an_outlet_has_whole_modules_and_no_two_the_same() -> None:
    """Three modules of 30 kW: 60 and 30 kW fit, 45 kW are no whole modules, 60 and 60 kW need four."""
    scenario = with_cabinet(replace(CABINET, module_kw=30.0))

    assert both_outlets(scenario, 60.0, 30.0) == []
    assert BreakCode.OFFER_LEVEL in both_outlets(scenario, 45.0, 30.0)
    assert BreakCode.CABINET in both_outlets(scenario, 60.0, 60.0)
    by_itself = with_cabinet(replace(CABINET, module_kw=30.0, allocates=Allocator.CABINET))
    assert both_outlets(by_itself, 45.0, 30.0) == []


def test_an_outlet_that_starts_waits_while_the_cabinet_switches() -> None:
    """30 of 300 seconds: a tenth of the first period's energy does not flow."""
    scenario = with_cabinet(replace(CABINET, switch_over_s=30.0))

    assert both_outlets(scenario, 30.0, 0.0, first_taken=0.9) == []
    assert BreakCode.ABOVE_OFFER in both_outlets(scenario, 30.0, 0.0)
