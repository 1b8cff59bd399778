"""What it costs to be safe without us: the Caltech network under four transformer limits, ten cars at EVSEs by chance.

Capacity is the power that ten cars are offered at once, with shares for the first that fit and room for four more cars
to come (k = 4), beside that without a fail-safe. Every plan is proven by the audit in all three instants. Goals: issue
4, "Must show". The network is that of tests.benchmarks.caltech, and the shipped sample's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from models.domain.failsafe import FailSafe
from models.domain.horizon import Horizon, Stretch
from models.domain.installed import OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import GridNode, Site, Tier
from models.domain.tariff import Tariff
from models.domain.units import amperes_from_kw
from models.samples import load
from optimizer.audit import audit
from optimizer.audit.instants import FailSafeProof
from optimizer.optimize import optimize
from tests.benchmarks.caltech import network_site
from tests.benchmarks.reporting import Row

LIMITS_KW = (150.0, 75.0, 50.0, 30.0)
GOALS = {150.0: 0.90, 75.0: 0.90, 30.0: 0.75}
"""Share of the capacity that is left with a fail-safe, in the mean of all draws."""
CARS, ARRIVALS, DRAWS = 10, 4, 20
LINE_TO_NEUTRAL_V, PRIMARY_V = 120.0, 277.0
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = FailSafe(arrivals=ARRIVALS, blind_minutes=10.0, offline=OfflineBehaviour.KEEPS)
HEAD = (
    "network",
    "limit [kW]",
    "EVSEs with a share",
    "capacity [kW]",
    "with fail-safe",
    "goal",
    "least draw",
    "proven",
)


@dataclass(frozen=True, slots=True)
class Capacity:
    """Of ten cars at some EVSEs. [kW]"""

    free_kw: float
    safe_kw: float
    proof: FailSafeProof
    served: int
    """EVSEs with a share above 0."""


def rows(folder: Path | None, draws: int = DRAWS) -> Iterator[Row]:
    """The published network where there is a data folder, and the shipped garage."""
    for limit_kw in LIMITS_KW:
        if folder is not None:
            yield _row("caltech_acn_network", network_site(folder, limit_kw, 1.0), limit_kw, draws)
        yield _row("caltech-garage", garage(limit_kw), limit_kw, draws)


def garage(limit_kw: float) -> Site:
    """The shipped sample behind a transformer of another size."""
    site = load("caltech-garage").site
    nodes = tuple(_sized(node, limit_kw) for node in site.nodes)
    return replace(site, nodes=nodes, tiers=(Tier(id="all", value_of_target_per_kwh=1.0),), habits=None)


def _sized(node: GridNode, limit_kw: float) -> GridNode:
    if node.transformer is None:
        return node
    primary_a = amperes_from_kw(limit_kw, PRIMARY_V, conductors=3)
    return replace(
        node,
        current_limit_a=amperes_from_kw(limit_kw, LINE_TO_NEUTRAL_V, conductors=3),
        transformer=replace(node.transformer, primary_current_limit_a=primary_a),
    )


def capacity(site: Site, seed: int) -> Capacity:
    """Power of ten cars at EVSEs by chance, with and without a fail-safe."""
    chosen = np.random.default_rng(seed).choice(len(site.evses), CARS, replace=False)
    cars = tuple(_car(site.evses[k].id) for k in sorted(chosen.tolist()))
    horizon = Horizon(start=NOON, stretches=(Stretch(count=1, minutes=10.0),))
    free = Scenario(site=site, sessions=cars, horizon=horizon, tariff=Tariff(currency="USD", import_price=0.0))
    safe = replace(free, site=replace(site, fail_safe=RULES))
    plan = optimize(safe)
    proof = audit(safe, plan).fail_safe
    assert proof is not None
    assert plan.fail_safe is not None
    served = sum(share.power_kw > 0.0 for share in plan.fail_safe.shares)
    return Capacity(_power_kw(free), _power_kw(safe), proof, served)


def _power_kw(scenario: Scenario) -> float:
    return float(sum(session.charge_power_kw[0] for session in optimize(scenario).sessions))


def _car(evse: str) -> Session:
    """One that takes whatever it gets."""
    return Session(id=evse, evse=evse, arrival=NOON, departure=NOON + timedelta(hours=1), energy_target_kwh=100.0)


def _row(name: str, site: Site, limit_kw: float, draws: int) -> Row:
    found = [capacity(site, seed) for seed in range(draws)]
    left, goal = [one.safe_kw / one.free_kw for one in found], GOALS.get(limit_kw)
    proven = all(one.proof.proven for one in found)
    cells = (
        name,
        f"{limit_kw:g}",
        f"{found[0].served} of {len(site.evses)}",
        f"{np.mean([one.free_kw for one in found]):.1f}",
        f"{np.mean([one.safe_kw for one in found]):.1f} ({np.mean(left):.1%})",
        "" if goal is None else f"{goal:.0%}",
        f"{min(left):.1%}",
        "yes" if proven else "no",
    )
    return Row(cells, proven and (goal is None or float(np.mean(left)) >= goal))
