"""The VEN of OpenADR 3 over real HTTP, at a VTN that holds every request against the official document."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.edges.openadr3.connection import Connection, Credentials
from api.edges.openadr3.poll import poll
from api.edges.openadr3.ven import VenClient
from api.edges.openadr3.webhook import webhook
from models.domain.errors import EdgeError
from models.domain.limit_curve import limit_curve
from models.domain.timeline import fold
from models.domain.utility_signal import EVERYTHING, Flow, UtilitySignal
from models.domain.wire import read_signals
from models.openadr.v3.channel import Channel, Version
from models.openadr.v3.contact import Contact, after_outage
from models.openadr.v3.feed import Feed, Heard, notified, polled
from models.openadr.v3.reporting import reports_due
from models.openadr.v3.timing import occurrences
from models.openadr.v3.wire import Event, Program, ReportDescriptor, read
from models.openadr.v3.written import AGGREGATED, Described, Told, report
from tests.peers import our_service
from tests.peers.vtn3 import Vtn, serving

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VERSIONS = ["3.0.1", "3.1"]


def now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """A clock that is moved by hand, from the real time on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(params=VERSIONS)
def vtn(request: pytest.FixtureRequest) -> Iterator[Vtn]:
    with serving(Vtn(request.param)) as peer:
        peer.put("programs", {"programName": "limits"})
        yield peer
        assert peer.defects == []


@contextmanager
def client(vtn: Vtn, clock: Any = now, **given: Any) -> Iterator[VenClient]:
    told = {"client_id": vtn.client_id, "client_secret": vtn.client_secret, **given}
    connection = Connection(Credentials(base_url=vtn.base_url, **told), clock)
    yield VenClient(connection, Version(vtn.version))
    connection.close()


def limit(kw: float, **more: Any) -> dict[str, Any]:
    """An event of one hour at noon."""
    return {
        "programID": "program-1",
        "eventName": "limit",
        "payloadDescriptors": [
            {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}
        ],
        "intervalPeriod": {"start": "2026-03-02T12:00:00Z", "duration": "PT1H"},
        "intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [kw]}]}],
        **more,
    }


def limits(signals: tuple[UtilitySignal, ...]) -> list[float]:
    steps = limit_curve(fold(signals, NOON, NOON + timedelta(hours=2)), Flow.IMPORT, [EVERYTHING])
    return [step.limit_kw for step in steps]


def first_program(ven: VenClient) -> Program:
    return ven.programs()[0]


class Listener:
    """A programme followed from poll to poll, all messages kept as the journal keeps them."""

    def __init__(self, ven: VenClient, clock: Any = now) -> None:
        self.ven, self.clock = ven, clock
        self.program = first_program(ven)
        self.feed = Feed(channel=Channel(source="dso", version=ven.version))
        self.contact = Contact(source="dso")
        self.signals: tuple[UtilitySignal, ...] = ()

    def poll(self) -> Heard:
        heard, self.contact = poll(self.ven, self.feed, self.contact, self.program, self.clock)
        self.feed, self.signals = heard.feed, (*self.signals, *heard.signals)
        return heard


def test_an_event_is_polled_modified_deleted_and_back(vtn: Vtn) -> None:
    with client(vtn) as ven:
        listener = Listener(ven)
        event = vtn.put("events", limit(40))
        listener.poll()
        assert limits(listener.signals) == [40]
        vtn.put("events", limit(30), event)
        listener.poll()
        assert limits(listener.signals) == [30]
        gone = vtn.objects["events"].pop(event)
        listener.poll()
        assert limits(listener.signals) == []
        vtn.objects["events"][event] = gone
        listener.poll()
        assert limits(listener.signals) == [30]


def test_events_come_page_by_page(vtn: Vtn) -> None:
    for kw in range(1, 121):
        vtn.put("events", limit(kw))
    with client(vtn) as ven:
        listener = Listener(ven)
        assert len(listener.poll().answers) == 120
    assert limits(listener.signals) == [1]
    assert vtn.requests.count(("GET", "/events")) == 3


