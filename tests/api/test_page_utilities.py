"""A utility that is heard, and one that is lost, as an operator sees it on the pages."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.connections.utilities import Utility, connected_yard, event, join
from tests.peers.vtn3 import Vtn, serving


@pytest.fixture
def vtn() -> Iterator[Vtn]:
    with serving(Vtn("3.1")) as peer:
        peer.put("programs", {"programName": "limits"})
        yield peer


@pytest.fixture
def utility() -> Iterator[Utility]:
    with connected_yard() as made:
        yield made


def page(utility: Utility, path: str) -> str:
    """What is to be read on it."""
    html = re.sub(r"<(script|svg)\b.*?</\1>", " ", utility.yard.get(path).text, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def test_a_utility_that_is_heard_is_listed_with_what_it_asks_for(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn)
    vtn.put("events", event(4.0))
    utility.wait(seconds=1)

    assert re.search(r"Utilities .* openadr3 heard 06:00 yard –", page(utility, "/signals"))
    assert "Signal lost" not in page(utility, "/sites/yard")


def test_a_utility_that_is_lost_is_an_alarm_at_its_site(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn)
    vtn.put("events", event(4.0))
    utility.wait(seconds=1)
    vtn.fail_next = ["503"] * 20
    for _ in range(7):
        utility.wait(minutes=1)

    assert "Signal lost" in page(utility, "/sites/yard")
    assert "was heard from not since 2026-03-02 06:00" in page(utility, "/sites/yard")
    assert re.search(r"openadr3 lost .* yard", page(utility, "/signals"))
