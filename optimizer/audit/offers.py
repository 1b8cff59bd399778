"""What EVSEs are offered in the near periods: S4 levels, S5 starts and pauses, and what cabinets can switch.

S6 needs no rule of its own: an offer is counted on all phases that the vehicle uses, so one below their minimum, which
would need fewer of them, breaks S4.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Floats
from models.domain.setpoints import SetpointRules
from models.domain.site import Allocator, CurrentType, MeasuringPoint, PowerCabinet
from models.domain.units import hours_from_seconds, seconds_from_hours, seconds_from_minutes
from optimizer.audit.case import Case
from optimizer.audit.currents import current_breaks, line_currents
from optimizer.audit.events import measured, rebound_excesses
from optimizer.audit.groups import group_excesses
from optimizer.audit.loads import load_breaks, node_loads
from optimizer.audit.report import Break, BreakCode, broken_at
from optimizer.audit.stay import Stay
from optimizer.audit.timeline import utc
from optimizer.audit.wiring import LEAST_AC_A, amperes_per_kw, efficiency, outlet_kw

LEVEL_TOLERANCE_KW = 1e-6
"""An offer this close to a level is on it; what is sent is rounded down with the same tolerance. [kW]"""
ENERGY_TOLERANCE_KWH = 1e-4
SLACK_S = 1e-3
_NO_TIME_H = 1e-9
CRUMB_KW = 0.1
"""No EVSE is switched on for less, whatever it could offer. [kW]"""

Flags = NDArray[np.bool_]
_LIMITS = (
    BreakCode.IMPORT_LIMIT,
    BreakCode.ADDS_TO_EXCESS,
    BreakCode.PHASE_CURRENT,
    BreakCode.GROUP_LIMIT,
    BreakCode.REBOUND,
)


def offer_breaks(case: Case) -> Iterator[Break]:
    """Everything about offers; without rules of the site only that a car takes no more than it is offered."""
    at = case.together
    for n in broken_at(at.power_kw > at.offered_kw + case.tolerance_kw):
        stay, taken_kw, offered_kw = case.stays[at.stay[n]], at.power_kw[n], at.offered_kw[n]
        message = f"it takes {taken_kw:.4f} kW of an offer of {offered_kw:.4f} kW"
        k = at.period[n] - stay.periods.start
        yield _found(BreakCode.ABOVE_OFFER, case, stay, k, taken_kw, offered_kw, message)
    rules = case.scenario.site.setpoints
    if rules is not None:
        near = _near(case, rules)
        offers = [_Offer.of(case, stay, near) for stay in case.stays if _steered(case, stay)]
        for offer in offers:
            yield from _level_breaks(case, offer)
            yield from _taken_breaks(case, offer)
        yield from _run_breaks(case, offers, rules)
        yield from _cabinet_breaks(case, offers)


@dataclass(frozen=True, slots=True)
class _Offer:
    """What one stay is offered in the near periods that it covers (K,)."""

    stay: Stay
    offered_kw: Floats
    on: Flags
    begins_s: Floats
    """Of each period, or of the stay inside it. [s]"""
    had_kwh: Floats
    """Energy at the end of each period. [kWh]"""
    wait_h: float
    """After a start, until there is power. [h]"""
    least_kw: float
    """Smallest offer other than 0."""
    levels_kw: Floats | None
    """All of them where they are few."""
    outlet_kw: float
    """What EVSE and connector can offer, whatever the vehicle takes of it."""

    @staticmethod
    def of(case: Case, stay: Stay, near: int) -> "_Offer":
        """Of which the first so many periods of the plan are near."""
        first, count = stay.periods.start, max(0, min(near - stay.periods.start, len(stay.power_kw)))
        offered_kw, (least_kw, levels_kw) = stay.offered_kw[:count], _least_and_levels(case, stay)
        return _Offer(
            stay=stay,
            offered_kw=offered_kw,
            on=offered_kw > LEVEL_TOLERANCE_KW,
            begins_s=np.maximum(case.schedule.instants_s[first : first + count], stay.visit.arrival_s),
            had_kwh=np.cumsum(stay.overlap_h[:count] * stay.power_kw[:count]),
            wait_h=hours_from_seconds(max((c.switch_over_s for c in _cabinets(case, stay)), default=0.0)),
            least_kw=least_kw,
            levels_kw=levels_kw,
            outlet_kw=outlet_kw(stay.session, stay.evse, case.scenario.site.voltage_v),
        )

    @property
    def complete(self) -> Flags:
        """Whether the car has all that it wants at the end of each period."""
        done: Flags = self.had_kwh >= self.stay.remaining_kwh - ENERGY_TOLERANCE_KWH
        return done


def _near(case: Case, rules: SetpointRules) -> int:
    """How many periods are near."""
    starts_s = case.schedule.instants_s[:-1]
    return int(np.searchsorted(starts_s, float(starts_s[0]) + seconds_from_hours(rules.near_h) - SLACK_S))


def _steered(case: Case, stay: Stay) -> bool:
    """Not so a car whose energy is followed, and one at an EVSE to which nothing can be sent."""
    silent = {one.evse for one in case.scenario.installed if not one.reachable}
    return stay.inside is None and stay.evse.id not in silent


def _cabinets(case: Case, stay: Stay) -> list[PowerCabinet]:
    return [c for c in case.scenario.site.cabinets if stay.evse.id in c.evses]


def _level_breaks(case: Case, offer: _Offer) -> Iterator[Break]:
    """S4  an offer is 0 or at least the minimum, on a level where there are levels, and none a car cannot use"""
    stay, least_kw, levels_kw = offer.stay, offer.least_kw, offer.levels_kw
    most_kw = min(max(stay.max_power_kw, least_kw), offer.outlet_kw)
    for k in broken_at(offer.on):
        power_kw = float(offer.offered_kw[k])
        fits = least_kw - LEVEL_TOLERANCE_KW <= power_kw <= most_kw + case.tolerance_kw
        if levels_kw is not None:
            fits = fits and bool((np.abs(levels_kw - power_kw) <= LEVEL_TOLERANCE_KW).any())
        if not fits:
            kind = "a level of its EVSE" if levels_kw is not None else f"between {least_kw:.4f} and {most_kw:.4f} kW"
            message = f"an offer of {power_kw:.4f} kW is neither 0 nor {kind}"
            yield _found(BreakCode.OFFER_LEVEL, case, stay, k, power_kw, least_kw, message)


def _least_and_levels(case: Case, stay: Stay) -> tuple[float, Floats | None]:
    """Smallest offer other than 0, and all of them where they are few. [kW]"""
    evse, vehicle, crumb_kw = stay.evse, stay.session.vehicle, min(CRUMB_KW, stay.max_power_kw)
    if evse.current is CurrentType.DC:
        modules_kw = _module_kw(case, stay)
        if modules_kw is None:
            return crumb_kw, None
        most_kw = min(stay.max_power_kw, max(c.total_kw for c in _cabinets(case, stay)))
        levels = modules_kw * np.arange(1, 1 + int(most_kw / modules_kw + LEVEL_TOLERANCE_KW))
        return float(min(modules_kw, stay.max_power_kw)), np.append(levels, stay.max_power_kw)
    per_ampere = 1.0 / amperes_per_kw(evse, vehicle, case.scenario.site.voltage_v)
    least_a = LEAST_AC_A if evse.min_current_a is None else evse.min_current_a
    if evse.pilot_levels_a is None:
        return max(least_a * per_ampere, crumb_kw), None
    currents = np.array([a for a in evse.pilot_levels_a if a >= least_a and a > 0.0])
    return float(currents.min(initial=inf)) * per_ampere, currents * per_ampere


def _module_kw(case: Case, stay: Stay) -> float | None:
    """One module at evse, where the optimizer says which outlet has it. [kW]"""
    for cabinet in _cabinets(case, stay):
        if cabinet.module_kw is not None and cabinet.allocates is Allocator.OPTIMIZER:
            return cabinet.module_kw * (efficiency(stay.evse) if cabinet.measured_at is MeasuringPoint.GRID else 1.0)
    return None


def _taken_breaks(case: Case, offer: _Offer) -> Iterator[Break]:
    """A car takes what it is offered until it has what it wants: a plan that counts on less is wrong about its cost."""
    stay, taken_kw = offer.stay, offer.stay.power_kw[: len(offer.on)]
    if not (offer.offered_kw.any() or taken_kw.any()):
        return
    hours, before = stay.overlap_h[: len(offer.on)], np.append(_was_on(case, stay), offer.on[:-1])
    waits_h = np.where(offer.on & ~before[: len(offer.on)], offer.wait_h, 0.0)
    share = np.maximum(0.0, 1.0 - waits_h / np.maximum(hours, _NO_TIME_H))
    due_kw = np.minimum(offer.offered_kw, stay.max_power_kw) * share
    for k in broken_at(~offer.complete & (hours * (due_kw - taken_kw) > ENERGY_TOLERANCE_KWH)):
        message = f"it is planned to take {taken_kw[k]:.4f} kW of {due_kw[k]:.4f} kW, and still wants energy"
        yield _found(BreakCode.OFFER_NOT_TAKEN, case, stay, k, taken_kw[k], due_kw[k], message)
    for k in broken_at(hours * (taken_kw - due_kw) > ENERGY_TOLERANCE_KWH):
        message = f"{taken_kw[k]:.4f} kW, but outlet and car make {due_kw[k]:.4f} kW of this offer"
        yield _found(BreakCode.ABOVE_OFFER, case, stay, k, taken_kw[k], due_kw[k], message)


def _was_on(case: Case, stay: Stay) -> bool:
    """Whether it was offered power when the plan begins."""
    history = stay.session.offer_history
    return history is not None and history.on and stay.visit.arrival_s <= float(case.schedule.instants_s[0])


@dataclass(frozen=True, slots=True)
class _Runs:
    """One stay's times of power and pause, walked through once."""

    too_many: list[int]
    """Periods of starts beyond the cap, ..."""
    too_soon: list[int]
    """... of starts after too short a pause, ..."""
    too_short: list[int]
    """... of ends after too short a time of power, ..."""
    held: Flags
    """... and those in which it must not end (K,)."""


