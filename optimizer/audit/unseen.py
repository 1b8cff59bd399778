"""Who may start while nobody is in contact, and what EVSEs follow then: read from the plan's shares and their records.

An EVSE without a car may get one; of these as many start as the site says, the worst choice at each limit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from models.domain.failsafe import Share
from models.domain.installed import OfflineBehaviour
from models.domain.schedule import Floats
from models.domain.session import Vehicle
from models.domain.site import Evse, GridNode
from models.domain.units import HOURS_PER_DAY, seconds_from_hours, seconds_from_minutes
from optimizer.audit.case import Case, Stay, instants_of
from optimizer.audit.tree import above
from optimizer.audit.wiring import Leg, amperes_per_kw, efficiency, leg, rating_kw

Complexes = NDArray[np.complex128]
DAY_S = seconds_from_hours(HOURS_PER_DAY)


def behaviour(case: Case, evse: Evse) -> OfflineBehaviour:
    """As recorded of the EVSE, else of all of its site, else unknown."""
    rules = case.scenario.site.fail_safe
    return evse.offline or (rules and rules.offline) or OfflineBehaviour.UNKNOWN


def obeys(case: Case, evse: Evse) -> bool:
    """Whether anything holds it without contact."""
    return behaviour(case, evse) not in (OfflineBehaviour.FULL, OfflineBehaviour.UNKNOWN)


def told_shares(case: Case) -> dict[str, Share]:
    """By EVSE: those of the plan, which has to say what it counts on."""
    told = case.schedule.fail_safe
    return {share.evse: share for share in (told.shares if told else case.scenario.shares)}


def blind(case: Case) -> NDArray[np.bool_]:
    """Periods that begin before the last plan of a station ends (T,)."""
    starts_s, rules = case.schedule.instants_s[:-1], case.scenario.site.fail_safe
    blind_s = -np.inf if rules is None else seconds_from_minutes(rules.blind_minutes)
    soon: NDArray[np.bool_] = starts_s < starts_s[0] + blind_s
    return soon


def followed_kw(case: Case, evse: Evse) -> Floats:
    """What a car that nobody steers follows at an EVSE, the most within each period (T,). [kW at evse]"""
    rating: float = rating_kw(evse, case.scenario.site.voltage_v)
    instants = case.schedule.instants_s
    share = told_shares(case).get(evse.id)
    if share is None or not obeys(case, evse):
        return np.full(len(instants) - 1, rating)
    pairs = zip(instants[:-1].tolist(), instants[1:].tolist(), strict=True)
    most = np.array([_most_between(share, since_s, until_s) for since_s, until_s in pairs])
    one = case.installed.get(evse.id)
    before = 0.0 if one is None or one.default_kw is None else one.default_kw
    return np.asarray(np.minimum(rating, np.maximum(most, before)))


def _most_between(share: Share, since_s: float, until_s: float) -> float:
    """Of a share that may change during the day: each step is looked for on each day that the period touches."""
    if not share.daily:
        return share.power_kw
    ends = [step.start_s for step in share.daily[1:]] + [DAY_S]
    first_day = since_s - since_s % DAY_S
    days = np.arange(first_day, until_s, DAY_S)
    return max(
        step.power_kw
        for step, end_s in zip(share.daily, ends, strict=True)
        if any(day + step.start_s < until_s and day + end_s > since_s for day in days)
    )


def starting_kw(case: Case) -> dict[str, Floats]:
    """By EVSE that may get a car unseen: what that follows, 0 while a car is there (T,). [kW at evse]"""
    if case.scenario.site.fail_safe is None:
        return {}
    starts_s, soon = case.schedule.instants_s[:-1], blind(case)
    there = {evse.id: np.zeros(len(starts_s), dtype=bool) for evse in case.scenario.site.evses}
    for session in case.scenario.sessions:
        arrival_s, departure_s = instants_of(session)
        if arrival_s <= starts_s[0]:
            there[session.evse] |= starts_s < departure_s
    silent = {one.evse for one in case.scenario.installed if not one.reachable}
    return {
        evse.id: np.where(soon & ~there[evse.id], followed_kw(case, evse), 0.0)
        for evse in case.scenario.site.evses
        if evse.id not in silent
    }


def most_starts(case: Case) -> int:
    rules = case.scenario.site.fail_safe
    told = None if rules is None else rules.arrivals
    return len(case.scenario.site.evses) if told is None else told


def reserve_kw(case: Case, per_kw: dict[str, float]) -> Floats:
    """The most that starts add to a limit that counts so much for a kW at each of some EVSEs (T,). [kW]"""
    rows = [per_kw[name] * power for name, power in starting_kw(case).items() if name in per_kw]
    ascending = np.sort(np.array([np.zeros(case.schedule.period_count), *rows]), axis=0)
    return np.asarray(ascending[::-1][: most_starts(case)].sum(axis=0))


def unplanned_kw(case: Case, stay: Stay) -> Floats:
    """What a stay's EVSE follows in the blind time if it leaves its plan without contact; of its periods. [kW]"""
    leaves = not obeys(case, stay.evse) or behaviour(case, stay.evse) is OfflineBehaviour.DEFAULT
    here = instants_of(stay.session)[0] <= case.schedule.instants_s[0]
    if case.scenario.site.fail_safe is None or not leaves or not here:
        return np.zeros_like(stay.power_kw)
    return np.where(blind(case), followed_kw(case, stay.evse), 0.0)[stay.periods]


@dataclass(frozen=True, slots=True)
class Starting:
    """What cars that come unseen put on one line."""

    sums: Complexes
    """(J, T) of which one is there; 0 is one of them. [A]"""
    unplaced_a: Floats
    """(T,) in size, of those whose phase nobody knows. [A]"""


def starting_on(case: Case, node: GridNode, line: int, *, grid_side: bool) -> Starting:
    """On a line of a node, or of the grid side of its transformer."""
    count, powers = most_starts(case), starting_kw(case)
    ways = {name: list(_legs(case, node, case.evses[name], grid_side=grid_side)) for name in powers}
    below = [name for name, legs in ways.items() if legs]
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


def _legs(case: Case, node: GridNode, evse: Evse, *, grid_side: bool) -> Iterator[Leg]:
    """As a node sees a car at an EVSE below it, on every set of phases; none where the EVSE is elsewhere."""
    by_id = {one.id: one for one in case.scenario.site.nodes}
    way = list(above(by_id, evse.node))
    if node not in way:
        return
    passed = way[: way.index(node) + (1 if grid_side else 0)]
    for conductors in dict.fromkeys(leg(evse, Vehicle(id="", phases=count)) for count in (1, 2, 3)):
        seen = conductors
        for under in passed:
            seen = seen if under.transformer is None else seen.through(under.transformer)
        yield seen


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
