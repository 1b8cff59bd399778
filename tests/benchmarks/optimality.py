"""Benchmark B4: the cost of our plan is the optimum of a formulation by other hands, to 1e-6 of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from models.domain.scenario import Scenario
from optimizer.optimize import optimize
from tests.benchmarks.independent import Draws, least_cost
from tests.benchmarks.reporting import Row
from tests.benchmarks.scenarios import random_numbers, random_site
from tests.benchmarks.variants import FLAT_PRICE_PER_KWH, SCARCE_SHARE, flat_prices, scarce

RELATIVE = 1e-6
HEAD = ("connectors", "case", "ours", "independent", "relative difference")


@dataclass(frozen=True, slots=True)
class Pair:
    """The same variant twice: of the scenario for the optimizer, of the draws for the other formulation."""

    name: str
    ours: Callable[[Scenario], Scenario]
    theirs: Callable[[Draws], Draws]


PAIRS = (
    Pair("as drawn", lambda scenario: scenario, lambda draws: draws),
    Pair("flat prices", flat_prices, lambda draws: {**draws, "price": 0 * draws["price"] + FLAT_PRICE_PER_KWH}),
    Pair("scarce", scarce, lambda draws: {**draws, "group_limit": SCARCE_SHARE * draws["group_limit"]}),
)


def rows(counts: tuple[int, ...], periods: int) -> Iterator[Row]:
    """Cost of the whole plan, manners included, which must not cost anything."""
    for count in counts:
        for pair in PAIRS:
            ours = optimize(pair.ours(random_site(count, periods))).objective
            theirs = least_cost(pair.theirs(random_numbers(count, periods)))
            off = abs(ours - theirs) / abs(theirs)
            yield Row((f"{count:,}", pair.name, f"{ours:.6f}", f"{theirs:.6f}", f"{off:.1e}"), off <= RELATIVE)
