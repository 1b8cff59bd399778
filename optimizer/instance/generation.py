"""PV plants as arrays, and the pairs of plant and period in which output can be curtailed."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.domain.series import extent
from models.domain.site import PvPlant, Site
from optimizer.instance.periods import Periods
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Generation:
    """One entry per PV plant of the site, in its order (P,). At grid; periods are the second axis (P, T). [kW]"""

    ids: tuple[str, ...]
    above: tuple[tuple[int, ...], ...]
    """For each plant its node and those towards the grid, by position."""
    expected_kw: Floats
    """Mean over the period, uncurtailed."""
    highest_kw: Floats
    """The most inside the period: what export limits are kept with."""
    least_kw: Floats
    """The least inside the period: what a capped group of EVSEs may count on."""
    plant: Ints
    """(C,) pairs that can be curtailed, by plant, then by period: the plant ..."""
    period: Ints
    """... and the period."""

    @property
    def curtailable_kw(self) -> Floats:
        """What each of these pairs can be curtailed by (C,). [kW]"""
        return self.expected_kw[self.plant, self.period]


def generation(site: Site, tree: Tree, span: Periods) -> Generation:
    """The arrays of a site's PV plants."""
    plants, shape = site.pv_plants, (len(site.pv_plants), span.count)
    if not plants:
        return _nothing(span.count)
    expected, highest, least = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for i, plant in enumerate(plants):
        least[i], expected[i], highest[i] = extent(plant.expected_kw, span.instants_s)
    plant_of, period = np.nonzero(_can_be_curtailed(plants)[:, None] & (expected > 0.0))
    above = tuple(tree.above(plant.node) for plant in plants)
    return Generation(tuple(plant.id for plant in plants), above, expected, highest, least, plant_of, period)


@lru_cache(maxsize=64)
def _nothing(periods: int) -> Generation:
    """Of a site without plants."""
    power, nowhere = np.zeros((0, periods)), np.zeros(0, dtype=np.int64)
    return Generation((), (), power, power, power, nowhere, nowhere)


def _can_be_curtailed(plants: tuple[PvPlant, ...]) -> NDArray[np.bool_]:
    return np.array([plant.curtailable for plant in plants], dtype=bool)
