"""Who may start while nobody is in contact, and what EVSEs follow then: read from the plan's shares and their records.

An EVSE without a car may get one; of these as many start as the site says, the worst choice at each limit.
"""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from models.domain.failsafe import Share
from models.domain.installed import OfflineBehaviour
from models.domain.schedule import Floats
from models.domain.session import Vehicle
from models.domain.site import Evse, GridNode, Transformer
from optimizer.audit.case import Case
from optimizer.audit.followed import behaviour_of, blind_periods, followed_kw, is_held, shares_of
from optimizer.audit.stay import Stay
from optimizer.audit.tree import above
from optimizer.audit.wiring import Leg, amperes_per_kw, efficiency, leg

Complexes = NDArray[np.complex128]


def behaviour(case: Case, evse: Evse) -> OfflineBehaviour:
    return behaviour_of(case.scenario, evse)


def obeys(case: Case, evse: Evse) -> bool:
    """Whether anything holds it without contact."""
    return is_held(case.scenario, evse)


def told_shares(case: Case) -> dict[str, Share]:
    return shares_of(case.scenario, case.schedule)


def blind(case: Case) -> NDArray[np.bool_]:
    """Periods that begin before the last plan of a station ends (T,)."""
    return blind_periods(case.scenario, case.schedule)


def most_starts(case: Case) -> int:
    rules = case.scenario.site.fail_safe
    told = None if rules is None else rules.arrivals
    return len(case.scenario.site.evses) if told is None else told


def reserve_kw(case: Case, per_kw: dict[str, float]) -> Floats:
    """The most that starts add to a limit that counts so much for a kW at each of some EVSEs (T,). [kW]"""
    rows = [per_kw[name] * power for name, power in case.starting_kw.items() if name in per_kw]
    ascending = np.sort(np.array([np.zeros(case.schedule.period_count), *rows]), axis=0)
    return np.asarray(ascending[::-1][: most_starts(case)].sum(axis=0))


def unplanned_kw(case: Case, stay: Stay) -> Floats:
    """What a stay's EVSE follows in the blind time if it leaves its plan without contact; of its periods. [kW]"""
    leaves = not obeys(case, stay.evse) or behaviour(case, stay.evse) is OfflineBehaviour.DEFAULT
    here = stay.visit.arrival_s <= case.schedule.instants_s[0]
    if case.scenario.site.fail_safe is None or not leaves or not here:
        return np.zeros_like(stay.power_kw)
    share = told_shares(case).get(stay.evse.id)
    followed = followed_kw(case.scenario, case.schedule, stay.evse, share)
    return np.where(blind(case), followed, 0.0)[stay.periods]


@dataclass(frozen=True, slots=True)
class Starting:
    """What cars that come unseen put on one line."""

    sums: Complexes
    """(J, T) of which one is there; 0 is one of them. [A]"""
    unplaced_a: Floats
    """(T,) in size, of those whose phase nobody knows. [A]"""


def starting_on(case: Case, node: GridNode, line: int, *, grid_side: bool) -> Starting:
    """On a line of a node, or of the grid side of its transformer."""
    count, powers = most_starts(case), case.starting_kw
    by_id = {one.id: one for one in case.scenario.site.nodes}
    under = {one.id: way for one in by_id.values() if node in (way := list(above(by_id, one.id)))}
    evses = [evse for name in powers if (evse := case.evses[name]).node in under]
    ways = {evse.id: _legs(evse, _passed(under[evse.node], node, grid_side=grid_side)) for evse in evses}
    below = list(ways)
    sums, unplaced, known = [np.zeros(1, dtype=complex)] * case.schedule.period_count, [0.0] * len(blind(case)), {}
    for t in np.flatnonzero(blind(case)).tolist():
        amounts = tuple(float(powers[name][t]) for name in below)
        if amounts not in known:
            loads = [_on_line(case, case.evses[n], ways[n], line, p) for n, p in zip(below, amounts, strict=True)]
            known[amounts] = sums_of_few([choices for choices, _ in loads], count), _largest(loads, count)
        sums[t], unplaced[t] = known[amounts]
    longest = max(len(one) for one in sums)
    padded = np.array([np.append(one, np.zeros(longest - len(one))) for one in sums], dtype=complex).T
    return Starting(padded, np.array(unplaced, dtype=float))


def _largest(loads: list["Load"], count: int) -> float:
    return sum(sorted((unplaced for _, unplaced in loads), reverse=True)[:count])


def _passed(way: list[GridNode], node: GridNode, *, grid_side: bool) -> list[Transformer]:
    """Transformers between an EVSE and a side of a node above it."""
    nodes = way[: way.index(node) + (1 if grid_side else 0)]
    return [one.transformer for one in nodes if one.transformer is not None]


def _legs(evse: Evse, passed: list[Transformer]) -> list[Leg]:
    """As a node sees a car at an EVSE below it, on every set of phases."""
    seen = list(dict.fromkeys(leg(evse, Vehicle(id="", phases=count)) for count in (1, 2, 3)))
    for transformer in passed:
        seen = [one.through(transformer) for one in seen]
    return seen


Load = tuple[list[complex], float]
"""Currents of which a load draws one, and one whose direction nobody knows. [A]"""


def _on_line(case: Case, evse: Evse, legs: list[Leg], line: int, power_kw: float) -> Load:
    amperes = power_kw * amperes_per_kw(evse, None, case.scenario.site.voltage_v) / efficiency(evse)
    return [one.lines[line] * amperes for one in legs], max(one.unplaced for one in legs) * amperes


def sums_of_few(loads: list[list[complex]], count: int) -> Complexes:
    """Sums of at most ``count`` loads of which each is the longest in some direction (J,); 0 is one of them. [A]

    In every direction the worst few are those that reach farthest in it; between two directions at which two of all
    currents reach equally far, or one reaches nowhere, these stay the same, so one direction of each arc is enough.
    """
    currents = np.unique(np.round(np.array([c for choices in loads for c in choices] + [0j]), 9))
    apart = (currents[:, None] - currents[None, :]).ravel()
    edges = np.unique(np.round(np.angle(apart[np.abs(apart) > 1e-8]) % pi, 9)) + pi / 2
    if not len(edges):
        return np.zeros(1, dtype=complex)
    edges = np.concatenate([edges, edges + pi, edges[:1] + 2 * pi])
    sums = [_along(loads, count, complex(np.exp(1j * angle))) for angle in ((edges[:-1] + edges[1:]) / 2).tolist()]
    return np.unique(np.round(np.array([*sums, 0j]), 9))


def _along(loads: list[list[complex]], count: int, direction: complex) -> complex:
    """Sum of the few that reach farthest in a direction. [A]"""
    reaches = []
    for choices in loads:
        farthest = max(choices, key=lambda current: (current * direction.conjugate()).real, default=0j)
        reaches.append(((farthest * direction.conjugate()).real, farthest))
    taken = sorted(reaches, key=lambda one: -one[0])[:count]
    return sum((current for reach, current in taken if reach > 0.0), 0j)
