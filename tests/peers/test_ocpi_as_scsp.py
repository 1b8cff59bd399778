"""Plans of a kept site go to a CPO as charging profiles over sockets; what it answers is what counts as installed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from api.jobs import Jobs
from api.sites.keeping import writing_desk
from tests.api.yards import Yard
from tests.peers.ocpi_cpo import Cpo
from tests.peers.test_ocpi import EVSE, LOCATION, SESSION, registered

STEERED = [{"location": "LOC1", "site": "yard", "evses": {"3256": "bay-1", "3257": "bay-2"}, "steers": True}]
ONE = [{"location": "LOC1", "site": "yard", "evses": {"3256": "bay-1"}, "steers": True}]
BLIND_S = 20 * 60.0
"""A plan is followed for so long; then the share holds."""
SECOND = SESSION | {"id": "102", "evse_uid": "3257"}
BOTH = LOCATION | {"evses": [EVSE, EVSE | {"uid": "3257"}]}


@contextmanager
def steered(locations: Any = STEERED, **site: Any) -> Iterator[tuple[Yard, Cpo]]:
    """In control, with both bays, or one, at the CPO."""
    with registered(locations=[]) as (yard, cpo):
        told = yard.get("/v1/sites/yard").json()
        assert yard.put("/v1/sites/yard", told | site, match="*").status_code == 200
        party = yard.get("/v1/ocpi-parties/cpo").json() | {"locations": locations}
        assert yard.put("/v1/ocpi-parties/cpo", party, match="*").status_code == 200
        assert yard.put("/v1/sites/yard/policy", {"mode": "control"}).status_code == 201
        cpo.push("PUT", "locations", "BE/BEC/LOC1", BOTH)
        yield yard, cpo


def grid(limit_kw: float) -> dict[str, Any]:
    return {"nodes": [{"id": "grid", "kind": "connection", "import_limit_kw": limit_kw, "continuous_factor": 1.0}]}


def plan(yard: Yard) -> Any:
    answer = yard.post("/v1/sites/yard/plan", None)
    assert answer.status_code == 200, answer.text
    carry(yard)
    return answer.json()


def document(yard: Yard, made: Any) -> Any:
    return yard.get(f"/v1/sites/yard/plans/{made['plan']}").json()


def carry(yard: Yard) -> None:
    """What the clock of the service does twice a second, at once."""
    Jobs(yard.client.app.state.service, lambda act: act()).carry()


def asked(cpo: Cpo, method: str = "PUT") -> list[tuple[str, Any]]:
    """Requests to the CPO's charging profiles: session and body."""
    found = [(path, body) for m, path, body in cpo.heard if m == method and "/chargingprofiles/" in path]
    return [(path.partition("?")[0].rpartition("/")[2], body or path) for path, body in found]


def result(cpo: Cpo, told: Any, outcome: str = "ACCEPTED") -> dict[str, Any]:
    return cpo.send("POST", told["response_url"], {"result": outcome})


def standing(yard: Yard) -> dict[str, str]:
    told = yard.get("/v1/ocpi-parties/cpo/status").json()["steered"]
    return {one["session"]: one["standing"] for one in told}


def needs(yard: Yard, session: str, **more: Any) -> None:
    told = {"departure": "2026-03-02T10:00:00Z", "energy_target_kwh": 22.0} | more
    assert yard.post(f"/v1/sites/yard/sessions/{session}/needs", told).status_code == 200


def test_a_plan_goes_to_the_cpo_and_is_installed_once_its_result_says_so() -> None:
    with steered() as (yard, cpo):
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        needs(yard, "101")

        made = plan(yard)

        ((session, told),) = asked(cpo)
        assert session == "101"
        assert standing(yard) == {"101": "awaits_result"}
        assert result(cpo, told)["status_code"] == 1000
        assert standing(yard) == {"101": "applied"}
        carry(yard)
        assert len(asked(cpo)) == 1
        assert yard.get("/v1/sessions/101/limitations").status_code == 200
        assert made["commands"] == 1, "no default, no maximum: OCPI has no words for them"


