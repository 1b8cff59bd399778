"""Finds the phase currents (6) that an answer puts outside their limit and the tangents that cut it off."""

from cmath import rect
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import radians
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer.formulation.currents import (
    Directions,
    Tangents,
    joined,
    limited_lines,
    tangents,
    thousandths,
)
from optimizer.instance import CurrentPoint, Instance
from optimizer.instance.currents import Line, Phasors
from optimizer.program import Block, Floats, Ints, LinearProgram, with_rows
from optimizer.settings import Settings
from optimizer.sparse import Rows

FAN = (0.0, 0.5, -0.5)
"""Where tangents are laid at a corner that is outside, in parts of the angle from it to where its tangents touch."""
FLOOR_SLACK_A = 1e-5
"""Where what is installed exceeds a limit, rows have no room of their own to be rounded in. [A]"""
RIGHT_ANGLES = tuple(rect(1.0, radians(turn + beside)) for turn in (90.0, -90.0) for beside in (1e-3, -1e-3))
"""Directions just beside them, as seen from a leg's own."""
FULL_TURN = 360_000
"""In thousandths of a degree."""
FARTHEST = 24
"""Tangents are repeated at most so many periods before and after, ..."""
PERIODS_PER_NEIGHBOUR = 96
"""... one for so many periods of the plan. Over a day of quarter hours more only swell the program: at 200 connectors
2.8 times the first solve with one neighbour, 3.8 with none, 4.3 with ten."""
NOTHING_A = 5e-7
"""On a line without room: the solver's own digits, which no cut takes away. [A]"""
ROWS_PER_LINE = 1000
"""As long as a line gets no more than about so many rows a round. Measured on 54 EVSEs over a month to 1e-6: at 30 kW
12 rounds and 22 s, without fans and neighbours 31 and 38; at 20 kW 18 rounds and 24 s, without more than 60 and 75."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The lines with limits of a node (L), and every sum of legs (K) that their currents can be the longest of."""

    point: CurrentPoint
    places: Ints
    """(G, T) where its legs are in ``leg_current``; -1 where a leg carries nothing."""
    lines: tuple[Line, ...]
    of_line: tuple[slice, ...]
    """Which of the sums are those of each line."""
    sums: Phasors
    """(K, G) phasors of the legs that take part: all, or those that go on drawing, line by line."""
    reserve: Phasors | None
    """(K, T) what cars that may come put beside them; None: nobody comes. [A]"""
    of_unknown: Floats
    """(L, G) what one ampere on a leg of unknown phase adds to the length."""
    limit_a: Floats
    """(L, T)"""
    base_a: Floats
    """(L, T)"""
    inside_a: Floats
    """(L, T) lengths up to this are inside whatever the limit says: what is kept for others, and what is installed."""

    def currents(self, legs_a: Floats) -> Phasors:
        """All sums (K, T), of currents of the legs (G, T). [A]"""
        sums: Phasors = self.sums @ legs_a
        return sums if self.reserve is None else sums + self.reserve

    def longest_a(self, currents_a: NDArray[np.floating[Any]], legs_a: Floats) -> Floats:
        """The longest sum of each line, of the lengths of all, with what has no known phase (L, T). [A]"""
        first = [own.start for own in self.of_line]
        return np.asarray(np.maximum.reduceat(currents_a, first) + self.of_unknown @ legs_a)


def watches(program: LinearProgram, instance: Instance, settings: Settings) -> tuple[Watch, ...]:
    """Made once for all rounds of cuts; none where no current is limited."""
    if "leg_current" not in program.columns:
        return ()
    limited = limited_lines(program.columns["leg_current"], instance)
    return tuple(_watch(point, lines, places, settings) for point, lines, places in limited)


def _watch(point: CurrentPoint, lines: tuple[Line, ...], places: Ints, settings: Settings) -> Watch:
    sums, reserve = zip(*(_beside(_sums(point, line, settings), line, places.shape[1]) for line in lines), strict=True)
    ends = np.cumsum([len(own) for own in sums]).tolist()
    watch = Watch(
        point=point,
        places=places,
        lines=lines,
        of_line=tuple(slice(first, end) for first, end in pairwise([0, *ends])),
        sums=np.concatenate(sums),
        reserve=np.concatenate(reserve) if any(line.reserve is not None for line in lines) else None,
        of_unknown=np.array([_of_unknown(point, line) for line in lines]),
        limit_a=np.array([line.limit_a for line in lines]),
        base_a=np.array([line.base_a for line in lines]),
        inside_a=np.array([line.kept_a - line.base_a for line in lines]),
    )
    if point.floor_a is None:
        return watch
    installed_a = watch.longest_a(np.abs(watch.currents(point.floor_a)), point.floor_a) + FLOOR_SLACK_A
    return replace(watch, inside_a=np.maximum(watch.inside_a, installed_a))


def _sums(point: CurrentPoint, line: Line, settings: Settings) -> Phasors:
    """Phasors of the legs of known phase that take part, for each sum (K, G).

    The sums of subsets are the corners of a zonotope. A corner is farthest from the origin in some direction, and the
    legs that take part are those with a positive projection on it. Directions just beside the right angles of each leg
    meet every corner.
    """
    phasors = [p if leg.known else 0j for p, leg in zip(line.phasors.tolist(), point.legs, strict=True)]
    subsets = _corners(phasors) if settings.partial_draw else ()
    sums = [phasors, *([p if taken else 0j for p, taken in zip(phasors, some, strict=True)] for some in subsets)]
    return np.array(sums, dtype=complex)


