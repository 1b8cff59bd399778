"""OCPI at the service: versions, tokens, and preferences of drivers that the next plan counts with."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from api.security.keys import Scope
from tests.api.yards import Yard, key_for, service

PREFERENCES = "/ocpi/2.2.1/sessions/7f3/charging_preferences"


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service(insecure=False) as served:
        served.headers = key_for(served, "acme")
        served.build()
        served.clock.pass_by(hours=12)
        served.plug_in(plugged_in_at="2026-03-02T18:00:00Z")
        yield served


def token(yard: Yard, *scopes: Scope) -> dict[str, str]:
    key = key_for(yard, "acme", *scopes)["Authorization"].removeprefix("Bearer ")
    return {"Authorization": f"Token {b64encode(key.encode()).decode()}"}


def prefer(yard: Yard, wish: Any, **headers: str) -> Any:
    return yard.client.put(PREFERENCES, json=wish, headers=headers or token(yard))


def test_a_peer_finds_its_way_from_the_versions_to_the_sessions(yard: Yard) -> None:
    versions = yard.client.get("/ocpi/versions", headers=token(yard)).json()
    by_name = {one["version"]: one["url"] for one in versions["data"]}
    details = yard.client.get(by_name["2.2.1"], headers=token(yard)).json()

    assert versions["status_code"] == details["status_code"] == 1000
    assert set(by_name) == {"2.2.1", "2.3.0"}
    (sessions,) = details["data"]["endpoints"]
    assert (sessions["identifier"], sessions["role"]) == ("sessions", "SENDER")
    assert f"{sessions['url']}/7f3/charging_preferences".endswith(PREFERENCES)


def test_what_a_driver_prefers_is_answered_and_planned_with(yard: Yard) -> None:
    """11 kWh until six in the morning are cheapest after 22 o'clock in Berlin: 0.18 instead of 0.30 EUR."""
    wish = {"profile_type": "CHEAP", "departure_time": "2026-03-03T05:00:00Z", "energy_need": 11.0}

    answer = prefer(yard, wish)

    assert (answer.status_code, answer.json()["status_code"], answer.json()["data"]) == (200, 1000, "ACCEPTED")
    assert yard.post("/v1/sites/yard/plan", None).json()["cost"] == pytest.approx(1.98)
    kept = yard.get("/v1/sites/yard/sessions/7f3").json()
    assert (kept["departure"], kept["energy_target_kwh"]) == ("2026-03-03T05:00:00Z", 11.0)


def test_fast_is_not_put_off(yard: Yard) -> None:
    """At once, at 0.30 EUR for each of 11 kWh."""
    wish = {"profile_type": "FAST", "departure_time": "2026-03-03T05:00:00Z", "energy_need": 11.0}

    assert prefer(yard, wish).json()["data"] == "ACCEPTED"
    assert yard.post("/v1/sites/yard/plan", None).json()["cost"] == pytest.approx(3.30, abs=1e-3)


def test_what_is_not_possible_changes_nothing(yard: Yard) -> None:
    before = yard.get("/v1/sites/yard/sessions/7f3").json()

    assert prefer(yard, {"profile_type": "CHEAP"}).json()["data"] == "DEPARTURE_REQUIRED"
    assert prefer(yard, {"profile_type": "GREEN"}).json()["data"] == "PROFILE_TYPE_NOT_SUPPORTED"
    assert prefer(yard, {"profile_type": 7}).json()["status_code"] == 2001
    assert yard.get("/v1/sites/yard/sessions/7f3").json() == before


def test_a_session_of_nobody_or_of_another_tenant_is_404_with_2001(yard: Yard) -> None:
    other = key_for(yard, "other")["Authorization"].removeprefix("Bearer ")
    theirs = prefer(yard, {"profile_type": "FAST"}, Authorization=f"Token {b64encode(other.encode()).decode()}")

    assert (theirs.status_code, theirs.json()["status_code"]) == (404, 2001)


def test_without_a_token_that_may_write_nobody_is_heard(yard: Yard) -> None:
    wish = {"profile_type": "FAST"}

    assert prefer(yard, wish, Authorization="Token abc").status_code == 401
    assert prefer(yard, wish, **token(yard, Scope.PLAN_READ)).status_code == 403
    assert yard.client.get("/ocpi/versions").status_code == 401
