"""Measurements of grid nodes: what they say of the building, each judged beside the cars that were there."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from api.operating.live import LiveSite
from api.sites.assembling import Contents, contents
from api.sites.forms import Measurement
from api.sites.keeping import Desk
from api.sites.stays import Stay
from api.sites.waking import wake
from api.store.records import Kind
from models.domain.electrical import conversion_efficiency
from models.domain.series import highest, value_at
from models.domain.site import Evse, GridNode, Site
from optimizer.rolling.node_meter import Bounds, NodeMeter, NodeReading, base_now, read

TOGETHER = timedelta(minutes=3)
"""A car that was measured so long before its node is taken to draw the same still."""
ABOVE_KW = 0.5
"""A building that draws so much more than its high estimate is worth a plan at once. [kW]"""


def measure_nodes(desk: Desk, seen: Iterable[Measurement], now: datetime) -> None:
    """Measurements in order of time become what is known of the nodes of the site; those of others are left out."""
    known, live = contents(desk), _live(desk)
    meters = {kept.id: kept.value for kept in desk.every(Kind.METER)}
    changed: dict[str, NodeMeter] = {}
    nodes = {node.id for node in known.site.nodes}
    for one in seen:
        if one.node in nodes and one.power_kw is not None and _may_be_separated(known.site, one.node):
            before = changed.get(one.node) or meters.get(one.node, NodeMeter())
            reading = _reading(known, live, one.node, one.power_kw, one.at)
            changed[one.node] = read(before, reading, _bounds(known.site, one.node))
    for node, meter in changed.items():
        desk.keep(Kind.METER, meter, id=node)
        if _is_news(known, node, meters.get(node), meter, now):
            wake(desk, now)


def _live(desk: Desk) -> LiveSite | None:
    found = desk.find(Kind.STATE)
    return found.value if found else None


def _is_news(known: Contents, node: str, before: NodeMeter | None, meter: NodeMeter, now: datetime) -> bool:
    """A meter that is believed no more, or again; a load above what limits are kept with."""
    if (before.flaw if before else None) is not meter.flaw:
        return True
    load_kw, high_kw = base_now(meter, now), _high_kw(known, node, now)
    return load_kw is not None and load_kw > high_kw + ABOVE_KW


def _high_kw(known: Contents, node: str, at: datetime) -> float:
    told = known.base_loads.get(node) or next((one for one in known.site.base_loads if one.node == node), None)
    if told is None:
        return 0.0
    return value_at(told.expected_kw if told.high_kw is None else told.high_kw, at)


def _may_be_separated(site: Site, node: str) -> bool:
    """What a battery does is not measured here, so a load beside one cannot be told from it."""
    below = set(below_of(site.nodes, node))
    return not any(battery.node in below for battery in site.batteries)


def _reading(known: Contents, live: LiveSite | None, node: str, total_kw: float, at: datetime) -> NodeReading:
    below = set(below_of(known.site.nodes, node))
    own, plants = {}, known.pv
    for load in known.site.base_loads:
        own[load.node] = load.expected_kw
    own |= {name: told.expected_kw for name, told in known.base_loads.items()}
    generation = [
        value_at(plants[one.id].expected_kw if one.id in plants else one.expected_kw, at)
        for one in known.site.pv_plants
        if one.node in below
    ]
    return NodeReading(
        at=at,
        total_kw=total_kw,
        cars_kw=_cars_kw(known, live, [evse for evse in known.site.evses if evse.node in below], at),
        generation_kw=sum(generation),
        other_kw=sum(value_at(series, at) for name, series in own.items() if name in below and name != node),
    )


def _cars_kw(known: Contents, live: LiveSite | None, evses: list[Evse], at: datetime) -> float | None:
    """At grid; None where a car is there of which nobody measured lately what it draws."""
    stays = {stay.told.evse: stay for stay in known.stays}
    total = 0.0
    for evse in evses:
        drawn_kw = _drawn_kw(stays.get(evse.id), live, evse.id, at)
        if drawn_kw is None:
            return None
        total += drawn_kw / conversion_efficiency(evse)
    return total


def _drawn_kw(stay: Stay | None, live: LiveSite | None, evse: str, at: datetime) -> float | None:
    """By the caller's measurements or the station's, the newer one; 0 where nobody is plugged in. [kW at evse]"""
    record = live.state.evses.get(evse) if live is not None else None
    if stay is None and (record is None or record.session is None):
        return 0.0
    found = [(seen.at, seen.drawn_kw) for seen in (record.readings[-1:] if record is not None else ())]
    if stay is not None and stay.power_kw is not None and stay.power_at is not None:
        found.append((stay.power_at, stay.power_kw))
    newest = max(found, default=None)
    return None if newest is None or abs(at - newest[0]) > TOGETHER else newest[1]


def _bounds(site: Site, node: str) -> Bounds:
    below = set(below_of(site.nodes, node))
    own = next(one for one in site.nodes if one.id == node)
    sun = sum(highest(plant.expected_kw) for plant in site.pv_plants if plant.node in below)
    cars = sum(evse.max_discharge_kw or 0.0 for evse in site.evses if evse.node in below)
    return Bounds(most_kw=_rated_kw(own), generation_kw=sun + cars)


def _rated_kw(node: GridNode) -> float | None:
    told = node.import_limit_kw if node.import_limit_kw is not None else node.import_limit_kva
    return None if told is None else highest(told)


def below_of(nodes: tuple[GridNode, ...], node: str) -> Iterator[str]:
    """A node and all that hang below it."""
    children: dict[str | None, list[str]] = {}
    for one in nodes:
        children.setdefault(one.parent, []).append(one.id)
    waiting = [node]
    while waiting:
        name = waiting.pop()
        yield name
        waiting += children.get(name, [])


class MeterLine(BaseModel):
    """What is known of the meter of a node."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    node: str
    at: datetime
    """Of the last reading."""
    total_kw: float
    """What it showed."""
    cars_kw: float | None
    """Of that, what cars drew; null where not all of them were measured."""
    base_kw: float | None
    """Load of the node itself that the next plan counts now; null where it is not known: then the most is counted."""
    highest_kw: float
    """The most that it has shown of that so far."""
    flaw: str | None
    """frozen, sign_flipped or impossible; null where it is believed."""


class Meters(BaseModel):
    """Of a site."""

    meters: list[MeterLine]


def meters(desk: Desk, now: datetime) -> Meters:
    """By node."""
    return Meters(meters=[_line(kept.id, kept.value, now) for kept in desk.every(Kind.METER)])


def forget_meter(desk: Desk, node: str, now: datetime) -> None:
    """One that was taken away: the forecast counts again; raises NotFound."""
    desk.remove(Kind.METER, id=node, expected=None, what="meter forgotten")
    wake(desk, now)


def _line(node: str, meter: NodeMeter, now: datetime) -> MeterLine:
    last = meter.last
    assert last is not None, "a meter is kept with its first reading"
    return MeterLine(
        node=node,
        at=last.at,
        total_kw=last.total_kw,
        cars_kw=last.cars_kw,
        base_kw=base_now(meter, now),
        highest_kw=meter.highest_kw,
        flaw=meter.flaw,
    )
