"""What limits leave: import limits (5) and phase currents (6) of one scenario as discs, and the room inside them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.domain.made_once import made_once
from optimizer.giving.discs import Complexes, Floats, corners, least_straight_reach, reach, straight_reach
from optimizer.instance import CurrentPoint, Groups, ImportLimits, Instance
from optimizer.instance.below import cells_of
from optimizer.instance.limits import drawn_per_kw

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_KEPT_BACK = 1e-11
"""Share of every limit that sums of rounded numbers may not touch."""
HAIR = 1e-9
"""Share of a limit that is more than what sums of the same numbers in another order differ by."""


@dataclass(frozen=True)
class Limits:
    """Rows (R,) over members (S,) and periods (T,); in kW, or in A where the row is a line."""

    node: Ints
    """Position of the node or cabinet; after these come the capped groups of EVSEs, then the meters of events."""
    line: tuple[str, ...]
    """``L1``, ``primary L1``; empty for a limit on power."""
    phasor: Complexes
    """(R, S) what one kW at evse adds to the row's current. [A/kW]"""
    length: Floats
    """(R, S) what it adds whatever its direction: power at the node, current of an unknown phase. [kW/kW, A/kW]"""
    limit: Floats
    """(R, T) inf where there is none."""
    base: Floats
    """(R, T) load that nobody here controls, with what EVSEs follow until a new plan is acknowledged ..."""
    expected: Flags
    """(R,) ... but for rows of expected loads, which count nothing that is not planned."""
    beside: Complexes
    """(R, T) what the plan puts on the row's line in a known direction beside members: cars that give back. [A]"""

    @cached_property
    def radius(self) -> Floats:
        """What is left for charging (R, T)."""
        return (1.0 - _KEPT_BACK) * np.maximum(0.0, self.limit - self.base)

    @cached_property
    def directed(self) -> bool:
        """Whether anything here has a direction; limits on power have none."""
        return bool(self.phasor.any() or self.beside.any())

    def binding(self, max_power_kw: Floats) -> "Limits":
        """Only the rows that members at full power could exceed, with finite limits that change nothing."""
        most = ((abs(self.phasor) + self.length) @ max_power_kw)[:, None] + abs(self.beside)
        keep = np.flatnonzero((self.radius < most).any(axis=1))
        return Limits(
            self.node[keep],
            tuple(self.line[r] for r in keep),
            self.phasor[keep],
            self.length[keep],
            np.minimum(self.limit[keep], self.base[keep] + 2.0 * most[keep]),
            self.base[keep],
            self.expected[keep],
            self.beside[keep],
        )

    def of(self, members: Ints, period: int) -> "Room":
        lengths, at = self.length[:, members], self.beside[:, period]
        phasors = self.phasor[:, members] if self.directed else self.phasor[:, : len(members)]  # all of them are 0
        return Room(phasors, lengths, self.radius[:, period], self.expected, at, self.directed)


@dataclass(frozen=True, slots=True)
class Room:
    """The limits of one period for the members that are there (n,). ``given`` is their power so far (n,). [kW]"""

    phasor: Complexes
    length: Floats
    radius: Floats
    expected: Flags
    beside: Complexes
    directed: bool
    """Whether anything has a direction: else phasors are 0 and need no look, which is most of the time of a look."""

    @property
    def of_expected_loads(self) -> "Room":
        """Only the rows that count what is planned, and nothing that is installed."""
        at = self.expected
        return Room(self.phasor[at], self.length[at], self.radius[at], at[at], self.beside[at], self.directed)

    def fits(self, given: Floats) -> bool:
        """Whether all of it together keeps every limit."""
        return bool((self._used(given) <= self.radius).all())

    def fits_with_a_hair(self, given: Floats) -> bool:
        """The same with a hair to spare: then sums of the same numbers in any order keep them."""
        return bool((self._used(given) * (1.0 + HAIR) <= self.radius).all())

    def _used(self, given: Floats) -> Floats:
        used: Floats = self.length @ given
        return abs(self._load(given)) + used if self.directed else used

    def surely_fit(self, wanted_kw: Floats, order: Ints) -> int:
        """To how many in order there is all that they want, with a hair to spare. Where anything has a direction, that
        is not looked at: 0.
        """
        if self.directed:
            return 0
        used = np.cumsum(self.length[:, order] * wanted_kw[order], axis=1)
        fits = (used <= self.radius[:, None] * (1.0 - HAIR)).all(axis=0)
        return int(np.logical_and.accumulate(fits).sum())

    def of(self, given: Floats, k: int) -> float:
        """What member k can take on top. [kW]"""
        if not self.directed:
            return least_straight_reach(self._left(given), self.length[:, k])
        return float(self._reach(given, self.phasor[:, k], self.length[:, k]).min(initial=np.inf))

    def each(self, given: Floats) -> Floats:
        """What every member could take on top if it were alone (n,). [kW]"""
        return np.asarray(self.by_row(given).min(axis=0, initial=np.inf))

    def by_row(self, given: Floats) -> Floats:
        """The same, limit by limit (R, n). [kW]"""
        left = self._left(given)[:, None]
        if not self.directed:
            return straight_reach(left, self.length)
        return reach(self._load(given)[:, None], left, self.phasor, self.length)

    def together(self, given: Floats, rising: NDArray[np.bool_]) -> float:
        """What each of the rising members can take on top if all of them take the same. [kW]"""
        phasor, length = self.phasor @ rising, self.length @ rising
        return float(self._reach(given, phasor, length).min(initial=np.inf))

    def _reach(self, given: Floats, phasor: Complexes, length: Floats) -> Floats:
        left = self._left(given)
        return reach(self._load(given), left, phasor, length) if self.directed else straight_reach(left, length)

    def _load(self, given: Floats) -> Complexes:
        return self.beside + self.phasor @ given

    def _left(self, given: Floats) -> Floats:
        """Of each radius, when what has no direction is taken off."""
        return np.maximum(0.0, self.radius - self.length @ given)


