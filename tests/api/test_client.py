"""The client for a CSMS: every operation, what may be said twice, what is refused, and who signed a webhook."""

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import chargewright_client as cw
import httpx2
import pytest
from chargewright_client import Client
from standardwebhooks import Webhook as Signer

from api.routes import examples
from api.sites.forms import Acknowledgement as AcknowledgementForm
from tests.api.yards import NOW, Yard, key_for, service

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
LEFT_OUT = {
    "live_health_live_get": "for whoever runs the service",
    "ready_health_ready_get": "for whoever runs the service",
    "metrics_metrics_get": "for Prometheus",
}
SECRET = "whsec_" + "A" * 40


class Line(httpx2.BaseTransport):
    """A line to the service that loses answers, or calls, when it is told to; it counts what arrives."""

    def __init__(self, yard: Yard) -> None:
        self._to, self.arrived = yard.client._transport, 0
        self.lose_answers = self.lose_calls = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.lose_calls > 0:
            self.lose_calls -= 1
            raise httpx2.ConnectError("nobody is there")
        response = self._to.handle_request(request)
        self.arrived += 1
        if self.lose_answers > 0:
            self.lose_answers -= 1
            raise httpx2.ReadError("the line broke")
        return response


@pytest.fixture(scope="module")
def served() -> Iterator[Yard]:
    with service() as yard:
        yield yard


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as yard:
        yard.build()
        yield yard


@pytest.fixture
def line(yard: Yard) -> Line:
    return Line(yard)


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def api(line: Line, waits: list[float]) -> Client:
    http = httpx2.Client(transport=line, base_url="http://testserver")
    return Client("http://testserver", http=http, sleep=waits.append)


def answering(*answers: httpx2.Response) -> tuple[Client, list[httpx2.Request], list[float]]:
    """A client of somebody who gives these answers in turn; what arrived, and what was waited for."""
    requests: list[httpx2.Request] = []
    waits: list[float] = []
    left = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return left.pop(0)

    http = httpx2.Client(transport=httpx2.MockTransport(answer), base_url="http://testserver")
    return Client("http://testserver", "cw_key", http=http, sleep=waits.append), requests, waits


class TestOperations:
    """Names, addresses and types are those of the OpenAPI document."""

    def operations(self, yard: Yard) -> dict[str, tuple[str, str, Any]]:
        paths = yard.get("/openapi.json").json()["paths"]
        return {told["operationId"]: (m, path, told) for path, ms in paths.items() for m, told in ms.items()}

    def test_every_operation_is_a_method_or_left_out_on_purpose(self, served: Yard) -> None:
        names = set(self.operations(served))

        assert {name for name in names if not hasattr(Client, name)} == set(LEFT_OUT)

    def test_every_method_goes_to_the_address_of_its_operation(self, served: Yard) -> None:
        for name, (method, path, told) in self.operations(served).items():
            if name in LEFT_OUT:
                continue
            api, requests, _ = answering(httpx2.Response(200, text="{}"))
            call(getattr(api, name))
            (sent,) = requests
            assert sent.method == method.upper(), name
            assert re.fullmatch(re.sub(r"\{(\w+)\}", r"x-\1", path), sent.url.path), (name, sent.url.path)
            assert ("requestBody" in told) == bool(sent.content), name
            if "idempotency-key" in sent.headers:
                assert {"$ref": "#/components/parameters/IdempotencyKey"} in told["parameters"], name

    def test_every_parameter_of_a_query_can_be_said(self, served: Yard) -> None:
        for name, (_, _, told) in self.operations(served).items():
            if name in LEFT_OUT:
                continue
            said = set(inspect.signature(getattr(Client, name)).parameters)
            assert {p["name"] for p in told.get("parameters", []) if p.get("in") == "query"} <= said, name

    def test_every_type_has_the_fields_of_its_schema(self, served: Yard) -> None:
        schemas = served.get("/openapi.json").json()["components"]["schemas"]
        forms = {name: form for name, form in vars(cw).items() if hasattr(form, "__required_keys__")}
        assert len(forms) > 30

        for name, form in forms.items():
            schema = schemas[SCHEMAS.get(name, name)]
            assert set(get_type_hints(form)) == set(schema["properties"]), name
            if name in SAID:
                assert set(form.__required_keys__) == set(schema.get("required", ())), name
            for field, hint in get_type_hints(form).items():
                assert kinds_of(hint) == kinds(schema["properties"][field], schemas), (name, field)

    def test_outcomes_of_commands_are_those_of_the_service(self) -> None:
        theirs = get_type_hints(AcknowledgementForm)["outcome"]

        assert set(get_type_hints(cw.Acknowledgement)["outcome"].__args__) == {str(one) for one in theirs}


