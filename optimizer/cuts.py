"""Finds the phase currents (6) that an answer puts outside their limit and the tangents that cut it off."""

from cmath import rect
from collections.abc import Iterable
from dataclasses import dataclass
from math import radians

import numpy as np

from optimizer.formulation.currents import (
    Tangents,
    distinct_lines,
    joined,
    leg_places,
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
class Watched:
    """A line with a limit, and the sums of legs that its current can be the longest of, whoever stops drawing."""

    line: Line
    sums: Phasors
    """(K, G) phasors of the legs that take part in each of them."""
    of_unknown: Floats
    """(G,) what one ampere on a leg of unknown phase adds to the length."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The lines of a node, and where their legs are in ``leg_current``."""

    point: CurrentPoint
    places: Ints
    """(G, T); -1 where a leg carries nothing."""
    lines: tuple[Watched, ...]


def watches(program: LinearProgram, instance: Instance, settings: Settings) -> tuple[Watch, ...]:
    """Made once for all rounds of cuts; none where no current is limited."""
    if "leg_current" not in program.columns:
        return ()
    places = leg_places(program.columns["leg_current"], instance)
    return tuple(
        Watch(point, places[i], tuple(_watched(point, line, settings) for line in distinct_lines(point)))
        for i, point in enumerate(instance.currents)
    )


def _watched(point: CurrentPoint, line: Line, settings: Settings) -> Watched:
    """The sums of subsets are the corners of a zonotope.

    A corner is farthest from the origin in some direction, and the legs that take part are those with a positive
    projection on it. Directions just beside the right angles of each leg meet every corner.
    """
    told = list(zip(line.phasors.tolist(), (leg.known for leg in point.legs), strict=True))
    phasors = [phasor if known else 0j for phasor, known in told]
    subsets = _corners(phasors) if settings.partial_draw else []
    sums = [phasors, *([p if taken else 0j for p, taken in zip(phasors, some, strict=True)] for some in subsets)]
    of_unknown = [0.0 if known else abs(phasor) for phasor, known in told]
    return Watched(line, np.array(sums, dtype=complex), np.array(of_unknown, dtype=float))


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
    found = []
    for watch in seen:
        currents = values[program.columns["leg_current"].slice]
        legs_a = np.where(watch.places >= 0, currents[watch.places], 0.0)
        for watched in watch.lines:
            found += _line_cuts(watch, watched, legs_a, settings, allowed, share)
    return joined(found) if found else None


def _line_cuts(
    watch: Watch, watched: Watched, legs_a: Floats, settings: Settings, allowed: float, share: float
) -> list[Tangents]:
    """Nothing for a line that is inside everywhere."""
    line = watched.line
    sums = _sums(watched, legs_a, line.reserve)
    size = abs(sums)
    length = size.max(axis=0) + watched.of_unknown @ legs_a
    room = np.maximum(line.kept_a - line.base_a, allowed * line.limit_a - line.base_a)
    if watch.point.floor_a is not None:
        room = np.maximum(room, _longest_a(watched, watch.point.floor_a, line.reserve) + FLOOR_SLACK_A)
    outside = (length > room + NOTHING_A).nonzero()[0]
    if len(outside) == 0:
        return []
    half_view = np.rad2deg(np.arccos(room[outside] / length[outside]))
    degrees = np.rad2deg(np.angle(sums[size[:, outside].argmax(axis=0), outside]))
    angle, period = _neighbours(*_fans(degrees, half_view, outside), legs_a.shape[1])
    return [tangents(watch.point, line, angle, period, watch.places, settings, share=share)]


def _sums(watched: Watched, legs_a: Floats, reserve: Phasors | None) -> Phasors:
    """Everything that a line's current can be the longest of, per period (K, T). [A]

    ``reserve`` (J, T): of cars that may come beside them, the sums of which one is there.
    """
    sums = watched.sums @ legs_a
    if reserve is None:
        return sums
    return np.asarray((sums[:, None, :] + reserve[None, :, :]).reshape(-1, legs_a.shape[1]))


def _longest_a(watched: Watched, legs_a: Floats, reserve: Phasors | None) -> Floats:
    """The length of the longest of them, with what has no known phase, per period (T,). [A]"""
    return np.asarray(abs(_sums(watched, legs_a, reserve)).max(axis=0) + watched.of_unknown @ legs_a)


def _fans(degrees: Floats, half_view: Floats, period: Ints) -> tuple[Ints, Ints]:
    """Angles and periods of the tangents for each corner; ``half_view`` is half the angle at which it sees the circle.

    A tangent at the corner's own angle leaves two new corners half of ``half_view`` away, so these are cut as well.
    """
    angles = [thousandths(degrees + part * half_view) for part in FAN]
    return np.concatenate(angles), np.tile(period, len(FAN))


def _neighbours(angle: Ints, period: Ints, count: int) -> tuple[Ints, Ints]:
    """The same tangents in the periods around as well, as many as the budget of rows allows.

    Late in the game a few periods are outside and cutting them only moves the excess next door.
    """
    reach = min(FARTHEST, -(-count // PERIODS_PER_NEIGHBOUR), ROWS_PER_LINE // max(1, 2 * len(period)))
    around = period[:, None] + np.arange(-reach, reach + 1)
    inside = (around >= 0) & (around < count)
    places = np.unique((angle[:, None] * count + around)[inside])
    return places // count, places % count


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
