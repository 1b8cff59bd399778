"""What one session meets in each of its cells: powers, full limits above it, and what energy costs and saves."""

from dataclasses import dataclass

import numpy as np

from optimizer.explain.full import Place, Rooms, full_places, powers_above, rooms
from optimizer.explain.held import HeldBy
from optimizer.explain.marginal import NOTHING, Marginal, marginal
from optimizer.explain.peaks import Peaks, peaks
from optimizer.explain.planned import Flags, Floats, Planned, among
from optimizer.explain.priced import Priced, priced
from optimizer.explain.rebounds import Rebounds, rebounds
from optimizer.instance import Instance
from optimizer.instance.limits import drawn_per_kw
from optimizer.settings import Settings

DONE_KWH = 1e-3
"""Less energy than this is none. [kWh]"""
AT_MOST = 1e-3
"""Share of its maximum within which a setpoint is at it."""
SAME_PRICE = 1e-5
"""Prices closer than this, in parts of one and their size, are the same. [currency/kWh]"""


@dataclass(frozen=True, slots=True)
class Cells:
    """One session's cells (n,), in order of time."""

    power_kw: Floats
    hours: Floats
    most_kw: float
    places: tuple[tuple[Place, ...], ...]
    """Full limits above it, cell by cell."""
    windows: tuple[tuple[int, ...], ...]
    """Demand windows at whose peak the site is."""
    events: tuple[tuple[int, ...], ...]
    """Events after which its load is limited and has no room."""
    priced: tuple[tuple[int, ...], ...]
    """Signals and contracts that make more of it dearer."""
    price: Floats
    """Of one more kWh, full limits left out. [currency/kWh]"""
    peak: Floats
    """The part of it that a peak adds. [currency/kWh]"""
    rebound: Floats
    """The part of it that limits after events add. [currency/kWh]"""
    event: Floats
    """The part of it that signals add. [currency/kWh]"""
    contract: Floats
    """The part of it that contracts add. [currency/kWh]"""
    saved: Floats
    """By one more kWh: one at another time less, or one that is missing. -inf where there is neither. [currency/kWh]"""
    later: Flags
    """Whether energy comes later at a price that is no lower, and nothing but room keeps it from coming here."""
    first: Flags
    """Whether a protected session would have here what comes later, or not at all, whatever that costs."""
    missing: bool
    taper: Flags
    """Whether the battery's charging curve takes no more."""
    unreachable: Flags
    """Whether it has all that an EVSE out of reach may follow."""
    gain: Floats
    """Of one more kW of its own maximum. [currency/kW]"""
    room_kw: Floats


@dataclass(frozen=True, slots=True)
class Seen:
    """A plan, and what can be read from it."""

    told: Planned
    marginal: Marginal | None
    rooms: Rooms
    peaks: Peaks
    rebounds: Rebounds
    priced: Priced


def seen_in(told: Planned, settings: Settings) -> Seen:
    """Everything that can be read from a plan, once for all its sessions."""
    return Seen(told, marginal(told, settings), rooms(told, settings), peaks(told), rebounds(told), priced(told))


def cells_of(seen: Seen, s: int) -> Cells:
    told, found, room = seen.told, seen.marginal, seen.rooms
    where = told.cells(s)
    hours, power = told.instance.cells.hours[where], told.power_kw[where]
    charges = power * hours > DONE_KWH
    away = told.instance.following.out_of_reach(np.arange(where.start, where.stop))
    places = _places(told, found, room, where)
    saving, own = _rates(told, found, where)
    lacking = told.plans[s].target_shortfall_kwh > DONE_KWH, told.plans[s].minimum_shortfall_kwh > DONE_KWH
    dearest = np.where(charges, saving, -np.inf)
    missed = np.inf if lacking[1] else float(told.instance.sessions.value_per_kwh[s]) if lacking[0] else -np.inf
    postponed = 0.0 if told.plans[s].energy_after_horizon_kwh > DONE_KWH else -np.inf
    saved = np.maximum(_greatest_of_others(dearest), max(missed, postponed))
    by_duals = found is not None and (s in told.instance.states.session or s in found.in_parts)
    if found is not None and by_duals:
        saved = found.worth[where] / hours
    after = np.append(np.maximum.accumulate(dearest[::-1])[::-1][1:], postponed)
    return Cells(
        power_kw=power,
        hours=hours,
        most_kw=float(told.instance.sessions.max_power_kw[s]),
        places=places,
        windows=tuple(seen.peaks.windows[t] for t in told.instance.cells.period[where].tolist()),
        events=seen.rebounds.above(s, told.instance.cells.period[where]),
        priced=seen.priced.above(s, told.instance.cells.period[where]),
        price=own,
        peak=_peak_rate(seen, where),
        rebound=_rebound_rate(seen, where),
        event=_priced_rate(seen, where, HeldBy.EVENT),
        contract=_priced_rate(seen, where, HeldBy.CONTRACT),
        saved=saved,
        later=(np.maximum(after, postponed) >= own - SAME_PRICE * (1.0 + abs(own)))
        & ~_kept_level(told, where)
        & (not by_duals),
        first=_comes_first(told, s, charges, any(lacking) or postponed > -np.inf),
        missing=any(lacking),
        taper=np.zeros(len(hours), dtype=bool) if found is None else found.taper[where] > NOTHING,
        unreachable=away & (power >= told.instance.following.most_kw[where] * (1.0 - AT_MOST)),
        gain=np.zeros(len(hours)) if found is None else np.maximum(0.0, (found.worth - found.saving)[where]),
        room_kw=np.where(away, np.inf, _room_kw(told, room, where)),
    )


