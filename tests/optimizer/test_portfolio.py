"""One target over many sites: the split by marginal cost is what one program of all sites would do."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import numpy as np
import pytest

from models.domain.scenario import Scenario
from models.domain.site import GridNode, NodeKind
from optimizer.flexibility import Direction, flexibility
from optimizer.response.portfolio import SiteOffer, site_offer, split
from tests.optimizer.test_flexibility import HOUR, NOON, car, yard

CHEAP = SiteOffer(site="cheap", points=((0.0, 0.0), (10.0, 1.0), (20.0, 6.0)), currency="EUR")
DEAR = SiteOffer(site="dear", points=((0.0, 0.0), (30.0, 9.0)), currency="EUR")


def shares(target_kw: float, *offers: SiteOffer) -> dict[str, float]:
    return {share.site: share.power_kw for share in split(offers, target_kw).shares}


def test_the_cheaper_kw_of_every_site_come_first() -> None:
    """0.1 for ten kW of one site, 0.3 for thirty of the other, then 0.5."""
    assert shares(8.0, DEAR, CHEAP) == {"cheap": 8.0, "dear": 0.0}
    assert shares(25.0, DEAR, CHEAP) == {"cheap": 10.0, "dear": 15.0}
    assert shares(45.0, DEAR, CHEAP) == {"cheap": 15.0, "dear": 30.0}


def test_the_price_is_that_of_the_last_kw_and_the_cost_that_of_all() -> None:
    found = split((CHEAP, DEAR), 25.0)
    assert found.price_per_kw == pytest.approx(0.3)
    assert found.cost == pytest.approx(1.0 + 15 * 0.3)


def test_what_no_site_can_deliver_is_told() -> None:
    found = split((CHEAP, DEAR), 60.0)
    assert found.lacking_kw == pytest.approx(10.0)
    assert sum(share.power_kw for share in found.shares) == pytest.approx(50.0)


def test_a_site_answers_a_price_by_itself() -> None:
    assert CHEAP.answer(0.3) == (10.0, 10.0)
    assert CHEAP.answer(0.5) == (10.0, 20.0)
    assert DEAR.answer(0.2) == (0.0, 0.0)


def test_nothing_is_asked_of_sites_that_have_nothing() -> None:
    none = SiteOffer(site="none", points=((0.0, 0.0),), currency="EUR")
    assert split((none,), 5.0).lacking_kw == 5.0


def random_site(name: str, chance: Random) -> Scenario:
    cars = [
        car(f"{name}-{k}", chance.uniform(2.0, 18.0), stay_h=chance.randint(1, 4)) for k in range(chance.randint(2, 4))
    ]
    return yard((0.3, 0.1, 0.25, 0.2), *cars, worth=chance.uniform(0.5, 3.0), limit_kw=chance.uniform(15.0, 40.0))


def joined(sites: dict[str, Scenario]) -> Scenario:
    """All sites below one connection without a limit; the worth of energy stays that of each."""
    first = next(iter(sites.values()))
    root = GridNode(id="all", kind=NodeKind.CONNECTION)
    nodes, evses, tiers, sessions = [root], [], [], []
    for name, one in sites.items():
        nodes.append(replace(one.site.nodes[0], id=name, kind=NodeKind.FEEDER, parent="all"))
        evses += [replace(evse, node=name) for evse in one.site.evses]
        tiers.append(replace(one.site.tiers[0], id=name))
        sessions += [replace(session, tier=name) for session in one.sessions]
    site = replace(first.site, id="all", nodes=tuple(nodes), evses=tuple(evses), tiers=tuple(tiers))
    return replace(first, site=site, sessions=tuple(sessions))


@pytest.mark.parametrize("seed", range(4))
def test_the_split_costs_what_one_program_of_all_sites_costs(seed: int) -> None:
    chance = Random(seed)
    sites = {name: random_site(name, chance) for name in ("north", "south", "west")}
    start, length = NOON + HOUR, timedelta(hours=1)
    curves = {name: flexibility(one, Direction.REDUCE, start, length) for name, one in sites.items()}
    offers = [site_offer(name, curve) for name, curve in curves.items()]

    whole = flexibility(joined(sites), Direction.REDUCE, start, length)

    assert whole.most_kw == pytest.approx(sum(offer.most_kw for offer in offers), abs=1e-4)
    together = [(point.power_kw, point.cost) for point in whole.points]
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 1.0):
        target = share * whole.most_kw
        joint = float(np.interp(target, *zip(*together, strict=True)))
        assert split(offers, target).cost == pytest.approx(joint, abs=1e-5)
