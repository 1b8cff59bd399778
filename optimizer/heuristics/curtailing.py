"""PV held back as little as the export limits allow, by the same share for every plant below a limit."""

import numpy as np

from optimizer.giving.discs import Floats
from optimizer.instance import Instance


def least_curtailment(instance: Instance) -> Floats:
    """What each pair of plant and period is curtailed by (C,), counted as if nobody charged. [kW at grid]"""
    supply, room, count = instance.generation, instance.limits.export_room_kw, instance.periods.count
    if not len(supply.plant):
        return np.zeros(0)
    curtailed = np.zeros(len(supply.plant))
    for node in _leaves_first(instance):
        here = np.flatnonzero([node in supply.above[plant] for plant in supply.plant])
        period = supply.period[here]
        left = supply.curtailable_kw[here] - curtailed[here]
        held = np.bincount(period, weights=curtailed[here], minlength=count)
        available = np.bincount(period, weights=left, minlength=count)
        lacking = np.clip(-room[node] - held, 0.0, available)
        share = np.divide(lacking, available, out=np.zeros(count), where=available > 0.0)
        curtailed[here] += share[period] * left
    return curtailed


def _leaves_first(instance: Instance) -> list[int]:
    """Nodes with most others above them first; each comes after all below it."""
    ancestors = instance.tree.ancestors
    return sorted(range(len(ancestors)), key=lambda node: -len(ancestors[node]))