def _runs(case: Case, offer: _Offer, rules: SetpointRules) -> _Runs:
    least_on_s, least_off_s = seconds_from_minutes(rules.min_on_minutes), seconds_from_minutes(rules.min_off_minutes)
    history = offer.stay.session.offer_history
    on = _was_on(case, offer.stay)
    since_s = history.since.timestamp() if history is not None else -inf
    starts = history.starts if history is not None else 0
    runs = _Runs([], [], [], np.zeros(len(offer.on), dtype=bool))
    started_s = since_s if on else -inf
    usable = _is_usable(offer)
    for k, begins_s in enumerate(offer.begins_s.tolist()):
        wants = offer.stay.remaining_kwh > ENERGY_TOLERANCE_KWH if k == 0 else not offer.complete[k - 1]
        runs.held[k] = usable and wants and begins_s - started_s < least_on_s - SLACK_S
        if offer.on[k] and not on:
            starts, started_s = starts + 1, begins_s
            if rules.max_starts is not None and starts > rules.max_starts:
                runs.too_many.append(k)
            if begins_s - since_s < least_off_s - SLACK_S:
                runs.too_soon.append(k)
        if on and not offer.on[k] and runs.held[k]:
            runs.too_short.append(k)
        if offer.on[k] != on:
            on, since_s = bool(offer.on[k]), begins_s
    return runs


