"""Rows of a program under the names that an operator knows: nodes, lines, cabinets, signals, sessions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from models.domain.units import kw_from_amperes
from optimizer.conflict.elastic import Group
from optimizer.formulation.currents import LINES
from optimizer.instance import Instance
from optimizer.instance.limits import RATING, node_limit
from optimizer.instance.tree import CABINET_PREFIX
from optimizer.program import Block, Floats, Ints, LinearProgram, with_bounds, with_rows
from optimizer.sparse import Rows

MET_KWH = 1e-6
"""A wish that lacks less is met. [kWh]"""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that an operator could raise."""

    id: str
    """A node, ``node/line``, a cabinet, a signal."""
    subject: str
    """``transformer T2``, ``L1 of feeder n1``, ``power cabinet c``, ``cap-17 of utility``."""
    unit: str
    """kW, kVA or A."""
    rows: Ints
    period: Ints
    """Of each row."""
    limit: Floats
    """What it is in each of them. [kW or A]"""
    base: Floats
    """Load that nobody controls. [kW or A]"""
    weight: float

    @property
    def group(self) -> Group:
        return Group(self.id, self.rows, self.weight)


def limits_of(program: LinearProgram, instance: Instance) -> tuple[LinearProgram, list[Limit]]:
    """The program, with rows for ratings behind signals, and its limits by name."""
    program = _with_ratings(program, instance)
    return program, [*_nodes(program, instance), *_groups(program, instance), *_lines(program, instance)]


def _with_ratings(program: LinearProgram, instance: Instance) -> LinearProgram:
    """Where a signal sets a limit, the node's own rating as a row as well: a signal that is raised ends there."""
    block, limits = program.rows["node_import_limit"], instance.limits
    node, period = block.positions
    own = np.array([node_limit(one, instance.periods) for one in instance.tree.nodes])
    signalled = np.array([_set_by(instance, n, t) != RATING for n, t in zip(node, period, strict=True)], dtype=bool)
    inside = signalled & (node < len(own))
    k = np.flatnonzero(inside)
    k = k[np.isfinite(own[node[k], period[k]])]
    bound = np.maximum(0.0, own[node[k], period[k]] - limits.high_kw[node[k], period[k]])
    rows = [program.matrix.row(int(i)) for i in block.start + k]
    row = np.repeat(np.arange(len(k)), [len(columns) for columns, _ in rows])
    columns = np.concatenate([np.zeros(0, dtype=np.int64), *(columns for columns, _ in rows)])
    values = np.concatenate([np.zeros(0), *(values for _, values in rows)])
    entries = Rows.from_triplets(values, (row, columns), (len(k), len(program.cost)))
    added = Block("rating_limit", block.dims, block.unit, program.matrix.shape[0], len(k), (node[k], period[k]))
    return with_rows(program, added, entries, np.full(len(k), -np.inf), bound)


def _set_by(instance: Instance, node: int, period: int) -> str:
    names = instance.limits.set_by.get(node)
    return names[period] if names else RATING


def _nodes(program: LinearProgram, instance: Instance) -> Iterator[Limit]:
    """Own limits of nodes and cabinets, then signals that set one."""
    limits = instance.limits
    found: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for name in ("node_import_limit", "rating_limit"):
        block = program.rows[name]
        for k, (node, period) in enumerate(zip(*(p.tolist() for p in block.positions), strict=True)):
            by = RATING if name == "rating_limit" else _set_by(instance, node, period)
            found.setdefault((node, by), []).append((block.start + k, period))
    for (node, by), members in found.items():
        rows, period = np.array(members, dtype=np.int64).T
        limit_kw = limits.limit_kw[node, period]
        if by == RATING and node < len(instance.tree.nodes):
            limit_kw = node_limit(instance.tree.nodes[node], instance.periods)[period]
        name, subject = _node_words(instance, node) if by == RATING else (by, _signal_words(instance, by))
        unit = "kVA" if limits.apparent[node] else "kW"
        yield Limit(name, subject, unit, rows, period, limit_kw, limits.high_kw[node, period], 1.0)


