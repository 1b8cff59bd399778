"""Whatever is sent, nothing is answered with 500 or more: requests drawn from the schema, and bodies that are broken.

``CHARGEWRIGHT_FUZZ`` is how many requests are sent in all; ``make fuzz`` sends 100,000.
"""

import json
import os
import random
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from api.routes import examples
from tests.api.yards import Yard, service

REQUESTS = int(os.environ.get("CHARGEWRIGHT_FUZZ", "400"))
SEED = int(os.environ.get("CHARGEWRIGHT_FUZZ_SEED", "1"))


class Known(dict[str, str]):
    """Ids of what is there; of anything else an id that leads nowhere."""

    def __missing__(self, name: str) -> str:
        return f"no-{name}"


KNOWN = Known(
    {
        "site": "yard",
        "session": "7f3",
        "node": "grid",
        "plant": "roof",
        "signal": "relief",
        "evse": "bay-1",
        "webhook": "csms",
        "connection": "dso",
        "event": "evening",
        "version": "1.6",
        "action": "MeterValues",
        "plan": "none",
        "id": "0" * 32,
        "programme": "firm",
        "call": "tuesday",
        "month": "2026-03",
        "day": "2026-03-02",
    }
)
AT_ONCE = {"wait": "0", "seconds": "0"}
"""So that nobody waits for what does not come."""
AGAIN = 4
"""So often a drawn body is sent once more, broken: to draw that of a scenario takes ten times as long as to send it."""
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    0,
    1e308,
    -1e-320,
    2**70,
    "",
    "x" * 300,
    "\x00",
    "\ud800",
    "2026-02-30T25:61:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59+14:00",
    [],
    {},
    [[[[]]]],
    {"id": "yard"},
]
HOSTILE_TEXT = ["NaN", "1e999", "-Infinity", '"\\ud800"', "9" * 5000, '{"a":1,"a":2}', "[" * 200]


@pytest.fixture(scope="module")
def yard() -> Iterator[Yard]:
    with service(deadline_s=1.0, rate_limit="1000000/second") as served:
        served.build()
        served.plug_in(departure="2026-03-02T09:00:00Z")
        served.put("/v1/sites/yard/policy", {"mode": "control"})
        assert served.put("/v1/connections/dso", examples.CONNECTION).status_code == 201
        assert served.post("/v1/sites/yard/plan", None).status_code == 200
        for path, told in (("", examples.PROGRAMME), ("/roster", examples.ROSTER), ("/calls/tuesday", examples.CALL)):
            assert served.put(f"/v1/programmes/firm{path}", told).status_code == 201
        yield served


@pytest.fixture(scope="module")
def operations(yard: Yard) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis

        schema = schemathesis.openapi.from_dict(yard.client.app.openapi())
        return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.filterwarnings("ignore")
