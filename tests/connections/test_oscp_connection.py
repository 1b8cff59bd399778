"""The running service as a flexibility provider of OSCP 2.0: its addresses, what holds, and what it tells in return."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from models.domain.signal import Cap
from tests.api.yards import SITE
from tests.connections.utilities import KEY, Utility, connected_yard
from tests.peers import our_service
from tests.peers.oscp_capacity_provider import CapacityProvider, serving

TOKEN = "flexibility-token"
TOLD: dict[str, Any] = {
    "kind": "oscp",
    "groups": ["yard-1"],
    "token": {"value": TOKEN},
    "sites": [{"site": "yard", "rules": {"names": ["yard-1"]}}],
}


@contextmanager
def paired() -> Iterator[tuple[Utility, CapacityProvider]]:
    """Both sides, which do not know each other yet."""
    port = our_service.free_port()
    url = f"http://127.0.0.1:{port}"
    with serving(CapacityProvider()) as theirs, connected_yard(public_url=url, secret_keys=KEY) as utility:
        with our_service.running(utility.yard.client.app, port):
            utility.connect(TOLD)
            theirs.fp_url, theirs.fp_token = f"{url}/oscp/default/dso/fp/2.0", TOKEN
            yield utility, theirs
        assert theirs.defects == []


@pytest.fixture
def pair() -> Iterator[tuple[Utility, CapacityProvider]]:
    with paired() as (utility, theirs):
        url = {"version": "2.0", "base_url": theirs.base_url}
        assert theirs.tell("register", {"token": theirs.token, "version_url": [url]})[0] == 204
        theirs.wait_for("handshake")
        yield utility, theirs


def forecast(kw: Any, kind: str = "CONSUMPTION", group: str = "yard-1") -> dict[str, Any]:
    times = {"start_time": "2026-03-02T07:00:00Z", "end_time": "2026-03-02T08:00:00Z"}
    return {
        "group_id": group,
        "type": kind,
        "forecasted_blocks": [{"capacity": kw, "phase": "ALL", "unit": "KW"} | times],
    }


def present(theirs: CapacityProvider, until: str) -> None:
    assert theirs.tell("heartbeat", {"offline_mode_at": f"2026-03-02T{until}:00Z"})[0] == 204


def test_both_sides_introduce_themselves_and_beat(pair: tuple[Utility, CapacityProvider]) -> None:
    utility, theirs = pair
    body, _ = theirs.wait_for("register")
    assert body == {"token": TOKEN, "version_url": [{"version": "2.0", "base_url": theirs.fp_url}]}
    status, request_id = theirs.tell("handshake", {"required_behaviour": {"heartbeat_interval": 30}})
    assert status == 204
    assert theirs.wait_for("handshake_acknowledgment")[1] == request_id
    utility.wait(seconds=1)
    promised, _ = theirs.wait_for("heartbeat")
    assert promised == {"offline_mode_at": "2026-03-02T06:01:31Z"}
    for _ in range(10):
        utility.wait(seconds=15)
    beats = [path for path, _, _ in theirs.heard if path == "heartbeat"]
    assert 5 <= len(beats) <= 7, "one each half minute"


def test_a_forecast_limits_the_site_and_is_planned(pair: tuple[Utility, CapacityProvider]) -> None:
    utility, theirs = pair
    present(theirs, "12:00")
    utility.yard.plug_in(departure="2026-03-02T12:00:00Z", energy_target_kwh=30.0)
    utility.wait(seconds=1)
    assert theirs.tell("update_group_capacity_forecast", forecast(5.0))[0] == 204

    assert utility.caps() == [("07:00", "08:00", 5.0)]
    plans = len(utility.yard.get("/v1/sites/yard/plans").json()["items"])
    utility.wait(seconds=0.5)
    assert len(utility.yard.get("/v1/sites/yard/plans").json()["items"]) == plans + 1
    assert utility.status()["state"] == "heard"
    assert utility.journal()[-1]["more"]["message"] == forecast(5.0)


def test_after_a_forecast_load_comes_back_staggered_and_below_the_day_s_peak(
    pair: tuple[Utility, CapacityProvider],
) -> None:
    utility, theirs = pair
    present(theirs, "12:00")
    utility.measure(17.0, 60)
    theirs.tell("update_group_capacity_forecast", forecast(5.0))

    assert [one.stagger_minutes for one in utility.asked() if isinstance(one, Cap)] == [10.0]
    assert [peak[:3] for peak in utility.peaks()] == [("08:00", "23:00", 17.0)]


def test_the_fallback_holds_when_the_promise_lapses_and_until_it_is_back(
    pair: tuple[Utility, CapacityProvider],
) -> None:
    utility, theirs = pair
    present(theirs, "06:05")
    theirs.tell("update_group_capacity_forecast", forecast(9.0))
    theirs.tell("update_group_capacity_forecast", forecast(3.0, "FALLBACK_CONSUMPTION"))
    assert utility.limits() == [9.0]
    for _ in range(6):
        utility.wait(minutes=1)

    assert utility.limits() == [3.0]
    assert "is offline since 06:05:00Z" in utility.alarms()["contact"]
    present(theirs, "12:00")
    assert utility.limits() == [9.0]
    assert utility.alarms() == {}


def test_a_day_without_heartbeats_leaves_the_fallback(pair: tuple[Utility, CapacityProvider]) -> None:
    utility, theirs = pair
    present(theirs, "06:05")
    long = forecast(3.0, "FALLBACK_CONSUMPTION")
    long["forecasted_blocks"][0] |= {"end_time": "2026-03-04T08:00:00Z"}
    theirs.tell("update_group_capacity_forecast", forecast(9.0))
    theirs.tell("update_group_capacity_forecast", long)
    for hour in range(24):
        utility.listen(hours=1)
        if hour > 1:
            assert utility.limits() == [3.0], hour


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (forecast(-1.0), {}, 400),
        (forecast("x"), {}, 400),
        (forecast(5.0, group="another"), {}, 404),
        (b"{", {}, 400),
        (b'{"group_id": NaN}', {}, 400),
        (forecast(5.0), {"X-Request-ID": None}, 400),
        (forecast(5.0), {"Authorization": "Token wrong"}, 401),
    ],
)
def test_what_cannot_be_meant_is_refused_in_its_words_and_the_limit_before_stays(
    pair: tuple[Utility, CapacityProvider], body: Any, headers: dict[str, Any], status: int
) -> None:
    utility, theirs = pair
    present(theirs, "12:00")
    theirs.tell("update_group_capacity_forecast", forecast(4.0))

    assert theirs.tell("update_group_capacity_forecast", body, **headers)[0] == status
    assert utility.limits() == [4.0]


def test_a_refused_forecast_is_an_alarm_until_a_sound_one_comes(pair: tuple[Utility, CapacityProvider]) -> None:
    utility, theirs = pair
    present(theirs, "12:00")
    theirs.tell("update_group_capacity_forecast", forecast(-1.0))
    assert list(utility.alarms()) == ["event/yard-1/CONSUMPTION"]
    theirs.tell("update_group_capacity_forecast", forecast(4.0))
    assert utility.alarms() == {}


def test_a_forecast_below_what_nobody_here_controls_is_told_once(pair: tuple[Utility, CapacityProvider]) -> None:
    utility, theirs = pair
    site = SITE | {"base_loads": [{"node": "grid", "expected_kw": 8.0}]}
    assert utility.yard.put("/v1/sites/yard", site, match="*").status_code == 200
    present(theirs, "12:00")
    _, request_id = theirs.tell("update_group_capacity_forecast", forecast(5.0))
    for _ in range(3):
        utility.wait(minutes=1)

    told = [(body, answers) for path, body, answers in theirs.heard if path == "group_capacity_compliance_error"]
    assert told == [({"message": "other load of 8 kW is above 5 kW from 07:00Z on"}, request_id)]


def test_what_the_site_has_used_is_told_every_quarter_of_an_hour(pair: tuple[Utility, CapacityProvider]) -> None:
    utility, theirs = pair
    for minute in range(32):
        utility.listen(minutes=1)
        at = f"{utility.now:%Y-%m-%dT%H:%M:%SZ}"
        body = {"measurements": [{"at": at, "node": "grid", "register_kwh": 100.0 + minute}]}
        utility.yard.post("/v1/sites/yard/measurements", body)

    told = [body["measurements"][0]["value"] for path, body, _ in theirs.heard if path == "update_group_measurements"]
    assert told == [100.0, 115.0, 130.0]


def test_a_peer_that_does_not_take_our_messages_is_told_to_the_operator(pair: tuple[Utility, CapacityProvider]) -> None:
    utility, theirs = pair
    present(theirs, "12:00")
    theirs.token = "another"
    utility.wait(minutes=2)

    assert "heartbeat did not arrive" in utility.alarms()["message/heartbeat"]


def test_tokens_of_both_sides_are_never_shown(pair: tuple[Utility, CapacityProvider]) -> None:
    utility, theirs = pair
    shown = [utility.yard.get("/v1/connections/dso").text, str(utility.status()), str(utility.journal())]
    with utility.yard.store.view() as unit:
        from api.store.records import Kind

        shown += [document.body for kind in Kind for document in unit.everywhere(kind)]
    assert [text for text in shown if TOKEN in text or theirs.token in text] == []


def test_a_capacity_provider_that_leads_us_to_an_address_inside_is_not_followed() -> None:
    with paired() as (utility, theirs):
        url = {"version": "2.0", "base_url": "https://10.0.0.8/oscp"}
        assert theirs.tell("register", {"token": theirs.token, "version_url": [url]})[0] == 204
        utility.wait(minutes=1)
        assert "an address inside" in utility.alarms()["message/heartbeat"]


def test_after_they_have_left_nothing_is_said_and_the_last_limit_stays(pair: tuple[Utility, CapacityProvider]) -> None:
    utility, theirs = pair
    present(theirs, "12:00")
    theirs.tell("update_group_capacity_forecast", forecast(4.0))
    assert theirs.tell("register", {}, method="DELETE")[0] == 204
    said = len(theirs.heard)
    utility.wait(minutes=5)
    assert len(theirs.heard) == said
    assert utility.limits() == [4.0]


def test_nobody_finds_an_address_of_a_connection_that_is_none() -> None:
    with paired() as (_, theirs):
        theirs.fp_url = theirs.fp_url.replace("dso", "none")
        assert theirs.tell("heartbeat", {"offline_mode_at": "2026-03-02T12:00:00Z"})[0] == 404
        theirs.fp_url = theirs.fp_url.replace("none", "dso")
        assert theirs.tell("cease_and_desist", {})[0] == 404
