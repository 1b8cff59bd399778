"""What an EVSE follows that nobody steers, and which EVSEs may get a car unseen, from a scenario and its plan."""

import numpy as np
from numpy.typing import NDArray

from models.domain.failsafe import Share
from models.domain.installed import OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule
from models.domain.site import Evse
from models.domain.units import HOURS_PER_DAY, seconds_from_hours, seconds_from_minutes
from optimizer.audit.wiring import rating_kw

DAY_S = seconds_from_hours(HOURS_PER_DAY)


def behaviour_of(scenario: Scenario, evse: Evse) -> OfflineBehaviour:
    """As recorded of the EVSE, else of all of its site, else unknown."""
    rules = scenario.site.fail_safe
    return evse.offline or (rules and rules.offline) or OfflineBehaviour.UNKNOWN


def is_held(scenario: Scenario, evse: Evse) -> bool:
    """Whether anything holds it without contact."""
    return behaviour_of(scenario, evse) not in (OfflineBehaviour.FULL, OfflineBehaviour.UNKNOWN)


def shares_of(scenario: Scenario, schedule: Schedule) -> dict[str, Share]:
    """By EVSE: those of the plan, which has to say what it counts on."""
    told = schedule.fail_safe
    return {share.evse: share for share in (told.shares if told else scenario.shares)}


def blind_periods(scenario: Scenario, schedule: Schedule) -> NDArray[np.bool_]:
    """Periods that begin before the last plan of a station ends (T,)."""
    starts_s, rules = schedule.instants_s[:-1], scenario.site.fail_safe
    blind_s = -np.inf if rules is None else seconds_from_minutes(rules.blind_minutes)
    soon: NDArray[np.bool_] = starts_s < starts_s[0] + blind_s
    return soon


def followed_kw(scenario: Scenario, schedule: Schedule, evse: Evse, share: Share | None) -> Floats:
    """What a car that nobody steers follows at an EVSE, the most within each period (T,). [kW at evse]"""
    rating: float = rating_kw(evse, scenario.site.voltage_v)
    if share is None or not is_held(scenario, evse):
        return np.full(schedule.period_count, rating)
    before = max((one.default_kw or 0.0 for one in scenario.installed if one.evse == evse.id), default=0.0)
    return np.asarray(np.minimum(rating, np.maximum(_most_kw(share, schedule.instants_s), before)))


def _most_kw(share: Share, instants_s: Floats) -> Floats:
    if not share.daily:
        return np.full(len(instants_s) - 1, share.power_kw)
    pairs = zip(instants_s[:-1].tolist(), instants_s[1:].tolist(), strict=True)
    return np.array([_most_between(share, since_s, until_s) for since_s, until_s in pairs])


def _most_between(share: Share, since_s: float, until_s: float) -> float:
    """Of a share that changes during the day: each step is looked for on each day that the period touches."""
    ends = [step.start_s for step in share.daily[1:]] + [DAY_S]
    days = np.arange(since_s - since_s % DAY_S, until_s, DAY_S)
    return max(
        step.power_kw
        for step, end_s in zip(share.daily, ends, strict=True)
        if any(day + step.start_s < until_s and day + end_s > since_s for day in days)
    )


def starting_kw(scenario: Scenario, schedule: Schedule) -> dict[str, Floats]:
    """By EVSE that may get a car unseen: what that follows, 0 while a car is there (T,). [kW at evse]"""
    if scenario.site.fail_safe is None:
        return {}
    starts_s, soon, shares = schedule.instants_s[:-1], blind_periods(scenario, schedule), shares_of(scenario, schedule)
    there = {evse.id: np.zeros(len(starts_s), dtype=bool) for evse in scenario.site.evses}
    for session in scenario.sessions:
        if session.arrival.timestamp() <= starts_s[0]:
            departure_s = np.inf if session.departure is None else session.departure.timestamp()
            there[session.evse] |= starts_s < departure_s
    silent = {one.evse for one in scenario.installed if not one.reachable}
    return {
        evse.id: np.where(soon & ~there[evse.id], followed_kw(scenario, schedule, evse, shares.get(evse.id)), 0.0)
        for evse in scenario.site.evses
        if evse.id not in silent
    }
