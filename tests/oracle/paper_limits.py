"""What a node may carry and what it carries already, period by period: the right-hand sides of (5), (6) and (7)."""

from collections.abc import Iterable
from math import inf

from models.domain.scenario import Scenario
from models.domain.site import BaseLoad, Evse, GridNode, LimitKind, MeasuringPoint, PowerCabinet
from models.domain.units import amperes_from_kw
from models.domain.value import Series
from tests.oracle.paper_loads import DELTA, below, efficiency, ratio
from tests.oracle.paper_time import largest, least, mean, of_phase, overlap_h


def factor(node: GridNode) -> float:
    """The continuous factor counts for ratings only."""
    told = node.continuous_factor if node.limit_kind is LimitKind.RATING else None
    return 1.0 if told is None else told


def import_limit_kw(scenario: Scenario, node: GridNode, start_s: float, end_s: float) -> float:
    """The least of the node's own limit and the caps of (13) that touch the period. [kW at grid]"""
    own = inf if node.import_limit_kw is None else factor(node) * least(node.import_limit_kw, start_s, end_s)
    caps = [
        cap.import_limit_kw
        for cap in scenario.signals
        if (node.parent is None if cap.node is None else cap.node == node.id)
        and overlap_h(start_s, end_s, cap.start.timestamp(), cap.end.timestamp()) > 0
    ]
    return min([own, *caps])


def standby_kw(evses: Iterable[Evse]) -> float:
    return sum(evse.standby_kw for evse in evses)


def high(load: BaseLoad) -> Series:
    """What limits are kept with."""
    return load.expected_kw if load.high_kw is None else load.high_kw


def head_room_kw(scenario: Scenario, node: GridNode, start_s: float, end_s: float) -> float:
    """Right-hand side of (5): the limit without what nobody controls, never below 0. [kW at grid]"""
    places = below(scenario, node)
    taken = sum(largest(high(load), start_s, end_s) for load in scenario.site.base_loads if load.node in places)
    standby = standby_kw(evse for evse in scenario.site.evses if evse.node in places)
    return max(0.0, import_limit_kw(scenario, node, start_s, end_s) - taken - standby)


def cabinet_head_room_kw(scenario: Scenario, cabinet: PowerCabinet) -> float:
    """The same for a power cabinet; measured at evse, stand-by is no part of its total. [kW at its own meter]"""
    if cabinet.measured_at is MeasuringPoint.EVSE:
        return cabinet.total_kw
    inside = (evse for evse in scenario.site.evses if evse.id in cabinet.evses)
    return max(0.0, cabinet.total_kw - standby_kw(inside))


def cabinet_kappa(cabinet: PowerCabinet, evse: Evse) -> float:
    return 1.0 if cabinet.measured_at is MeasuringPoint.EVSE else efficiency(evse)


def current_limit_a(node: GridNode, line: str, start_s: float, end_s: float) -> float:
    """Of a line on either side of the node's transformer; inf where there is none. [A]"""
    if line in DELTA:
        told = node.transformer.primary_current_limit_a if node.transformer is not None else None
    else:
        told = node.current_limit_a
    series = of_phase(told, line.removeprefix("primary "))
    return inf if series is None else factor(node) * least(series, start_s, end_s)


def base_current_a(scenario: Scenario, node: GridNode, line: str, start_s: float, end_s: float) -> float:
    """Sum of the sizes of what base loads below the node put on a line. [A]"""
    places = below(scenario, node)
    loads = [load for load in scenario.site.base_loads if load.node in places]
    if line not in DELTA:
        return sum(load_current_a(load, line, scenario, start_s, end_s) for load in loads)
    sizes = [sum(load_current_a(load, end, scenario, start_s, end_s) for load in loads) for end in DELTA[line]]
    return sum(sizes) / ratio(node.transformer)


def load_current_a(load: BaseLoad, phase: str, scenario: Scenario, start_s: float, end_s: float) -> float:
    """As told, or the high power on three even phases. [A]"""
    if load.high_current_a is not None:
        told = of_phase(load.high_current_a, phase)
        return 0.0 if told is None else largest(told, start_s, end_s)
    volts = scenario.site.voltage_v
    if volts is None:
        raise ValueError("the paper model takes a completed scenario: the site has no voltage")
    return abs(amperes_from_kw(largest(high(load), start_s, end_s), volts, 3))


def uncontrolled_kw(scenario: Scenario, start_s: float, end_s: float) -> float:
    """Right-hand side of (7): expected base load and stand-by of the whole site. [kW at grid]"""
    base = sum(mean(load.expected_kw, start_s, end_s) for load in scenario.site.base_loads)
    return base + standby_kw(scenario.site.evses)
