"""A session is judged by itself and its EVSE: the same is found as when the whole site is judged again with it."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.problems import InvalidDocument
from api.sites.assembling import Contents, assembled
from api.sites.forms import SessionTold, SitePolicy
from api.sites.judging import judge_session
from api.sites.stays import Stay, plugged_in
from models.domain.checks.ranges import LARGEST
from models.domain.session import TaperPoint, Vehicle
from models.domain.site import Connector, CurrentType, Evse, GridNode, NodeKind, Site, Tier
from models.domain.validation import validate

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SITE = Site(
    id="yard",
    time_zone="Europe/Berlin",
    nodes=(
        GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=40.0, continuous_factor=1.0),
        GridNode(id="feeder", parent="grid", current_limit_a=32.0, continuous_factor=1.0),
    ),
    evses=(
        Evse(id="ac", node="feeder", max_power_kw=11.0, connectors=(Connector(id=1), Connector(id=2))),
        Evse(id="two-way", node="grid", current=CurrentType.DC, max_power_kw=50.0, max_discharge_kw=20.0),
        Evse(id="next-door", node="feeder", max_current_a=16.0, station="pair"),
    ),
    tiers=(Tier(id="staff"), Tier(id="guest")),
)
NEIGHBOUR = Stay(told=SessionTold(session="neighbour", evse="next-door", plugged_in_at=NOW, energy_target_kwh=8.0))
# Times without an offset are refused before, with the body alone.
NUMBERS = (None, None, 0.0, 0.2, 0.9, 7.0, 60.0, 1e6, 2.0 * LARGEST, float("inf"), float("nan"))
TIMES = (None, NOW, NOW - timedelta(days=3), NOW + timedelta(hours=8), NOW + timedelta(days=3000))
DRAWS = 600


def drawn_session(drawn: random.Random) -> SessionTold:
    """Sound but for about two of its fields, which are whatever the form can hold."""
    odd: dict[str, Any] = {
        "plugged_in_at": drawn.choice([at for at in TIMES if at is not None]),
        "connector": drawn.choice((1, 3)),
        "departure": drawn.choice(TIMES),
        "energy_target_kwh": drawn.choice(NUMBERS),
        "energy_minimum_kwh": drawn.choice((5.0, 1e6)),
        "soc": drawn.choice(NUMBERS),
        "soc_target": drawn.choice(NUMBERS),
        "soc_minimum": drawn.choice(NUMBERS),
        "tier": drawn.choice(("staff", "nobody")),
        "vehicle": drawn_vehicle(drawn),
        "allows_discharge": True,
        "retail_price_per_kwh": drawn.choice((0.4, float("nan"))),
    }
    taken = {name: told for name, told in odd.items() if drawn.random() < 0.15}
    return SessionTold(session="s", evse=drawn.choice(("ac", "two-way")), **{"plugged_in_at": NOW} | taken)


def drawn_vehicle(drawn: random.Random) -> Vehicle:
    numbers: dict[str, Any] = {name: drawn.choice(NUMBERS) for name in ("max_charge_kw", "battery_capacity_kwh")}
    points = (TaperPoint(soc=0.8, power_kw=30.0), TaperPoint(soc=drawn.choice((0.5, 0.9)), power_kw=10.0))
    return Vehicle(id="car", phases=drawn.choice((None, 1, 3)), taper=points if drawn.random() < 0.3 else (), **numbers)


def found_alone(stay: Stay) -> set[tuple[str, str, str]]:
    try:
        judge_session(SITE, stay, NOW)
    except InvalidDocument as invalid:
        return {(f.path, f.message, f.remedy) for f in invalid.findings}
    return set()


def found_in_the_whole(stay: Stay) -> set[tuple[str, str, str]]:
    known = Contents(
        site=SITE,
        policy=SitePolicy(),
        tariff=None,
        prices=None,
        base_loads={},
        pv={},
        limits={},
        stays=(NEIGHBOUR, stay),
        signals=(),
    )
    findings = validate(assembled(known, NOW))
    return {(f.path.removeprefix("sessions[1]."), f.message, f.remedy) for f in findings}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_wrong_with_a_session_is_found_without_the_rest_of_its_site(seed: int) -> None:
    drawn, wrong = random.Random(seed), 0
    for _ in range(DRAWS // 4):
        stay = plugged_in(drawn_session(drawn), None)

        alone, in_the_whole = found_alone(stay), found_in_the_whole(stay)

        assert alone == in_the_whole, stay
        wrong += bool(alone)

    assert DRAWS // 20 < wrong < DRAWS // 5, "both sound and unsound ones were drawn"
