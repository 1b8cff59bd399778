"""Sites are planned by themselves: soon after something happened, and every few minutes."""

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from api import jobs as api_jobs
from api.jobs import Jobs
from api.store.records import Kind
from models.domain.errors import SolverFault, StoreError
from tests.api.yards import Yard, service

NINE = "2026-03-02T09:00:00Z"


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        served.build()
        yield served


@pytest.fixture
def jobs(yard: Yard) -> Jobs:
    """Whatever is due is done within the tick."""
    return Jobs(yard.client.app.state.service, lambda work: work())


def plans(yard: Yard) -> list[Any]:
    found: list[Any] = yard.get("/v1/sites/yard/plans").json()["items"]
    return found


def test_a_car_that_plugs_in_is_planned_within_a_second(yard: Yard, jobs: Jobs) -> None:
    yard.plug_in(departure=NINE)
    jobs.tick()
    assert plans(yard) == [], "others may come with it"

    yard.clock.pass_by(seconds=0.6)
    jobs.tick()

    assert len(plans(yard)) == 1


def test_events_that_come_together_make_one_plan(yard: Yard, jobs: Jobs) -> None:
    yard.plug_in(departure=NINE)
    yard.plug_in(departure=NINE, evse="bay-2", session="8a1")
    yard.put("/v1/sites/yard/nodes/grid/limit", {"import_limit_kw": 9.0})
    for _ in range(4):
        yard.clock.pass_by(seconds=0.25)
        jobs.tick()

    (plan,) = plans(yard)
    assert plan["sessions"] == 2


def test_without_events_it_is_planned_every_few_minutes(yard: Yard, jobs: Jobs) -> None:
    yard.put("/v1/sites/yard/policy", {"replan_minutes": 3})
    yard.plug_in(departure=NINE)
    for _ in range(10):
        yard.clock.pass_by(minutes=1)
        jobs.tick()

    assert [plan["made_at"][11:16] for plan in plans(yard)] == ["06:10", "06:07", "06:04", "06:01"]


def test_a_plan_that_fails_is_tried_again_later_each_time(
    yard: Yard, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []

    def failing(*_: Any, **__: Any) -> Any:
        tried.append(yard.clock())
        raise SolverFault("not today")

    monkeypatch.setattr("api.sites.planning.decided", failing)
    yard.plug_in(departure=NINE)
    for _ in range(64):
        yard.clock.pass_by(seconds=1)
        jobs.tick()

    waits = [(b - a).total_seconds() for a, b in pairwise(tried)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]


def test_one_site_that_fails_leaves_the_others_alone(yard: Yard, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[str] = []

    def plan_site(_: Any, tenant: str, site: str, who: str) -> Any:
        planned.append(site)
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(api_jobs, "plan_site", plan_site)
    yard.put("/v1/sites/dock", yard.get("/v1/sites/yard").json() | {"id": "dock"})
    yard.clock.pass_by(seconds=1)

    jobs.tick()

    assert sorted(planned) == ["dock", "yard"]


def test_what_happens_while_it_is_planned_is_planned_next(
    yard: Yard, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.sites import planning

    decided = planning.decided

    def slow(*given: Any, **more: Any) -> Any:
        if len(plans(yard)) == 0:
            yard.plug_in(departure=NINE, evse="bay-2", session="8a1")
        return decided(*given, **more)

    monkeypatch.setattr(planning, "decided", slow)
    yard.plug_in(departure=NINE)
    for _ in range(2):
        yard.clock.pass_by(seconds=1)
        jobs.tick()

    assert [one["sessions"] for one in plans(yard)] == [2, 1]


def test_a_site_that_is_handed_back_is_left_in_peace(yard: Yard, jobs: Jobs) -> None:
    yard.plug_in(departure=NINE)
    yard.post("/v1/sites/yard/hand-back", None)
    yard.clock.pass_by(seconds=1)

    jobs.tick()

    assert plans(yard) == []


def test_a_store_that_is_away_for_a_minute_stops_no_tick(
    yard: Yard, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.plug_in(departure=NINE)
    with monkeypatch.context() as away:

        def gone(*_: Any) -> Any:
            raise StoreError("the database failed")

        away.setattr(type(yard.store), "view", gone)
        for _ in range(60):
            yard.clock.pass_by(seconds=1)
            jobs.tick()

    jobs.tick()

    assert len(plans(yard)) == 1
    assert jobs.runs()


def test_a_clock_that_has_stopped_is_seen(yard: Yard, jobs: Jobs) -> None:
    jobs.tick()
    assert jobs.runs()

    yard.clock.pass_by(seconds=31)

    assert not jobs.runs()


def test_old_plans_are_forgotten_and_the_audit_trail_is_not(yard: Yard, jobs: Jobs) -> None:
    yard.plug_in(departure=NINE)
    yard.clock.pass_by(seconds=1)
    jobs.tick()
    yard.clock.now += timedelta(days=31)

    jobs.forget()

    assert plans(yard) == []
    with yard.store.view() as unit:
        assert unit.latest("default", "yard", Kind.AUDIT)


def test_a_running_service_plans_by_itself() -> None:
    """With the clock of the machine, once: from the plug to the plan."""
    from api.service import utc_now

    with service(clock=utc_now, plans_by_itself=True) as yard:  # type: ignore[arg-type]
        yard.build()
        told = yard.plug_in(plugged_in_at=f"{utc_now():%Y-%m-%dT%H:%M:%SZ}")
        assert told.status_code == 201
        until = time.monotonic() + 30
        while not plans(yard) and time.monotonic() < until:
            time.sleep(0.05)

        assert plans(yard)
        assert yard.get("/health/ready").json()["jobs"] == "ok"
