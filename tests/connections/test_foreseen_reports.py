"""Reports on hours to come and on what would have been, over HTTP to a VTN that checks every object."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.connections.test_reports import day, values
from tests.connections.utilities import Utility, connected_yard, event, join
from tests.peers.vtn3 import Vtn, serving


@pytest.fixture
def vtn() -> Iterator[Vtn]:
    with serving(Vtn("3.1")) as peer:
        yield peer
        assert peer.defects == []


@pytest.fixture
def utility(vtn: Vtn) -> Iterator[Utility]:
    with connected_yard() as made:
        join(made, vtn)
        vtn.put("programs", {"programName": "limits"})
        yield made


def ahead(*types: str, historical: bool = False) -> dict[str, Any]:
    """A limit of 20 kW from five past six for ten minutes; what is asked is due when it begins, or when it ends."""
    told = {"historical": historical} if historical else {"historical": False, "startInterval": 0}
    wanted = [{"payloadType": name} | told for name in types]
    return event(20.0, start="2026-03-02T06:05:00Z", length="PT10M") | {"reportDescriptors": wanted}


def test_what_is_expected_and_what_could_be_shed_are_those_of_the_plan(vtn: Vtn, utility: Utility) -> None:
    """The car charges 11 kW from six on until it has 28 kWh, and stays until three: all of it can wait. 11 kW are
    1.833 kWh in ten minutes."""
    utility.yard.plug_in(departure="2026-03-02T15:00:00Z", energy_target_kwh=28.0)
    utility.wait(seconds=1)  # it is planned
    vtn.put("events", ahead("USAGE_FORECAST", "LOAD_SHED_DELTA_AVAILABLE", "STORAGE_USABLE_CAPACITY"))
    day(utility, 7, power_kw=11.0)

    told = {kind: value for _, kind, value in values(vtn)}

    assert told["USAGE_FORECAST"] == pytest.approx(1.833, abs=0.01)
    assert told["LOAD_SHED_DELTA_AVAILABLE"] == pytest.approx(-11.0, abs=0.01)
    assert told["STORAGE_USABLE_CAPACITY"] == 0.0


def test_without_a_plan_or_like_days_there_is_no_number_to_believe(vtn: Vtn, utility: Utility) -> None:
    vtn.put("events", ahead("BASELINE", historical=True))
    day(utility, 17, power_kw=9.0)

    assert values(vtn) == [(0, "BASELINE", 0.0), (0, "DATA_QUALITY", "MISSING")]


def test_a_baseline_is_that_of_ten_like_days(vtn: Vtn, utility: Utility) -> None:
    """9 kW from two to nine on all days before, and until a quarter to six this morning."""
    today = datetime(2026, 3, 2, 2, tzinfo=UTC)
    for back in range(16):
        quarters = [today - timedelta(days=back) + timedelta(minutes=15 * k) for k in range(28 if back else 16)]
        told = [{"at": at.isoformat(), "node": "grid", "power_kw": 9.0} for at in quarters]
        assert utility.yard.post("/v1/sites/yard/measurements", {"measurements": told}).status_code == 200
    vtn.put("events", ahead("BASELINE", historical=True))
    day(utility, 17, power_kw=4.0)

    assert values(vtn)[0] == (0, "BASELINE", pytest.approx(9.0))
    assert values(vtn)[1] == (0, "DATA_QUALITY", "ESTIMATED")
