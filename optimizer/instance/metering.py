"""Measurement points of events and dispatch: the site's meter, a node, or EVSEs with meters of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.signal import Dispatch, Event, Metered
from models.domain.signal_times import windows_of
from optimizer.instance.generation import Generation
from optimizer.instance.limits import ImportLimits
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions
from optimizer.instance.states import States
from optimizer.instance.storage import Storage
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Meters:
    """One entry per measurement point that some signal names (M,). Loads are expected ones, at the meter. [kW]"""

    ids: tuple[str, ...]
    """Of the node; ``evses:`` and the first signal that names them, for EVSEs."""
    of_signal: dict[str, int]
    """By signal id."""
    is_site: NDArray[np.bool_]
    drawn: Floats
    """(M, S) what one kW that a session charges adds; 0 where it is not behind the meter."""
    given: Floats
    """(M, S) what one kW that it gives back takes away."""
    battery: NDArray[np.bool_]
    """(M, B) whether it is behind the meter."""
    plant: NDArray[np.bool_]
    """(M, P) whether it is behind the meter."""
    base_kw: Floats
    """(M, T) what nobody controls, with PV uncurtailed."""
    low_kw: Floats
    """(M, T) the least that any plan can make of it ..."""
    high_kw: Floats
    """(M, T) ... and the most."""
    rest_kw: Floats
    """(M, T) with cars and batteries at rest, and all PV held back that can be."""
    used: NDArray[np.bool_]
    """(M, T) periods in which a signal looks at it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around the meters."""

    tree: Tree
    sessions: Sessions
    cells: Cells
    states: States
    generation: Generation
    storage: Storage
    limits: ImportLimits


def meters(scenario: Scenario, span: Periods, around: Surroundings) -> Meters:
    """The measurement points of a completed scenario's events and dispatch."""
    places = _places(scenario, around.tree)
    if not places:
        return _none(span.count, around.sessions.count, around.storage.count, len(around.generation.ids))
    found = list(dict.fromkeys(places.values()))
    of_signal = {signal: found.index(place) for signal, place in places.items()}
    drawn, given = _per_session(found, around)
    nodes = [node for node, _ in found]
    battery = _behind(nodes, around.storage.above)
    plant = _behind(nodes, around.generation.above)
    base = np.array([around.limits.expected_kw[n] if n >= 0 else np.zeros(span.count) for n in nodes])
    base = base.reshape(len(nodes), span.count)
    rest = base + _held_back(plant, span, around.generation)
    low, high = _range(base, rest, drawn, given, battery, span, around)
    high = np.minimum(high, rest + _room_kw(nodes, given, base.shape, around))
    return Meters(
        ids=tuple(_name(place, places, around.tree) for place in found),
        of_signal=of_signal,
        is_site=np.array([n == around.tree.root for n in nodes], dtype=bool),
        drawn=drawn,
        given=given,
        battery=battery,
        plant=plant,
        base_kw=base,
        low_kw=low,
        high_kw=high,
        rest_kw=rest,
        used=_used(scenario, span, of_signal, base.shape),
    )


@lru_cache(maxsize=64)
def _none(periods: int, sessions: int, batteries: int, plants: int) -> Meters:
    """Where no signal looks at a load."""
    loads, cars = np.zeros((0, periods)), np.zeros((0, sessions))
    battery, plant = np.zeros((0, batteries), dtype=bool), np.zeros((0, plants), dtype=bool)
    nobody, never = np.zeros(0, dtype=bool), np.zeros((0, periods), dtype=bool)
    return Meters((), {}, nobody, cars, cars, battery, plant, loads, loads, loads, loads, never)


_Place = tuple[int, frozenset[str]]
"""Position of a node and no EVSEs, or -1 and some."""


def _places(scenario: Scenario, tree: Tree) -> dict[str, _Place]:
    places: dict[str, _Place] = {}
    for signal in metered(scenario):
        node = tree.root if signal.node is None else tree.position[signal.node]
        places[signal.id] = (-1, frozenset(signal.evses)) if signal.evses else (node, frozenset())
    return places


def metered(scenario: Scenario) -> Iterator[Metered]:
    """The signals that look at a load."""
    return (signal for signal in scenario.signals if isinstance(signal, Event | Dispatch))


def _name(place: _Place, places: dict[str, _Place], tree: Tree) -> str:
    if place[0] >= 0:
        return tree.nodes[place[0]].id
    return f"evses:{next(signal for signal, other in places.items() if other == place)}"


def _per_session(places: list[_Place], around: Surroundings) -> tuple[Floats, Floats]:
    """A meter at an EVSE counts what passes there, one at a node what that takes from the grid."""
    who, shape = around.sessions, (len(places), around.sessions.count)
    drawn, given = np.zeros(shape), np.zeros(shape)
    for m, (node, evses) in enumerate(places):
        for s, evse in enumerate(who.evse_ids):
            if evse in evses:
                drawn[m, s] = given[m, s] = 1.0
            elif node in around.limits.evse_nodes[evse]:
                drawn[m, s], given[m, s] = 1.0 / who.efficiency[s], who.efficiency[s]
    return drawn, given


def _behind(nodes: list[int], above: tuple[tuple[int, ...], ...]) -> NDArray[np.bool_]:
    table = [[node in way for way in above] for node in nodes]
    return np.array(table, dtype=bool).reshape(len(nodes), len(above))


def _held_back(plant: NDArray[np.bool_], span: Periods, supply: Generation) -> Floats:
    """All PV behind each meter that can be curtailed (M, T). [kW]"""
    held = np.zeros((len(plant), span.count))
    for m, behind in enumerate(plant):
        mine = behind[supply.plant] * supply.curtailable_kw
        held[m] = np.bincount(supply.period, weights=mine, minlength=span.count)
    return held


def _range(
    base: Floats,
    rest: Floats,
    drawn: Floats,
    given: Floats,
    battery: NDArray[np.bool_],
    span: Periods,
    around: Surroundings,
) -> tuple[Floats, Floats]:
    """With everybody giving back, and with everybody drawing, in full."""
    cells, states, units = around.cells, around.states, around.storage
    share = cells.share
    charge_kw = share * around.sessions.max_power_kw[cells.session]
    giving = states.giving
    giver = states.cell[giving]
    back_kw = share[giver] * states.max_discharge_kw[states.member[giving]]
    low, high = base.copy(), rest.copy()
    for m in range(len(base)):
        most = drawn[m, cells.session] * charge_kw
        high[m] += np.bincount(cells.period, weights=most, minlength=span.count) + battery[m] @ units.max_charge_kw
        back = given[m, cells.session[giver]] * back_kw
        low[m] -= np.bincount(cells.period[giver], weights=back, minlength=span.count)
        low[m] -= battery[m] @ units.max_discharge_kw
    return low, high


def _room_kw(nodes: list[int], given: Floats, shape: tuple[int, ...], around: Surroundings) -> Floats:
    """What (5) leaves to cars and batteries behind each meter (M, T); inf at EVSEs. [kW]

    And where it counts on cars that give back: one that leaves early gives back less than (5) counts.
    """
    room = np.full(shape, np.inf)
    for m, node in enumerate(nodes):
        relies_on_cars = around.storage.firm[node] and bool((given[m, around.states.givers] > 0.0).any())
        if node >= 0 and not relies_on_cars:
            room[m] = around.limits.room_kw[node]
    return room


def _used(scenario: Scenario, span: Periods, of_signal: dict[str, int], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    used = np.zeros(shape, dtype=bool)
    for signal in metered(scenario):
        for start, end in windows_of(signal):
            used[of_signal[signal.id]] |= span.within(start, end)
    return used
