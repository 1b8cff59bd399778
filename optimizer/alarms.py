"""Load that nobody controls above a limit: a normal Tuesday, said aloud, and nothing controllable adds to it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Alarm
from models.domain.times import instant
from optimizer.instance import Instance

Floats = NDArray[np.float64]

CODE = "limit_exceeded_by_load"
UNREACHABLE = "evse_unreachable"
NOTICEABLE_KW = 1e-6


def alarms(instance: Instance) -> Iterator[Alarm]:
    """One for every node and run of periods in which base load and what is installed alone exceed the limit."""
    limits, instants = instance.limits, instance.periods.instants_s
    over_import = np.maximum(0.0, limits.high_kw + limits.floor_kw - limits.limit_kw)
    for excess, side in ((over_import, "import"), (limits.export_excess_kw, "export")):
        for i in np.flatnonzero((excess > NOTICEABLE_KW).any(axis=1)):
            for first, end in runs(excess[i] > NOTICEABLE_KW):
                yield _alarm(limits.ids[i], side, float(excess[i, first:end].max()), instants[first], instants[end])
    yield from _current_alarms(instance)
    yield from _unreachable(instance)


def _current_alarms(instance: Instance) -> Iterator[Alarm]:
    instants = instance.periods.instants_s
    for point in instance.currents:
        for line in point.lines:
            excess_a = line.base_a + point.installed_a(line) - line.limit_a
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
