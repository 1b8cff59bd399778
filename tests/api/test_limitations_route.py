"""When a session was held below what it could take, told by its id, from what stations accepted and meters show."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.yards import Yard, service

SIX, SEVEN, EIGHT = (f"2026-03-02T0{hour}:00:00Z" for hour in (6, 7, 8))


@pytest.fixture
def yard() -> Iterator[Yard]:
    """5 kW until eight o'clock for a bay of 11 kW, by the building; the car wants more than it can get until then."""
    with service() as served:
        served.build()
        served.put("/v1/sites/yard/policy", {"mode": "control"})
        served.put("/v1/sites/yard/nodes/grid/limit", {"import_limit_kw": 5.0, "end": EIGHT})
        served.plug_in(departure="2026-03-02T12:00:00Z", energy_target_kwh=60.0)
        yield served


def planned(yard: Yard, outcome: str = "accepted") -> None:
    assert yard.post("/v1/sites/yard/plan", None).status_code == 200
    while commands := yard.get("/v1/sites/yard/commands").json()["commands"]:
        told = [{"command": one["id"], "outcome": outcome} for one in commands]
        yard.post("/v1/sites/yard/commands/ack", {"acknowledgements": told})


def ledger(yard: Yard) -> Any:
    answer = yard.get("/v1/sessions/7f3/limitations")
    assert answer.status_code == 200, answer.text
    return answer.json()


def measured(yard: Yard, at: str, power_kw: float) -> None:
    told = {"measurements": [{"at": at, "session": "7f3", "power_kw": power_kw}]}
    assert yard.post("/v1/sites/yard/measurements", told).status_code == 200


def test_a_car_below_a_limit_of_the_building_was_held_by_it(yard: Yard) -> None:
    """An hour at 5 of 11 kW: 6 kWh less, by the node that is limited; nothing is told of what is to come."""
    planned(yard)
    yard.clock.pass_by(hours=1)

    told = ledger(yard)

    (line,) = told["lines"]
    assert (line["start"], line["end"], line["reason"], line["causes"]) == (SIX, SEVEN, "limit", ["grid"])
    assert (line["power_kw"], line["could_kw"]) == (pytest.approx(5.0, abs=0.01), 11.0)
    assert (line["suspended"], line["measured"]) == (False, False)
    assert told["limited_h"] == pytest.approx(1.0)
    assert told["kwh_less"] == pytest.approx(6.0, abs=0.01)


def test_what_no_station_has_accepted_held_nobody(yard: Yard) -> None:
    planned(yard, outcome="rejected")
    yard.clock.pass_by(hours=1)

    assert ledger(yard)["lines"] == []


def test_a_site_that_is_only_observed_holds_nobody(yard: Yard) -> None:
    yard.put("/v1/sites/yard/policy", {"mode": "observe"}, match="*")
    planned(yard)
    yard.clock.pass_by(hours=1)

    assert ledger(yard)["lines"] == []


def test_the_meter_bears_it_out_or_says_that_the_car_took_less_by_itself(yard: Yard) -> None:
    """A quarter of an hour with 4.9 kW of 5, then one with 1 kW, which is the car's own doing."""
    planned(yard)
    measured(yard, SIX, 4.9)
    measured(yard, "2026-03-02T06:15:00Z", 1.0)
    yard.clock.pass_by(minutes=30)

    told = ledger(yard)

    assert [(line["start"], line["end"], line["measured"]) for line in told["lines"]] == [
        (SIX, "2026-03-02T06:15:00Z", True)
    ]
    assert told["limited_h"] == pytest.approx(0.25)


def test_each_plan_counts_until_the_next_one_is_accepted(yard: Yard) -> None:
    """At seven the building takes its limit back: from then on nobody holds the car."""
    planned(yard)
    yard.clock.pass_by(hours=1)
    assert yard.call("DELETE", "/v1/sites/yard/nodes/grid/limit").status_code == 204
    planned(yard)
    yard.clock.pass_by(hours=1)

    told = ledger(yard)

    assert [(line["start"], line["end"]) for line in told["lines"]] == [(SIX, SEVEN)]
    assert told["until"] == EIGHT


def test_who_has_left_keeps_its_ledger_and_who_never_was_has_none(yard: Yard) -> None:
    planned(yard)
    yard.clock.pass_by(hours=1)
    yard.post("/v1/sites/yard/sessions/7f3/unplug", {"unplugged_at": "2026-03-02T06:30:00Z"})

    assert ledger(yard)["limited_h"] == pytest.approx(0.5)
    assert ledger(yard)["until"] == "2026-03-02T06:30:00Z"
    assert yard.get("/v1/sessions/none/limitations").status_code == 404
