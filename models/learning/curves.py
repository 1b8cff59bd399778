"""From counts to chances: how many go on beyond each step, shrunk towards coarser groups where counts are few.

Counted step by step: of those who reached a step, what share ended in it. A group with few who reached it is filled up
with some sessions of the coarser group, so that late steps lean on others sooner than early ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from models.domain.habits import ENERGY_EDGES_KWH, STAY_EDGES_H, Floats, Habits
from models.learning import prior

WEIGHT = 10.0
"""Sessions of the coarser group that are added to those of a finer one.

On earlier halves of public data 5 to 60 gave energies and margins within four points of each other; more is careful.
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """Share of sessions that go on beyond each edge, from 1 to 0, and what it is known from."""

    edges: Floats
    share: Floats
    count: int
    """Sessions of the finest group."""
    site_count: int
    """All sessions of the site."""

    def at(self, amount: Floats | float) -> Floats:
        """Share that goes on beyond an amount."""
        return np.asarray(np.interp(amount, self.edges, self.share))

    def amount(self, share: Floats | float) -> Floats:
        """The amount beyond which that share goes on."""
        return np.asarray(np.interp(-np.asarray(share), -self.share, self.edges))


class Curves:
    """The curves of one site's habits, each worked out once."""

    def __init__(self, habits: Habits, weight: float = WEIGHT) -> None:
        self.habits, self._weight = habits, weight
        self._found: dict[tuple[bool, int, str | None], tuple[Curve, Curve]] = {}

    def of(self, workday: bool, arrival_hour: int, group: str | None = None) -> tuple[Curve, Curve]:
        """Of stays [h], and of energies [kWh]."""
        key = (workday, arrival_hour, group)
        if key not in self._found:
            members = [np.flatnonzero(one) for one in self._levels(*key)]
            stays = self._curve(self._stays, members, STAY_EDGES_H, prior.still_there(arrival_hour))
            energies = self._curve(self._energies, members, ENERGY_EDGES_KWH, prior.still_wants())
            self._found[key] = stays, energies
        return self._found[key]

    def _levels(self, workday: bool, arrival_hour: int, group: str | None) -> list[list[bool]]:
        """From all habits of the site to the finest group: kind of day, hour, and group if it is known."""
        found = self.habits.counted
        levels = [
            [True for _ in found],
            [one.workday == workday for one in found],
            [one.workday == workday and one.arrival_hour == arrival_hour for one in found],
        ]
        if group is not None:
            levels.append([same and one.group == group for same, one in zip(levels[-1], found, strict=True)])
        return levels

    def _curve(self, counts: Floats, levels: Sequence[np.ndarray], edges: Floats, before: Floats) -> Curve:
        sums = [counts[members].sum(axis=0) for members in levels]
        share = shrunk(sums, before, self._weight)
        return Curve(edges, share, int(sums[-1].sum()), int(sums[0].sum()))

    @cached_property
    def _stays(self) -> Floats:
        return _table([one.stays for one in self.habits.counted], len(STAY_EDGES_H) - 1)

    @cached_property
    def _energies(self) -> Floats:
        return _table([one.energies for one in self.habits.counted], len(ENERGY_EDGES_KWH) - 1)


@lru_cache(maxsize=8)
def curves_of(habits: Habits) -> Curves:
    """Of the habits of a site that is planned again and again."""
    return Curves(habits)


def shrunk(counts: Sequence[Floats], before: Floats, weight: float) -> Floats:
    """Share that goes on beyond each edge, of counts by step from the coarsest group to the finest.

    ``before`` is the share of those who are coarser still.
    """
    reached = before[:-1]
    ending = np.divide(reached - before[1:], reached, out=np.ones_like(reached), where=reached > 0.0)
    for count in counts:
        at_risk = count[::-1].cumsum()[::-1]
        ending = (count + weight * ending) / (at_risk + weight)
    return np.concatenate([[1.0], np.cumprod(1.0 - ending)])


def _table(rows: Sequence[Sequence[int]], width: int) -> Floats:
    table = np.zeros((len(rows), width))
    for k, row in enumerate(rows):
        table[k, : len(row)] = row
    return table
