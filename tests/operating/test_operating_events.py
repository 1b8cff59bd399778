"""An event at a live site: its limits are at the stations before it begins, and others cover for one that is silent."""

from dataclasses import replace

import pytest

from api.operating.operations import Operations
from models.domain.signal import Direction, Event, Rebound
from optimizer.rolling.confirming import Confirmed, confirmed
from tests.operating.live_site import NOON, accept, minutes, operations, start, yard

EVENT = Event(
    id="dr",
    start=NOON + minutes(30),
    end=NOON + minutes(90),
    direction=Direction.REDUCE,
    baseline_kw=4 * 22.08,
    committed_kw=50.0,
    payment_per_kwh=1.0,
    penalty_per_kwh=5.0,
    rebound=Rebound(hours=2.0, limit_kw=66.24),
    stagger_minutes=10.0,
)
"""Of four EVSEs of 22.08 kW 38.32 kW are left."""


def site_with_event() -> Operations:
    """Four cars that want 30 kWh each by four o'clock."""
    site = operations(yard(import_limit_kw=88.32, count=4))
    for k, station in enumerate(("east", "west", "north", "south")):
        start(site, station, NOON, transaction=k)
    site.store.save(replace(site.store.load("yard"), signals=(EVENT,)))
    return site


def plan(site: Operations, at_minutes: float, silent: str = "") -> None:
    """Plan, and have every station accept but the silent one, whose plans stay without an answer."""
    now = NOON + minutes(at_minutes)
    site.plan_site("yard", now)
    while commands := site.commands("yard", now):
        answering = tuple(one for one in commands if one.station != silent or one.session is None)
        accept(site, answering, now)


def standing(site: Operations, at_minutes: float) -> Confirmed:
    live = site.store.load("yard")
    return confirmed(live.state, live.site, EVENT, NOON + minutes(at_minutes))


def test_stations_that_accept_confirm_all_that_is_committed_half_an_hour_before() -> None:
    site = site_with_event()
    plan(site, 0)

    assert standing(site, 15).lacking_kw == 0.0
    assert standing(site, 15).confirmed_kw >= 50.0 - 0.05


def test_the_others_cover_for_a_station_that_is_silent_before_the_event_begins() -> None:
    site = site_with_event()
    plan(site, 0, silent="north")
    before = standing(site, 15)
    assert before.lacking_kw > 0.0
    assert {one.evse for one in before.evses if one.counted != "confirmed"} == {"north"}

    for at in (16, 18, 20, 25):  # time for it to be given up, and for plans in which the others are lowered
        plan(site, at, silent="north")

    after = standing(site, 25)
    assert after.lacking_kw == pytest.approx(0.0, abs=0.1)
    assert sum(one.power_kw for one in after.evses if one.evse != "north") <= 38.32 - 22.08 + 0.5
