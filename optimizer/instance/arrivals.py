"""Equation (21): room that every limit keeps for cars that start while nobody is in contact.

In the blind time an EVSE without a car may get one, and that follows the EVSE's share. At most so many start as the
site says; which ones, is the worst choice at each limit by itself: the largest few that are below it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import conversion_efficiency, evse_max_power_kw
from models.domain.failsafe import FailSafe, Share
from models.domain.offline import is_uncontrolled
from models.domain.scenario import Scenario
from models.domain.site import Evse
from models.domain.units import HOURS_PER_DAY, seconds_from_hours, seconds_from_minutes
from optimizer.giving.discs import Complexes, sums_of_few
from optimizer.instance.anybody import Anybody, anybody
from optimizer.instance.currents import CurrentPoint, Line
from optimizer.instance.groups import Groups
from optimizer.instance.held import Held
from optimizer.instance.limits import ImportLimits, drawn_per_kw
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Sessions
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
DAY_S = seconds_from_hours(HOURS_PER_DAY)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Who may start unseen, and with how much."""

    most: int
    """How many EVSEs at a time."""
    blind: Flags
    """(T,) periods that begin before the last plan of a station ends."""
    power_kw: Floats
    """(E, T) what a car that comes to each EVSE of the site follows; 0 where one is there. [kW at evse]"""

    def largest(self, drawn_per_kw: Floats) -> Floats:
        """The most that ``most`` EVSEs add to a limit that counts so much for a kW at each of them (E,) -> (T,)."""
        added = np.sort(drawn_per_kw[:, None] * self.power_kw, axis=0)[::-1]
        return np.asarray(added[: self.most].sum(axis=0))

    def alike(self) -> Iterator[tuple[Flags, Floats]]:
        """Periods in which the same EVSEs may start with the same power (T,), and these powers (E,)."""
        if not self.power_kw.any():
            return
        columns, which = np.unique(self.power_kw, axis=1, return_inverse=True)
        for k, power_kw in enumerate(columns.T):
            if power_kw.any():
                yield which.ravel() == k, power_kw


def arrivals(scenario: Scenario, who: Sessions, span: Periods, held: tuple[Held, ...]) -> Arrivals | None:
    """Of a completed scenario with shares; None where the site has no fail-safe."""
    rules, site = scenario.site.fail_safe, scenario.site
    if rules is None:
        return None
    blind = is_blind(rules, span)
    power = np.array([follows_kw(scenario, evse, span) for evse in site.evses]).reshape(len(site.evses), span.count)
    away = {one.evse.id for one in held}
    free = np.array([evse.id not in away for evse in site.evses], dtype=bool)[:, None] & ~_occupied(scenario, who, span)
    most = len(site.evses) if rules.arrivals is None else rules.arrivals
    return Arrivals(most, blind, np.where(free & blind, power, 0.0))


def is_blind(rules: FailSafe, span: Periods) -> Flags:
    """Periods that begin within the blind time (T,)."""
    return np.asarray(span.instants_s[:-1] < span.start_s + seconds_from_minutes(rules.blind_minutes))


def follows_kw(scenario: Scenario, evse: Evse, span: Periods) -> Floats:
    """What a car that comes to an EVSE unseen follows: the share, or the rating where nothing holds it (T,). [kW]"""
    site, volts = scenario.site, scenario.site.voltage_v
    assert volts is not None
    rating_kw = evse_max_power_kw(evse, None, volts)
    if is_uncontrolled(evse, site):
        return np.full(span.count, rating_kw)
    own = next(share for share in scenario.shares if share.evse == evse.id)
    before = [one.default_kw for one in scenario.installed if one.evse == evse.id and one.default_kw is not None]
    return np.minimum(rating_kw, np.maximum(share_kw(own, span), max(before, default=0.0)))


def share_kw(share: Share, span: Periods) -> Floats:
    """The most that a share is within each period (T,). [kW]"""
    if not share.daily:
        return np.full(span.count, share.power_kw)
    starts = np.array([step.start_s for step in share.daily])
    power = np.array([step.power_kw for step in share.daily])
    found = np.zeros(span.count)
    for t, (since, until) in enumerate(zip(span.instants_s[:-1], span.instants_s[1:], strict=True)):
        first = since % DAY_S
        days = np.concatenate([starts, starts + DAY_S, starts + 2 * DAY_S])
        inside = (days > first) & (days < first + min(until - since, DAY_S))
        at_start = power[np.searchsorted(starts, first, side="right") - 1]
        found[t] = max(at_start, np.tile(power, 3)[inside].max(initial=0.0))
    return found


