"""Period by period: who is there takes power by a rule, as far as the limits leave room."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.units import hours_from_seconds
from optimizer.completing import complete
from optimizer.giving.discs import Floats
from optimizer.giving.room import Ints, Room, own_limits
from optimizer.giving.rules import equally, everything, in_quanta, one_after_the_other
from optimizer.giving.table import SHORTEST_H
from optimizer.heuristics.curtailing import least_curtailment
from optimizer.heuristics.inside import Inside
from optimizer.heuristics.periodwise import by_period
from optimizer.heuristics.rounding import rounded
from optimizer.heuristics.wanted import wanted
from optimizer.instance import Instance, instance_of
from optimizer.outcome import Outcome
from optimizer.solution import energies, schedule_of

Order = Callable[[Instance, int, Ints, Floats], Floats]
"""(instance, period, sessions, what each still needs [kWh]) -> a number each; the smallest comes first."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one method gives power out."""

    share: Callable[[Room, Floats, Ints], Floats]
    """(room, most that each can take [kW], order) -> power of each. [kW]"""
    order: Order
    keeps_limits: bool = True


def heuristic(scenario: Scenario, method: Method) -> Schedule:
    """The plan of a simple rule for a valid scenario; what is missing in it is completed first.

    ``uncontrolled`` is what would happen without us: every car at full power from arrival until its energy is there,
    whatever the limits say. All others keep every limit by construction, whichever cars stop. Raises ValueError for a
    method that is not in ``RULES``.
    """
    if method not in RULES:
        raise ValueError(f"{method} is no simple rule; take one of {', '.join(RULES)}")
    completed = complete(scenario)
    instance = instance_of(completed.scenario)
    rule = RULES[method]
    power = _powers(instance, rule)
    outcome = outcome_of(instance, power, fill=True) if rule.keeps_limits else _in_full(instance, power)
    return schedule_of(instance, outcome, method=method, assumptions=completed.assumptions)


def by_arrival(instance: Instance, period: int, sessions: Ints, needs_kwh: Floats) -> Floats:
    return instance.sessions.arrival_s[sessions]


def by_departure(instance: Instance, period: int, sessions: Ints, needs_kwh: Floats) -> Floats:
    return instance.sessions.departure_s[sessions]


def by_laxity(instance: Instance, period: int, sessions: Ints, needs_kwh: Floats) -> Floats:
    """Time left less the time that full power would take: how long a session could still wait. [h]"""
    who = instance.sessions
    since_s = np.maximum(who.arrival_s[sessions], instance.periods.instants_s[period])
    left_h = hours_from_seconds(1.0) * (who.departure_s[sessions] - since_s)
    power_kw = who.max_power_kw[sessions]
    needs_h = np.divide(needs_kwh, power_kw, out=np.full_like(power_kw, np.inf), where=power_kw > 0.0)
    return np.asarray(left_h - needs_h)


RULES: Mapping[Method, Rule] = MappingProxyType(
    {
        Method.UNCONTROLLED: Rule(everything, by_arrival, keeps_limits=False),
        Method.EQUAL_SHARE: Rule(equally, by_arrival),
        Method.EARLIEST_DEADLINE_FIRST: Rule(one_after_the_other, by_departure),
        Method.LEAST_LAXITY_FIRST: Rule(one_after_the_other, by_laxity),
        Method.ROUND_ROBIN: Rule(in_quanta, by_arrival),
    }
)
"""The methods of :func:`heuristic`; who is equal in order comes in the order of the scenario."""


def _powers(instance: Instance, rule: Rule) -> Floats:
    """Setpoints (N,). A car that would be done inside a period gets less, so that its energy fits. [kW]"""
    cells, needs_kwh, inside = instance.cells, instance.sessions.remaining_kwh.copy(), Inside(instance)
    limits = own_limits(instance) if rule.keeps_limits else None
    hours_of, power = np.maximum(cells.hours, SHORTEST_H), np.zeros(cells.count)
    highest = highest_kw(instance, np.arange(cells.count), keeps_limits=rule.keeps_limits)
    for period, here in by_period(instance):
        sessions, hours = cells.session[here], hours_of[here]
        needs = needs_kwh[sessions]
        most = inside.at_most(np.minimum(highest[here], needs / hours), sessions, hours, period)
        if limits is not None:
            free = slice(None) if instance.following.kind is None else instance.following.free(here)
            room = limits.of(sessions[free], period)
            if not room.fits(most[free]):
                order = np.argsort(rule.order(instance, period, sessions[free], needs[free]), kind="stable")
                most[free] = rule.share(room, most[free], order)
        power[here] = most
        needs_kwh[sessions] = np.maximum(0.0, needs - hours * most)
        inside.charged(sessions, hours * most)
    return power


def highest_kw(instance: Instance, cells: Ints, *, keeps_limits: bool = True) -> Floats:
    """What setpoints may be; where something is installed not above that, whose room is kept already. [kW at evse]"""
    following = instance.following
    most = following.most_kw[cells].copy()
    if following.kind is not None and keeps_limits:
        place = following.kind[cells]
        most[place >= 0] = np.minimum(most[place >= 0], following.least_kw[place[place >= 0]])
    return most


def outcome_of(instance: Instance, power_kw: Floats, *, fill: bool) -> Outcome:
    """The outcome of powers at evse (N,); where the site has rules, of offers near them.

    With ``fill`` what offers leave over goes to whom it is worth it. Batteries rest.
    """
    as_wanted = settled(instance, power_kw, None)
    if instance.offers is None:
        return as_wanted
    asked = wanted(instance, as_wanted)
    if not fill:
        asked = replace(asked, worth_more=np.zeros(instance.cells.count, dtype=bool))
    found = rounded(instance, asked)
    return settled(instance, found.charge_kw, found.offered_kw)


def _in_full(instance: Instance, power_kw: Floats) -> Outcome:
    """Nobody steers: an EVSE offers all that it can until the car is full."""
    most = instance.sessions.max_power_kw[instance.cells.session]
    offered = None if instance.offers is None else np.where(power_kw > 0.0, most, 0.0)
    return settled(instance, power_kw, offered)


def settled(instance: Instance, charge_kw: Floats, offered_kw: Floats | None) -> Outcome:
    """What is missing is left for the time after the horizon as far as that goes, then for the unpromised part."""
    who = instance.sessions
    got = energies(instance, charge_kw)
    idle = np.zeros((instance.storage.count, instance.periods.count))
    after = np.minimum(who.after_horizon_kwh, np.maximum(0.0, who.remaining_kwh - got))
    return Outcome(
        charge_power_kw=charge_kw,
        discharge_power_kw=np.zeros_like(charge_kw),
        minimum_shortfall_kwh=np.maximum(0.0, who.promised_kwh - got - after),
        after_horizon_kwh=after,
        curtailed_kw=least_curtailment(instance),
        storage_charge_kw=idle,
        storage_discharge_kw=idle,
        worth_per_kw=np.zeros_like(instance.limits.limit_kw),
        offered_power_kw=offered_kw,
    )