def _is_usable(offer: _Offer) -> bool:
    """Whether there is an offer at this outlet of which the car takes anything."""
    takes = offer.stay.max_power_kw > LEVEL_TOLERANCE_KW
    return takes and offer.least_kw <= offer.outlet_kw + LEVEL_TOLERANCE_KW


def _run_breaks(case: Case, offers: list[_Offer], rules: SetpointRules) -> Iterator[Break]:
    """S5  starts <= max_starts; on for min_on, unless S1 leaves no choice; off for min_off"""
    walked = [_runs(case, offer, rules) for offer in offers]
    forced = _forced(case, offers, walked) if any(runs.too_short for runs in walked) else set()
    for offer, runs in zip(offers, walked, strict=True):
        first = offer.stay.plan.first_period
        for k in runs.too_many:
            message = f"it starts more often than {rules.max_starts} times"
            yield _found(BreakCode.STARTS, case, offer.stay, k, 1.0, 0.0, message)
        for k in runs.too_soon:
            message = f"it starts within {rules.min_off_minutes:g} minutes of a pause"
            yield _found(BreakCode.PAUSE_TOO_SHORT, case, offer.stay, k, 1.0, 0.0, message)
        for k in runs.too_short:
            if first + k not in forced:
                message = f"it is paused within {rules.min_on_minutes:g} minutes of a start"
                yield _found(BreakCode.RUN_TOO_SHORT, case, offer.stay, k, 1.0, 0.0, message)


