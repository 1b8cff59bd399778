"""A site with one more kW of what a reason names: the same arrays with other limits, and nothing else changed."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.domain.signal import Dispatch, Event
from optimizer.explain.held import Held, HeldBy
from optimizer.instance import CurrentPoint, Instance
from optimizer.instance.currents import Line

Flags = NDArray[np.bool_]


def relaxed(instance: Instance, reason: Held, kw: float) -> Instance:
    """One more kW of every cause throughout the reason's time; on a line the current that it puts there."""
    if reason.by is HeldBy.MAXIMUM:
        return with_more_power(instance, reason.session_id, kw)
    instance = with_more_after_events(instance, reason, kw)
    instance = with_free_load(with_free_contracts(instance, reason, kw), reason, kw)
    return with_free_peak(with_more_room(instance, reason, kw), reason, kw)


def with_free_load(instance: Instance, reason: Held, kw: float) -> Instance:
    """As if one more kW were not counted by what named signals ask: baselines and targets are that much higher."""
    asked, at = instance.response, lasts(instance, reason)
    ids = np.array([signal.id in reason.causes for signal in instance.scenario.signals], dtype=bool)
    q = asked.intervals
    share = np.bincount(q.row, weights=q.share * at[q.period], minlength=q.count)
    intervals = replace(q, baseline_kw=q.baseline_kw + kw * share * ids[q.signal])
    dispatch, frozen = (
        replace(held, target_kw=held.target_kw + kw * (ids[held.signal] & at[held.period]))
        for held in (asked.dispatch, asked.frozen)
    )
    return replace(instance, response=replace(asked, intervals=intervals, dispatch=dispatch, frozen=frozen))


def with_free_contracts(instance: Instance, reason: Held, kw: float) -> Instance:
    """One more kW of import below the limits of named sides of contracts."""
    sides = instance.contracts
    named = np.array([label in reason.causes for label in sides.labels], dtype=bool)
    more = kw * sides.sign[:, None] * (named[:, None] & lasts(instance, reason)[None, :])
    return replace(instance, contracts=replace(sides, limit_kw=sides.limit_kw + more))


def with_more_power(instance: Instance, session: str, kw: float) -> Instance:
    who = instance.sessions
    most = who.max_power_kw + kw * (np.array(who.ids) == session)
    following = replace(instance.following, most_kw=most[instance.cells.session])
    return replace(instance, sessions=replace(who, max_power_kw=most), following=following)


def with_more_after_events(instance: Instance, reason: Held, kw: float) -> Instance:
    """More load below the limits that named events set after them."""
    after, signals = instance.response.rebound, instance.scenario.signals
    named = np.array([signal.id in reason.causes for signal in signals], dtype=bool)[after.signal]
    limit_kw = after.limit_kw + kw * (named & lasts(instance, reason)[after.period])
    return replace(instance, response=replace(instance.response, rebound=replace(after, limit_kw=limit_kw)))


def with_free_peak(instance: Instance, reason: Held, kw: float) -> Instance:
    """As if one more kW of every metering interval that the reason meets were not metered."""
    demand = instance.money.demand
    named = np.array([window.label in reason.causes for window in demand.windows], dtype=bool)[demand.window]
    met = np.isin(np.arange(len(named)), demand.row[lasts(instance, reason)[demand.period]])
    metered = demand.metered_kw - kw * (named & met)
    return replace(instance, money=replace(instance.money, demand=replace(demand, metered_kw=metered)))


def with_more_room(instance: Instance, reason: Held, kw: float) -> Instance:
    """Above the load that nobody controls, where that is above the limit."""
    at = lasts(instance, reason)
    limits, points = instance.limits, list(instance.currents)
    limit_kw = limits.limit_kw.copy()
    windows = {window.label for window in instance.money.demand.windows}
    groups = instance.groups
    group_kw = groups.limit_kw.copy()
    for cause in [cause for cause in reason.causes if cause in groups.ids]:
        group_kw[groups.ids.index(cause), at] += kw
    events = {signal.id for signal in instance.scenario.signals if isinstance(signal, Event | Dispatch)}
    elsewhere = windows | events | set(instance.contracts.labels) | set(groups.ids)
    others = [cause for cause in reason.causes if cause not in elsewhere]
    named = {place_of(instance, cause) for cause in others}
    for node in {node for node, line in named if not line}:
        limit_kw[node, at] = np.maximum(limit_kw[node], limits.high_kw[node])[at] + kw
    for k, point in enumerate(points):
        lines = {line for node, line in named if line and node == point.node}
        points[k] = replace(point, lines=tuple(_raised(instance, reason, point, x, lines, at, kw) for x in point.lines))
    limits = replace(limits, limit_kw=limit_kw)
    return replace(instance, limits=limits, currents=tuple(points), groups=replace(groups, limit_kw=group_kw))


def lasts(instance: Instance, reason: Held) -> Flags:
    """Periods in which the reason holds (T,)."""
    instants_s = instance.periods.instants_s
    return np.asarray((instants_s[:-1] < reason.end.timestamp()) & (instants_s[1:] > reason.start.timestamp()))


def place_of(instance: Instance, cause: str) -> tuple[int, str]:
    """Position of the node, and the line."""
    name, _, line = cause.partition("/")
    signal = next((signal for signal in instance.scenario.signals if signal.id == cause), None)
    if signal is not None:
        name = signal.node or instance.tree.nodes[instance.tree.root].id
    return instance.limits.ids.index(name), line


def _raised(
    instance: Instance, reason: Held, point: CurrentPoint, line: Line, named: set[str], at: Flags, kw: float
) -> Line:
    if line.label not in named:
        return line
    member = point.sessions == instance.sessions.ids.index(reason.session_id)
    amperes = float((abs(line.phasors[point.leg[member]]) * point.amperes_per_kw[member]).sum())
    more = np.maximum(line.limit_a, line.base_a) + kw * amperes
    return replace(line, limit_a=np.where(at, more, line.limit_a))
