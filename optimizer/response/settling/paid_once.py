"""Each kWh is paid once: what an EVSE or a meter delivers to one programme counts for no other at the same time."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.domain.schedule import Floats
from models.domain.units import hours_from_seconds
from models.settlement.calls import CalledEvent
from optimizer.response.settling.delivering import Delivered


def paid_once(found: Sequence[Delivered]) -> tuple[Delivered, ...]:
    """In the order in which programmes are paid: later ones count what the ones before did not claim."""
    told: list[Delivered] = []
    for one in found:
        shared = sum(
            (_claimed(one, other) for other in told if shares(one.event, other.event)), np.zeros(len(one.hours))
        )
        told.append(replace(one, shared_kwh=shared))
    return tuple(told)


def shares(one: CalledEvent, other: CalledEvent) -> bool:
    """Whether two events can count the same kWh: one direction, and EVSEs in common or the meter above them."""
    if one.direction is not other.direction:
        return False
    return not one.evses or not other.evses or not set(one.evses).isdisjoint(other.evses)


def _claimed(one: Delivered, other: Delivered) -> Floats:
    """What another event claimed while intervals of this one lasted, evenly over its own intervals (Q,). [kWh]"""
    here, there = one.baseline.spans, other.baseline.spans
    begin_s = np.maximum(here.starts_s[:, None], there.starts_s)
    end_s = np.minimum(here.ends_s[:, None], there.ends_s)
    overlap_h = np.maximum(end_s - begin_s, 0.0) * hours_from_seconds(1.0)
    claimed: Floats = overlap_h @ (other.claimed_kwh / other.hours)
    return claimed
