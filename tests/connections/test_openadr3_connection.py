"""The running service as a VEN of OpenADR 3: from an event at the VTN to what the site is planned with.

Every misfortune of a VTN leaves the last safe limit, is told to the operator, and raises nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.connections.openadr3 import hook_url
from api.store.opening import open_store
from tests.connections.utilities import KEY, Utility, connected_yard, event, join
from tests.peers import our_service
from tests.peers.vtn3 import Vtn, serving

VERSIONS = ["3.0.1", "3.1"]
NOON = "2026-03-02T12:00:00Z"


@contextmanager
def vtn_of(version: str = "3.1") -> Iterator[Vtn]:
    with serving(Vtn(version)) as peer:
        peer.put("programs", {"programName": "limits"})
        yield peer
        assert peer.defects == []


@pytest.fixture
def vtn() -> Iterator[Vtn]:
    with vtn_of() as peer:
        yield peer


@pytest.fixture
def utility() -> Iterator[Utility]:
    with connected_yard() as made:
        yield made


def planned_kw(utility: Utility, at: str) -> float:
    """What the car is planned to draw in the period that holds a time of day."""
    (car,) = utility.yard.get("/v1/sites/yard/plan").json()["sessions"]
    held = [s for s in car["setpoints"] if s["start"][11:16] <= at < s["end"][11:16]]
    return float(held[0]["charge_power_kw"]) if held else 0.0


@pytest.mark.parametrize("version", VERSIONS)
def test_an_event_is_polled_planned_within_and_gone_when_it_is_deleted(version: str) -> None:
    with vtn_of(version) as vtn, connected_yard() as utility:
        join(utility, vtn)
        utility.yard.plug_in(departure="2026-03-02T09:00:00Z", energy_target_kwh=28.0)
        name = vtn.put("events", event(4.0))

        utility.wait(seconds=1)
        utility.wait(seconds=1)

        assert utility.caps() == [("07:00", "08:00", 4.0)]
        assert planned_kw(utility, "07:30") <= 4.0 < planned_kw(utility, "08:30")
        vtn.delete("events", name)
        utility.wait(minutes=1)
        assert utility.caps() == []
        assert utility.status()["state"] == "heard"


def test_a_site_is_planned_anew_within_a_second_of_the_poll(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn)
    utility.yard.plug_in(departure=NOON)
    utility.wait(seconds=1)
    before = len(utility.yard.get("/v1/sites/yard/plans").json()["items"])
    vtn.put("events", event(4.0))

    utility.wait(minutes=1)
    utility.wait(seconds=0.5)

    assert len(utility.yard.get("/v1/sites/yard/plans").json()["items"]) == before + 1


def test_polls_that_say_nothing_new_plan_nothing_and_record_nothing(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn)
    utility.yard.put("/v1/sites/yard/policy", {"replan_minutes": 60})
    utility.yard.plug_in(departure=NOON)
    vtn.put("events", event(4.0))
    utility.wait(seconds=1)
    utility.wait(seconds=1)
    plans, lines = len(utility.yard.get("/v1/sites/yard/plans").json()["items"]), len(utility.journal())

    for _ in range(20):
        utility.wait(minutes=1)

    assert len(utility.yard.get("/v1/sites/yard/plans").json()["items"]) == plans
    assert len(utility.journal()) == lines


def backdated(vtn: Vtn, utility: Utility, kw: float, name: str) -> None:
    """The VTN modifies an event by a clock that was put back an hour."""
    vtn.clock = lambda: utility.now - timedelta(hours=1)
    vtn.put("events", event(kw), name)
    vtn.clock = utility.yard.clock


@pytest.mark.parametrize("version", VERSIONS)
def test_an_event_that_is_modified_with_an_older_date_holds_as_the_vtn_answers_now(version: str) -> None:
    with vtn_of(version) as vtn, connected_yard() as utility:
        join(utility, vtn)
        name = vtn.put("events", event(4.0))
        utility.wait(seconds=1)
        for kw in (7.0, 3.0):
            backdated(vtn, utility, kw, name)
            utility.wait(minutes=1)
            assert utility.caps() == [("07:00", "08:00", kw)]


def test_the_message_as_it_came_and_our_answer_are_in_the_journal(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn)
    name = vtn.put("events", event(4.0))
    utility.wait(seconds=1)
    vtn.put("events", event(-1.0), name)
    utility.wait(minutes=1)

    told = [line["more"] for line in utility.journal() if line["what"] == "event"]
    assert [(one["event"], one["answer"]) for one in told] == [(name, "taken"), (name, "refused")]
    assert told[0]["message"]["intervals"][0]["payloads"][0]["values"] == [4.0]


@pytest.mark.parametrize("version", VERSIONS)
def test_we_and_our_sites_are_registered_once(version: str) -> None:
    with vtn_of(version) as vtn, connected_yard() as utility:
        names = {"names": ["871685900012345678"]}
        join(utility, vtn, sites=[{"site": "yard", "rules": names}])
        for _ in range(3):
            utility.wait(minutes=1)

        assert [ven["venName"] for ven in vtn.objects["vens"].values()] == ["chargewright"]
        assert [one["resourceName"] for one in vtn.objects["resources"].values()] == ["871685900012345678"]


# Bad input, and bad luck


REFUSED = {
    "negative": (event(-1.0), "is not a number from 0"),
    "no number": (event("x"), "no number"),
    "no unit": (event(4.0) | {"payloadDescriptors": []}, "its unit is missing"),
    "wrong programme": (event(4.0) | {"programID": "program-2"}, "another programme"),
    "no time": (event(4.0, start="soon"), "soon"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_event_that_cannot_be_meant_leaves_the_last_limit_and_raises_an_alarm(
    name: str, vtn: Vtn, utility: Utility
) -> None:
    tree, told = REFUSED[name]
    join(utility, vtn)
    first = vtn.put("events", event(4.0))
    utility.wait(seconds=1)
    vtn.objects["events"][first] = {
        **vtn.objects["events"][first],
        **tree,
        "modificationDateTime": "2026-12-01T00:00:00Z",
    }
    if name == "wrong programme":
        vtn.shows_all = True

    utility.wait(minutes=1)

    assert utility.caps() == [("07:00", "08:00", 4.0)]
    (alarm,) = utility.alarms().items()
    assert alarm[0] == f"event/{first}"
    assert told in alarm[1]
    vtn.put("events", event(3.0), first)
    vtn.objects["events"][first]["modificationDateTime"] = "2026-12-02T00:00:00Z"
    utility.wait(minutes=1)
    assert utility.alarms() == {}
    assert utility.limits() == [3.0]


def test_an_unknown_payload_type_is_left_out_and_told(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn)
    tree = event(4.0)
    tree["intervals"][0]["payloads"].append({"type": "MOON_PHASE", "values": [1]})
    name = vtn.put("events", tree)
    utility.wait(seconds=1)

    assert utility.limits() == [4.0]
    assert "MOON_PHASE" in utility.alarms()[f"event/{name}"]


@pytest.mark.parametrize("misfortune", ["500", "503", "garbage", "cut", "404"])
def test_a_vtn_that_fails_keeps_the_last_limit_and_is_told_when_it_lasts(
    misfortune: str, vtn: Vtn, utility: Utility
) -> None:
    join(utility, vtn)
    vtn.put("events", event(4.0))
    utility.wait(seconds=1)
    vtn.fail_next = [misfortune] * 20
    for _ in range(7):
        utility.wait(minutes=1)

    assert utility.limits() == [4.0]
    assert utility.status()["state"] == "lost"
    assert "was heard from not since 2026-03-02 06:00" in utility.alarms()["contact"]
    vtn.fail_next.clear()
    utility.wait(minutes=1)
    assert utility.alarms() == {}
    assert utility.status()["state"] == "heard"


def test_a_vtn_that_hangs_holds_nobody_else(vtn: Vtn, utility: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.edges.openadr3.connection.TIMEOUT_S", 0.5)
    join(utility, vtn)
    vtn.put("events", event(4.0))
    utility.wait(seconds=1)
    vtn.hang_s, vtn.fail_next = 1.0, ["hang"]
    utility.wait(minutes=1)

    assert utility.limits() == [4.0]
    assert "no answer within" in utility.status()["failure"]
    assert utility.status()["state"] == "failing"


def test_a_wrong_secret_is_told_at_once(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn, client_secret={"value": "another"})
    utility.wait(seconds=1)

    assert "answered 401" in utility.alarms()["contact"]
    assert "another" not in str(utility.status())


def test_a_token_that_expires_on_the_way_is_renewed_without_a_word(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn)
    vtn.put("events", event(4.0))
    utility.wait(seconds=1)
    vtn.tokens.clear()
    utility.wait(minutes=1)

    assert utility.alarms() == {}
    assert vtn.requests.count(("POST", "/auth/token")) == 2


def test_a_certificate_that_nobody_vouches_for_is_told_at_once_and_keeps_the_limit(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn, base_url=vtn.base_url.replace("http:", "https:"))
    utility.wait(minutes=6)
    utility.wait(minutes=6)

    assert "TLS failed" in utility.alarms()["contact"]


def test_a_programme_that_is_not_there_is_told_with_those_that_are(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn, programme="another")
    utility.wait(seconds=1)

    assert "it shows limits: set programme to one of them" in utility.alarms()["contact"]


def test_a_clock_that_is_wrong_is_told_and_measured(vtn: Vtn, utility: Utility) -> None:
    vtn.clock_skew = timedelta(minutes=10)
    join(utility, vtn)
    utility.wait(seconds=1)

    assert "the clock of dso is +" in utility.alarms()["clock"]
    assert utility.status()["clock_skew_s"] == pytest.approx(600.0, abs=1.0)
    vtn.clock_skew = timedelta()
    utility.wait(minutes=1)
    assert utility.alarms() == {}


def test_a_vtn_at_an_address_inside_is_not_asked() -> None:
    with vtn_of() as vtn, connected_yard(peer_allow="") as utility:
        join(utility, vtn)
        utility.wait(seconds=1)
        utility.wait(minutes=10)

        assert "an address inside, which the operator has not listed" in utility.alarms()["contact"]
        assert vtn.requests == []


# A day without the VTN


def day_without(vtn: Vtn, utility: Utility, loss: dict[str, Any] | None) -> list[tuple[str, list[float]]]:
    """Limits every six hours of a day in which nothing answers."""
    join(utility, vtn, poll_s=3600.0, **({"loss": loss} if loss else {}))
    vtn.put("events", event(15.0, start="2026-03-02T05:00:00Z", length="PT7H"))
    subscription = event(12.0, start="2026-03-01T00:00:00Z", length="P9999Y")
    for part in (subscription["payloadDescriptors"][0], subscription["intervals"][0]["payloads"][0]):
        part["payloadType" if "payloadType" in part else "type"] = "IMPORT_CAPACITY_SUBSCRIPTION"
    vtn.put("events", subscription)
    utility.wait(seconds=1)
    vtn.fail_next = ["500"] * 200
    told = []
    for hour in range(1, 25):
        utility.listen(hours=1)
        if hour % 6 == 0:
            told.append((f"{utility.now:%H:%M}", utility.limits()))
    return told


def test_without_the_vtn_for_a_day_the_schedule_goes_on_and_then_the_subscription(vtn: Vtn, utility: Utility) -> None:
    assert day_without(vtn, utility, None) == [
        ("12:00", [12.0]),
        ("18:00", [12.0]),
        ("00:00", [12.0]),
        ("06:00", [12.0]),
    ]


def test_without_the_vtn_for_a_day_the_limit_at_the_last_contact_is_held(vtn: Vtn, utility: Utility) -> None:
    told = day_without(vtn, utility, {"then": "hold"})

    assert {min(limits) for _, limits in told} == {12.0}
    assert utility.caps()[-1][2] == 12.0


def test_without_the_vtn_for_a_day_its_limit_for_that_holds_and_is_lifted_when_it_is_back(
    vtn: Vtn, utility: Utility
) -> None:
    told = day_without(vtn, utility, {"then": "limit", "limit_kw": 5.0, "after_s": 600.0})

    assert {min(limits) for _, limits in told} == {5.0}
    assert utility.status()["state"] == "lost"
    alarm = utility.alarms()["contact"]
    vtn.fail_next.clear()
    utility.wait(hours=1)
    assert "not since 2026-03-02 06:00" in alarm
    assert utility.limits() == [12.0]
    assert utility.alarms() == {}


def test_a_service_that_starts_while_the_vtn_is_away_holds_the_limit_for_that(vtn: Vtn, utility: Utility) -> None:
    vtn.fail_next = ["500"] * 50
    join(utility, vtn, loss={"then": "limit", "limit_kw": 5.0, "after_s": 60.0})
    for _ in range(3):
        utility.wait(minutes=1)

    assert utility.limits() == [5.0]
    assert "was heard from never" in utility.alarms()["contact"]


def test_an_alarm_is_in_the_stream_of_the_site_and_told_to_webhooks_once(vtn: Vtn, utility: Utility) -> None:
    got: list[Any] = []

    def post(url: str, headers: Any, body: bytes) -> int:
        got.append(body.decode())
        return 204

    utility.jobs._post = post
    hook = {"url": "https://csms.example.com/hook", "about": ["alarm"]}
    assert utility.yard.put("/v1/webhooks/desk", hook).status_code == 201
    utility.jobs.tell()
    join(utility, vtn, client_secret={"value": "another"})
    for _ in range(3):
        utility.wait(minutes=1)
        utility.jobs.tell()

    assert len(got) == 1
    assert '"type":"alarm.raised"' in got[0]
    assert '"key":"dso/contact"' in got[0]


# The webhook


@contextmanager
def hooked(vtn: Vtn) -> Iterator[Utility]:
    """A service that the VTN reaches."""
    port = our_service.free_port()
    url = f"http://127.0.0.1:{port}"
    with connected_yard(public_url=url) as utility, our_service.running(utility.yard.client.app, port):
        join(utility, vtn, webhook=True, poll_s=3600.0)
        utility.wait(seconds=1)
        yield utility


@pytest.mark.parametrize("version", VERSIONS)
def test_a_change_is_told_to_the_webhook_and_asked_at_once(version: str) -> None:
    with vtn_of(version) as vtn, hooked(vtn) as utility:
        assert len(vtn.objects["subscriptions"]) == 1
        name = vtn.put("events", event(4.0))
        assert utility.caps() == [("07:00", "08:00", 4.0)]
        vtn.put("events", event(3.0), name)
        assert utility.limits() == [3.0]
        vtn.delete("events", name)
        assert utility.caps() == []


def test_a_notification_of_another_programme_is_refused_and_told(vtn: Vtn) -> None:
    with hooked(vtn) as utility:
        vtn.put("events", event(4.0))
        other = vtn.put("events", event(99.0) | {"programID": "program-2"})
        assert utility.limits() == [4.0]
        assert "another programme" in utility.alarms()[f"event/{other}"]


def test_a_notification_that_comes_twice_late_or_replayed_changes_nothing(vtn: Vtn) -> None:
    with hooked(vtn) as utility:
        name = vtn.put("events", event(4.0))
        old = dict(vtn.objects["events"][name])
        vtn.put("events", event(3.0), name)
        for tree, operation in ((old, "UPDATE"), (old, "CREATE"), (vtn.objects["events"][name], "UPDATE")):
            vtn.objects["events"]["copy"] = tree
            vtn._notify("events", operation, tree)
        assert utility.limits() == [3.0]
        vtn.objects["events"].pop("copy")
        vtn.delete("events", name)
        vtn._notify("events", "UPDATE", old)
        assert utility.caps() == []


def test_a_notification_with_an_older_date_changes_nothing_and_has_the_vtn_asked_at_once(vtn: Vtn) -> None:
    with hooked(vtn) as utility:
        name = vtn.put("events", event(4.0))
        backdated(vtn, utility, 7.0, name)
        assert utility.limits() == [4.0]
        utility.wait(seconds=1)
        assert utility.limits() == [7.0]


def test_nobody_tells_anything_without_the_token_of_the_subscription(vtn: Vtn) -> None:
    with hooked(vtn) as utility:
        service = utility.yard.client.app.state.service
        body = {"objectType": "EVENT", "operation": "CREATE", "object": event(0.0) | {"id": "forged"}}
        url = hook_url(service.settings, "default", "dso")
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "bearer"}):
            assert httpx2.post(url, json=body, headers=headers, trust_env=False).status_code == 403
        assert httpx2.get(f"{url}?echo=x", trust_env=False).text == "x"
        assert httpx2.get(url.replace("dso", "none") + "?echo=x", trust_env=False).status_code == 404
        assert utility.caps() == []


def test_after_an_outage_the_vtn_is_asked_anew_to_tell(vtn: Vtn) -> None:
    with hooked(vtn) as utility:
        vtn.fail_next = ["500"] * 5
        utility.wait(hours=1)
        vtn.fail_next.clear()
        vtn.objects["subscriptions"].clear()
        utility.wait(hours=1)
        assert len(vtn.objects["subscriptions"]) == 1


# The check from the command line


def test_a_connection_is_checked_from_the_command_line_as_the_service_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    with vtn_of() as vtn, connected_yard(store=open_store(address)) as utility:
        join(utility, vtn)
        vtn.put("events", event(4.0))
        vtn.clock = lambda: datetime.now(UTC)
        utility.yard.store.close()
        for name, value in (("DATABASE_URL", address), ("SECRET_KEYS", KEY), ("PEER_ALLOW", "127.0.0.0/8")):
            monkeypatch.setenv(f"CHARGEWRIGHT_{name}", value)
        done = CliRunner().invoke(app, ["ven", "check", "--connection", "dso"])
        lines = done.output.splitlines()
        assert [line.split()[1] for line in lines if line.startswith("pass")] == [
            "token",
            "scopes,",
            "clock",
            "registration",
            "targets",
            "test",
            "report",
        ]
        assert done.exit_code == 0
        assert vtn.client_secret not in done.output
        monkeypatch.setenv("CHARGEWRIGHT_PEER_ALLOW", "")
        refused = CliRunner().invoke(app, ["ven", "check", "--connection", "dso"])
        assert "an address inside" in refused.output
        assert refused.exit_code == 1


@pytest.mark.parametrize("words", [["ven", "check"], ["ven", "check", "--connection", "none"]])
def test_a_check_of_nothing_says_what_to_name(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGEWRIGHT_DATABASE_URL", "memory:")
    done = CliRunner().invoke(app, words)
    told = f"{done.output} {done.exception}"
    assert done.exit_code != 0
    assert "name a file of settings" in told or "no connection of this id" in told or "NotFound" in told
