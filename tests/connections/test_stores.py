"""Connections on every store: an event is polled, kept, asked on, and gone with its connection."""

from pathlib import Path

import pytest

from tests.api.stores import NAMES, opened
from tests.connections.utilities import connected_yard, event, join
from tests.peers.vtn3 import Vtn, serving


@pytest.mark.parametrize("name", NAMES)
def test_an_event_is_polled_kept_and_gone_with_its_connection(name: str, tmp_path: Path) -> None:
    with opened(name, tmp_path) as store, serving(Vtn("3.1")) as vtn, connected_yard(store=store) as utility:
        join(utility, vtn)
        vtn.put("programs", {"programName": "limits"})
        vtn.put("events", event(4.0))
        utility.listen(seconds=1)
        assert utility.caps() == [("07:00", "08:00", 4.0)]
        vtn.fail_next = ["500"] * 9
        utility.listen(minutes=10)
        assert utility.limits() == [4.0]
        assert "contact" in utility.alarms()
        assert utility.yard.call("DELETE", "/v1/connections/dso").status_code == 204
        assert utility.caps() == []
