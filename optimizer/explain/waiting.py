"""Who waits because of a signal: the plan beside the one that the same day would have had without it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from math import inf

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.signal import Cap
from models.domain.times import instant
from optimizer.explain.planned import Planned, planned
from optimizer.explain.reason import NOTICEABLE_KWH, Reason, ReasonCode, clock, from_to, kwh_text
from optimizer.heuristics import RULES, heuristic
from optimizer.optimize import optimize
from optimizer.settings import Settings

MOST_SOLVES = 3
"""Of more signals all are lifted together."""
FULL_KW = 0.05
"""A node with less room than this is full. [kW]"""
_LATER = timedelta(minutes=1)


def waiting_reasons(told: Planned, settings: Settings) -> Iterator[Reason]:
    """For every signal and every session that gets less while it lasts than it would get without it.

    None for a plan that stood in for the optimum: there is no other day planned in the same way to lay beside it.
    """
    if told.schedule.method not in (Method.OPTIMAL, *RULES):
        return
    in_the_way = [cap for cap in told.instance.scenario.signals if _in_the_way(told, cap)]
    for caps in _lifted_together(in_the_way):
        without = _without(told, caps, settings)
        for cap in caps:
            yield from _compared(told, without, cap)


def _in_the_way(told: Planned, cap: Cap) -> bool:
    """Whether it sets the limit of its node, alone or with an equal one, at a time when the node is full."""
    node = next(plan for plan in told.schedule.nodes if plan.node_id == _node(told, cap))
    sets = node.import_limit_kw >= cap.import_limit_kw
    full = node.guaranteed_kw >= node.import_limit_kw - FULL_KW
    return bool((_lasts(told, cap) & sets & full).any())


def _lasts(told: Planned, cap: Cap) -> NDArray[np.bool_]:
    """Periods in which it holds (T,)."""
    instants_s = told.instance.periods.instants_s
    return np.asarray((instants_s[:-1] < cap.end.timestamp()) & (instants_s[1:] > cap.start.timestamp()))


def _lifted_together(caps: list[Cap]) -> list[list[Cap]]:
    """One by one a few that do not overlap: where two hold at a time, lifting one alone may change nothing."""
    in_time = sorted(caps, key=lambda cap: cap.start)
    apart = all(before.end <= after.start for before, after in pairwise(in_time))
    if len(caps) <= MOST_SOLVES and apart:
        return [[cap] for cap in caps]
    return [caps] if caps else []


def _without(told: Planned, caps: list[Cap], settings: Settings) -> Planned:
    """The same day, planned in the same way, with some caps that limit nothing; periods stay the same."""
    lifted = {cap.id for cap in caps}
    scenario = told.instance.scenario
    signals = tuple(replace(c, import_limit_kw=inf) if c.id in lifted else c for c in scenario.signals)
    free = replace(scenario, signals=signals)
    return planned(free, _planned_again(free, told.schedule.method, settings))


def _planned_again(scenario: Scenario, method: Method, settings: Settings) -> Schedule:
    return heuristic(scenario, method) if method in RULES else optimize(scenario, settings)


def _compared(told: Planned, without: Planned, cap: Cap) -> Iterator[Reason]:
    """Sessions below the cap's node that get less inside its window."""
    who, cells, limits = told.instance.sessions, told.instance.cells, told.instance.limits
    inside = _lasts(told, cap)[cells.period]
    less = np.where(inside, cells.hours * (without.power_kw - told.power_kw), 0.0)
    less_kwh = np.bincount(cells.session, weights=less, minlength=who.count)
    node = limits.ids.index(_node(told, cap))
    for s in np.flatnonzero(less_kwh >= NOTICEABLE_KWH).tolist():
        if node in limits.evse_nodes[who.evse_ids[s]]:
            yield _waits(told, without, cap, s, float(less_kwh[s]))


def _waits(told: Planned, without: Planned, cap: Cap, s: int, less_kwh: float) -> Reason:
    who = told.instance.sessions
    start = max(cap.start, instant(float(who.arrival_s[s])))
    end = min(cap.end, instant(float(who.departure_s[s])))
    name = f"{cap.id} ({cap.source})" if cap.source else cap.id
    consequence = _consequence(told, without, s, less_kwh)
    return Reason(
        session_id=who.ids[s],
        code=ReasonCode.SIGNAL,
        cause=cap.id,
        start=start,
        end=end,
        kwh=round(less_kwh, 3),
        message=f"waits for {name} {from_to(start, end, told.zone)}: {consequence}",
    )


def _consequence(told: Planned, without: Planned, s: int, less_kwh: float) -> str:
    lost_kwh = told.missing_kwh(s) - without.missing_kwh(s)
    if lost_kwh >= NOTICEABLE_KWH:
        return f"leaves with {kwh_text(lost_kwh)} less"
    after_kwh = told.plans[s].energy_after_horizon_kwh - without.plans[s].energy_after_horizon_kwh
    if after_kwh >= NOTICEABLE_KWH:
        part = "" if after_kwh > less_kwh - NOTICEABLE_KWH else f"{kwh_text(after_kwh)} of it "
        return f"{kwh_text(less_kwh)} later, {part}after the end of the plan"
    return _moved(told, without, s, less_kwh)


def _moved(told: Planned, without: Planned, s: int, less_kwh: float) -> str:
    done, sooner = told.done(s), without.done(s)
    if done is None or sooner is None:  # a trickle that is never more than a thousandth of a kWh at a time
        return f"{kwh_text(less_kwh)} at other times"
    by = clock(done, sooner, told.zone)
    if done < sooner + _LATER:
        return f"{kwh_text(less_kwh)} at other times, done by {by} all the same"
    return f"{kwh_text(less_kwh)} later, done by {by} instead of {clock(sooner, sooner, told.zone)}"


def _node(told: Planned, cap: Cap) -> str:
    tree = told.instance.tree
    return tree.nodes[tree.root].id if cap.node is None else cap.node
