"""When not every wish can be met: what conflicts, and the least change of limits, or of wishes, that ends it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from models.domain.scenario import Scenario
from models.domain.times import instant
from optimizer.backends.highs import NoSolution
from optimizer.completing import complete
from optimizer.conflict.elastic import Elastic, Given, elastic
from optimizer.conflict.named import Limit, limits_of, with_reachable, with_wishes
from optimizer.explain.reason import from_to
from optimizer.instance import Instance, instance_of
from optimizer.optimize import optimize_shaped
from optimizer.settings import Settings
from optimizer.words import joined_words

USED = 1e-4
"""A limit is exceeded where more than this is beyond it. [kW or A]"""

TOLD = 4
"""So many names are told in a sentence; all of them are in the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One limit that is raised, or one wish that is reduced."""

    id: str
    subject: str
    by: float
    to: float | None
    """What the limit becomes where it is exceeded most; None for a wish."""
    unit: str
    """kW, kVA, A or kWh."""
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """What conflicts, and three ways out, each the least of its kind; all empty where every wish can be met."""

    conflict: tuple[str, ...]
    """Ids of limits and sessions that cannot all hold; without any one of them the others could."""
    raises: tuple[Change, ...]
    """Of limits alone."""
    drops: tuple[Change, ...]
    """Of wishes alone."""
    least: tuple[Change, ...]
    """Of both, where a kW, the current of a kW on one line to neutral, and a kWh count the same."""
    message: str
    """Times are local to the site."""


@dataclass(frozen=True, slots=True)
class _Case:
    instance: Instance
    limits: dict[str, Limit]
    wishes: list[str]
    elastic: Elastic


def cure(scenario: Scenario, settings: Settings = Settings()) -> Cure:
    """Of a valid scenario: why not all targets can be met, and what would meet them.

    What the stay alone rules out is no conflict, and prices are none: a target that is not worth its energy can be
    met. Current limits are those of the tangents that the plan has found. Raises SolverFault or DeadlinePassed.
    """
    case = _case(scenario, settings)
    conflict = case.elastic.irreducible()
    if not conflict:
        nothing: tuple[Change, ...] = ()
        told = "every target that the stays allow can be met within the limits"
        return Cure(conflict=(), raises=nothing, drops=nothing, least=nothing, message=told)
    raises, drops = _way_out(case, case.wishes), _way_out(case, list(case.limits))
    return Cure(
        conflict=conflict,
        raises=raises,
        drops=drops,
        least=_changes(case, case.elastic.least()),
        message=_message(case, conflict, raises, drops),
    )


def _case(scenario: Scenario, settings: Settings) -> _Case:
    """The program of the plan, with the cuts that it needed, and every limit and every wish by name."""
    completed = complete(scenario)
    instance = instance_of(completed.scenario)
    plan = optimize_shaped(completed, instance, replace(settings, preferences=False))
    program, limits = limits_of(plan.solved.money_program, instance)
    program, wishes = with_wishes(program, instance)
    groups = [*(limit.group for limit in limits), *wishes]
    open_ = elastic(program, groups, settings).least(free=[limit.id for limit in limits])
    missing = np.array([open_.by().get(wish.id, 0.0) for wish in wishes])
    firm = elastic(with_reachable(program, missing), groups, settings)
    return _Case(instance, {limit.id: limit for limit in limits}, [wish.id for wish in wishes], firm)


def _way_out(case: _Case, firm: list[str]) -> tuple[Change, ...]:
    """Without these giving way; none where that is no way."""
    try:
        return _changes(case, case.elastic.least(firm=firm))
    except NoSolution:
        return ()


def _changes(case: _Case, given: Given) -> tuple[Change, ...]:
    """Limits first, the largest change first."""
    found = [_change(case, given, name, amount) for name, amount in given.by().items()]
    return tuple(sorted(found, key=lambda one: (one.unit == "kWh", -one.by, one.id)))


def _change(case: _Case, given: Given, name: str, amount: float) -> Change:
    limit = case.limits.get(name)
    if limit is None:
        session = next(session for session in case.instance.scenario.sessions if session.id == name)
        assert session.departure is not None, "the scenario is completed"
        stay = {"start": session.arrival, "end": session.departure}
        return Change(id=name, subject=f"session {name}", by=amount, to=None, unit="kWh", **stay)
    program = case.elastic.program
    load = (program.matrix @ given.values)[limit.rows]
    need = limit.base + load
    used = np.flatnonzero(need > np.maximum(limit.limit, limit.base) + USED)
    used = used if len(used) else np.arange(len(need))
    worst = int(used[np.argmax((need - limit.limit)[used])])
    instants_s = case.instance.periods.instants_s
    return Change(
        id=name,
        subject=limit.subject,
        by=float(need[worst] - limit.limit[worst]),
        to=float(need[worst]),
        unit=limit.unit,
        start=instant(float(instants_s[limit.period[used].min()])),
        end=instant(float(instants_s[limit.period[used].max() + 1])),
    )


def _message(case: _Case, conflict: Sequence[str], raises: Sequence[Change], drops: Sequence[Change]) -> str:
    """``site cap 60 kW and 3 deadlines conflict; raise the cap to 64.1 kW, or drop 4.2 kWh on C07``"""
    zone = ZoneInfo(case.instance.scenario.site.time_zone)
    limits = [case.limits[name].subject for name in conflict if name in case.limits]
    wishes = [name for name in conflict if name not in case.limits]
    targets = f"the target{'' if len(wishes) == 1 else 's'} of {joined_words(_some(wishes))}"
    ways = [joined_words(_some(list(_words(changes, zone)))) for changes in (raises, drops) if changes]
    return f"{joined_words([*limits, targets])} conflict: {', or '.join(ways)}"


def _some(words: list[str]) -> list[str]:
    return words if len(words) <= TOLD + 1 else [*words[:TOLD], f"{len(words) - TOLD} more"]


def _words(changes: Sequence[Change], zone: ZoneInfo) -> Iterator[str]:
    for one in changes:
        if one.to is None:
            yield f"drop {one.by:.1f} kWh on {one.id}"
        else:
            yield f"raise {one.subject} by {one.by:.1f} to {one.to:.1f} {one.unit} {from_to(one.start, one.end, zone)}"
