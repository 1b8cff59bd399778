"""Vehicles whose energy a plan follows: equations (2) and (3), the charging curve, and who may give back at all."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.domain.schedule import Floats
from models.domain.session import Session, Vehicle
from models.domain.site import Evse
from models.domain.value import Series
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.timeline import Timeline, utc
from optimizer.audit.wiring import carried_kw

ENERGY_TOLERANCE_KWH = 1e-4
TAPER_TOLERANCE_KW = 1e-3
"""A curve is steep where it is short: this is what ENERGY_TOLERANCE_KWH makes of a line that loses 10 kW a kWh. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What is known of one vehicle's battery, energies inside it."""

    start_kwh: float
    target_kwh: float
    """Wanted at departure."""
    into: float
    out: float
    capacity_kwh: float
    max_discharge_kw: float
    """0 where not all of EVSE, vehicle and driver agree. [kW]"""

    def energy_kwh(self, hours: Floats, drawn_kw: Floats, given_kw: Floats) -> Floats:
        """At the ends of the periods of a stay. [kWh]"""
        change = hours * (self.into * drawn_kw - given_kw / self.out)
        return np.concatenate([[self.start_kwh], self.start_kwh + np.cumsum(change)])


def inside_of(session: Session, evse: Evse, lacking_kwh: float, site_voltage_v: float | None) -> Inside | None:
    """None where kWh at the meter say it all; ``lacking_kwh`` is what the target lacks at evse."""
    vehicle = session.vehicle
    if vehicle is None or vehicle.battery_capacity_kwh is None or session.soc is None:
        return None
    agreed = session.allows_discharge and bool(evse.max_discharge_kw) and bool(vehicle.max_discharge_kw)
    if not (agreed or vehicle.taper or session.energy_ceiling_kwh is not None):
        return None
    start, into = session.soc * vehicle.battery_capacity_kwh, vehicle.charge_efficiency or 1.0
    wished = None if session.soc_target is None else session.soc_target * vehicle.battery_capacity_kwh
    return Inside(
        start_kwh=start,
        target_kwh=start + into * max(0.0, lacking_kwh) if wished is None else wished,
        into=into,
        out=vehicle.discharge_efficiency or 1.0,
        capacity_kwh=vehicle.battery_capacity_kwh,
        max_discharge_kw=_most_back_kw(session, vehicle, evse, site_voltage_v) if agreed else 0.0,
    )