def own_limits(instance: Instance) -> Limits:
    """Every limit that its sessions could exceed, where nothing else is planned: the same for every simple rule."""
    return made_once(limits_of, instance)


def limits_of(instance: Instance, drawn_kw: Floats | None = None, given_back_kw: Floats | None = None) -> Limits:
    """Every limit that its sessions could exceed, where all else that is planned draws so much.

    ``drawn_kw`` is that of nodes and cabinets, then of capped groups, then of the meters of events (M + G + E, T). [kW]
    ``given_back_kw`` (N,) is what loads the lines of (6) beside them. [kW at evse]
    """
    who = instance.sessions
    powers = power_limits(instance.limits, who.evse_ids, who.efficiency, who.power_factor)
    itself = np.arange(who.count)
    given_back = [
        None if given_back_kw is None else _given_back_a(p, instance, given_back_kw) for p in instance.currents
    ]
    currents = [
        current_limits(point, itself, np.zeros_like(itself), who.count, leg_a)
        for point, leg_a in zip(instance.currents, given_back, strict=True)
    ]
    grouped = group_limits(instance.limits, instance.groups, who.evse_ids, who.efficiency)
    after = rebound_limits(instance)
    if drawn_kw is not None:
        ends = np.cumsum([len(powers.limit), len(grouped.limit)])
        of_nodes, of_groups, of_meters = np.split(drawn_kw, ends)
        powers, grouped = _beside(powers, of_nodes), _beside(grouped, of_groups)
        after = replace(after, base=after.base + of_meters)
    return joined([powers, grouped, after, *currents]).binding(who.max_power_kw)


def _beside(limits: Limits, drawn_kw: Floats) -> Limits:
    """Load that nobody controls and that is above a limit leaves no room, and takes none from what is planned."""
    return replace(limits, limit=np.maximum(limits.limit, limits.base), base=limits.base + drawn_kw)


def _given_back_a(point: CurrentPoint, instance: Instance, given_back_kw: Floats) -> Floats:
    """What cars put on each leg of a point by giving back (G, T). [A]"""
    leg_a = np.zeros((len(point.legs), instance.periods.count))
    cell, member = cells_of(instance.cells, point.giving)
    amperes = point.giving_amperes_per_kw[member] * given_back_kw[cell]
    np.add.at(leg_a, (point.giving_leg[member], instance.cells.period[cell]), amperes)
    return leg_a


def power_limits(limits: ImportLimits, evse_ids: tuple[str, ...], efficiency: Floats, power_factor: Floats) -> Limits:
    """(5) Nodes and cabinets that limit power; members are at these EVSEs."""
    length = np.zeros((len(limits.ids), len(evse_ids)))
    for s, evse in enumerate(evse_ids):
        above = np.array(limits.evse_nodes[evse], dtype=np.int64)
        length[above, s] = drawn_per_kw(limits, above, efficiency[s], power_factor[s])
    nodes = np.arange(len(limits.ids))
    base, expected = limits.high_kw + limits.floor_kw, _none_of(nodes)
    return _without_directions(nodes, length, limits.limit_kw, base, expected)