def test_where_nothing_is_to_be_sent_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice a second: others who write would wait for it."""
    written: list[str] = []

    def counted(*given: Any) -> Any:
        written.append("once")
        return writing_desk(*given)

    monkeypatch.setattr("api.ocpi.courier.writing_desk", counted)
    with steered() as (yard, cpo):
        carry(yard)
        assert written == []

        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        needs(yard, "101")
        plan(yard)
        ((_, told),) = asked(cpo)
        result(cpo, told)
        written.clear()
        carry(yard)
        assert written == [], "what was asked for is there"

        ended = {"status": "COMPLETED", "end_date_time": "2026-03-02T06:30:00Z", "last_updated": "2026-03-02T06:30:00Z"}
        assert cpo.push("PATCH", "sessions", "BE/BEC/101", ended)["status_code"] == 1000
        carry(yard)
        assert written, "a session that has left is forgotten"
        written.clear()
        carry(yard)
        assert written == []


def test_no_limit_that_is_sent_is_above_the_plan() -> None:
    """230 V on three phases; what the plan has ends when blind minutes do, then the share of the EVSE holds."""
    with steered(**grid(15.0)) as (yard, cpo):
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        cpo.push("PUT", "sessions", "BE/BEC/102", SECOND)
        needs(yard, "101")
        needs(yard, "102")
        made = plan(yard)
        planned = {one["session_id"]: one["setpoints"] for one in document(yard, made)["sessions"]}
        assert len(asked(cpo)) == 2

        for session, told in asked(cpo):
            profile = told["charging_profile"]
            start = datetime.fromisoformat(profile["start_date_time"])
            for setpoint in planned[session]:
                at = datetime.fromisoformat(setpoint["start"])
                seconds = (at - start).total_seconds()
                limit = [p["limit"] for p in profile["charging_profile_period"] if p["start_period"] <= seconds][-1]
                if seconds < BLIND_S:
                    assert limit * 3 * 0.23 <= setpoint["offered_power_kw"] + 1e-6


def test_who_is_lowered_has_to_say_so_before_anybody_is_raised() -> None:
    """15 kW for two bays of 11 kW. One car has 11 kW; when the other is to have them, it is lowered first."""
    with steered(**grid(15.0)) as (yard, cpo):
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        cpo.push("PUT", "sessions", "BE/BEC/102", SECOND)
        needs(yard, "101", energy_target_kwh=60.0)
        needs(yard, "102", energy_target_kwh=0.5, departure="2026-03-02T14:00:00Z")
        plan(yard)
        for _, told in asked(cpo):
            result(cpo, told)
        yard.clock.pass_by(minutes=4)
        cpo.heard.clear()
        needs(yard, "101", energy_target_kwh=12.0, departure="2026-03-02T14:00:00Z")
        needs(yard, "102", energy_target_kwh=80.0, departure="2026-03-02T09:00:00Z")

        plan(yard)

        ((first, told),) = asked(cpo)
        assert (first, told["charging_profile"]["charging_profile_period"][0]["limit"]) == ("101", 0.0)
        yard.clock.pass_by(seconds=20)
        carry(yard)
        assert [session for session, _ in asked(cpo)] == ["101"], "nobody is raised before it has said so"
        assert result(cpo, told)["status_code"] == 1000
        carry(yard)
        assert [session for session, _ in asked(cpo)] == ["101", "102"]


@pytest.mark.parametrize("answer", ["REJECTED", "TOO_OFTEN", "NOT_SUPPORTED", "UNKNOWN_SESSION"])
def test_what_the_cpo_refuses_is_not_installed_and_its_evse_counts_at_its_rating(answer: str) -> None:
    with steered() as (yard, cpo):
        cpo.profile_answer = {"result": answer, "timeout": 30}
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        needs(yard, "101")
        plan(yard)

        assert standing(yard) == {"101": answer.lower()}
        yard.clock.pass_by(seconds=5)
        again = yard.post("/v1/sites/yard/plan", None).json()
        assert any("rating" in one["reason"] for one in again["not_sent"])


def test_a_result_that_does_not_come_in_time_is_none() -> None:
    with steered() as (yard, cpo):
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        needs(yard, "101")
        plan(yard)
        yard.clock.pass_by(seconds=31)

        carry(yard)

        assert standing(yard) == {"101": "no_result"}
        ((_, told),) = asked(cpo)
        assert result(cpo, told)["http"] == 404


def test_an_evse_that_says_no_leaves_the_profile_uninstalled() -> None:
    with steered() as (yard, cpo):
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        needs(yard, "101")
        plan(yard)
        ((_, told),) = asked(cpo)

        result(cpo, told, "REJECTED")

        assert standing(yard) == {"101": "rejected"}
        (line,) = yard.get("/v1/ocpi-parties/cpo/status").json()["steered"]
        assert line["profile"] is None


def test_nobody_elses_platform_may_say_what_became_of_a_request() -> None:
    with steered() as (yard, cpo):
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        needs(yard, "101")
        plan(yard)
        ((_, told),) = asked(cpo)
        ours, base = cpo.theirs, told["response_url"].partition("/ocpi/")[0]
        other = yard.get("/v1/ocpi-parties/cpo").json() | {"locations": []}
        assert yard.put("/v1/ocpi-parties/other", other).status_code == 201
        token = yard.call("PUT", "/v1/ocpi-parties/other/token").json()["token"]
        cpo.register_at(f"{base}/ocpi/versions", token)

        assert result(cpo, told)["http"] == 404
        active = {"start_date_time": "2026-03-02T06:00:00Z", "charging_profile": {"charging_rate_unit": "A"}}
        assert cpo.send("PUT", f"{cpo.endpoints['chargingprofiles', 'SENDER']}/101", active)["http"] == 404
        assert standing(yard) == {"101": "awaits_result"}
        cpo.theirs = ours


def test_what_an_evse_is_going_to_do_is_kept_as_the_cpo_tells_it() -> None:
    with steered() as (yard, cpo):
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        needs(yard, "101")
        plan(yard)
        ((_, told),) = asked(cpo)
        result(cpo, told)
        periods = [{"start_period": 0, "limit": 10.0}]
        active = {
            "start_date_time": "2026-03-02T06:00:00Z",
            "charging_profile": {"charging_rate_unit": "A", "charging_profile_period": periods},
        }

        assert cpo.send("PUT", f"{cpo.endpoints['chargingprofiles', 'SENDER']}/101", active)["status_code"] == 1000

        (line,) = yard.get("/v1/ocpi-parties/cpo/status").json()["steered"]
        assert line["active"] == active


def test_an_evse_without_a_session_counts_at_its_rating_because_no_default_can_be_told() -> None:
    """17 kW; 11 of them may be drawn at any moment at bay-1, so 6 are left for the car at bay-2."""
    with steered(ONE, **grid(17.0)) as (yard, _):
        yard.plug_in(session="7f3", evse="bay-2")
        needs(yard, "7f3")

        made = plan(yard)

        (session,) = document(yard, made)["sessions"]
        assert max(one["charge_power_kw"] for one in session["setpoints"]) == pytest.approx(6.0, abs=1e-3)


def test_a_csms_is_not_handed_what_goes_over_ocpi() -> None:
    with steered(ONE) as (yard, cpo):
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        yard.plug_in(session="7f3", evse="bay-2")
        needs(yard, "101")
        plan(yard)

        commands = yard.get("/v1/sites/yard/commands").json()["commands"]

        assert {one["station"] for one in commands} == {"bay-2"}
        assert [session for session, _ in asked(cpo)] == ["101"]


def test_handing_back_takes_the_profile_away() -> None:
    with steered() as (yard, cpo):
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        needs(yard, "101")
        plan(yard)
        ((_, told),) = asked(cpo)
        result(cpo, told)
        yard.clock.pass_by(minutes=2)

        assert yard.post("/v1/sites/yard/hand-back", None).status_code == 200
        carry(yard)

        ((session, path),) = asked(cpo, "DELETE")
        assert (session, "response_url=" in path) == ("101", True)


def test_a_site_is_steered_by_one_platform_and_station_by_station() -> None:
    with steered() as (yard, _):
        other = yard.get("/v1/ocpi-parties/cpo").json()

        told = yard.put("/v1/ocpi-parties/other", other)

        assert told.status_code == 422
        assert "cpo steers yard" in told.json()["findings"][0]["message"]
        nobody = other | {"locations": [STEERED[0] | {"evses": {}}]}
        assert yard.put("/v1/ocpi-parties/cpo", nobody, match="*").status_code == 422


def test_a_result_of_an_older_profile_installs_nothing_newer() -> None:
    """The platform takes five minutes for a result; the plan gives up after one, and has something else in mind."""
    with steered() as (yard, cpo):
        cpo.profile_answer = {"result": "ACCEPTED", "timeout": 300}
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        needs(yard, "101")
        plan(yard)
        ((_, old),) = asked(cpo)
        yard.clock.pass_by(seconds=61)
        carry(yard)
        yard.clock.pass_by(seconds=130)
        needs(yard, "101", energy_target_kwh=1.0, departure="2026-03-02T15:00:00Z")
        plan(yard)
        assert len(asked(cpo)) == 1, "one request at a time"

        result(cpo, old)
        carry(yard)

        (_, (session, new)) = asked(cpo)
        assert session == "101"
        assert new["charging_profile"] != old["charging_profile"]
        assert standing(yard) == {"101": "awaits_result"}
