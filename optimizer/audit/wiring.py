"""The physics of one load, written down from the wires: its conductors, its phasors, its losses, its highest power.

Voltages to neutral stand at 0, -120 and 120 degrees; a load between two lines sees their difference. At unity power
factor a current has the angle of the voltage across its load.
"""

import cmath
from dataclasses import dataclass
from math import radians

from models.domain.session import Session, Vehicle
from models.domain.site import CurrentType, Evse, MeasuringPoint, Phase, Transformer, Wiring
from models.domain.units import amperes_from_kw, kw_from_amperes, line_to_line, line_to_neutral

NEUTRAL_ANGLE_DEG = {Phase.L1: 0.0, Phase.L2: -120.0, Phase.L3: 120.0}
VOLTAGE_IF_UNTOLD_V = 230.0
"""Line to neutral (IEC 60038). [V]"""
DC_EFFICIENCY_IF_UNTOLD = 0.93
LEAST_AC_A = 6.0
"""Smallest current other than 0 that IEC 61851-1 lets a pilot offer. [A]"""

Lines = tuple[complex, complex, complex]


@dataclass(frozen=True, slots=True)
class Leg:
    """What one ampere of a load is on the three lines; equal legs are added up before anything else is done."""

    lines: Lines
    """Phasors on L1, L2, L3."""
    unplaced: float = 0.0
    """Size on whichever line is the worst, of a load whose phase nobody knows."""
    between_lines: bool = False
    """An unplaced load that takes more than one line."""

    def backwards(self) -> "Leg":
        """The same ampere when the load gives back; one without a place is as bad either way."""
        a, b, c = self.lines
        return Leg((-a, -b, -c), self.unplaced, self.between_lines)

    def through(self, transformer: Transformer) -> "Leg":
        """The same ampere on the primary lines of a delta-wye transformer: (a - c, b - a, c - b) / n.

        An unplaced load to neutral is on two primary lines with 1/n each; one on several lines can meet itself there,
        so it counts twice.
        """
        n = transformer.primary_voltage_v / line_to_neutral(transformer.secondary_voltage_v)
        a, b, c = self.lines
        worst = 2.0 * self.unplaced if self.between_lines else self.unplaced
        return Leg(((a - c) / n, (b - a) / n, (c - b) / n), worst / n, between_lines=True)


def efficiency(evse: Evse) -> float:
    """κ: power at evse over power at grid."""
    if evse.conversion_efficiency is not None:
        return evse.conversion_efficiency
    return 1.0 if evse.current is CurrentType.AC else DC_EFFICIENCY_IF_UNTOLD


def loaded_phases(evse: Evse, vehicle: Vehicle | None) -> tuple[Phase, ...] | None:
    """Phases that carry the load; None for one unknown phase.

    A DC charger loads all of its own phases, whatever the vehicle's on-board charger could do.
    """
    if evse.phases is None:
        return None
    if evse.current is CurrentType.DC or vehicle is None or vehicle.phases is None:
        return evse.phases
    wires = max(vehicle.phases, 2) if evse.wiring is Wiring.LINE_TO_LINE else vehicle.phases
    return evse.phases[:wires]


def leg(evse: Evse, vehicle: Vehicle | None) -> Leg:
    """The phasors of one ampere per conductor, with no regard to its size at another voltage."""
    phases = loaded_phases(evse, vehicle)
    if phases is None:
        return Leg((0j, 0j, 0j), 1.0, evse.wiring is Wiring.LINE_TO_LINE)
    if evse.wiring is Wiring.LINE_TO_LINE and len(phases) == 2:
        return _between(*phases)
    l1, l2, l3 = (_neutral(phase) if phase in phases else 0j for phase in Phase)
    return Leg((l1, l2, l3))


def amperes_per_kw(evse: Evse, vehicle: Vehicle | None, site_voltage_v: float | None) -> float:
    """Current on each conductor for one kW of the load. [A/kW]"""
    return amperes_from_kw(1.0, *_voltage_and_conductors(evse, vehicle, site_voltage_v))