def _comes_first(told: Planned, s: int, charges: Flags, more_is_wanted: bool) -> Flags:
    """Cells after which a protected session still charges or lacks something."""
    if not told.instance.sessions.protected[s]:
        return np.zeros(len(charges), dtype=bool)
    after = np.append(np.logical_or.accumulate(charges[::-1])[::-1][1:], False)
    return after | more_is_wanted


def _places(told: Planned, found: Marginal | None, room: Rooms, where: slice) -> tuple[tuple[Place, ...], ...]:
    """Limits that leave no room, and those that cost something, which leave none but for tolerances.

    None where they count what an EVSE out of reach follows, not the setpoint.
    """
    full: list[list[Place]] = [[] for _ in range(where.stop - where.start)]
    for place, at in full_places(told, room, where):
        for k in np.flatnonzero(at).tolist():
            full[k].append(place)
    if found is not None:
        for e in range(*found.entries(where)):
            k, node = int(found.place_cell[e]) - where.start, int(found.place_node[e])
            if all(place.node != node for place in full[k]):
                full[k].append(Place(node))
    away = told.instance.following.out_of_reach(np.arange(where.start, where.stop))
    return tuple(() if gone else tuple(sorted(places)) for places, gone in zip(full, away.tolist(), strict=True))


def _rates(told: Planned, found: Marginal | None, where: slice) -> tuple[Floats, Floats]:
    """What a kWh less would save in each cell, and what one more costs but for full limits. [currency/kWh]"""
    hours = told.instance.cells.hours[where]
    if found is None:
        return np.zeros(len(hours)), np.zeros(len(hours))
    without = found.cost[where].copy()
    inside = slice(*found.entries(where))
    np.subtract.at(without, found.place_cell[inside] - where.start, found.place_cost[inside])
    return found.saving[where] / hours, without / hours


def _peak_rate(seen: Seen, where: slice) -> Floats:
    """What peaks add to the price of a kWh at evse in each cell. [currency/kWh]"""
    instance = seen.told.instance
    s, period = int(instance.cells.session[where.start]), instance.cells.period[where]
    per_kw = seen.peaks.cost(instance.periods.count)[period]
    return np.asarray(per_kw / instance.periods.hours[period] / instance.sessions.efficiency[s])


def _rebound_rate(seen: Seen, where: slice) -> Floats:
    """What limits after events add to the price of a kWh at evse in each cell. [currency/kWh]"""
    instance = seen.told.instance
    s, period = int(instance.cells.session[where.start]), instance.cells.period[where]
    per_kw = seen.rebounds.cost(s, instance.periods.count)[period]
    return np.asarray(per_kw / instance.periods.hours[period])


def _priced_rate(seen: Seen, where: slice, by: HeldBy) -> Floats:
    """What signals, or contracts, add to the price of a kWh at evse in each cell. [currency/kWh]"""
    instance = seen.told.instance
    s, period = int(instance.cells.session[where.start]), instance.cells.period[where]
    per_kw = seen.priced.cost(s, by, instance.periods.count)[period]
    return np.asarray(per_kw / instance.periods.hours[period])


def _kept_level(told: Planned, where: slice) -> Flags:
    """Cells whose period shares a metering interval with others: there import is kept level, not early."""
    demand, instance = told.instance.money.demand, told.instance
    several = np.bincount(demand.row, minlength=len(demand.window)) > 1
    return among(instance.cells.period[where], demand.period[several[demand.row]], instance.periods.count)


def _greatest_of_others(values: Floats) -> Floats:
    """For each entry the greatest of all others."""
    if len(values) < 2:
        return np.full(len(values), -np.inf)
    first = int(values.argmax())
    second = float(np.delete(values, first).max())
    others = np.full(len(values), values[first])
    others[first] = second
    return others


def _room_kw(told: Planned, room: Rooms, where: slice) -> Floats:
    """What the limits above leave each cell. [kW at evse]"""
    instance = told.instance
    s, period = int(instance.cells.session[where.start]), instance.cells.period[where]
    left = np.full(len(period), np.inf)
    for node, left_kw in powers_above(told, room, s):
        per_kw = _per_kw(instance, node, s)
        left = np.minimum(left, left_kw[period] / per_kw)
    for line_kw in room.line_kw.values():
        left = np.minimum(left, line_kw[where])
    return left


def _per_kw(instance: Instance, node: int, s: int) -> float:
    """What a kW at evse counts at a node or cabinet, or at a group of EVSEs, which has no number."""
    who, at = instance.sessions, np.array([max(0, node)])
    if node < 0:
        return 1.0 / float(who.efficiency[s])
    return float(drawn_per_kw(instance.limits, at, who.efficiency[s], who.power_factor[s])[0])