def group_limits(limits: ImportLimits, groups: Groups, evse_ids: tuple[str, ...], efficiency: Floats) -> Limits:
    """(13) Capped groups of EVSEs, without a credit for PV and batteries, which no simple rule plans."""
    length = np.where(groups.members(evse_ids), 1.0 / efficiency, 0.0)
    nodes = len(limits.ids) + np.arange(len(groups.ids))
    base = groups.held_kw + groups.floor_kw
    return _without_directions(nodes, length, groups.limit_kw, base, _none_of(nodes))


def rebound_limits(instance: Instance) -> Limits:
    """(12) Meters whose load may not rise above a limit after an event, with batteries at rest and all PV held back."""
    at, after = instance.response.meters, instance.response.rebound
    limit = np.full(at.rest_kw.shape, np.inf)
    hard = np.flatnonzero(after.hard)
    np.minimum.at(limit, (after.meter[hard], after.period[hard]), after.limit_kw[hard])
    nodes = len(instance.limits.ids) + len(instance.groups.ids) + np.arange(len(at.ids))
    return _without_directions(nodes, at.drawn, limit, at.rest_kw, ~_none_of(nodes))


def _without_directions(nodes: Ints, length: Floats, limit: Floats, base: Floats, expected: Flags) -> Limits:
    """Limits on power."""
    phasor, beside = np.zeros_like(length, dtype=complex), np.zeros_like(limit, dtype=complex)
    return Limits(nodes, ("",) * len(nodes), phasor, length, limit, base, expected, beside)


def current_limits(
    point: CurrentPoint, member: Ints, alternative: Ints, count: int, given_back_a: Floats | None = None
) -> Limits:
    """(6) The lines of one node, a row for every corner.

    Session s of the point is an alternative of a member: it draws in this way, or in another one, or not. Legs on which
    cars give back (G, T) are loads like members: the farthest sum has all that is on them, or none of it. [A]
    """
    leg_a = np.zeros((len(point.legs), 1)) if given_back_a is None else given_back_a
    known = np.array([leg.known for leg in point.legs], dtype=bool)
    at, drawn_known = (alternative[point.sessions], member[point.sessions]), known[point.leg]
    rows = []
    for number, line in enumerate(point.lines):
        drawn = line.phasors[point.leg] * point.amperes_per_kw
        choices = np.zeros((int(alternative.max(initial=0)) + 1, count + len(leg_a)), dtype=complex)
        choices[at] = np.where(drawn_known, drawn, 0.0)
        choices[0, count:] = np.where(known & leg_a.any(axis=1), line.phasors, 0.0)
        length = np.zeros(count)
        length[at[1]] = np.where(drawn_known, 0.0, abs(drawn))
        picks = corners(choices) or [choices[0]]
        rows += [(number, pick, length) for pick in picks]
    return _lines(point, rows, count, leg_a, known)


def _lines(
    point: CurrentPoint, rows: list[tuple[int, Complexes, Floats]], count: int, leg_a: Floats, known: Flags
) -> Limits:
    lines = [point.lines[number] for number, _, _ in rows]
    picks = np.array([pick for _, pick, _ in rows], dtype=complex).reshape(len(rows), count + len(leg_a))
    limit = np.array([line.limit_a for line in lines])
    unknown = [abs(line.phasors) @ (leg_a * ~known[:, None]) for line in lines]
    return Limits(
        np.full(len(rows), point.node),
        tuple(line.label for line in lines),
        picks[:, :count],
        np.array([length for _, _, length in rows]).reshape(len(rows), count),
        limit,
        np.array([line.kept_a + point.installed_a(line) + a for line, a in zip(lines, unknown, strict=True)]),
        np.zeros(len(rows), dtype=bool),
        picks[:, count:] @ leg_a + np.zeros_like(limit, dtype=complex),
    )


def _none_of(rows: Ints) -> Flags:
    return np.zeros(len(rows), dtype=bool)


def joined(parts: list[Limits]) -> Limits:
    """The rows of all of them."""
    return Limits(
        np.concatenate([p.node for p in parts]),
        tuple(label for p in parts for label in p.line),
        np.concatenate([p.phasor for p in parts]),
        np.concatenate([p.length for p in parts]),
        np.concatenate([p.limit for p in parts]),
        np.concatenate([p.base for p in parts]),
        np.concatenate([p.expected for p in parts]),
        np.concatenate([p.beside for p in parts]),
    )
