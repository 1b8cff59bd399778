"""Whatever is sent to the pages, the answer is a page or a refusal, and never an error of ours."""

import os
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.api.yards import Yard, service

TRIES = int(os.environ.get("CHARGEWRIGHT_FUZZ", "400"))
SEED = 20260302
PIECES = [
    "sites",
    "yard",
    "evses",
    "bay-1",
    "override",
    "end",
    "live",
    "assets",
    "app.css",
    "sign-in",
    "sign-out",
    "jobs",
]
NASTY = [
    "%00",
    "%2e%2e",
    "%ff",
    "..",
    "{{7*7}}",
    "<script>",
    "a" * 300,
    "\u202e",
    "é",
    "%F0%9F%9A%97",
    "",
    " ",
    "?x=%ff",
]
FIELDS = ["csrf", "kind", "lasts", "limit_kw", "reason", "key", "next"]
SOUND = {"kind": ["boost", "pause", "limit", "exclude"], "lasts": ["1 h", "15 min"], "limit_kw": ["7.4", "0"]}
VALUES = [
    "boost",
    "pause",
    "limit",
    "exclude",
    "1 h",
    "NaN",
    "inf",
    "1e999",
    "-1",
    "7.4",
    "\x00",
    "\ud7ff",
    "x" * 5000,
    "//x",
]
TYPES = [
    "application/x-www-form-urlencoded",
    "application/json",
    "text/plain",
    "",
    "application/x-www-form-urlencoded; x",
]


@pytest.fixture(scope="module", params=[True, False], ids=["insecure", "with keys"])
def yard(request: pytest.FixtureRequest) -> Iterator[Yard]:
    with service(insecure=request.param) as served:
        if request.param:
            served.build()
            served.plug_in(departure="2026-03-02T09:00:00Z")
            served.post("/v1/sites/yard/plan", None)
        yield served


def form_of(yard: Yard) -> tuple[str, str]:
    """A cookie and the token of its forms, of somebody who may decide; nothing where nobody is signed in."""
    html = yard.client.get("/sites/yard/evses/bay-1").text
    found = re.findall(r'name="csrf" value="([0-9a-f]{64})"', html)
    return (yard.client.cookies["cw_page"], found[0]) if found else ("", "")


def sent(yard: Yard, draw: Random, cookie: str, token: str) -> Any:
    """A request as no browser would send it; every second one with a form that would be taken."""
    known = draw.random() < 0.5
    path = "/sites/yard/evses/bay-1/override" if known else address(draw)
    headers = {"content-type": TYPES[0] if known else draw.choice(TYPES)}
    headers |= {"cookie": f"cw_page={cookie if known else draw.choice(VALUES[:11])}"}
    headers |= {name: draw.choice(["1", "x", "9" * 30]) for name in ("last-event-id", "x-live") if draw.random() < 0.3}
    fields = [field(draw) for _ in range(draw.randint(0, 9))]
    text = "&".join([*fields, f"csrf={token}"] if known else fields)
    body = text.encode("utf-8", "replace") if known or draw.random() < 0.8 else draw.randbytes(draw.randint(0, 200))
    method = "POST" if known else draw.choice(["GET", "POST", "PUT", "DELETE", "HEAD"])
    clean = {name: value.encode("utf-8", "replace") for name, value in headers.items()}
    yard.client.cookies.clear()
    return yard.client.request(method, path, headers=clean, content=body, follow_redirects=False)


def field(draw: Random) -> str:
    name = draw.choice(FIELDS)
    sound = name in SOUND and draw.random() < 0.6
    return f"{name}={draw.choice(SOUND[name] if sound else VALUES)}"


def address(draw: Random) -> str:
    parts = (draw.choice(PIECES if draw.random() < 0.8 else NASTY) for _ in range(draw.randint(0, 5)))
    path = "/" + "/".join(parts)
    return f"{path}?seconds=0" if "live" in path else path


def test_no_request_is_answered_by_an_error_of_ours(yard: Yard) -> None:
    draw, (cookie, token) = Random(SEED), form_of(yard)

    answers = [sent(yard, draw, cookie, token) for _ in range(TRIES)]

    assert [str(one.request.url) for one in answers if one.status_code >= 500] == []
    reached = {int(one.status_code) for one in answers}
    assert reached >= ({200, 303, 404, 405, 422} if token else {303, 404, 405})
