"""What an operator decides for an EVSE is in the next plan, ends by itself, and has an author."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.jobs import Jobs
from tests.api.yards import Yard, service

NINE, NOON = "2026-03-02T09:00:00Z", "2026-03-02T12:00:00Z"
BAY = "/v1/sites/yard/evses/bay-1/override"


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        served.build()
        yield served


def decide(yard: Yard, kind: str, *, until: str = NOON, **more: Any) -> Any:
    told = yard.post(BAY, {"kind": kind, "until": until, **more})
    assert told.status_code == 200, told.text
    return told.json()


def planned(yard: Yard) -> list[Any]:
    """Setpoints of the only car, after a plan that its audit passes."""
    made = yard.post("/v1/sites/yard/plan", None).json()
    assert made["passed_audit"], made
    found: list[Any] = yard.get("/v1/sites/yard/plan").json()["sessions"][0]["setpoints"]
    return found


def powers(setpoints: list[Any], start: str, end: str) -> list[float]:
    """What is offered between two times of the day. [kW]"""
    inside = [s for s in setpoints if s["start"] < f"2026-03-02T{end}:00Z" and s["end"] > f"2026-03-02T{start}:00Z"]
    return [s["offered_power_kw"] for s in inside]


def commands(yard: Yard) -> list[Any]:
    found: list[Any] = yard.get("/v1/sites/yard/commands").json()["commands"]
    return found


def test_a_pause_holds_until_its_end_and_then_the_car_charges(yard: Yard) -> None:
    yard.plug_in(departure=NINE, energy_target_kwh=11.0)
    decide(yard, "pause", until="2026-03-02T07:00:00Z")

    setpoints = planned(yard)

    assert max(powers(setpoints, "06:00", "07:00")) == 0.0
    assert yard.get("/v1/sites/yard/plan").json()["sessions"][0]["energy_kwh"] == pytest.approx(11.0)


def test_a_manual_limit_is_not_exceeded_and_the_reason_is_told(yard: Yard) -> None:
    """5.5 kW for two hours are 11 kWh: the car is full just at nine, and not sooner."""
    yard.plug_in(departure=NINE, energy_target_kwh=16.5)
    decide(yard, "limit", limit_kw=5.5)

    assert max(powers(planned(yard), "06:00", "09:00")) <= 5.5
    told = yard.get("/v1/sites/yard/explanations?session=7f3").json()["sessions"][0]
    assert "bay-1:manual" in {cause for hold in told["held"] for cause in hold["causes"]}


def test_a_boosted_car_charges_at_once_though_the_night_is_cheaper(yard: Yard) -> None:
    yard.clock.pass_by(hours=12)
    yard.plug_in(plugged_in_at="2026-03-02T18:00:00Z", departure="2026-03-03T04:00:00Z", energy_target_kwh=11.0)
    assert powers(planned(yard), "18:00", "19:00")[0] == 0.0

    told = decide(yard, "boost", until="2026-03-03T00:00:00Z")

    assert told["session"] == "7f3"
    assert powers(planned(yard), "18:10", "18:50") == [11.0]


def test_a_boost_ends_with_its_car(yard: Yard) -> None:
    yard.clock.pass_by(hours=12)
    until = "2026-03-03T00:00:00Z"
    yard.plug_in(plugged_in_at="2026-03-02T18:00:00Z", departure="2026-03-03T04:00:00Z", energy_target_kwh=11.0)
    decide(yard, "boost", until=until)
    yard.post("/v1/sites/yard/sessions/7f3/unplug", {})
    told = {"departure": "2026-03-03T04:00:00Z", "energy_target_kwh": 11.0}
    yard.plug_in(session="8a1", plugged_in_at="2026-03-02T18:00:00Z", **told)

    assert yard.get("/v1/sites/yard/overrides").json()["items"] == []
    assert powers(planned(yard), "18:00", "19:00")[0] == 0.0


def test_an_empty_bay_cannot_be_boosted(yard: Yard) -> None:
    refused = yard.post(BAY, {"kind": "boost", "until": NOON})

    assert (refused.status_code, refused.json()["detail"]) == (409, "there is no car to boost at this EVSE")


def test_an_excluded_bay_counts_at_its_rating_and_our_profiles_are_cleared_there(yard: Yard) -> None:
    """22 kW, of which the excluded bay may take 11: what is left for the other one is 11."""
    yard.plug_in(departure=NINE, energy_target_kwh=22.0)
    yard.plug_in(session="8a1", evse="bay-2", departure=NINE, energy_target_kwh=22.0)
    planned(yard)
    told = {"acknowledgements": [{"command": one["id"], "outcome": "accepted"} for one in commands(yard)]}
    yard.post("/v1/sites/yard/commands/ack", told)

    decide(yard, "exclude")
    clears = [one for one in commands(yard) if one["evse"] == "bay-1"]
    planned(yard)

    assert {one["action"] for one in clears} == {"ClearChargingProfile"}
    plan = yard.get("/v1/sites/yard/plan").json()
    assert any("bay-1" in alarm["message"] for alarm in plan["alarms"])
    assert "SetChargingProfile" not in {one["action"] for one in commands(yard) if one["evse"] == "bay-1"}
    (other,) = [one for one in plan["sessions"] if one["session_id"] == "8a1"]
    assert max(setpoint["offered_power_kw"] for setpoint in other["setpoints"]) <= 11.0
    made = yard.get("/v1/sites/yard/plans?limit=1").json()["items"][0]
    assert "excluded by its operator" in {one["session_id"]: one["reason"] for one in made["not_sent"]}["7f3"]


def test_when_it_ends_a_plan_is_made_by_itself(yard: Yard) -> None:
    """The policy would wait for five minutes."""
    jobs = Jobs(yard.client.app.state.service, lambda work: work())
    yard.plug_in(departure=NINE, energy_target_kwh=11.0)
    decide(yard, "exclude", until="2026-03-02T06:02:00Z")
    yard.clock.pass_by(seconds=1)
    jobs.tick()
    before = len(yard.get("/v1/sites/yard/plans").json()["items"])

    yard.clock.now += timedelta(minutes=2)
    jobs.tick()

    assert len(yard.get("/v1/sites/yard/plans").json()["items"]) == before + 1
    assert powers(yard.get("/v1/sites/yard/plan").json()["sessions"][0]["setpoints"], "06:05", "09:00") != []
    assert yard.get("/v1/sites/yard/plan").json()["alarms"] == []


def test_it_is_taken_back_and_both_are_in_the_audit_trail(yard: Yard) -> None:
    decide(yard, "pause", reason="work on the cable")
    (held,) = yard.get("/v1/sites/yard/overrides").json()["items"]
    assert (held["evse"], held["by"], held["reason"]) == ("bay-1", "anybody", "work on the cable")

    assert yard.call("DELETE", BAY).status_code == 204

    assert yard.get("/v1/sites/yard/overrides").json()["items"] == []
    trail = [(one["what"], one["more"].get("id")) for one in yard.get("/v1/sites/yard/audit").json()["items"]]
    assert ("pause told", "bay-1") in trail
    assert ("pause ended", "bay-1") in trail


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({"kind": "pause", "until": "2026-03-02T05:59:00Z"}, "until"),
        ({"kind": "pause", "until": "2026-03-10T06:00:00Z"}, "until"),
        ({"kind": "limit", "until": NOON}, "limit_kw"),
        ({"kind": "pause", "until": NOON, "limit_kw": 3.0}, "limit_kw"),
        ({"kind": "limit", "until": NOON, "limit_kw": -1.0}, "limit_kw"),
        ({"kind": "pause", "until": NOON, "reason": "two\nlines"}, "reason"),
        ({"kind": "faster", "until": NOON}, "kind"),
    ],
)
def test_what_nobody_can_mean_is_refused_with_its_place(yard: Yard, told: Any, path: str) -> None:
    refused = yard.post(BAY, told)

    assert refused.status_code == 422
    assert [one["path"] for one in refused.json()["findings"]] == [path]


def test_an_evse_that_is_not_there_is_not_found(yard: Yard) -> None:
    told = {"kind": "pause", "until": NOON}

    assert yard.post("/v1/sites/yard/evses/bay-7/override", told).status_code == 404