def test_requests_that_the_schema_allows_or_nearly_allows(yard: Yard, operations: list[Any]) -> None:
    failed: list[str] = []
    sent, drawn = Counter[str](), random.Random(SEED)

    def one(case: Any) -> None:
        label = case.operation.label
        sent[label] += 1
        if sent[label] % 2:  # every other one is about what is there
            case.path_parameters = {name: KNOWN[name] for name in case.path_parameters or {}}
        asked = case.as_transport_kwargs(base_url="http://testserver")
        asked["params"] = dict(asked.get("params") or {}) | AT_ONCE
        failed.extend(_failure(yard, label, dict(asked)))
        if asked.get("json") is not None:
            failed.extend(line for again in _again(drawn, asked) for line in _failure(yard, label, again))

    for operation in operations:
        count = REQUESTS // (2 * len(operations))
        _drawn(operation, one, count // (1 + AGAIN) if len(operation.body) else count)

    assert failed == []
    assert len(sent) == len(operations)


def _again(drawn: random.Random, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same requests with something wrong about their bodies."""
    without = {name: told for name, told in asked.items() if name != "json"}
    headers = dict(asked.get("headers") or {}) | {"content-type": "application/json"}
    for _ in range(AGAIN):
        yield without | {"content": _broken(drawn, asked["json"]), "headers": headers}


def _drawn(operation: Any, one: Callable[[Any], None], count: int) -> None:
    quiet = list(HealthCheck)
    run = settings(max_examples=max(1, count), deadline=None, database=None, suppress_health_check=quiet)
    seed(SEED)(run(given(case=operation.as_strategy())(one)))()


def test_bodies_that_are_broken(yard: Yard) -> None:
    drawn = random.Random(SEED)
    bodies = [(method, path, example) for method, path, example in _examples(yard)]
    failed: list[str] = []

    for k in range(REQUESTS // 2):
        method, path, example = bodies[k % len(bodies)]
        content = _broken(drawn, example)
        query = "?station=bay-1" if "{action}" in path else ""
        headers = {"content-type": "application/json", "if-match": "*"}
        asked = {
            "method": method.upper(),
            "url": path.format_map(KNOWN) + query,
            "content": content,
            "headers": headers,
        }
        failed.extend(_failure(yard, f"{method} {path}", asked))

    assert failed == []


def _examples(yard: Yard) -> Iterator[tuple[str, str, Any]]:
    quick = {"import_limit_kw": 22, "evses": [{"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 9}}]}
    for path, methods in yard.client.app.openapi()["paths"].items():
        for method, told in methods.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            if content:
                yield method, path, content.get("example", quick)


def _broken(drawn: random.Random, example: Any) -> bytes:
    """The example with one leaf replaced, one key left out, text between that is no JSON, or no JSON at all."""
    text = json.dumps(example)
    way = drawn.randrange(4)
    if way == 0:
        return json.dumps(_replaced(drawn, example)).encode("utf-8", "surrogatepass")
    if way == 1:
        leaf = drawn.choice(_leaves(example))
        return text.replace(json.dumps(leaf), drawn.choice(HOSTILE_TEXT), 1).encode()
    if way == 2:
        at = drawn.randrange(len(text))
        return text.encode()[:at] + drawn.randbytes(drawn.randrange(1, 5)) + text.encode()[at:]
    return drawn.randbytes(drawn.randrange(64))


def _replaced(drawn: random.Random, thing: Any) -> Any:
    if isinstance(thing, dict) and thing:
        key = drawn.choice(list(thing))
        if drawn.random() < 0.1:
            return {name: value for name, value in thing.items() if name != key}
        return thing | {key: _replaced(drawn, thing[key])}
    if isinstance(thing, list) and thing and drawn.random() < 0.8:
        at = drawn.randrange(len(thing))
        return [*thing[:at], _replaced(drawn, thing[at]), *thing[at + 1 :]]
    return drawn.choice(HOSTILE)


def _leaves(thing: Any) -> list[Any]:
    if isinstance(thing, dict):
        return [leaf for value in thing.values() for leaf in _leaves(value)] or [thing]
    if isinstance(thing, list):
        return [leaf for value in thing for leaf in _leaves(value)] or [thing]
    return [thing]


def _failure(yard: Yard, label: str, asked: dict[str, Any]) -> list[str]:
    """What went wrong, with what to send to see it again; a site that was handed back or removed is put back."""
    headers = {name: value for name, value in asked.pop("headers", {}).items() if name.lower() != "authorization"}
    try:
        answer = yard.client.request(**asked, headers={k: v.encode("utf-8", "replace") for k, v in headers.items()})
    except (ValueError, UnicodeError):  # the client itself refuses to send it
        return []
    if answer.status_code >= 500:
        return [f"{label}: {answer.status_code} {answer.text[:200]} {str(asked)[:1500]}"]
    if answer.status_code == 204:
        yard.call("PUT", "/v1/sites/yard", examples.SITE)
        yard.call("PUT", "/v1/sites/yard/tariff", examples.TARIFF)
    return []