SCHEMAS = {
    "Command": "api__sites__commanding__CommandLine",
    "Plan": "PlanDocument",
    "Audit": "AuditResult",
    "Flexibility": "FlexibilityDocument",
    "Webhook": "WebhookLine",
    "Finding": "FindingLine",
}
SAID = {"Vehicle", "SessionTold", "NeedsTold", "Unplugged", "Measurement", "NodeLimit", "SitePolicy", "Boost"}
SAID |= {"Acknowledgement", "WebhookTold"}


def kinds(schema: Any, schemas: Any) -> set[str]:
    """Whether it is text, a number, nothing, ... at its first level."""
    if "anyOf" in schema:
        return set().union(*(kinds(one, schemas) for one in schema["anyOf"]))
    if "$ref" in schema:
        return kinds(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    return {schema["type"]}


def kinds_of(hint: Any) -> set[str]:
    """The same of a type of the client."""
    if get_origin(hint) in (Union, UnionType):
        return set().union(*(kinds_of(one) for one in get_args(hint)))
    if get_origin(hint) in (Required, NotRequired):
        return kinds_of(get_args(hint)[0])
    if get_origin(hint) is Literal or hint is datetime:
        return {"string"}
    names = {str: "string", float: "number", int: "integer", bool: "boolean", type(None): "null", list: "array"}
    return {names.get(get_origin(hint) or hint, "object")}


def call(method: Callable[..., Any]) -> None:
    """With something for everything that has to be said."""
    parameters = inspect.signature(method).parameters.values()
    needed = [one for one in parameters if one.default is inspect.Parameter.empty]
    given = {one.name: SAYS.get(one.name, f"x-{one.name}") for one in needed if one.kind is not one.VAR_KEYWORD}
    if method.__name__ == "stream_events":
        given["seconds"] = 0.0
    try:
        told = method(**given)
        list(told) if inspect.isgenerator(told) else None
    except KeyError:  # the answer is empty, and nobody looks at it here
        pass


SAYS: dict[str, Any] = {
    "told": {},
    "scenario": {},
    "asked": {},
    "payload": {},
    "measurements": [],
    "acknowledgements": [],
    "start": NOW,
    "minutes": 30.0,
    "connected": True,
}


class TestTwice:
    """What gets no answer is said again where that does no harm."""

    def test_a_session_whose_answer_was_lost_is_told_once(self, api: Client, line: Line, yard: Yard) -> None:
        line.lose_answers = 2

        told = api.tell_session("yard", {"session": "7f3", "evse": "bay-1", "plugged_in_at": NOW})

        assert (told["session"], told["revision"]) == ("7f3", 1)
        assert line.arrived == 3
        lines = yard.get("/v1/sites/yard/audit").json()["items"]
        assert [one["what"] for one in lines].count("session told") == 1

    def test_who_is_not_there_is_asked_again_and_later_each_time(
        self, api: Client, line: Line, waits: list[float]
    ) -> None:
        line.lose_calls = 4

        assert api.get_site("yard").document["id"] == "yard"
        assert len(waits) == 4
        assert all(0.25 * 2**k <= wait <= 0.5 * 2**k for k, wait in enumerate(waits))

    def test_who_never_answers_is_not_reached(self, api: Client, line: Line) -> None:
        line.lose_calls = 99

        with pytest.raises(cw.NotReached, match="nobody is there"):
            api.list_sites()

    def test_what_is_written_over_one_revision_alone_is_not_said_twice(self, api: Client, line: Line) -> None:
        etag = api.get_site("yard").etag
        line.lose_answers, line.arrived = 1, 0

        with pytest.raises(cw.NotReached):
            api.put_site("yard", examples.SITE, match=etag)
        assert line.arrived == 1

    def test_what_was_removed_though_the_answer_was_lost_is_removed(self, api: Client, line: Line) -> None:
        line.lose_answers = 1

        api.delete_tariff("yard")

        with pytest.raises(cw.NotFound):
            api.get_tariff("yard")

    def test_a_key_of_ones_own_outlives_the_client(self, api: Client, yard: Yard) -> None:
        acknowledged: cw.Acknowledgement = {"command": "yard-1", "outcome": "accepted"}

        first = api.once("queue-17").acknowledge_commands("yard", [acknowledged])
        again = api.once("queue-17").acknowledge_commands("yard", [acknowledged])

        assert first == again
        with pytest.raises(cw.Invalid, match="idempotency-key-reused"):
            api.once("queue-17").acknowledge_commands("yard", [])

    def test_a_service_that_asks_to_wait_is_waited_for(self) -> None:
        busy = httpx2.Response(429, headers={"Retry-After": "7"}, json={"type": "urn:chargewright:problem:x"})
        api, requests, waits = answering(busy, httpx2.Response(200, json={"items": [], "next": None}))

        api.list_sites()

        assert waits == [7.0]
        assert len(requests) == 2

    def test_a_first_try_that_is_still_answered_is_waited_for_under_its_key(self) -> None:
        detail = "the first request with this Idempotency-Key is still being answered"
        waiting = httpx2.Response(409, json={"type": "urn:chargewright:problem:conflict", "detail": detail})
        api, requests, waits = answering(waiting, httpx2.Response(200, json={"clears": 2}))

        assert api.hand_back("yard") == 2
        assert len(waits) == 1
        assert len({request.headers["idempotency-key"] for request in requests}) == 1

    def test_a_question_leaves_no_answer_behind_at_the_service(self) -> None:
        api, (requests), _ = answering(httpx2.Response(200, json={}))

        api.create_plan({})

        assert "idempotency-key" not in requests[0].headers


class TestRefusals:
    def test_all_that_is_wrong_is_told_at_once(self, api: Client) -> None:
        told: Any = {"session": "7f3", "evse": "bay-9", "plugged_in_at": "2026-03-02T07:00:00Z"}

        with pytest.raises(cw.Invalid) as refused:
            api.tell_session("yard", told)

        assert refused.value.kind == "invalid-document"
        assert [one["path"] for one in refused.value.findings] == ["plugged_in_at", "evse"]
        assert "name an EVSE of the site" in str(refused.value)
        assert refused.value.request_id

    def test_a_document_is_written_whatever_is_there_unless_one_revision_is_meant(self, api: Client) -> None:
        first = api.put_policy("yard", {"mode": "observe"})
        api.put_policy("yard", {"mode": "advise"})

        with pytest.raises(cw.Changed, match="precondition-failed"):
            api.put_policy("yard", {"mode": "control"}, match=first.etag)
        with pytest.raises(cw.Changed):
            api.put_policy("yard", {"mode": "control"}, match=cw.NEW)
        assert api.get_policy("yard").document.get("mode", "advise") == "advise", "what is the default is left out"

    def test_a_time_without_an_offset_goes_nowhere(self, api: Client, line: Line) -> None:
        with pytest.raises(ValueError, match="has no offset from UTC"):
            api.tell_session("yard", {"session": "a", "evse": "bay-1", "plugged_in_at": datetime(2026, 3, 2)})
        assert line.arrived == 0

    def test_a_key_that_does_not_work_is_not_allowed(self) -> None:
        with service(insecure=False) as yard:
            headers = key_for(yard, "acme")
            stranger = Client("http://testserver", "cw_no", http=yard.client)
            known = Client("http://testserver", headers["Authorization"].removeprefix("Bearer "), http=yard.client)

            with pytest.raises(cw.NotAllowed, match="show a key that works"):
                stranger.list_sites()
            assert known.list_sites()["items"] == []

    def test_what_a_proxy_answers_is_told_as_it_is(self) -> None:
        api, _, _ = answering(*[httpx2.Response(502, text="<h1>Bad gateway</h1>")] * 5)

        with pytest.raises(cw.ServiceFailed, match="Bad gateway"):
            api.list_sites()


class TestLongStories:
    def test_a_plan_that_is_asked_for_later_is_there_in_the_end(self, api: Client) -> None:
        quick = {"import_limit_kw": 22, "evses": [{"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 9}}]}

        asked = api.create_plan_later(quick, ocpp="1.6")
        plan = api.wait_for_plan(asked)

        assert plan["comparison"]["energy_kwh"] == pytest.approx(9.0)
        assert plan["ocpp"] is not None

    def test_lists_are_read_to_their_end(self, api: Client) -> None:
        for name in ("a", "b", "c"):
            api.put_site(name, examples.SITE | {"id": name})

        assert [one["id"] for one in cw.every(api.list_sites, limit=2)] == ["a", "b", "c", "yard"]

    def test_the_stream_goes_on_where_it_broke(self) -> None:
        def lines(*ids: int) -> httpx2.Response:
            text = "".join(f'id: {id}\nevent: command\ndata: {{"id": "yard-{id}"}}\n\n: alive\n\n' for id in ids)
            return httpx2.Response(200, text=text)

        api, requests, _ = answering(lines(4, 5), httpx2.Response(503, json={}), lines(6))
        stream = api.stream_events("yard", after=3)

        assert [next(stream).id for _ in range(3)] == [4, 5, 6]
        assert [request.url.params["after"] for request in requests] == ["3", "5", "5"]

    def test_the_stream_tells_of_a_plan(self, api: Client, yard: Yard) -> None:
        yard.plug_in(departure="2026-03-02T09:00:00Z")
        made = api.make_plan("yard")

        (event,) = api.stream_events("yard", after=0, seconds=0.0)

        assert (event.kind, event.data["plan"]) == ("event", made["plan"])


class TestSignatures:
    BODY = b'{"type":"plan.made","timestamp":"2026-03-02T06:00:00Z","site":"yard","data":{"plan":"p"}}'

    def headers(self, secret: str = SECRET) -> dict[str, str]:
        """Signed by another implementation of Standard Webhooks."""
        signature = Signer(secret).sign("yard-7", NOW, self.BODY.decode())
        return {
            "Webhook-Id": "yard-7",
            "Webhook-Timestamp": str(int(NOW.timestamp())),
            "Webhook-Signature": f"v1,bm9uZQ== {signature}",
        }

    def test_who_holds_the_secret_is_believed(self) -> None:
        told = cw.verified(["whsec_" + "B" * 40, SECRET], self.headers(), self.BODY, now_s=NOW.timestamp() + 60)

        assert told == ("yard-7", "plan.made", "yard", {"plan": "p"})

    @pytest.mark.parametrize(
        ("secret", "body", "late_s"),
        [("whsec_" + "B" * 40, BODY, 0), (SECRET, BODY.replace(b"yard", b"barn"), 0), (SECRET, BODY, 301)],
        ids=["another secret", "another body", "too late"],
    )
    def test_who_does_not_is_not(self, secret: str, body: bytes, late_s: float) -> None:
        with pytest.raises(cw.BadSignature):
            cw.verified(secret, self.headers(), body, now_s=NOW.timestamp() + late_s)

    def test_a_message_without_a_signature_is_not_believed(self) -> None:
        with pytest.raises(cw.BadSignature):
            cw.verified(SECRET, {}, self.BODY)