def _node_words(instance: Instance, node: int) -> tuple[str, str]:
    name = instance.limits.ids[node]
    if name.startswith(CABINET_PREFIX):
        return name, f"power cabinet {name.removeprefix(CABINET_PREFIX)}"
    return name, f"{instance.tree.nodes[node].kind} {name}"


def _signal_words(instance: Instance, name: str) -> str:
    source = next((signal.source for signal in instance.scenario.signals if signal.id == name), "")
    return f"{name} of {source}" if source else name


def _groups(program: LinearProgram, instance: Instance) -> Iterator[Limit]:
    block = program.rows.get("group_import_limit")
    if block is None:
        return
    groups = instance.groups
    of = np.searchsorted(groups.signal, block.positions[0])
    for g, name in enumerate(groups.ids):
        k = np.flatnonzero(of == g)
        if len(k):
            period = block.positions[1][k]
            limit_kw = groups.limit_kw[g, period]
            subject = _signal_words(instance, name)
            yield Limit(name, subject, "kW", block.start + k, period, limit_kw, np.zeros(len(k)), 1.0)


def _lines(program: LinearProgram, instance: Instance) -> Iterator[Limit]:
    """Lines of one node that are full together are raised together: they share a cable."""
    voltage_v = instance.scenario.site.voltage_v
    assert voltage_v is not None
    for point in instance.currents:
        for number, label in enumerate(LINES):
            line = next((line for line in point.lines if line.label == label), None)
            rows, period = _tangents(program, point.node, number)
            if line is not None and len(rows):
                name, subject = _node_words(instance, point.node)
                weight = kw_from_amperes(1.0, voltage_v)
                at = line.limit_a[period], line.kept_a[period]
                yield Limit(f"{name}/{label}", f"{label} of {subject}", "A", rows, period, *at, weight)


def _tangents(program: LinearProgram, node: int, line: int) -> tuple[Ints, Ints]:
    rows, periods = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for name, block in program.rows.items():
        if name.startswith("node_phase_current"):
            k = np.flatnonzero((block.positions[0] == node) & (block.positions[1] == line))
            rows.append(block.start + k)
            periods.append(block.positions[3][k])
    return np.concatenate(rows), np.concatenate(periods)


def with_wishes(program: LinearProgram, instance: Instance) -> tuple[LinearProgram, list[Group]]:
    """The program with a row a session: nothing of its target is missing. Its shortfalls are free otherwise."""
    who = instance.sessions
    target, minimum = program.columns["target_shortfall"], program.columns["minimum_shortfall"]
    wanted = np.zeros(who.count)
    wanted[target.positions[0]] = who.remaining_kwh[target.positions[0]]
    columns = np.concatenate([target.columns, minimum.columns])
    program = with_bounds(program, columns, lower=0.0, upper=np.inf)
    row = np.concatenate([target.positions[0], minimum.positions[0]])
    entries = Rows.from_triplets(np.ones(len(row)), (row, columns), (who.count, len(program.cost)))
    # target_shortfall[s] + minimum_shortfall[s] <= 0
    block = Block("wish_met", ("session",), "kWh at evse", program.matrix.shape[0], who.count, (np.arange(who.count),))
    bounds = np.full(who.count, -np.inf), np.full(who.count, MET_KWH)
    program = with_rows(program, block, entries, *bounds)
    return program, [Group(name, np.array([block.start + s]), 1.0) for s, name in enumerate(who.ids)]


def with_reachable(program: LinearProgram, missing_kwh: Floats) -> LinearProgram:
    """Wishes reduced to what the stay allows: what is missing without any limit is nobody's conflict."""
    block, upper = program.rows["wish_met"], program.row_upper.copy()
    upper[block.slice] = missing_kwh + MET_KWH
    return replace(program, row_upper=upper)
