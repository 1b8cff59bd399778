"""What a node may carry and what it carries already, period by period: the right-hand sides of (5), (6) and (7)."""

from collections.abc import Iterable
from math import inf

from models.domain.scenario import Scenario
from models.domain.signal import Cap
from models.domain.site import BaseLoad, Evse, GridNode, LimitKind, MeasuringPoint, PowerCabinet, Transformer
from models.domain.units import SQRT3, amperes_from_kw, line_to_neutral
from tests.oracle.paper_loads import DELTA, LINES, below, efficiency, ratio, way_up
from tests.oracle.paper_time import largest, least, mean, of_phase, overlap_h


def factor(node: GridNode) -> float:
    """The continuous factor counts for ratings only."""
    told = node.continuous_factor if node.limit_kind is LimitKind.RATING else None
    return 1.0 if told is None else told


def import_limit_kw(scenario: Scenario, node: GridNode, start_s: float, end_s: float) -> float:
    """The least of the node's own limit and the caps of (13) that touch the period. [kW at grid]"""
    told = node.import_limit_kw if node.import_limit_kva is None else node.import_limit_kva
    own = inf if told is None else factor(node) * least(told, start_s, end_s)
    caps = [cap.import_limit_kw for cap in caps_on(scenario, node, start_s, end_s)]
    return min([own, *(cap for cap in caps if cap is not None)])


def caps_on(scenario: Scenario, node: GridNode, start_s: float, end_s: float) -> list[Cap]:
    """Caps on a node that touch a period."""
    return [
        cap
        for cap in scenario.signals
        if isinstance(cap, Cap)
        and not cap.evses
        and (node.parent is None if cap.node is None else cap.node == node.id)
        and overlap_h(start_s, end_s, cap.start.timestamp(), cap.end.timestamp()) > 0
    ]


def standby_kw(evses: Iterable[Evse]) -> float:
    return sum(evse.standby_kw for evse in evses)


def high_kw(load: BaseLoad, start_s: float, end_s: float) -> float:
    """What limits are kept with: the largest high value, never below the expected mean. [kW at grid]"""
    told = load.expected_kw if load.high_kw is None else load.high_kw
    return max(largest(told, start_s, end_s), mean(load.expected_kw, start_s, end_s))


def head_room_kw(scenario: Scenario, node: GridNode, start_s: float, end_s: float, held_kw: float = 0.0) -> float:
    """Right-hand side of (5): the limit without what nobody controls, never below 0. [kW at grid]"""
    places = below(scenario, node)
    loads = [load for load in scenario.site.base_loads if load.node in places]
    inside = [evse for evse in scenario.site.evses if evse.node in places]
    taken, standby = sum(high_kw(load, start_s, end_s) for load in loads), standby_kw(inside)
    if node.import_limit_kva is not None:
        taken = sum(max(0.0, high_kw(load, start_s, end_s)) / load.power_factor for load in loads)
        standby = sum(evse.standby_kw / evse.power_factor for evse in inside)
    return max(0.0, import_limit_kw(scenario, node, start_s, end_s) - taken - standby - held_kw)


def cabinet_head_room_kw(scenario: Scenario, cabinet: PowerCabinet, held_kw: float = 0.0) -> float:
    """The same for a power cabinet; measured at evse, stand-by is no part of its total. [kW at its own meter]"""
    if cabinet.measured_at is MeasuringPoint.EVSE:
        return max(0.0, cabinet.total_kw - held_kw)
    inside = (evse for evse in scenario.site.evses if evse.id in cabinet.evses)
    return max(0.0, cabinet.total_kw - standby_kw(inside) - held_kw)


def cabinet_kappa(cabinet: PowerCabinet, evse: Evse) -> float:
    return 1.0 if cabinet.measured_at is MeasuringPoint.EVSE else efficiency(evse)


def current_limit_a(node: GridNode, line: str, start_s: float, end_s: float) -> float:
    """Of a line on either side of the node's transformer; inf where there is none. [A]"""
    told = node.current_limit_a
    if line.startswith("primary"):
        told = node.transformer.primary_current_limit_a if node.transformer is not None else None
    series = of_phase(told, line.removeprefix("primary "))
    return inf if series is None else factor(node) * least(series, start_s, end_s)


def base_current_a(scenario: Scenario, node: GridNode, line: str, start_s: float, end_s: float) -> float:
    """Sum of the sizes of what base loads below the node put on a line. [A]"""
    places = below(scenario, node)
    loads = [load for load in scenario.site.base_loads if load.node in places]
    return sum(load_current_a(scenario, load, node, line, start_s, end_s) for load in loads)


