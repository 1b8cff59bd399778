"""The plan before on the periods of this one, and what drivers have missed before."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.before import PlannedBefore
from models.domain.scenario import Scenario
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions

Floats = NDArray[np.float64]

_HAIR_S = 1e-3
"""By which a period may reach beyond the plan before and still count as planned. [s]"""


@dataclass(frozen=True, slots=True)
class Before:
    """Of a plan that was made before (N,)."""

    power_kw: Floats
    """Mean setpoint while the session is plugged in, 0 where that plan says nothing. [kW at evse]"""
    known: NDArray[np.bool_]
    """Where that plan covers all of the time that the session is plugged in."""


def before(scenario: Scenario, who: Sessions, cells: Cells, span: Periods) -> Before | None:
    """None without a plan before, or where it knows nobody who is here."""
    if not scenario.previous:
        return None
    here = {name: s for s, name in enumerate(who.ids)}
    planned = [(here[plan.session], plan) for plan in scenario.previous if plan.session in here]
    if not planned:
        return None
    power_kw, known = np.zeros(cells.count), np.zeros(cells.count, dtype=bool)
    for s, plan in planned:
        mine = slice(int(cells.offset[s]), int(cells.offset[s + 1]))
        since = np.maximum(span.instants_s[cells.period[mine]], who.arrival_s[s])
        until = np.minimum(span.instants_s[cells.period[mine] + 1], who.departure_s[s])
        power_kw[mine], known[mine] = _mean_kw(plan, since, until)
    return Before(power_kw, known)


def missed_kwh(scenario: Scenario) -> Floats:
    """By the ledger, per session (S,). [kWh at evse]"""
    if not scenario.ledger:
        return np.zeros(len(scenario.sessions))
    ledger = {line.driver: line.missed_kwh for line in scenario.ledger}
    return np.array([ledger.get(s.driver or s.id, 0.0) for s in scenario.sessions])


def _mean_kw(plan: PlannedBefore, since: Floats, until: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Between pairs of instants, and whether the plan knew all of that time."""
    starts_s = [step.start.timestamp() for step in plan.charge_power_kw]
    ends_s = np.array([*starts_s, plan.end.timestamp()])
    powers_kw = np.array([step.value for step in plan.charge_power_kw])
    so_far = np.append(0.0, np.cumsum(powers_kw * np.diff(ends_s)))
    drawn = np.interp(until, ends_s, so_far) - np.interp(since, ends_s, so_far)
    mean_kw = drawn / np.maximum(until - since, _HAIR_S)
    # One setpoint all along is taken as it stands, to the last bit.
    first, last = np.searchsorted(ends_s, since, side="right") - 1, np.searchsorted(ends_s, until, side="left") - 1
    single = (first == last) & (first >= 0) & (first < len(powers_kw))
    mean_kw[single] = powers_kw[first[single]]
    return mean_kw, (since >= ends_s[0] - _HAIR_S) & (until <= ends_s[-1] + _HAIR_S)
