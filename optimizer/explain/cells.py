"""What sessions meet in their cells: powers, full limits above them, and what energy costs and saves.

All cells of a plan at once: session by session this took 2.8 ms of 50 connectors, and the causes as much again.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.explain.full import Costly, Place, Rooms, full_above, room_above, rooms
from optimizer.explain.marginal import Marginal, marginal
from optimizer.explain.met import Met, met_in_order, nothing_met
from optimizer.explain.peaks import Peaks, peaks
from optimizer.explain.planned import Flags, Floats, Ints, Planned
from optimizer.explain.priced import Priced, priced
from optimizer.explain.rates import Rates, rates
from optimizer.explain.rebounds import Rebounds, rebounds
from optimizer.settings import Settings

DONE_KWH = 1e-3
"""Less energy than this is none. [kWh]"""
AT_MOST = 1e-3
"""Share of its maximum within which a setpoint is at it."""
SAME_PRICE = 1e-5
"""Prices closer than this, in parts of one and their size, are the same. [currency/kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Cells of the instance (N,), by session, then in order of time."""

    power_kw: Floats
    hours: Floats
    most_kw: Floats
    places: Met[Place]
    """Full limits above each."""
    windows: Met[int]
    """Demand windows at whose peak the site is."""
    events: Met[int]
    """Events after which its load is limited and has no room."""
    priced: Met[int]
    """Signals and contracts that make more of it dearer."""
    rates: Rates
    """What one more kWh costs there, full limits left out, and what is part of that."""
    saved: Floats
    """By one more kWh: one at another time less, or one that is missing. -inf where there is neither. [currency/kWh]"""
    later: Flags
    """Whether energy comes later at a price that is no lower, and nothing but room keeps it from coming here."""
    first: Flags
    """Whether a protected session would have here what comes later, or not at all, whatever that costs."""
    missing: Flags
    """Whether the session misses anything."""
    unreachable: Flags
    """Whether it has all that an EVSE out of reach may follow."""
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


def cells_in(seen: Seen) -> Cells:
    """Of every session."""
    told, rate, instance = seen.told, seen.rates, seen.told.instance
    cells, who, power = instance.cells, instance.sessions, told.power_kw
    grid = _Grid(cells.session, np.arange(cells.count) - cells.offset[cells.session], who.count)
    lacking = _Lacking.of(told)
    charges = power * cells.hours > DONE_KWH
    dearest = np.where(charges, rate.saving, -np.inf)
    after = np.maximum(grid.greatest_after(dearest), lacking.postponed[cells.session])
    away = instance.following.out_of_reach(np.arange(cells.count))
    by_duals = _by_duals(seen)[cells.session]
    saved = np.maximum(grid.greatest_of_others(dearest), lacking.worth[cells.session])
    if seen.marginal is not None:
        np.divide(seen.marginal.worth, cells.hours, out=saved, where=by_duals)
    more_is_wanted = lacking.any | (lacking.postponed > -np.inf)
    comes_later = grid.greatest_after(charges.astype(float)) > 0.0
    return Cells(
        power_kw=power,
        hours=cells.hours,
        most_kw=who.max_power_kw[cells.session],
        places=full_above(told, seen.rooms, _costly(seen), away),
        windows=_of_periods(met_in_order(seen.peaks.windows), cells.period),
        events=_events(seen),
        priced=_priced(seen),
        rates=rate,
        saved=saved,
        later=(after >= rate.price - SAME_PRICE * (1.0 + abs(rate.price))) & ~rate.kept_level & ~by_duals,
        first=who.protected[cells.session] & (comes_later | more_is_wanted[cells.session]),
        missing=lacking.any[cells.session],
        unreachable=away & (power >= instance.following.most_kw * (1.0 - AT_MOST)),
        room_kw=np.where(away, np.inf, room_above(told, seen.rooms)),
    )


@dataclass(frozen=True, slots=True)
class _Lacking:
    """What each session lacks or leaves for later (S,)."""

    any: Flags
    worth: Floats
    """Of one more kWh; -inf where nothing is missing or postponed. [currency/kWh]"""
    postponed: Floats
    """0 where energy is left for the time after the horizon, else -inf. [currency/kWh]"""

    @staticmethod
    def of(told: Planned) -> "_Lacking":
        target = np.array([plan.target_shortfall_kwh > DONE_KWH for plan in told.plans], dtype=bool)
        minimum = np.array([plan.minimum_shortfall_kwh > DONE_KWH for plan in told.plans], dtype=bool)
        after = np.array([plan.energy_after_horizon_kwh > DONE_KWH for plan in told.plans], dtype=bool)
        postponed = np.where(after, 0.0, -np.inf)
        missed = np.where(minimum, np.inf, np.where(target, told.instance.sessions.value_per_kwh, -np.inf))
        return _Lacking(target | minimum, np.maximum(missed, postponed), postponed)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells laid out by session and by their place in it."""

    session: Ints
    place: Ints
    count: int

    def _laid_out(self, values: Floats) -> Floats:
        """(S, K + 1) with -inf where a session has no cell, and so at the end of every row."""
        table = np.full((self.count, int(self.place.max(initial=0)) + 2), -np.inf)
        table[self.session, self.place] = values
        return table

    def greatest_of_others(self, values: Floats) -> Floats:
        """For each cell the greatest of all others of its session; -inf where there is none."""
        table = self._laid_out(values)
        rows, first = np.arange(self.count), table.argmax(axis=1)
        greatest = table[rows, first]
        table[rows, first] = -np.inf
        others = np.repeat(greatest[:, None], table.shape[1], axis=1)
        others[rows, first] = table.max(axis=1)
        return np.asarray(others[self.session, self.place])

    def greatest_after(self, values: Floats) -> Floats:
        """For each cell the greatest of those after it in its session; -inf for the last one."""
        table = np.maximum.accumulate(self._laid_out(values)[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(table[self.session, self.place + 1])


def _by_duals(seen: Seen) -> Flags:
    """Sessions (S,) of which duals alone say what one more kWh is worth."""
    found = np.zeros(seen.told.instance.sessions.count, dtype=bool)
    if seen.marginal is not None:
        found[seen.told.instance.states.session] = True
        found[list(seen.marginal.in_parts)] = True
    return found


def _costly(seen: Seen) -> Costly:
    if seen.marginal is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return seen.marginal.place_cell, seen.marginal.place_node


def _of_periods(met: Met[int], period: Ints) -> Met[int]:
    return Met(met.number[period], met.sets)


def _events(seen: Seen) -> Met[int]:
    told = seen.told
    if not seen.rebounds.full.any():
        return nothing_met(told.instance.cells.count)
    period, each = told.instance.cells.period, range(told.instance.sessions.count)
    return met_in_order(met for s in each for met in seen.rebounds.above(s, period[told.cells(s)]))


def _priced(seen: Seen) -> Met[int]:
    told = seen.told
    if not len(seen.priced.cause):
        return nothing_met(told.instance.cells.count)
    period, each = told.instance.cells.period, range(told.instance.sessions.count)
    return met_in_order(met for s in each for met in seen.priced.above(s, period[told.cells(s)]))
