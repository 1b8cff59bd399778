"""Data that no plan can satisfy, although every wish has its price: which of them conflict, and the way out."""

import numpy as np

from models.domain.errors import NoFeasibleSchedule
from models.domain.findings import Finding
from optimizer.conflict.elastic import Group, elastic
from optimizer.conflict.named import limits_of
from optimizer.instance import Instance
from optimizer.program import Block, Ints, LinearProgram, with_bounds, with_rows
from optimizer.settings import Settings
from optimizer.sparse import Rows
from optimizer.words import joined_words

DEFINITIONS = frozenset(
    {
        "site_balance",
        "leg_current_definition",
        "storage_balance",
        "energy_balance",
        "session_energy",
        "departure_energy",
    }
)
"""Physics, and wishes, which give way at their price: never what conflicts."""
BOUNDED = {"energy": "energy bounds of", "storage_energy": "energy bounds of", "minimum_shortfall": "promise to"}
"""Columns whose bounds are data, by what a sentence calls them."""
FLOORED = {"charge_power": "power floor of"}
"""Columns of which a lower bound above 0 is data."""
ENERGY_WEIGHT = 1.0


def impossible(program: LinearProgram, instance: Instance, settings: Settings) -> NoFeasibleSchedule:
    """The error to raise for a program without a plan: an irreducible set by name, and the least weighted change."""
    program, limits = limits_of(program, instance)
    subject = {limit.id: limit.subject for limit in limits}
    groups = [limit.group for limit in limits]
    program, bounds = _bounds(program)
    named = set(np.concatenate([np.zeros(0, dtype=np.int64), *(group.rows for group in groups)]).tolist())
    groups += [*bounds, *_others(program, named | _all(bounds))]
    found = elastic(program, groups, settings)
    conflict = found.irreducible()
    told = joined_words([subject.get(name, name) for name in conflict] or ["the data"])
    ways = [f"{subject.get(name, name)} give way by {amount:.2f}" for name, amount in found.least().by().items()]
    remedy = f"let {joined_words(ways)} (kW, A or kWh)" if ways else "look at the limits of this site"
    return NoFeasibleSchedule([Finding(path="", message=f"{told} conflict", remedy=remedy, ids=conflict)])


def _all(groups: list[Group]) -> set[int]:
    return {row for group in groups for row in group.rows.tolist()}


def _bounds(program: LinearProgram) -> tuple[LinearProgram, list[Group]]:
    """Bounds of energies, promises and floors as rows, a group for each device or session."""
    groups: list[Group] = []
    for name, words in (BOUNDED | FLOORED).items():
        block = program.columns.get(name)
        if block is None or not block.size:
            continue
        program, rows = _as_rows(program, block, name in FLOORED)
        for position in np.unique(rows.positions[0]).tolist():
            who = program.coords[block.dims[0]][position]
            groups.append(Group(f"{words} {who}", rows.columns[rows.positions[0] == position], ENERGY_WEIGHT))
    return program, groups


def _as_rows(program: LinearProgram, block: Block, floors_only: bool) -> tuple[LinearProgram, Block]:
    """lower <= x <= upper as rows; where a battery starts is no bound and stays."""
    lower, upper = program.col_lower[block.slice], program.col_upper[block.slice]
    data = (lower > 0.0) if floors_only else (lower < upper) | (block.name == "minimum_shortfall")
    taken = np.flatnonzero(data)
    bounds = lower[taken].copy(), np.full(len(taken), np.inf) if floors_only else upper[taken].copy()
    columns = block.start + taken
    program = with_bounds(program, columns, lower=0.0, upper=upper[taken] if floors_only else np.inf)
    positions = tuple(p[taken] for p in block.positions)
    rows = Block(f"{block.name}_bounds", block.dims, block.unit, program.matrix.shape[0], len(taken), positions)
    every = np.arange(len(taken))
    entries = Rows.from_triplets(np.ones(len(taken)), (every, columns), (len(taken), len(program.cost)))
    return with_rows(program, rows, entries, *bounds), rows


def _others(program: LinearProgram, named: set[int]) -> list[Group]:
    """Every other row that is no definition, by its block and its first label."""
    groups = []
    for name, block in program.rows.items():
        rows = np.setdiff1d(block.columns, np.array(sorted(named), dtype=np.int64))
        if name in DEFINITIONS or not len(rows):
            continue
        first: Ints = block.positions[0][rows - block.start] if block.positions else np.zeros(len(rows), dtype=np.int64)
        for position in np.unique(first).tolist():
            label = program.coords[block.dims[0]][position] if block.dims else ""
            groups.append(Group(f"{name} {label}".strip(), rows[first == position], ENERGY_WEIGHT))
    return groups
