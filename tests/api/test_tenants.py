"""Tenants see nothing of each other: every route of the OpenAPI document is walked with another tenant's ids."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.routes import examples
from api.security.keys import Scope
from tests.api.yards import Yard, key_for, service

NAMES = {
    "site": "yard",
    "session": "7f3",
    "node": "grid",
    "plant": "roof",
    "signal": "relief",
    "evse": "bay-1",
    "station": "bay-1",
    "webhook": "csms",
    "connection": "dso",
    "party": "roaming",
    "event": "evening",
    "version": "1.6",
    "action": "MeterValues",
    "id": "0" * 32,
    "month": "2026-03",
    "day": "2026-03-02",
    "programme": "firm",
    "call": "tuesday",
}
QUERIES = {
    "/v1/sites/{site}/ocpp/{version}/{action}": "?station=bay-1",
    "/v1/sites/{site}/flexibility": "?start=2026-03-02T07:00:00Z&minutes=30",
    "/v1/sites/{site}/events": "?seconds=0",
}
MAKES_ITS_OWN = {
    ("put", "/v1/sites/{site}"),
    ("put", "/v1/webhooks/{webhook}"),
    ("put", "/v1/connections/{connection}"),
    ("put", "/v1/ocpi-parties/{party}"),
    ("put", "/v1/programmes/{programme}"),
}
"""Ids are a tenant's own, so writing what another one calls the same makes something new, and changes nothing there."""


EVENING = {
    "kind": "event",
    "id": "evening",
    "start": "2026-03-02T04:00:00Z",
    "end": "2026-03-02T04:30:00Z",
    "direction": "reduce",
    "baseline_kw": 4.0,
}
"""Over, so that it can be settled."""
MEASURED = {"measurements": [{"node": "grid", "at": f"2026-03-02T04:{m:02d}:00Z", "power_kw": 1} for m in (0, 15, 30)]}


@pytest.fixture
def yard() -> Iterator[Yard]:
    """A yard of acme with one of everything; the caller is another tenant with every scope."""
    with service(insecure=False) as served:
        served.headers = key_for(served, "acme")
        served.build()
        for path, told in (
            ("forecasts/prices", examples.PRICES),
            ("forecasts/base-loads/grid", examples.BASE_LOAD),
            ("forecasts/pv/roof", examples.PV),
            ("nodes/grid/limit", examples.NODE_LIMIT),
            ("signals/relief", examples.SIGNAL),
            ("signals/evening", EVENING),
            ("policy", examples.POLICY),
        ):
            assert served.put(f"/v1/sites/yard/{path}", told).status_code == 201
        assert served.put("/v1/webhooks/csms", examples.WEBHOOK).status_code == 201
        assert served.put("/v1/connections/dso", examples.CONNECTION).status_code == 201
        assert served.put("/v1/ocpi-parties/roaming", examples.OCPI_PARTY).status_code == 201
        for path, told in (
            ("", examples.PROGRAMME),
            ("/roster", examples.ROSTER),
            ("/nominations/2026-03", examples.NOMINATIONS),
            ("/calls/tuesday", examples.CALL),
        ):
            assert served.put(f"/v1/programmes/firm{path}", told).status_code == 201
        served.plug_in()
        assert served.post("/v1/sites/yard/measurements", MEASURED).status_code == 200
        assert served.post("/v1/sites/yard/plan", None).status_code == 200
        yield served


def operations(yard: Yard) -> Iterator[tuple[str, str, Any]]:
    described = yard.get("/openapi.json").json()["paths"]
    for path, methods in described.items():
        for method, told in methods.items():
            if "{" in path:
                yield method, path, told


def call(yard: Yard, method: str, path: str, told: Any, plan: str) -> Any:
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    address = path.format(**NAMES, plan=plan) + QUERIES.get(path, "")
    return yard.call(method.upper(), address, content.get("example"))


def test_another_tenants_ids_lead_nowhere(yard: Yard) -> None:
    plan = yard.get("/v1/sites/yard/plans").json()["items"][0]["plan"]
    mine, yard.headers = yard.headers, key_for(yard, "other")

    found = {
        (method, path): call(yard, method, path, told, plan).status_code
        for method, path, told in operations(yard)
        if (method, path) not in MAKES_ITS_OWN
    }

    assert len(found) > 40
    assert {where: status for where, status in found.items() if status != 404} == {}
    assert yard.build().status_code == 201, "an id is a tenant's own"
    yard.headers = mine
    assert yard.get("/v1/sites/yard").headers["ETag"] == '"1"'


def test_lists_hold_nothing_of_others(yard: Yard) -> None:
    yard.headers = key_for(yard, "other")

    assert yard.get("/v1/sites").json()["items"] == []
    assert yard.get("/v1/webhooks").json()["items"] == []


def test_the_same_calls_find_what_is_the_callers_own(yard: Yard) -> None:
    """Else the walk above would pass with addresses that are wrong."""
    plan = yard.get("/v1/sites/yard/plans").json()["items"][0]["plan"]
    reading = [(m, path, told) for m, path, told in operations(yard) if m == "get" and path != "/v1/plans/{id}"]

    assert {path: call(yard, m, path, told, plan).status_code for m, path, told in reading} == {
        path: 200 for _, path, _ in reading
    }


@pytest.mark.parametrize("scope", [Scope.PLAN_READ, Scope.SIGNAL_WRITE, Scope.PAGE_READ])
def test_who_may_only_read_or_signal_changes_nothing_else(yard: Yard, scope: Scope) -> None:
    yard.headers = key_for(yard, "acme", scope)

    answers = {
        (method, path): call(yard, method, path, told, "none").status_code
        for method, path, told in operations(yard)
        if method != "get"
    }

    signals = {path for _, path in answers if "/signals/" in path or "/limit" in path}
    may = {where for where in answers if scope is Scope.SIGNAL_WRITE and where[1] in signals}
    assert {where: status for where, status in answers.items() if where not in may and status != 403} == {}
