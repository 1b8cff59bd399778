"""From what is known of a site to what is planned next, and a plan of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from models.domain.answers import Outcome
from models.domain.before import PlannedBefore
from models.domain.events import EvseState, ExternalLimitTold, LimitStep, StateTold
from models.domain.installed import OfflineBehaviour
from models.domain.session import Session, Vehicle
from models.domain.signal import Cap
from models.domain.site import CurrentType, Evse, GridNode, NodeKind, PowerCabinet, SessionDefaults, Site
from models.domain.validation import validate
from models.domain.value import Step
from optimizer.audit import audit
from optimizer.completing import complete
from optimizer.optimize import optimize
from optimizer.rolling import Evidence, Flaw, SiteState, Stage, Verdict, next_scenario, observe, opening
from optimizer.rolling.ahead import horizon
from optimizer.rolling.state import EvseRecord, Role, SessionRecord, Told
from optimizer.settings import Settings

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def minute(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def site() -> Site:
    """One station with two EVSEs of 22.08 kW under 44 kW."""
    grid = GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=44.0, continuous_factor=1.0)
    evses = tuple(
        Evse(id=name, node="grid", station="duo", evse_number=k, max_current_a=32.0)
        for k, name in enumerate(("left", "right"), start=1)
    )
    defaults = SessionDefaults(stay_h=4.0, energy_target_kwh=30.0)
    return Site(id="yard", nodes=(grid,), evses=evses, voltage_v=230.0, session_defaults=defaults)


def with_car(state: SiteState, evse: str, **known: object) -> SiteState:
    """A car since noon, of which this is known."""
    car = SessionRecord(id=f"car-{evse}", evse=evse, arrival=NOON, **known)  # type: ignore[arg-type]  # by its names
    return replace(state, evses={**state.evses, evse: replace(state.evses[evse], session=car)})


def with_flaw(state: SiteState, evse: str, flaw: Flaw) -> SiteState:
    verdict = Verdict(evse=evse, flaw=flaw, since=NOON, evidence=(Evidence(at=NOON, what="seen"),))
    record: EvseRecord = replace(state.evses[evse], verdicts=(verdict,))
    return replace(state, evses={**state.evses, evse: record})


def limited(state: SiteState, number: int, begins: datetime = NOON, **step: float | None) -> SiteState:
    told = ExternalLimitTold(
        station_id="duo",
        evse_number=number,
        at=NOON,
        source="EMS",
        steps=(LimitStep(start=begins, **{"limit_kw": None, **step}),),  # type: ignore[arg-type]  # kW or A
    )
    return observe(state, told, NOON)


def planned_kw(state: SiteState, where: Site | None = None, signals: tuple[Cap, ...] = ()) -> dict[str, float]:
    """The most that each car has at a time, and all together; the plan passes its audit."""
    scenario = next_scenario(state, where or site(), None, signals, NOON)
    assert validate(scenario) == ()
    plan = optimize(scenario, Settings())
    assert audit(complete(scenario).scenario, plan).passed
    most = {one.evse_id: round(float(one.charge_power_kw.max()), 2) for one in plan.sessions}
    return most | {"all": round(float(plan.grid_import_kw.max()), 2)}


def test_measured_comes_over_told_by_the_car_comes_over_told_by_its_driver() -> None:
    wish = Session(
        id="booking",
        evse="left",
        arrival=NOON,
        departure=minute(600),
        energy_target_kwh=50.0,
        driver="d",
        vehicle=Vehicle(id="v", max_charge_kw=22.0, phases=3),
    )
    state = replace(opening(site()), wishes={"left": wish})
    state = with_car(
        state, "left", energy_target_kwh=20.0, delivered_kwh=4.0, phases=1, max_charge_kw=11.0, follow_kw=8.0
    )

    (session,) = next_scenario(state, site(), None, (), minute(5)).sessions

    assert (session.id, session.driver, session.departure) == ("car-left", "d", minute(600))
    assert (session.energy_target_kwh, session.delivered_kwh) == (20.0, 4.0)
    assert session.vehicle is not None
    assert (session.vehicle.phases, session.vehicle.max_charge_kw) == (1, 8.0)


def test_a_car_whose_phases_are_unknown_counts_on_all_for_limits_and_on_one_for_energy() -> None:
    """Of 9 kWh 3 have flowed: what is left may all have to come through one phase of three."""
    state = with_car(opening(site()), "left", energy_target_kwh=9.0, delivered_kwh=3.0)

    (session,) = next_scenario(state, site(), None, (), NOON).sessions

    assert session.vehicle is not None
    assert session.vehicle.phases is None
    assert session.energy_target_kwh == 3.0 + 3 * 6.0


def test_phases_that_a_driver_told_count_for_energy_and_not_for_limits() -> None:
    wish = Session(id="w", evse="left", arrival=NOON, vehicle=Vehicle(id="v", phases=3), energy_target_kwh=9.0)
    state = with_car(replace(opening(site()), wishes={"left": wish}), "left")

    (session,) = next_scenario(state, site(), None, (), NOON).sessions

    assert session.vehicle is not None
    assert (session.vehicle.phases, session.energy_target_kwh) == (None, 9.0)


def test_energy_of_a_dc_session_is_what_it_is() -> None:
    dc = replace(site().evses[0], current=CurrentType.DC, max_power_kw=100.0)
    fast = replace(site(), evses=(dc, site().evses[1]))
    state = with_car(opening(fast), "left", energy_target_kwh=40.0, energy_minimum_kwh=50.0)

    (session,) = next_scenario(state, fast, None, (), NOON).sessions

    assert (session.energy_target_kwh, session.energy_minimum_kwh) == (40.0, 40.0)


def test_wishes_go_with_the_session_that_they_were_for() -> None:
    wish = Session(id="w", evse="left", arrival=NOON)
    state = with_car(replace(opening(site()), wishes={"left": wish}), "left")
    free = StateTold(station_id="duo", evse_number=1, at=minute(5), state=EvseState.AVAILABLE)
    other = replace(free, evse_number=2)

    assert observe(state, other, minute(5)).wishes == {"left": wish}
    assert observe(state, free, minute(5)).wishes == {}


def test_a_car_that_is_full_is_planned_nothing_more() -> None:
    state = with_car(opening(site()), "left", stage=Stage.FULL, energy_target_kwh=40.0, delivered_kwh=12.0, phases=3)

    (session,) = next_scenario(state, site(), None, (), NOON).sessions

    assert session.energy_target_kwh == session.delivered_kwh == 12.0


def test_a_departure_that_has_passed_is_unknown() -> None:
    state = with_car(opening(site()), "left", departure=minute(30), phases=3)

    (session,) = next_scenario(state, site(), None, (), minute(40)).sessions

    assert session.departure is None


def test_an_evse_that_is_not_controlled_counts_at_its_rating() -> None:
    """44 kW less 22.08 are for the other one, which is there alone as long as nobody is trusted on the left."""
    state = with_car(with_car(opening(site()), "left", phases=3), "right", phases=3)
    narrow = replace(site(), nodes=(replace(site().nodes[0], import_limit_kw=33.0),))

    untrusted = with_flaw(state, "left", Flaw.IGNORES_LIMIT)

    assert planned_kw(untrusted, narrow)["right"] == pytest.approx(33.0 - 22.08, abs=0.01)
    assert planned_kw(with_flaw(state, "left", Flaw.DRAWS_LESS), narrow)["right"] > 20.0
    (held,) = next_scenario(untrusted, narrow, None, (), NOON).installed
    assert (held.evse, held.reachable, held.offline) == ("left", False, OfflineBehaviour.FULL)


def test_what_an_evse_has_accepted_is_known_from_the_minute_on_in_which_a_plan_starts() -> None:
    """Plans start with the minute; half a minute later the site is planned all the same."""
    share = Told(
        command_id="1",
        role=Role.DEFAULT,
        profile_id=11,
        power_kw=(Step(start=minute(-5), value=8.0),),
        sent_at=minute(-5),
        outcome=Outcome.ACCEPTED,
    )
    state = with_flaw(with_car(opening(site()), "left"), "left", Flaw.SILENT)
    state = replace(state, evses={**state.evses, "left": replace(state.evses["left"], told=(share,))})

    scenario = next_scenario(state, site(), None, (), minute(0.5))

    assert list(validate(scenario)) == []
    (kept,) = scenario.installed[0].profiles
    assert kept.power_kw == (Step(start=NOON, value=8.0),)


def test_an_external_limit_of_a_station_in_kw_holds_for_its_evses_together() -> None:
    state = with_car(with_car(opening(site()), "left", phases=3), "right", phases=3)

    assert planned_kw(state)["left"] == 22.08
    assert planned_kw(limited(state, 0, limit_kw=10.0))["all"] == 10.0


def test_an_external_limit_of_an_evse_in_amperes_is_one_of_current() -> None:
    """10 A on three phases are 6.9 kW."""
    state = with_car(opening(site()), "left", phases=3)

    assert planned_kw(limited(state, 1, limit_a=10.0))["left"] == pytest.approx(6.9, abs=0.01)
    assert planned_kw(limited(state, 2, limit_a=10.0))["left"] == 22.08


@pytest.mark.parametrize(("limit", "then_kw"), [({"limit_kw": 10.0}, 10.0), ({"limit_a": 10.0}, 6.9)])
def test_an_external_limit_that_begins_in_an_hour_limits_nothing_before(
    limit: dict[str, float], then_kw: float
) -> None:
    wish = Session(id="w", evse="left", arrival=NOON, departure=minute(120), energy_target_kwh=90.0)
    state = with_car(replace(opening(site()), wishes={"left": wish}), "left", phases=3)
    scenario = next_scenario(limited(state, 1, minute(60), **limit), site(), None, (), NOON)

    assert validate(scenario) == ()
    plan = optimize(scenario, Settings())
    (car,) = plan.sessions
    begins = int((plan.instants_s < minute(60).timestamp()).sum())
    assert car.charge_power_kw[:begins] == pytest.approx(22.08, abs=0.01)
    assert max(car.charge_power_kw[begins:]) == pytest.approx(then_kw, abs=0.01)


def test_an_external_limit_holds_below_a_power_cabinet_too() -> None:
    cabinet = PowerCabinet(id="cab", node="grid", evses=("left", "right"), total_kw=30.0)
    state = with_car(opening(site()), "left", phases=3)

    assert planned_kw(limited(state, 0, limit_kw=10.0), replace(site(), cabinets=(cabinet,)))["left"] <= 10.01


def test_a_car_that_is_new_is_let_show_its_phases_and_one_that_sleeps_is_not_paused() -> None:
    state = with_car(opening(site()), "left", stage=Stage.WAITING)
    sleeper = with_flaw(with_car(opening(site()), "left", stage=Stage.DRAWING, phases=3), "left", Flaw.SLEEPS_AT_ZERO)
    known = with_car(opening(site()), "left", stage=Stage.DRAWING, phases=3)

    floors = [next_scenario(s, site(), None, (), NOON).site.evses[0].power_floor_kw for s in (state, sleeper, known)]

    assert floors == [pytest.approx(4.14), pytest.approx(4.14), None]


def test_signals_that_are_over_and_plans_before_are_as_they_should_be() -> None:
    before = PlannedBefore(session="car-left", charge_power_kw=(Step(start=NOON, value=7.0),), end=minute(60))
    over, running = (
        Cap(id=name, start=NOON, end=minute(end), import_limit_kw=5.0) for name, end in (("a", 5), ("b", 90))
    )
    state = replace(with_car(opening(site()), "left", phases=3), previous=(before,))

    scenario = next_scenario(state, site(), None, (over, running), minute(6))

    assert [signal.id for signal in scenario.signals] == ["b"]
    assert scenario.previous == (before,)


@pytest.mark.parametrize("at", [0, 1, 7, 12, 13, 14, 14.9, 44, 59])
def test_a_horizon_settles_for_two_minutes_and_goes_on_by_quarters_of_the_clock(at: float) -> None:
    instants = horizon(minute(at), ()).instants()

    assert instants[1] - instants[0] == timedelta(minutes=2)
    assert {instant.minute % 15 for instant in instants[2:]} == {0}
    assert all(a < b for a, b in pairwise(instants))
    assert instants[-1] - instants[0] >= timedelta(hours=24)


def test_a_horizon_reaches_to_the_last_departure_that_is_told() -> None:
    stays = Session(id="s", evse="left", arrival=NOON, departure=minute(60 * 40))

    assert minute(60 * 40) <= horizon(NOON, (stays,)).end <= minute(60 * 42)
