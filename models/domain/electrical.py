"""How power and current of a load go together, from its wiring, its voltage and the phases its vehicle uses."""

from models.domain.session import Session, Vehicle
from models.domain.site import Connector, CurrentType, Evse, MeasuringPoint, Phase, Wiring
from models.domain.units import kw_from_amperes, line_to_line, line_to_neutral

# To look up a member of an enum takes as long as the rest of a function here (0.15 µs in Python 3.11).
_AC, _DC, _GRID = CurrentType.AC, CurrentType.DC, MeasuringPoint.GRID
_LINE_TO_LINE, _LINE_TO_NEUTRAL = Wiring.LINE_TO_LINE, Wiring.LINE_TO_NEUTRAL

NOMINAL_VOLTAGE_V = 230.0
"""Line to neutral, where a site tells none (IEC 60038). [V]"""
MIN_CURRENT_A = 6.0
"""Smallest pilot current other than 0 (IEC 61851-1, table A.8). [A]"""
DC_CONVERSION_EFFICIENCY = 0.93
"""Of DC chargers that told none: published figures of 150 kW class chargers lie between 0.92 and 0.95."""


def conversion_efficiency(evse: Evse) -> float:
    """Power at evse over power at grid."""
    if evse.conversion_efficiency is not None:
        return evse.conversion_efficiency
    return DC_CONVERSION_EFFICIENCY if evse.current is _DC else 1.0


def min_current_a(evse: Evse) -> float:
    """Smallest current other than 0 that the EVSE can offer. [A]"""
    if evse.min_current_a is not None:
        return evse.min_current_a
    return 0.0 if evse.current is _DC else MIN_CURRENT_A


def phases_used(evse: Evse, vehicle: Vehicle | None) -> tuple[Phase, ...] | None:
    """The site's phases that a vehicle at this EVSE loads; None for one unknown phase.

    A vehicle whose phases are unknown counts on all of the EVSE's. A two-wire load between lines uses two phases. A
    DC charger loads all of its own, whatever the vehicle.
    """
    if evse.phases is None or evse.current is _DC:
        return evse.phases
    fewest = 2 if evse.wiring is _LINE_TO_LINE else 1
    wanted = len(evse.phases) if vehicle is None or vehicle.phases is None else max(vehicle.phases, fewest)
    return evse.phases[:wanted]


def load_voltage_v(evse: Evse, vehicle: Vehicle | None, site_voltage_v: float) -> float:
    """Voltage across one conductor's load: what one ampere per conductor is to be multiplied with. [V]"""
    if evse.wiring is _LINE_TO_NEUTRAL:
        return evse.voltage_v or site_voltage_v
    line_to_line_v = evse.voltage_v or line_to_line(site_voltage_v)
    phases = phases_used(evse, vehicle)
    return line_to_neutral(line_to_line_v) if phases is not None and len(phases) == 3 else line_to_line_v


def conductors(evse: Evse, vehicle: Vehicle | None) -> int:
    """How many equal currents carry the load: 3, 2 or 1; a load between two lines is one."""
    phases = phases_used(evse, vehicle)
    if phases is None:
        return 1
    return 1 if evse.wiring is _LINE_TO_LINE and len(phases) == 2 else len(phases)


def kw_per_ampere(evse: Evse, vehicle: Vehicle | None, site_voltage_v: float) -> float:
    """Power of the load for one ampere on each of its conductors, at unit power factor. [kW/A]"""
    return kw_from_amperes(1.0, load_voltage_v(evse, vehicle, site_voltage_v), conductors(evse, vehicle))


def evse_max_power_kw(evse: Evse, vehicle: Vehicle | None, site_voltage_v: float) -> float:
    """Highest power that the EVSE can give this vehicle, measured at evse; the vehicle's own limits apart. [kW]

    A current limit of a DC EVSE says nothing here, because its voltage is the battery's.
    """
    power_kw = evse.max_power_kw
    if power_kw is not None and evse.measured_at is _GRID:
        power_kw *= conversion_efficiency(evse)
    if evse.max_current_a is not None and evse.current is _AC:
        carried_kw = evse.max_current_a * kw_per_ampere(evse, vehicle, site_voltage_v)
        return carried_kw if power_kw is None else min(power_kw, carried_kw)
    return 0.0 if power_kw is None else power_kw


def connector_used(session: Session, evse: Evse) -> Connector | None:
    """The connector that a session names, or the only one there is; None where it cannot be told."""
    if session.connector is None:
        return evse.connectors[0] if len(evse.connectors) == 1 else None
    return next((c for c in evse.connectors if c.id == session.connector), None)


def max_charge_power_kw(session: Session, evse: Evse, site_voltage_v: float) -> float:
    """Equation (4): the least of EVSE, connector and vehicle, measured at evse. [kW]"""
    vehicle, connector = session.vehicle, connector_used(session, evse)
    if vehicle is None and connector is None:
        return evse_max_power_kw(evse, None, site_voltage_v)
    powers_kw, currents_a = [evse_max_power_kw(evse, vehicle, site_voltage_v)], []
    if connector is not None:
        powers_kw += [] if connector.max_power_kw is None else [connector.max_power_kw]
        currents_a += [] if connector.max_current_a is None else [connector.max_current_a]
    if vehicle is not None:
        powers_kw += [] if vehicle.max_charge_kw is None else [vehicle.max_charge_kw]
        currents_a += [] if vehicle.max_current_a is None else [vehicle.max_current_a]
    if currents_a and evse.current is _AC:
        powers_kw.append(min(currents_a) * kw_per_ampere(evse, vehicle, site_voltage_v))
    return min(powers_kw)
