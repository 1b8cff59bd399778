"""What stood in the way of energy that is missing at departure: the stay, a limit, or its price.

What full power could not have given is the stay's. Of the rest, what could have been charged in periods with room was
not worth its price; what is still left, limits kept back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from models.domain.schedule import Method
from models.domain.units import hours_from_seconds
from optimizer.explain.planned import Floats, Ints, Planned
from optimizer.explain.reason import NOTICEABLE_KWH, Reason, ReasonCode, from_to, kwh_text
from optimizer.giving.room import Limits, own_limits
from optimizer.instance.tree import CABINET_PREFIX
from optimizer.settings import Objective, Settings

ROOM_KW = 0.05
"""Less room than this is none: tangents and tolerances of a solve leave that much unused. [kW]"""
ROOM_SHARE = 0.01
"""The same as a share of the session's maximum."""


@dataclass(frozen=True, slots=True)
class Spare:
    """What each cell could give beyond its setpoint, up to the session's maximum (N,)."""

    free_kwh: Floats
    """There is room for it."""
    held_kwh: Floats
    """There is none ..."""
    row: Ints
    """... because of this limit."""


def shortfall_reasons(told: Planned, settings: Settings) -> Iterator[Reason]:
    """For every session that leaves with less than it wanted."""
    missing = [told.missing_kwh(s) for s in range(told.instance.sessions.count)]
    short = np.flatnonzero(np.array(missing) >= NOTICEABLE_KWH)
    if not len(short):
        return
    limits = _as_solved(own_limits(told.instance), settings)
    spare = _spare(told, limits, short)
    for s in short.tolist():
        yield from _session_reasons(told, limits, spare, s, missing[s], settings)


def _as_solved(limits: Limits, settings: Settings) -> Limits:
    """Current limits as an optimum keeps them: a little inside, so that a full line counts as full."""
    is_line = np.array([bool(line) for line in limits.line])[:, None]
    kept = 1.0 - 2.0 * settings.current_tolerance
    return replace(limits, limit=np.where(is_line, kept * limits.limit, limits.limit))


def _spare(told: Planned, limits: Limits, short: Ints) -> Spare:
    """For the periods in which some sessions are there."""
    cells, highest = told.instance.cells, told.instance.following.most_kw
    row, left_kw = _tightest(told, limits, short)
    left_kw[left_kw < np.maximum(ROOM_KW, ROOM_SHARE * highest)] = 0.0
    spare_kw = np.maximum(0.0, highest - told.power_kw)
    free_kw = np.minimum(spare_kw, left_kw)
    return Spare(cells.hours * free_kw, cells.hours * (spare_kw - free_kw), row)


def _tightest(told: Planned, limits: Limits, short: Ints) -> tuple[Ints, Floats]:
    """The limit that leaves least room in each cell, and that room (N,), (N,) [kW]; inf where nothing is limited."""
    cells = told.instance.cells
    row, left_kw = np.zeros(cells.count, dtype=np.int64), np.full(cells.count, np.inf)
    if not len(limits.node):
        return row, left_kw
    for period in np.unique(cells.period[np.isin(cells.session, short)]).tolist():
        here = np.flatnonzero(cells.period == period)
        by_row = limits.of(cells.session[here], period).by_row(told.power_kw[here])
        row[here], left_kw[here] = by_row.argmin(axis=0), by_row.min(axis=0)
    return row, left_kw


def _session_reasons(
    told: Planned, limits: Limits, spare: Spare, s: int, missing_kwh: float, settings: Settings
) -> Iterator[Reason]:
    """The stay's part, the price's part, and the rest, which limits keep back."""
    reachable_kwh = _reachable_kwh(told, s)
    beyond_kwh = min(missing_kwh, max(0.0, float(told.instance.sessions.remaining_kwh[s]) - reachable_kwh))
    if beyond_kwh >= NOTICEABLE_KWH:
        yield _stay_too_short(told, s, reachable_kwh, beyond_kwh)
    cells = np.arange(told.cells(s).start, told.cells(s).stop)
    unused_kwh = min(missing_kwh - beyond_kwh, float(spare.free_kwh[cells].sum()))
    if unused_kwh >= NOTICEABLE_KWH:
        yield _unused(told, s, cells[spare.free_kwh[cells] > 0.0], unused_kwh, settings)
    kept_back_kwh = missing_kwh - beyond_kwh - unused_kwh
    held = cells[spare.held_kwh[cells] > 0.0]
    if kept_back_kwh >= NOTICEABLE_KWH and len(held):
        yield from _limit_reasons(told, limits, spare, s, held, kept_back_kwh)
    elif kept_back_kwh >= NOTICEABLE_KWH and len(cells):
        evse = told.instance.sessions.evse_ids[s]
        yield _less(told, s, ReasonCode.LIMIT, evse, (cells, kept_back_kwh), f"EVSE {evse} cannot be told anything now")


def _reachable_kwh(told: Planned, s: int) -> float:
    """At full power from arrival to departure, as far as the time after the horizon may be counted on."""
    who, hours = told.instance.sessions, told.instance.cells.hours[told.cells(s)]
    return float(hours.sum() * who.max_power_kw[s] + who.after_horizon_kwh[s])


