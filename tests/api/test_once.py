"""A POST that is sent again is done once."""

import json
from collections.abc import Iterator

import pytest

from api.routes import examples
from api.store.records import Kind, Place
from tests.api.yards import Yard, key_for, service

KEY = {"Idempotency-Key": "f0a1"}


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        served.build()
        yield served


def tell(yard: Yard, **told: object) -> object:
    return yard.post("/v1/sites/yard/sessions", examples.SESSION | told, **KEY)


def test_sent_again_it_is_answered_as_the_first_time(yard: Yard) -> None:
    first, second = tell(yard), tell(yard)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"] == '"1"'
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


def test_another_body_under_the_same_key_is_refused(yard: Yard) -> None:
    tell(yard)

    answer = tell(yard, energy_target_kwh=5.0)

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("idempotency-key-reused")


def test_after_a_day_the_key_is_new(yard: Yard) -> None:
    tell(yard)
    yard.clock.pass_by(hours=24)

    assert tell(yard).status_code == 200
    assert yard.get("/v1/sites/yard/sessions/7f3").json()["revision"] == 2


def test_what_was_refused_may_be_corrected_under_the_same_key(yard: Yard) -> None:
    assert tell(yard, evse="bay-9").status_code == 422

    assert tell(yard).status_code == 201


def test_keys_of_other_tenants_are_other_keys() -> None:
    with service(insecure=False) as yard:
        answers = []
        for tenant in ("acme", "other"):
            yard.headers = key_for(yard, tenant)
            yard.build()
            answers.append(tell(yard))

    assert [answer.status_code for answer in answers] == [201, 201]
    assert all("Idempotency-Replayed" not in answer.headers for answer in answers)


def test_a_request_that_died_half_way_is_done_again_after_two_minutes(yard: Yard) -> None:
    tell(yard)
    place = Place(tenant="default", kind=Kind.ANSWER, id="f0a1")
    with yard.store.begin(yard.clock()) as unit:
        digest = json.loads(unit.find(place).body)["digest"]
        unit.write(place, json.dumps({"digest": digest}))

    assert tell(yard).status_code == 409
    yard.clock.pass_by(minutes=2)
    assert tell(yard).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_is_none_is_told(yard: Yard, key: str) -> None:
    answer = yard.post("/v1/sites/yard/sessions", examples.SESSION, **{"Idempotency-Key": key})

    assert answer.status_code == 422


def test_plans_are_made_once_too(yard: Yard) -> None:
    quick = {"import_limit_kw": 22, "evses": [{"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 9}}]}

    first, second = (yard.post("/v1/plans", quick, **KEY) for _ in range(2))

    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
