"""What every node carries: the import limits (5), the site balance (7), and what the plan says about its nodes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Floats, NodePlan
from models.domain.signal import Cap
from models.domain.site import BaseLoad, CurrentType, GridNode, LimitKind, MeasuringPoint, PowerCabinet
from models.domain.value import Series
from optimizer.audit.batteries import powers_below
from optimizer.audit.case import Case
from optimizer.audit.ground import Ground
from optimizer.audit.installed import all_counted_kw, floors_kw, held_kw
from optimizer.audit.report import Break, BreakCode, differ
from optimizer.audit.roofs import curtailable_below, curtailed_below
from optimizer.audit.stay import Stay
from optimizer.audit.timeline import Timeline, utc
from optimizer.audit.tree import above, cabinet_label, rolled_up, root_of
from optimizer.audit.unseen import reserve_kw
from optimizer.audit.wiring import efficiency

EXCESS_ALARM = "limit_exceeded_by_load"
ALARM_TOLERANCE_S = 1e-3


@dataclass(frozen=True, slots=True)
class Charging:
    """Charging below one place, summed over its sessions; one value a period (T,). [kW]"""

    full: Floats
    """Every setpoint drawn in full, or what is installed where that is more, at the place's measuring point."""
    mean: Floats
    """The same, only while the cars are there."""
    offered: Floats
    """In full, at evse."""
    offered_dc: Floats
    """Of DC outlets alone, at evse."""
    back: Floats
    """What cars give back, in full, at the place's measuring point."""
    mean_back: Floats
    """The same, only while the cars are there."""
    floor: Floats
    """What EVSEs in reach may be following until the plan is acknowledged, at the place's measuring point."""


