"""Shares that take turns during the day, and the guard between two of them."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.domain.failsafe import DailyStep, Share
from models.domain.site import Site
from models.domain.units import HOURS_PER_DAY, seconds_from_hours, seconds_from_minutes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NOTHING_KW = 1e-9
"""Less is no share, and no difference. [kW]"""


def turns(shares_in: Callable[[Ints], Floats], order: Ints, count: int) -> list[Floats]:
    """Shares (E,) of each turn: whoever comes first begins where the turn before stopped serving. [kW]"""
    found, first = [], 0
    for _ in range(count):
        turned = np.roll(order, -first)
        given = shares_in(turned)
        found.append(given)
        served = np.flatnonzero(given[turned] > NOTHING_KW)
        first = (first + int(served.max(initial=-1)) + 1) % max(1, len(order))
    return found


def daily_shares(site: Site, by_turn: Floats, guard_minutes: float) -> tuple[Share, ...]:
    """The shares of every EVSE from those of each turn (turns, E), guarded at every change."""
    return tuple(
        Share(evse=evse.id, power_kw=float(own.max()), daily=tuple(_steps(own, seconds_from_minutes(guard_minutes))))
        for evse, own in zip(site.evses, by_turn.T, strict=True)
    )


def _steps(by_turn: Floats, guard_s: float) -> Iterator[DailyStep]:
    """Steps of the day; none where every turn gives the same. The last turn runs into the first one."""
    if float(np.ptp(by_turn)) <= NOTHING_KW:
        return
    length_s = seconds_from_hours(HOURS_PER_DAY) / len(by_turn)
    every = [step for k, power in enumerate(by_turn) for step in _turn(k * length_s, by_turn[k - 1], power, guard_s)]
    yield every[0]
    yield from (after for before, after in pairwise(every) if after.power_kw != before.power_kw)


def _turn(start_s: float, before_kw: float, power_kw: float, guard_s: float) -> Iterator[DailyStep]:
    """The lower of both while clocks may disagree about which turn it is, then what this turn gives."""
    if guard_s > 0.0:
        yield DailyStep(start_s=start_s, power_kw=float(min(before_kw, power_kw)))
    yield DailyStep(start_s=start_s + guard_s, power_kw=float(power_kw))