def test_a_token_is_renewed_before_it_expires_and_once_when_it_is_refused(vtn: Vtn) -> None:
    clock, asked = Clock(), ("POST", "/auth/token")
    with client(vtn, clock) as ven:
        ven.programs()
        ven.programs()
        assert vtn.requests.count(asked) == 1
        clock.ahead = timedelta(minutes=55)
        ven.programs()
        assert vtn.requests.count(asked) == 2
        if vtn.version == "3.1":
            vtn.tokens.clear()
            ven.programs()
            assert vtn.requests.count(asked) == 3


def test_a_wrong_secret_is_told_and_not_tried_again(vtn: Vtn) -> None:
    with client(vtn, client_secret="wrong") as ven, pytest.raises(EdgeError, match="answered 401") as refused:
        ven.programs()
    assert not refused.value.retryable


@pytest.mark.parametrize(
    ("misfortune", "told"),
    [
        ("500", "answered 500 out of luck"),
        ("503", "answered 503"),
        ("garbage", "its answer is no JSON"),
        ("cut", "RemoteProtocolError|ReadError"),
    ],
)
def test_a_vtn_that_fails_leaves_what_is_known_and_is_told_of(vtn: Vtn, misfortune: str, told: str) -> None:
    with client(vtn) as ven:
        listener = Listener(ven)
        vtn.put("events", limit(40))
        listener.poll()
        vtn.fail_next = [misfortune]
        assert listener.poll().signals == ()
        assert limits(listener.signals) == [40]
        alarm = listener.contact.alarm(now() + timedelta(minutes=10), timedelta(minutes=5))
        assert alarm is not None
        assert any(word in alarm.message for word in told.split("|"))
        listener.poll()
        assert listener.contact.alarm(now() + timedelta(minutes=1), timedelta(minutes=5)) is None


