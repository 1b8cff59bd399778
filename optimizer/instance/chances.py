"""How likely planned energy is really taken, equation (19): of sessions whose departure or need nobody told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.series import How, over_periods
from models.domain.session import Session
from models.domain.site import Evse, MeasuringPoint
from models.domain.stays import energy_at, is_uncertain
from optimizer.instance.money import Money
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parts:
    """What sessions may want, in parts of falling chance (G,), by session, then by energy."""

    session: Ints
    number: Ints
    """Of the part inside its session, from 0."""
    width_kwh: Floats
    """Measured at evse. [kWh]"""
    chance: Floats
    """P[s,j]: that the driver wants it."""


@dataclass(frozen=True, slots=True)
class Chances:
    """Cells of the sessions that are planned by chance (C,); every array is empty where there is none."""

    cell: Ints
    """Positions among all cells, ascending."""
    still_there: Floats
    """S[s,t]: that the session is still plugged in, mean over the part of the period that counts."""
    whole: Ints
    """Positions among these cells of sessions whose need is known."""
    parts: Parts
    part_cell: Ints
    """Pairs of a cell and a part of its session (E,), by part, then by period: position among these cells ..."""
    part: Ints
    """... and among the parts."""
    unwanted_kwh: Floats
    """Σ_j (1 - P) width: what of the target the driver is expected not to want (S,). [kWh at evse]"""
    refund_per_kwh: Floats
    """What (9) counts for one kWh at grid at least (T,). [currency/kWh]"""


def chances(
    scenario: Scenario, where: Tree, who: Sessions, cells: Cells, span: Periods, refund_per_kwh: Callable[[], Floats]
) -> Chances:
    """Of a completed scenario; ``refund_per_kwh`` is asked where something is uncertain."""
    uncertain = [s for s, one in enumerate(scenario.sessions) if is_uncertain(one)]
    if not uncertain:
        return _certain(who.count, span.count)
    mine = [np.arange(cells.offset[s], cells.offset[s + 1]) for s in uncertain]
    there = [_still_there(scenario.sessions[s], s, at, who, cells, span) for s, at in zip(uncertain, mine, strict=True)]
    cell = np.concatenate([np.zeros(0, dtype=np.int64), *mine])
    parts = _parts(scenario, where, cells)
    part_cell, part = _pairs(cells.session[cell], parts)
    return Chances(
        cell=cell,
        still_there=np.concatenate([np.zeros(0), *there]),
        whole=np.flatnonzero(~np.isin(cells.session[cell], parts.session)),
        parts=parts,
        part_cell=part_cell,
        part=part,
        unwanted_kwh=_unwanted_kwh(parts, who.count),
        refund_per_kwh=refund_per_kwh(),
    )


@lru_cache(maxsize=64)
def _certain(sessions: int, periods: int) -> Chances:
    """Where everything is told, as at most sites."""
    none, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
    parts = Parts(none, none, floats, floats)
    return Chances(none, floats, none, parts, none, none, np.zeros(sessions), np.zeros(periods))


def refund(prices: Money, feeds_in: NDArray[np.bool_]) -> Floats:
    """What a kWh that is not drawn saves (T,): less where it would else be sold. [currency/kWh at grid]"""
    bought = prices.bought
    return np.where(feeds_in, np.minimum(prices.export_price, bought), bought)


def wanted_kwh(found: Chances, cells: Cells, energy_kwh: Floats) -> Floats:
    """What of the energy of all cells (N,) the driver is expected to want, if still there, cell by cell (C,). [kWh]

    Parts are filled in order of time, as a car fills them.
    """
    wanted = energy_kwh[found.cell].copy()
    session, parts = cells.session[found.cell], found.parts
    for s in np.unique(parts.session):
        mine, own = session == s, parts.session == s
        edges = np.concatenate([[0.0], np.cumsum(parts.width_kwh[own])])
        worth = np.concatenate([[0.0], np.cumsum(parts.width_kwh[own] * parts.chance[own])])
        wanted[mine] = np.diff(np.interp(np.cumsum(wanted[mine]), edges, worth), prepend=0.0)
    return wanted


def _still_there(session: Session, s: int, mine: Ints, who: Sessions, cells: Cells, span: Periods) -> Floats:
    if session.still_there is None or len(mine) == 0:
        return np.ones(len(mine))
    period = cells.period[mine]
    inside = np.append(span.instants_s[period], span.instants_s[period[-1] + 1])
    edges_s = np.clip(inside, who.arrival_s[s], who.departure_s[s])
    starts_s = np.array([step.start.timestamp() for step in session.still_there])
    return over_periods(starts_s, np.array([step.value for step in session.still_there]), edges_s, How.MEAN)


def _parts(scenario: Scenario, where: Tree, cells: Cells) -> Parts:
    """Of sessions that are plugged in at some time of the plan."""
    here = cells.per_session > 0
    rows = [
        (s, number, width_kwh, chance)
        for s, session in enumerate(scenario.sessions)
        for number, width_kwh, chance in _parts_of(session, where.evses[session.evse])
        if here[s]
    ]
    session, number, width, chance = np.array(rows, dtype=float).reshape(len(rows), 4).T
    return Parts(session.astype(np.int64), number.astype(np.int64), width, chance)


def _parts_of(session: Session, evse: Evse) -> Iterator[tuple[int, float, float]]:
    """Number, width at evse and chance of the parts beyond what has flowed already."""
    begun_kwh = session.delivered_kwh
    for number, part in enumerate(session.still_wants or ()):
        if part.up_to_kwh > begun_kwh:
            width = part.up_to_kwh - begun_kwh
            at_evse = energy_at(MeasuringPoint.EVSE, width, session.measured_at, evse, session.vehicle)
            yield number, at_evse, part.chance
            begun_kwh = part.up_to_kwh


def _unwanted_kwh(parts: Parts, count: int) -> Floats:
    unwanted = (1.0 - parts.chance) * parts.width_kwh
    return np.bincount(parts.session, weights=unwanted, minlength=count).astype(float)


def _pairs(session: Ints, parts: Parts) -> tuple[Ints, Ints]:
    """Every part with every cell of its session."""
    first = np.searchsorted(session, parts.session, side="left")
    count = np.searchsorted(session, parts.session, side="right") - first
    part = np.repeat(np.arange(len(count)), count)
    return np.arange(len(part)) - np.repeat(np.cumsum(count) - count - first, count), part
