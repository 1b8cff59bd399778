"""Reports that a VTN asks for with its events: from what meters showed, sent when due and until they are taken."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.connections.utilities import Utility, connected_yard, event, join
from tests.peers.vtn3 import ALL_SCOPES, Vtn, serving


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


def asking(*types: str, **more: Any) -> dict[str, Any]:
    """A limit in two quarters from 6:15 to 6:45, whose load is to be reported when it is over."""
    half = [{"id": i, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [8.0]}]} for i in (0, 1)]
    wanted = [{"payloadType": name} | more for name in types]
    return event(8.0, start="2026-03-02T06:15:00Z", length="PT15M") | {"intervals": half, "reportDescriptors": wanted}


def measure(utility: Utility, **told: Any) -> None:
    at = f"{utility.now:%Y-%m-%dT%H:%M:%SZ}"
    body = {"measurements": [{"at": at, "node": "grid", **told}]}
    assert utility.yard.post("/v1/sites/yard/measurements", body).status_code == 200


def day(utility: Utility, minutes: int, **told: Any) -> None:
    """The meter of the connection is told every minute."""
    for _ in range(minutes):
        utility.listen(minutes=1)
        measure(utility, **told)


def values(vtn: Vtn) -> list[tuple[int, str, Any]]:
    return [
        (interval["id"], payload["type"], payload["values"][0])
        for report in vtn.objects["reports"].values()
        for resource in report["resources"]
        for interval in resource["intervals"]
        for payload in interval["payloads"]
    ]


def test_usage_and_demand_of_an_event_are_what_the_meter_showed(vtn: Vtn, utility: Utility) -> None:
    """8 kW throughout: 2 kWh in each quarter."""
    vtn.put("events", asking("USAGE", "DEMAND", "OPERATING_STATE"))
    day(utility, 44, power_kw=8.0)
    assert values(vtn) == [], "the event is not over"
    day(utility, 2, power_kw=8.0)

    assert values(vtn) == [
        (0, "USAGE", 2.0),
        (1, "USAGE", 2.0),
        (0, "DEMAND", 8.0),
        (1, "DEMAND", 8.0),
        (0, "OPERATING_STATE", "RUNNING_CURTAILED"),
        (1, "OPERATING_STATE", "RUNNING_CURTAILED"),
    ]
    day(utility, 5, power_kw=8.0)
    assert len(vtn.objects["reports"]) == 3, "each is sent once"
    assert {one["accepted_as"] for one in utility.status()["reports"]} == set(vtn.objects["reports"])


def test_a_register_is_believed_more_than_powers(vtn: Vtn, utility: Utility) -> None:
    """It rises by 0.1 kWh a minute: 1.5 kWh in a quarter, whatever the power says."""
    vtn.put("events", asking("USAGE"))
    for minute in range(47):
        utility.listen(minutes=1)
        measure(utility, power_kw=50.0, register_kwh=100.0 + 0.1 * minute)

    assert [round(number, 6) for _, _, number in values(vtn)] == [1.5, 1.5]


def test_what_was_hardly_measured_is_estimated_and_what_was_not_is_missing(vtn: Vtn, utility: Utility) -> None:
    """One value at 6:20 holds for five minutes, another at 6:24 until 6:29: nine of fifteen minutes."""
    vtn.put("events", asking("USAGE"))
    utility.listen(minutes=20)
    measure(utility, power_kw=8.0)
    utility.listen(minutes=4)
    measure(utility, power_kw=8.0)
    utility.listen(minutes=27)

    told = values(vtn)
    assert (0, "DATA_QUALITY", "ESTIMATED") in told
    assert (1, "DATA_QUALITY", "MISSING") in told
    assert (0, "USAGE", 2.0) in told


def test_reports_of_each_interval_come_when_it_is_over(vtn: Vtn, utility: Utility) -> None:
    vtn.put("events", asking("USAGE", startInterval=1, numIntervals=1, frequency=1, repeat=-1))
    day(utility, 31, power_kw=8.0)
    assert values(vtn) == [(0, "USAGE", 2.0)]
    day(utility, 15, power_kw=8.0)
    assert values(vtn) == [(0, "USAGE", 2.0), (1, "USAGE", 2.0)]


def test_a_report_that_is_not_taken_is_sent_again_later_each_time_and_told(vtn: Vtn, utility: Utility) -> None:
    vtn.put("events", asking("USAGE"))
    vtn.scopes = ALL_SCOPES.replace("write_reports ", "")
    vtn.tokens.clear()
    day(utility, 50, power_kw=8.0)

    ((key, message),) = utility.alarms().items()
    assert key.startswith("report/event-")
    assert "scope write_reports is missing" in message
    sent = vtn.requests.count(("POST", "/reports"))
    assert 2 <= sent <= 5
    vtn.scopes = ALL_SCOPES
    vtn.tokens.clear()
    day(utility, 16, power_kw=8.0)
    assert len(vtn.objects["reports"]) == 1
    assert utility.alarms() == {}


def test_a_report_that_nobody_can_make_is_told(vtn: Vtn, utility: Utility) -> None:
    vtn.put("events", asking("UP_REGULATION_AVAILABLE"))
    utility.listen(minutes=1)

    assert "asks for a report of UP_REGULATION_AVAILABLE" in next(iter(utility.alarms().values()))


def test_reports_are_not_sent_where_the_connection_does_not_want_them(vtn: Vtn) -> None:
    with connected_yard() as utility:
        join(utility, vtn, reports=False)
        vtn.put("programs", {"programName": "limits"})
        vtn.put("events", asking("USAGE"))
        day(utility, 47, power_kw=8.0)
        assert vtn.objects["reports"] == {}


def test_what_is_asked_of_two_sites_together_is_summed(vtn: Vtn) -> None:
    from tests.api.yards import SITE

    with connected_yard() as utility:
        utility.yard.put("/v1/sites/dock", SITE | {"id": "dock"})
        join(utility, vtn, sites=[{"site": "yard"}, {"site": "dock"}], poll_s=60.0)
        vtn.put("programs", {"programName": "limits"})
        vtn.put("events", asking("USAGE", aggregate=True))
        for _ in range(47):
            utility.listen(minutes=1)
            for site, kw in (("yard", 8.0), ("dock", 4.0)):
                at = f"{utility.now:%Y-%m-%dT%H:%M:%SZ}"
                body = {"measurements": [{"at": at, "node": "grid", "power_kw": kw}]}
                utility.yard.post(f"/v1/sites/{site}/measurements", body)
        assert values(vtn) == [(0, "USAGE", 3.0), (1, "USAGE", 3.0)]
        (report,) = vtn.objects["reports"].values()
        assert [one["resourceName"] for one in report["resources"]] == ["AGGREGATED_REPORT"]


def test_what_is_due_for_more_than_a_day_is_not_sent_any_more(vtn: Vtn, utility: Utility) -> None:
    vtn.put("events", asking("USAGE"))
    utility.listen(seconds=1)
    utility.yard.clock.now += timedelta(days=2)
    utility.listen(minutes=1)

    assert vtn.objects["reports"] == {}