def test_a_vtn_that_hangs_does_not_hold_us(vtn: Vtn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.edges.openadr3.connection.TIMEOUT_S", 0.7)
    with client(vtn) as ven:
        listener = Listener(ven)
        vtn.hang_s, vtn.fail_next = 1.5, ["hang"]
        listener.poll()
    assert "no answer within 0.7 s" in listener.contact.failure


def test_a_vtn_that_is_away_for_a_day_leaves_its_schedule_and_then_the_subscription(vtn: Vtn) -> None:
    subscription = limit(
        20, eventName="subscription", intervalPeriod={"start": "2026-03-02T00:00:00Z", "duration": "P9999Y"}
    )
    for descriptor, payload in ((subscription["payloadDescriptors"][0], subscription["intervals"][0]["payloads"][0]),):
        descriptor["payloadType"] = payload["type"] = "IMPORT_CAPACITY_SUBSCRIPTION"
    vtn.put("events", limit(40))
    vtn.put("events", subscription)
    with client(vtn) as ven:
        listener = Listener(ven)
        listener.poll()
        vtn.fail_next = ["500"] * 24
        for _ in range(24):
            listener.poll()
    assert limits(listener.signals) == [40, 20]
    day = fold(listener.signals, NOON + timedelta(hours=12), NOON + timedelta(hours=36))
    assert [step.limit_kw for step in limit_curve(day, Flow.IMPORT, [EVERYTHING])] == [20]
    assert limits(after_outage(listener.signals, "dso")) == [20]
    assert limits(after_outage(listener.signals, "another")) == [40, 20]


def test_a_vtn_that_is_not_known_by_its_certificate_is_not_asked_again(vtn: Vtn) -> None:
    https = vtn.base_url.replace("http:", "https:")
    connection = Connection(Credentials(base_url=https), now)
    with pytest.raises(EdgeError, match="TLS failed"):
        connection.get("/programs")
    connection.close()


def test_credentials_are_not_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(EdgeError, match="is not https"):
        Connection(Credentials(base_url="http://vtn.example.com"), now)


def test_the_ven_and_its_resources_are_registered_once(vtn: Vtn) -> None:
    with client(vtn) as ven:
        first, again = ven.register("chargewright"), ven.register("chargewright")
        site = ven.register_resource(first.id, "yard", {"MAX_POWER_CONSUMPTION": [100.0]})
        same = ven.register_resource(first.id, "yard")
    assert first.id == again.id
    assert site.id == same.id
    assert vtn.objects["resources"][site.id]["attributes"] == [{"type": "MAX_POWER_CONSUMPTION", "values": [100.0]}]


def test_targets_are_asked_for_in_the_words_of_the_version(vtn: Vtn) -> None:
    old = vtn.version == "3.0.1"
    for name in ("north", "south"):
        vtn.put("events", limit(40, targets=[{"type": "GROUP", "values": [name]}] if old else [name]))
    vtn.granted = {"north"}
    with client(vtn) as ven:
        assert len(ven.events("program-1", ["north"])) == 1
        assert len(ven.events("program-1", ["south"])) == (1 if old else 0)


def test_a_report_with_the_event_s_intervals_is_accepted(vtn: Vtn) -> None:
    event = vtn.put("events", limit(40))
    body = report(
        event_id=event,
        program_id="program-1",
        client_name="chargewright",
        name="telemetry",
        described=[
            Described(payload_type="USAGE", units="KWH"),
            Described(payload_type="DEMAND", units="KW", reading_type="MEAN"),
        ],
        told={
            AGGREGATED: [
                Told(interval_id=0, payload_type="USAGE", value=9.5, start=NOON, length_s=900),
                Told(interval_id=0, payload_type="DEMAND", value=38.0, quality="ESTIMATED"),
            ]
        },
        version=Version(vtn.version),
    )
    with client(vtn) as ven:
        report_id = ven.report(body)
        ven.correct_report(report_id, body)
    ((interval,),) = [resource["intervals"] for resource in vtn.objects["reports"][report_id]["resources"]]
    assert interval["intervalPeriod"] == {"start": "2026-03-02T12:00:00Z", "duration": "PT900S"}
    assert [(p["type"], p["values"]) for p in interval["payloads"]] == [
        ("USAGE", [9.5]),
        ("DEMAND", [38.0]),
        ("DATA_QUALITY", ["ESTIMATED"]),
    ]


def test_a_field_that_the_document_does_not_name_is_refused_by_the_peer() -> None:
    with serving(Vtn("3.1")) as vtn, client(vtn) as ven:
        with pytest.raises(EdgeError, match="answered 400 body: Unevaluated properties"):
            ven.report({"eventID": "e", "clientName": "c", "resources": [], "colour": "red"})
        assert len(vtn.defects) == 1


@contextmanager
def hooked(accept: Any) -> Iterator[str]:
    """Our webhook on a port of its own."""
    with our_service.serving(webhook("/hook", "hook-token", accept)) as url:
        yield f"{url}/hook"


def test_changes_are_told_to_the_webhook_after_its_echo(vtn: Vtn) -> None:
    heard: list[tuple[str, str, Any]] = []
    with hooked(lambda *told: heard.append(told)) as url, client(vtn) as ven:
        subscription = ven.subscribe("chargewright", "program-1", url, "hook-token")
        event = vtn.put("events", limit(40))
        vtn.put("events", limit(30), event)
        vtn.delete("events", event)
        ven.unsubscribe(subscription.id)
        vtn.put("events", limit(20))
    assert [(kind, operation) for kind, operation, _ in heard] == [
        ("EVENT", "CREATE"),
        ("EVENT", "UPDATE"),
        ("EVENT", "DELETE"),
    ]
    feed, signals = Feed(channel=Channel(source="dso", version=Version(vtn.version))), list[UtilitySignal]()
    for _, operation, tree in heard[:2]:
        told = notified(feed, operation, tree, NOON)
        feed, signals = told.feed, [*signals, *told.signals]
    assert limits(tuple(signals)) == [30]
    last = notified(feed, "DELETE", heard[2][2], NOON)
    assert limits((*signals, *last.signals)) == []
    assert limits((*last.signals, *reversed(signals))) == []


def test_a_webhook_takes_nothing_without_its_token_and_nothing_that_is_no_notification(vtn: Vtn) -> None:
    import httpx2

    heard: list[Any] = []
    headers = {"Authorization": "Bearer hook-token"}
    with hooked(lambda *told: heard.append(told)) as url:
        for body, sent, status in (
            (b"{}", {}, 403),
            (b"{}", headers, 400),
            (b'{"objectType": "EVENT", "operation": "CREATE", "object": NaN}', headers, 400),
            (b"[" * 100_000, headers, 400),
            (b" " * (2 << 20), headers, 413),
            (b'{"object_type": "EVENT", "operation": "CREATE", "object": {"id": "e"}}', headers, 200),
        ):
            assert httpx2.post(url, content=body, headers=sent, trust_env=False).status_code == status
    assert heard == [("EVENT", "CREATE", {"id": "e"})]


def tree(kw: float, modified: str, event_id: str = "e") -> dict[str, Any]:
    return limit(kw, id=event_id, modificationDateTime=modified)


def test_an_event_that_was_notified_while_a_poll_was_under_way_outlives_that_poll() -> None:
    feed = Feed(channel=Channel(source="dso"))
    created = notified(feed, "CREATE", tree(40, "2026-03-02T11:00:01Z"), NOON + timedelta(seconds=2))
    answered = polled(created.feed, [], NOON, NOON + timedelta(seconds=3))
    assert limits((*created.signals, *answered.signals)) == [40]
    later = polled(answered.feed, [], NOON + timedelta(seconds=60), NOON + timedelta(seconds=61))
    assert limits((*created.signals, *later.signals)) == []


def test_a_late_notification_does_not_revive_what_a_poll_has_buried() -> None:
    feed = Feed(channel=Channel(source="dso"))
    alive = polled(feed, [tree(40, "2026-03-02T11:00:00Z")], NOON, NOON)
    gone = polled(alive.feed, [], NOON + timedelta(minutes=1), NOON + timedelta(minutes=1))
    late = notified(gone.feed, "UPDATE", tree(40, "2026-03-02T11:00:00Z"), NOON + timedelta(minutes=2))
    assert limits((*alive.signals, *gone.signals, *late.signals)) == []
    newer = notified(late.feed, "UPDATE", tree(35, "2026-03-02T11:05:00Z"), NOON + timedelta(minutes=2))
    assert limits((*alive.signals, *gone.signals, *newer.signals)) == [35]


def after(*minutes: float) -> list[datetime]:
    return [NOON + timedelta(minutes=m) for m in minutes]


@pytest.mark.parametrize("date", ["2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z", ""])
def test_what_the_vtn_answers_now_holds_whatever_its_date_and_only_until_it_answers_otherwise(date: str) -> None:
    first, second, third = after(0, 1, 2)
    told = polled(Feed(channel=Channel(source="dso")), [tree(40, "2026-03-02T11:00:00Z")], first, first)
    older = polled(told.feed, [tree(30, date)], second, second)
    assert limits((*told.signals, *older.signals)) == [30]
    back = polled(older.feed, [tree(40, "2026-03-02T11:00:00Z")], third, third)
    assert limits((*told.signals, *older.signals, *back.signals)) == [40]


def test_a_poll_that_shows_the_same_again_makes_no_new_version() -> None:
    told = polled(Feed(channel=Channel(source="dso")), [tree(40, "2026-03-02T11:00:00Z")], *after(0, 0))
    older = polled(told.feed, [tree(30, "2026-03-02T10:00:00Z")], *after(1, 1))
    again = polled(older.feed, [tree(30, "2026-03-02T10:00:00Z")], *after(2, 2))
    assert again.signals == older.signals


def test_a_deleted_event_that_is_back_with_an_older_date_is_back() -> None:
    told = polled(Feed(channel=Channel(source="dso")), [tree(40, "2026-03-02T11:00:00Z")], *after(0, 0))
    gone = polled(told.feed, [], *after(1, 1))
    back = polled(gone.feed, [tree(30, "2026-03-02T10:00:00Z")], *after(2, 2))
    assert limits((*told.signals, *gone.signals, *back.signals)) == [30]


def test_a_notification_with_an_older_date_changes_nothing_until_a_poll_shows_the_same() -> None:
    told = polled(Feed(channel=Channel(source="dso")), [tree(40, "2026-03-02T11:00:00Z")], *after(0, 0))
    late = notified(told.feed, "UPDATE", tree(50, "2026-03-02T10:00:00Z"), *after(1))
    assert limits((*told.signals, *late.signals)) == [40]
    shown = polled(late.feed, [tree(50, "2026-03-02T10:00:00Z")], *after(2, 2))
    assert limits((*told.signals, *late.signals, *shown.signals)) == [50]


def test_a_newer_notification_outlives_a_poll_that_was_under_way() -> None:
    told = polled(Feed(channel=Channel(source="dso")), [tree(40, "2026-03-02T11:00:00Z")], *after(0, 0))
    newer = notified(told.feed, "UPDATE", tree(30, "2026-03-02T12:02:00Z"), *after(2))
    under_way = polled(newer.feed, [tree(40, "2026-03-02T11:00:00Z")], *after(1, 3))
    assert limits((*told.signals, *newer.signals, *under_way.signals)) == [30]


def test_copies_of_one_date_that_contradict_each_other_are_settled_by_the_next_poll() -> None:
    told = polled(Feed(channel=Channel(source="dso")), [tree(40, "2026-03-02T11:00:00Z")], *after(0, 0))
    other = notified(told.feed, "UPDATE", tree(30, "2026-03-02T11:00:00Z"), *after(1))
    assert limits((*told.signals, *other.signals)) == [30]
    shown = polled(other.feed, [tree(40, "2026-03-02T11:00:00Z")], *after(2, 2))
    assert limits((*told.signals, *other.signals, *shown.signals)) == [40]


def test_an_event_that_turns_unreadable_keeps_its_last_readable_version() -> None:
    feed = Feed(channel=Channel(source="dso"))
    good = polled(feed, [tree(40, "2026-03-02T11:00:00Z")], NOON, NOON)
    bad = polled(
        good.feed, [tree(-1, "2026-03-02T11:05:00Z")], NOON + timedelta(minutes=1), NOON + timedelta(minutes=1)
    )
    assert limits((*good.signals, *bad.signals)) == [40]
    assert "is not a number from 0" in bad.findings[0].message


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ({}, [(4, (0, 1, 2, 3))]),
        (
            {"numIntervals": 1, "startInterval": 1, "frequency": 1, "repeat": -1},
            [(1, (0,)), (2, (1,)), (3, (2,)), (4, (3,))],
        ),
        (
            {"startInterval": 0, "numIntervals": 2, "historical": False, "frequency": 1, "repeat": 2},
            [(0, (0, 1)), (1, (1, 2))],
        ),
        ({"startInterval": 2, "numIntervals": 2, "frequency": -1, "repeat": -1}, [(2, (0, 1)), (4, (2, 3))]),
        ({"frequency": 0}, [(4, (0, 1, 2, 3))]),
    ],
)
def test_reports_are_due_as_their_descriptor_says(
    asked: dict[str, Any], due: list[tuple[float, tuple[int, ...]]]
) -> None:
    intervals = [{"id": i, "payloads": [{"type": "PRICE", "values": [0.1]}]} for i in range(4)]
    event = read(Event, limit(1, intervals=intervals))
    placed = [occurrence for occurrence, _ in occurrences(event, NOON)]
    descriptor = read(ReportDescriptor, {"payloadType": "USAGE", **asked})
    told = [((each.at - NOON) / timedelta(hours=1), each.intervals) for each in reports_due(descriptor, placed)]
    assert told == due


