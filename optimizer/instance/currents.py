"""Equation (6): where phase currents are limited, and the phasor that one ampere of each load puts on each line.

Loads share a *leg*: the conductors they lie between. A leg that passes a delta-wye transformer on the way up to a node
is another leg there, because its phasors are others. Lines are the three conductors on the load side of a node
(``L1``) and, where the node is a transformer with a limit on it, on its grid side (``primary L1``).
"""

from cmath import exp
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import pi

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import conversion_efficiency, kw_per_ampere, phases_used
from models.domain.scenario import Scenario
from models.domain.series import How, values
from models.domain.session import Vehicle
from models.domain.site import BaseLoad, Evse, GridNode, Phase, PhaseSeries, Transformer, Wiring
from models.domain.units import amperes_from_kw, line_to_line, line_to_neutral
from models.domain.value import Series
from optimizer.instance.held import Held
from optimizer.instance.limits import rating_factor
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Phasors = NDArray[np.complex128]

UNKNOWN, UNKNOWN_BETWEEN = "unknown", "unknown-unknown"
BACK = "back "
"""Before the label of a leg on which cars give back: the same conductors, the opposite current."""
_NOBODY: Ints = np.zeros(0, dtype=np.int64)
_ORDER = (Phase.L1, Phase.L2, Phase.L3)
_TURN = {Phase.L1: 1 + 0j, Phase.L2: exp(-2j * pi / 3), Phase.L3: exp(2j * pi / 3)}
"""Direction of the voltage of each phase to neutral."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Conductors that loads below a node share, with the phasors of one ampere on its lines."""

    label: str
    load_side: tuple[complex, complex, complex]
    grid_side: tuple[complex, complex, complex]
    """Behind the node's transformer; as ``load_side`` where there is none."""
    known: bool
    """False: the phase is unknown; the phasors are those of one case, and the longest counts on every line."""


@dataclass(frozen=True, slots=True)
class Line:
    """A conductor with a limit."""

    label: str
    phasors: Phasors
    """(G,) what one ampere on each leg puts on it."""
    limit_a: Floats
    """(T,)"""
    base_a: Floats
    """(T,) base load, known in size only."""
    reserve: Phasors | None = None
    """(J, T) sums of which cars that come unseen put one on it (21), 0 among them; None: nobody comes. [A]"""

    @property
    def kept_a(self) -> Floats:
        """What is not for the cars of the plan, in size (T,). [A]"""
        return self.base_a if self.reserve is None else np.asarray(self.base_a + abs(self.reserve).max(axis=0))

    def reserve_along(self, angle: Ints, period: Ints) -> Floats:
        """What cars that come unseen reach in pairs of direction and period (R,). [A], angles in 1/1000 degree"""
        if self.reserve is None:
            return np.zeros(len(angle))
        direction = np.exp(-1j * np.deg2rad(angle / 1000))
        return np.asarray((direction * self.reserve[:, period]).real.max(axis=0))


@dataclass(frozen=True, slots=True)
class CurrentPoint:
    """A node with limited phase currents."""

    node: int
    legs: tuple[Leg, ...]
    sessions: Ints
    """(K,) positions of the sessions below ..."""
    leg: Ints
    """... the leg each of them loads ..."""
    amperes_per_kw: Floats
    """... and its current per kW of charge_power, conversion losses included. [A/kW]"""
    giving: Ints
    """(G,) positions of the sessions below that can give back ..."""
    giving_leg: Ints
    """... the leg on which they do, opposite to the one they load ..."""
    giving_amperes_per_kw: Floats
    """... and its current per kW of discharge_power. [A/kW]"""
    lines: tuple[Line, ...]
    floor_a: Floats | None = None
    """(G, T) what each leg may be carrying until the new plan is acknowledged; None: nothing. [A]"""

    def installed_a(self, line: Line) -> Floats:
        """The same on one of the lines, in size (T,). [A]"""
        return np.zeros_like(line.base_a) if self.floor_a is None else np.asarray(abs(line.phasors) @ self.floor_a)


@dataclass(frozen=True, slots=True)
class _Load:
    """Conductors of one session's load: the leg's label and its phasors at the EVSE."""

    label: str
    phasors: tuple[complex, complex, complex]
    amperes_per_kw: float


