"""What is committed to a call, and why no more: days whose answer is known by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.programme import CallLimits, OptOutRules, Programme
from models.domain.programme_calls import EventCall
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.signal import Rebound
from models.domain.site import BaseLoad, Evse, GridNode, NodeKind, Site, Tier
from models.domain.tariff import PriceSeries, Tariff, Window
from models.domain.value import Step
from optimizer.optimize import optimize
from optimizer.response.calling import called_event, lacking_price
from optimizer.response.commitment import Commitment, Held, commit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VOLUNTARY = Programme(
    id="dr", title="DR", currency="EUR", time_zone="UTC", energy_per_kwh=0.5, limits=CallLimits(calls_per_season=3)
)
FIRM = replace(VOLUNTARY, penalty_per_kwh=0.2, capacity_per_kw_month=0.6, calls_expected_per_month=2.0)
CALL = EventCall(id="call", start=NOON, end=NOON + timedelta(hours=1))


def yard(*cars: tuple[float, int]) -> Scenario:
    """kWh and hours of stay of each car, at an outlet of 10 kW of its own; energy is cheap until one o'clock."""
    site = Site(
        id="yard",
        nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION, continuous_factor=1.0),),
        evses=tuple(Evse(id=f"e{k}", node="grid", max_power_kw=10.0) for k in range(len(cars))),
        base_loads=(BaseLoad(node="grid", expected_kw=2.0),),
        tiers=(Tier(id="all", value_of_target_per_kwh=2.0),),
    )
    sessions = tuple(
        Session(id=f"c{k}", evse=f"e{k}", arrival=NOON, departure=NOON + timedelta(hours=h), energy_target_kwh=kwh)
        for k, (kwh, h) in enumerate(cars)
    )
    steps = (Step(start=NOON, value=0.1), Step(start=NOON + timedelta(hours=1), value=0.2))
    tariff = Tariff(currency="EUR", import_price=PriceSeries(steps=steps, end=NOON + timedelta(hours=40)))
    horizon = Horizon(start=NOON, stretches=(Stretch(count=6, minutes=30.0),))
    return Scenario(site=site, sessions=sessions, tariff=tariff, horizon=horizon)


def answer(
    scenario: Scenario, programme: Programme, nominated_kw: float | None = None, call: EventCall = CALL
) -> Commitment:
    """With what everybody draws at once as the baseline."""
    baseline = 2.0 + 10.0 * len(scenario.sessions)
    event = called_event(programme, call, baseline_kw=baseline, nominated_kw=nominated_kw)
    return commit(scenario, programme, call, event, nominated_kw=nominated_kw)


def test_all_that_can_be_shed_is_committed_where_it_pays() -> None:
    """10 kWh move to an hour that costs 0.1 more and bring 0.5 each; the 2 kW of the building stay."""
    found = answer(yard((10.0, 3)), VOLUNTARY)

    assert (found.committed_kw, found.held) == (10.0, Held.MOST)
    assert found.gain == pytest.approx(10.0 * (0.5 - 0.1))
    assert found.event.committed_kw == 10.0


def test_no_more_than_nominated_is_committed() -> None:
    found = answer(yard((10.0, 3)), FIRM, nominated_kw=6.0)

    assert (found.committed_kw, found.held) == (6.0, Held.NOMINATED)
    assert found.event.committed_kw == 6.0


def test_a_part_is_committed_where_the_next_kw_costs_more_than_it_brings() -> None:
    """The second car leaves with the event: each of its kWh is missed at 2.00 and saves 0.10."""
    found = answer(yard((10.0, 3), (10.0, 1)), VOLUNTARY)

    assert (found.committed_kw, found.held) == (10.0, Held.PRICE)
    assert found.next_kw_per_kwh == pytest.approx(1.9, abs=1e-6)
    assert found.brings_per_kwh == 0.5


def test_staying_out_owes_the_penalty_and_its_part_of_the_capacity() -> None:
    """0.2 of penalty and 0.6 / 2 of capacity for each of 6 kWh: 3.00 are owed; taking part costs 0.6 and is paid 3."""
    found = answer(yard((10.0, 3)), FIRM, nominated_kw=6.0)

    assert lacking_price(FIRM, CALL) == pytest.approx(0.5)
    assert found.owed == pytest.approx(3.0)
    assert found.gain == pytest.approx(3.0 + 3.0 - 0.6)


