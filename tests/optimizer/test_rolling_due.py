"""What is a reason to plan a site again, and what is none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models.domain.sending import Version
from optimizer.rolling import Flaw
from optimizer.rolling.changing import with_evse, with_session, with_verdict
from optimizer.rolling.due import due
from optimizer.rolling.state import ExternalLimit, SiteState, Stage
from optimizer.rolling.verdict import Evidence
from tests.operating.live_site import NOON, meter, minutes, operations, start


def charging() -> SiteState:
    """A car at east, that was told to draw 10 kW."""
    site = operations()
    start(site, "east", NOON)
    return with_car(site.store.load("yard").state, follow_kw=10.0)


def with_car(state: SiteState, **changes: Any) -> SiteState:
    return with_evse(state, with_session(state.evses["east"], **changes))


def test_what_no_plan_depends_on_is_no_reason() -> None:
    site = operations()
    start(site, "east", NOON)

    sample = {"value": "1000", "measurand": "Energy.Active.Import.Register"}
    value = {"timestamp": NOON.isoformat(), "sampledValue": [sample]}
    told = site.hear("yard", "east", [2, "m", "MeterValues", {"connectorId": 1, "meterValue": [value]}], NOON)

    assert told.due == ()
    assert due(charging(), with_car(charging(), stage=Stage.TAPERING, delivered_kwh=3.0, follow_kw=10.9)) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"transaction_id": "8"}, "EVSE east: its transaction has an id"),
        ({"phases": 1}, "EVSE east: 1 phases are used"),
        ({"stage": Stage.FULL}, "EVSE east: its car is full"),
        ({"stage": Stage.WOKEN}, "EVSE east: its car is woken"),
        ({"energy_target_kwh": 9.0}, "EVSE east: its car told what it needs"),
        ({"departure": NOON + minutes(60)}, "EVSE east: its car told what it needs"),
        ({"follow_kw": 8.9}, "EVSE east: its car draws less"),
        ({"follow_kw": None}, "EVSE east: its car wants more"),
    ],
)
def test_what_a_plan_depends_on_of_a_car_is_a_reason(changes: dict[str, Any], reason: str) -> None:
    before = charging()

    assert due(before, with_car(before, **changes)) == (reason,)


def away(state: SiteState) -> SiteState:
    station = replace(state.stations["east"], reachable=False)
    return replace(state, stations={**state.stations, "east": station})


def limited(state: SiteState) -> SiteState:
    return replace(state, external=(ExternalLimit(station="east", evse_number=0, source="SO", told_at=NOON),))


def distrusted(state: SiteState) -> SiteState:
    seen = Evidence(at=NOON, what="no answer in time")
    return with_evse(state, with_verdict(state.evses["east"], Flaw.SILENT, seen))


def left(state: SiteState) -> SiteState:
    return with_evse(state, replace(state.evses["east"], session=None))


@pytest.mark.parametrize(
    ("happens", "there", "back"),
    [
        (away, "station east is out of reach", "station east is back"),
        (limited, "external limits changed", "external limits changed"),
        (distrusted, "EVSE east is not controlled", "EVSE east is trusted again"),
        (left, "EVSE east: a car left", "EVSE east: a car came"),
    ],
)
def test_what_a_plan_depends_on_of_a_site_is_a_reason_when_it_comes_and_when_it_goes(
    happens: Callable[[SiteState], SiteState], there: str, back: str
) -> None:
    before = charging()

    assert (due(before, happens(before)), due(happens(before), before)) == ((there,), (back,))


def test_a_frame_says_why_it_is_worth_a_plan() -> None:
    site = operations(version=Version.V16)
    told = {"connectorId": 1, "idTag": "card", "meterStart": 0, "timestamp": NOON.isoformat()}

    assert site.hear("yard", "east", [2, "s", "StartTransaction", told], NOON).due == ("EVSE east: a car came",)
    meter(site, "east", NOON + minutes(1), 10.0)
    answer = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
    assert site.hear("yard", "east", [3, "s", answer], NOON).due == ("EVSE east: its transaction has an id",)
