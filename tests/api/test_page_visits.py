"""Signing in to the pages: who may look, who may decide, and when a visit is over."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.security import keys
from api.security.keys import Scope
from tests.api.yards import NOW, Yard, key_for, service

BAY = "/sites/yard/evses/bay-1"


@pytest.fixture
def yard() -> Iterator[Yard]:
    """A yard of acme, at a service that wants to know who looks."""
    with service(insecure=False) as served:
        served.headers = key_for(served, "acme")
        served.build()
        served.headers = {}
        yield served


def key(yard: Yard, *scopes: Scope, tenant: str = "acme", days: float = 365) -> tuple[str, str]:
    with yard.store.begin(NOW) as unit:
        made, text = keys.create(unit, NOW, tenant, scopes, expires_at=NOW + timedelta(days=days))
    return made.id, text


def sign_in(yard: Yard, text: str, next: str = "/sites/yard") -> Any:
    return yard.client.post("/sign-in", data={"key": text, "next": next}, follow_redirects=False)


def signed_in(yard: Yard, *scopes: Scope, **more: Any) -> str:
    name, text = key(yard, *scopes, **more)
    assert sign_in(yard, text).status_code == 303
    return name


def look(yard: Yard, path: str = "/sites/yard", **headers: str) -> Any:
    return yard.client.get(path, follow_redirects=False, headers=headers)


def csrf(yard: Yard, path: str = BAY) -> str:
    return str(re.findall(r'name="csrf" value="([0-9a-f]{64})"', look(yard, path).text)[0])


def pause(yard: Yard, token: str) -> Any:
    told = {"csrf": token, "kind": "pause", "lasts": "1 h"}
    return yard.client.post(f"{BAY}/override", data=told, follow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/sites/yard", BAY, "/signals", "/jobs"])
def test_whoever_is_not_signed_in_is_led_there_and_back(yard: Yard, path: str) -> None:
    answer = look(yard, path)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")
    assert f'name="next" value="{path}"' in look(yard, answer.headers["location"]).text
    assert sign_in(yard, key(yard, Scope.PAGE_READ)[1], path).headers["location"] == path


def test_scripts_and_other_sites_never_see_the_cookie(yard: Yard) -> None:
    told = sign_in(yard, key(yard, Scope.PAGE_READ)[1]).headers["set-cookie"]

    assert "HttpOnly" in told
    assert "SameSite=strict" in told
    assert "Secure" not in told, "the test speaks plain HTTP"


def test_over_tls_the_cookie_is_for_tls_alone(yard: Yard) -> None:
    yard.client.base_url = "https://testserver"

    assert "Secure" in sign_in(yard, key(yard, Scope.PAGE_READ)[1]).headers["set-cookie"]


def test_the_store_does_not_hold_what_the_cookie_says(yard: Yard) -> None:
    signed_in(yard, Scope.PAGE_READ)
    token = yard.client.cookies["cw_page"]

    assert token not in str(yard.store._content.documents)  # type: ignore[attr-defined]  # whatever it is kept in


def test_who_may_look_may_not_decide(yard: Yard) -> None:
    signed_in(yard, Scope.PAGE_READ)
    assert "Your key may look." in look(yard, BAY).text

    refused = pause(yard, csrf(yard))

    assert refused.status_code == 403
    assert "lacks the scope page:control" in refused.text


def test_who_may_decide_is_named_in_the_audit_trail(yard: Yard) -> None:
    name = signed_in(yard, Scope.PAGE_CONTROL)
    assert pause(yard, csrf(yard)).status_code == 303

    yard.headers = key_for(yard, "acme")
    (line,) = [one for one in yard.get("/v1/sites/yard/audit").json()["items"] if one["what"] == "pause told"]
    assert (line["who"], line["more"]["id"]) == (name, "bay-1")


def test_a_key_for_the_api_alone_opens_no_page(yard: Yard) -> None:
    refused = sign_in(yard, key(yard, Scope.PLAN_WRITE, Scope.ADMIN)[1])

    assert refused.status_code == 403
    assert "page:read" in refused.text


@pytest.mark.parametrize("text", ["", "cw_x_y", "cw_000000000000_" + "0" * 64])
def test_a_key_that_does_not_work_is_refused_and_not_repeated(yard: Yard, text: str) -> None:
    refused = sign_in(yard, text)

    assert refused.status_code == 401
    assert "this key does not work" in refused.text
    assert not text or text not in refused.text
    assert "set-cookie" not in refused.headers


def test_a_cookie_is_no_key_for_the_api_and_a_key_no_cookie(yard: Yard) -> None:
    signed_in(yard, Scope.PAGE_CONTROL)
    assert look(yard, "/v1/sites/yard").status_code == 401

    yard.client.cookies.clear()
    assert look(yard, "/sites/yard", **key_for(yard, "acme")).status_code == 303


def test_a_visit_ends_after_half_an_hour_without_a_look(yard: Yard) -> None:
    signed_in(yard, Scope.PAGE_READ)
    for _ in range(3):
        yard.clock.pass_by(minutes=29)
        assert look(yard).status_code == 200

    yard.clock.pass_by(minutes=30)

    assert look(yard).status_code == 303


def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(yard: Yard) -> None:
    signed_in(yard, Scope.PAGE_READ)
    yard.clock.pass_by(minutes=29)
    assert look(yard, **{"X-Live": "1"}).status_code == 200
    yard.clock.pass_by(minutes=1)

    assert look(yard, **{"X-Live": "1"}).status_code == 401
    assert look(yard, "/sites/yard/live?seconds=0", accept="text/event-stream").status_code == 401


def test_a_visit_ends_after_twelve_hours_however_busy(yard: Yard) -> None:
    signed_in(yard, Scope.PAGE_READ)
    for _ in range(47):
        yard.clock.pass_by(minutes=15)
        assert look(yard).status_code == 200

    yard.clock.pass_by(minutes=15)

    assert look(yard).status_code == 303


def test_a_key_that_is_revoked_ends_its_visits_at_once(yard: Yard) -> None:
    name = signed_in(yard, Scope.PAGE_READ)
    with yard.store.begin(yard.clock()) as unit:
        keys.revoke(unit, name, yard.clock())

    assert look(yard).status_code == 303


def test_who_signs_out_is_out_also_with_a_copy_of_the_cookie(yard: Yard) -> None:
    signed_in(yard, Scope.PAGE_READ)
    token, form = yard.client.cookies["cw_page"], csrf(yard, "/")
    assert yard.client.post("/sign-out", data={"csrf": form}, follow_redirects=False).status_code == 303
    assert "cw_page" not in yard.client.cookies

    yard.client.cookies.set("cw_page", token)

    assert look(yard).status_code == 303


def test_a_form_needs_the_token_of_its_own_visit(yard: Yard) -> None:
    signed_in(yard, Scope.PAGE_CONTROL)
    of_another = csrf(yard)
    signed_in(yard, Scope.PAGE_CONTROL)

    assert pause(yard, of_another).status_code == 403
    assert yard.client.post("/sign-out", data={"csrf": of_another}, follow_redirects=False).status_code == 403
    assert yard.client.post(f"{BAY}/override", json={"csrf": csrf(yard)}).status_code == 415


def test_nobody_sees_or_changes_what_is_another_tenants(yard: Yard) -> None:
    signed_in(yard, Scope.PAGE_CONTROL, tenant="other")
    form = csrf(yard, "/")

    assert "No site yet" in look(yard, "/").text
    for path in ("/sites/yard", BAY, "/sites/yard/live?seconds=0"):
        assert look(yard, path).status_code == 404
    assert pause(yard, form).status_code == 404
    told = {"csrf": form}
    assert yard.client.post(f"{BAY}/override/end", data=told, follow_redirects=False).status_code == 404


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"])
def test_signing_in_leads_nowhere_else(yard: Yard, elsewhere: str) -> None:
    assert sign_in(yard, key(yard, Scope.PAGE_READ)[1], elsewhere).headers["location"] == "/"


def test_signing_in_is_tried_only_so_often() -> None:
    with service(insecure=False, rate_limit="5/minute") as yard:
        tries = [sign_in(yard, "cw_x_y").status_code for _ in range(6)]

    assert tries == [401] * 5 + [429]


def test_where_everybody_is_answered_nobody_signs_in() -> None:
    with service() as yard:
        assert look(yard, "/").status_code == 200
        assert look(yard, "/sign-in").headers["location"] == "/"
        assert "open to everybody" in look(yard, "/").text
