"""Load that nobody controls above a limit: a normal Tuesday, said aloud, and nothing controllable adds to it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Alarm
from models.domain.times import instant
from optimizer.instance import Instance
from optimizer.instance.paces import AT_ONCE

Floats = NDArray[np.float64]

CODE = "limit_exceeded_by_load"
GUARANTEE = "guarantee_missed"
BEHIND_KWH = 0.05
"""Less is told to nobody; no meter of a car shows it. [kWh]"""
UNREACHABLE = "evse_unreachable"
NOTICEABLE_KW = 1e-6


def alarms(instance: Instance) -> Iterator[Alarm]:
    """One for every node and run of periods in which base load and what is installed alone exceed the limit."""
    limits = instance.limits
    installed_kw = limits.high_kw + limits.floor_kw if instance.following.cell.size else limits.high_kw
    yield from _exceeded(instance, installed_kw - limits.limit_kw, "import")
    if limits.export_limited:
        yield from _exceeded(instance, limits.export_excess_kw, "export")
    yield from _current_alarms(instance)
    yield from _unreachable(instance)


def _exceeded(instance: Instance, excess_kw: Floats, side: str) -> Iterator[Alarm]:
    """Of what exceeds the limit of each node (M, T). [kW]"""
    if excess_kw.max(initial=0.0) <= NOTICEABLE_KW:
        return
    ids, instants, noticed = instance.limits.ids, instance.periods.instants_s, excess_kw > NOTICEABLE_KW
    for i in np.flatnonzero(noticed.any(axis=1)).tolist():
        for first, end in runs(noticed[i]):
            yield _alarm(ids[i], side, float(excess_kw[i, first:end].max()), instants[first], instants[end])


def _current_alarms(instance: Instance) -> Iterator[Alarm]:
    instants = instance.periods.instants_s
    for point in instance.currents:
        for line in point.lines:
            excess_a = line.kept_a - line.limit_a
            if point.floor_a is not None:
                excess_a = excess_a + point.installed_a(line)
            for first, end in runs(excess_a > NOTICEABLE_KW):
                most, name = float(excess_a[first:end].max()), instance.limits.ids[point.node]
                yield Alarm(
                    code=CODE,
                    node=name,
                    start=instant(float(instants[first])),
                    end=instant(float(instants[end])),
                    excess_kw=0.0,
                    message=f"base load alone exceeds the current limit of {name} on {line.label} by {most:.1f} A",
                )


def _unreachable(instance: Instance) -> Iterator[Alarm]:
    """One for every EVSE that follows what it does, whatever is planned."""
    behaviour = {one.evse: one.offline for one in instance.scenario.installed}
    for held in instance.following.held:
        most, how = float(held.power_kw.max()), behaviour[held.evse.id]
        yield Alarm(
            code=UNREACHABLE,
            node=held.evse.node,
            start=instant(instance.periods.start_s),
            end=instant(instance.periods.end_s),
            excess_kw=0.0,
            message=f"EVSE {held.evse.id} cannot be reached: counted at up to {most:.1f} kW ({how})",
        )


def _alarm(node: str, side: str, excess_kw: float, start_s: float, end_s: float) -> Alarm:
    message = f"load that nobody controls exceeds the {side} limit of {node} by up to {excess_kw:.1f} kW"
    return Alarm(
        code=CODE,
        node=node,
        start=instant(float(start_s)),
        end=instant(float(end_s)),
        excess_kw=excess_kw,
        message=message,
    )


def runs(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Half-open index ranges in which the mask holds."""
    if not mask.any():
        return
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    yield from zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True)


def guarantee_alarms(instance: Instance, charge_power_kw: Floats) -> Iterator[Alarm]:
    """One for every session that these setpoints leave behind what its site guarantees."""
    found, cells = instance.paces, instance.cells
    if not len(found.session):
        return
    behind = found.behind_kwh(cells.hours * charge_power_kw, cells)
    hard = (found.kind != AT_ONCE) | ~found.waits
    for s in np.unique(found.session[(behind > BEHIND_KWH) & hard]).tolist():
        lacks = float(behind[(found.session == s) & hard].max())
        mine = cells.period[cells.offset[s] : cells.offset[s + 1]]
        name, evse = instance.sessions.ids[s], instance.tree.evses[instance.sessions.evse_ids[s]]
        yield Alarm(
            code=GUARANTEE,
            node=evse.node,
            start=instant(float(instance.periods.instants_s[mine[0]])),
            end=instant(float(instance.periods.instants_s[mine[-1] + 1])),
            excess_kw=0.0,
            message=f"session {name}: up to {lacks:.2f} kWh behind what the site guarantees at {evse.id}",
        )
