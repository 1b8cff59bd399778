"""Finds the phase currents (6) that an answer puts outside their limit and the tangents that cut it off."""

from collections.abc import Iterator

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
from optimizer.instance.currents import Line
from optimizer.program import Block, Floats, Ints, LinearProgram, with_rows
from optimizer.settings import Settings
from optimizer.sparse import Rows

FAN = (0.0, 0.5, -0.5)
"""Where tangents are laid at a corner that is outside, in parts of the angle from it to where its tangents touch."""
FARTHEST = 24
"""Tangents are repeated at most so many periods before and after, ..."""
PERIODS_PER_NEIGHBOUR = 96
"""... one for so many periods of the plan. Over a day of quarter hours more only swell the program: at 200 connectors
2.8 times the first solve with one neighbour, 3.8 with none, 4.3 with ten."""
ROWS_PER_LINE = 1000
"""As long as a line gets no more than about so many rows a round. Measured on 54 EVSEs over a month to 1e-6: at 30 kW
12 rounds and 22 s, without fans and neighbours 31 and 38; at 20 kW 18 rounds and 24 s, without more than 60 and 75."""


def violated(
    program: LinearProgram, instance: Instance, values: Floats, settings: Settings, *, allowed: float, share: float
) -> Tangents | None:
    """Tangents with ``share`` of the limit for every line and period beyond ``allowed`` of it; None without any."""
    if "leg_current" not in program.columns:
        return None
    leg_current = program.columns["leg_current"]
    currents = values[leg_current.slice]
    places = leg_places(leg_current, instance)
    found = joined(
        [
            _line_cuts(point, line, places[i], currents, settings, allowed, share)
            for i, point in enumerate(instance.currents)
            for line in distinct_lines(point)
        ]
    )
    return found if len(found.period) else None


def _line_cuts(
    point: CurrentPoint,
    line: Line,
    places: Ints,
    currents: Floats,
    settings: Settings,
    allowed: float,
    share: float,
) -> Tangents:
    """Nothing for a line that is inside everywhere."""
    legs_a = np.where(places >= 0, currents[places], 0.0)
    length, degrees = longest(point, line, legs_a, settings)
    room = np.maximum(0.0, allowed * line.limit_a - line.base_a)
    outside = np.flatnonzero(length > room + 1e-9)
    half_view = np.rad2deg(np.arccos(room[outside] / length[outside]))
    angle, period = _neighbours(*_fans(degrees[outside], half_view, outside), places.shape[1])
    return tangents(point, line, angle, period, places, settings, share=share)


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


def longest(point: CurrentPoint, line: Line, legs_a: Floats, settings: Settings) -> tuple[Floats, Floats]:
    """Greatest length of the line's current over all subsets of legs that go on drawing, and its angle, per period.

    The sums of subsets are the corners of a zonotope; a corner is farthest from the origin in some direction, and the
    legs that take part are those with a positive projection on it. Directions just beside the right angles of each leg
    meet every corner. [A], [degree]
    """
    known = np.array([leg.known for leg in point.legs], dtype=bool)
    phasors = line.phasors[known]
    extra = abs(line.phasors[~known]) @ legs_a[~known]
    sums = [phasors @ legs_a[known]]
    if settings.partial_draw:
        sums += [np.where(subset, phasors, 0.0) @ legs_a[known] for subset in _corners(phasors)]
    stacked = np.array(sums)
    best = np.argmax(abs(stacked), axis=0)
    chosen = stacked[best, np.arange(stacked.shape[1])]
    return abs(chosen) + extra, np.rad2deg(np.angle(chosen))


def _corners(phasors: np.ndarray) -> Iterator[np.ndarray]:
    seen = set()
    for phasor in phasors[abs(phasors) > 1e-12]:
        for turn in (90.0, -90.0):
            for beside in (1e-3, -1e-3):
                direction = np.angle(phasor) + np.deg2rad(turn + beside)
                subset = (np.exp(-1j * direction) * phasors).real > 0
                if subset.tobytes() not in seen and not subset.all():
                    seen.add(subset.tobytes())
                    yield subset


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
