"""A utility's event from end to end over HTTP, small; ``make event`` plays it with fifty cars and by every protocol."""

import os

import pytest

from tests.peers.event.story import with_notice
from tests.peers.event.utilities import UTILITIES


def test_an_event_with_notice_is_held_reported_and_settled() -> None:
    figures = with_notice(2, UTILITIES["openadr3"], minutes=15, before=22, after=16, look_s=60.0)

    told = "\n".join(figures.lines)
    assert figures.held, told
    assert "15 of 15 full minutes at or under the limit" in told
    assert "accepted: USAGE of 1 quarters" in told
    assert "settled below" in told


@pytest.mark.skipif("CHARGEWRIGHT_PEERS" not in os.environ, reason="CHARGEWRIGHT_PEERS is not set: half a minute each")
@pytest.mark.parametrize("name", ["openadr2b", "oscp"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore:It is recommended to use web.AppKey")
def test_the_same_is_held_by_other_protocols(name: str) -> None:
    figures = with_notice(2, UTILITIES[name], minutes=15, before=22, after=16, look_s=60.0)

    assert figures.held, "\n".join(figures.lines)
