"""A store without sites gets one that is alive: cars come, follow what is planned for them, and leave."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.jobs import Jobs, Running
from api.sample import place
from api.sample.cars import newcomer
from api.sample.life import PLACE, Life, Sample
from api.store.records import Kind
from models.domain.errors import StoreError
from models.domain.wire import read_form
from tests.api.yards import NOW, Yard, service

SITE = "/v1/sites/sample"
TICK = timedelta(seconds=5)


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        yield served


@pytest.fixture
def sample(yard: Yard) -> Sample:
    found = Sample(yard.client.app.state.service)
    assert found.begin()
    return found


def life(yard: Yard) -> Life:
    with yard.store.view() as unit:
        document = unit.find(PLACE)
    assert document is not None
    found: Life = read_form(Life, document.body)
    return found


def lived(yard: Yard, sample: Sample, minutes: float) -> None:
    """Ticks of the sample and of the jobs that plan, one after the other."""
    jobs = Jobs(yard.client.app.state.service, lambda work: work())
    end = yard.clock.now + timedelta(minutes=minutes)
    while yard.clock.now < end:
        yard.clock.now += TICK
        sample.tick()
        jobs.tick()


def audited(yard: Yard) -> list[Any]:
    found: list[Any] = yard.get(f"{SITE}/audit?limit=500").json()["items"]
    return found


def test_a_store_without_sites_gets_one_with_cars_that_is_planned(yard: Yard, sample: Sample) -> None:
    lived(yard, sample, 0.5)

    assert [one["id"] for one in yard.get("/v1/sites").json()["items"]] == ["sample"]
    plan = yard.get(f"{SITE}/plan").json()
    assert plan["audit"]["passed"]
    assert len(plan["sessions"]) >= 4


def test_cars_come_and_go_draw_no_more_than_they_are_told_and_every_plan_holds(yard: Yard, sample: Sample) -> None:
    """In ten minutes about six cars come; the site imports at most its 60 kW, and 40 while a utility asks for that."""
    lived(yard, sample, 12)

    whats = [line["what"] for line in audited(yard)]
    assert whats.count("unplugged") >= 1
    assert life(yard).arrivals >= 9
    plans = yard.get(f"{SITE}/plans?limit=200").json()["items"]
    assert len(plans) >= 6
    assert all(plan["passed_audit"] for plan in plans if plan["plan"])
    assert max(imports(yard)) <= 60.0
    assert max(imports(yard)[-4:]) <= place.RELIEF_KW


def imports(yard: Yard) -> list[float]:
    """What the meter of the connection showed. [kW]"""
    with yard.store.view() as unit:
        found = unit.entries("default", "sample", [Kind.MEASUREMENT], limit=1000)
    powers = [power for entry in found for power in of_grid(entry.body)]
    assert len(powers) >= 40
    return powers


def of_grid(body: str) -> list[float]:
    return [one["power_kw"] for one in json.loads(body)["measurements"] if one.get("node") == "grid"]


def test_the_same_seed_brings_the_same_cars() -> None:
    site = place.site()
    first = newcomer(1, 7, site, (), NOW)

    assert first == newcomer(1, 7, site, (), NOW) != newcomer(2, 7, site, (), NOW)


def test_the_bay_of_the_newcomer_stays_free_and_a_car_that_is_posted_there_charges(yard: Yard, sample: Sample) -> None:
    lived(yard, sample, 1)
    told: dict[str, Any] = {"session": "mine", "evse": place.VISITOR_BAY, "plugged_in_at": f"{yard.clock():%FT%TZ}"}
    told |= {"departure": f"{yard.clock() + timedelta(minutes=20):%FT%TZ}", "energy_target_kwh": 3}
    assert yard.post(f"{SITE}/sessions", told).status_code == 201

    lived(yard, sample, 4)

    assert [car.evse for car in life(yard).cars].count(place.VISITOR_BAY) == 1
    assert yard.get(f"{SITE}/sessions/mine").json()["delivered_kwh"] > 0.1


def test_where_somebody_has_a_site_no_sample_appears(yard: Yard) -> None:
    yard.build()

    assert not Sample(yard.client.app.state.service).begin()
    assert [one["id"] for one in yard.get("/v1/sites").json()["items"]] == ["yard"]


def test_a_sample_that_somebody_removed_stays_away(yard: Yard, sample: Sample) -> None:
    assert yard.call("DELETE", SITE).status_code == 204

    sample.tick()
    assert not sample.begin()
    assert yard.get("/v1/sites").json()["items"] == []


def test_a_site_that_only_has_the_name_of_the_sample_is_left_alone(yard: Yard) -> None:
    named = {"id": "sample", "nodes": [{"id": "grid", "import_limit_kw": 9.0, "continuous_factor": 1.0}], "evses": []}
    assert yard.put(SITE, named).status_code == 201
    sample = Sample(yard.client.app.state.service)

    sample.tick()
    assert (sample.begin(), sample.end()) == (False, False)
    assert yard.get(SITE).headers["ETag"] == '"1"'


def test_a_service_that_is_to_have_none_takes_it_away(yard: Yard, sample: Sample) -> None:
    served = yard.client.app.state.service
    off = served.settings.model_copy(update={"sample": False})

    Running(replace(served, settings=off))

    assert yard.get("/v1/sites").json()["items"] == []
    assert not Sample(served).end()


def test_whatever_goes_wrong_in_a_tick_the_clock_goes_on(
    yard: Yard, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = life(yard)
    for error in (StoreError("the database is away"), KeyError("bay-1")):
        monkeypatch.setattr("api.sample.life.passed", raising(error))
        yard.clock.now += TICK
        sample.tick()
        assert life(yard) == before
    monkeypatch.undo()

    sample.tick()

    assert life(yard).at == yard.clock.now


def raising(error: Exception) -> Any:
    def broken(*given: Any) -> Any:
        raise error

    return broken


def test_after_a_pause_of_an_hour_cars_have_left_and_life_goes_on(yard: Yard, sample: Sample) -> None:
    lived(yard, sample, 1)
    before = life(yard)
    yard.clock.pass_by(hours=1)
    lived(yard, sample, 2)

    gone = {car.session for car in before.cars} - {car.session for car in life(yard).cars}
    assert gone == {car.session for car in before.cars if car.leaves_at < yard.clock.now}
    assert life(yard).arrivals > before.arrivals
