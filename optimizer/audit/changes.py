"""What a plan moves from where the plan before had it: equation (20), worked out anew."""

from collections.abc import Iterator
from datetime import UTC, datetime

from models.domain.before import PlannedBefore
from models.domain.units import hours_from_seconds
from optimizer.audit.case import Case
from optimizer.audit.stay import Stay

HAIR_S = 1e-3
"""By which a plan may end before a period does and still have planned all of it. [s]"""


def moved_kwh(case: Case) -> Iterator[float]:
    """Half of the energy by which each setpoint of a session that was planned before differs from then. [kWh]"""
    planned = {plan.session: plan for plan in case.scenario.previous}
    for stay in case.stays:
        before = planned.get(stay.session.id)
        if before is not None:
            yield from _of_stay(case, stay, before)


def _of_stay(case: Case, stay: Stay, before: PlannedBefore) -> Iterator[float]:
    arrival_s, departure_s = stay.session.arrival.timestamp(), _seconds(stay.session.departure)
    known_from_s, known_to_s = before.charge_power_kw[0].start.timestamp(), before.end.timestamp()
    for k, t in enumerate(range(stay.periods.start, stay.periods.stop)):
        since_s, until_s = max(case.time.instants_s[t], arrival_s), min(case.time.instants_s[t + 1], departure_s)
        if until_s > since_s and since_s >= known_from_s - HAIR_S and until_s <= known_to_s + HAIR_S:
            hours = hours_from_seconds(until_s - since_s)
            yield abs(hours * stay.power_kw[k] - _planned_kwh(before, since_s, until_s)) / 2


def _planned_kwh(before: PlannedBefore, since_s: float, until_s: float) -> float:
    starts_s = [step.start.timestamp() for step in before.charge_power_kw]
    energy = 0.0
    for step, start_s, end_s in zip(before.charge_power_kw, starts_s, [*starts_s[1:], until_s], strict=True):
        overlap_s = max(0.0, min(end_s, until_s) - max(start_s, since_s))
        energy += step.value * hours_from_seconds(overlap_s)
    return energy


def _seconds(instant: datetime | None) -> float:
    return (instant or datetime.max.replace(tzinfo=UTC)).timestamp()