def current_points(
    scenario: Scenario,
    tree: Tree,
    who: Sessions,
    span: Periods,
    givers: Ints = _NOBODY,
    held: tuple[Held, ...] = (),
) -> tuple[CurrentPoint, ...]:
    """One for every node that limits the current on its load side or on the primary side of its transformer.

    ``givers``: positions of the sessions that can give back; ``held``: EVSEs out of reach, which count in size.
    """
    limited = [i for i, node in enumerate(tree.nodes) if limits_current(node)]
    if not limited:
        return ()
    voltage_v = scenario.site.voltage_v
    assert voltage_v is not None
    loads = [
        _load(s.vehicle, tree.evses[s.evse], voltage_v, kappa)
        for s, kappa in zip(scenario.sessions, who.efficiency, strict=True)
    ]
    can_give = set(givers.tolist())
    points = [_point(i, scenario, tree, loads, span, can_give) for i in limited]
    return tuple(_with_held(point, held, tree, voltage_v) for point in points) if held else tuple(points)


def with_floors(
    points: tuple[CurrentPoint, ...], plugged: Cells, cells: Ints, power_kw: Floats, periods: int
) -> tuple[CurrentPoint, ...]:
    """The same with what some cells may be following, at evse. [kW]"""
    return tuple(replace(point, floor_a=_floor_a(point, plugged, cells, power_kw, periods)) for point in points)


def _floor_a(point: CurrentPoint, plugged: Cells, cells: Ints, power_kw: Floats, periods: int) -> Floats:
    floor, session = np.zeros((len(point.legs), periods)), plugged.session[cells]
    for member, leg, amperes in zip(point.sessions, point.leg, point.amperes_per_kw, strict=True):
        mine = session == member
        np.add.at(floor[leg], plugged.period[cells[mine]], amperes * power_kw[mine])
    return floor


def _with_held(point: CurrentPoint, held: tuple[Held, ...], tree: Tree, voltage_v: float) -> CurrentPoint:
    """EVSEs out of reach as base load: with all of their phases, in size, because nobody knows which car is there."""
    sizes = {line.label: line.base_a.copy() for line in point.lines}
    for one in held:
        way = tree.above(one.evse.node)
        if point.node in way:
            load = _load(None, one.evse, voltage_v, conversion_efficiency(one.evse))
            leg = _leg(load, tree.nodes[point.node], [tree.nodes[j] for j in way[: way.index(point.node)]])
            for prefix, side in (("", leg.load_side), ("primary ", leg.grid_side)):
                for phase, phasor in zip(_ORDER, _on_lines(side, leg.known), strict=True):
                    if prefix + phase in sizes:
                        sizes[prefix + phase] += abs(phasor) * load.amperes_per_kw * one.power_kw
    return replace(point, lines=tuple(replace(line, base_a=sizes[line.label]) for line in point.lines))


def limits_current(node: GridNode) -> bool:
    transformer = node.transformer
    return node.current_limit_a is not None or (
        transformer is not None and transformer.primary_current_limit_a is not None
    )


def _load(vehicle: Vehicle | None, evse: Evse, site_voltage_v: float, efficiency: float) -> _Load:
    phases = phases_used(evse, vehicle)
    amperes = 1.0 / (kw_per_ampere(evse, vehicle, site_voltage_v) * efficiency)
    if phases is None:
        if evse.wiring is Wiring.LINE_TO_LINE:
            return _Load(UNKNOWN_BETWEEN, _between(*_ORDER[:2]), amperes)
        return _Load(UNKNOWN, _to_neutral(_ORDER[:1]), amperes)
    between = evse.wiring is Wiring.LINE_TO_LINE and len(phases) == 2
    phasors = _between(*_around(phases)) if between else _to_neutral(phases)
    names = _around(phases) if between else tuple(p for p in _ORDER if p in phases)
    return _Load(("-" if between else "+").join(names), phasors, amperes)


