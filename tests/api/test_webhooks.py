"""Webhooks: signed, in order, at least once, and never to an address inside."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from api.jobs import Jobs
from api.webhooks.guard import Refused, reachable
from api.webhooks.posting import NotDelivered, Poster, signed
from tests.api.yards import Yard, service

NINE = "2026-03-02T09:00:00Z"
SECRET = "whsec_" + "A" * 40
HOOK = {"url": "https://csms.example.com/hook", "secret": SECRET}


class Peer:
    """What a CSMS got, and how it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Mapping[str, str], Any]] = []
        self.status = 204

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        if self.status == 0:
            raise NotDelivered("ConnectError")
        self.got.append((url, headers, json.loads(body)))
        return self.status

    @property
    def types(self) -> list[str]:
        return [body["type"] for _, _, body in self.got]


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        served.build()
        yield served


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def jobs(yard: Yard, peer: Peer) -> Jobs:
    return Jobs(yard.client.app.state.service, lambda work: work(), peer)


def hooked(yard: Yard, jobs: Jobs, **told: Any) -> Any:
    answer = yard.put("/v1/webhooks/csms", HOOK | told)
    assert answer.status_code in (200, 201), answer.text
    jobs.tell()
    return answer.json()


def plan(yard: Yard) -> None:
    assert yard.post("/v1/sites/yard/plan", None).status_code == 200


def test_a_plan_is_told_with_a_signature_that_holds(yard: Yard, peer: Peer, jobs: Jobs) -> None:
    hooked(yard, jobs)
    yard.plug_in(departure=NINE)
    plan(yard)

    jobs.tell()
    jobs.tell()

    ((url, headers, body),) = peer.got
    assert (url, body["type"], body["site"]) == (HOOK["url"], "plan.made", "yard")
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert sent_at == yard.clock()
    text = json.dumps(body, separators=(",", ":"))
    assert headers["webhook-signature"] == Verifier(SECRET).sign(headers["webhook-id"], sent_at, text)


def test_commands_are_pushed_in_control_and_nowhere_else(yard: Yard, peer: Peer, jobs: Jobs) -> None:
    hooked(yard, jobs, about=["command"])
    yard.plug_in(departure=NINE)
    plan(yard)
    jobs.tell()
    assert peer.got == []

    yard.put("/v1/sites/yard/policy", {"mode": "control"})
    plan(yard)
    jobs.tell()

    assert set(peer.types) == {"command.issued"}
    told = [body["data"] for _, _, body in peer.got]
    assert {one["action"] for one in told} == {"SetChargingProfile"}
    waiting = yard.get("/v1/sites/yard/commands").json()["commands"]
    assert [one["id"] for one in waiting] == [one["id"] for one in told]


def test_what_does_not_arrive_is_sent_again_under_the_same_id_and_before_what_came_later(
    yard: Yard, peer: Peer, jobs: Jobs
) -> None:
    hooked(yard, jobs)
    yard.plug_in(departure=NINE)
    peer.status = 500
    plan(yard)
    jobs.tell()
    yard.clock.pass_by(seconds=4)
    plan(yard)
    jobs.tell()
    assert len(peer.got) == 1, "it waits five seconds"

    peer.status = 200
    yard.clock.pass_by(seconds=2)
    jobs.tell()

    ids = [headers["webhook-id"] for _, headers, _ in peer.got]
    assert ids[0] == ids[1] != ids[2]
    assert [body["data"]["made_at"][11:19] for _, _, body in peer.got[1:]] == ["06:00:00", "06:00:04"]


def test_a_peer_that_is_away_is_asked_seldom_and_loses_nothing(yard: Yard, peer: Peer, jobs: Jobs) -> None:
    hooked(yard, jobs)
    yard.plug_in(departure=NINE)
    plan(yard)
    peer.status = 0
    for _ in range(3 * 60):
        yard.clock.pass_by(minutes=1)
        jobs.tell()

    progress = yard.get("/v1/webhooks/csms").json()["progress"][0]
    assert 6 <= progress["attempts"] <= 12
    assert progress["failure"] == "ConnectError"
    peer.status = 204
    yard.clock.pass_by(hours=1)
    jobs.tell()
    assert peer.types == ["plan.made"]


def test_who_answers_that_it_is_gone_is_told_nothing_any_more(yard: Yard, peer: Peer, jobs: Jobs) -> None:
    hooked(yard, jobs)
    yard.plug_in(departure=NINE)
    peer.status = 410
    plan(yard)
    jobs.tell()
    plan(yard)
    jobs.tell()

    assert len(peer.got) == 1
    assert "410" in yard.get("/v1/webhooks/csms").json()["disabled"]
    peer.status = 204
    hooked(yard, jobs)
    assert yard.get("/v1/webhooks/csms").json()["disabled"] == ""


