"""Sessions, visits and signals in time, and what drivers want."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import inf
from typing import Any

from models.domain.findings import Finding
from models.domain.paths import label, plain
from models.domain.scenario import Scenario
from models.domain.session import Session, Visit
from models.domain.times import seconds


def backward_times(scenario: Scenario) -> Iterator[Finding]:
    """Departures that do not come after arrival, and signals that do not end after they start."""
    yield from _backward("sessions", scenario.sessions)
    yield from _backward("visits", scenario.visits)
    for i, signal in enumerate(scenario.signals):
        if seconds(signal.end) <= seconds(signal.start):
            yield _signal_end(f"signals[{i}].end", signal)


def _backward(path: str, stays: Sequence[Session | Visit]) -> Iterator[Finding]:
    for i, stay in enumerate(stays):
        if stay.departure is not None and seconds(stay.departure) <= seconds(stay.arrival):
            yield _departure(f"{path}[{i}].departure", stay, stay.departure)


def _departure(path: str, stay: Session | Visit, departure: datetime) -> Finding:
    message = f"{label(stay)}: departure {departure.isoformat()} is not after arrival {stay.arrival.isoformat()}"
    remedy = "correct one of them" + (", or leave out departure if it is unknown" if isinstance(stay, Session) else "")
    return Finding(path=path, message=message, remedy=remedy, ids=(stay.id,))


def _signal_end(path: str, signal: Any) -> Finding:
    message = f"{label(signal)}: end {signal.end.isoformat()} is not after start {signal.start.isoformat()}"
    return Finding(path=path, message=message, remedy="correct one of them", ids=(signal.id,))


def two_at_once(scenario: Scenario) -> Iterator[Finding]:
    """Sessions that share an EVSE and some time; a session without departure is there for good."""
    at_evse: dict[str, list[int]] = defaultdict(list)
    for i, session in enumerate(scenario.sessions):
        at_evse[session.evse].append(i)
    for places in at_evse.values():
        if len(places) > 1:
            yield from _overlaps(scenario.sessions, places)


def _overlaps(sessions: tuple[Session, ...], places: list[int]) -> Iterator[Finding]:
    """In order of arrival, each session against the one that stays longest of those before it."""
    by_arrival = sorted((seconds(sessions[i].arrival), i) for i in places)
    _, longest = by_arrival[0]
    until_s = _end_s(sessions[longest])
    for arrival_s, i in by_arrival[1:]:
        end_s = _end_s(sessions[i])
        if arrival_s < until_s:
            yield _overlap(i, sessions[i], sessions[longest])
        if end_s > until_s:
            longest, until_s = i, end_s


def _overlap(i: int, session: Session, other: Session) -> Finding:
    until = "stays for an unknown time" if other.departure is None else f"stays until {other.departure.isoformat()}"
    arrival = f"{label(session)} arrives at EVSE {plain(session.evse)} at {session.arrival.isoformat()}"
    remedy = f"an EVSE serves one vehicle at a time: correct these times, or write the departure of {label(other)}"
    ids, path = (other.id, session.id), f"sessions[{i}].arrival"
    return Finding(path=path, message=f"{arrival}, but {label(other)} {until}", remedy=remedy, ids=ids)


def _end_s(session: Session) -> float:
    return inf if session.departure is None else seconds(session.departure)


def minimum_above_target(scenario: Scenario) -> Iterator[Finding]:
    """Promises of more than was wanted."""
    for i, session in enumerate(scenario.sessions):
        target = session.energy_target_kwh
        if target is not None and session.energy_minimum_kwh > target >= 0:
            yield _minimum(f"sessions[{i}].energy_minimum_kwh", session, "energy_target_kwh", target)
    for i, visit in enumerate(scenario.visits):
        needed = visit.energy_needed_kwh
        if needed is not None and visit.energy_minimum_kwh > needed >= 0:
            yield _minimum(f"visits[{i}].energy_minimum_kwh", visit, "energy_needed_kwh", needed)


def _minimum(path: str, stay: Session | Visit, field: str, wanted_kwh: float) -> Finding:
    minimum_kwh = stay.energy_minimum_kwh
    message = f"{label(stay)}: energy_minimum_kwh {minimum_kwh:g} is above {field} {wanted_kwh:g}"
    return Finding(path=path, message=message, remedy=f"lower it, or raise {field}", ids=(stay.id,))


def unclear_needs(scenario: Scenario) -> Iterator[Finding]:
    """Visits that say in two ways what they need, or in none that can be counted."""
    for i, visit in enumerate(scenario.visits):
        for field, defect, remedy in _need_defects(visit):
            message = f"{label(visit)}: {defect}"
            yield Finding(path=f"visits[{i}].{field}", message=message, remedy=remedy, ids=(visit.id,))


def _need_defects(visit: Visit) -> Iterator[tuple[str, str, str]]:
    if visit.soc_needed is None:
        return
    if visit.energy_needed_kwh is not None:
        yield "soc_needed", "both soc_needed and energy_needed_kwh are given", "leave out one of them"
    if visit.soc_at_arrival is None:
        yield "soc_at_arrival", "soc_needed is given without soc_at_arrival", "write it, from 0 to 1"
    if visit.vehicle.battery_capacity_kwh is None:
        yield "vehicle.battery_capacity_kwh", "soc_needed is given without a battery capacity", "write it in kWh"