def _occupied(scenario: Scenario, who: Sessions, span: Periods) -> Flags:
    """EVSEs whose car is there when the plan begins, until it leaves (E, T): they follow what they are sent."""
    number = {evse.id: k for k, evse in enumerate(scenario.site.evses)}
    occupied = np.zeros((len(number), span.count), dtype=bool)
    for s in np.flatnonzero(who.arrival_s <= span.start_s).tolist():
        occupied[number[who.evse_ids[s]]] |= span.instants_s[:-1] < who.departure_s[s]
    return occupied


def at_nodes(limits: ImportLimits, scenario: Scenario, found: Arrivals | None) -> ImportLimits:
    """(21)  high_base[n,t] + the largest few of share/κ of EVSEs below n"""
    if found is None:
        return limits
    evses, reserve = scenario.site.evses, np.zeros_like(limits.high_kw)
    efficiency = np.array([conversion_efficiency(evse) for evse in evses])
    factor = np.array([evse.power_factor for evse in evses], dtype=float)
    for node in range(len(limits.ids)):
        below = np.array([node in limits.evse_nodes[evse.id] for evse in evses], dtype=bool)
        per_kw = drawn_per_kw(limits, np.full(len(evses), node), efficiency, factor)
        reserve[node] = found.largest(np.where(below, per_kw, 0.0))
    return replace(limits, high_kw=limits.high_kw + reserve)


def in_groups(groups: Groups, scenario: Scenario, found: Arrivals | None) -> Groups:
    """(21)  the same of a capped group"""
    if found is None or not groups.ids:
        return groups
    evses = scenario.site.evses
    per_kw = np.array([1.0 / conversion_efficiency(evse) for evse in evses])
    members = groups.members(tuple(evse.id for evse in evses))
    reserve = np.array([found.largest(np.where(inside, per_kw, 0.0)) for inside in members])
    return replace(groups, held_kw=groups.held_kw + reserve)


def on_lines(
    points: tuple[CurrentPoint, ...], scenario: Scenario, branches: Tree, span: Periods, found: Arrivals | None
) -> tuple[CurrentPoint, ...]:
    """(21)  what k EVSEs below n put on l, any sum of them: in (6) in the direction of each tangent"""
    if found is None or not points:
        return points
    cars = anybody(scenario, branches, span)
    worst = {point.node: point for point in cars.points}
    return tuple(
        replace(point, lines=tuple(_with_reserve(line, worst[point.node], cars, found) for line in point.lines))
        for point in points
    )


def _with_reserve(line: Line, point: CurrentPoint, cars: Anybody, found: Arrivals) -> Line:
    """One of the lines of a node with all that cars which may start below it can put on it."""
    own = next(one for one in point.lines if one.label == line.label)
    evse, alternative = cars.evse, cars.alternative
    known = np.array([leg.known for leg in point.legs], dtype=bool)[point.leg]
    at, drawn = (alternative[point.sessions], evse[point.sessions]), own.phasors[point.leg] * point.amperes_per_kw
    choices: Complexes = np.zeros((int(alternative.max(initial=0)) + 1, len(found.power_kw)), dtype=complex)
    length = np.zeros(len(found.power_kw))
    choices[at] = np.where(known, drawn, 0.0)
    np.maximum.at(length, at[1], np.where(known, 0.0, abs(drawn)))
    sums = [(periods, sums_of_few(np.asarray(choices * kw), found.most), length * kw) for periods, kw in found.alike()]
    reserve: Complexes = np.zeros((max((len(one) for _, one, _ in sums), default=1), len(found.blind)), dtype=complex)
    loose_a = np.zeros(len(found.blind))
    for periods, one, lengths in sums:
        reserve[: len(one), periods] = one[:, None]
        loose_a[periods] = np.sort(lengths)[::-1][: found.most].sum()
    return replace(line, base_a=line.base_a + loose_a, reserve=reserve)
