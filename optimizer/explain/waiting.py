"""Who waits because of a signal: the plan beside the one that the same day would have had without it."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.signal import Cap, Dispatch, Event, PriceEvent
from models.domain.times import instant
from optimizer.explain.planned import Floats, Planned, planned
from optimizer.explain.reason import NOTICEABLE_KWH, Reason, ReasonCode, clock, from_to, kwh_text
from optimizer.heuristics import RULES, heuristic
from optimizer.optimize import optimize
from optimizer.response.lifting import without
from optimizer.settings import Settings

MOST_SOLVES = 3
"""Of more signals all are lifted together."""
FULL_KW = 0.05
"""A node with less room than this is full. [kW]"""
_LATER = timedelta(minutes=1)

AnySignal = Cap | Event | Dispatch | PriceEvent


def waiting_reasons(told: Planned, settings: Settings) -> Iterator[Reason]:
    """For every signal and every session that gets less while it lasts than it would get without it.

    None for a plan that stood in for the optimum: there is no other day planned in the same way to lay beside it.
    """
    if told.schedule.method not in (Method.OPTIMAL, *RULES):
        return
    in_the_way = [signal for signal in told.instance.scenario.signals if _in_the_way(told, signal)]
    for signals in _lifted_together(in_the_way):
        free = _without(told, signals, settings)
        for signal in signals:
            yield from _compared(told, free, signal)


def _in_the_way(told: Planned, signal: AnySignal) -> bool:
    """Whether it can be what somebody waits for; money always can, a simple rule looks at none."""
    if not isinstance(signal, Cap):
        return told.schedule.method is Method.OPTIMAL
    if signal.evses:
        group = next(plan for plan in told.schedule.groups if plan.cap_id == signal.id)
        return bool((group.drawn_kw >= group.limit_kw - FULL_KW).any())
    return signal.import_limit_kw is not None and _fills_its_node(told, signal, signal.import_limit_kw)


def _fills_its_node(told: Planned, cap: Cap, limit_kw: float) -> bool:
    """Whether a cap sets the limit of its node, alone or with an equal one, at a time when the node is full."""
    node = next(plan for plan in told.schedule.nodes if plan.node_id == _node(told, cap.node))
    sets = node.import_limit_kw >= limit_kw
    full = node.guaranteed_kw >= node.import_limit_kw - FULL_KW
    return bool((told.instance.periods.within(cap.start, cap.end) & sets & full).any())


def _lifted_together(signals: list[AnySignal]) -> list[list[AnySignal]]:
    """One by one a few that do not overlap: where two hold at a time, lifting one alone may change nothing."""
    in_time = sorted(signals, key=lambda signal: signal.start)
    apart = all(before.end <= after.start for before, after in pairwise(in_time))
    if len(signals) <= MOST_SOLVES and apart:
        return [[signal] for signal in signals]
    return [signals] if signals else []


def _without(told: Planned, signals: list[AnySignal], settings: Settings) -> Planned:
    """The same day, planned in the same way, with some signals that ask nothing; periods stay the same."""
    free = without(told.instance.scenario, {signal.id for signal in signals})
    return planned(free, _planned_again(free, told.schedule.method, settings))


def _planned_again(scenario: Scenario, method: Method, settings: Settings) -> Schedule:
    return heuristic(scenario, method) if method in RULES else optimize(scenario, settings)


def _compared(told: Planned, free: Planned, signal: AnySignal) -> Iterator[Reason]:
    """Sessions that it measures and that get less inside its window, or less before it in order to get more inside."""
    cells = told.instance.cells
    during = told.instance.periods.within(signal.start, signal.end)[cells.period]
    before = told.instance.periods.instants_s[cells.period] < signal.start.timestamp()
    less_during, less_before = _less_kwh(told, free, during), _less_kwh(told, free, before & ~during)
    measured = _measured(told, signal)
    for s in np.flatnonzero(measured & (less_during >= NOTICEABLE_KWH)).tolist():
        if not isinstance(signal, Cap) and _only_sooner(told, free, s):
            continue
        yield _waits(told, free, signal, s, float(less_during[s]), until=False)
    if not isinstance(signal, Cap):
        drawn = measured & (less_during <= -NOTICEABLE_KWH) & (less_before >= NOTICEABLE_KWH)
        for s in np.flatnonzero(drawn).tolist():
            yield _waits(told, free, signal, s, float(less_before[s]), until=True)


def _only_sooner(told: Planned, free: Planned, s: int) -> bool:
    """Whether a session that makes room for money is served as well, and no later."""
    done, otherwise = told.done(s), free.done(s)
    in_time = done is not None and otherwise is not None and done < otherwise + _LATER
    return in_time and told.missing_kwh(s) < free.missing_kwh(s) + NOTICEABLE_KWH


def _less_kwh(told: Planned, free: Planned, cells: NDArray[np.bool_]) -> Floats:
    """What each session gets less in some cells than it would without the signal (S,). [kWh]"""
    less = np.where(cells, told.instance.cells.hours * (free.power_kw - told.power_kw), 0.0)
    count = told.instance.sessions.count
    return np.bincount(told.instance.cells.session, weights=less, minlength=count).astype(float)


def _measured(told: Planned, signal: AnySignal) -> NDArray[np.bool_]:
    """Sessions whose power a signal counts (S,)."""
    evse_ids, limits = told.instance.sessions.evse_ids, told.instance.limits
    if isinstance(signal, PriceEvent):
        return np.ones(len(evse_ids), dtype=bool)
    if signal.evses:
        return np.array([evse in signal.evses for evse in evse_ids], dtype=bool)
    node = limits.ids.index(_node(told, signal.node))
    return np.array([node in limits.evse_nodes[evse] for evse in evse_ids], dtype=bool)


def _waits(told: Planned, free: Planned, signal: AnySignal, s: int, less_kwh: float, *, until: bool) -> Reason:
    who = told.instance.sessions
    start = max(signal.start, instant(float(who.arrival_s[s])))
    end = min(signal.end, instant(float(who.departure_s[s])))
    name = f"{signal.id} ({signal.source})" if signal.source else signal.id
    consequence = f"{kwh_text(less_kwh)} later" if until else _consequence(told, free, s, less_kwh)
    return Reason(
        session_id=who.ids[s],
        code=ReasonCode.SIGNAL,
        cause=signal.id,
        start=start,
        end=end,
        kwh=round(less_kwh, 3),
        message=f"waits {'until' if until else 'for'} {name} {from_to(start, end, told.zone)}: {consequence}",
    )


def _consequence(told: Planned, free: Planned, s: int, less_kwh: float) -> str:
    lost_kwh = told.missing_kwh(s) - free.missing_kwh(s)
    if lost_kwh >= NOTICEABLE_KWH:
        return f"leaves with {kwh_text(lost_kwh)} less"
    after_kwh = told.plans[s].energy_after_horizon_kwh - free.plans[s].energy_after_horizon_kwh
    if after_kwh >= NOTICEABLE_KWH:
        part = "" if after_kwh > less_kwh - NOTICEABLE_KWH else f"{kwh_text(after_kwh)} of it "
        return f"{kwh_text(less_kwh)} later, {part}after the end of the plan"
    return _moved(told, free, s, less_kwh)


def _moved(told: Planned, free: Planned, s: int, less_kwh: float) -> str:
    done, sooner = told.done(s), free.done(s)
    if done is None or sooner is None:  # a trickle that is never more than a thousandth of a kWh at a time
        return f"{kwh_text(less_kwh)} at other times"
    by = clock(done, sooner, told.zone)
    if done < sooner + _LATER:
        return f"{kwh_text(less_kwh)} at other times, done by {by} all the same"
    return f"{kwh_text(less_kwh)} later, done by {by} instead of {clock(sooner, sooner, told.zone)}"


def _node(told: Planned, node: str | None) -> str:
    tree = told.instance.tree
    return tree.nodes[tree.root].id if node is None else node
