"""Ids are unique, references lead somewhere, and the nodes are one tree."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from models.domain.findings import Finding
from models.domain.paths import ids_of, label, plain, some_of
from models.domain.scenario import Scenario
from models.domain.signal import PriceEvent
from models.domain.site import Evse, GridNode, Site


def duplicate_ids(scenario: Scenario) -> Iterator[Finding]:
    """Things of one list with the same id. A session may have the id of the visit that it began as."""
    site = scenario.site
    for path, things in {
        "site.nodes": site.nodes,
        "site.evses": site.evses,
        "site.cabinets": site.cabinets,
        "site.stations": site.stations,
        "site.pv_plants": site.pv_plants,
        "site.batteries": site.batteries,
        "site.tiers": site.tiers,
        "sessions": scenario.sessions,
        "visits": scenario.visits,
        "signals": scenario.signals,
        "tariff.demand_charges": scenario.tariff.demand_charges if scenario.tariff else (),
        "tariff.coincident_peaks": scenario.tariff.coincident_peaks if scenario.tariff else (),
        "tariff.contracts": scenario.tariff.contracts if scenario.tariff else (),
    }.items():
        yield from _repeated(path, things)
    for i, evse in enumerate(site.evses):
        yield from _repeated(f"site.evses[{i}].connectors", evse.connectors)


def _repeated(path: str, things: Iterable[Any]) -> Iterator[Finding]:
    first: dict[Any, int] = {}
    for i, thing in enumerate(things):
        before = first.setdefault(thing.id, i)
        if before != i:
            message = f"{label(thing)}: {path}[{before}] has the same id"
            yield Finding(path=f"{path}[{i}].id", message=message, remedy="give each its own", ids=(str(thing.id),))


def installed_twice(scenario: Scenario) -> Iterator[Finding]:
    """Two states of one EVSE: one of them is not true."""
    first: dict[str, int] = {}
    for i, one in enumerate(scenario.installed):
        before = first.setdefault(one.evse, i)
        if before != i:
            message = f"{label(one)}: installed[{before}] is of EVSE {plain(one.evse)} as well"
            remedy = "name each EVSE once, with all profiles that it may be following"
            yield Finding(path=f"installed[{i}].evse", message=message, remedy=remedy, ids=(one.evse,))


def station_numbers(scenario: Scenario) -> Iterator[Finding]:
    """EVSEs that a station could not tell apart: OCPP addresses them by station and number."""
    first: dict[tuple[str, int], Evse] = {}
    for i, evse in enumerate(scenario.site.evses):
        station = evse.station or evse.id
        other = first.setdefault((station, evse.evse_number), evse)
        if other is not evse:
            message = f"{label(evse)}: {label(other)} is number {evse.evse_number} of station {plain(station)} too"
            remedy = "give each EVSE of a station its own evse_number, or its own station"
            yield Finding(path=f"site.evses[{i}].evse_number", message=message, remedy=remedy, ids=(other.id, evse.id))


def dead_references(scenario: Scenario) -> Iterator[Finding]:
    """References to nodes, EVSEs, tiers, stations and connectors that do not exist."""
    yield from _of_the_site(scenario.site)
    evses = {evse.id: evse for evse in scenario.site.evses}
    to_evse, to_tier = _referee("EVSE", "site.evses", evses), _referee("tier", "site.tiers", _ids(scenario.site.tiers))
    to_node = _referee("node", "site.nodes", _ids(scenario.site.nodes))
    for i, session in enumerate(scenario.sessions):
        yield from to_evse(f"sessions[{i}].evse", session, session.evse)
        yield from to_tier(f"sessions[{i}].tier", session, session.tier)
        yield from _connector(f"sessions[{i}].connector", session, evses.get(session.evse))
    for i, visit in enumerate(scenario.visits):
        yield from to_evse(f"visits[{i}].evse", visit, visit.evse)
        yield from to_tier(f"visits[{i}].tier", visit, visit.tier)
        for k, evse in enumerate(visit.pool):
            yield from to_evse(f"visits[{i}].pool[{k}]", visit, evse)
    for i, signal in enumerate(scenario.signals):
        if not isinstance(signal, PriceEvent):
            yield from to_node(f"signals[{i}].node", signal, signal.node)
            for k, evse in enumerate(signal.evses):
                yield from to_evse(f"signals[{i}].evses[{k}]", signal, evse)
    for i, one in enumerate(scenario.installed):
        yield from to_evse(f"installed[{i}].evse", one, one.evse)
    for i, contract in enumerate(scenario.tariff.contracts if scenario.tariff else ()):
        yield from to_node(f"tariff.contracts[{i}].node", contract, contract.node)


def _of_the_site(site: Site) -> Iterator[Finding]:
    to_node = _referee("node", "site.nodes", _ids(site.nodes))
    to_evse = _referee("EVSE", "site.evses", _ids(site.evses))
    to_station = _referee("station", "site.stations", _ids(site.stations))
    for i, node in enumerate(site.nodes):
        yield from to_node(f"site.nodes[{i}].parent", node, node.parent)
    for i, evse in enumerate(site.evses):
        yield from to_node(f"site.evses[{i}].node", evse, evse.node)
        if site.stations:  # else nothing is known of any station, and every id is as good as another
            yield from to_station(f"site.evses[{i}].station", evse, evse.station)
    for i, cabinet in enumerate(site.cabinets):
        yield from to_node(f"site.cabinets[{i}].node", cabinet, cabinet.node)
        for k, outlet in enumerate(cabinet.evses):
            yield from to_evse(f"site.cabinets[{i}].evses[{k}]", cabinet, outlet)
    for i, load in enumerate(site.base_loads):
        yield from to_node(f"site.base_loads[{i}].node", load, load.node)
    for i, plant in enumerate(site.pv_plants):
        yield from to_node(f"site.pv_plants[{i}].node", plant, plant.node)
    for i, battery in enumerate(site.batteries):
        yield from to_node(f"site.batteries[{i}].node", battery, battery.node)


Referee = Callable[[str, Any, str | None], Iterator[Finding]]


def _referee(noun: str, path: str, known: Iterable[str]) -> Referee:
    """One that looks at references to a list, and names what they could have been."""
    ids = dict.fromkeys(known)

    def look(where: str, thing: Any, reference: str | None) -> Iterator[Finding]:
        if reference is not None and reference not in ids:
            message = f"{label(thing)}: {noun} {plain(reference)} does not exist"
            choices = f"one of {some_of(ids)}, or " if ids else ""
            remedy = f"write {choices}add it to {path}"
            yield Finding(path=where, message=message, remedy=remedy, ids=(*ids_of(thing), reference))

    return look


def _connector(where: str, session: Any, evse: Evse | None) -> Iterator[Finding]:
    if evse is None or not evse.connectors or session.connector is None:
        return
    known = [connector.id for connector in evse.connectors]
    if session.connector not in known:
        message = f"{label(session)}: EVSE {plain(evse.id)} has no connector {session.connector}"
        remedy = f"write one of {some_of(map(str, known))}, or leave it out"
        yield Finding(path=where, message=message, remedy=remedy, ids=(session.id, evse.id))


def broken_tree(scenario: Scenario) -> Iterator[Finding]:
    """Not exactly one root, and rings of nodes that feed each other."""
    nodes = scenario.site.nodes
    roots = [node.id for node in nodes if node.parent is None]
    if len(roots) != 1:
        yield Finding(path="site.nodes", message=_root_defect(roots), remedy=_ROOT_REMEDY, ids=tuple(roots))
    for ring in _rings(nodes):
        place = next(i for i, node in enumerate(nodes) if node.id == ring[0])
        message = f"nodes {' > '.join(map(plain, [*ring, ring[0]]))} feed each other in a ring"
        remedy = "give one of them a parent outside of the ring"
        yield Finding(path=f"site.nodes[{place}].parent", message=message, remedy=remedy, ids=tuple(ring))


_ROOT_REMEDY = "leave out the parent of the site connection, and give every other node one"


def _root_defect(roots: Sequence[str]) -> str:
    if not roots:
        return "no node is without a parent, so there is no site connection"
    return f"{len(roots)} nodes are without a parent: {some_of(roots)}"


def _rings(nodes: Sequence[GridNode]) -> Iterator[list[str]]:
    """Each once, by walking up from every node until a place that was seen."""
    parent = {node.id: node.parent for node in nodes}
    seen: dict[str, str] = {}
    for start in parent:
        here: str | None = start
        while here is not None and here in parent and here not in seen:
            seen[here] = start
            here = parent[here]
        if here is not None and seen.get(here) == start:
            yield _ring(here, parent)


def _ring(start: str, parent: dict[str, str | None]) -> list[str]:
    ring = [start]
    while (above := parent[ring[-1]]) is not None and above != start:
        ring.append(above)
    return ring


def _ids(things: Iterable[Any]) -> Iterator[str]:
    return (thing.id for thing in things)
