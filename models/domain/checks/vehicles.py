"""Batteries of vehicles: energies and states of charge that do not fit, and prices that would use drivers up."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter

from models.domain.findings import Finding
from models.domain.paths import label
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle, Visit
from models.domain.site import Evse, MeasuringPoint
from models.domain.states import EFFICIENCY, wants_discharge
from models.domain.stays import energy_at
from models.domain.times import seconds
from models.domain.value import Series

TOLERANCE_KWH = 1e-6
"""Of energies that were computed from one another. [kWh]"""
Defect = tuple[str, str, str]
"""Field, what is wrong, and the way out."""
_STATES = attrgetter("soc", "soc_target", "soc_minimum", "soc_reserve", "energy_floor_kwh", "energy_ceiling_kwh")
_NO_STATES = (None,) * 6
"""Of most sessions nothing of the kind is known."""


def unordered_tapers(scenario: Scenario) -> Iterator[Finding]:
    """Charging curves whose states of charge do not ascend."""
    for path, stay in _stays(scenario):
        for k, (before, after) in enumerate(pairwise(stay.vehicle.taper if stay.vehicle else ()), start=1):
            if after.soc <= before.soc:
                message = f"{label(stay)}: the charging curve goes from {before.soc:g} to {after.soc:g} state of charge"
                remedy = "sort its points by soc, each once"
                yield Finding(path=f"{path}.vehicle.taper[{k}].soc", message=message, remedy=remedy, ids=(stay.id,))


def unfit_states(scenario: Scenario) -> Iterator[Finding]:
    """Wishes in states of charge that cannot be read, and bounds that contradict each other."""
    for i, session in enumerate(scenario.sessions):
        if _STATES(session) == _NO_STATES:
            continue
        for field, defect, remedy in (*_wish_defects(session), *_bound_defects(session)):
            path = f"sessions[{i}].{field}"
            yield Finding(path=path, message=f"{label(session)}: {defect}", remedy=remedy, ids=(session.id,))


def _wish_defects(session: Session) -> Iterator[Defect]:
    for soc_field, field, given in (
        ("soc_target", "energy_target_kwh", session.energy_target_kwh is not None),
        ("soc_minimum", "energy_minimum_kwh", session.energy_minimum_kwh > 0.0),
    ):
        if getattr(session, soc_field) is None:
            continue
        if given:
            yield soc_field, f"both {soc_field} and {field} are given", "leave out one of them"
        if session.soc is None:
            yield "soc", f"{soc_field} is given without soc", "write the state of charge now, from 0 to 1"
        if _capacity_kwh(session) is None:
            remedy = "write it in kWh"
            yield "vehicle.battery_capacity_kwh", f"{soc_field} is given without a battery capacity", remedy
    target, minimum = session.soc_target, session.soc_minimum
    if target is not None and minimum is not None and minimum > target:
        remedy = "lower it, or raise soc_target"
        yield "soc_minimum", f"soc_minimum {minimum:g} is above soc_target {target:g}", remedy


def _bound_defects(session: Session) -> Iterator[Defect]:
    capacity = _capacity_kwh(session)
    floor, ceiling = _largest(session.energy_floor_kwh), _least(session.energy_ceiling_kwh)
    if floor is not None and capacity is not None and floor > capacity:
        remedy = f"write at most {capacity:g}"
        yield "energy_floor_kwh", f"a floor of {floor:g} kWh is above the capacity of {capacity:g} kWh", remedy
    crossed = _crossed(session.energy_floor_kwh, session.energy_ceiling_kwh)
    if crossed is not None:
        low, high = crossed
        yield "energy_floor_kwh", f"a floor of {low:g} kWh is above the ceiling of {high:g} kWh", "correct one of them"
    reserve = None if session.soc_reserve is None or capacity is None else session.soc_reserve * capacity
    if reserve is not None and ceiling is not None and reserve > ceiling + TOLERANCE_KWH:
        defect = f"a reserve of {reserve:g} kWh is above the ceiling of {ceiling:g} kWh"
        yield "soc_reserve", defect, "correct one of them"


def more_than_fits(scenario: Scenario) -> Iterator[Finding]:
    """Targets above what a battery can hold, with what is inside already where that is known."""
    evses = {evse.id: evse for evse in scenario.site.evses}
    for i, session in enumerate(scenario.sessions):
        capacity, evse = _capacity_kwh(session), evses.get(session.evse)
        if capacity is None or session.energy_target_kwh is None or evse is None:
            continue
        if not _is_lossy(session.vehicle, evse):
            continue
        asked = session.energy_target_kwh - (session.delivered_kwh if session.soc is not None else 0.0)
        there = energy_at(MeasuringPoint.BATTERY, asked, session.measured_at, evse, session.vehicle)
        room = capacity * (1.0 - (session.soc or 0.0))
        if there > room + TOLERANCE_KWH:
            yield _too_much(f"sessions[{i}].energy_target_kwh", session, there, room)
    for i, visit in enumerate(scenario.visits):
        capacity, needed = visit.vehicle.battery_capacity_kwh, visit.energy_needed_kwh
        if capacity is not None and needed is not None and visit.measured_at is MeasuringPoint.BATTERY:
            room = capacity * (1.0 - (visit.soc_at_arrival or 0.0))
            if needed > room + TOLERANCE_KWH:
                yield _too_much(f"visits[{i}].energy_needed_kwh", visit, needed, room)


def _too_much(path: str, stay: Session | Visit, asked_kwh: float, room_kwh: float) -> Finding:
    message = f"{label(stay)}: {asked_kwh:g} kWh are wanted in a battery that has room for {room_kwh:g} kWh"
    remedy = "lower it, or correct soc or battery_capacity_kwh"
    return Finding(path=path, message=message, remedy=remedy, ids=(stay.id,))


def underpaid_discharge(scenario: Scenario) -> Iterator[Finding]:
    """(18): a driver who is paid less for a kWh given back than it has cost to put it there is used up by cycling."""
    evses = {evse.id: evse for evse in scenario.site.evses}
    for i, session in enumerate(scenario.sessions):
        evse, paid, retail = evses.get(session.evse), session.discharge_price_per_kwh, session.retail_price_per_kwh
        if evse is None or paid is None or retail is None or not wants_discharge(session, evse):
            continue
        if not _is_lossy(session.vehicle, evse):
            continue
        least = retail / _round_trip(session.vehicle)
        if paid < least - TOLERANCE_KWH:
            message = f"{label(session)}: {paid:g} is paid for a kWh given back, which has cost the driver {least:.4g}"
            remedy = f"pay at least retail_price_per_kwh over both efficiencies, {least:.4g}, or leave it out"
            yield Finding(
                path=f"sessions[{i}].discharge_price_per_kwh", message=message, remedy=remedy, ids=(session.id, evse.id)
            )


def _round_trip(vehicle: Vehicle | None) -> float:
    into = vehicle.charge_efficiency if vehicle is not None else None
    out = vehicle.discharge_efficiency if vehicle is not None else None
    return (EFFICIENCY if into is None else into) * (EFFICIENCY if out is None else out)


def _stays(scenario: Scenario) -> Iterator[tuple[str, Session | Visit]]:
    yield from ((f"sessions[{i}]", session) for i, session in enumerate(scenario.sessions))
    yield from ((f"visits[{i}]", visit) for i, visit in enumerate(scenario.visits))


def _capacity_kwh(session: Session) -> float | None:
    return None if session.vehicle is None else session.vehicle.battery_capacity_kwh


def _values(series: Series | None) -> Sequence[float]:
    if series is None:
        return ()
    return tuple(step.value for step in series) if isinstance(series, tuple) else (series,)


def _largest(series: Series | None) -> float | None:
    return max(_values(series), default=None)


def _least(series: Series | None) -> float | None:
    return min(_values(series), default=None)


def _crossed(floor: Series | None, ceiling: Series | None) -> tuple[float, float] | None:
    """The first values of both that hold at one time and contradict each other."""
    if floor is None or ceiling is None:
        return None
    starts = [seconds(step.start) for series in (floor, ceiling) if isinstance(series, tuple) for step in series]
    for start_s in sorted(starts) or [0.0]:
        low, high = (_at(series, start_s) for series in (floor, ceiling))
        if low > high + TOLERANCE_KWH:
            return low, high
    return None


def _at(series: Series, time_s: float) -> float:
    if not isinstance(series, tuple):
        return series
    begun = [step.value for step in series if seconds(step.start) <= time_s]
    return (begun or [step.value for step in series[:1]] or [0.0])[-1]


def _is_lossy(vehicle: Vehicle | None, evse: Evse) -> bool:
    """Whether every efficiency can be divided by; others are told by the table of ranges."""
    told = [evse.conversion_efficiency]
    told += [] if vehicle is None else [vehicle.charge_efficiency, vehicle.discharge_efficiency]
    return all(efficiency is None or efficiency > 0.0 for efficiency in told)