def settings_file(vtn: Vtn, tmp_path: Path, **more: Any) -> str:
    told = {
        "base_url": vtn.base_url,
        "version": vtn.version,
        "client_id": vtn.client_id,
        "client_secret": vtn.client_secret,
    }
    path = tmp_path / "ven.json"
    path.write_text(json.dumps({**told, **more}), encoding="utf-8")
    return str(path)


def test_the_check_passes_step_by_step_at_a_vtn_that_works(vtn: Vtn, tmp_path: Path) -> None:
    vtn.put("events", limit(40))
    with hooked(lambda *told: None) as url:
        done = CliRunner().invoke(app, ["ven", "check", settings_file(vtn, tmp_path, callback_url=url)])
    steps = [line.split()[1] for line in done.output.splitlines() if line.startswith("pass")]
    assert steps == ["token", "scopes,", "clock", "registration", "targets", "test", "echo", "report"]
    assert done.exit_code == 0
    assert len(vtn.objects["reports"]) == 1


@pytest.mark.parametrize(
    ("given", "failed", "remedy"),
    [
        ({"client_secret": "wrong"}, "token", "compare client id, secret, scope and token_url"),
        ({"programme": "another"}, "scopes, programme", "set programme to one of them, or enrol"),
        ({"callback_url": "http://127.0.0.1:9/hook"}, "echo", "let the service be reached at callback_url"),
    ],
)
def test_the_check_names_the_step_that_fails_and_the_way_out(
    vtn: Vtn, tmp_path: Path, given: dict[str, Any], failed: str, remedy: str
) -> None:
    vtn.put("events", limit(40))
    done = CliRunner().invoke(app, ["ven", "check", settings_file(vtn, tmp_path, **given)])
    lines = done.output.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("FAIL"))
    assert lines[place].startswith(f"FAIL  {failed}")
    assert remedy in lines[place + 1]
    assert done.exit_code == 1


