"""The service: a scenario in, its plan out, and for bad input a reason and never a 500."""

import http.client
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

JSON = {"content-type": "application/json"}


def post(client: Any, body: bytes, *, query: str = "", **headers: str) -> Any:
    return client.post(f"/v1/plans{query}", content=body, headers=JSON | headers)


def test_the_cheap_hour_charges_the_car(client: Any, yard: dict[str, Any]) -> None:
    answer = post(client, json.dumps(yard).encode())

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["comparison"]["cost"] == pytest.approx(1.10)
    assert told["comparison"]["uncontrolled_cost"] == pytest.approx(3.30)
    assert told["audit"]["passed"]
    car = told["sessions"][0]
    assert car["energy_kwh"] == pytest.approx(11.0)
    charging = [s for s in car["setpoints"] if s["charge_power_kw"] > 0]
    hour = {"start": "2026-03-02T07:00:00Z", "end": "2026-03-02T08:00:00Z"}
    assert charging == [hour | {"charge_power_kw": 11.0, "offered_power_kw": 11.0, "discharge_power_kw": None}]
    assert car["finish_time"] == "2026-03-02T08:00:00Z"


def test_the_quick_form_is_taken_too(client: Any) -> None:
    quick = {"import_limit_kw": 22, "evses": [{"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 9}}]}

    answer = post(client, json.dumps(quick).encode())

    assert answer.status_code == 200, answer.text
    assert answer.json()["sessions"][0]["energy_kwh"] == pytest.approx(9.0)
    assert answer.json()["assumptions"], "a departure was assumed and must be told"


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_ocpp_requests_come_in_the_version_asked_for(client: Any, yard: dict[str, Any], version: str) -> None:
    told = post(client, json.dumps(yard).encode(), query=f"?ocpp={version}").json()["ocpp"]

    assert told["version"] == version
    (message,) = told["messages"]
    assert message["action"] == "SetChargingProfile"
    assert ("csChargingProfiles" if version == "1.6" else "chargingProfile") in message["payload"]
    limits = re.findall(r'"limit": ([^,}]+)', json.dumps(message))
    assert limits
    assert all(float(limit) >= 0 for limit in limits)


def test_without_a_version_there_is_no_ocpp(client: Any, yard: dict[str, Any]) -> None:
    assert post(client, json.dumps(yard).encode()).json()["ocpp"] is None


def test_an_answer_has_no_infinity_where_nothing_is_limited(client: Any, yard: dict[str, Any]) -> None:
    del yard["site"]["nodes"][0]["import_limit_kw"]

    answer = post(client, json.dumps(yard).encode())

    told = json.loads(answer.content, parse_constant=lambda name: pytest.fail(f"{name} in the answer"))
    assert set(told["nodes"][0]["import_limit_kw"]) == {None}


def test_an_unknown_departure_is_assumed_and_told(client: Any, yard: dict[str, Any]) -> None:
    del yard["sessions"][0]["departure"]

    told = post(client, json.dumps(yard).encode()).json()

    assert any("departure" in assumed["what"] for assumed in told["assumptions"])


def changed(yard: dict[str, Any], path: str, value: str) -> bytes:
    """The yard with the text of one number replaced, also by what no JSON library writes."""
    text = json.dumps(yard)
    assert path in text
    return text.replace(path, value, 1).encode("utf-8", "surrogatepass")


BAD_TEXT = {
    "NaN": ('"energy_target_kwh": 11.0', '"energy_target_kwh": NaN', 422),
    "Infinity": ('"energy_target_kwh": 11.0', '"energy_target_kwh": -Infinity', 422),
    "a number beyond floats": ('"energy_target_kwh": 11.0', '"energy_target_kwh": 1e999', 422),
    "a huge integer": ('"energy_target_kwh": 11.0', '"energy_target_kwh": ' + "9" * 5000, 422),
    "a lone surrogate": ('"id": "car-1"', '"id": "\\ud800"', 422),
    "a doubled key": ('"energy_target_kwh": 11.0', '"energy_target_kwh": 11.0, "energy_target_kwh": 12.0', 422),
    "an unknown field": ('"energy_target_kwh": 11.0', '"energy_traget_kwh": 11.0', 422),
    "a number as text": ('"energy_target_kwh": 11.0', '"energy_target_kwh": "11"', 422),
    "a naive time": ('"departure": "2026-03-02T08:00:00Z"', '"departure": "2026-03-02T08:00:00"', 422),
    "a departure before arrival": ('"departure": "2026-03-02T08', '"departure": "2026-03-02T05', 422),
    "an EVSE that is not there": ('"evse": "bay-1"', '"evse": "bay-9"', 422),
    "a negative limit": ('"import_limit_kw": 22.0', '"import_limit_kw": -1.0', 422),
    "a missing brace": ('"name": "yard", "site": {', '"name": "yard", "site": ', 400),
    "raw bytes that are no UTF-8": ('"id": "car-1"', '"id": "\ud800"', 400),
}


@pytest.mark.parametrize("name", BAD_TEXT)
def test_a_bad_scenario_is_told_with_place_and_way_out(client: Any, yard: dict[str, Any], name: str) -> None:
    old, new, status = BAD_TEXT[name]

    answer = post(client, changed(yard, old, new))

    assert_problem(answer, status)
    for finding in answer.json()["findings"]:
        assert finding["message"]
        assert finding["remedy"]


BAD_BODIES = {
    "empty": (b"", 400),
    "blank": (b"  \n", 400),
    "not JSON": (b"site: yard", 400),
    "a byte order mark alone": (b"\xef\xbb\xbf", 400),
    "an array": (b"[]", 422),
    "a number": (b"1", 422),
    "null": (b"null", 422),
    "an empty object": (b"{}", 422),
    "deep arrays": (b"[" * 100_000, None),
    "deep objects": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, None),
    "random bytes": (bytes(range(256)), 400),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_is_no_scenario_is_refused(client: Any, name: str) -> None:
    body, status = BAD_BODIES[name]

    answer = post(client, body)

    assert_problem(answer, status or answer.status_code)
    assert answer.status_code in (400, 422)


def test_contradictory_data_of_a_device_are_named(client: Any, yard: dict[str, Any]) -> None:
    yard["site"]["evses"][0] |= {"max_power_kw": None, "max_current_a": 10.0, "min_current_a": 16.0}

    answer = post(client, json.dumps(yard).encode())

    assert_problem(answer, 409)
    assert any("bay-1" in finding["ids"] or "bay-1" in finding["message"] for finding in answer.json()["findings"])


def test_ten_megabytes_are_too_many(client: Any) -> None:
    answer = post(client, b" " * 10_000_000)

    assert_problem(answer, 413)
    assert "CHARGEWRIGHT_MAX_BODY_BYTES" in answer.json()["detail"]


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=utf-16", ""],
)
def test_a_body_that_does_not_say_json_is_refused(client: Any, yard: dict[str, Any], kind: str) -> None:
    answer = client.post("/v1/plans", content=json.dumps(yard).encode(), headers={"content-type": kind})

    assert_problem(answer, 415)


def test_a_compressed_body_is_refused(client: Any) -> None:
    assert_problem(post(client, b"\x1f\x8b", **{"content-encoding": "gzip"}), 415)


def test_an_unknown_version_of_ocpp_is_refused_without_repeating_it(client: Any, yard: dict[str, Any]) -> None:
    answer = post(client, json.dumps(yard).encode(), query="?ocpp=secret-thing")

    assert_problem(answer, 422)
    assert "secret-thing" not in answer.text
    assert answer.json()["findings"][0]["path"] == "query.ocpp"


def test_unknown_addresses_and_methods_are_problems_too(client: Any) -> None:
    assert_problem(client.get("/v1/nothing"), 404)
    refused = client.delete("/v1/plans")
    assert_problem(refused, 405)
    assert refused.headers["allow"] == "POST"


def test_health_says_that_the_solver_finds_its_known_optimum(client: Any) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert "1.100000" in ready.json()["solver"]


def test_every_reference_in_the_openapi_document_leads_somewhere(client: Any) -> None:
    told = client.get("/openapi.json").json()

    there = {f"#/components/{kind}/{name}" for kind, named in told["components"].items() for name in named}
    schemas = told["components"]["schemas"]
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(told)))
    assert references <= there
    assert {"PlanDocument", "ScenarioDocument", "Problem", "FindingLine"} <= set(schemas)
    operation = told["paths"]["/v1/plans"]["post"]
    assert operation["requestBody"]["required"]
    assert {"200", "400", "409", "413", "415", "422"} <= set(operation["responses"])
    unavailable = operation["responses"]["503"]["description"]
    assert re.findall("`(.+?)`", unavailable) == ["store-failed"], "a solver in trouble ends in a plan"


