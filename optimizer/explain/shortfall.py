"""What stood in the way of energy that is missing at departure: the stay, a limit, or its price.

What full power could not have given is the stay's. Of the rest, what could have been charged in periods with room was
not worth its price; what is still left, limits kept back.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from models.domain.schedule import Method
from models.domain.units import hours_from_seconds
from optimizer.explain.planned import Floats, Ints, Planned
from optimizer.explain.reason import NOTICEABLE_KWH, Reason, ReasonCode, from_to, kwh_text
from optimizer.heuristics.room import Limits, limits_of
from optimizer.instance.tree import CABINET_PREFIX
from optimizer.settings import Objective, Settings

ROOM_KW = 0.05
"""Less room than this is none: tangents and tolerances of a solve leave that much unused. [kW]"""
ROOM_SHARE = 0.01
"""The same as a share of the session's maximum."""
_FREE = -1


def shortfall_reasons(told: Planned, settings: Settings) -> Iterator[Reason]:
    """For every session that leaves with less than it wanted."""
    missing = [told.missing_kwh(s) for s in range(told.instance.sessions.count)]
    short = np.flatnonzero(np.array(missing) >= NOTICEABLE_KWH)
    if not len(short):
        return
    limits = _as_solved(limits_of(told.instance), settings)
    rows = _blocking_rows(told, limits, short)
    for s in short.tolist():
        yield from _session_reasons(told, limits, rows, s, missing[s], settings)


def _as_solved(limits: Limits, settings: Settings) -> Limits:
    """Current limits as an optimum keeps them: a little inside, so that a full line counts as full."""
    is_line = np.array([bool(line) for line in limits.line])[:, None]
    kept = 1.0 - 2.0 * settings.current_tolerance
    return replace(limits, limit=np.where(is_line, kept * limits.limit, limits.limit))


def _blocking_rows(told: Planned, limits: Limits, short: Ints) -> Ints:
    """For the cells of some sessions the row that leaves no room, else _FREE (N,)."""
    cells, highest = told.instance.cells, told.instance.sessions.max_power_kw
    rows = np.full(cells.count, _FREE, dtype=np.int64)
    if not len(limits.node):
        return rows
    for period in np.unique(cells.period[np.isin(cells.session, short)]):
        here = np.flatnonzero(cells.period == period)
        sessions = cells.session[here]
        left_kw = limits.of(sessions, period).by_row(told.power_kw[here])
        full = left_kw.min(axis=0) < np.maximum(ROOM_KW, ROOM_SHARE * highest[sessions])
        rows[here] = np.where(full, left_kw.argmin(axis=0), _FREE)
    return rows


def _session_reasons(
    told: Planned, limits: Limits, rows: Ints, s: int, missing_kwh: float, settings: Settings
) -> Iterator[Reason]:
    who, cells = told.instance.sessions, np.arange(told.cells(s).start, told.cells(s).stop)
    hours, highest = told.instance.cells.hours[cells], float(who.max_power_kw[s])
    reachable_kwh = float(hours.sum()) * highest + float(who.after_horizon_kwh[s])
    beyond_kwh = min(missing_kwh, max(0.0, float(who.remaining_kwh[s]) - reachable_kwh))
    if beyond_kwh >= NOTICEABLE_KWH:
        yield _stay_too_short(told, s, reachable_kwh, beyond_kwh)
    spare_kwh = hours * np.maximum(0.0, highest - told.power_kw[cells])
    free = (rows[cells] == _FREE) & (spare_kwh > 0.0)
    unused_kwh = min(missing_kwh - beyond_kwh, float(spare_kwh[free].sum()))
    if unused_kwh >= NOTICEABLE_KWH:
        yield _unused(told, s, cells[free], unused_kwh, settings)
    kept_back_kwh = missing_kwh - beyond_kwh - max(0.0, unused_kwh)
    if kept_back_kwh >= NOTICEABLE_KWH:
        yield from _limit_reasons(told, limits, rows, s, cells[~free & (spare_kwh > 0.0)], kept_back_kwh)


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
    return np.asarray((money.import_price[period] + money.carbon_cost[period]) / told.instance.sessions.efficiency[s])


def _limit_reasons(
    told: Planned, limits: Limits, rows: Ints, s: int, cells: Ints, energy_kwh: float
) -> Iterator[Reason]:
    """One for every cause, with its share of what is missing."""
    highest = told.instance.sessions.max_power_kw[s]
    causes: dict[tuple[str, str], list[int]] = {}
    for cell in cells.tolist():
        causes.setdefault(_cause(told, limits, int(rows[cell]), cell), []).append(cell)
    spare = told.instance.cells.hours * (highest - told.power_kw)
    for (cause, subject), held in causes.items():
        share_kwh = energy_kwh * float(spare[held].sum() / spare[cells].sum())
        if share_kwh >= NOTICEABLE_KWH:
            why = f"{subject} {_when(told, s, np.array(held))}"
            yield _less(told, s, ReasonCode.LIMIT, cause, (np.array(held), share_kwh), why)


def _cause(told: Planned, limits: Limits, row: int, cell: int) -> tuple[str, str]:
    """Id of what set the limit, and the beginning of a sentence about it."""
    imports, node = told.instance.limits, int(limits.node[row])
    place = imports.ids[node]
    if limits.line[row]:
        return place, f"{limits.line[row]} of {place} is full"
    names = imports.set_by.get(node)
    name = names[told.instance.cells.period[cell]] if names else ""
    for cap in told.instance.scenario.signals:
        if cap.id == name:
            return cap.id, f"{cap.id}{f' ({cap.source})' if cap.source else ''} limits {place}"
    return place, f"{'power cabinet ' if place.startswith(CABINET_PREFIX) else ''}{_plain(place)} is full"


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
