"""Near setpoints as constants of a last linear program: energy rows count what is charged, limits what is offered."""

from dataclasses import replace

import numpy as np

from optimizer.heuristics.rounding import Rounded
from optimizer.instance import CurrentPoint, Instance
from optimizer.instance.currents import Line
from optimizer.program import Floats, Ints, LinearProgram, with_bounds

COUNTED_AS_OFFERED = (
    "node_import_limit",
    "group_import_limit",
    "leg_current_definition",
    "reserved_power_definition",
)
"""Rows of (5), (6) and (13) in which ``charge_power`` stands for what an EVSE may draw."""
LIMITS = ("node_import_limit", "group_import_limit")
_HAIR = 1e-9
_SETTLED = 1.001
"""What lines may carry in near periods where all of it is constant: whole levels may fill them to the last digit."""


def near_cells(instance: Instance) -> Ints:
    """Cells whose setpoints are offers: of near periods, without sessions whose energy is followed."""
    cells, offers = instance.cells, instance.offers
    assert offers is not None, "the site has no rules"
    return np.flatnonzero((cells.period < offers.near) & offers.steered[cells.session])


def leaves_open(instance: Instance) -> bool:
    """Whether anything is left to decide when near setpoints are settled."""
    free = len(near_cells(instance)) < instance.cells.count
    return free or instance.storage.count > 0 or len(instance.generation.plant) > 0


def with_settled_lines(instance: Instance) -> Instance:
    """The instance without limits of (6) on what is constant already; as it is where followed sessions share lines."""
    offers = instance.offers
    if offers is None or not offers.steered.all():
        return instance

    def settled(line: Line) -> Line:
        limit_a = line.limit_a.copy()
        limit_a[: offers.near] *= _SETTLED
        return replace(line, limit_a=limit_a)

    def point(of: CurrentPoint) -> CurrentPoint:
        return replace(of, lines=tuple(map(settled, of.lines)))

    return replace(instance, currents=tuple(map(point, instance.currents)))


def with_setpoints(program: LinearProgram, instance: Instance, found: Rounded) -> LinearProgram:
    """The program with near charging fixed; what is offered beyond it takes its room in the limits."""
    near = near_cells(instance)
    columns = program.columns["charge_power"].start + near
    fixed = with_bounds(program, columns, lower=found.charge_kw[near], upper=found.charge_kw[near])
    beyond = np.zeros(len(program.cost))
    beyond[columns] = (found.offered_kw - found.charge_kw)[near]
    upper = program.row_upper + _in_rows(program, _HAIR * (1.0 + abs(program.row_upper)), LIMITS)
    shift = _in_rows(program, program.matrix @ beyond, COUNTED_AS_OFFERED)
    return replace(fixed, row_lower=program.row_lower - shift, row_upper=upper - shift)


def _in_rows(program: LinearProgram, values: Floats, names: tuple[str, ...]) -> Floats:
    """The values in the rows of some blocks, 0 in all others."""
    found = np.zeros_like(values)
    for name in names:
        if name in program.rows:
            found[program.rows[name].slice] = values[program.rows[name].slice]
    return found