def test_the_check_sees_a_clock_that_is_wrong_and_a_scope_that_is_missing(vtn: Vtn, tmp_path: Path) -> None:
    vtn.put("events", limit(40))
    vtn.clock_skew, vtn.scopes = timedelta(minutes=-3), "read_all read_targets read_ven_objects write_vens"
    told = CliRunner().invoke(app, ["ven", "check", settings_file(vtn, tmp_path)]).output
    assert re.search(r"FAIL  clock +the VTN's clock is -18[01] s from ours", told)
    assert "FAIL  report" in told
    assert "scope write_reports is missing" in told


def test_a_clock_that_is_wrong_is_told_at_every_poll(vtn: Vtn) -> None:
    with client(vtn) as ven:
        listener = Listener(ven)
        assert listener.poll().findings == ()
        vtn.clock_skew = timedelta(minutes=10)
        assert "the clock of dso is +" in listener.poll().findings[0].message


def test_a_programme_of_grid_aware_charging_without_a_safe_mode_event_fails_the_check(tmp_path: Path) -> None:
    with serving(Vtn("3.1")) as vtn:
        attributes = {
            "RETAILER_NAME": ["ExampleDSO"],
            "PROGRAM_TYPE": ["DSO_CPO_INTERFACE-2.1.1"],
            "BINDING_EVENTS": [True],
        }
        told = [{"type": name, "values": values} for name, values in attributes.items()]
        vtn.put("programs", {"programName": "gac", "attributes": told})
        vtn.granted = {"871685900012345678"}
        vtn.put("events", limit(40, eventName="safe", targets=["871685900012345678"]))
        given = {"profile": "gac", "targets": ["871685900012345678"]}
        without = CliRunner().invoke(app, ["ven", "check", settings_file(vtn, tmp_path, **given)])
        assert "FAIL  test event         no safe-mode event is known" in without.output
        given["safe_mode_events"] = ["safe"]
        assert CliRunner().invoke(app, ["ven", "check", settings_file(vtn, tmp_path, **given)]).exit_code == 0


def test_a_settings_file_with_an_unknown_word_is_refused_without_repeating_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "ven.json"
    path.write_text(json.dumps({"base_url": "https://x", "client_secert": "hush"}), encoding="utf-8")
    refused = CliRunner().invoke(app, ["ven", "check", str(path)])
    assert "client_secert" in str(refused.exception)
    assert "hush" not in str(refused.exception)


def test_events_are_asked_for_once_and_written_for_other_commands(vtn: Vtn, tmp_path: Path) -> None:
    soon = (now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:00:00Z")
    vtn.put("events", limit(40, intervalPeriod={"start": soon, "duration": "PT1H"}))
    vtn.put("events", limit(-1))
    written = tmp_path / "signals.json"
    done = CliRunner().invoke(app, ["ven", "events", settings_file(vtn, tmp_path), "--write", str(written)])
    assert "40 kW" in done.output
    assert "not acted on" in done.output
    assert [signal.source for signal in read_signals(written.read_bytes())] == [vtn.base_url]
