"""Before the first profile of ours a station is asked what it has, and nobody's car waits for that."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.yards import Yard, service

BOOT = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}
STATUS = {"timestamp": "2026-03-02T06:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
LIST, SET = "GetChargingProfiles", "SetChargingProfile"
DEFAULT, PLAN = "TxDefaultProfile", "TxProfile"


@pytest.fixture
def yard() -> Iterator[Yard]:
    """In control, planned before anybody came; nothing was pulled yet."""
    with service() as served:
        served.build()
        assert served.put("/v1/sites/yard/policy", {"mode": "control"}).status_code == 201
        yield served


def hear(yard: Yard, action: str, payload: Any, *, station: str = "bay-1", **query: str) -> Any:
    asked = "&".join(f"{name}={value}" for name, value in ({"station": station} | query).items())
    return yard.post(f"/v1/sites/yard/ocpp/2.0.1/{action}?{asked}", payload)


def pulled(yard: Yard, station: str = "bay-1") -> list[tuple[str, str]]:
    """What is on its way to a station: action, and purpose of a profile."""
    found = [one for one in yard.get("/v1/sites/yard/commands").json()["commands"] if one["station"] == station]
    purposes = (one["payload"].get("chargingProfile", {}).get("chargingProfilePurpose", "") for one in found)
    return [(one["action"], purpose) for one, purpose in zip(found, purposes, strict=True)]


def plan(yard: Yard) -> None:
    assert yard.post("/v1/sites/yard/plan", None).status_code == 200


def test_a_station_that_was_heard_of_is_asked_before_it_gets_a_default(yard: Yard) -> None:
    hear(yard, "StatusNotification", STATUS)
    plan(yard)

    assert pulled(yard) == [(LIST, "")]
    assert pulled(yard, "bay-2") == [(SET, DEFAULT)], "what it would report is forwarded by nobody"


def test_the_default_follows_when_the_station_has_answered_and_had_time_to_report(yard: Yard) -> None:
    hear(yard, "StatusNotification", STATUS)
    plan(yard)
    (ask,) = [one for one in yard.get("/v1/sites/yard/commands").json()["commands"] if one["action"] == LIST]
    told = {"acknowledgements": [{"command": ask["id"], "outcome": "accepted"}]}
    assert yard.post("/v1/sites/yard/commands/ack", told).status_code == 200

    yard.clock.pass_by(seconds=9)
    assert pulled(yard) == []
    yard.clock.pass_by(seconds=1)
    assert pulled(yard) == [(SET, DEFAULT)]


def test_a_station_that_never_answers_gets_its_default_after_a_minute_and_is_not_asked_again(yard: Yard) -> None:
    hear(yard, "StatusNotification", STATUS)
    plan(yard)
    pulled(yard)

    yard.clock.pass_by(seconds=61)
    pulled(yard)
    plan(yard)

    assert pulled(yard) == [(SET, DEFAULT)]


def test_the_plan_of_a_car_waits_for_no_answer(yard: Yard) -> None:
    hear(yard, "StatusNotification", STATUS)
    yard.plug_in(transaction_id="t1", departure="2026-03-02T15:00:00Z", energy_target_kwh=10.0)
    plan(yard)

    assert (SET, PLAN) in pulled(yard)
    assert (LIST, "") in pulled(yard)
    assert (SET, DEFAULT) not in pulled(yard)


def test_a_default_that_carries_the_plan_of_a_car_waits_for_no_answer(yard: Yard) -> None:
    """No transaction is told: until then the default of the EVSE is what holds its car."""
    hear(yard, "StatusNotification", STATUS)
    yard.plug_in(departure="2026-03-02T15:00:00Z", energy_target_kwh=10.0)
    plan(yard)

    assert (SET, DEFAULT) in pulled(yard)


def test_a_station_that_has_something_of_ours_is_not_asked(yard: Yard) -> None:
    plan(yard)
    commands = yard.get("/v1/sites/yard/commands").json()["commands"]
    told = [{"command": one["id"], "outcome": "accepted"} for one in commands]
    yard.post("/v1/sites/yard/commands/ack", {"acknowledgements": told})
    hear(yard, "BootNotification", BOOT)
    yard.clock.pass_by(seconds=5)

    assert LIST not in {action for action, _ in pulled(yard)}