def _around(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """Two phases in the order L1-L2, L2-L3, L3-L1; a load between lines has no other direction."""
    a, b = (_ORDER.index(p) for p in phases)
    return phases if (b - a) % 3 == 1 else (phases[1], phases[0])


def _between(a: Phase, b: Phase) -> tuple[complex, complex, complex]:
    """A load between two lines: its current has the direction of their voltage and returns on the second line."""
    direction = (_TURN[a] - _TURN[b]) / abs(_TURN[a] - _TURN[b])
    return _by_line({a: direction, b: -direction})


def _to_neutral(phases: tuple[Phase, ...]) -> tuple[complex, complex, complex]:
    return _by_line({phase: _TURN[phase] for phase in phases})


def _by_line(currents: dict[Phase, complex]) -> tuple[complex, complex, complex]:
    first, second, third = (currents.get(phase, 0j) for phase in _ORDER)
    return first, second, third


def _point(
    i: int, scenario: Scenario, tree: Tree, loads: list[_Load], span: Periods, can_give: set[int]
) -> CurrentPoint:
    node = tree.nodes[i]
    legs: dict[str, int] = {}
    found: list[Leg] = []
    drawing: list[tuple[int, int, float]] = []
    giving: list[tuple[int, int, float]] = []

    def number(leg: Leg) -> int:
        if leg.label not in legs:
            legs[leg.label] = len(found)
            found.append(leg)
        return legs[leg.label]

    for s, session in enumerate(scenario.sessions):
        evse = tree.evses[session.evse]
        way = tree.above(evse.node)
        if i in way:
            leg, amperes = _leg(loads[s], node, [tree.nodes[j] for j in way[: way.index(i)]]), loads[s].amperes_per_kw
            drawing.append((s, number(leg), amperes))
            if s in can_give:
                giving.append((s, number(_backwards(leg)), amperes * conversion_efficiency(evse) ** 2))
    lines = tuple(_lines(i, scenario, tree, tuple(found), span))
    return CurrentPoint(i, tuple(found), *_members(drawing), *_members(giving), lines)


def _members(rows: list[tuple[int, int, float]]) -> tuple[Ints, Ints, Floats]:
    session, leg, amperes = np.array(rows, dtype=float).reshape(len(rows), 3).T
    return session.astype(np.int64), leg.astype(np.int64), amperes


def _backwards(leg: Leg) -> Leg:
    """The leg on which cars give back what they draw on another."""
    (a, b, c), (d, e, f) = leg.load_side, leg.grid_side
    return Leg(BACK + leg.label, (-a, -b, -c), (-d, -e, -f), leg.known)


def _leg(load: _Load, node: GridNode, below: list[GridNode]) -> Leg:
    """The load's leg as node ``node`` sees it, behind the transformers of the nodes below it on the way."""
    label, phasors, known = load.label, load.phasors, load.label not in (UNKNOWN, UNKNOWN_BETWEEN)
    for under in below:
        if under.transformer is not None:
            label, phasors = f"{label}@{under.id}", _through(under.transformer, phasors)
    behind = phasors if node.transformer is None else _through(node.transformer, phasors)
    return Leg(label, phasors, behind, known)


def _through(transformer: Transformer, lines: tuple[complex, complex, complex]) -> tuple[complex, complex, complex]:
    """Secondary line currents (a, b, c) as primary ones (a - c, b - a, c - b) / n."""
    ratio = winding_ratio(transformer)
    a, b, c = lines
    return (a - c) / ratio, (b - a) / ratio, (c - b) / ratio


def winding_ratio(transformer: Transformer) -> float:
    """Primary line-to-line over secondary line-to-neutral voltage."""
    return transformer.primary_voltage_v / line_to_neutral(transformer.secondary_voltage_v)


def _lines(i: int, scenario: Scenario, tree: Tree, legs: tuple[Leg, ...], span: Periods) -> Iterator[Line]:
    node, factor = tree.nodes[i], rating_factor(tree.nodes[i])
    base = _base_currents(i, scenario, tree, span)
    load_side = [_on_lines(leg.load_side, leg.known) for leg in legs]
    yield from _limited("", node.current_limit_a, factor, load_side, base, span)
    if node.transformer is not None:
        grid_side = [_on_lines(leg.grid_side, leg.known) for leg in legs]
        behind = _base_behind(node.transformer, i, scenario, tree, span)
        yield from _limited("primary ", node.transformer.primary_current_limit_a, factor, grid_side, behind, span)


def _on_lines(phasors: tuple[complex, complex, complex], known: bool) -> tuple[complex, complex, complex]:
    """What a leg puts on each line; of an unknown phase the worst, on every line."""
    worst = complex(max(abs(phasor) for phasor in phasors))
    return phasors if known else (worst, worst, worst)


def _limited(
    prefix: str,
    limit: Series | PhaseSeries | None,
    factor: float,
    phasors: list[tuple[complex, complex, complex]],
    base: Floats,
    span: Periods,
) -> Iterator[Line]:
    for k, amperes in enumerate(_amperes(limit, factor, span)):
        if amperes is not None:
            yield Line(prefix + _ORDER[k], np.array([p[k] for p in phasors], dtype=complex), amperes, base[k])


def _amperes(limit: Series | PhaseSeries | None, factor: float, span: Periods) -> tuple[Floats | None, ...]:
    """Of each phase (T,)."""
    if isinstance(limit, PhaseSeries):
        return tuple(one for phase in _ORDER for one in _amperes(getattr(limit, phase.value), factor, span)[:1])
    same = None if limit is None else values(limit, span.instants_s, How.LEAST) * factor
    return same, same, same


def _base_currents(i: int, scenario: Scenario, tree: Tree, span: Periods) -> Floats:
    """Size of the uncontrolled current on the three lines on the load side of node i (3, T). [A]"""
    total = np.zeros((3, span.count))
    for load, sizes, way in _loads_below(i, scenario, tree, span):
        for j in way[: way.index(i)]:
            transformer = tree.nodes[j].transformer
            if transformer is not None:
                sizes = _sizes_through(transformer, sizes, even=load.high_current_a is None)
        total += sizes
    return total


def _base_behind(transformer: Transformer, i: int, scenario: Scenario, tree: Tree, span: Periods) -> Floats:
    """The same on the grid side of node i's own transformer (3, T). [A]"""
    total = np.zeros((3, span.count))
    for load, sizes, way in _loads_below(i, scenario, tree, span):
        for j in way[: way.index(i) + 1]:
            passed = tree.nodes[j].transformer
            if passed is not None:
                sizes = _sizes_through(passed, sizes, even=load.high_current_a is None)
        total += sizes
    return total


def _loads_below(
    i: int, scenario: Scenario, tree: Tree, span: Periods
) -> Iterator[tuple[BaseLoad, Floats, tuple[int, ...]]]:
    for load in scenario.site.base_loads:
        way = tree.above(load.node)
        if i in way:
            yield load, _sizes(load, way, scenario, tree, span), way


def _sizes(load: BaseLoad, way: tuple[int, ...], scenario: Scenario, tree: Tree, span: Periods) -> Floats:
    """Size of a base load's currents where it stands (3, T). [A]"""
    if load.high_current_a is not None:
        series = [getattr(load.high_current_a, phase.value) for phase in _ORDER]
        return np.array(
            [np.zeros(span.count) if s is None else values(s, span.instants_s, How.LARGEST) for s in series]
        )
    high = values(load.expected_kw if load.high_kw is None else load.high_kw, span.instants_s, How.LARGEST)
    high = np.maximum(high, values(load.expected_kw, span.instants_s, How.MEAN))
    amperes = amperes_from_kw(1.0, _voltage_v(way, scenario, tree), 3)
    return np.tile(np.maximum(0.0, high) * amperes, (3, 1))


def _voltage_v(way: tuple[int, ...], scenario: Scenario, tree: Tree) -> float:
    """Line to neutral where a load stands: under the nearest transformer, or on the grid side of all. [V]"""
    for j in way:
        transformer = tree.nodes[j].transformer
        if transformer is not None:
            return line_to_neutral(transformer.secondary_voltage_v)
    # Before any transformer: the voltage on the grid side of the first one.
    first = next((node.transformer for node in tree.nodes if node.transformer is not None), None)
    assert scenario.site.voltage_v is not None
    return scenario.site.voltage_v if first is None else line_to_neutral(first.primary_voltage_v)


def _sizes_through(transformer: Transformer, sizes: Floats, *, even: bool) -> Floats:
    """Sizes of currents behind a delta-wye transformer: exact for an even load, else the sum of the two lengths."""
    ratio = winding_ratio(transformer)
    if even:
        return line_to_line(1.0) * sizes / ratio
    return (sizes + sizes[[2, 0, 1]]) / ratio
