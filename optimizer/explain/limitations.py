"""The ledger of limitations that a plan will make, if it is carried out: stretches in which a car could take more."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np

from models.domain.completion import complete
from models.domain.electrical import NOMINAL_VOLTAGE_V, max_charge_power_kw
from models.domain.limitations import Limitation, LimitInForce, SessionRecord, limitations
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule, SessionPlan
from optimizer.explain.held import Held, HeldBy

WANTED_KWH = 1e-3
"""A car that lacks less wants nothing. [kWh]"""
NOT_OURS = frozenset({HeldBy.MAXIMUM, HeldBy.TAPER, HeldBy.UNREACHABLE})
"""What station and car do, or what we cannot change."""
LATER = "later"
"""Reason where nothing keeps a setpoint low but that its energy comes at other times as cheaply."""


def limitations_of(scenario: Scenario, schedule: Schedule, held: Sequence[Held] = ()) -> tuple[Limitation, ...]:
    """Session by session, in order of time; without ``held`` the lines have no reasons."""
    completed = complete(scenario).scenario
    evses = {evse.id: evse for evse in completed.site.evses}
    voltage_v = completed.site.voltage_v or NOMINAL_VOLTAGE_V
    most_kw = {s.id: max_charge_power_kw(s, evses[s.evse], voltage_v) for s in completed.sessions}
    reasons: defaultdict[str, list[Held]] = defaultdict(list)
    for one in held:
        reasons[one.session_id].append(one)
    instants = [schedule.instant(i) for i in range(schedule.period_count + 1)]
    found = (_record(instants, plan, most_kw[plan.session_id], reasons[plan.session_id]) for plan in schedule.sessions)
    return tuple(line for record in found for line in limitations(record))


def _record(instants: list[datetime], plan: SessionPlan, most_kw: float, held: list[Held]) -> SessionRecord:
    return SessionRecord(session=plan.session_id, in_force=tuple(_in_force(instants, plan, most_kw, held)))


def _in_force(instants: list[datetime], plan: SessionPlan, most_kw: float, held: list[Held]) -> Iterator[LimitInForce]:
    """Times in which the car wants more than it is left, cut where reasons change."""
    could_kw = _could_kw(plan, most_kw)
    stretches = _Stretches(held)
    for first, after in _alike(plan.limit_kw, could_kw):
        begins, ends = instants[plan.first_period + first], instants[plan.first_period + after]
        for start, end, one in stretches.cut(begins, ends):
            if one is None or one.by not in NOT_OURS:
                yield LimitInForce(
                    start=start,
                    end=end,
                    limit_kw=float(plan.limit_kw[first]),
                    could_kw=float(could_kw[first]),
                    reason=_reason(one),
                    causes=() if one is None else one.causes,
                )


def _could_kw(plan: SessionPlan, most_kw: float) -> Floats:
    """What the car could take in each period (n,); 0 where it wants nothing or is not there. [kW at evse]

    Bounded by what it lacks: a last period with less than full power holds nobody.
    """
    hours = plan.plugged_in_h
    before_kwh = np.concatenate([[0.0], np.cumsum(hours * (plan.charge_power_kw - plan.given_back_kw))[:-1]])
    lacking_kwh = plan.energy_remaining_kwh - before_kwh
    wants = (lacking_kwh > WANTED_KWH) & (hours > 0.0)
    return np.minimum(most_kw, np.divide(lacking_kwh, hours, out=np.zeros_like(hours), where=wants))


def _alike(limit_kw: Floats, could_kw: Floats) -> Iterator[tuple[int, int]]:
    """From and to, of neighbouring periods with one limit, which is less than what the car could take."""
    changes = (limit_kw[1:] != limit_kw[:-1]) | (could_kw[1:] != could_kw[:-1])
    ends = [0, *(1 + np.flatnonzero(changes)).tolist(), len(limit_kw)]
    yield from ((k, after) for k, after in pairwise(ends) if k < after and could_kw[k] > limit_kw[k])


class _Stretches:
    """Reasons of one session, in order of time."""

    def __init__(self, held: list[Held]) -> None:
        self._held, self._starts = held, [one.start for one in held]
        self._edges = sorted({at for one in held for at in (one.start, one.end)})

    def cut(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, Held | None]]:
        """A time by its reasons; one in which the car comes or leaves ends with its stay."""
        inside = self._edges[bisect_right(self._edges, start) : bisect_left(self._edges, end)]
        for begin, finish in pairwise([start, *inside, end]):
            one = self._at(begin)
            if one is not None or not self._held:
                yield begin, finish, one

    def _at(self, instant: datetime) -> Held | None:
        place = bisect_right(self._starts, instant) - 1
        return self._held[place] if place >= 0 and instant < self._held[place].end else None


def _reason(one: Held | None) -> str:
    if one is None:
        return ""
    return LATER if one.by is HeldBy.DONE else one.by.value
