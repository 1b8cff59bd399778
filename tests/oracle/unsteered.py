"""A site without us, played naively: stations do what they do, cars come, and meters at every node are read.

Shares no code with formulation or audit. Currents are added up as phasors on three lines from the outlets to the grid.
"""

import cmath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import radians, sqrt

from models.domain.site import (
    BaseLoad,
    CurrentType,
    Evse,
    GridNode,
    LimitKind,
    MeasuringPoint,
    PhaseSeries,
    Site,
    Wiring,
)
from models.domain.value import Series

ANGLE = {"L1": 0.0, "L2": -120.0, "L3": 120.0}
LINES = ("L1", "L2", "L3")
VOLTS = {line: cmath.rect(1.0, radians(angle)) for line, angle in ANGLE.items()}


@dataclass(frozen=True)
class Draw:
    """What one car takes at an outlet."""

    evse: Evse
    phases: int | None
    """Of the car; None: all that the outlet has."""
    power_kw: float
    line_if_unknown: str = "L1"


@dataclass(frozen=True)
class Reading:
    """One limit at one moment, in kW or A."""

    where: str
    load: float
    building: float
    """Of the load, what stands at the node without any car."""
    limit: float

    @property
    def broken(self) -> bool:
        return self.load > max(self.limit, self.building) + 1e-5 * (1.0 + self.limit)


def value_at(series: Series, at: datetime) -> float:
    if not isinstance(series, tuple):
        return float(series)
    begun = [step.value for step in series if step.start <= at]
    return begun[-1] if begun else series[0].value


def per_phase_kw(evse: Evse, phases: int | None, site: Site) -> float:
    """Power of one ampere on each conductor that a car with so many phases uses."""
    volts = evse.voltage_v or (site.voltage_v or 230.0) * (sqrt(3) if evse.wiring is Wiring.LINE_TO_LINE else 1.0)
    return volts * loads(evse, phases) / 1000


def loads(evse: Evse, phases: int | None) -> float:
    """How many times voltage times current: 1, 2 or 3 to neutral; 1 between two lines, √3 among three."""
    used = conductors(evse, phases)
    if evse.wiring is Wiring.LINE_TO_LINE:
        return sqrt(3) if len(used) == 3 else 1.0
    return float(len(used))


def conductors(evse: Evse, phases: int | None) -> tuple[str, ...]:
    if evse.phases is None:
        return ("?", "?") if evse.wiring is Wiring.LINE_TO_LINE else ("?",)
    count = 3 if phases is None or evse.current is CurrentType.DC else phases
    return tuple(evse.phases[: max(count, 2) if evse.wiring is Wiring.LINE_TO_LINE else count])


def readings(site: Site, draws: list[Draw], at: datetime) -> Iterator[Reading]:
    """Of every node and cabinet with a limit."""
    for node in site.nodes:
        below = {one.id for one in site.nodes if node in way_up(site, one)}
        limit = node.import_limit_kw if node.import_limit_kva is None else node.import_limit_kva
        if limit is not None:
            apparent = node.import_limit_kva is not None
            building = sum(_high_kva(load, at, apparent) for load in site.base_loads if load.node in below)
            building += sum(_over(e.standby_kw, e, apparent) for e in site.evses if e.node in below)
            cars = sum(_over(d.power_kw / kappa(d.evse), d.evse, apparent) for d in draws if d.evse.node in below)
            yield Reading(node.id, building + cars, building, value_at(limit, at) * factor(node))
        yield from _currents(site, node, draws, at)
    for cabinet in site.cabinets:
        inside = [d for d in draws if d.evse.id in cabinet.evses]
        at_evse = cabinet.measured_at is MeasuringPoint.EVSE
        standby = 0.0 if at_evse else sum(e.standby_kw for e in site.evses if e.id in cabinet.evses)
        cars = sum(d.power_kw / (1.0 if at_evse else kappa(d.evse)) for d in inside)
        yield Reading(f"cabinet {cabinet.id}", standby + cars, standby, cabinet.total_kw)


def _high_kva(load: BaseLoad, at: datetime, apparent: bool) -> float:
    expected = value_at(load.expected_kw, at)
    high = expected if load.high_kw is None else max(expected, value_at(load.high_kw, at))
    return max(0.0, high) / load.power_factor if apparent else high


def _over(power_kw: float, evse: Evse, apparent: bool) -> float:
    return power_kw / evse.power_factor if apparent else power_kw


def factor(node: GridNode) -> float:
    return node.continuous_factor or 1.0 if node.limit_kind is LimitKind.RATING else 1.0


def kappa(evse: Evse) -> float:
    return evse.conversion_efficiency or (1.0 if evse.current is CurrentType.AC else 0.93)


def way_up(site: Site, node: GridNode) -> list[GridNode]:
    by_id, way = {one.id: one for one in site.nodes}, [node]
    while way[-1].parent is not None:
        way.append(by_id[way[-1].parent])
    return way


def _currents(site: Site, node: GridNode, draws: list[Draw], at: datetime) -> Iterator[Reading]:
    """Cars alone: sizes of base loads are left to others, so sites of this judge have none below limits in A."""
    sides = [("", node.current_limit_a, False)]
    if node.transformer is not None:
        sides.append(("primary ", node.transformer.primary_current_limit_a, True))
    for name, limit, through in sides:
        if limit is None:
            continue
        total = dict.fromkeys(LINES, 0j)
        for draw in draws:
            seen = _seen_at(site, node, draw, through)
            for line in LINES if seen is not None else ():
                total[line] += seen[line]  # type: ignore[index]  # it is there
        for line in LINES:
            told = getattr(limit, line) if isinstance(limit, PhaseSeries) else limit
            if told is not None:
                yield Reading(f"{node.id} {name}{line}", abs(total[line]), 0.0, value_at(told, at) * factor(node))


def _seen_at(site: Site, node: GridNode, draw: Draw, through: bool) -> Mapping[str, complex] | None:
    own = next(one for one in site.nodes if one.id == draw.evse.node)
    way = way_up(site, own)
    if node not in way:
        return None
    lines = _at_outlet(site, draw)
    for passed in way[: way.index(node) + (1 if through else 0)]:
        if passed.transformer is not None:
            ratio = passed.transformer.primary_voltage_v / (passed.transformer.secondary_voltage_v / sqrt(3))
            a, b, c = (lines[line] for line in LINES)
            lines = {"L1": (a - c) / ratio, "L2": (b - a) / ratio, "L3": (c - b) / ratio}
    return lines


def _at_outlet(site: Site, draw: Draw) -> dict[str, complex]:
    used = conductors(draw.evse, draw.phases)
    amperes = draw.power_kw / kappa(draw.evse) / per_phase_kw(draw.evse, draw.phases, site)
    lines = dict.fromkeys(LINES, 0j)
    if used[0] == "?":
        first = LINES.index(draw.line_if_unknown)
        used = tuple(LINES[(first + k) % 3] for k in range(len(used)))
    if draw.evse.wiring is Wiring.LINE_TO_LINE and len(used) == 2:
        across = VOLTS[used[0]] - VOLTS[used[1]]
        lines[used[0]] += amperes * across / abs(across)
        lines[used[1]] -= amperes * across / abs(across)
        return lines
    for phase in used:
        lines[phase] += amperes * VOLTS[phase]
    return lines
