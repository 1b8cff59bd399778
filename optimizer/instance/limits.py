"""Import and export limits of nodes: ratings times factor, caps of utilities, less the load that nobody controls."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import conversion_efficiency
from models.domain.scenario import Scenario
from models.domain.series import How, extent, values
from models.domain.signal import Cap
from models.domain.site import GridNode, LimitKind, MeasuringPoint, Site
from optimizer.instance.generation import Generation
from optimizer.instance.held import Held
from optimizer.instance.periods import Periods
from optimizer.instance.tree import CABINET_PREFIX, Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATING = "rating"


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """Nodes of the tree, then power cabinets (M,), with what they may import and what they carry anyway.

    Periods are the second axis of the two-dimensional arrays (M, T); all at grid. [kW]
    """

    ids: tuple[str, ...]
    limit_kw: Floats
    """inf where there is none."""
    set_by: dict[int, tuple[str, ...]]
    """For nodes whose import a signal caps: who set the limit, per period."""
    expected_kw: Floats
    """Base load and stand-by, less what PV feeds in uncurtailed, as expected."""
    high_kw: Floats
    """Stand-by, the high base load without any PV, and EVSEs out of reach: what import limits are kept with."""
    floor_kw: Floats
    """What EVSEs in reach may be following until the new plan is acknowledged; a row cannot ask for less."""
    export_limited: bool
    """Whether any node has an export limit at any time."""
    export_limit_kw: Floats
    """inf where there is none."""
    export_set_by: dict[int, tuple[str, ...]]
    """As ``set_by``."""
    export_room_kw: Floats
    """Export limit less what may be fed in at low base load and highest PV; below 0 that has to be curtailed. inf where
    export is not limited."""
    curtailable_kw: Floats
    """Sum of what PV below can be curtailed by."""
    evse_nodes: dict[str, tuple[int, ...]]
    """For each EVSE the nodes and cabinets above it."""
    at_evse: NDArray[np.bool_]
    """(M,) whether the limit is measured at evse: then no conversion and no stand-by."""
    apparent: NDArray[np.bool_]
    """(M,) whether it is one of apparent power: then ``limit_kw``, ``high_kw`` and ``floor_kw`` are in kVA."""

    @property
    def room_kw(self) -> Floats:
        """What charging may draw; where what is installed alone exceeds the limit, that."""
        return np.maximum(self.floor_kw, self.limit_kw - self.high_kw)

    @property
    def export_excess_kw(self) -> Floats:
        """By how much export may exceed its limit whatever is curtailed; 0 where it does not."""
        return np.maximum(0.0, -self.export_room_kw - self.curtailable_kw)


def import_limits(
    scenario: Scenario, tree: Tree, span: Periods, supply: Generation, held: tuple[Held, ...] = ()
) -> ImportLimits:
    """Limits and uncontrolled loads of every node and cabinet, EVSEs out of reach among them."""
    site, count = scenario.site, len(tree.nodes) + len(scenario.site.cabinets)
    limit, expected, high, low = np.zeros((4, count, span.count))
    _add_loads(site, tree, span, expected, high, low)
    _add_standby(site, tree, expected, high, low)
    apparent = np.array([node.import_limit_kva is not None for node in tree.nodes] + [False] * len(site.cabinets))
    _add_apparent(site, tree, span, apparent, high)
    if supply.ids:
        _take_generation(supply, expected, low)
    for i, node in enumerate(tree.nodes):
        limit[i] = _own_limit(node, span)
    for i, cabinet in enumerate(site.cabinets, start=len(tree.nodes)):
        limit[i] = cabinet.total_kw
        standby = sum(tree.evses[e].standby_kw for e in cabinet.evses)
        high[i] = expected[i] = 0.0 if cabinet.measured_at is MeasuringPoint.EVSE else standby
    at_evse = np.array([False] * len(tree.nodes) + [c.measured_at is MeasuringPoint.EVSE for c in site.cabinets])
    evse_nodes = _evse_nodes(site, tree)
    _add_held(held, evse_nodes, at_evse, apparent, high)
    caps = [s for s in scenario.signals if isinstance(s, Cap) and not s.evses]
    set_by = _capped(caps, tree, span, limit, lambda cap: cap.import_limit_kw)
    limited = bool(caps) or any(node.export_limit_kw is not None for node in tree.nodes)
    export_limit = _export_limits(tree, span, limit.shape) if limited else unlimited(limit.shape)
    export_set_by = _capped(caps, tree, span, export_limit, lambda cap: cap.export_limit_kw)
    return ImportLimits(
        ids=(*(node.id for node in tree.nodes), *(CABINET_PREFIX + c.id for c in site.cabinets)),
        limit_kw=limit,
        set_by=set_by,
        expected_kw=expected,
        high_kw=high,
        floor_kw=nothing(high.shape),
        export_limited=limited,
        export_limit_kw=export_limit,
        export_set_by=export_set_by,
        export_room_kw=export_limit + low if limited else export_limit,
        curtailable_kw=_curtailable(supply, limit.shape),
        evse_nodes=evse_nodes,
        at_evse=at_evse,
        apparent=apparent,
    )


def rating_factor(node: GridNode) -> float:
    """The continuous factor multiplies ratings of equipment, never contract or statutory limits."""
    if node.continuous_factor is None or node.continuous_factor == 1.0:
        return 1.0
    return node.continuous_factor if node.limit_kind is LimitKind.RATING else 1.0


def node_limit(node: GridNode, span: Periods) -> Floats:
    """What a node may import by itself (T,); inf where nothing limits it. [kW, or kVA]"""
    return np.zeros(span.count) + _own_limit(node, span)


def _own_limit(node: GridNode, span: Periods) -> Floats | float:
    """The same, one number where it always is the same."""
    limit = node.import_limit_kw if node.import_limit_kva is None else node.import_limit_kva
    if limit is None:
        return np.inf
    if isinstance(limit, tuple):
        return values(limit, span.instants_s, How.LEAST) * rating_factor(node)
    return limit * rating_factor(node)


def _add_loads(site: Site, tree: Tree, span: Periods, expected: Floats, high: Floats, low: Floats) -> None:
    for load in site.base_loads:
        least, mean, largest = extent(load.expected_kw, span.instants_s)
        if load.high_kw is not None:
            largest = np.maximum(mean, values(load.high_kw, span.instants_s, How.LARGEST))
        if load.low_kw is not None:
            least = np.minimum(mean, values(load.low_kw, span.instants_s, How.LEAST))
        for node in tree.above(load.node):
            expected[node] += mean
            high[node] += largest
            low[node] += least


def _add_apparent(site: Site, tree: Tree, span: Periods, apparent: NDArray[np.bool_], high: Floats) -> None:
    """What loads below a limit in kVA count beyond their power; what a load feeds in relieves no such limit."""
    if not apparent.any():
        return
    for load in site.base_loads:
        above = [node for node in tree.above(load.node) if apparent[node]]
        mean = values(load.expected_kw, span.instants_s, How.MEAN)
        told = load.expected_kw if load.high_kw is None else load.high_kw
        power = np.maximum(mean, values(told, span.instants_s, How.LARGEST))
        high[above] += np.maximum(0.0, power) / load.power_factor - power
    for evse in site.evses:
        above = [node for node in tree.above(evse.node) if apparent[node]]
        high[above] += evse.standby_kw / evse.power_factor - evse.standby_kw


def drawn_per_kw(limits: ImportLimits, node: Ints, efficiency: Floats, power_factor: Floats) -> Floats:
    """What a limit counts for one kW at evse: with losses, and in kVA with the power factor. [kW/kW, kVA/kW]"""
    at_grid = 1.0 / (efficiency * np.where(limits.apparent[node], power_factor, 1.0))
    return np.where(limits.at_evse[node], 1.0, at_grid)


def _add_standby(site: Site, tree: Tree, *loads: Floats) -> None:
    for evse in site.evses:
        if evse.standby_kw:
            for load in loads:
                load[list(tree.above(evse.node))] += evse.standby_kw


def _add_held(
    held: tuple[Held, ...],
    evse_nodes: dict[str, tuple[int, ...]],
    at_evse: NDArray[np.bool_],
    apparent: NDArray[np.bool_],
    high: Floats,
) -> None:
    """EVSEs that cannot be reached draw what they follow, whoever stands there."""
    for one in held:
        kappa = conversion_efficiency(one.evse)
        for node in evse_nodes[one.evse.id]:
            share = one.evse.power_factor if apparent[node] else 1.0
            high[node] += one.power_kw if at_evse[node] else one.power_kw / (kappa * share)


def _capped(
    caps: list[Cap], tree: Tree, span: Periods, limit: Floats, limit_of: Callable[[Cap], float | None]
) -> dict[int, tuple[str, ...]]:
    """Lower ``limit`` in place; who set it is told for every node that a cap names."""
    who: dict[int, list[str]] = {}
    for cap in sorted(caps, key=lambda cap: cap.id):
        least_kw, node = limit_of(cap), tree.root if cap.node is None else tree.position[cap.node]
        if least_kw is None:
            continue
        names = who.setdefault(node, [RATING if np.isfinite(x) else "" for x in limit[node]])
        for t in np.flatnonzero(span.within(cap.start, cap.end) & (least_kw < limit[node])):
            limit[node, t], names[t] = least_kw, cap.id
    return {node: tuple(names) for node, names in who.items()}


def _take_generation(supply: Generation, expected: Floats, low: Floats) -> None:
    """None of it from the high load: no cloud may break an import limit."""
    for above, mean, highest in zip(supply.above, supply.expected_kw, supply.highest_kw, strict=True):
        expected[list(above)] -= mean
        low[list(above)] -= highest


@lru_cache(maxsize=64)
def nothing(shape: tuple[int, ...]) -> Floats:
    """Zeros that nobody changes, made once for each size."""
    zeros = np.zeros(shape)
    zeros.flags.writeable = False
    return zeros


@lru_cache(maxsize=64)
def unlimited(shape: tuple[int, ...]) -> Floats:
    """The same of limits that are not there."""
    limit = np.full(shape, np.inf)
    limit.flags.writeable = False
    return limit


def _export_limits(tree: Tree, span: Periods, shape: tuple[int, ...]) -> Floats:
    """What nodes may feed in by themselves; cabinets are not limited."""
    limit = np.full(shape, np.inf)
    for i, node in enumerate(tree.nodes):
        if node.export_limit_kw is not None:
            limit[i] = values(node.export_limit_kw, span.instants_s, How.LEAST) * rating_factor(node)
    return limit


def _curtailable(supply: Generation, shape: tuple[int, ...]) -> Floats:
    if not len(supply.plant):
        return nothing(shape)
    total = np.zeros(shape)
    for plant, period, power_kw in zip(supply.plant, supply.period, supply.curtailable_kw, strict=True):
        total[list(supply.above[plant]), period] += power_kw
    return total


def _evse_nodes(site: Site, tree: Tree) -> dict[str, tuple[int, ...]]:
    above = {evse.id: tree.above(evse.node) for evse in site.evses}
    for i, cabinet in enumerate(site.cabinets, start=len(tree.nodes)):
        for evse_id in cabinet.evses:
            above[evse_id] += (i,)
    return above
