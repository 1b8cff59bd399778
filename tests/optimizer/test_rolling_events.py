"""Before, in and after an event: what stations confirmed, who covers for those that did not, who comes back when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.answers import Outcome
from models.domain.installed import OfflineBehaviour
from models.domain.series import How, values
from models.domain.signal import Cap, Direction, Dispatch, Event, Rebound
from models.domain.site import BaseLoad, Evse, GridNode, NodeKind, SessionDefaults, Site
from models.domain.staggering import return_offset_s
from models.domain.validation import validate
from models.domain.value import Step
from optimizer.completing import complete
from optimizer.optimize import optimize
from optimizer.rolling import SiteState, Stage, next_scenario, opening
from optimizer.rolling.afterwards import asked_now
from optimizer.rolling.confirming import Counted, confirmed, events_to_confirm
from optimizer.rolling.covering import late_evses
from optimizer.rolling.state import Role, SessionRecord, Told

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVENT = Event(
    id="dr",
    start=NOON + timedelta(minutes=10),
    end=NOON + timedelta(minutes=70),
    direction=Direction.REDUCE,
    baseline_kw=40.0,
    committed_kw=25.0,
    penalty_per_kwh=5.0,
    settlement_min=30.0,
)


def site() -> Site:
    """Two EVSEs of 11.04 kW at stations of their own beside 3 kW of a building."""
    return Site(
        id="yard",
        nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION, continuous_factor=1.0),),
        evses=tuple(Evse(id=name, node="grid", station=name, max_current_a=16.0) for name in ("left", "right")),
        base_loads=(BaseLoad(node="grid", expected_kw=3.0),),
        voltage_v=230.0,
        session_defaults=SessionDefaults(stay_h=4.0, energy_target_kwh=30.0),
    )


def told(kw: float, outcome: Outcome | None = Outcome.ACCEPTED, *, ago_s: float = 300.0, id: int = 1) -> Told:
    """A plan that was sent so long ago: so many kW in the event, 11.04 before and after."""
    steps = (
        Step(start=NOON - timedelta(hours=1), value=11.04),
        Step(start=EVENT.start, value=kw),
        Step(start=EVENT.end, value=11.04),
    )
    return Told(
        command_id=f"c{id}",
        role=Role.PLAN,
        profile_id=id,
        power_kw=steps,
        sent_at=NOON - timedelta(seconds=ago_s),
        outcome=outcome,
    )


def state(**limits: tuple[Told, ...]) -> SiteState:
    """Cars at all EVSEs that are named, with what these were told."""
    found = opening(site())
    for name, sent in limits.items():
        car = SessionRecord(id=f"car-{name}", evse=name, arrival=NOON - timedelta(hours=1), phases=3)
        found = replace(found, evses={**found.evses, name: replace(found.evses[name], session=car, told=sent)})
    return found


def test_what_stations_accepted_is_confirmed() -> None:
    """40 - 3 - 4 - 6 = 27 of 25 kW."""
    found = confirmed(state(left=(told(4.0),), right=(told(6.0),)), site(), EVENT, NOON)

    assert found.confirmed_kw == pytest.approx(27.0)
    assert found.lacking_kw == 0.0
    assert [one.counted for one in found.evses] == [Counted.CONFIRMED, Counted.CONFIRMED]


def test_an_evse_that_did_not_answer_counts_at_what_it_accepted_before() -> None:
    """40 - 3 - 8 - 6 = 23 kW: 2 are lacking, and that is said before the event begins."""
    late = (told(8.0), told(4.0, None, ago_s=90.0, id=2))
    found = confirmed(state(left=late, right=(told(6.0),)), site(), EVENT, NOON)

    assert found.lacking_kw == pytest.approx(2.0)
    assert {one.evse: one.counted for one in found.evses} == {"left": Counted.BEFORE, "right": Counted.CONFIRMED}


def test_an_evse_of_which_nothing_is_known_counts_at_its_rating() -> None:
    found = confirmed(state(left=(), right=(told(6.0),)), site(), EVENT, NOON)

    assert found.confirmed_kw == pytest.approx(40.0 - 3.0 - 11.04 - 6.0, abs=1e-6)
    assert found.evses[0].counted is Counted.RATING


def test_a_station_out_of_reach_that_does_not_keep_its_limit_counts_at_its_rating() -> None:
    away = state(left=(told(4.0),), right=(told(6.0),))
    stations = {**away.stations, "left": replace(away.stations["left"], reachable=False)}
    found = confirmed(replace(away, stations=stations), site(), EVENT, NOON)
    assert found.evses[0].counted is Counted.RATING


def test_a_full_car_and_one_that_leaves_before_draw_nothing() -> None:
    full = state(left=(), right=())
    cars = {name: record.session for name, record in full.evses.items()}
    assert cars["left"] is not None
    assert cars["right"] is not None
    evses = {
        "left": replace(full.evses["left"], session=replace(cars["left"], stage=Stage.FULL)),
        "right": replace(full.evses["right"], session=replace(cars["right"], departure=EVENT.start)),
    }
    found = confirmed(replace(full, evses=evses), site(), EVENT, NOON)
    assert (found.confirmed_kw, found.evses) == (37.0, ())


def test_an_event_measured_at_its_evses_counts_them_alone() -> None:
    alone = replace(EVENT, evses=("left",), baseline_kw=11.0, committed_kw=5.0)
    found = confirmed(state(left=(told(4.0),), right=()), site(), alone, NOON)
    assert (found.confirmed_kw, found.other_kw) == (pytest.approx(7.0), 0.0)


@pytest.mark.parametrize(
    ("minutes", "counts"), [(-16.0, False), (-15.0, True), (-1.0, True), (30.0, True), (60.0, False)]
)
def test_events_are_confirmed_from_a_quarter_of_an_hour_before_until_their_end(minutes: float, counts: bool) -> None:
    found = list(events_to_confirm((EVENT,), EVENT.start + timedelta(minutes=minutes)))
    assert (found == [EVENT]) is counts


def test_the_others_are_lowered_to_cover_an_evse_that_did_not_answer() -> None:
    """Left may draw 8 kW: of 40 - 25 = 15 kW the building has 3, so 4 are left to right."""
    late = (told(8.0), told(0.0, None, ago_s=90.0, id=2))
    known = state(left=late, right=(told(6.0),))

    scenario = next_scenario(known, site(), None, (EVENT,), NOON)

    assert validate(scenario) == ()
    plan = optimize(complete(scenario).scenario)
    assert plan.events[0].load_kw.max() <= 7.0 + 1e-6
    right = next(one for one in plan.sessions if one.evse_id == "right")
    inside = (plan.instants_s[:-1] >= EVENT.start.timestamp()) & (plan.instants_s[:-1] < EVENT.end.timestamp())
    drawn = right.charge_power_kw * plan.period_h[right.first_period :][: len(right.charge_power_kw)]
    assert drawn[inside[right.first_period :][: len(drawn)]].sum() <= 4.0 + 1e-3


@pytest.mark.parametrize(
    "sent",
    [
        (told(8.0), told(4.0, None, ago_s=10.0, id=2)),  # it may still answer
        (told(4.0), told(8.0, None, ago_s=90.0, id=2)),  # it is to draw more, not less
        (told(8.0),),
    ],
)
def test_nobody_covers_for_an_evse_that_is_not_late_or_draws_no_more(sent: tuple[Told, ...]) -> None:
    assert late_evses(state(left=sent), (EVENT,), NOON) == ()


def test_an_evse_that_never_accepted_a_limit_is_covered_at_its_rating() -> None:
    (late,) = late_evses(state(left=(told(4.0, None, ago_s=90.0),)), (EVENT,), NOON)
    assert late.follows_kw == pytest.approx(11.04)
    assert late.as_installed is not None
    assert late.as_installed.profiles == ()


@pytest.mark.parametrize(
    ("offline", "kw"),
    [(OfflineBehaviour.KEEPS, 4.0), (OfflineBehaviour.STOPS, 0.0), (OfflineBehaviour.UNKNOWN, 11.04)],
)
def test_an_evse_out_of_reach_is_covered_by_what_it_was_seen_to_do(offline: OfflineBehaviour, kw: float) -> None:
    away = state(left=(told(4.0),), right=(told(6.0),))
    stations = {**away.stations, "left": replace(away.stations["left"], reachable=False, offline=offline)}
    (late,) = late_evses(replace(away, stations=stations), (EVENT,), NOON)
    assert values(late.follows_kw, np.array([EVENT.start.timestamp(), EVENT.end.timestamp()]), How.LARGEST)[0] == (
        pytest.approx(kw, abs=1e-6)
    )
    assert late.as_installed is None


def test_an_evse_that_is_not_controlled_is_covered_at_its_rating() -> None:
    """Of 40 - 25 = 15 kW the building has 3 and the left EVSE 11.04: 0.96 are left to the right one."""
    known = state(left=(told(4.0),), right=(told(6.0),))
    evil = replace(known.evses["left"], excluded=True)
    scenario = next_scenario(replace(known, evses={**known.evses, "left": evil}), site(), None, (EVENT,), NOON)
    (event,) = (signal for signal in scenario.signals if isinstance(signal, Event))
    assert isinstance(event.baseline_kw, tuple)
    assert [step.value for step in event.baseline_kw] == pytest.approx([40.0 - 11.04] * 2, abs=1e-6)


def test_long_before_an_event_nobody_is_late() -> None:
    late = (told(8.0), told(4.0, None, ago_s=90.0, id=2))
    assert late_evses(state(left=late), (EVENT,), NOON - timedelta(hours=1)) == ()


RETURNING = replace(EVENT, rebound=Rebound(hours=2.0, limit_kw=14.0), stagger_minutes=10.0)


def caps(now: datetime, known: SiteState) -> dict[str, Cap]:
    return {signal.id: signal for signal in asked_now(known, (RETURNING,), now) if isinstance(signal, Cap)}


def test_after_an_event_its_limit_on_the_load_holds_in_later_plans() -> None:
    later = EVENT.end + timedelta(minutes=30)
    found = caps(later, state(left=(told(4.0),)))["dr rebound"]
    assert (found.import_limit_kw, found.end) == (14.0, EVENT.end + timedelta(hours=2))
    plan = optimize(complete(next_scenario(state(left=(), right=()), site(), None, (RETURNING,), later)).scenario)
    assert plan.grid_import_kw[plan.instants_s[:-1] < found.end.timestamp()].max() <= 14.0 + 1e-6
    assert asked_now(state(), (RETURNING,), EVENT.end + timedelta(hours=3)) == ()


def test_after_an_event_load_above_a_limit_with_a_price_goes_on_to_cost_it() -> None:
    priced = replace(RETURNING, rebound=Rebound(hours=2.0, limit_kw=14.0, price_per_kwh=0.4))
    (found,) = asked_now(state(), (priced,), EVENT.end + timedelta(minutes=30))
    assert isinstance(found, Dispatch)
    assert (found.setpoint_kw, found.price_above_per_kwh, found.price_below_per_kwh) == (14.0, 0.4, 0.0)


def test_after_an_event_each_evse_keeps_its_limit_until_its_own_offset() -> None:
    known = state(left=(told(4.0),), right=(told(6.0),))
    found = caps(EVENT.end, known)
    for name, held in (("left", 4.0), ("right", 6.0)):
        own = found[f"dr return {name}"]
        assert (own.evses, own.import_limit_kw) == ((name,), held)
        assert own.end == EVENT.end + timedelta(seconds=return_offset_s(RETURNING, name))
    assert list(caps(EVENT.end + timedelta(minutes=10), known)) == ["dr rebound"]


def test_who_leaves_soon_after_an_event_comes_back_at_once() -> None:
    known = state(left=(told(4.0),))
    car = known.evses["left"].session
    assert car is not None
    soon = replace(known.evses["left"], session=replace(car, departure=EVENT.end + timedelta(minutes=30)))
    assert list(caps(EVENT.end, replace(known, evses={**known.evses, "left": soon}))) == ["dr rebound"]


def test_signals_that_are_not_over_stay_as_they_are() -> None:
    cap = Cap(id="cap", start=NOON, end=NOON + timedelta(hours=1), import_limit_kw=9.0)
    assert asked_now(state(), (cap, EVENT), NOON) == (cap, EVENT)


def test_after_a_limit_that_staggers_evses_wait_for_their_offsets_and_after_a_part_of_it_they_do_not() -> None:
    known = state(left=(told(4.0),), right=(told(6.0),))
    limit = Cap(id="limit", start=EVENT.start, end=EVENT.end, import_limit_kw=15.0, stagger_minutes=10.0)
    found = {cap.id: cap for cap in asked_now(known, (limit,), EVENT.end) if isinstance(cap, Cap)}
    assert {name: cap.import_limit_kw for name, cap in found.items()} == {
        "limit return left": 4.0,
        "limit return right": 6.0,
    }
    assert found["limit return left"].end == EVENT.end + timedelta(seconds=return_offset_s(limit, "left"))
    goes_on = replace(limit, id="next", start=EVENT.end, end=EVENT.end + timedelta(hours=1))
    assert asked_now(known, (limit, goes_on), EVENT.end) == (goes_on,)
    of_one = replace(limit, evses=("left",))
    assert [cap.evses for cap in asked_now(known, (of_one,), EVENT.end) if isinstance(cap, Cap)] == [("left",)]
