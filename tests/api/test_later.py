"""A plan that is asked for now and fetched later."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.sites import later
from models.domain.errors import SolverFault
from tests.api.yards import Yard, key_for, service

QUICK = {"import_limit_kw": 22, "evses": [{"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 9}}]}
ASKED = {"Prefer": "respond-async, wait=5"}


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        yield served


def test_it_is_answered_at_once_with_the_address_of_the_plan(yard: Yard) -> None:
    asked = yard.post("/v1/plans", QUICK, **ASKED)

    assert (asked.status_code, asked.json()["state"]) == (202, "pending")
    assert asked.headers["Preference-Applied"] == "respond-async"
    made = yard.get(asked.headers["Location"])
    assert made.status_code == 200
    assert made.json() == yard.post("/v1/plans", QUICK).json() | {"statistics": made.json()["statistics"]}


def test_what_cannot_be_planned_is_refused_at_once(yard: Yard) -> None:
    assert yard.post("/v1/plans", {"import_limit_kw": -1, "evses": []}, **ASKED).status_code == 422


def test_a_plan_that_fails_says_so_where_it_was_to_be(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise SolverFault("not today")

    monkeypatch.setattr("api.routes.plans.plan", failing)
    asked = yard.post("/v1/plans", QUICK, **ASKED)

    told = yard.get(asked.headers["Location"])

    assert told.status_code == 202
    assert told.json() == {"id": asked.json()["id"], "state": "failed", "detail": "not today"}


def test_one_that_is_not_there_yet_says_when_to_ask_again(yard: Yard) -> None:
    id = later.ask(yard.store, "default", yard.clock())

    told = yard.get(f"/v1/plans/{id}")

    assert (told.status_code, told.json()["state"], told.headers["Retry-After"]) == (202, "pending", "2")
    yard.clock.now += timedelta(minutes=12)
    assert yard.get(f"/v1/plans/{id}").json()["state"] == "failed"


def test_another_tenant_finds_nothing_there() -> None:
    with service(insecure=False) as yard:
        yard.headers = key_for(yard, "acme")
        where = yard.post("/v1/plans", QUICK, **ASKED).headers["Location"]
        yard.headers = key_for(yard, "other")

        assert yard.get(where).status_code == 404
