"""Through a plan period by period."""

import numpy as np

from models.domain.made_once import made_once
from optimizer.giving.room import Ints
from optimizer.instance import Instance

Here = tuple[int, Ints]
"""A period and the cells in it."""


def by_period(instance: Instance) -> tuple[Here, ...]:
    """Periods in which somebody is there, with their cells."""
    return made_once(_by_period, instance)


def _by_period(instance: Instance) -> tuple[Here, ...]:
    order = np.argsort(instance.cells.period, kind="stable")
    periods, first = np.unique(instance.cells.period[order], return_index=True)
    return tuple(zip(periods.tolist(), np.split(order, first[1:]), strict=False))
