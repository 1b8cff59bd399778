"""Reports on hours to come and on what would have been, over HTTP to a VTN that checks every object."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.yards import SITE
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


STORAGE = ("STORAGE_CHARGE_LEVEL", "STORAGE_USABLE_CAPACITY", "STORAGE_DISPATCH_FORECAST", "STORAGE_MAX_CHARGE_POWER")


def with_battery(utility: Utility, site: str, *, capacity: float, reserve: float, inside: float, kw: float) -> None:
    """A battery that holds what is in it: it costs more to use than it could ever save."""
    battery = {
        "id": "b",
        "node": "grid",
        "capacity_kwh": capacity,
        "reserve_kwh": reserve,
        "energy_at_start_kwh": inside,
        "max_charge_kw": kw,
        "max_discharge_kw": kw,
        "charge_efficiency": 0.5,
        "discharge_efficiency": 0.5,
        "wear_price_per_kwh": 9.0,
    }
    answer = utility.yard.put(f"/v1/sites/{site}", SITE | {"id": site, "batteries": [battery]}, match="*")
    assert answer.status_code in (200, 201), answer.text


def told_by_type(vtn: Vtn) -> dict[str, Any]:
    return {
        payload["type"]: (payload["values"][0], resource["resourceName"])
        for report in vtn.objects["reports"].values()
        for resource in report["resources"]
        for payload in resource["intervals"][0]["payloads"]
        if payload["type"] != "DATA_QUALITY"
    }


def test_a_battery_is_told_without_its_reserve(vtn: Vtn, utility: Utility) -> None:
    """6 of 10 kWh with 2 in reserve: half of 8."""
    with_battery(utility, "yard", capacity=10.0, reserve=2.0, inside=6.0, kw=5.0)
    utility.wait(seconds=1)
    vtn.put("events", ahead(*STORAGE))
    day(utility, 7, power_kw=0.0)

    told = {kind: number for kind, (number, _) in told_by_type(vtn).items()}
    assert told == dict(zip(STORAGE, (0.5, 8.0, 4.0, 5.0), strict=True))


def test_several_sites_are_as_full_as_all_of_their_batteries_together(vtn: Vtn) -> None:
    """Half of 8 kWh and three quarters of 40: 34 of 48. A site without a battery changes nothing."""
    with connected_yard() as utility:
        for name in ("dock", "lawn"):
            utility.yard.put(f"/v1/sites/{name}", SITE | {"id": name})
        with_battery(utility, "yard", capacity=10.0, reserve=2.0, inside=6.0, kw=5.0)
        with_battery(utility, "dock", capacity=50.0, reserve=10.0, inside=40.0, kw=20.0)
        join(utility, vtn, sites=[{"site": name} for name in ("yard", "dock", "lawn")])
        vtn.put("programs", {"programName": "limits"})
        utility.wait(seconds=1)
        asked = ahead(*STORAGE)
        asked["reportDescriptors"] = [one | {"aggregate": True} for one in asked["reportDescriptors"]]
        vtn.put("events", asked)
        day(utility, 7, power_kw=0.0)

        numbers = {"STORAGE_CHARGE_LEVEL": 34 / 48, "STORAGE_USABLE_CAPACITY": 48.0}
        numbers |= {"STORAGE_DISPATCH_FORECAST": 34.0, "STORAGE_MAX_CHARGE_POWER": 25.0}
        told = told_by_type(vtn)
        assert {kind: number for kind, (number, _) in told.items()} == pytest.approx(numbers, abs=1e-5)
        assert {name for _, name in told.values()} == {"AGGREGATED_REPORT"}


def test_without_anything_to_fill_there_is_no_charge_level(vtn: Vtn, utility: Utility) -> None:
    utility.wait(seconds=1)
    vtn.put("events", ahead("STORAGE_CHARGE_LEVEL"))
    day(utility, 7, power_kw=0.0)

    assert values(vtn) == [(0, "STORAGE_CHARGE_LEVEL", 0.0), (0, "DATA_QUALITY", "MISSING")]


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
