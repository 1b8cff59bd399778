"""Powers open again, runs settled: who is on when stays as a rounding found it, how much each has does not.

A rounding decides period by period and cannot see what a little less now would make of a run later. The linear program
can, and its optimum over settled runs is never below a minimum, so that little is lost when it is rounded again. B1 at
30 kW with S5: 71.63 % after one rounding, 72.75 % over its runs, 72.47 % when that is rounded.

Runs of cars that lack energy may grow first: what the program wants beside a run is added to it where an EVSE can offer
that, and the rest, which would be crumbs, is not.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.domain.units import hours_from_minutes
from optimizer.heuristics.rounding import DONE_KWH, LEVEL_KW, Rounded
from optimizer.instance import Instance
from optimizer.program import Floats, Ints, LinearProgram, with_bounds
from optimizer.setpoints.fixing import near_cells

GROWS_MINUTES = 15.0
"""A run grows by no more than this at either end in one round."""

Flags = NDArray[np.bool_]


def with_runs(program: LinearProgram, instance: Instance, found: Rounded) -> LinearProgram:
    """The program with near charging 0 where nothing is offered, and at least the least offer where something is."""
    return _within(program, instance, found, np.zeros(instance.cells.count, dtype=bool))


def with_growing_runs(program: LinearProgram, instance: Instance, found: Rounded) -> LinearProgram:
    """The same, with any power beside the runs of those who lack energy."""
    return _within(program, instance, found, _beside_runs(instance, found))


def grown(instance: Instance, found: Rounded, power_kw: Floats) -> Rounded:
    """Runs with what such a program wants beside them, where it is the least offer and more, and without a gap.

    Then all minima together fit, as they fitted in the program.
    """
    least, on = _least_kw(instance), found.offered_kw > 0.0
    longer = on.copy()
    wanted = _beside_runs(instance, found) & (power_kw >= least - LEVEL_KW)
    for cells in _of_sessions(instance, np.unique(instance.cells.session[wanted])):
        longer[cells] = _joined(on[cells], wanted[cells])
    added = longer & ~on
    return replace(
        found,
        offered_kw=np.where(added, least, found.offered_kw),
        charge_kw=np.where(added, least, found.charge_kw),
    )


def lacking(instance: Instance, found: Rounded) -> Ints:
    """Sessions that may be offered something and do not get all that they want."""
    assert instance.offers is not None, "the site has no rules"
    who, cells = instance.sessions, instance.cells
    got = np.bincount(cells.session, weights=cells.hours * found.charge_kw, minlength=who.count)
    return np.flatnonzero((who.remaining_kwh - got > DONE_KWH) & instance.offers.steered)


def _within(program: LinearProgram, instance: Instance, found: Rounded, open_: Flags) -> LinearProgram:
    """Runs at least at their least offer, open cells at any power, nothing elsewhere in near periods."""
    near = near_cells(instance)
    columns = program.columns["charge_power"].start + near
    on = found.offered_kw[near] > 0.0
    # A car that is full before its run ends takes less than the least offer.
    lower = np.where(on, np.minimum(_least_kw(instance)[near], found.charge_kw[near]), 0.0)
    upper = np.where(on | open_[near], program.col_upper[columns], 0.0)
    return with_bounds(program, columns, lower=np.minimum(lower, upper), upper=upper)


def _least_kw(instance: Instance) -> Floats:
    """The least offer of each cell (N,). [kW at evse]"""
    assert instance.offers is not None, "the site has no rules"
    least = np.array([ladder.least_kw for ladder in instance.offers.ladders])
    return np.asarray(least[instance.cells.session])


def _beside_runs(instance: Instance, found: Rounded) -> Flags:
    """Near cells within reach of a run of a session that lacks energy (N,)."""
    beside, near = np.zeros(instance.cells.count, dtype=bool), np.zeros(instance.cells.count, dtype=bool)
    near[near_cells(instance)] = True
    on, reach_h = found.offered_kw > 0.0, hours_from_minutes(GROWS_MINUTES)
    for cells in _of_sessions(instance, lacking(instance, found)):
        ends = np.cumsum(instance.cells.hours[cells])
        starts = ends - instance.cells.hours[cells]
        ended = np.maximum.accumulate(np.where(on[cells], ends, -np.inf))
        begins = np.minimum.accumulate(np.where(on[cells], starts, np.inf)[::-1])[::-1]
        beside[cells] = (starts < ended + reach_h) | (ends > begins - reach_h)
    return np.asarray(beside & near & ~on)


def _joined(on: Flags, wanted: Flags) -> Flags:
    """A run, and what is wanted next to it in either direction, as far as it goes without a gap."""
    longer = on.copy()
    for k in range(1, len(on)):
        longer[k] |= wanted[k] and longer[k - 1]
    for k in range(len(on) - 2, -1, -1):
        longer[k] |= wanted[k] and longer[k + 1]
    return longer


def _of_sessions(instance: Instance, sessions: Ints) -> Iterator[slice]:
    """Cells of each, in order of time."""
    ends = np.cumsum(instance.cells.per_session)
    for s in sessions.tolist():
        yield slice(int(ends[s] - instance.cells.per_session[s]), int(ends[s]))
