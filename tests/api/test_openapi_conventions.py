"""What the OpenAPI document says of scopes, headers and problems is what the service does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.problems import HTTP_DETAILS, INVALID_REQUEST, TABLE
from api.routes import examples
from api.security.keys import Scope
from models.domain.errors import EdgeError
from tests.api.yards import Yard, key_for, service

NAMES = {"site": "yard", "session": "7f3", "node": "grid", "plant": "roof", "signal": "relief", "evse": "bay-1"}
NAMES |= {
    "connection": "dso",
    "event": "evening",
    "webhook": "csms",
    "version": "1.6",
    "action": "MeterValues",
    "plan": "none",
    "id": "0" * 32,
    "station": "bay-1",
}
NAMES |= {"month": "2026-03", "day": "2026-03-02", "programme": "firm", "call": "tuesday", "party": "roaming"}
NOWHERE = dict.fromkeys(("site", "session", "webhook", "connection", "programme", "party"), "none")
OPEN = {"/health/live", "/health/ready", "/metrics"}
QUICK = {"import_limit_kw": 22, "evses": [{"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 9}}]}
FOR_PAGES = {Scope.PAGE_READ, Scope.PAGE_CONTROL}
"""Of pages, which are no part of the API."""


@pytest.fixture(scope="module")
def yard() -> Iterator[Yard]:
    with service(insecure=False) as served:
        served.headers = key_for(served, "acme")
        served.build()
        served.plug_in()
        yield served


def operations(yard: Yard) -> Iterator[tuple[str, str, Any]]:
    for path, methods in yard.get("/openapi.json").json()["paths"].items():
        yield from ((method, path, told) for method, told in methods.items() if path not in OPEN)


def scopes_of(told: Any) -> set[Scope]:
    (required,) = told["security"]
    (named,) = required.values()
    return {Scope(scope) for scope in named}


def test_every_address_names_the_scopes_without_which_it_refuses(yard: Yard) -> None:
    for method, path, told in operations(yard):
        for scope in scopes_of(told):
            lacking = key_for(yard, "acme", *(set(Scope) - {scope}))
            refused = yard.client.request(method, path.format(**NAMES), headers=lacking)
            assert (refused.status_code, str(scope) in refused.text) == (403, True), (method, path, scope)


def test_no_address_needs_a_scope_that_it_does_not_name(yard: Yard) -> None:
    for method, path, told in operations(yard):
        named = key_for(yard, "acme", *scopes_of(told))
        elsewhere = path.format(
            **NAMES | {"site": "none", "session": "none", "webhook": "none", "connection": "none", "programme": "none"}
        )
        answer = yard.client.request(method, elsewhere, headers=named)
        assert answer.status_code not in (401, 403), (method, path)


def test_every_scope_but_those_of_pages_is_needed_somewhere(yard: Yard) -> None:
    assert {scope for *_, told in operations(yard) for scope in scopes_of(told)} == set(Scope) - FOR_PAGES


def test_every_type_of_problem_stands_in_the_document(yard: Yard) -> None:
    """But for those of addresses that are not in it, and of peers, whom no address waits for."""
    described = json.dumps(yard.get("/openapi.json").json()["paths"])
    kinds = {kind.name for error, kind in TABLE.items() if error is not EdgeError} | {INVALID_REQUEST.name}

    assert {name for name in kinds if f"`{name}`" not in described} == set()
    assert len(HTTP_DETAILS) == 2


def test_every_post_is_done_once_for_a_key_and_says_so(yard: Yard) -> None:
    posts = [(path, told) for method, path, told in operations(yard) if method == "post"]
    assert len(posts) > 15

    for path, told in posts:
        assert {"$ref": "#/components/parameters/IdempotencyKey"} in told["parameters"], path


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/plans", QUICK),
        ("/v1/signals/fold?start=2026-03-02T00:00:00Z", {"signals": []}),
        (
            "/v1/orders",
            {"scenario": QUICK, "desired": {"messages": []}, "believed": {"messages": []}, "plan_version": 1},
        ),
        ("/v1/sites/yard/commands/ack", examples.ACKNOWLEDGEMENTS),
    ],
)
def test_a_post_that_comes_again_is_answered_from_memory(yard: Yard, path: str, body: Any) -> None:
    first, second = (yard.post(path, body, **{"Idempotency-Key": path}) for _ in range(2))

    assert first.status_code == 200, first.text
    assert second.content == first.content
    assert second.headers["Idempotency-Replayed"] == "true"


def test_headers_that_come_are_described(yard: Yard) -> None:
    site = yard.get("/v1/sites/yard")
    refused = yard.client.get("/v1/sites/yard")
    told = yard.get("/openapi.json").json()["paths"]["/v1/sites/{site}"]["get"]["responses"]

    assert {"etag", "x-request-id"} <= set(site.headers)
    assert set(told["200"]["headers"]) == {"ETag", "X-Request-ID"}
    assert "www-authenticate" in refused.headers
    assert set(told["401"]["headers"]) == {"WWW-Authenticate", "X-Request-ID"}
