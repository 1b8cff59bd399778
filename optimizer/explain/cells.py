"""What one session meets in each of its cells: powers, full limits above it, and what energy costs and saves."""

from dataclasses import dataclass

import numpy as np

from optimizer.explain.full import Place, Rooms, full_places, powers_above, rooms
from optimizer.explain.marginal import Marginal, marginal
from optimizer.explain.peaks import Peaks, peaks
from optimizer.explain.planned import Flags, Floats, Planned
from optimizer.explain.priced import Priced, priced
from optimizer.explain.rates import Rates, rates
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
    rates: Rates


def seen_in(told: Planned, settings: Settings) -> Seen:
    """Everything that can be read from a plan, once for all its sessions."""
    found, peak, after, dear = marginal(told, settings), peaks(told), rebounds(told), priced(told)
    return Seen(told, found, rooms(told, settings), peak, after, dear, rates(told, found, peak, after, dear))


def cells_of(seen: Seen, s: int) -> Cells:
    """Of one session."""
    told, found, rate, where = seen.told, seen.marginal, seen.rates, seen.told.cells(s)
    cells = told.instance.cells
    hours, power, period = cells.hours[where], told.power_kw[where], cells.period[where]
    charges = power * hours > DONE_KWH
    away = told.instance.following.out_of_reach(np.arange(where.start, where.stop))
    price = rate.price[where]
    lacking = told.plans[s].target_shortfall_kwh > DONE_KWH, told.plans[s].minimum_shortfall_kwh > DONE_KWH
    dearest = np.where(charges, rate.saving[where], -np.inf)
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
        places=_places(seen, where, away),
        windows=tuple(seen.peaks.windows[t] for t in period.tolist()),
        events=seen.rebounds.above(s, period),
        priced=seen.priced.above(s, period),
        price=price,
        peak=rate.peak[where],
        rebound=rate.rebound[where],
        event=rate.event[where],
        contract=rate.contract[where],
        saved=saved,
        later=(np.maximum(after, postponed) >= price - SAME_PRICE * (1.0 + abs(price)))
        & ~rate.kept_level[where]
        & (not by_duals),
        first=_comes_first(told, s, charges, any(lacking) or postponed > -np.inf),
        missing=any(lacking),
        taper=rate.taper[where],
        unreachable=away & (power >= told.instance.following.most_kw[where] * (1.0 - AT_MOST)),
        gain=rate.gain[where],
        room_kw=np.where(away, np.inf, _room_kw(told, seen.rooms, where)),
    )


def _comes_first(told: Planned, s: int, charges: Flags, more_is_wanted: bool) -> Flags:
    """Cells after which a protected session still charges or lacks something."""
    if not told.instance.sessions.protected[s]:
        return np.zeros(len(charges), dtype=bool)
    after = np.append(np.logical_or.accumulate(charges[::-1])[::-1][1:], False)
    return after | more_is_wanted


def _places(seen: Seen, where: slice, away: Flags) -> tuple[tuple[Place, ...], ...]:
    """Limits that leave no room, and those that cost something, which leave none but for tolerances.

    None where they count what an EVSE out of reach follows, not the setpoint.
    """
    full: list[list[Place]] = [[] for _ in range(where.stop - where.start)]
    for place, at in full_places(seen.told, seen.rooms, where):
        for k in np.flatnonzero(at).tolist():
            full[k].append(place)
    if seen.marginal is not None:
        for k, node in seen.marginal.costly(where):
            if all(place.node != node for place in full[k]):
                full[k].append(Place(node))
    return tuple(() if gone else tuple(sorted(places)) for places, gone in zip(full, away.tolist(), strict=True))


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
    above, left = list(powers_above(told, room, s)), np.full(len(period), np.inf)
    for per_kw, (_, left_kw) in zip(_per_kw(instance, [node for node, _ in above], s), above, strict=True):
        left = np.minimum(left, left_kw[period] / per_kw)
    for line_kw in room.line_kw.values():
        left = np.minimum(left, line_kw[where])
    return left


def _per_kw(instance: Instance, nodes: list[int], s: int) -> list[float]:
    """What a kW at evse counts at nodes and cabinets, or at groups of EVSEs, which have no number."""
    who, at = instance.sessions, np.array(nodes, dtype=np.int64)
    counted = drawn_per_kw(instance.limits, np.maximum(0, at), who.efficiency[s], who.power_factor[s])
    return [float(x) for x in np.where(at < 0, 1.0 / who.efficiency[s], counted)]
