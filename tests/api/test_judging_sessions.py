"""A session is judged by itself and its EVSE: the same is found as when the whole site is judged again with it."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.problems import InvalidDocument
from api.sites.assembling import Contents, around, assembled
from api.sites.assumed import assumed
from api.sites.forms import SessionTold, SitePolicy
from api.sites.judging import judge_session
from api.sites.same import OfTheSame
from api.sites.stays import Stay, plugged_in, session_of
from api.store.records import Kind
from models.domain.checks.ranges import LARGEST
from models.domain.completion import complete
from models.domain.errors import ChargingError
from models.domain.findings import Assumption
from models.domain.scenario import Scenario
from models.domain.session import TaperPoint, Vehicle
from models.domain.site import Connector, CurrentType, Evse, GridNode, NodeKind, Site, Tier
from models.domain.tariff import Tariff
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


SITE_2 = replace(SITE, id="other", tiers=())
TARIFFS = (None, Tariff(currency="EUR", import_price=0.4), Tariff(currency="USD", import_price=-0.1))


@dataclass
class Kept:
    """One document of a site."""

    value: Any


@dataclass
class Desk:
    """As much of one as is asked for what is assumed."""

    site: Site
    tariff: Tariff | None

    def get(self, kind: Kind) -> Kept:
        return Kept(self.site)

    def find(self, kind: Kind) -> Kept | None:
        return None if self.tariff is None else Kept(self.tariff)


def assumed_at_once(desk: Desk, stay: Stay) -> list[Assumption]:
    """Nothing of the site or the tariff is completed before."""
    alone = Scenario(site=around(stay.told.evse, desk.site), sessions=(session_of(stay),), tariff=desk.tariff)
    try:
        told = complete(alone).assumptions
    except ChargingError:
        return []
    found = [one for one in told if one.what.startswith("sessions[0].")]
    return [replace(one, what=one.what.removeprefix("sessions[0].")) for one in found]


@pytest.mark.parametrize("seed", range(2))
def test_what_is_assumed_of_a_session_is_the_same_where_its_site_was_completed_before(seed: int) -> None:
    drawn, some = random.Random(seed), 0
    for _ in range(DRAWS // 4):
        desk = Desk(drawn.choice((SITE, SITE_2)), drawn.choice(TARIFFS))
        stay = plugged_in(drawn_session(drawn), None)
        if found_alone(stay):
            continue

        told = list(assumed(desk, stay))  # type: ignore[arg-type]  # as much of a desk as it needs

        assert told == assumed_at_once(desk, stay), stay
        some += bool(told)

    assert some > DRAWS // 20


def test_what_is_made_of_the_same_values_is_made_once_and_of_others_anew() -> None:
    made: list[tuple[str, Site]] = []

    def make(name: str, site: Site) -> str:
        made.append((name, site))
        return f"{name} of {site.id}"

    once = OfTheSame(make, most=3)
    alike = replace(SITE)
    found = [once(name, site) for name in ("ac", "two-way") for site in (SITE, SITE, SITE_2)]

    assert found == [f"{name} of {site}" for name in ("ac", "two-way") for site in ("yard", "yard", "other")]
    assert len(made) == 4
    assert once("ac", alike) == "ac of yard"
    assert once("ac", SITE) == "ac of yard"
    assert len(made) == 6, "after so many all are forgotten; one that is alike is another one"