def _most_back_kw(session: Session, vehicle: Vehicle, evse: Evse, site_voltage_v: float | None) -> float:
    """Wires carry as much in one direction as in the other."""
    wires = carried_kw(session, evse, site_voltage_v)
    return min(wires, evse.max_discharge_kw or 0.0, vehicle.max_discharge_kw or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One stay of such a vehicle as its plan tells it."""

    session: Session
    inside: Inside
    time: Timeline
    periods: slice
    hours: Floats
    drawn_kw: Floats
    given_kw: Floats
    told_kwh: Floats | None
    tolerance_kw: float

    @property
    def energy_kwh(self) -> Floats:
        return self.inside.energy_kwh(self.hours, self.drawn_kw, self.given_kw)


def inside_breaks(stay: Followed) -> Iterator[Break]:
    """Everything about the energy of one vehicle."""
    yield from _giving_breaks(stay)
    yield from _told_breaks(stay)
    yield from _bound_breaks(stay)
    yield from _taper_breaks(stay)


def _giving_breaks(stay: Followed) -> Iterator[Break]:
    """0 <= discharge_power <= most, never while it charges, never while less than the reserve is inside."""
    given, most, tolerance = stay.given_kw, stay.inside.max_discharge_kw, stay.tolerance_kw
    for k in np.flatnonzero((given < -tolerance) | (given > most + tolerance)):
        message = f"gives back {given[k]:.4f} kW, between 0 and {most:.4f} kW are possible and agreed"
        yield _found(BreakCode.GIVEN_BACK, stay, k, given[k], most, message)
    both = np.minimum(given, stay.drawn_kw)
    for k in np.flatnonzero(both > tolerance):
        yield _found(BreakCode.GIVEN_BACK, stay, k, both[k], 0.0, f"charges and gives back at once, {both[k]:.4f} kW")
    reserve, after = _reserve_kwh(stay), stay.energy_kwh[1:]
    for k in np.flatnonzero((given > tolerance) & (after < reserve[1:] - ENERGY_TOLERANCE_KWH)):
        message = f"gives back down to {after[k]:.4f} kWh, {reserve[k + 1]:.4f} kWh are its reserve"
        yield _found(BreakCode.VEHICLE_ENERGY, stay, k, after[k], reserve[k + 1], message)


def _told_breaks(stay: Followed) -> Iterator[Break]:
    """(2)  energy after = energy before + η_c h charge_power - h discharge_power / η_d"""
    told, due = stay.told_kwh, stay.energy_kwh
    if told is None:
        yield _found(BreakCode.VEHICLE_ENERGY, stay, 0, 0.0, 1.0, "the plan does not say what is in its battery")
        return
    for i in np.flatnonzero(np.abs(told - due) > ENERGY_TOLERANCE_KWH):
        message = f"{due[i]:.4f} kWh are inside, the plan says {told[i]:.4f} kWh"
        yield _found(BreakCode.VEHICLE_ENERGY, stay, i, due[i], told[i], message)


def _bound_breaks(stay: Followed) -> Iterator[Break]:
    """(3)  min(reserve, energy at arrival) <= energy <= ceiling, or what was inside where that is more"""
    energy, start = stay.energy_kwh, stay.inside.start_kwh
    least = np.minimum(_reserve_kwh(stay) if stay.inside.max_discharge_kw else 0.0, start)
    most = np.maximum(_ceiling_kwh(stay), start)
    for i in np.flatnonzero((energy < least - ENERGY_TOLERANCE_KWH) | (energy > most + ENERGY_TOLERANCE_KWH)):
        low, high = np.broadcast_to(least, energy.shape)[i], most[i]
        message = f"{energy[i]:.4f} kWh inside, not between {low:.4f} and {high:.4f} kWh"
        yield _found(BreakCode.VEHICLE_ENERGY, stay, i, energy[i], low if energy[i] < low else high, message)


def _taper_breaks(stay: Followed) -> Iterator[Break]:
    """No setpoint is above the charging curve at any energy that it passes through."""
    curve = stay.session.vehicle.taper if stay.session.vehicle is not None else ()
    if not curve:
        return
    points = np.array([point.soc for point in curve]) * stay.inside.capacity_kwh
    powers = np.array([point.power_kw for point in curve])
    energy = stay.energy_kwh
    for k in np.flatnonzero(stay.drawn_kw > stay.tolerance_kw):
        passed = (points > energy[k]) & (points < energy[k + 1])
        allowed = min(*np.interp(energy[k : k + 2], points, powers), *powers[passed])
        if stay.drawn_kw[k] > allowed + TAPER_TOLERANCE_KW:
            message = f"{stay.drawn_kw[k]:.4f} kW up to {energy[k + 1]:.4f} kWh, where the battery takes {allowed:.4f}"
            yield _found(BreakCode.TAPER, stay, k, stay.drawn_kw[k], allowed, message)


def _reserve_kwh(stay: Followed) -> Floats:
    """At the ends of the stay's periods; a step that begins inside one counts at both. [kWh]"""
    share = (stay.session.soc_reserve or 0.0) * stay.inside.capacity_kwh
    floor = stay.session.energy_floor_kwh
    if floor is None:
        return np.asarray(np.minimum(share, _ceiling_kwh(stay)))
    return np.asarray(np.minimum(np.maximum(share, _at_ends(stay, floor, largest=True)), _ceiling_kwh(stay)))


def _ceiling_kwh(stay: Followed) -> Floats:
    ceiling, capacity = stay.session.energy_ceiling_kwh, stay.inside.capacity_kwh
    if ceiling is None:
        return np.full(len(stay.hours) + 1, capacity)
    return np.asarray(np.minimum(capacity, _at_ends(stay, ceiling, largest=False)))


def _at_ends(stay: Followed, series: Series, *, largest: bool) -> Floats:
    by_segment = stay.time.steps(series)
    of_period = (stay.time.largest(by_segment) if largest else stay.time.least(by_segment))[stay.periods]
    padded = np.pad(of_period, 1, mode="edge")
    both = np.stack([padded[:-1], padded[1:]])
    return np.asarray(both.max(axis=0) if largest else both.min(axis=0))


def _found(code: BreakCode, stay: Followed, k: int | np.intp, amount: float, limit: float, message: str) -> Break:
    start = utc(stay.time.instants_s[stay.periods.start + k])
    name = stay.session.id
    return Break(code=code, where=name, start=start, amount=float(amount), limit=float(limit), message=message)
