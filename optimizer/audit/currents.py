"""Line currents (6): the exact length of the sum of phasors on every line, whichever cars stop drawing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import pi

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Floats
from models.domain.site import GridNode, Phase, PhaseSeries, Site, Transformer
from models.domain.units import amperes_from_kw, line_to_neutral
from models.domain.value import Series
from optimizer.audit.case import Case
from optimizer.audit.installed import counted_kw, floor_kw, held_kw
from optimizer.audit.loads import continuous_factor, high_and_low_kw, without_alarm
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.timeline import utc
from optimizer.audit.tree import above
from optimizer.audit.unseen import Starting, starting_on
from optimizer.audit.wiring import (
    BALANCED,
    VOLTAGE_IF_UNTOLD_V,
    Leg,
    amperes_per_kw,
    efficiency,
    leg,
)

ROUNDING_A = 1e-6
"""What a solver's last digits are worth; the limit itself has no tolerance. [A]"""

Complexes = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Conductors:
    """Currents on the lines of one side of a node."""

    legs: dict[Leg, Floats]
    """Charging by leg, one value a period (T,). [A]"""
    even_a: Floats
    """Base load on three even phases (G,). [A]"""
    sized_a: Floats
    """Base load known only in size, by line (3, G). [A]"""
    floors: dict[Leg, Floats] = field(default_factory=dict)
    """Of the charging, what EVSEs in reach may be following until the plan is acknowledged (T,). [A]"""
    held: dict[Leg, Floats] = field(default_factory=dict)
    """EVSEs out of reach, whoever is there: they count in size (T,). [A]"""

    def through(self, transformer: Transformer) -> "Conductors":
        """The same on the primary lines; sizes without angles add up in the worst way."""
        legs, floors, held = (_through(transformer, one) for one in (self.legs, self.floors, self.held))
        worst = self.sized_a + self.sized_a[[2, 0, 1]]  # a - c, b - a, c - b
        single = abs(Leg((1, 0, 0)).through(transformer).lines[0])
        even = abs(BALANCED.through(transformer).lines[0])
        return Conductors(legs, self.even_a * even, worst * single, floors, held)

    def add(self, other: "Conductors") -> None:
        """Take up what comes from a node below."""
        for mine, theirs in ((self.legs, other.legs), (self.floors, other.floors), (self.held, other.held)):
            for load, amperes in theirs.items():
                _add(mine, load, amperes)
        np.add(self.even_a, other.even_a, out=self.even_a)
        np.add(self.sized_a, other.sized_a, out=self.sized_a)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCurrent:
    """One line with a limit: what cars can put on it, what is on it anyway, what it may carry."""

    node: str
    line: str
    """``L1``, or ``primary L1`` on the grid side of a transformer."""
    charging_a: Floats
    """Longest sum of phasors of cars, with those that may come unseen (G,). [A]"""
    base_a: Floats
    """(G,) [A]"""
    floor_a: Floats
    """Of ``charging_a``, what may flow whatever is planned: what EVSEs may follow besides the plan, and cars that may
    come unseen (G,). [A]"""
    limit_a: Floats
    """(G,) [A]"""


def line_currents(case: Case, partial_draw: bool) -> Iterator[LineCurrent]:
    """Every line conductor that has a limit, on both sides of transformers."""
    if not any(_is_limited(node) for node in case.scenario.site.nodes):
        return
    sides = _own_conductors(case)
    for node in case.leaves_first:
        load_side = sides.pop(node.id)
        yield from _limited_lines(case, node, "", node.current_limit_a, load_side, partial_draw)
        grid_side = load_side
        if node.transformer is not None:
            grid_side = load_side.through(node.transformer)
            limit = node.transformer.primary_current_limit_a
            yield from _limited_lines(case, node, "primary ", limit, grid_side, partial_draw)
        if node.parent is not None:
            sides[node.parent].add(grid_side)


def _is_limited(node: GridNode) -> bool:
    """Whether anything at a node limits a current."""
    primary = None if node.transformer is None else node.transformer.primary_current_limit_a
    return node.current_limit_a is not None or primary is not None