def highest_power_kw(session: Session, evse: Evse, site_voltage_v: float | None) -> float:
    """(4): the least of what EVSE, connector and vehicle can do, at evse. [kW]"""
    told = session.vehicle.max_charge_kw if session.vehicle is not None else None
    wires = carried_kw(session, evse, site_voltage_v)
    return wires if told is None else min(wires, told)


def carried_kw(session: Session, evse: Evse, site_voltage_v: float | None) -> float:
    """What EVSE, connector and the vehicle's conductors carry in either direction, at evse. [kW]

    Currents count on AC only: the voltage of a DC outlet is the battery's, so its current says nothing of its power.
    """
    return _least_kw(session, evse, site_voltage_v, None if session.vehicle is None else session.vehicle.max_current_a)


def outlet_kw(session: Session, evse: Evse, site_voltage_v: float | None) -> float:
    """What EVSE and connector can offer, whatever the vehicle takes of it, at evse. [kW]"""
    return _least_kw(session, evse, site_voltage_v, None)


def _least_kw(session: Session, evse: Evse, site_voltage_v: float | None, vehicle_a: float | None) -> float:
    """The least of what EVSE and connector can do, and of what a current of the vehicle is. [kW]"""
    powers, currents = _evse_limits(evse)
    for connector in evse.connectors:
        if connector.id == session.connector or (session.connector is None and len(evse.connectors) == 1):
            powers.append(connector.max_power_kw)
            currents.append(connector.max_current_a)
    currents.append(vehicle_a)
    limits = [power for power in powers if power is not None]
    if evse.current is CurrentType.AC:
        volts, conductors = _voltage_and_conductors(evse, session.vehicle, site_voltage_v)
        limits += [kw_from_amperes(current, volts, conductors) for current in currents if current is not None]
    return min(limits)


def rating_kw(evse: Evse, site_voltage_v: float | None) -> float:
    """What an EVSE can give with all of its phases in use, whoever is there, at evse. [kW]"""
    powers, currents = _evse_limits(evse)
    limits = [power for power in powers if power is not None]
    if evse.current is CurrentType.AC:
        volts, conductors = _voltage_and_conductors(evse, None, site_voltage_v)
        limits += [kw_from_amperes(current, volts, conductors) for current in currents if current is not None]
    return min(limits)


def _evse_limits(evse: Evse) -> tuple[list[float | None], list[float | None]]:
    """Powers at evse and currents; an EVSE that tells neither may give nothing."""
    at_grid = evse.measured_at is MeasuringPoint.GRID
    power = evse.max_power_kw
    if power is not None and at_grid:
        power *= efficiency(evse)
    told = power is not None or (evse.max_current_a is not None and evse.current is CurrentType.AC)
    return [power if told else 0.0], [evse.max_current_a]


def _voltage_and_conductors(evse: Evse, vehicle: Vehicle | None, site_voltage_v: float | None) -> tuple[float, int]:
    """Voltage across one conductor's load and the number of equal currents. [V], []"""
    phases, to_neutral_v = loaded_phases(evse, vehicle), site_voltage_v or VOLTAGE_IF_UNTOLD_V
    if evse.wiring is Wiring.LINE_TO_NEUTRAL:
        return evse.voltage_v or to_neutral_v, 1 if phases is None else len(phases)
    between_v = evse.voltage_v or line_to_line(to_neutral_v)
    if phases is not None and len(phases) == 3:
        return line_to_neutral(between_v), 3  # a delta's line currents stand like those of a wye
    return between_v, 1


def _neutral(phase: Phase) -> complex:
    return cmath.rect(1.0, radians(NEUTRAL_ANGLE_DEG[phase]))


def _between(first: Phase, second: Phase) -> Leg:
    """One ampere from one line to another: it comes back through the second with the opposite sign."""
    across = _neutral(first) - _neutral(second)
    current = across / abs(across)
    l1, l2, l3 = (current if p is first else -current if p is second else 0j for p in Phase)
    return Leg((l1, l2, l3))


BALANCED = Leg((_neutral(Phase.L1), _neutral(Phase.L2), _neutral(Phase.L3)))
"""Three even phases."""
