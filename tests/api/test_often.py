"""Routes that are asked very often answer as FastAPI would have them answer, whatever is asked."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import Header, Request, Response

from api.routes import sessions
from api.routes.desks import SiteId
from api.routes.direct import _parts
from api.security import keys
from api.security.access import Writer
from api.security.keys import Scope
from tests.api.yards import Yard, key_for, service

JSON = {"Content-Type": "application/json"}
NEEDS, MEASURED = "/v1/sites/yard/sessions/7f3/needs", "/v1/sites/yard/measurements"
ODD: tuple[tuple[str, str, Any, dict[str, str]], ...] = (
    ("POST", NEEDS, b'{"energy_target_kwh": 5}', JSON),
    ("POST", NEEDS + "?energy=5", b"{}", JSON),
    ("POST", NEEDS, b"", JSON),
    ("POST", NEEDS, b'{"energy_target_kwh": NaN, "energy_target_kwh": 1}', JSON),
    ("POST", NEEDS, b'{"energy_target_kwh": -1, "soc": 7, "no": 1}', JSON),
    ("POST", NEEDS, b'{"energy_target_kwh": ', JSON),
    ("POST", NEEDS, b"\xff", JSON),
    ("POST", NEEDS, b"{}", {}),
    ("POST", NEEDS, b"{}", {"Content-Type": "text/plain"}),
    ("POST", NEEDS, b"{}", JSON | {"Content-Encoding": "gzip"}),
    ("POST", NEEDS, b'{"revision": 99}', JSON),
    ("POST", NEEDS, b" " * 20_000 + b"{}", JSON),
    ("POST", NEEDS, b" " * 9_000_000, JSON),
    ("POST", "/v1/sites/nowhere/sessions/7f3/needs", b"{}", JSON),
    ("POST", "/v1/sites/yard/sessions/unknown/needs", b"{}", JSON),
    ("POST", "/v1/sites/ya%01rd/sessions/7f3/needs", b"{}", JSON),
    ("POST", f"/v1/sites/{'y' * 200}/sessions/{'s' * 200}/needs", b"no JSON", JSON),
    ("POST", "/v1/sites/%79ard/sessions/7f3/needs", b"{}", JSON),
    ("POST", NEEDS + "/", b"{}", JSON),
    ("PUT", NEEDS, b"{}", JSON),
    ("POST", MEASURED, b'{"measurements": []}', JSON),
    ("POST", MEASURED, b'{"measurements": [{"at": "2026-03-02T06:00:00"}]}', JSON),
    ("POST", MEASURED, b'{"measurements": [{"at": "2026-03-02T06:10:00Z", "session": "7f3", "power_kw": 7}]}', JSON),
    ("POST", "/v1/sites/yard/sessions/7f3/unplug", b"{}", JSON),
)
CALLERS = ("nobody", "stranger", "reader", "other", "owner", "twice")


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service(insecure=False, max_body_bytes=8_388_608) as served:
        served.headers = key_for(served, "acme")
        served.build()
        served.plug_in(departure="2026-03-02T09:00:00Z", energy_target_kwh=11.0)
        yield served


def shown(yard: Yard, caller: str) -> list[tuple[str, str]]:
    """What a caller shows, also in odd ways."""
    owner = yard.headers["Authorization"]
    told = {
        "nobody": [],
        "stranger": ["Bearer cw_000000000000_" + "0" * 64],
        "reader": [key_for(yard, "acme", Scope.PLAN_READ)["Authorization"]],
        "other": [key_for(yard, "other")["Authorization"]],
        "owner": [owner.replace("Bearer ", "bEARER  ")],
        "twice": [owner, "Bearer no"],
    }
    return [("Authorization", one) for one in told[caller]]


def answers(caller: str, *, by_framework: bool) -> list[tuple[int, bytes, dict[str, str]]]:
    """To every odd request, at a service of its own."""
    with service(insecure=False, max_body_bytes=8_388_608) as yard:
        yard.headers = key_for(yard, "acme")
        yard.build()
        yard.plug_in(departure="2026-03-02T09:00:00Z", energy_target_kwh=11.0)
        if by_framework:
            yard.client.app.dependency_overrides = {object: object}
        own = shown(yard, caller)
        found = []
        for method, path, body, headers in ODD:
            told = yard.client.request(method, path, content=body, headers=[*headers.items(), *own])
            kept = {name: value for name, value in told.headers.items() if name != "x-request-id"}
            found.append((told.status_code, re.sub(rb"key [0-9a-f]{12}", b"key", told.content), kept))
        return found


@pytest.mark.parametrize("caller", CALLERS)
def test_odd_requests_are_answered_alike(caller: str) -> None:
    direct, ordinary = answers(caller, by_framework=False), answers(caller, by_framework=True)

    for asked, one, other in zip(ODD, direct, ordinary, strict=True):
        assert one == other, asked[:2]
    assert caller != "owner" or {told[0] for told in direct} >= {200, 400, 404, 405, 409, 413, 415, 422}


def test_what_a_csms_tells_all_the_time_is_answered_directly() -> None:
    """Where a parameter of another kind is added to one of these, it would be slow again and nobody would see it."""
    told = {sessions.tell_session, sessions.tell_needs, sessions.tell_measurements, sessions.tell_unplugged}

    assert all(_parts(endpoint, named=True) is not None for endpoint in told)


def test_what_only_the_framework_knows_is_left_to_it() -> None:
    async def with_header(caller: Writer, site: SiteId, x: Annotated[str, Header()]) -> Response:
        return Response()

    def in_a_thread(request: Request) -> Response:
        return Response()

    assert _parts(with_header, named=True) is None
    assert _parts(in_a_thread, named=True) is None


def test_requests_are_counted_once_for_the_rate() -> None:
    with service(rate_limit="3/minute") as limited:
        limited.client.app.state.service.rates.count("default")
        statuses = [limited.post("/v1/sites/%01/measurements", {"measurements": []}).status_code for _ in range(3)]

    assert statuses == [422, 422, 429]


def test_a_key_that_is_revoked_is_refused_at_once(yard: Yard) -> None:
    headers = key_for(yard, "acme")
    shown_id = headers["Authorization"].split("_")[1]
    before = yard.client.post(NEEDS, json={}, headers=headers)
    with yard.store.begin(yard.clock()) as unit:
        keys.revoke(unit, shown_id, yard.clock())
    after = yard.client.post(NEEDS, json={}, headers=headers)

    assert (before.status_code, after.status_code) == (200, 401)