def _forced(case: Case, offers: list[_Offer], walked: list[_Runs]) -> set[int]:
    """Periods in which not everybody whose power must not end yet fits, at the minimum and beside batteries alone."""
    plans = []
    for offer, runs in zip(offers, walked, strict=True):
        power = np.zeros(len(offer.stay.power_kw))
        power[: len(offer.on)] = np.where(runs.held, offer.least_kw, 0.0)
        plans.append(replace(offer.stay.plan, charge_power_kw=power, offered_power_kw=power))
    plans += [stay.plan for stay in case.stays if not _steered(case, stay)]
    least = replace(case, schedule=replace(case.schedule, sessions=tuple(plans)))
    loads = node_loads(least)
    breaks = [*load_breaks(least, loads), *group_excesses(least), *rebound_excesses(least, measured(least, loads))]
    breaks += [found for line in line_currents(least, True) for found in current_breaks(least, line)]
    starts_s = [b.start.timestamp() for b in breaks if b.code in _LIMITS and b.start is not None]
    full = np.searchsorted(case.schedule.instants_s, np.array(starts_s) + SLACK_S, side="right") - 1
    forced = set(full.tolist())
    for cabinet in case.scenario.site.cabinets:
        on = _outlets_taken(case, cabinet) + _outlets_on(case, cabinet, offers, lambda i: walked[i].held)
        forced |= set(broken_at(on > _most_outlets(cabinet)).tolist())
    return forced


def _cabinet_breaks(case: Case, offers: list[_Offer]) -> Iterator[Break]:
    """No more outlets at once than a cabinet can feed, and no module at two outlets."""
    for cabinet in case.scenario.site.cabinets:
        on = _outlets_on(case, cabinet, offers, lambda i: offers[i].on)
        for t in broken_at(on > _most_outlets(cabinet)):
            message = f"{on[t]} outlets are offered power at once, {cabinet.outlets_at_once} can be fed"
            yield _at_cabinet(case, cabinet, t, float(on[t]), float(_most_outlets(cabinet)), message)
        if cabinet.module_kw is not None and cabinet.allocates is Allocator.OPTIMIZER:
            there = int(cabinet.total_kw / cabinet.module_kw + LEVEL_TOLERANCE_KW)
            taken = _modules_taken(case, cabinet, offers)
            for t in broken_at(taken > there):
                message = f"its outlets need {taken[t]:g} modules, it has {there}"
                yield _at_cabinet(case, cabinet, t, float(taken[t]), float(there), message)


def _most_outlets(cabinet: PowerCabinet) -> int:
    return len(cabinet.evses) if cabinet.outlets_at_once is None else cabinet.outlets_at_once


def _outlets_on(
    case: Case, cabinet: PowerCabinet, offers: list[_Offer], which: Callable[[int], Flags]
) -> NDArray[np.int64]:
    """How many of its outlets are on in each period (T,); two stays at one outlet count once."""
    on = {evse: np.zeros(case.schedule.period_count, dtype=bool) for evse in cabinet.evses}
    for i, offer in enumerate(offers):
        if offer.stay.evse.id in on:
            first, flags = offer.stay.plan.first_period, which(i)
            on[offer.stay.evse.id][first : first + len(flags)] |= flags
    return np.asarray(np.sum(list(on.values()), axis=0, dtype=np.int64))


def _outlets_taken(case: Case, cabinet: PowerCabinet) -> NDArray[np.int64]:
    """How many have cars with power that are no offers: whose energy is followed, or that nobody can reach (T,)."""
    taken = np.zeros(case.schedule.period_count, dtype=np.int64)
    for stay in case.stays:
        if stay.evse.id in cabinet.evses and not _steered(case, stay):
            first, power_kw = stay.plan.first_period, stay.power_kw
            taken[first : first + len(power_kw)] += power_kw > LEVEL_TOLERANCE_KW
    return taken


def _modules_taken(case: Case, cabinet: PowerCabinet, offers: list[_Offer]) -> Floats:
    """Whole modules behind the offers in each period (T,)."""
    taken = np.zeros(case.schedule.period_count)
    for offer in offers:
        module_kw = _module_kw(case, offer.stay)
        if offer.stay.evse.id in cabinet.evses and module_kw is not None:
            first = offer.stay.plan.first_period
            taken[first : first + len(offer.on)] += np.ceil(offer.offered_kw / module_kw - LEVEL_TOLERANCE_KW)
    return taken


def _at_cabinet(case: Case, cabinet: PowerCabinet, t: np.intp, amount: float, limit: float, message: str) -> Break:
    start = utc(case.schedule.instants_s[t])
    return Break(
        code=BreakCode.CABINET, where=f"cabinet {cabinet.id}", start=start, amount=amount, limit=limit, message=message
    )


def _found(
    code: BreakCode, case: Case, stay: Stay, k: np.intp | int, amount: float, limit: float, message: str
) -> Break:
    start = utc(case.schedule.instants_s[stay.periods][k])
    return Break(
        code=code, where=stay.session.id, start=start, amount=float(amount), limit=float(limit), message=message
    )
