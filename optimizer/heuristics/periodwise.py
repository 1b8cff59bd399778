"""Through a plan period by period."""

from collections.abc import Iterator

import numpy as np

from optimizer.giving.room import Ints
from optimizer.instance import Instance

SHORTEST_H = 1e-9
"""Of a period; less is no time at all. [h]"""


def by_period(instance: Instance) -> Iterator[tuple[int, Ints]]:
    """Periods in which somebody is there, with their cells."""
    order = np.argsort(instance.cells.period, kind="stable")
    periods, first = np.unique(instance.cells.period[order], return_index=True)
    yield from zip(periods.tolist(), np.split(order, first[1:]), strict=False)