def test_an_opt_out_that_the_terms_allow_owes_nothing() -> None:
    free = replace(FIRM, opt_out=OptOutRules(counts_as_shortfall=False))
    assert answer(yard((10.0, 3)), free, nominated_kw=6.0).owed == 0.0


def test_a_site_stays_out_where_taking_part_costs_more_than_it_brings() -> None:
    found = answer(yard((10.0, 3)), replace(VOLUNTARY, energy_per_kwh=0.05))

    assert (found.committed_kw, found.held) == (0.0, Held.COSTS)
    assert found.event.payment_per_kwh == 0.0
    assert not found.takes_part


def test_less_than_the_programme_takes_is_nothing() -> None:
    found = answer(yard((10.0, 3)), replace(VOLUNTARY, minimum_kw=50.0))
    assert (found.committed_kw, found.held) == (0.0, Held.MINIMUM)


def test_only_whole_steps_are_committed() -> None:
    assert answer(yard((10.0, 3)), replace(VOLUNTARY, step_kw=4.0)).committed_kw == 8.0


def test_no_promise_is_broken_for_a_call() -> None:
    """17 kWh are promised by three. With 5 kW at the meter for two hours the car has at most 10 + 2 * 3, one less."""
    scenario = yard((17.0, 3))
    promised = replace(scenario, sessions=(replace(scenario.sessions[0], energy_minimum_kwh=17.0),))
    event = called_event(replace(VOLUNTARY, energy_per_kwh=9.0), CALL, baseline_kw=12.0)
    event = replace(event, rebound=Rebound(hours=2.0, limit_kw=5.0))

    found = commit(promised, VOLUNTARY, CALL, event)

    assert (found.committed_kw, found.held) == (0.0, Held.PROMISES)


def test_a_call_against_the_terms_is_answered_only_where_it_pays() -> None:
    evening = replace(FIRM, windows=(Window(start="18:00", end="20:00"),))
    paid, unpaid = (
        answer(yard((10.0, 3)), one, nominated_kw=6.0) for one in (evening, replace(evening, energy_per_kwh=0.05))
    )
    assert paid.held is Held.NOMINATED
    assert unpaid.held is Held.NOT_OWED
    assert (unpaid.owed, len(unpaid.against_terms)) == (0.0, 1)


def test_what_a_call_uses_of_the_calls_of_a_season_is_told() -> None:
    (used,) = answer(yard((10.0, 3)), VOLUNTARY).budget
    assert (used.what, used.used, used.left) == ("calls_per_season", 1.0, 2.0)


def test_load_comes_back_no_higher_than_the_peak_of_the_day_without_the_call() -> None:
    """Two cars would draw 20 kW together at noon; put off, they would both start at one o'clock beside a third."""
    scenario = yard((10.0, 3), (10.0, 3), (5.0, 3))
    without = optimize(scenario)
    peak = float(without.grid_import_kw.max())
    event = called_event(VOLUNTARY, CALL, baseline_kw=32.0, peak_kw=peak)

    found = commit(scenario, VOLUNTARY, CALL, event)

    assert found.takes_part
    assert found.found.taking_part.grid_import_kw.max() <= peak + 1e-6


def test_drivers_who_could_not_be_served_below_the_peak_are_served_all_the_same() -> None:
    """Of 20 kWh two hours at 8 kW leave 4 lacking at 2.00 each: load above the peak costs 0.50, so it is drawn."""
    event = called_event(VOLUNTARY, CALL, baseline_kw=12.0, peak_kw=10.0)
    found = commit(yard((20.0, 3)), VOLUNTARY, CALL, event)
    assert found.committed_kw > 0.0
    assert found.found.missed_kwh == pytest.approx(0.0, abs=1e-3)


def test_the_peak_counts_until_midnight_and_for_two_hours_at_least() -> None:
    late = replace(CALL, start=NOON + timedelta(hours=10), end=NOON + timedelta(hours=11))
    hours = [
        rebound.hours
        for call in (CALL, late)
        if (rebound := called_event(VOLUNTARY, call, baseline_kw=1.0, peak_kw=1.0).rebound) is not None
    ]
    assert hours == [11.0, 2.0]