def _beside(sums: Phasors, line: Line, periods: int) -> tuple[Phasors, Phasors]:
    """Each sum with each of what one of the cars that may come puts beside it: sums (K, G), reserve (K, T)."""
    if line.reserve is None:
        return sums, np.zeros((len(sums), periods), dtype=complex)
    return sums.repeat(len(line.reserve), axis=0), np.tile(line.reserve, (len(sums), 1))


def _of_unknown(point: CurrentPoint, line: Line) -> list[float]:
    return [0.0 if leg.known else abs(p) for p, leg in zip(line.phasors.tolist(), point.legs, strict=True)]


def violated(
    program: LinearProgram,
    seen: tuple[Watch, ...],
    values: Floats,
    settings: Settings,
    *,
    allowed: float,
    share: float,
) -> Tangents | None:
    """Tangents with ``share`` of the limit for every line and period beyond ``allowed`` of it; None without any."""
    if not seen:
        return None
    currents = np.append(values[program.columns["leg_current"].slice], 0.0)  # place -1 carries nothing
    found = [_cuts(watch, currents[watch.places], settings, allowed, share) for watch in seen]
    cuts = [one for one in found if one is not None]
    return joined(cuts) if cuts else None


def _cuts(watch: Watch, legs_a: Floats, settings: Settings, allowed: float, share: float) -> Tangents | None:
    """None where all lines are inside everywhere."""
    sums = watch.currents(legs_a)
    size = np.abs(sums)
    length = watch.longest_a(size, legs_a)
    room = np.maximum(watch.inside_a, allowed * watch.limit_a - watch.base_a)
    line, period = (length > room + NOTHING_A).nonzero()
    if not len(line):
        return None
    degrees = np.rad2deg(np.angle(sums[_longest(watch, size, line, period), period]))
    half_view = np.rad2deg(np.arccos(room[line, period] / length[line, period]))
    fans = Directions(np.concatenate([line] * len(FAN)), _fans(degrees, half_view), np.concatenate([period] * len(FAN)))
    where = _neighbours(fans, len(watch.lines), legs_a.shape[1])
    return tangents(watch.point, watch.lines, where, watch.places, settings, share=share)


def _longest(watch: Watch, size: Floats, line: Ints, period: Ints) -> Ints:
    """Which of all sums is the longest of each of some lines, which ascend, in a period of its own (N,)."""
    found = []
    for k in sorted(set(line.tolist())):
        own = watch.of_line[k]
        found.append(own.start + size[own][:, period[line == k]].argmax(axis=0))
    return np.concatenate(found)


def _fans(degrees: Floats, half_view: Floats) -> Ints:
    """Angles of the tangents of all corners; ``half_view`` is half the angle at which each of them sees the circle.

    A tangent at the corner's own angle leaves two new corners half of ``half_view`` away, so these are cut as well.
    """
    return thousandths(np.concatenate([degrees + part * half_view for part in FAN]))


def _neighbours(where: Directions, lines: int, count: int) -> Directions:
    """The same tangents in the periods around as well, as many as the budget of rows of each line allows.

    Late in the game a few periods are outside and cutting them only moves the excess next door.
    """
    budget = ROWS_PER_LINE // np.maximum(1, 2 * np.bincount(where.line, minlength=lines))
    reach = np.minimum(min(FARTHEST, -(-count // PERIODS_PER_NEIGHBOUR)), budget)[where.line]
    away = np.arange(-int(reach.max()), int(reach.max()) + 1)
    around = where.period[:, None] + away
    inside = (around >= 0) & (around < count) & (abs(away) <= reach[:, None])
    directions = where.line * FULL_TURN + where.angle
    places = np.unique((directions[:, None] * count + around)[inside])
    direction, period = np.divmod(places, count)
    return Directions(*np.divmod(direction, FULL_TURN), period)


def _corners(phasors: list[complex]) -> Iterable[tuple[bool, ...]]:
    """Who takes part in each of them, but for the one in which all do."""
    seen: dict[tuple[bool, ...], None] = {}
    for phasor in phasors:
        if abs(phasor) > 1e-12:
            for turn in RIGHT_ANGLES:
                against = (phasor * turn).conjugate()
                seen[tuple((against * other).real > 0.0 for other in phasors)] = None
    return (subset for subset in seen if not all(subset))


def with_cuts(program: LinearProgram, cuts: Tangents, round_number: int) -> tuple[LinearProgram, Rows]:
    """The program with the cuts as block ``node_phase_current_<round>``, and the rows that were added."""
    count = len(cuts.period)
    name = f"node_phase_current_{round_number}"
    dims = ("node", "line", "tangent", "period")
    positions = (cuts.node, cuts.line, cuts.angle, cuts.period)
    block = Block(name, dims, "A", program.matrix.shape[0], count, positions)
    columns = program.columns["leg_current"].start + cuts.column
    shape = (count, program.matrix.shape[1])
    rows = Rows.from_triplets(cuts.value, (cuts.row, columns), shape)
    low = np.full(count, -np.inf)
    return with_rows(program, block, rows, low, cuts.bound), rows
