"""Equation (6), guaranteed: the length of each line's current stays under its limit, whichever cars stop drawing.

A limit on a length is a cone. The program stays linear: tangents are laid at the angles at which the sum can point,
and ``optimizer.cuts`` adds more where an answer is outside.
"""

from cmath import phase
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, degrees
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.formulation.energy import Charging
from optimizer.formulation.nodes import distinct
from optimizer.instance import CurrentPoint, Instance
from optimizer.instance.below import cells_of
from optimizer.instance.currents import Line, Phasors
from optimizer.program import Block, Floats, Ints, ProgramBuilder
from optimizer.settings import Settings

SPACING_DEG = 30
"""Between the first tangents. Measured on 200 EVSEs: two thirds of the rows of 15 degrees, and of its time."""
HAIR_A = 1e-6
"""A bound that full power just meets gets its row, whatever the last digit says. [A]"""
LINES = ("L1", "L2", "L3", "primary L1", "primary L2", "primary L3")


class Directions(NamedTuple):
    """Where tangents are to be laid (R,): lines of a point, by position, angles and periods."""

    line: Ints
    angle: Ints
    """In thousandths of a degree."""
    period: Ints


@dataclass(frozen=True, slots=True)
class Tangents:
    """Rows to be laid: one for each (line, angle, period)."""

    node: Ints
    line: Ints
    angle: Ints
    """In thousandths of a degree."""
    period: Ints
    row: Ints
    """One entry for each coefficient: the row ..."""
    column: Ints
    """... the position in the block ``leg_current`` ..."""
    value: Floats
    """... and the projection of the leg's phasor."""
    bound: Floats


def phase_currents(lp: ProgramBuilder, instance: Instance, charging: Charging, settings: Settings) -> None:
    """Columns of the legs, what they carry, and the first tangents."""
    if not instance.currents:
        return
    leg_current, most_a = _leg_currents(lp, instance, charging)
    share = 1.0 - settings.current_tolerance
    laid = [
        tangents(point, lines, first_directions(point, lines, instance.periods.count), legs, settings, share=share)
        for point, lines, legs in limited_lines(leg_current, instance)
    ]
    found = _within_reach(joined(laid), most_a)
    # (6)  Σ_g max(0, Re(e^{-jθ} a[n,l,g])) leg_current[n,g,t] <= (1 - tolerance) current_limit[n,l,t] - base_current
    lp.at_most(
        "node_phase_current",
        ("node", "line", "tangent", "period"),
        (found.node, found.line, found.angle, found.period),
        [(found.value, leg_current.by(found.row, found.column))],
        bound=found.bound,
        unit="A",
    )


