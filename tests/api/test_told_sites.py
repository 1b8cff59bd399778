"""What callers tell of sites and sessions is kept, judged and told back."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.routes import examples
from tests.api.test_openapi_conventions import NAMES
from tests.api.yards import SITE, Yard, service


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        yield served


def findings(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [finding["path"] for finding in answer.json()["findings"]]


class TestDocuments:
    def test_a_site_is_read_as_it_was_told_with_its_revision(self, yard: Yard) -> None:
        written = yard.put("/v1/sites/yard", SITE)
        read = yard.get("/v1/sites/yard")

        assert written.status_code == 201
        assert read.json()["evses"][1] == {"id": "bay-2", "node": "grid", "max_power_kw": 11.0}
        assert read.headers["ETag"] == written.headers["ETag"] == '"1"'

    def test_what_is_there_is_replaced_only_by_who_says_which_revision(self, yard: Yard) -> None:
        yard.put("/v1/sites/yard", SITE)

        assert yard.put("/v1/sites/yard", SITE).status_code == 428
        assert yard.put("/v1/sites/yard", SITE, match='"7"').status_code == 412
        assert yard.put("/v1/sites/yard", SITE, match='"1"').headers["ETag"] == '"2"'
        assert yard.put("/v1/sites/yard", SITE, match="*").headers["ETag"] == '"3"'
        assert yard.call("PUT", "/v1/sites/yard", SITE, **{"If-None-Match": "*"}).status_code == 412

    def test_nothing_has_no_revision(self, yard: Yard) -> None:
        assert yard.put("/v1/sites/yard", SITE, match='"1"').status_code == 412
        assert yard.get("/v1/sites/yard").status_code == 404

    def test_a_site_that_cannot_be_planned_is_told_why_and_not_kept(self, yard: Yard) -> None:
        wrong = SITE | {"evses": [{"id": "bay-1", "node": "roof", "max_power_kw": 11.0}]}

        assert findings(yard.put("/v1/sites/yard", wrong)) == ["evses[0].node"]
        assert yard.get("/v1/sites/yard").status_code == 404

    @pytest.mark.parametrize("name", ["", "9999-12-31T23:59:59+14:00", "Europe", "../etc/passwd"])
    def test_a_time_zone_that_nobody_knows_is_told_where_there_is_a_tariff_too(self, yard: Yard, name: str) -> None:
        yard.build()

        assert findings(yard.put("/v1/sites/yard", SITE | {"time_zone": name}, match="*")) == ["time_zone"]

    def test_the_id_in_the_body_is_that_of_the_address(self, yard: Yard) -> None:
        assert findings(yard.put("/v1/sites/other", SITE)) == ["id"]

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            ("tariff", examples.TARIFF),
            ("forecasts/prices", examples.PRICES),
            ("forecasts/base-loads/grid", examples.BASE_LOAD),
            ("forecasts/pv/roof", examples.PV),
            ("nodes/grid/limit", examples.NODE_LIMIT),
            ("signals/relief", examples.SIGNAL),
        ],
    )
    def test_every_kind_of_document_is_written_read_and_removed(self, yard: Yard, path: str, told: Any) -> None:
        yard.build()
        if path == "tariff":
            yard.call("DELETE", "/v1/sites/yard/tariff")
        address = f"/v1/sites/yard/{path}"

        written = yard.put(address, told)
        assert written.status_code == 201, written.text
        assert yard.get(address).json() == written.json()
        assert yard.call("DELETE", address, **{"If-Match": '"9"'}).status_code == 412
        assert yard.call("DELETE", address).status_code == 204
        assert yard.get(address).status_code == 404

    def test_a_limit_at_a_node_that_is_not_there_is_nowhere(self, yard: Yard) -> None:
        yard.build()

        assert yard.put("/v1/sites/yard/nodes/cellar/limit", examples.NODE_LIMIT).status_code == 404
        assert yard.put("/v1/sites/yard/forecasts/pv/field", examples.PV).status_code == 404

    def test_a_limit_is_in_one_unit(self, yard: Yard) -> None:
        yard.build()
        both = {"import_limit_kw": 5.0, "current_limit_a": 16.0}

        assert yard.put("/v1/sites/yard/nodes/grid/limit", both).status_code == 422
        assert yard.put("/v1/sites/yard/nodes/grid/limit", {}).status_code == 422

    def test_prices_need_a_tariff(self, yard: Yard) -> None:
        yard.put("/v1/sites/yard", SITE)

        assert yard.put("/v1/sites/yard/forecasts/prices", examples.PRICES).status_code == 422

    def test_an_evse_that_is_in_use_cannot_be_taken_out_of_its_site(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in(evse="bay-2")

        fewer = yard.put("/v1/sites/yard", SITE | {"evses": SITE["evses"][:1]}, match="*")

        assert findings(fewer) == ["sessions[0].evse"]
        assert len(yard.get("/v1/sites/yard").json()["evses"]) == 2

    def test_sites_are_listed_page_by_page(self, yard: Yard) -> None:
        for name in ("a", "b", "c"):
            yard.put(f"/v1/sites/{name}", SITE | {"id": name})

        first = yard.get("/v1/sites?limit=2").json()
        rest = yard.get(f"/v1/sites?limit=2&after={first['next']}").json()

        assert [site["id"] for site in first["items"] + rest["items"]] == ["a", "b", "c"]
        assert rest["next"] is None

    def test_a_site_that_is_removed_takes_its_documents_with_it(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in()

        assert yard.call("DELETE", "/v1/sites/yard").status_code == 204
        assert yard.get("/v1/sites/yard/tariff").status_code == 404
        assert yard.put("/v1/sites/yard", SITE).headers["ETag"] == '"3"'
        assert yard.get("/v1/sites/yard/sessions").json()["items"] == []


class TestSessions:
    def test_three_fields_are_enough_and_the_rest_is_assumed_aloud(self, yard: Yard) -> None:
        yard.build()

        told = yard.plug_in()

        assert told.status_code == 201
        assumed = {one["what"] for one in told.json()["assumptions"]}
        assert {"departure", "energy_target_kwh"} <= assumed
        assert told.json()["revision"] == 1

    def test_told_again_it_is_the_same_session(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in()

        again = yard.plug_in(energy_target_kwh=9.0)

        assert again.status_code == 200
        assert (again.json()["energy_target_kwh"], again.json()["revision"]) == (9.0, 2)

    def test_a_stale_revision_in_a_body_overwrites_nothing(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in()
        yard.plug_in(energy_target_kwh=9.0)

        stale = yard.post("/v1/sites/yard/sessions", examples.SESSION | {"energy_target_kwh": 3.0, "revision": 1})

        assert stale.status_code == 409
        assert yard.get("/v1/sites/yard/sessions/7f3").json()["energy_target_kwh"] == 9.0

    def test_new_needs_leave_what_is_not_told_as_it_was(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in(energy_target_kwh=9.0)

        told = yard.post("/v1/sites/yard/sessions/7f3/needs", {"departure": "2026-03-02T09:00:00Z"}).json()

        assert (told["departure"], told["energy_target_kwh"]) == ("2026-03-02T09:00:00Z", 9.0)

    def test_needs_that_cannot_be_are_refused_with_the_place_in_the_body(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in()

        needs = {"energy_target_kwh": 3.0, "energy_minimum_kwh": 5.0}

        assert findings(yard.post("/v1/sites/yard/sessions/7f3/needs", needs)) == ["energy_minimum_kwh"]

    def test_what_flows_is_counted_from_the_register_and_never_back(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in(register_kwh=100.0)
        seen = [("06:20", 103.0), ("06:10", 101.5), ("06:15", 102.0)]
        batch = [{"at": f"2026-03-02T{at}:00Z", "evse": "bay-1", "register_kwh": kwh} for at, kwh in seen]

        counted = yard.post("/v1/sites/yard/measurements", {"measurements": batch})
        late = [{"at": "2026-03-02T06:12:00Z", "session": "7f3", "register_kwh": 101.7}]
        yard.post("/v1/sites/yard/measurements", {"measurements": late})

        assert counted.json() == {"sessions": 1}
        assert yard.get("/v1/sites/yard/sessions/7f3").json()["delivered_kwh"] == pytest.approx(3.0)

    def test_a_measurement_is_of_one_thing(self, yard: Yard) -> None:
        yard.build()
        at = "2026-03-02T06:10:00Z"

        of_nothing = yard.post("/v1/sites/yard/measurements", {"measurements": [{"at": at, "power_kw": 1.0}]})

        assert findings(of_nothing) == ["measurements[0]"]

    def test_who_left_has_left_once(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in(register_kwh=100.0)
        gone = {"unplugged_at": "2026-03-02T06:30:00Z", "register_kwh": 104.0}

        first = yard.post("/v1/sites/yard/sessions/7f3/unplug", gone).json()
        second = yard.post("/v1/sites/yard/sessions/7f3/unplug", {}).json()

        assert first == second
        assert (first["unplugged_at"], first["delivered_kwh"]) == ("2026-03-02T06:30:00Z", pytest.approx(4.0))
        assert yard.get("/v1/sites/yard/sessions").json()["items"] == []
        assert [one["id"] for one in yard.get("/v1/sites/yard/sessions?past=true").json()["items"]] == ["7f3"]
        assert yard.post("/v1/sites/yard/sessions/7f3/needs", {"soc": 0.5}).status_code == 409
        assert yard.post("/v1/sites/yard/sessions", examples.SESSION).status_code == 409

    def test_the_next_vehicle_at_an_evse_has_pushed_the_one_before_out(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in()
        yard.clock.pass_by(hours=1)

        yard.plug_in(session="8a1", plugged_in_at="2026-03-02T06:40:00Z")

        assert yard.get("/v1/sites/yard/sessions/7f3").json()["unplugged_at"] == "2026-03-02T06:40:00Z"

    def test_one_that_comes_tomorrow_is_not_plugged_in(self, yard: Yard) -> None:
        yard.build()
        later = examples.SESSION | {"plugged_in_at": "2026-03-03T06:00:00Z"}

        assert findings(yard.post("/v1/sites/yard/sessions", later)) == ["plugged_in_at"]

    def test_an_id_is_one_session_at_one_site(self, yard: Yard) -> None:
        yard.build()
        yard.put("/v1/sites/dock", SITE | {"id": "dock"})
        yard.plug_in()

        assert findings(yard.post("/v1/sites/dock/sessions", examples.SESSION)) == ["session"]

    @pytest.mark.parametrize("name", ["", "a" * 200, "a\u0000b", "a/b", "a\nb"])
    def test_a_name_that_breaks_lines_is_none(self, yard: Yard, name: str) -> None:
        yard.build()

        assert findings(yard.post("/v1/sites/yard/sessions", examples.SESSION | {"session": name})) == ["session"]

    def test_whoever_stays_longer_than_told_is_still_planned(self, yard: Yard) -> None:
        yard.build()
        yard.plug_in(departure="2026-03-02T07:00:00Z")
        yard.clock.pass_by(hours=3)

        assert yard.plug_in(evse="bay-2", session="8a1").status_code == 201


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"session": "a", "session": "b"}', b'{"soc": NaN}', b"[" * 3000])
def test_a_body_that_is_not_sound_is_refused_by_its_form(yard: Yard, body: bytes) -> None:
    yard.build()
    content = {"content-type": "application/json"}

    answer = yard.client.post("/v1/sites/yard/sessions", content=body, headers=content)

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def with_a_box(yard: Yard) -> None:
    """A connection that takes limits, and a sign of life of it."""
    told = {"kind": "limit_heartbeat", "failsafe_kw": 8.0, "sites": [{"site": "yard"}]}
    assert yard.put("/v1/connections/box", told).status_code == 201
    assert yard.post("/v1/connections/box/limit/heartbeat", None).status_code == 200


LEADS_OUT = {"/v1/ocpi-parties/{party}/register": ["token"]}
"""The body is read; then somebody else would be called, which a service without keys for secrets does not."""


def test_every_body_of_the_description_is_taken_as_it_stands(yard: Yard) -> None:
    """Whoever pastes an example gets no finding."""
    yard.build()
    yard.plug_in()
    with_a_box(yard)
    paths = yard.get("/openapi.json").json()["paths"]
    in_order = sorted(paths.items(), key=lambda told: told[0].endswith("/unplug"))  # whoever has left is told no more

    for path, methods in in_order:
        query = "?station=bay-1" if "{action}" in path else ""
        for method, told in methods.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" in content:
                names = NAMES | ({"connection": "box"} if path.endswith("{connection}/limit") else {})
                asked = method.upper(), path.format(**names) + query, content["example"]
                answer = yard.call(*asked, **{"If-Match": "*"})
                if answer.status_code == 412:  # nothing is there yet
                    answer = yard.call(*asked)
                if path in LEADS_OUT:
                    assert findings(answer) == LEADS_OUT[path]
                else:
                    assert answer.status_code in (200, 201, 202, 204), (path, answer.text)


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00Z"])
def test_a_meter_value_of_the_end_of_all_calendars_is_heard(yard: Yard, when: str) -> None:
    yard.build()
    yard.plug_in()
    yard.put("/v1/sites/yard/policy", {"mode": "control"})
    assert yard.post("/v1/sites/yard/plan", None).status_code == 200
    sampled = [{"value": "10900", "measurand": "Power.Active.Import", "unit": "W"}]
    told = {"connectorId": 1, "meterValue": [{"timestamp": when, "sampledValue": sampled}]}

    answers = [yard.post("/v1/sites/yard/ocpp/1.6/MeterValues?station=bay-1", told).status_code for _ in range(2)]

    assert answers == [200, 200]
