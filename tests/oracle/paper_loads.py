"""What a session draws, from which conductors, and what it still needs: recomputed from the site's own words."""

from cmath import rect
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, radians

from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import CurrentType, Evse, GridNode, MeasuringPoint, Transformer, Wiring
from models.domain.units import amperes_from_kw, hours_from_seconds, kw_from_amperes, line_to_line, line_to_neutral
from models.domain.value import Series
from tests.oracle.paper_time import mean, overlap_h

LINES = ("L1", "L2", "L3")
DC_EFFICIENCY = 0.93
REACHABLE_AFTER_HORIZON = 0.8
TO_NEUTRAL_DEG = {"L1": 0.0, "L2": -120.0, "L3": 120.0}
BETWEEN_DEG = {"L1-L2": 30.0, "L2-L3": -90.0, "L3-L1": 150.0}
UNKNOWN = {"unknown": "L1", "unknown-unknown": "L1-L2"}
"""Legs of which only the kind is known, each with one of its cases."""
DELTA = {"L1": ("L1", "L3"), "L2": ("L2", "L1"), "L3": ("L3", "L2")}
"""The secondary lines that a primary line of a delta-wye transformer carries: plus the one and minus the other."""

Phasors = dict[str, complex]
"""What one ampere on a leg puts on each line."""


@dataclass(frozen=True)
class PaperSession:
    """One session with the numbers of its equations; energies and powers at evse."""

    id: str
    node: str
    evse: str
    arrival_s: float
    departure_s: float
    kappa: float
    max_power_kw: float
    amperes_per_kw: float
    leg: str
    energy_remaining_kwh: float
    promised_kwh: float
    value_of_target: float
    retail_price: float
    still_there: Series | None = None
    """S, where the departure is known as a chance only."""
    parts: tuple[tuple[str, float, float], ...] = ()
    """(number, kWh at evse, P) of what it may want, where the need is known as chances only."""

    def hours(self, start_s: float, end_s: float) -> float:
        """h[s,t]: how long it is plugged in during a period. [h]"""
        return overlap_h(start_s, end_s, self.arrival_s, self.departure_s)

    def chance(self, start_s: float, end_s: float) -> float:
        """S[s,t], over the hours that it may be plugged in."""
        if self.still_there is None:
            return 1.0
        return mean(self.still_there, max(start_s, self.arrival_s), min(end_s, self.departure_s))

    def after_horizon_kwh(self, end_s: float) -> float:
        """Upper bound of what may be left for after the horizon."""
        if self.still_there is not None:
            return 0.0
        left_h = max(0.0, hours_from_seconds(self.departure_s - max(end_s, self.arrival_s)))
        return min(self.energy_remaining_kwh, REACHABLE_AFTER_HORIZON * self.max_power_kw * left_h)


def paper_sessions(scenario: Scenario) -> list[PaperSession]:
    evses = {evse.id: evse for evse in scenario.site.evses}
    return [paper_session(s, evses[s.evse], scenario) for s in scenario.sessions]


def paper_session(session: Session, evse: Evse, scenario: Scenario) -> PaperSession:
    if session.departure is None or session.energy_target_kwh is None or scenario.site.voltage_v is None:
        raise ValueError(f"the paper model takes a completed scenario: session {session.id} is not")
    at_evse = energy_factor(session, evse)
    remaining = max(0.0, (session.energy_target_kwh - session.delivered_kwh) * at_evse)
    tier = next(t for t in scenario.site.tiers if session.tier in (t.id, None))
    return PaperSession(
        id=session.id,
        node=evse.node,
        evse=evse.id,
        arrival_s=session.arrival.timestamp(),
        departure_s=session.departure.timestamp(),
        kappa=efficiency(evse),
        max_power_kw=max_power_kw(session, evse, scenario.site.voltage_v),
        amperes_per_kw=amperes_from_kw(1.0, *volts_and_conductors(session, evse, scenario.site.voltage_v)),
        leg=leg_of(session, evse),
        energy_remaining_kwh=remaining,
        promised_kwh=min(remaining, max(0.0, (session.energy_minimum_kwh - session.delivered_kwh) * at_evse)),
        value_of_target=tier.value_of_target_per_kwh or 0.0,
        retail_price=session.retail_price_per_kwh or 0.0,
        still_there=session.still_there,
        parts=tuple(parts_of(session, at_evse)),
    )


def parts_of(session: Session, at_evse: float) -> Iterator[tuple[str, float, float]]:
    """The parts of what it may want that lie beyond what has flowed already."""
    begin = session.delivered_kwh
    for k, part in enumerate(session.still_wants or (), start=1):
        if part.up_to_kwh > begin:
            yield str(k), (part.up_to_kwh - begin) * at_evse, part.chance
            begin = part.up_to_kwh


def efficiency(evse: Evse) -> float:
    """κ: 1 on AC and 0.93 on DC unless told."""
    if evse.conversion_efficiency is not None:
        return evse.conversion_efficiency
    return DC_EFFICIENCY if evse.current is CurrentType.DC else 1.0


def energy_factor(session: Session, evse: Evse) -> float:
    """Turns a session's energies into energies at evse: over the charge efficiency, or times κ."""
    if session.measured_at is MeasuringPoint.BATTERY:
        told = session.vehicle.charge_efficiency if session.vehicle is not None else None
        return 1.0 / (told or 1.0)
    return efficiency(evse) if session.measured_at is MeasuringPoint.GRID else 1.0


def loaded_phases(session: Session, evse: Evse) -> tuple[str, ...] | None:
    """The first of the EVSE's phases, as many as the vehicle uses: two at least between lines, all on DC."""
    if evse.phases is None:
        return None
    if evse.current is CurrentType.DC:
        return tuple(str(phase) for phase in evse.phases)
    told = session.vehicle.phases if session.vehicle is not None else None
    least = 2 if evse.wiring is Wiring.LINE_TO_LINE else 1
    count = len(evse.phases) if told is None else max(told, least)
    return tuple(str(phase) for phase in evse.phases[:count])


