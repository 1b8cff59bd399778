"""What a driver sees and may ask for, and what else is read of a site."""

import json
from collections.abc import Iterator

import pytest

from tests.api.yards import Yard, service

NINE = "2026-03-02T09:00:00Z"


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        served.build()
        yield served


def night(yard: Yard) -> None:
    """A car that comes in the evening and is cheapest after 22 o'clock in Berlin, 21 in UTC."""
    yard.clock.pass_by(hours=12)
    yard.plug_in(plugged_in_at="2026-03-02T18:00:00Z", departure="2026-03-03T04:00:00Z", energy_target_kwh=11.0)


def test_a_driver_sees_when_it_is_ready_and_what_sooner_costs(yard: Yard) -> None:
    """11 kWh for 0.30 at once instead of 0.18 in the night: 1.32 EUR more, ready an hour from now."""
    night(yard)

    told = yard.get("/v1/sessions/7f3/outlook").json()

    assert told["ready_by_p50"] >= "2026-03-02T22:00:00Z"
    assert told["ready_by_p90"] >= told["ready_by_p50"]
    assert told["energy_kwh"] == pytest.approx(11.0)
    assert told["boost"]["ready_by"] == "2026-03-02T19:00:00Z"
    assert told["boost"]["costs"] == pytest.approx(1.32, abs=0.01)


def test_looking_changes_nothing(yard: Yard) -> None:
    night(yard)
    before = yard.get("/v1/sites/yard/sessions/7f3").json()

    yard.get("/v1/sessions/7f3/outlook")

    assert yard.get("/v1/sites/yard/sessions/7f3").json() == before
    assert yard.get("/v1/sites/yard/plans").json()["items"] == []


@pytest.mark.parametrize("path", ["boost", "opt-out"])
def test_who_asks_for_it_is_charged_at_once_until_taken_back(yard: Yard, path: str) -> None:
    night(yard)

    def kw_now() -> float:
        yard.post("/v1/sites/yard/plan", None)
        return float(yard.get("/v1/sites/yard/plan").json()["sessions"][0]["setpoints"][0]["charge_power_kw"])

    assert kw_now() == 0.0
    assert yard.post(f"/v1/sessions/7f3/{path}", {} if path == "boost" else None).status_code == 200
    assert kw_now() == pytest.approx(11.0, abs=0.1)
    assert yard.call("DELETE", f"/v1/sessions/7f3/{path}").status_code == 200
    assert kw_now() == 0.0


def test_ready_by_a_time_is_ready_by_then(yard: Yard) -> None:
    night(yard)

    yard.post("/v1/sessions/7f3/boost", {"ready_by": "2026-03-02T20:00:00Z"})
    yard.post("/v1/sites/yard/plan", None)

    assert yard.get("/v1/sites/yard/plan").json()["sessions"][0]["finish_time"] <= "2026-03-02T20:00:00Z"


def test_who_has_left_has_no_outlook(yard: Yard) -> None:
    yard.plug_in()
    yard.post("/v1/sites/yard/sessions/7f3/unplug", {})

    assert yard.get("/v1/sessions/7f3/outlook").status_code == 409
    assert yard.post("/v1/sessions/7f3/boost", {}).status_code == 409
    assert yard.get("/v1/sessions/none/outlook").status_code == 404


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_the_profile_of_an_evse_comes_in_the_version_asked_for(yard: Yard, version: str) -> None:
    yard.plug_in(departure=NINE, energy_target_kwh=11.0)
    yard.post("/v1/sites/yard/plan", None)

    told = yard.get(f"/v1/sites/yard/evses/bay-1/profiles?ocpp={version}").json()

    assert [request["action"] for request in told["requests"]] == ["SetChargingProfile"]
    assert yard.get(f"/v1/sites/yard/evses/bay-2/profiles?ocpp={version}").json()["requests"] == []
    assert yard.get("/v1/sites/yard/evses/bay-9/profiles").status_code == 404


def test_a_site_says_what_it_could_shed(yard: Yard) -> None:
    """At 11 kW there are 11 kW to shed for half an hour, and time enough to catch up."""
    yard.plug_in(departure=NINE, energy_target_kwh=11.0)

    told = yard.get("/v1/sites/yard/flexibility?start=2026-03-02T06:30:00Z&minutes=30").json()

    assert told["points"][-1]["power_kw"] == pytest.approx(11.0, abs=0.1)
    assert told["points"][-1]["missed_kwh"] == pytest.approx(0.0, abs=0.01)


def test_the_stream_tells_what_was_planned_and_goes_on_where_it_was(yard: Yard) -> None:
    yard.plug_in(departure=NINE)
    yard.post("/v1/sites/yard/plan", None)

    lines = yard.get("/v1/sites/yard/events?after=0&seconds=0").text.splitlines()

    fields = dict(line.split(": ", 1) for line in lines if line)
    assert fields["event"] == "event"
    assert json.loads(fields["data"])["method"] == "optimal"
    again = yard.get("/v1/sites/yard/events?seconds=0", **{"Last-Event-ID": fields["id"]})
    assert again.text == ""
    assert yard.get("/v1/sites/none/events?seconds=0").status_code == 404


def test_the_audit_trail_says_who_did_what_page_by_page(yard: Yard) -> None:
    yard.plug_in()

    first = yard.get("/v1/sites/yard/audit?limit=2").json()
    rest = yard.get(f"/v1/sites/yard/audit?after={first['next']}").json()

    assert [line["what"] for line in first["items"] + rest["items"]] == ["site told", "tariff told", "session told"]
    assert rest["items"][-1]["who"] == "anybody"
    yard.call("DELETE", "/v1/sites/yard")
    assert yard.get("/v1/sites/yard/audit").json()["items"][0]["what"] == "site told"