def test_a_new_secret_signs_beside_the_old_one(yard: Yard, peer: Peer, jobs: Jobs) -> None:
    hooked(yard, jobs)
    fresh = "whsec_" + "B" * 40
    hooked(yard, jobs, secret=fresh)
    yard.plug_in(departure=NINE)
    plan(yard)
    jobs.tell()

    _, headers, body = peer.got[0]
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    text = json.dumps(body, separators=(",", ":"))
    expected = {Verifier(secret).sign(headers["webhook-id"], sent_at, text) for secret in (SECRET, fresh)}
    assert set(headers["webhook-signature"].split(" ")) == expected


def test_a_secret_is_told_once(yard: Yard) -> None:
    made = yard.put("/v1/webhooks/csms", {"url": HOOK["url"]})

    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    assert yard.get("/v1/webhooks/csms").json()["secret"] is None
    assert yard.get("/v1/webhooks").json()["items"][0]["secret"] is None


@pytest.mark.parametrize(
    "told",
    [
        {"url": "ftp://host/"},
        {"url": "https://user:hunter2@host/"},
        {"url": "nowhere"},
        {"url": "https://[::1"},
        {"url": HOOK["url"], "secret": "whsec_c2hvcnQ="},
        {"url": HOOK["url"], "secret": "hunter2"},
    ],
)
def test_an_address_or_a_secret_that_is_none_is_told_and_not_repeated(yard: Yard, told: Any) -> None:
    answer = yard.put("/v1/webhooks/csms", told)

    assert answer.status_code == 422
    assert "hunter2" not in answer.text


INSIDE = [
    "127.0.0.1",
    "10.0.0.8",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "fe80::1%eth0",
    "fd00::7",
    "::ffff:10.0.0.8",
    "64:ff9b::a00:8",
    "2002:a00:8::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_whatever_its_name(address: str) -> None:
    with pytest.raises(Refused):
        reachable("https://innocent.example.com/hook", [], lambda *_: [address])


def test_one_address_inside_among_others_is_enough_to_refuse() -> None:
    with pytest.raises(Refused):
        reachable("https://innocent.example.com/", [], lambda *_: ["93.184.215.14", "10.0.0.8"])


def test_an_address_outside_is_used_as_it_resolved() -> None:
    assert reachable("https://csms.example.com/hook", [], lambda *_: ["93.184.215.14"]) == ("93.184.215.14", 443)


@pytest.mark.parametrize("entry", ["csms.internal", "10.0.0.0/8", "10.0.0.8"])
def test_an_operator_may_list_what_is_inside(entry: str) -> None:
    assert reachable("http://csms.internal:81/", ["", entry], lambda *_: ["10.0.0.8"]) == ("10.0.0.8", 81)


def test_a_name_that_does_not_resolve_is_no_error_of_ours() -> None:
    def nowhere(*_: Any) -> Any:
        raise OSError("no such name")

    with pytest.raises(NotDelivered):
        Poster([], nowhere)("https://csms.example.com/", {}, b"{}")


def test_a_message_goes_to_the_address_that_was_looked_at_under_the_name_that_was_told() -> None:
    seen: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            seen.append((self.headers["Host"], self.path, self.rfile.read(length)))
            self.send_response(307)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    try:
        post = Poster(["127.0.0.0/8"], lambda *_: ["127.0.0.1"])
        headers = signed([SECRET], "msg_1", datetime(2026, 3, 2, tzinfo=UTC), "{}")
        status = post(f"http://csms.example.com:{port}/hook?x=1", headers, b"{}")
    finally:
        server.shutdown()
        server.server_close()

    assert status == 307, "nobody is followed elsewhere"
    assert seen == [(f"csms.example.com:{port}", "/hook?x=1", b"{}")]


def test_more_webhooks_than_one_page_holds_are_all_listed(yard: Yard) -> None:
    for k in range(60):
        assert yard.put(f"/v1/webhooks/hook-{k:02}", HOOK).status_code == 201

    first = yard.get("/v1/webhooks?limit=50").json()
    rest = yard.get(f"/v1/webhooks?limit=50&after={first['next']}").json()

    assert [hook["id"] for hook in first["items"] + rest["items"]] == [f"hook-{k:02}" for k in range(60)]
    assert rest["next"] is None
