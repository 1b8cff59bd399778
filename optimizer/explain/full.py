"""Which limits of nodes are full in each cell of a plan, whatever they are worth."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from optimizer.explain.planned import Floats, Planned
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


def full_places(told: Planned, room: Rooms, cells: slice) -> Iterator[tuple[Place, np.ndarray]]:
    """Limits above a session and whether each is full in each of its cells, those that are at some time."""
    instance = told.instance
    s, period = int(instance.cells.session[cells.start]), instance.cells.period[cells]
    for node, left_kw in powers_above(told, room, s):
        full = left_kw[period] < ROOM_KW
        if full.any():
            yield Place(node), full
    least = max(ROOM_KW, ROOM_SHARE * float(instance.sessions.max_power_kw[s]))
    for place, left in room.line_kw.items():
        full = left[cells] < least
        if full.any():
            yield place, full


def powers_above(told: Planned, room: Rooms, s: int) -> Iterator[tuple[int, Floats]]:
    """Nodes, cabinets and groups that limit the power of session s, as places count them, and their room (T,)."""
    evse = told.instance.sessions.evse_ids[s]
    for node in told.instance.limits.evse_nodes[evse]:
        yield node, room.node_kw[node]
    for g, members in enumerate(told.instance.groups.evses[: len(room.group_kw)]):
        if evse in members:
            yield -1 - g, room.group_kw[g]