_CHARGING = [field.name for field in fields(Charging)]
_DRAWN = [_CHARGING.index(name) for name in ("full", "mean", "floor")]
_GIVEN = [_CHARGING.index(name) for name in ("back", "mean_back")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLoad:
    """What one node or power cabinet carries at its measuring point: grid, or evse for some cabinets."""

    label: str
    charging: Charging
    expected_base_kw: Floats
    """Load that nobody here controls, with stand-by, less PV uncurtailed (G,). [kW]"""
    high_base_kw: Floats
    """(G,) [kW]"""
    highest_base_kw: Floats
    """Each base load at its highest in the period (T,). [kW]"""
    unseen_kw: Floats
    """Of these, what EVSEs may draw that start unseen (T,). [kW]"""
    low_base_kw: Floats
    """The mirror, for export, with PV at its highest (G,). [kW]"""
    curtailed_kw: Floats
    """PV held back (T,). [kW]"""
    drawn_kw: Floats
    """By batteries (T,). [kW]"""
    given_kw: Floats
    """Back by batteries (T,). [kW]"""
    firm: bool
    """Whether the import limit counts on what batteries give back."""
    curtailable_kw: Floats
    """PV that could be (T,). [kW]"""
    limit_kw: Floats
    """On import; inf where there is none (G,). [kW]"""
    export_limit_kw: Floats
    """inf where there is none (G,). [kW]"""


def node_loads(case: Case) -> tuple[NodeLoad, ...]:
    """Of every grid node and every power cabinet."""
    site = case.scenario.site
    labels = [node.id for node in site.nodes]
    sums = rolled_up(case.leaves_first, _summed(case, _at_grid(case), labels, lambda stay: stay.evse.node))
    charging = {label: Charging(*sums[label]) for label in labels}
    expected, high, low, highest = case.ground.once(_base_loads_below)
    limits, export_limits = case.ground.once(_import_limits), case.ground.once(_export_limits)
    drawn, given = powers_below(case)
    curtailed, curtailable = curtailed_below(case), curtailable_below(case)
    apparent = _apparent_loads(case, charging)
    high, highest = high | apparent.high, highest | apparent.highest
    unseen = {node.id: _unseen_kw(case, node) for node in site.nodes}
    charging = charging | apparent.charging
    nodes = [
        NodeLoad(
            label=node.id,
            charging=charging[node.id],
            expected_base_kw=expected[node.id],
            high_base_kw=high[node.id] + unseen[node.id][case.time.period],
            highest_base_kw=highest[node.id] + unseen[node.id],
            unseen_kw=unseen[node.id],
            low_base_kw=low[node.id],
            curtailed_kw=curtailed[node.id],
            drawn_kw=drawn[node.id],
            given_kw=given[node.id],
            firm=node.firm_generation and node.import_limit_kva is None,
            curtailable_kw=curtailable[node.id],
            limit_kw=limits[node.id],
            export_limit_kw=export_limits[node.id],
        )
        for node in site.nodes
    ]
    return (*nodes, *(_cabinet_load(case, cabinet) for cabinet in site.cabinets))


def _unseen_kw(case: Case, node: GridNode) -> Floats:
    """What EVSEs below a node may draw that start unseen (T,). [kW, or kVA]"""
    if not case.starting_kw:
        return np.zeros(case.schedule.period_count)
    return reserve_kw(case, _per_kw_below(case, node))


def _per_kw_below(case: Case, node: GridNode) -> dict[str, float]:
    """By EVSE below a node, what its limit counts of a kW at evse: with losses, in kVA over the power factor."""
    by_id = {one.id: one for one in case.scenario.site.nodes}
    apparent = node.import_limit_kva is not None
    return {
        evse.id: 1.0 / (efficiency(evse) * (evse.power_factor if apparent else 1.0))
        for evse in case.scenario.site.evses
        if node in above(by_id, evse.node)
    }


@dataclass(frozen=True, slots=True)
class _Apparent:
    """What nodes with a limit in kVA count, by node: the same figures, each load over its power factor. [kVA]"""

    charging: dict[str, Charging]
    high: dict[str, Floats]
    highest: dict[str, Floats]


def _apparent_loads(case: Case, charging: dict[str, Charging]) -> _Apparent:
    site, time = case.scenario.site, case.time
    nodes = [node.id for node in site.nodes if node.import_limit_kva is not None]
    if not nodes:
        return _Apparent({}, {}, {})
    everywhere = [node.id for node in site.nodes]
    sums = rolled_up(case.leaves_first, _summed(case, _over_factors(case), everywhere, lambda stay: stay.evse.node))
    high = {node.id: np.zeros(len(time.starts_s)) for node in site.nodes}
    highest = {node.id: np.zeros(case.schedule.period_count) for node in site.nodes}

    def add(node: str, power: Floats) -> None:
        high[node] += power
        highest[node] += time.largest(power)

    for load in site.base_loads:
        add(load.node, np.maximum(0.0, high_and_low_kw(time, load)[0]) / load.power_factor)
    held = case.ground.once(held_kw)
    for evse in site.evses:
        power = held.get(evse.id, np.zeros(case.schedule.period_count))[time.period] / efficiency(evse)
        add(evse.node, (power + evse.standby_kw) / evse.power_factor)
    total, most = rolled_up(case.leaves_first, high), rolled_up(case.leaves_first, highest)
    return _Apparent(
        {node: replace(charging[node], full=sums[node][0], floor=sums[node][1]) for node in nodes},
        {node: total[node] for node in nodes},
        {node: most[node] for node in nodes},
    )


def _over_factors(case: Case) -> Floats:
    """What limits count of stays, and of that what EVSEs follow anyway, over the power factor (2, N). [kVA]"""
    floor = floors_kw(case)
    return np.array([all_counted_kw(case, floor), floor]) / _of_each(case, _per_kva)


def _per_kva(stay: Stay) -> float:
    return efficiency(stay.evse) * stay.evse.power_factor


def load_breaks(case: Case, loads: Iterable[NodeLoad]) -> Iterator[Break]:
    """(5), (7), and the plan's own words about its nodes."""
    plans = {plan.node_id: plan for plan in case.schedule.nodes}
    root = root_of(case.scenario.site).id
    for load in loads:
        if np.isfinite(load.limit_kw).any():
            yield from _limit_breaks(case, load)
        if np.isfinite(load.export_limit_kw).any():
            yield from _export_breaks(case, load)
        if load.label == root:
            yield from _balance_breaks(case, load)
        if load.label in plans:
            yield from _node_plan_breaks(case, load, plans.pop(load.label))
    for name in plans:
        message = "the scenario has no such node or power cabinet"
        yield Break(code=BreakCode.NODE_PLAN, where=name, amount=1.0, limit=0.0, message=message)


def without_alarm(case: Case, node_id: str, segments: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those of some segments over which no alarm says that load nobody controls exceeds the node's limit."""
    if not len(segments):
        return segments
    alarms = [a for a in case.schedule.alarms if a.code == EXCESS_ALARM and a.node == node_id]
    spans = [(a.start.timestamp() - ALARM_TOLERANCE_S, a.end.timestamp() + ALARM_TOLERANCE_S) for a in alarms]
    cuts = case.time.cuts_s
    silent = np.ones(len(segments), dtype=bool)
    for start, end in spans:
        silent &= (cuts[segments] < start) | (cuts[segments + 1] > end)
    return segments[silent]


def _limit_breaks(case: Case, load: NodeLoad) -> Iterator[Break]:
    """(5)  Σ_{below n, plugged in} charge_power / κ <= max(0, import_limit - high_base - standby)"""
    floor, limit, tolerance = load.charging.floor[case.time.period], load.limit_kw, case.tolerance_kw
    charging, alone = controlled_kw(load)[case.time.period] - floor, load.high_base_kw + floor
    by_load = alone > limit + tolerance
    for g in np.flatnonzero(~by_load & (alone + charging > limit + tolerance)):
        total = alone[g] + charging[g]
        message = f"{total:.4f} kW of charging and high load on a limit of {limit[g]:.4f} kW"
        yield _in_segment(BreakCode.IMPORT_LIMIT, case, load.label, g, total, limit[g], message)
    for g in np.flatnonzero(by_load & (charging > tolerance)):
        message = f"{charging[g]:.4f} kW of charging where {alone[g]:.4f} kW of other load exceed {limit[g]:.4f} kW"
        yield _in_segment(BreakCode.ADDS_TO_EXCESS, case, load.label, g, charging[g], 0.0, message)
    for g in without_alarm(case, load.label, np.flatnonzero(by_load)):
        message = f"{alone[g]:.4f} kW of other load exceed {limit[g]:.4f} kW, and the plan has no {EXCESS_ALARM} alarm"
        yield _in_segment(BreakCode.ALARM_MISSING, case, load.label, g, alone[g], limit[g], message)


def _export_breaks(case: Case, load: NodeLoad) -> Iterator[Break]:
    """(5)  Σ given back + pv_highest - pv_curtailed - low_base - standby <= export_limit, as if nobody charged.

    What cannot be curtailed may exceed the limit, but not without a word, and not while anything is left to curtail.
    """
    period, tolerance, limit = case.time.period, case.tolerance_kw, load.export_limit_kw
    alone = -load.low_base_kw - load.curtailed_kw[period]
    given = (load.given_kw + load.charging.back)[period]
    export, over = alone + given, alone > limit + tolerance
    adds = np.where(over, given, export - limit)
    for g in np.flatnonzero((given > tolerance) & (adds > tolerance)):
        message = f"batteries and cars give {given[g]:.4f} kW of {export[g]:.4f} kW where {limit[g]:.4f} kW may leave"
        yield _in_segment(BreakCode.EXPORT_LIMIT, case, load.label, g, export[g], limit[g], message)
    left = (load.curtailable_kw - load.curtailed_kw)[period]
    for g in np.flatnonzero(over & (left > tolerance)):
        message = f"{export[g]:.4f} kW may be fed in where {limit[g]:.4f} kW may, and {left[g]:.4f} kW of PV are left"
        yield _in_segment(BreakCode.EXPORT_LIMIT, case, load.label, g, export[g], limit[g], message)
    for g in without_alarm(case, load.label, np.flatnonzero(over & (left <= tolerance))):
        message = f"{export[g]:.4f} kW of export exceed {limit[g]:.4f} kW, and the plan has no {EXCESS_ALARM} alarm"
        yield _in_segment(BreakCode.ALARM_MISSING, case, load.label, g, export[g], limit[g], message)


def _balance_breaks(case: Case, site: NodeLoad) -> Iterator[Break]:
    """(7)  grid_import - grid_export = Σ_s h / Δ charge_power / κ + expected_base + standby - pv, not both at once"""
    expected = expected_kw(case, site)
    taken, given = case.schedule.grid_import_kw, case.schedule.grid_export_kw
    for t in np.flatnonzero(np.abs(taken - given - expected) > case.tolerance_kw):
        message = f"the site takes {expected[t]:.4f} kW, import less export is {taken[t] - given[t]:.4f} kW"
        yield _in_period(BreakCode.SITE_BALANCE, case, site.label, t, expected[t], taken[t] - given[t], message)
    for t in np.flatnonzero(np.minimum(taken, given) > case.tolerance_kw):
        message = f"{taken[t]:.4f} kW of import and {given[t]:.4f} kW of export at once"
        yield _in_period(BreakCode.IMPORT_AND_EXPORT, case, site.label, t, min(taken[t], given[t]), 0.0, message)
    for t in np.flatnonzero(np.minimum(taken, given) < -case.tolerance_kw):
        message = f"{taken[t]:.4f} kW of import and {given[t]:.4f} kW of export; neither can be negative"
        yield _in_period(BreakCode.SITE_BALANCE, case, site.label, t, min(taken[t], given[t]), 0.0, message)


def _node_plan_breaks(case: Case, load: NodeLoad, plan: NodePlan) -> Iterator[Break]:
    """What the plan says that the node carries is what its setpoints make it carry."""
    told = (
        ("expected power", plan.expected_kw, expected_kw(case, load)),
        ("guaranteed power", plan.guaranteed_kw, controlled_kw(load) + load.highest_base_kw),
        ("import limit", plan.import_limit_kw, case.time.least(load.limit_kw)),
    )
    for name, stated, found in told:
        for t in np.flatnonzero(differ(stated, found, case.tolerance_kw)):
            message = f"{name} is {found[t]:.4f} kW, the plan says {stated[t]:.4f} kW"
            yield _in_period(BreakCode.NODE_PLAN, case, load.label, t, found[t], stated[t], message)


def expected_kw(case: Case, load: NodeLoad) -> Floats:
    """What the place carries in the mean of each period (T,). [kW]"""
    stored = load.drawn_kw - load.given_kw - load.charging.mean_back
    return np.asarray(load.charging.mean + stored + case.time.mean(load.expected_base_kw) + load.curtailed_kw)


def controlled_kw(load: NodeLoad) -> Floats:
    """What the import limit counts of cars and batteries, every car drawing in full (T,). [kW]

    What they give back counts only where a node says that it is firm.
    """
    return np.asarray(load.charging.full + load.drawn_kw - (load.given_kw + load.charging.back if load.firm else 0.0))


def _own_import(node: GridNode) -> Series | None:
    return node.import_limit_kw if node.import_limit_kva is None else node.import_limit_kva


def _import_limits(ground: Ground) -> dict[str, Floats]:
    """By node the least of its own limit, with the continuous factor of a rating, and every cap (13). (G,) [kW]"""
    return {
        node.id: _capped(ground, node, _own_limit(ground, node, _own_import(node)), lambda cap: cap.import_limit_kw)
        for node in ground.scenario.site.nodes
    }


def _export_limits(ground: Ground) -> dict[str, Floats]:
    """The same for export (G,). [kW]"""
    return {
        node.id: _capped(ground, node, _own_limit(ground, node, node.export_limit_kw), lambda cap: cap.export_limit_kw)
        for node in ground.scenario.site.nodes
    }


def _capped(ground: Ground, node: GridNode, limit_kw: Floats, told: Callable[[Cap], float | None]) -> Floats:
    starts, is_root = ground.time.starts_s, node.parent is None
    for cap in ground.scenario.signals:
        if not isinstance(cap, Cap) or cap.evses or (cap.node != node.id and not (cap.node is None and is_root)):
            continue
        most_kw = told(cap)
        if most_kw is not None:
            inside = (starts >= cap.start.timestamp()) & (starts < cap.end.timestamp())
            limit_kw = np.where(inside, np.minimum(limit_kw, most_kw), limit_kw)
    return limit_kw


def _own_limit(ground: Ground, node: GridNode, limit_kw: Series | None) -> Floats:
    """(G,) [kW]"""
    if limit_kw is None:
        return np.full(len(ground.time.starts_s), np.inf)
    return ground.time.steps(limit_kw) * continuous_factor(node)


def continuous_factor(node: GridNode) -> float:
    """Share of the node's limits that may be used: equipment ratings alone are lowered."""
    if node.limit_kind is not LimitKind.RATING or node.continuous_factor is None:
        return 1.0
    return node.continuous_factor


def _cabinet_load(case: Case, cabinet: PowerCabinet) -> NodeLoad:
    """A cabinet is above its outlets; measured at evse, neither losses nor stand-by count."""
    label, segments = cabinet_label(cabinet), len(case.time.starts_s)
    at_evse = cabinet.measured_at is not MeasuringPoint.GRID
    outlets = dict.fromkeys(cabinet.evses, label)
    powers = _at_evse if at_evse else _at_grid
    sums = _summed(case, powers(case), [label], lambda stay: outlets.get(stay.evse.id))
    standby_kw = 0.0 if at_evse else sum(case.evses[evse_id].standby_kw for evse_id in cabinet.evses)
    held = np.full(case.schedule.period_count, standby_kw)
    for evse_id, power_kw in case.ground.once(held_kw).items():
        if evse_id in cabinet.evses:
            held += power_kw if at_evse else power_kw / efficiency(case.evses[evse_id])
    unseen = reserve_kw(
        case, {evse_id: 1.0 if at_evse else 1.0 / efficiency(case.evses[evse_id]) for evse_id in cabinet.evses}
    )
    return NodeLoad(
        label=label,
        charging=Charging(*sums[label]),
        expected_base_kw=np.full(segments, standby_kw),
        high_base_kw=(held + unseen)[case.time.period],
        highest_base_kw=held + unseen,
        unseen_kw=unseen,
        low_base_kw=np.full(segments, standby_kw),
        curtailed_kw=np.zeros(case.schedule.period_count),
        drawn_kw=np.zeros(case.schedule.period_count),
        given_kw=np.zeros(case.schedule.period_count),
        firm=False,
        curtailable_kw=np.zeros(case.schedule.period_count),
        limit_kw=np.full(segments, cabinet.total_kw),
        export_limit_kw=np.full(segments, np.inf),
    )


def _at_evse(case: Case) -> Floats:
    """Of all stays in each period of their plans, in the order of the fields of Charging (7, N). [kW at evse]"""
    at, floor = case.together, floors_kw(case)
    there = at.overlap_h / case.time.period_h[at.period]
    of_dc = np.where(_of_each(case, lambda stay: stay.evse.current is CurrentType.DC), at.offered_kw, 0.0)
    full = all_counted_kw(case, floor)
    return np.array([full, at.power_kw * there, at.offered_kw, of_dc, at.given_kw, at.given_kw * there, floor])


def _at_grid(case: Case) -> Floats:
    """The same at grid, but for what is offered (7, N). [kW]"""
    powers, part = _at_evse(case), _of_each(case, lambda stay: efficiency(stay.evse))
    powers[_DRAWN] /= part
    powers[_GIVEN] *= part
    return powers


def _of_each(case: Case, told: Callable[[Stay], float]) -> Floats:
    """Something of each stay, for each of its periods (N,)."""
    return np.array([told(stay) for stay in case.stays], dtype=float)[case.together.stay]


def _summed(case: Case, powers: Floats, labels: list[str], place: Callable[[Stay], str | None]) -> dict[str, Floats]:
    """Sums of powers (Q, N) over the stays at each place (Q, T); a stay at no place is left out.

    Raises KeyError for one at a place that is no label.
    """
    count, at = case.schedule.period_count, case.together
    row = {label: k for k, label in enumerate(labels)}
    nowhere = len(labels)
    places = [place(stay) for stay in case.stays]
    rows = np.array([nowhere if one is None else row[one] for one in places], dtype=np.int64)[at.stay]
    cell = rows * count + at.period
    sums = [np.bincount(cell, weights=power, minlength=(nowhere + 1) * count) for power in powers]
    table = np.array(sums, dtype=float).reshape(len(powers), nowhere + 1, count)
    return {label: table[:, k] for label, k in row.items()}


def expected_base_kw(case: Case) -> Floats:
    """Of the whole site, what it exchanges with the grid without cars and batteries, mean of each period (T,). [kW]"""
    expected = case.ground.once(_base_loads)[0]
    return case.time.mean(np.asarray(sum(expected.values())))


def high_and_low_kw(time: Timeline, load: BaseLoad) -> tuple[Floats, Floats]:
    """What limits are kept with; never on the easy side of the mean that a period expects. (G,) [kW]"""
    expected = time.mean(time.steps(load.expected_kw))[time.period]
    high = time.steps(load.expected_kw if load.high_kw is None else load.high_kw)
    low = time.steps(load.expected_kw if load.low_kw is None else load.low_kw)
    return np.maximum(high, expected), np.minimum(low, expected)


_Loads = tuple[dict[str, Floats], ...]
"""By node: expected, high and low (G,), highest in the period (T,). [kW]"""


def _base_loads_below(ground: Ground) -> _Loads:
    """Of everything below each node."""
    return tuple(rolled_up(ground.leaves_first, own) for own in ground.once(_base_loads))


def _base_loads(ground: Ground) -> _Loads:
    """Expected, high and low (G,) and highest-in-the-period (T,) load of each node itself, stand-by included. [kW]"""
    site, time = ground.scenario.site, ground.time
    expected = {node.id: np.zeros(len(time.starts_s)) for node in site.nodes}
    for evse in site.evses:
        expected[evse.node] += evse.standby_kw
    high, low = ({node_id: own.copy() for node_id, own in expected.items()} for _ in range(2))
    highest = {node_id: time.largest(own) for node_id, own in expected.items()}
    for load in site.base_loads:
        high_kw, low_kw = high_and_low_kw(time, load)
        expected[load.node] += time.steps(load.expected_kw)
        high[load.node] += high_kw
        low[load.node] += low_kw
        highest[load.node] += time.largest(high_kw)
    for evse_id, power_kw in ground.once(held_kw).items():
        evse = ground.evses[evse_id]
        high[evse.node] += power_kw[time.period] / efficiency(evse)
        highest[evse.node] += power_kw / efficiency(evse)
    for plant in site.pv_plants:
        output = time.steps(plant.expected_kw)
        expected[plant.node] -= output
        low[plant.node] -= np.maximum(output, time.mean(output)[time.period])
    return expected, high, low, highest


def _in_segment(
    code: BreakCode, case: Case, where: str, g: np.intp, amount: float, limit: float, message: str
) -> Break:
    return _break(code, where, case.time.cuts_s[g], amount, limit, message)


def _in_period(code: BreakCode, case: Case, where: str, t: np.intp, amount: float, limit: float, message: str) -> Break:
    return _break(code, where, case.time.instants_s[t], amount, limit, message)


def _break(code: BreakCode, where: str, start_s: float, amount: float, limit: float, message: str) -> Break:
    start = utc(start_s)
    return Break(code=code, where=where, start=start, amount=float(amount), limit=float(limit), message=message)
