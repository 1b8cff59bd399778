"""A CPO's platform and the service get to know each other over sockets; what the one pushes, the other plans with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from api.connections.secrets import new_key
from api.sites.keeping import Desk
from api.store.memory import MemoryStore
from api.store.records import Kind
from tests.api.yards import Hands, Yard, key_for, service
from tests.peers.ocpi_cpo import Cpo, serving
from tests.peers.our_service import running

PARTY = {
    "country_code": "NL",
    "party_id": "CWT",
    "name": "Example Smart Charging",
    "locations": [{"location": "LOC1", "site": "yard", "evses": {"3256": "bay-1"}}],
}
UPDATED = "2026-03-02T06:00:00Z"
PLUG = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 16,
    "tariff_ids": ["12"],
    "last_updated": UPDATED,
}
EVSE = {"uid": "3256", "status": "AVAILABLE", "connectors": [PLUG], "last_updated": UPDATED}
LOCATION = {
    "country_code": "BE",
    "party_id": "BEC",
    "id": "LOC1",
    "publish": True,
    "name": "A yard with a name that we do not read",
    "time_zone": "Europe/Berlin",
    "evses": [EVSE],
    "last_updated": UPDATED,
}
SESSION = {
    "country_code": "BE",
    "party_id": "BEC",
    "id": "101",
    "start_date_time": "2026-03-02T06:00:00Z",
    "kwh": 0.0,
    "cdr_token": {"uid": "123abc", "type": "RFID", "contract_id": "NL-TST-C1"},
    "auth_method": "WHITELIST",
    "location_id": "LOC1",
    "evse_uid": "3256",
    "connector_id": "1",
    "currency": "EUR",
    "status": "ACTIVE",
    "last_updated": "2026-03-02T06:00:00Z",
}


def tariff(*components: tuple[str, float], **more: Any) -> dict[str, Any]:
    parts = [{"type": kind, "price": price, "step_size": 1, "vat": 25.0} for kind, price in components]
    told = {"country_code": "BE", "party_id": "BEC", "id": "12", "currency": "EUR", "last_updated": UPDATED}
    return told | {"elements": [{"price_components": parts}]} | more


@contextmanager
def world(version: str = "2.2.1", **party: Any) -> Iterator[tuple[Yard, Cpo, str]]:
    """A yard of acme with keys, a CPO, and where the service is."""
    settings = {"insecure": False, "peer_allow": "127.0.0.1", "secret_keys": new_key()}
    with service(MemoryStore(), Hands(), **settings) as yard, serving(Cpo(version)) as cpo:
        yard.headers = key_for(yard, "acme")
        yard.build()
        assert yard.put("/v1/ocpi-parties/cpo", PARTY | party).status_code == 201
        with running(yard.client.app) as url:
            yield yard, cpo, url
        assert cpo.defects == []


def invitation(yard: Yard) -> str:
    token: str = yard.call("PUT", "/v1/ocpi-parties/cpo/token").json()["token"]
    return token


@contextmanager
def registered(version: str = "2.2.1", **party: Any) -> Iterator[tuple[Yard, Cpo]]:
    with world(version, **party) as (yard, cpo, url):
        assert cpo.register_at(f"{url}/ocpi/versions", invitation(yard))["status_code"] == 1000
        yield yard, cpo


@pytest.fixture
def linked() -> Iterator[tuple[Yard, Cpo]]:
    with registered() as both:
        yield both


def status(yard: Yard) -> Any:
    return yard.get("/v1/ocpi-parties/cpo/status").json()


def sessions(yard: Yard) -> list[str]:
    return [one["id"] for one in yard.get("/v1/sites/yard/sessions").json()["items"]]


class TestCredentials:
    @pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
    def test_a_platform_registers_with_the_token_that_it_was_given(self, version: str) -> None:
        with world(version) as (yard, cpo, url):
            token = invitation(yard)

            answer = cpo.register_at(f"{url}/ocpi/versions", token)

            assert answer["status_code"] == 1000
            (role,) = answer["data"]["roles"]
            assert (role["role"], role["country_code"], role["party_id"]) == ("SCSP", "NL", "CWT")
            assert cpo.theirs not in (token, cpo.shown)
            told = status(yard)
            assert (told["version"], told["invited"]) == (version, False)
            assert told["roles"] == [
                {"role": "CPO", "country_code": "BE", "party_id": "BEC", "name": "Benelux Charging"}
            ]

    def test_the_token_for_registering_opens_nothing_else_and_works_once(self) -> None:
        with world() as (yard, cpo, url):
            token = invitation(yard)
            cpo.theirs = token
            assert cpo.send("PUT", f"{url}/ocpi/2.2.1/sessions/BE/BEC/101", SESSION)["http"] == 403
            assert cpo.send("PUT", f"{url}/ocpi/2.2.1/credentials", cpo.credentials(fresh=True))["http"] == 405

            assert cpo.register_at(f"{url}/ocpi/versions", token)["status_code"] == 1000

            renewed, cpo.theirs = cpo.theirs, token
            assert cpo.send("GET", f"{url}/ocpi/versions")["http"] == 401
            cpo.theirs = renewed
            assert cpo.send("POST", f"{url}/ocpi/2.2.1/credentials", cpo.credentials(fresh=True))["http"] == 405

    def test_a_new_invitation_makes_the_one_before_worthless(self) -> None:
        with world() as (yard, cpo, url):
            cpo.theirs = invitation(yard)
            invitation(yard)

            assert cpo.send("GET", f"{url}/ocpi/versions")["http"] == 401

    def test_an_invitation_ends_after_a_week(self) -> None:
        with world() as (yard, cpo, url):
            cpo.theirs = invitation(yard)
            yard.clock.pass_by(days=7, seconds=1)

            assert cpo.send("GET", f"{url}/ocpi/versions")["http"] == 401

    def test_a_platform_that_renews_its_credentials_gets_a_new_token_and_the_old_one_is_dead(
        self, linked: tuple[Yard, Cpo]
    ) -> None:
        _, cpo = linked
        old = cpo.theirs

        assert cpo.renew()["status_code"] == 1000

        assert cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)["status_code"] == 1000
        cpo.theirs = old
        assert cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)["http"] == 401

    def test_a_platform_that_leaves_is_heard_no_more(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked

        assert cpo.send("DELETE", cpo.endpoints["credentials", "SENDER"])["status_code"] == 1000

        assert cpo.send("GET", cpo.endpoints["credentials", "SENDER"])["http"] == 401
        assert "registered_at" not in {name for name, value in status(yard).items() if value is not None}

    def test_we_register_at_a_platform_with_the_token_that_it_gave_us_and_renew_it(self) -> None:
        with world() as (yard, cpo, url):
            given = {"versions_url": f"{cpo.base_url}/versions", "token": cpo.shown}
            yard.headers |= {"host": url.removeprefix("http://")}

            told = yard.post("/v1/ocpi-parties/cpo/register", given)

            assert told.status_code == 200, told.text
            assert told.json()["modules"] == ["chargingprofiles RECEIVER", "credentials RECEIVER", "sessions SENDER"]
            assert cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)["status_code"] == 1000
            first = cpo.theirs
            again = yard.post("/v1/ocpi-parties/cpo/register", {})
            assert again.status_code == 200, again.text
            assert cpo.theirs != first
            assert cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)["status_code"] == 1000

    def test_a_platform_that_does_not_take_our_token_is_told_to_the_operator(self) -> None:
        with world() as (yard, cpo, _):
            given = {"versions_url": f"{cpo.base_url}/versions", "token": "another"}

            told = yard.post("/v1/ocpi-parties/cpo/register", given)

            assert told.status_code == 422
            assert "2004" in told.json()["findings"][0]["message"]

    def test_removing_a_platform_tells_it_and_forgets_its_tokens(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked
        theirs = cpo.theirs

        assert yard.call("DELETE", "/v1/ocpi-parties/cpo", **{"If-Match": "*"}).status_code == 204

        cpo.wait_for("DELETE", "/credentials")
        cpo.theirs = theirs
        assert cpo.send("GET", cpo.endpoints["credentials", "SENDER"])["http"] == 401

    def test_no_token_lies_in_the_store_as_it_is(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked
        kept = str(vars(yard.store))

        assert cpo.theirs not in kept
        assert cpo.shown not in kept

    def test_a_platforms_token_opens_nothing_of_the_api(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked

        assert yard.client.get("/v1/sites", headers={"Authorization": f"Bearer {cpo.theirs}"}).status_code == 401

    def test_an_address_inside_is_not_gone_to_unless_it_is_listed(self) -> None:
        with service(MemoryStore(), insecure=False, secret_keys=new_key()) as yard, serving(Cpo()) as cpo:
            yard.headers = key_for(yard, "acme")
            yard.put("/v1/ocpi-parties/cpo", PARTY)

            told = yard.post(
                "/v1/ocpi-parties/cpo/register", {"versions_url": f"{cpo.base_url}/versions", "token": cpo.shown}
            )

            assert told.status_code == 422
            assert cpo.heard == []


class TestPushed:
    def test_a_session_at_a_site_of_ours_is_planned_and_ends(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked
        assert cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)["status_code"] == 1000

        assert cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)["status_code"] == 1000

        assert sessions(yard) == ["101"]
        plan = yard.post("/v1/sites/yard/plan", None).json()
        assert plan["commands"] > 0
        yard.clock.pass_by(minutes=30)
        grown = {"kwh": 5.25, "last_updated": "2026-03-02T06:30:00Z"}
        assert cpo.push("PATCH", "sessions", "BE/BEC/101", grown)["status_code"] == 1000
        assert yard.get("/v1/sites/yard/sessions/101").json()["delivered_kwh"] == 5.25
        ended = {"status": "COMPLETED", "end_date_time": "2026-03-02T06:30:00Z", "kwh": 5.5}
        assert cpo.push("PATCH", "sessions", "BE/BEC/101", ended)["status_code"] == 1000
        assert sessions(yard) == []
        gone = yard.get("/v1/sites/yard/sessions/101").json()
        assert (gone["unplugged_at"], gone["delivered_kwh"]) == ("2026-03-02T06:30:00Z", 5.5)

    def test_what_a_driver_told_stays_when_the_session_is_pushed_again(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        wish = {"profile_type": "CHEAP", "departure_time": "2026-03-02T15:00:00Z", "energy_need": 11.0}
        base = cpo.endpoints["sessions", "SENDER"]
        assert cpo.send("PUT", f"{base}/101/charging_preferences", wish)["data"] == "ACCEPTED"

        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION | {"kwh": 1.0, "last_updated": "2026-03-02T06:10:00Z"})

        kept = yard.get("/v1/sites/yard/sessions/101").json()
        assert (kept["departure"], kept["energy_target_kwh"]) == ("2026-03-02T15:00:00Z", 11.0)

    def test_pushes_that_overtake_each_other_leave_the_newest(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked
        yard.clock.pass_by(hours=1)
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION | {"kwh": 6.0, "last_updated": "2026-03-02T07:00:00Z"})

        late = cpo.push("PUT", "sessions", "BE/BEC/101", SESSION | {"kwh": 2.0, "last_updated": "2026-03-02T06:20:00Z"})

        assert late["status_code"] == 1000
        assert cpo.push("GET", "sessions", "BE/BEC/101")["data"]["kwh"] == 6.0
        assert yard.get("/v1/sites/yard/sessions/101").json()["delivered_kwh"] == 6.0

    def test_an_older_tariff_or_connector_takes_the_place_of_no_newer_one(self, linked: tuple[Yard, Cpo]) -> None:
        _, cpo = linked
        newer, older = {"last_updated": "2026-03-02T07:00:00Z"}, {"last_updated": "2026-03-02T06:59:59Z"}
        cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)
        cpo.push("PUT", "locations", "BE/BEC/LOC1/3256/1", PLUG | newer)
        cpo.push("PUT", "tariffs", "BE/BEC/12", tariff(("ENERGY", 0.4), **newer))

        plug = cpo.push("PUT", "locations", "BE/BEC/LOC1/3256/1", PLUG | {"tariff_ids": ["11"]} | older)
        cheap = cpo.push("PUT", "tariffs", "BE/BEC/12", tariff(("ENERGY", 0.1), **older))

        assert (plug["status_code"], cheap["status_code"]) == (1000, 1000), "it is no error: pushes overtake each other"
        assert cpo.push("GET", "locations", "BE/BEC/LOC1/3256/1")["data"] == PLUG | newer
        assert cpo.push("GET", "tariffs", "BE/BEC/12")["data"] == tariff(("ENERGY", 0.4), **newer)

    def test_what_was_pushed_is_told_again_with_all_that_we_do_not_read(self, linked: tuple[Yard, Cpo]) -> None:
        _, cpo = linked
        cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)
        status_told = {"status": "CHARGING", "last_updated": "2026-03-02T06:05:00Z"}

        assert cpo.push("PATCH", "locations", "BE/BEC/LOC1/3256", status_told)["status_code"] == 1000

        assert cpo.push("GET", "locations", "BE/BEC/LOC1/3256")["data"] == EVSE | status_told
        whole = cpo.push("GET", "locations", "BE/BEC/LOC1")["data"]
        assert whole == LOCATION | {"evses": [EVSE | status_told], "last_updated": "2026-03-02T06:05:00Z"}
        assert cpo.push("GET", "locations", "BE/BEC/LOC1/3256/1")["data"] == PLUG

    def test_a_location_that_is_no_site_is_listed_and_its_sessions_wait(self) -> None:
        with registered(locations=[]) as (yard, cpo):
            cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)
            assert cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)["status_code"] == 1000

            told = status(yard)
            assert [(one["location"], one["site"]) for one in told["locations"]] == [("LOC1", None)]
            assert (told["sessions"], told["unmapped_sessions"], sessions(yard)) == (1, 1, [])
            assert yard.put("/v1/ocpi-parties/cpo", PARTY, match="*").status_code == 200
            assert sessions(yard) == ["101"]

    def test_a_pushed_location_changes_no_limit_and_what_differs_is_told(self, linked: tuple[Yard, Cpo]) -> None:
        """11 kW stand in the site; 22 kW are pushed."""
        yard, cpo = linked
        before = yard.get("/v1/sites/yard").json()
        stronger = EVSE | {"connectors": [PLUG | {"max_amperage": 32}]}

        cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION | {"evses": [stronger]})

        (line,) = status(yard)["locations"]
        assert line["evses"] == {"3256": "bay-1"}
        assert any("22.1 kW" in one for one in line["differences"])
        assert yard.get("/v1/sites/yard").json() == before

    def test_a_session_at_an_evse_that_the_site_does_not_have_is_refused_with_2003(
        self, linked: tuple[Yard, Cpo]
    ) -> None:
        yard, cpo = linked

        answer = cpo.push("PUT", "sessions", "BE/BEC/101", SESSION | {"evse_uid": "9999"})

        assert answer["status_code"] == 2003
        assert cpo.push("GET", "sessions", "BE/BEC/101")["http"] == 404
        assert sessions(yard) == []

    def test_a_session_of_another_site_is_not_taken_over(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked
        second = yard.get("/v1/sites/yard").json() | {"id": "second"}
        assert yard.put("/v1/sites/second", second).status_code == 201
        elsewhere = {"session": "101", "evse": "bay-1", "plugged_in_at": "2026-03-02T06:00:00Z"}
        assert yard.post("/v1/sites/second/sessions", elsewhere).status_code == 201

        answer = cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)

        assert answer["status_code"] == 2001
        assert sessions(yard) == []

    def test_a_platform_has_no_say_at_sites_that_are_not_its_own(self) -> None:
        with registered(locations=[]) as (yard, cpo):
            yard.plug_in()
            wish = {"profile_type": "FAST"}

            answer = cpo.send("PUT", f"{cpo.endpoints['sessions', 'SENDER']}/7f3/charging_preferences", wish)

            assert (answer["http"], answer["status_code"]) == (404, 2001)


class TestTariffs:
    def priced(self, yard: Yard) -> tuple[Any, Any]:
        with yard.store.view() as unit:
            told = Desk(unit, "acme", "yard", "").get(Kind.SESSION, "101").value.told
        return told.retail_price_per_kwh, told.time_price_per_h

    def test_a_tariff_gives_a_session_its_marginal_price_of_energy_and_time(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked
        cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)
        cpo.push("PUT", "tariffs", "BE/BEC/12", tariff(("ENERGY", 0.4), ("TIME", 2.0)))

        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)

        assert self.priced(yard) == (0.4, 2.0)

    def test_a_tariff_that_comes_later_or_goes_is_counted_from_then_on(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked
        cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        assert self.priced(yard) == (None, None)

        cpo.push("PUT", "tariffs", "BE/BEC/12", tariff(("ENERGY", 0.4), ("PARKING_TIME", 3.0)))
        assert self.priced(yard) == (0.4, 3.0)

        assert cpo.push("DELETE", "tariffs", "BE/BEC/12")["status_code"] == 1000
        assert cpo.push("GET", "tariffs", "BE/BEC/12")["http"] == 404
        assert self.priced(yard) == (None, None)

    def test_a_location_that_names_another_tariff_prices_its_sessions_anew(self, linked: tuple[Yard, Cpo]) -> None:
        yard, cpo = linked
        cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)
        cpo.push("PUT", "tariffs", "BE/BEC/12", tariff(("ENERGY", 0.4)))
        cpo.push("PUT", "tariffs", "BE/BEC/13", tariff(("ENERGY", 0.6), id="13"))
        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)
        before, _ = self.priced(yard)

        later = {"tariff_ids": ["13"], "last_updated": "2026-03-02T07:00:00Z"}
        cpo.push("PUT", "locations", "BE/BEC/LOC1/3256/1", PLUG | later)

        after, _ = self.priced(yard)
        assert (before, after) == (pytest.approx(0.4), pytest.approx(0.6))

    def test_a_time_price_by_the_clock_is_told_step_by_step(self, linked: tuple[Yard, Cpo]) -> None:
        """Three euros an hour from 08:00 to 20:00 in Berlin; it is 07:00 there."""
        yard, cpo = linked
        cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)
        by_day = tariff(("TIME", 3.0))
        by_day["elements"][0]["restrictions"] = {"start_time": "08:00", "end_time": "20:00"}
        cpo.push("PUT", "tariffs", "BE/BEC/12", by_day)

        cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)

        _, steps = self.priced(yard)
        assert [(f"{step.start:%H:%M}", step.value) for step in steps[:3]] == [
            ("06:00", 0.0),
            ("07:00", 3.0),
            ("19:00", 0.0),
        ]

    def test_who_pays_for_time_is_charged_at_once(self, linked: tuple[Yard, Cpo]) -> None:
        """11 kWh at 0.30 EUR now, where 0.18 EUR after 22 o'clock would be cheaper."""
        yard, cpo = linked
        yard.clock.pass_by(hours=12)
        cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)
        cpo.push("PUT", "tariffs", "BE/BEC/12", tariff(("TIME", 2.0)))
        evening = SESSION | {"start_date_time": "2026-03-02T18:00:00Z", "last_updated": "2026-03-02T18:00:00Z"}
        cpo.push("PUT", "sessions", "BE/BEC/101", evening)
        needs = {"departure": "2026-03-03T05:00:00Z", "energy_target_kwh": 11.0}
        assert yard.post("/v1/sites/yard/sessions/101/needs", needs).status_code == 200

        with_price = yard.post("/v1/sites/yard/plan", None).json()["cost"]
        cpo.push("PUT", "tariffs", "BE/BEC/12", tariff(("ENERGY", 0.5)))
        without = yard.post("/v1/sites/yard/plan", None).json()["cost"]

        assert with_price == pytest.approx(3.30, abs=1e-3)
        assert without == pytest.approx(1.98, abs=1e-3)

    def test_2_3_0_says_whether_taxes_are_in_a_price(self) -> None:
        with registered("2.3.0") as (yard, cpo):
            cpo.push("PUT", "locations", "BE/BEC/LOC1", LOCATION)
            cpo.push("PUT", "sessions", "BE/BEC/101", SESSION)

            assert cpo.push("PUT", "tariffs", "BE/BEC/12", tariff(("ENERGY", 0.5)))["status_code"] == 2001
            told = tariff(("ENERGY", 0.5), tax_included="YES")
            assert cpo.push("PUT", "tariffs", "BE/BEC/12", told)["status_code"] == 1000

            assert self.priced(yard) == (pytest.approx(0.4), None)
