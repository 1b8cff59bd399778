"""Events at stations before they begin, and cars that come back one after the other. 6 A on three phases: 4.14 kW."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from ocpp_plans import AC, START, pairs, plan_for, scenario_of, session_at

from models.domain.scenario import Scenario
from models.domain.signal import Direction, Event, Rebound
from models.domain.staggering import return_offset_s
from models.ocpp.compile import compilation
from models.ocpp.manner import Manner
from models.ocpp.profile import EvseProfile
from models.ocpp.steps import later_raise

UNTIL = START + timedelta(minutes=20)
EVENT = Event(
    id="dr",
    start=START + timedelta(minutes=30),
    end=START + timedelta(minutes=60),
    direction=Direction.REDUCE,
    baseline_kw=22.0,
    committed_kw=10.0,
    penalty_per_kwh=1.0,
)


def sent(plan_kw: tuple[float, ...], event: Event = EVENT, departure: datetime | None = None) -> EvseProfile:
    """A plan in quarters that is followed for twenty minutes; a share of 6.9 kW, 10 A; schedules begin 60 s before."""
    session = session_at(AC, **({} if departure is None else {"departure": departure}))
    yard: Scenario = replace(scenario_of([AC], [session]), signals=(event,))
    (profile,) = compilation(
        yard, plan_for(session, plan_kw), now=START, fail_safe_kw={AC.id: 6.9}, manner=Manner(plan_until=UNTIL)
    ).profiles
    return profile


PLAN = (11.04, 11.04, 4.14, 0.0, 11.04, 11.04)
"""16 A, then 6 A and nothing in the event, then 16 A again."""


def test_what_was_promised_for_an_event_lies_at_the_station_before_it_begins() -> None:
    """Contact is lost at once: the share of 10 A after 20 min, in the event 6 and 0 A as planned, then the share."""
    assert pairs(sent(PLAN)) == [(0, 16.0), (1260, 10.0), (1860, 6.0), (2760, 0.0), (3660, 10.0)]


def test_in_an_event_a_station_without_contact_never_gets_more_than_its_share() -> None:
    assert pairs(sent((11.04,) * 6)) == [(0, 16.0), (1260, 10.0)]


def test_an_event_that_nothing_is_paid_for_holds_nobody_down() -> None:
    unpaid = replace(EVENT, penalty_per_kwh=0.0)
    assert pairs(sent(PLAN, unpaid)) == [(0, 16.0), (1260, 10.0)]


def test_turning_up_holds_nobody_down() -> None:
    assert pairs(sent(PLAN, replace(EVENT, direction=Direction.TURN_UP))) == [(0, 16.0), (1260, 10.0)]


STAGGERED = replace(
    EVENT,
    start=START,
    end=START + timedelta(minutes=15),
    rebound=Rebound(limit_kw=100.0),
    stagger_minutes=5.0,
)


def test_an_evse_comes_back_at_its_own_offset_after_an_event() -> None:
    """In the event 6 A until 960 s, then 16 A from its offset on; the share after 20 minutes."""
    offset_s = return_offset_s(STAGGERED, AC.id)
    assert 0 < offset_s < 300
    assert pairs(sent((4.14, 11.04), STAGGERED)) == [(0, 6.0), (960 + offset_s, 16.0), (1260, 10.0)]


def test_who_leaves_soon_after_an_event_is_not_kept_waiting() -> None:
    soon = START + timedelta(minutes=40)
    assert pairs(sent((4.14, 11.04), STAGGERED, soon))[1] == (960, 16.0)


def test_offsets_are_spread_over_the_whole_time_and_stay_the_same() -> None:
    wide = replace(STAGGERED, stagger_minutes=10.0)
    offsets = [return_offset_s(wide, f"bay-{k}") for k in range(200)]
    assert offsets == [return_offset_s(wide, f"bay-{k}") for k in range(200)]
    assert min(offsets) < 30
    assert max(offsets) > 570
    assert sum(offsets) / len(offsets) == pytest.approx(300.0, abs=30.0)
    assert return_offset_s(EVENT, "bay-1") == 0


def test_another_event_has_other_offsets() -> None:
    assert return_offset_s(STAGGERED, "bay-1") != return_offset_s(replace(STAGGERED, id="next"), "bay-1")


def test_a_step_down_after_an_edge_is_taken_at_once_and_a_raise_later() -> None:
    assert later_raise(((0, 60), (100, 160), (150, 40), (200, 160)), 100, 80) == ((0, 60), (150, 40), (200, 160))
    assert later_raise(((0, 60), (100, 160)), 100, 80) == ((0, 60), (180, 160))
    assert later_raise(((0, 160), (100, 60)), 100, 80) == ((0, 160), (100, 60))