def _stay_too_short(told: Planned, s: int, reachable_kwh: float, beyond_kwh: float) -> Reason:
    session = told.instance.scenario.sessions[s]
    assert session.departure is not None
    wanted_kwh = float(told.instance.sessions.remaining_kwh[s])
    when = from_to(session.arrival, session.departure, told.zone)
    message = f"even full power {when} gives only {kwh_text(reachable_kwh)} of {kwh_text(wanted_kwh)}"
    return Reason(
        session_id=session.id,
        code=ReasonCode.STAY_TOO_SHORT,
        cause="stay",
        start=session.arrival,
        end=session.departure,
        kwh=round(beyond_kwh, 3),
        message=message,
    )


def _unused(told: Planned, s: int, cells: Ints, energy_kwh: float, settings: Settings) -> Reason:
    """Room was there: too dear, or left by a plan that is no optimum."""
    instance, tariff = told.instance, told.instance.scenario.tariff
    assert tariff is not None
    price = float(_price(told, s, cells).min())
    worth = float(instance.sessions.value_per_kwh[s])
    if settings.objective is Objective.MARGIN:
        worth += float(instance.sessions.retail_per_kwh[s])
    start, end = told.span(s, cells)
    code, cause = ReasonCode.NOT_WORTH_IT, instance.scenario.sessions[s].tier or ""
    costs = f"energy costs {price:.2f} {tariff.currency} or more {from_to(start, end, told.zone)}"
    if price < worth and tariff.demand_charges:
        costs += ", and more of it would raise a peak that is charged for"
    why = f"a kWh of its target counts {worth:.2f} {tariff.currency}, {costs}"
    if price < worth and not tariff.demand_charges and told.schedule.method is not Method.OPTIMAL:
        code, cause = ReasonCode.NOT_OPTIMAL, str(told.schedule.method)
        why = f"the plan ({cause}) leaves room unused {from_to(start, end, told.zone)}"
    return _less(told, s, code, cause, (cells, energy_kwh), why)


def _price(told: Planned, s: int, cells: Ints) -> Floats:
    """Of a kWh at evse, emissions included. [currency/kWh]"""
    money, period = told.instance.money, told.instance.cells.period[cells]
    return np.asarray(money.bought[period] / told.instance.sessions.efficiency[s])


def _limit_reasons(
    told: Planned, limits: Limits, spare: Spare, s: int, cells: Ints, energy_kwh: float
) -> Iterator[Reason]:
    """One for every cause, with its share of what is missing."""
    causes: dict[tuple[str, str], list[int]] = {}
    for cell in cells.tolist():
        causes.setdefault(_cause(told, limits, int(spare.row[cell]), cell), []).append(cell)
    for (cause, subject), held in causes.items():
        share_kwh = energy_kwh * float(spare.held_kwh[held].sum() / spare.held_kwh[cells].sum())
        if share_kwh >= NOTICEABLE_KWH:
            why = f"{subject} {_when(told, s, np.array(held))}"
            yield _less(told, s, ReasonCode.LIMIT, cause, (np.array(held), share_kwh), why)


def _cause(told: Planned, limits: Limits, row: int, cell: int) -> tuple[str, str]:
    """Id of what set the limit, and the beginning of a sentence about it."""
    imports, node = told.instance.limits, int(limits.node[row])
    if node >= len(imports.ids):
        return _by_signal(told, node - len(imports.ids), cell)
    place = imports.ids[node]
    if limits.line[row]:
        return place, f"{limits.line[row]} of {place} is full"
    names = imports.set_by.get(node)
    name = names[told.instance.cells.period[cell]] if names else ""
    for signal in told.instance.scenario.signals:
        if signal.id == name:
            return signal.id, f"{_named(signal.id, signal.source)} limits {place}"
    return place, f"{'power cabinet ' if place.startswith(CABINET_PREFIX) else ''}{_plain(place)} is full"


def _by_signal(told: Planned, place: int, cell: int) -> tuple[str, str]:
    """Of the limits beyond those of nodes: capped groups, then what follows from events."""
    signals, groups = told.instance.scenario.signals, told.instance.groups
    if place < len(groups.ids):
        cap = signals[int(groups.signal[place])]
        return cap.id, f"{_named(cap.id, cap.source)} limits its EVSEs"
    after, period = told.instance.response.rebound, told.instance.cells.period[cell]
    here = np.flatnonzero(after.hard & (after.meter == place - len(groups.ids)) & (after.period == period))
    event = signals[int(after.signal[here[np.argmin(after.limit_kw[here])]])]
    return event.id, f"{_named(event.id, event.source)} limits the load after it"


def _named(signal: str, source: str) -> str:
    return f"{signal} ({source})" if source else signal


def _plain(place: str) -> str:
    return place.removeprefix(CABINET_PREFIX)


def _when(told: Planned, s: int, cells: Ints) -> str:
    """From when to when, and for how long in all where that is not all of the time."""
    start, end = told.span(s, cells)
    held_h = float(told.instance.cells.hours[cells].sum())
    whole_h = hours_from_seconds((end - start).total_seconds())
    in_all = f", {held_h:.1f} h in all" if held_h < whole_h - 1e-6 else ""
    return from_to(start, end, told.zone) + in_all


def _less(told: Planned, s: int, code: ReasonCode, cause: str, held: tuple[Ints, float], why: str) -> Reason:
    cells, energy_kwh = held
    start, end = told.span(s, cells)
    return Reason(
        session_id=told.instance.sessions.ids[s],
        code=code,
        cause=cause,
        start=start,
        end=end,
        kwh=round(energy_kwh, 3),
        message=f"leaves with {kwh_text(energy_kwh)} less: {why}",
    )