def test_a_request_that_cannot_wait_gets_the_plan_of_a_rule(client: Any, yard: dict[str, Any]) -> None:
    """A microsecond is too short for the solver: the car charges at once for 3.30 EUR, and its profile is sent."""
    answer = post(client, json.dumps(yard).encode(), query="?deadline_s=0.000001&ocpp=1.6")

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["method"] == "earliest_deadline_first"
    assert told["comparison"]["cost"] == pytest.approx(3.30)
    standings = {one["method"]: (one["standing"], one["reason"]) for one in told["candidates"]}
    assert standings["optimal"] == ("missing", "no time was left for the solver")
    assert standings["earliest_deadline_first"][0] == "chosen"
    assert len(told["ocpp"]["messages"]) == 1


def test_a_solver_fault_is_no_error_of_the_service(
    client: Any, yard: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.faults.solvers import fails

    monkeypatch.setattr("optimizer.ladder.improving", fails)

    answer = post(client, json.dumps(yard).encode())

    assert answer.status_code == 200
    assert answer.json()["method"] == "earliest_deadline_first"


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_deadline_that_is_none_is_an_invalid_request(client: Any, yard: dict[str, Any], seconds: str) -> None:
    assert_problem(post(client, json.dumps(yard).encode(), query=f"?deadline_s={seconds}"), 422)


def test_an_answer_keeps_to_its_published_schema(client: Any, yard: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    told = client.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/PlanDocument", "components": told["components"]}

    answer = post(client, json.dumps(yard).encode(), query="?ocpp=1.6").json()

    jsonschema.Draft202012Validator(schema).validate(answer)
    request = {"$ref": "#/components/schemas/ScenarioDocument", "components": told["components"]}
    jsonschema.Draft202012Validator(request).validate(yard)


def assert_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["type"].startswith("urn:chargewright:problem:")
    assert told["title"]
    assert "Traceback" not in answer.text
    assert len(answer.content) < 20_000, "a problem repeats its input"


@pytest.fixture(scope="module")
def port(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a service that runs as operators run it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "api.cli", "serve", "--insecure", "--port", str(number)]
        service = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        try:
            wait_until_ready(number, service, log)
            yield number
        finally:
            service.terminate()
            service.wait(10)


def wait_until_ready(port: int, service: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while service.poll() is None and time.monotonic() < deadline:
        try:
            if request(port, "GET", "/health/ready")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the service did not start: {log.read_text()}")


def request(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers, encode_chunked=headers.get("Transfer-Encoding") == "chunked")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_running_service_plans_for_a_client_on_the_network(port: int, yard: dict[str, Any]) -> None:
    status, told = request(port, "POST", "/v1/plans", json.dumps(yard), **{"Content-Type": "application/json"})

    assert status == 200
    assert json.loads(told)["comparison"]["cost"] == pytest.approx(1.10)


def test_a_chunked_body_without_a_length_is_bounded(port: int) -> None:
    chunks = (b" " * 65_536 for _ in range(160))
    chunked = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}

    status, told = request(port, "POST", "/v1/plans", chunks, **chunked)

    assert status == 413
    assert json.loads(told)["type"] == "urn:chargewright:problem:body-too-large"


def test_a_client_that_asks_before_it_sends_too_much_is_told_not_to(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 10000000\r\nExpect: 100-continue\r\n\r\n"
        )

        assert connection.recv(64).startswith(b"HTTP/1.1 413")