def load_current_a(
    scenario: Scenario, load: BaseLoad, node: GridNode, line: str, start_s: float, end_s: float
) -> float:
    """Of one base load on a line of a node above it, through the transformers between them. [A]"""
    crossed = [n.transformer for n in way_up(scenario, load.node, node.id) if n.transformer is not None]
    if line.startswith("primary") and node.transformer is not None:
        crossed.append(node.transformer)
    sizes = sizes_at_the_load(scenario, load, start_s, end_s)
    for transformer in crossed:
        sizes = sizes_through(transformer, sizes, even=load.high_current_a is None)
    return sizes[line.removeprefix("primary ")]


def sizes_at_the_load(scenario: Scenario, load: BaseLoad, start_s: float, end_s: float) -> dict[str, float]:
    """As told, or the high power on three even phases; generation adds none. [A]"""
    if load.high_current_a is not None:
        told = {line: of_phase(load.high_current_a, line) for line in LINES}
        return {line: 0.0 if series is None else largest(series, start_s, end_s) for line, series in told.items()}
    power = max(0.0, high_kw(load, start_s, end_s))
    return dict.fromkeys(LINES, amperes_from_kw(power, voltage_v(scenario, load), len(LINES)))


def voltage_v(scenario: Scenario, load: BaseLoad) -> float:
    """Line to neutral where the load stands: on a side of the nearest transformer, or the site's. [V]"""
    above = [n.transformer for n in way_up(scenario, load.node, None) if n.transformer is not None]
    if above:
        return line_to_neutral(above[0].secondary_voltage_v)
    # Before any transformer: the place has the voltage on the grid side of the first one below the connection.
    fed = (n.transformer for n in scenario.site.nodes if n.transformer)
    first = next(fed, None)
    if first is not None:
        return line_to_neutral(first.primary_voltage_v)
    if scenario.site.voltage_v is None:
        raise ValueError("the paper model takes a completed scenario: the site has no voltage")
    return scenario.site.voltage_v


def sizes_through(transformer: Transformer, sizes: dict[str, float], *, even: bool) -> dict[str, float]:
    """Even currents differ by √3; of others only the two lengths are known, and they may add up."""
    if even:
        return {line: SQRT3 * size / ratio(transformer) for line, size in sizes.items()}
    return {line: (sizes[one] + sizes[other]) / ratio(transformer) for line, (one, other) in DELTA.items()}


def uncontrolled_kw(scenario: Scenario, start_s: float, end_s: float) -> float:
    """Right-hand side of (7): expected base load and stand-by of the whole site without its PV. [kW at grid]"""
    base = sum(mean(load.expected_kw, start_s, end_s) for load in scenario.site.base_loads)
    pv = sum(mean(plant.expected_kw, start_s, end_s) for plant in scenario.site.pv_plants)
    return base + standby_kw(scenario.site.evses) - pv


def expected_below_kw(scenario: Scenario, places: frozenset[str], start_s: float, end_s: float) -> float:
    """The same for what hangs on some nodes. [kW at grid]"""
    site = scenario.site
    base = sum(mean(load.expected_kw, start_s, end_s) for load in site.base_loads if load.node in places)
    pv = sum(mean(plant.expected_kw, start_s, end_s) for plant in site.pv_plants if plant.node in places)
    return base + standby_kw(evse for evse in site.evses if evse.node in places) - pv


def low_kw(load: BaseLoad, start_s: float, end_s: float) -> float:
    """What export limits are kept with: the least low value, never above the expected mean. [kW at grid]"""
    told = load.expected_kw if load.low_kw is None else load.low_kw
    return min(least(told, start_s, end_s), mean(load.expected_kw, start_s, end_s))


def export_room_kw(scenario: Scenario, node: GridNode, start_s: float, end_s: float) -> float:
    """Right-hand side of (5) for export; where not enough can be curtailed, all of it is. [kW at grid]"""
    own = inf if node.export_limit_kw is None else factor(node) * least(node.export_limit_kw, start_s, end_s)
    caps = [cap.export_limit_kw for cap in caps_on(scenario, node, start_s, end_s)]
    limit = min([own, *(cap for cap in caps if cap is not None)])
    if limit == inf:
        return inf
    places, site = below(scenario, node), scenario.site
    plants = [plant for plant in site.pv_plants if plant.node in places]
    taken = sum(low_kw(load, start_s, end_s) for load in site.base_loads if load.node in places)
    taken += standby_kw(evse for evse in site.evses if evse.node in places)
    fed_in = sum(
        max(largest(plant.expected_kw, start_s, end_s), mean(plant.expected_kw, start_s, end_s)) for plant in plants
    )
    curtailable = sum(mean(plant.expected_kw, start_s, end_s) for plant in plants if plant.curtailable)
    return max(limit + taken - fed_in, -curtailable)
