"""Connections as they are told: judged whole, secrets kept and never shown, gone with all that they asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.connections.forms import Secret
from api.connections.merging import merged
from api.connections.secrets import Secrets, new_key
from api.jobs import Jobs
from api.settings import ServiceSettings
from api.store.memory import MemoryStore
from api.store.records import Kind
from models.domain.errors import EdgeError
from models.domain.utility_signal import SignalInterval, SignalKind, UtilitySignal
from tests.api.yards import NOW, SITE, key_for, service
from tests.connections.utilities import KEY, Utility, connected_yard, event, join
from tests.peers.vtn3 import Vtn, serving

HUSH = "hush-hush-7f3"
TOLD: dict[str, Any] = {
    "kind": "openadr3",
    "base_url": "https://vtn.example.com",
    "client_id": "us",
    "client_secret": {"value": HUSH},
    "sites": [{"site": "yard"}],
}


@pytest.fixture(scope="module")
def utility() -> Iterator[Utility]:
    """One for all: each test calls its connection by a name of its own."""
    with connected_yard() as made:
        yield made


def contents(store: Any) -> str:
    """All that is kept, as text."""
    with store.view() as unit:
        return json.dumps([document.body for kind in Kind for document in unit.everywhere(kind)])


def test_a_secret_is_kept_encrypted_and_never_shown(utility: Utility, capsys: pytest.CaptureFixture[str]) -> None:
    made = utility.connect(TOLD, "hushed")

    assert made.json()["client_secret"] == {"kept": True}
    read = utility.yard.get("/v1/connections/hushed")
    assert read.json() == made.json()
    told = capsys.readouterr()
    shown = [
        read.text,
        made.text,
        contents(utility.yard.store),
        json.dumps(utility.journal("hushed")),
        told.out,
        told.err,
    ]
    assert [text for text in shown if HUSH in text] == []


def test_what_was_read_can_be_written_back_with_its_secret_as_it_is(utility: Utility) -> None:
    made = utility.connect(TOLD, "again")
    told = made.json() | {"poll_s": 30.0}

    answer = utility.yard.put("/v1/connections/again", told, match=made.headers["ETag"])

    assert answer.status_code == 200
    service = utility.yard.client.app.state.service
    with utility.yard.store.view() as unit:
        secrets = Secrets(service.settings, "default", "again")
        assert secrets.get("client_secret", Secret(kept=True), unit) == HUSH


def test_a_connection_that_is_there_is_replaced_by_who_has_read_it_only(utility: Utility) -> None:
    utility.connect(TOLD, "twice")

    assert utility.yard.put("/v1/connections/twice", TOLD).status_code == 428
    assert utility.yard.put("/v1/connections/twice", TOLD, match='"7"').status_code == 412


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"base_url": "http://vtn.example.com"}, "base_url"),
        ({"base_url": f"https://user:{HUSH}@vtn.example.com"}, "base_url"),
        ({"base_url": "https://[::1"}, "base_url"),
        ({"token_url": "ftp://vtn.example.com"}, "token_url"),
        ({"sites": [{"site": "nowhere"}]}, "sites[0].site"),
        ({"sites": []}, "sites"),
        ({"sites": [{"site": "yard"}, {"site": "yard"}]}, "sites"),
        (
            {"sites": [{"site": "yard", "rules": {"groups": [{"name": "g", "node": "x"}]}}]},
            "sites[0].rules.groups[0].node",
        ),
        ({"poll_s": 0.1}, "poll_s"),
        ({"loss": {"then": "limit"}}, "loss.limit_kw"),
        ({"loss": {"limit_kw": 4.0}}, "loss.limit_kw"),
        ({"loss": {"then": "limit", "limit_kw": -4.0}}, "loss.limit_kw"),
        ({"loss": {"after_s": 1.0}}, "loss.after_s"),
        ({"client_secret": {}}, "client_secret"),
        ({"client_secret": {"value": HUSH, "name": "also"}}, "client_secret"),
        ({"client_secret": {"name": "../../etc/passwd"}}, "client_secret.name"),
        ({"client_secret": {"kept": True}}, "client_secret.kept"),
        ({"client_id": ""}, "client_secret"),
        ({"ca_pem": HUSH}, "ca_pem"),
        ({"ven_name": ""}, "ven_name"),
        ({"kind": "smoke signals"}, "kind"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place_and_not_repeated(
    utility: Utility, change: dict[str, Any], path: str
) -> None:
    answer = utility.yard.put("/v1/connections/odd", TOLD | change)

    assert answer.status_code == 422, answer.text
    assert path in [finding["path"] for finding in answer.json()["findings"]], answer.text
    assert all(finding["remedy"] for finding in answer.json()["findings"])
    assert HUSH not in answer.text


def test_without_a_key_secrets_are_named_and_not_told() -> None:
    with connected_yard(secret_keys="") as utility:
        answer = utility.yard.put("/v1/connections/dso", TOLD)

    assert "CHARGEWRIGHT_SECRET_KEYS" in answer.json()["findings"][0]["remedy"]


def test_a_named_secret_is_the_tenant_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "utility").write_text("in a file\n", encoding="utf-8")
    monkeypatch.setenv("CHARGEWRIGHT_SECRET_ACME__OTHER_UTILITY", "in the environment")
    settings = ServiceSettings(secrets_dir=str(tmp_path), database_url="memory:")
    store = MemoryStore()

    def found(tenant: str, name: str) -> str:
        with store.view() as unit:
            return Secrets(settings, tenant, "dso").get("token", Secret(name=name), unit)

    assert found("acme", "utility") == "in a file"
    assert found("acme", "other-utility") == "in the environment"
    for tenant, name in (
        ("other", "utility"),
        ("acme", "../acme/utility"),
        ("acme--other", "utility"),
        ("acme", "none"),
    ):
        with pytest.raises(EdgeError, match="is not laid down"):
            found(tenant, name)


def test_secrets_outlive_a_change_of_the_key_and_are_lost_with_it() -> None:
    store, fresh = MemoryStore(), new_key()

    def with_keys(keys: str) -> Secrets:
        return Secrets(ServiceSettings(secret_keys=keys, database_url="memory:"), "acme", "dso")

    with store.begin(NOW) as unit:
        with_keys(KEY).keep("token", HUSH, unit)
        assert with_keys(f"{fresh},{KEY}").get("token", None, unit) == HUSH
        with pytest.raises(EdgeError, match="kept with another key"):
            with_keys(fresh).get("token", None, unit)


def test_a_secret_that_cannot_be_read_any_more_is_an_alarm_and_no_limit_less() -> None:
    with serving(Vtn("3.1")) as vtn, connected_yard() as before:
        vtn.put("programs", {"programName": "limits"})
        vtn.put("events", event(4.0))
        join(before, vtn)
        before.wait(seconds=1)
        with another_process(before, secret_keys=new_key(), replica=replica(before)) as after:
            after.wait(minutes=10)
            assert "kept with another key" in after.alarms()["contact"]
            assert after.limits() == [4.0]


@contextmanager
def another_process(before: Utility, **settings: Any) -> Iterator[Utility]:
    """On the same store, with the same clock."""
    given = {"peer_allow": "127.0.0.0/8", "secret_keys": KEY} | settings
    with service(store=before.yard.store, clock=before.yard.clock, **given) as yard:
        jobs = Jobs(yard.client.app.state.service, lambda work: work())
        try:
            yield Utility(yard, jobs)
        finally:
            jobs.close()


def replica(utility: Utility) -> str:
    name: str = utility.yard.client.app.state.service.settings.replica
    return name


def test_a_process_that_starts_anew_knows_what_was_said_and_asks_on() -> None:
    with serving(Vtn("3.1")) as vtn, connected_yard() as before:
        join(before, vtn)
        vtn.put("programs", {"programName": "limits"})
        name = vtn.put("events", event(4.0))
        before.wait(seconds=1)
        with another_process(before, replica="another") as after:
            assert after.caps() == [("07:00", "08:00", 4.0)]
            vtn.put("events", event(3.0), name)
            after.wait(minutes=1)
            assert after.limits() == [4.0], "another replica looks after it"
        with another_process(before, replica=replica(before)) as same:
            same.wait(minutes=1)
            assert same.limits() == [3.0]


def test_a_connection_that_is_removed_asks_nothing_any_more_and_leaves_its_journal() -> None:
    with serving(Vtn("3.1")) as vtn, connected_yard() as utility:
        vtn.put("programs", {"programName": "limits"})
        vtn.put("events", event(4.0))
        join(utility, vtn)
        utility.wait(seconds=1)
        assert utility.caps()

        assert utility.yard.call("DELETE", "/v1/connections/dso").status_code == 204

        assert utility.caps() == []
        assert vtn.client_secret not in contents(utility.yard.store)
        assert [line["what"] for line in utility.journal()] == ["connection told", "event", "connection removed"]
        assert utility.yard.get("/v1/connections/dso").status_code == 404


def test_a_site_that_is_taken_out_or_away_is_asked_nothing() -> None:
    with serving(Vtn("3.1")) as vtn, connected_yard() as utility:
        vtn.put("programs", {"programName": "limits"})
        vtn.put("events", event(4.0))
        utility.yard.put("/v1/sites/dock", SITE | {"id": "dock"})
        join(utility, vtn, sites=[{"site": "yard"}, {"site": "dock"}])
        utility.wait(seconds=1)
        assert len(utility.caps()) == 1

        told = utility.yard.get("/v1/connections/dso").json() | {"sites": [{"site": "dock"}]}
        utility.connect(told, status=200)
        assert utility.caps() == []
        assert utility.yard.call("DELETE", "/v1/sites/dock").status_code == 204
        utility.wait(hours=1)
        assert "there is no site dock" in utility.alarms()["site/dock"]


def test_events_are_binding_unless_the_connection_says_otherwise() -> None:
    with serving(Vtn("3.1")) as vtn, connected_yard() as utility:
        vtn.put("programs", {"programName": "limits"})
        name = vtn.put("events", event(4.0))
        join(utility, vtn)
        utility.wait(seconds=1)
        out = f"/v1/connections/dso/events/{name}/opt-out?reason=concert"
        assert utility.yard.post(out, None).status_code == 409
        utility.connect(utility.yard.get("/v1/connections/dso").json() | {"may_opt_out": True}, status=200)

        assert utility.yard.post(out, None).json()["events"] == [
            {"event": name, "answer": "opted_out", "reason": "concert"}
        ]
        assert utility.caps() == []
        utility.yard.post(out.replace("opt-out?reason=concert", "opt-in"), None)
        assert utility.caps() == [("07:00", "08:00", 4.0)]
        assert utility.yard.post("/v1/connections/dso/events/none/opt-out", None).status_code == 404


def test_a_word_that_a_site_cannot_be_planned_with_limits_the_whole_site_and_is_told() -> None:
    """A group whose node is gone: the limit is kept, of more than was meant."""
    with serving(Vtn("3.1")) as vtn, connected_yard() as utility:
        nodes = [*SITE["nodes"], {"id": "hall", "parent": "grid"}]
        utility.yard.put("/v1/sites/yard", SITE | {"nodes": nodes}, match="*")
        vtn.put("programs", {"programName": "limits"})
        vtn.granted = {"hall"}
        rules = {"groups": [{"name": "hall", "node": "hall"}]}
        join(utility, vtn, sites=[{"site": "yard", "rules": rules}], targets=["hall"])
        utility.wait(seconds=1)
        utility.yard.put("/v1/sites/yard", SITE, match="*")
        vtn.put("events", event(4.0, targets=["hall"]))
        utility.wait(minutes=1)

        assert utility.caps() == [("07:00", "08:00", 4.0)]
        assert utility.alarms()["site/yard/0"]
        utility.yard.plug_in(departure="2026-03-02T12:00:00Z")
        assert utility.yard.post("/v1/sites/yard/plan", None).status_code == 200


def test_a_level_for_all_evses_is_placed_anew_when_the_site_gets_more_of_them() -> None:
    """Half of two bays of 11 kW is 11 kW, of three 16.5 kW."""
    with serving(Vtn("3.1")) as vtn, connected_yard() as utility:
        rules = {"meanings": [{"topic": "SIMPLE", "from_level": 1, "evses_share": 0.5}]}
        join(utility, vtn, sites=[{"site": "yard", "rules": rules}])
        vtn.put("programs", {"programName": "levels"})
        level = event(1, length="P9999Y") | {"payloadDescriptors": []}
        level["intervals"][0]["payloads"][0]["type"] = "SIMPLE"
        vtn.put("events", level)
        utility.wait(seconds=1)
        assert utility.caps()[0][2] == 11.0

        bays = [*SITE["evses"], {"id": "bay-3", "node": "grid", "max_power_kw": 11.0}]
        assert utility.yard.put("/v1/sites/yard", SITE | {"evses": bays}, match="*").status_code == 200
        utility.wait(seconds=1)
        assert utility.caps()[0][2] == 16.5


def test_a_connection_that_is_paused_is_not_asked_and_what_it_said_goes_on_for_weeks() -> None:
    with serving(Vtn("3.1")) as vtn, connected_yard() as utility:
        join(utility, vtn)
        vtn.put("programs", {"programName": "limits"})
        vtn.put("events", event(4.0, length="P9999Y"))
        utility.wait(seconds=1)
        utility.connect(utility.yard.get("/v1/connections/dso").json() | {"paused": True}, status=200)
        asked = len(vtn.requests)
        for _ in range(5):
            utility.wait(days=4)

        assert utility.limits() == [4.0]
        assert utility.caps()[0][2] == 4.0
        assert len(vtn.requests) == asked
        assert utility.status()["state"] == "paused"


def test_tenants_have_connections_of_their_own() -> None:
    with service(insecure=False, secret_keys=KEY) as yard:
        mine, other = key_for(yard, "acme"), key_for(yard, "other")
        yard.headers = mine
        yard.build()
        assert yard.put("/v1/connections/dso", TOLD).status_code == 201
        yard.headers = other
        assert yard.get("/v1/connections/dso").status_code == 404
        assert yard.get("/v1/connections").json()["items"] == []
        assert yard.put("/v1/connections/dso", TOLD).status_code == 422, "the site is another one's"


def limit(id: str, version: int, end_h: float, **more: Any) -> UtilitySignal:
    interval = SignalInterval(start=NOW, end=NOW + timedelta(hours=end_h), value=4.0)
    return UtilitySignal(id=id, source="dso", kind=SignalKind.LIMIT, version=version, intervals=(interval,), **more)


def test_what_is_over_is_forgotten_but_for_its_version_so_that_an_older_one_stays_dead() -> None:
    later = NOW + timedelta(days=4)
    told = merged((), [limit("e", 2, 1.0)], later)

    assert [(signal.cancelled, signal.intervals) for signal in told] == [(True, ())]
    assert merged(told, [limit("e", 1, 1000.0)], later) == told
    assert merged(told, [limit("e", 3, 1000.0)], later) == (limit("e", 3, 1000.0),)


def test_what_was_said_is_the_same_in_whatever_order_it_came() -> None:
    one, two, gone = limit("e", 1, 5.0), limit("e", 2, 6.0), limit("f", 1, 6.0, cancelled=True)
    for order in ([one, two, gone], [gone, two, one], [two, one, two, gone, one]):
        assert set(merged((), order, NOW)) == set(merged((), [two, gone], NOW))
