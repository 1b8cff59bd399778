"""Which limits of nodes are full in each cell of a plan, whatever they are worth."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from optimizer.explain.met import Met, met_in_table
from optimizer.explain.planned import Flags, Floats, Ints, Planned
from optimizer.giving.room import Limits, current_limits, joined
from optimizer.settings import Settings

ROOM_KW = 0.05
"""Less room than this is none: tolerances of a solve leave that much unused. [kW]"""
ROOM_SHARE = 0.01
"""The same as a share of a session's maximum, for lines: tangents leave more."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A limit: of a node or cabinet by position, in kW, or in A on one of its lines; or of a group of EVSEs."""

    node: int
    """Below 0: -1 - position of the group."""
    line: str = ""


Costly = tuple[Ints, Ints]
"""Entries of a cell and a node or group, as ``Place`` counts them, at which a limit costs something (E,)."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """What limits leave each session, period by period."""

    node_kw: Floats
    """(M, T) inf where there is no limit. [kW where it is measured]"""
    group_kw: Floats
    """(G, T) the same of caps on groups of EVSEs. [kW at grid]"""
    line_kw: dict[Place, Floats]
    """Per line what it leaves each cell (N,); inf where the session does not load it. [kW at evse]"""


def rooms(told: Planned, settings: Settings) -> Rooms:
    """Of a plan with its batteries, base loads and stand-by."""
    nodes = {plan.node_id: plan for plan in told.schedule.nodes}
    plans = [nodes[name] for name in told.instance.limits.ids]
    left = [np.maximum(0.0, plan.import_limit_kw - plan.guaranteed_kw) for plan in plans]
    groups = [np.maximum(0.0, plan.limit_kw - plan.drawn_kw) for plan in told.schedule.groups]
    shape = (len(groups), told.instance.periods.count)
    return Rooms(np.array(left), np.array(groups).reshape(shape), _lines(told, settings))


def _lines(told: Planned, settings: Settings) -> dict[Place, Floats]:
    instance, cells = told.instance, told.instance.cells
    if not instance.currents:
        return {}
    limits = _currents(told)
    kept = 1.0 - 2.0 * settings.current_tolerance
    rows = [Place(int(node), line) for node, line in zip(limits.node, limits.line, strict=True)]
    found = {place: np.full(cells.count, np.inf) for place in dict.fromkeys(rows)}
    for period, here in _by_period(told):
        room = limits.of(cells.session[here], period)
        room = replace(room, radius=kept * room.radius)
        for place, left in zip(rows, room.by_row(told.power_kw[here]), strict=True):
            found[place][here] = np.minimum(found[place][here], left)
    return found


def _currents(told: Planned) -> Limits:
    count = told.instance.sessions.count
    itself = np.arange(count)
    parts = [current_limits(point, itself, np.zeros_like(itself), count) for point in told.instance.currents]
    return joined(parts).binding(told.instance.sessions.max_power_kw)


def _by_period(told: Planned) -> Iterator[tuple[int, np.ndarray]]:
    period = told.instance.cells.period
    order = np.argsort(period, kind="stable")
    for here in np.split(order, np.flatnonzero(np.diff(period[order])) + 1):
        if len(here):
            yield int(period[here[0]]), here


def full_above(told: Planned, room: Rooms, costly: Costly, away: Flags) -> Met[Place]:
    """Limits above each cell that leave no room, and those that cost something, which leave none but for tolerances.

    None where they count what an EVSE out of reach follows, not the setpoint.
    """
    places = _places(told, room)
    full = np.zeros((told.instance.cells.count, len(places)), dtype=bool)
    column = {place: k for k, place in enumerate(places)}
    for place, cells in _full_powers(told, room):
        full[cells, column[place]] = True
    least = np.maximum(ROOM_KW, ROOM_SHARE * told.instance.sessions.max_power_kw)[told.instance.cells.session]
    for place, left in room.line_kw.items():
        full[:, column[place]] = left < least
    _add_costly(full, places, *costly)
    full[away] = False
    return met_in_table(places, full)


def _places(told: Planned, room: Rooms) -> list[Place]:
    """Every limit, in order."""
    groups, nodes = range(len(told.instance.groups.ids)), range(len(told.instance.limits.ids))
    return sorted([*(Place(-1 - g) for g in groups), *map(Place, nodes), *room.line_kw])


def _full_powers(told: Planned, room: Rooms) -> Iterator[tuple[Place, Ints]]:
    """Nodes, cabinets and groups, and the cells below them in which they are full."""
    below, cells = told.instance.below, told.instance.cells
    full = room.node_kw.ravel()[below.place] < ROOM_KW
    for node in np.unique(below.node[full]).tolist():
        yield Place(node), below.cell[full & (below.node == node)]
    for g, members in enumerate(told.instance.groups.members(told.instance.sessions.evse_ids)[: len(room.group_kw)]):
        yield Place(-1 - g), np.flatnonzero(members[cells.session] & (room.group_kw[g] < ROOM_KW)[cells.period])


def _add_costly(full: Flags, places: list[Place], cell: Ints, node: Ints) -> None:
    """A node that costs something is full, unless one of its lines is, which says it more closely."""
    by_line = np.zeros(len(cell), dtype=bool)
    for k, place in enumerate(places):
        if place.line:
            by_line |= (node == place.node) & full[cell, k]
    column = {place.node: k for k, place in enumerate(places) if not place.line}
    at = np.array([column[n] for n in node.tolist()], dtype=np.int64)
    full[cell[~by_line], at[~by_line]] = True


def room_above(told: Planned, room: Rooms) -> Floats:
    """What the limits above leave each cell (N,). [kW at evse]"""
    instance, cells, below = told.instance, told.instance.cells, told.instance.below
    left = np.full(cells.count, np.inf)
    np.minimum.at(left, below.cell, room.node_kw.ravel()[below.place] / below.drawn_per_kw)
    members = instance.groups.members(instance.sessions.evse_ids)[: len(room.group_kw)]
    at_evse = instance.sessions.efficiency[cells.session]
    for inside, group_kw in zip(members, room.group_kw, strict=True):
        left = np.where(inside[cells.session], np.minimum(left, group_kw[cells.period] * at_evse), left)
    for line_kw in room.line_kw.values():
        left = np.minimum(left, line_kw)
    return left


def powers_above(told: Planned, room: Rooms, s: int) -> Iterator[tuple[int, Floats]]:
    """Nodes, cabinets and groups that limit the power of session s, as places count them, and their room (T,)."""
    evse = told.instance.sessions.evse_ids[s]
    for node in told.instance.limits.evse_nodes[evse]:
        yield node, room.node_kw[node]
    for g, members in enumerate(told.instance.groups.evses[: len(room.group_kw)]):
        if evse in members:
            yield -1 - g, room.group_kw[g]