def leg_of(session: Session, evse: Evse) -> str:
    """The public label of the conductors that the load shares with others."""
    phases = loaded_phases(session, evse)
    if phases is None:
        return "unknown-unknown" if evse.wiring is Wiring.LINE_TO_LINE else "unknown"
    if evse.wiring is Wiring.LINE_TO_LINE and len(phases) == 2:
        return next(pair for pair in BETWEEN_DEG if set(pair.split("-")) == set(phases))
    return "+".join(sorted(phases))


def volts_and_conductors(session: Session, evse: Evse, site_voltage_v: float) -> tuple[float, int]:
    """Voltage across each equal load and how many of them there are. [V]

    Three phases between lines are told as line currents: three, each at line-to-neutral voltage.
    """
    phases = loaded_phases(session, evse)
    if evse.wiring is Wiring.LINE_TO_NEUTRAL:
        return evse.voltage_v or site_voltage_v, 1 if phases is None else len(phases)
    across = evse.voltage_v or line_to_line(site_voltage_v)
    return (line_to_neutral(across), 3) if phases is not None and len(phases) == 3 else (across, 1)


def max_power_kw(session: Session, evse: Evse, site_voltage_v: float, *, charging: bool = True) -> float:
    """(4): the least of EVSE, connector and vehicle, at evse. A DC current says nothing of a power on the AC side."""
    kappa = efficiency(evse) if evse.measured_at is MeasuringPoint.GRID else 1.0
    powers = [evse.max_power_kw * kappa if evse.max_power_kw is not None else inf]
    currents = [evse.max_current_a]
    for connector in evse.connectors:
        if connector.id == session.connector or (session.connector is None and len(evse.connectors) == 1):
            powers.append(connector.max_power_kw if connector.max_power_kw is not None else inf)
            currents.append(connector.max_current_a)
    if session.vehicle is not None:
        powers.append(session.vehicle.max_charge_kw if charging and session.vehicle.max_charge_kw is not None else inf)
        currents.append(session.vehicle.max_current_a)
    if evse.current is CurrentType.AC:
        volts, conductors = volts_and_conductors(session, evse, site_voltage_v)
        powers += [kw_from_amperes(a, volts, conductors) for a in currents if a is not None]
    return min(powers)


def at_the_load(leg: str) -> Phasors:
    """a[n,l,g] where the load stands; of an unknown phase, one of the cases."""
    leg = UNKNOWN.get(leg, leg)
    if leg in BETWEEN_DEG:
        out, back = leg.split("-")
        one = rect(1.0, radians(BETWEEN_DEG[leg]))
        return {line: {out: one, back: -one}.get(line, 0j) for line in LINES}
    return {line: rect(1.0, radians(TO_NEUTRAL_DEG[line])) if line in leg.split("+") else 0j for line in LINES}


def through(transformer: Transformer, secondary: Phasors) -> Phasors:
    """What the secondary lines of a delta-wye transformer are on its primary ones."""
    return {line: (secondary[plus] - secondary[minus]) / ratio(transformer) for line, (plus, minus) in DELTA.items()}


@dataclass(frozen=True)
class Leg:
    """A group of conductors as a node sees it: behind none, one or several transformers."""

    conductors: str
    behind: tuple[GridNode, ...]
    """The nodes with a transformer between the load and the node, the load's first."""
    back: bool = False
    """Whether it carries what cars give back, so the opposite current."""

    @property
    def label(self) -> str:
        return ("back " if self.back else "") + self.conductors + (f"@{self.behind[0].id}" if self.behind else "")

    @property
    def known(self) -> bool:
        return self.conductors not in UNKNOWN

    def phasors(self, node: GridNode) -> Phasors:
        """a[n,l,g] on the lines of a node and, where it has a transformer, on its primary lines."""
        sign = -1.0 if self.back else 1.0
        here = {line: sign * value for line, value in at_the_load(self.conductors).items()}
        for place in self.behind:
            here = through(transformer_of(place), here)
        if node.transformer is None:
            return here
        primary = through(node.transformer, here)
        return here | {f"primary {line}": value for line, value in primary.items()}


def transformer_of(node: GridNode) -> Transformer:
    if node.transformer is None:
        raise ValueError(f"node {node.id} has no transformer")
    return node.transformer


def leg_at(scenario: Scenario, session: PaperSession, node: GridNode) -> Leg:
    """The leg of a session as a node above it sees it."""
    return Leg(session.leg, tuple(n for n in way_up(scenario, session.node, node.id) if n.transformer is not None))


def way_up(scenario: Scenario, start: str, end: str | None) -> list[GridNode]:
    """The nodes from one (included) towards the grid up to another (left out); all of them if None."""
    nodes = {n.id: n for n in scenario.site.nodes}
    found, place = [], nodes.get(start)
    while place is not None and place.id != end:
        found.append(place)
        place = nodes[place.parent] if place.parent is not None else None
    return found


def ratio(transformer: Transformer) -> float:
    """n: primary line-to-line voltage over secondary line-to-neutral voltage."""
    return transformer.primary_voltage_v / line_to_neutral(transformer.secondary_voltage_v)


def below(scenario: Scenario, node: GridNode) -> frozenset[str]:
    """The node itself and every node that reaches the grid through it."""
    parents = {n.id: n.parent for n in scenario.site.nodes}
    found = set()
    for start in parents:
        place: str | None = start
        while place is not None and place != node.id:
            place = parents[place]
        if place == node.id:
            found.add(start)
    return frozenset(found)