def current_breaks(case: Case, current: LineCurrent) -> Iterator[Break]:
    """(6)  | Σ phasors | + base_current <= current_limit, for every set of cars that goes on drawing"""
    where, limit, alone = f"{current.node} {current.line}", current.limit_a, current.base_a + current.floor_a
    total, added = current.charging_a + current.base_a, current.charging_a - current.floor_a
    by_load = alone > limit + ROUNDING_A
    added_a = amperes_from_kw(case.tolerance_kw, case.scenario.site.voltage_v or VOLTAGE_IF_UNTOLD_V)
    for g in np.flatnonzero(~by_load & (total > limit + ROUNDING_A)):
        message = f"{total[g]:.4f} A on a limit of {limit[g]:.4f} A"
        yield _found(BreakCode.PHASE_CURRENT, case, where, g, total[g], limit[g], message)
    for g in np.flatnonzero(by_load & (added > added_a)):
        message = f"{added[g]:.4f} A of charging where {alone[g]:.4f} A of load exceed {limit[g]:.4f} A"
        yield _found(BreakCode.ADDS_TO_EXCESS, case, where, g, added[g], 0.0, message)
    for g in without_alarm(case, current.node, np.flatnonzero(by_load)):
        message = f"{alone[g]:.4f} A of other load exceed {limit[g]:.4f} A, and the plan has no alarm"
        yield _found(BreakCode.ALARM_MISSING, case, where, g, alone[g], limit[g], message)


def longest(phasors: Complexes, amperes: Floats, partial_draw: bool) -> Floats:
    """Greatest length of the sum of phasors (K,) times amperes (K, T), over all sets of them that are on. (T,) [A]"""
    return np.asarray(np.abs(_sums(phasors, amperes, partial_draw)).max(axis=0))


def _sums(phasors: Complexes, amperes: Floats, partial_draw: bool) -> Complexes:
    """Every sum that is the longest in some direction. (J, T) [A]

    It holds exactly the phasors with a positive projection on it, so it is enough to try the one set that belongs to
    each direction, and sets change only where a direction is square to a phasor.
    """
    if not partial_draw:
        return np.asarray(phasors @ amperes)[None, :]
    angles = np.angle(phasors)
    square = np.unique(np.concatenate([angles - pi / 2, angles + pi / 2]) % (2 * pi))
    between = (square + np.append(square[1:], square[0] + 2 * pi)) / 2
    sets = np.unique(np.cos(angles[None, :] - between[:, None]) > 0.0, axis=0)
    return np.asarray((sets * phasors) @ amperes)


def _own_conductors(case: Case) -> dict[str, Conductors]:
    """What hangs on each node itself."""
    site, segments = case.scenario.site, len(case.time.starts_s)
    own = {node.id: Conductors({}, np.zeros(segments), np.zeros((3, segments))) for node in site.nodes}
    for stay in case.stays:
        vehicle, evse = stay.session.vehicle, stay.evse
        per_kw, legs, load = amperes_per_kw(evse, vehicle, site.voltage_v), own[evse.node].legs, leg(evse, vehicle)
        floor = floor_kw(case, stay)
        _load(case, legs, load, stay.periods, counted_kw(case, stay, floor) * per_kw / efficiency(evse))
        if floor.any():
            _load(case, own[evse.node].floors, load, stay.periods, floor * per_kw / efficiency(evse))
        if stay.given_kw.any():
            _load(case, legs, load.backwards(), stay.periods, stay.given_kw * per_kw * efficiency(evse))
    for evse_id, power_kw in case.ground.once(held_kw).items():
        evse = case.evses[evse_id]
        per_kw = amperes_per_kw(evse, None, site.voltage_v) / efficiency(evse)
        _add(own[evse.node].held, leg(evse, None), power_kw * per_kw)
    _add_base_currents(case, own)
    return own


def _load(case: Case, legs: dict[Leg, Floats], load: Leg, periods: slice, amperes: Floats) -> None:
    if load not in legs:
        legs[load] = np.zeros(case.schedule.period_count)
    legs[load][periods] += amperes