def _leg_currents(lp: ProgramBuilder, instance: Instance, charging: Charging) -> tuple[Block, Floats]:
    """The columns, and what each can carry at most: everybody at full power. [A]"""
    count, legs = instance.periods.count, len(lp.coords["leg"])
    drawn, drawing, per_drawn_kw = _on_legs(lp, instance, giving=False)
    given, giving, per_given_kw = _on_legs(lp, instance, giving=True)
    rows, row = distinct(np.concatenate([drawn, given]), len(instance.limits.ids) * legs * count)
    positions = (rows // count // legs, rows // count % legs, rows % count)
    dims = ("node", "leg", "period")
    leg_current = lp.variable("leg_current", dims, positions, unit="A")
    # (6)  leg_current[n,g,t] - Σ amperes_per_kw/κ charge_power[s,t] - Σ amperes_per_kw κ discharge_power[s,t] = 0
    lp.equal(
        "leg_current_definition",
        dims,
        positions,
        [
            (1.0, leg_current),
            *charging.counted.terms(-per_drawn_kw, row[: len(drawn)], drawing),
            (-per_given_kw, charging.discharge_power.by(row[len(drawn) :], instance.states.giving_at(giving))),
        ],
        to=0.0,
        unit="A",
        defines=leg_current,
    )
    full = np.concatenate([per_drawn_kw, per_given_kw]) * _full_power_kw(instance, drawing, giving)
    return leg_current, np.bincount(row, weights=full, minlength=leg_current.size).astype(float)


def _full_power_kw(instance: Instance, drawing: Ints, giving: Ints) -> Floats:
    """What limits count at most of the cells that draw and of those that give back."""
    states = instance.states
    most_kw = instance.following.counted_kw(instance.following.most_kw)
    given_kw = states.max_discharge_kw[states.member[states.giving]][instance.states.giving_at(giving)]
    return np.concatenate([most_kw[drawing], given_kw])


def _within_reach(laid: Tangents, most_a: Floats) -> Tangents:
    """Those that full power could exceed: of benchmark B3 78 % at 10 connectors, 55 at 50, 40 at 200."""
    count = len(laid.bound)
    reach = np.bincount(laid.row, weights=np.maximum(0.0, laid.value) * most_a[laid.column], minlength=count)
    kept = reach > laid.bound - HAIR_A
    number = np.cumsum(kept) - 1
    entry = kept[laid.row]
    return Tangents(
        node=laid.node[kept],
        line=laid.line[kept],
        angle=laid.angle[kept],
        period=laid.period[kept],
        row=number[laid.row[entry]],
        column=laid.column[entry],
        value=laid.value[entry],
        bound=laid.bound[kept],
    )


def _on_legs(lp: ProgramBuilder, instance: Instance, *, giving: bool) -> tuple[Ints, Ints, Floats]:
    """For every pair of a cell and a node with current limits above it: its leg's place, the cell, amperes per kW."""
    count = instance.periods.count
    leg_of = {label: k for k, label in enumerate(lp.coords["leg"])}  # type: ignore[arg-type,var-annotated]
    places, sources, values = [], [], []
    for point in instance.currents:
        who = point.giving if giving else point.sessions
        amperes = point.giving_amperes_per_kw if giving else point.amperes_per_kw
        cell, member = cells_of(instance.cells, who)
        number = np.array([leg_of[leg.label] for leg in point.legs], dtype=np.int64)
        leg = number[point.giving_leg if giving else point.leg][member]
        places.append((point.node * len(leg_of) + leg) * count + instance.cells.period[cell])
        sources.append(cell)
        values.append(amperes[member])
    return np.concatenate(places), np.concatenate(sources), np.concatenate(values)


def limited_lines(leg_current: Block, instance: Instance) -> Iterator[tuple[CurrentPoint, tuple[Line, ...], Ints]]:
    """Every current point, its lines that need tangents, and where its legs are in ``leg_current`` (G, T); -1: nowhere.

    Points without such lines are left out.
    """
    node, leg, period = leg_current.positions
    labels = dict.fromkeys(leg.label for point in instance.currents for leg in point.legs)
    number = {label: k for k, label in enumerate(labels)}
    table = np.full((len(instance.limits.ids), len(number), instance.periods.count), -1, dtype=np.int64)
    table[node, leg, period] = np.arange(leg_current.size)
    for point in instance.currents:
        lines = tuple(distinct_lines(point))
        if lines:
            yield point, lines, table[point.node][[number[leg.label] for leg in point.legs]]


def _known(point: CurrentPoint) -> NDArray[np.bool_]:
    return np.array([leg.known for leg in point.legs], dtype=bool)


def distinct_lines(point: CurrentPoint) -> Iterator[Line]:
    """The lines of a point, without those that only repeat another: one axis, the same lengths, limit and base."""
    seen = set()
    for line in point.lines:
        key: tuple[object, ...] = (line.label,)
        lengths = tuple(round(abs(phasor), 12) for phasor in line.phasors.tolist())
        if len(_axes(_angles(_of_known(line, point)))) <= 1:
            key = (lengths, line.limit_a.tobytes(), line.base_a.tobytes(), _reserve_of(line, point))
        if key not in seen and any(lengths):
            seen.add(key)
            yield line


def _of_known(line: Line, point: CurrentPoint) -> list[complex]:
    """What the legs of known phase put on a line."""
    return [phasor for phasor, leg in zip(line.phasors.tolist(), point.legs, strict=True) if leg.known]


def _reserve_of(line: Line, point: CurrentPoint) -> bytes:
    """What cars that come unseen can put on a line, as seen from the one axis of its legs."""
    if line.reserve is None:
        return b""
    own = next((phasor for phasor in _of_known(line, point) if abs(phasor) > 1e-12), 1.0 + 0j)
    seen = np.round(line.reserve * np.conj(own) / abs(own), 6) + 0.0
    return np.sort(seen, axis=0).tobytes()


def _angles(phasors: Iterable[complex]) -> list[float]:
    """The different angles of the phasors that are not zero, in [0, 360), ascending. [degrees]

    Of three or four of them; in arrays they took ten times as long, and a tenth of a plan of 10 connectors.
    """
    return sorted({round(degrees(phase(phasor)), 6) % 360.0 for phasor in phasors if abs(phasor) > 1e-12})


def _axes(angles: Iterable[float]) -> list[float]:
    """Angles of which opposite ones count as one, in [0, 180), ascending. [degrees]"""
    return sorted({round(angle % 180.0, 6) % 180.0 for angle in angles})


def first_angles(phasors: Iterable[complex]) -> list[int]:
    """Where a non-negative sum of the phasors can point, in steps of at most SPACING_DEG. [1/1000 degree]"""
    angles = _angles(phasors)
    if len(angles) == 0:
        return [0]
    if len(_axes(angles)) == 1:
        return [_thousandths_of(angle) for angle in angles]
    gaps = [after - angle for angle, after in pairwise([*angles, angles[0] + 360.0])]
    widest = gaps.index(max(gaps))
    width = 360.0 - gaps[widest]
    start = angles[(widest + 1) % len(angles)]
    if gaps[widest] <= 180.0 + 1e-6 and width > 0:
        return [1000 * k for k in range(0, 360, SPACING_DEG)]
    steps = ceil(width / SPACING_DEG - 1e-6)
    return [_thousandths_of(start + width * k / max(1, steps)) for k in range(steps + 1)]


def first_directions(point: CurrentPoint, lines: tuple[Line, ...], count: int) -> Directions:
    """The first angles of each line, each in every one of ``count`` periods."""
    angles = [first_angles(_of_known(line, point)) for line in lines]
    angle = np.array([angle for own in angles for angle in own], dtype=np.int64).repeat(count)
    line = np.arange(len(lines)).repeat([count * len(own) for own in angles])
    return Directions(line, angle, np.arange(len(angle)) % count)


def thousandths(degrees: ArrayLike) -> Ints:
    return np.rint(np.asarray(degrees) % 360.0 * 1000).astype(np.int64) % 360_000


def _thousandths_of(degrees: float) -> int:
    return round(degrees % 360.0 * 1000) % 360_000


def projections(point: CurrentPoint, phasors: Phasors, angle: Ints, settings: Settings) -> Floats:
    """What one ampere on each leg adds in each direction (G, R) to a line on which it puts a phasor (G, R)."""
    direction, known = np.exp(-1j * np.deg2rad(angle / 1000)), _known(point)[:, None]
    along = np.where(known, (direction * phasors).real, abs(phasors))
    along[abs(along) < 1e-12] = 0.0
    return np.maximum(0.0, along) if settings.partial_draw else along


def tangents(
    point: CurrentPoint, lines: tuple[Line, ...], where: Directions, places: Ints, settings: Settings, *, share: float
) -> Tangents:
    """Rows of some lines of a point; ``share`` of the limit is what they allow.

    Directions in which no leg counts get no row.
    """
    phasors = np.array([line.phasors for line in lines])
    along = projections(point, phasors[where.line].T, where.angle, settings)
    used = (places[:, where.period] >= 0) & (along != 0.0)
    kept = used.any(axis=0)
    (line, angle, period), along, used = (part[kept] for part in where), along[:, kept], used[:, kept]
    row, leg = used.T.nonzero()
    bound = _bounds(lines, Directions(line, angle, period), share)
    if point.floor_a is not None:
        # What is installed alone may exceed the limit: then that is the bound, and nothing adds to it.
        bound = np.maximum(bound, (along * point.floor_a[:, period]).sum(axis=0))
    return Tangents(
        node=np.full(len(period), point.node),
        line=np.array([LINES.index(one.label) for one in lines])[line],
        angle=angle,
        period=period,
        row=row,
        column=places[leg, period[row]],
        value=along[leg, row],
        bound=bound,
    )


def _bounds(lines: tuple[Line, ...], where: Directions, share: float) -> Floats:
    """What ``share`` of the limits leaves to the cars of the plan (R,). [A]"""
    line, angle, period = where
    limit_a, base_a = (np.array(arrays) for arrays in zip(*((one.limit_a, one.base_a) for one in lines), strict=True))
    bound = share * limit_a[line, period] - base_a[line, period]
    for k, one in enumerate(lines):
        if one.reserve is not None:
            mine = line == k
            bound[mine] -= one.reserve_along(angle[mine], period[mine])
    return np.asarray(np.maximum(0.0, bound))


def joined(parts: list[Tangents]) -> Tangents:
    """All of them as one, rows counted on; none of them is a block without rows."""
    none = np.zeros(0, dtype=np.int64)
    parts = parts or [Tangents(none, none, none, none, none, none, np.zeros(0), np.zeros(0))]
    offset = np.concatenate([[0], np.cumsum([len(p.period) for p in parts])]).astype(np.int64)
    rows = [p.row + o for p, o in zip(parts, offset, strict=False)]
    names = ("node", "line", "angle", "period", "column", "value", "bound")
    arrays = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
    return Tangents(row=np.concatenate(rows), **arrays)