def _add_base_currents(case: Case, own: dict[str, Conductors]) -> None:
    """The high current of a base load; where none is told, its high power on three even phases.

    Generation counts as nothing: it stands against what charging draws and can only shorten that.
    """
    for load in case.scenario.site.base_loads:
        told, there = load.high_current_a, own[load.node]
        if told is None:
            per_kw = amperes_from_kw(1.0, _voltage_at(case.scenario.site, load.node), len(Phase))
            np.add(there.even_a, np.maximum(0.0, high_and_low_kw(case.time, load)[0]) * per_kw, out=there.even_a)
            continue
        for line, series in enumerate((told.L1, told.L2, told.L3)):
            if series is not None:
                there.sized_a[line] += np.abs(case.time.steps(series))


def _voltage_at(site: Site, node_id: str) -> float:
    """Line to neutral, on the load side of a node: of the next transformer above, else before any, else the site's."""
    by_id = {node.id: node for node in site.nodes}
    for node in above(by_id, node_id):
        if node.transformer is not None:
            return line_to_neutral(node.transformer.secondary_voltage_v)
    for node in site.nodes:
        if node.transformer is not None:
            return line_to_neutral(node.transformer.primary_voltage_v)
    return site.voltage_v or VOLTAGE_IF_UNTOLD_V


def _limited_lines(
    case: Case,
    node: GridNode,
    side: str,
    limit: Series | PhaseSeries | None,
    conductors: Conductors,
    partial_draw: bool,
) -> Iterator[LineCurrent]:
    by_phase = limit if isinstance(limit, PhaseSeries) else PhaseSeries(L1=limit, L2=limit, L3=limit)
    for line, (phase, series) in enumerate(zip(Phase, (by_phase.L1, by_phase.L2, by_phase.L3), strict=True)):
        if series is None:
            continue
        unseen = starting_on(case, node, line, grid_side=bool(side))
        yield LineCurrent(
            node=node.id,
            line=f"{side}{phase}",
            charging_a=_charging_a(conductors.legs, line, partial_draw, unseen)[case.time.period],
            base_a=conductors.even_a + conductors.sized_a[line] + _held_a(case, conductors, line),
            floor_a=_charging_a(conductors.floors, line, partial_draw, unseen)[case.time.period],
            limit_a=case.time.steps(series) * continuous_factor(node),
        )


def _held_a(case: Case, conductors: Conductors, line: int) -> Floats:
    """EVSEs out of reach, in size (G,). [A]"""
    total = np.zeros(case.schedule.period_count)
    for load, amperes in conductors.held.items():
        total += (abs(load.lines[line]) + load.unplaced) * amperes
    return total[case.time.period]


def _charging_a(legs: dict[Leg, Floats], line: int, partial_draw: bool, unseen: Starting) -> Floats:
    """Longest current that the cars can put on a line, with those that come unseen beside them. (T,) [A]

    Those of unknown phase count in full.
    """
    sums, total = unseen.sums, unseen.unplaced_a.copy()
    placed = [(load.lines[line], amperes) for load, amperes in legs.items() if load.lines[line]]
    if placed:
        phasors = np.array([phasor for phasor, _ in placed])
        own = _sums(phasors, np.array([amperes for _, amperes in placed]), partial_draw)
        sums = (own[:, None, :] + sums[None, :, :]).reshape(-1, sums.shape[1])
    for load, amperes in legs.items():
        total += load.unplaced * amperes
    return np.asarray(total + np.abs(sums).max(axis=0))


def _through(transformer: Transformer, legs: dict[Leg, Floats]) -> dict[Leg, Floats]:
    primary: dict[Leg, Floats] = {}
    for load, amperes in legs.items():
        _add(primary, load.through(transformer), amperes)
    return primary


def _add(legs: dict[Leg, Floats], load: Leg, amperes: Floats) -> None:
    legs[load] = legs[load] + amperes if load in legs else amperes


def _found(code: BreakCode, case: Case, where: str, g: np.intp, amount: float, limit: float, message: str) -> Break:
    start = utc(case.time.cuts_s[g])
    return Break(code=code, where=where, start=start, amount=float(amount), limit=float(limit), message=message)
