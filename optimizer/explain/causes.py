"""What holds each setpoint of a plan: hardware first, then limits and peaks that keep it from what it would use."""

from dataclasses import dataclass

import numpy as np

from models.domain.electrical import kw_per_ampere, min_current_a
from models.domain.site import CurrentType
from optimizer.explain.cells import Cells, Seen
from optimizer.explain.full import ROOM_KW, Place, powers_above
from optimizer.explain.held import HeldBy
from optimizer.explain.marginal import NOTHING
from optimizer.explain.met import Met, met_in_order
from optimizer.explain.planned import Flags, Ints, Planned
from optimizer.explain.wishes import Wishes, wishes_in
from optimizer.explain.wording import Cause

_KINDS = tuple(HeldBy)
_NUMBER = {by: k for k, by in enumerate(_KINDS)}
_CHARGES = (HeldBy.PEAK, HeldBy.EVENT, HeldBy.CONTRACT)
"""What makes a kWh dear beside energy; of two that add the same, the first is told."""


@dataclass(frozen=True, slots=True)
class Causes:
    """Of every cell of a plan (N,), as numbers: only the causes of runs are ever put together."""

    session: Ints
    by: Ints
    places: Met[Place]
    windows: Met[int]
    events: Met[int]
    priced: Met[int]

    def of(self, k: int) -> Cause:
        """That of one cell."""
        return Cause(_KINDS[self.by[k]], self.places.of(k), self.windows.of(k), self.events.of(k), self.priced.of(k))

    def runs(self) -> Ints:
        """First cells of neighbours of one session with one cause, and the end."""
        numbers = (self.session, self.by, *(m.number for m in (self.places, self.windows, self.events, self.priced)))
        changed = np.any([number[1:] != number[:-1] for number in numbers], axis=0)
        first = np.zeros(min(1, len(self.by)), dtype=np.int64)
        return np.concatenate([first, 1 + np.flatnonzero(changed), [len(self.by)]])


def causes_in(seen: Seen, cells: Cells) -> Causes:
    """Of every cell of a plan."""
    wishes = wishes_in(cells)
    settled = wishes.at_most | cells.unreachable | cells.rates.taper
    wanted = wishes.uses | wishes.uses_freely
    full = ~settled & wanted & (cells.places.any | cells.events.any)
    open_ = ~settled & ~full & (seen.marginal is not None)
    least = _too_little(seen, cells, open_ & wishes.uses)
    dearest = _dearest(cells)
    dear = open_ & ~least & wishes.uses_freely & (dearest >= 0)
    kinds = [
        (wishes.at_most, HeldBy.MAXIMUM),
        (cells.unreachable, HeldBy.UNREACHABLE),
        (cells.rates.taper, HeldBy.TAPER),
        (full, HeldBy.LIMIT),
        (~open_, np.where(cells.missing | cells.later, _NUMBER[HeldBy.RULE], _NUMBER[HeldBy.DONE])),
        (least, HeldBy.MINIMUM_CURRENT),
        (dear, dearest),
    ]
    by = [np.asarray(_NUMBER[kind] if isinstance(kind, HeldBy) else kind) for _, kind in kinds]
    return Causes(
        seen.told.instance.cells.session,
        np.select([where for where, _ in kinds], by, _by_price(cells, wishes)),
        _either(cells.places, full, _tightest(seen, least)),
        _where(cells.windows, full | dear),
        _where(cells.events, full),
        _where(cells.priced, (full & ~wishes.pays) | dear),
    )


def _dearest(cells: Cells) -> Ints:
    """The kind of what adds most to the price of each cell beside energy; -1 where nothing does."""
    rate = cells.rates
    parts = np.array([rate.peak, rate.event, rate.contract])
    adds = parts > 0.0
    adds[0] |= cells.windows.any
    kinds = np.array([_NUMBER[by] for by in _CHARGES])
    return np.where(adds.any(axis=0), kinds[np.where(adds, parts, -np.inf).argmax(axis=0)], -1)


def _by_price(cells: Cells, wishes: Wishes) -> Ints:
    """Of a session that would not use more room; one that charges in its dearest hours has what it wants by then."""
    done = (cells.saved == -np.inf) | wishes.equal
    kinds = np.where(cells.missing, _NUMBER[HeldBy.VALUE], _NUMBER[HeldBy.PRICE])
    return np.where(done | (wishes.charges & ~cells.missing), _NUMBER[HeldBy.DONE], kinds)


def _where(met: Met[int], told: Flags) -> Met[int]:
    return Met(np.where(told, met.number, 0), met.sets)


def _either(full: Met[Place], told: Flags, least: Met[Place]) -> Met[Place]:
    """Full limits where these are told, else those that leave too little."""
    number = np.where(told, full.number, np.where(least.any, len(full.sets) + least.number, 0))
    return Met(number, (*full.sets, *least.sets))


def _too_little(seen: Seen, cells: Cells, asked: Flags) -> Flags:
    """Where room is less than the next current that the EVSE can offer."""
    found, session = np.zeros(len(asked), dtype=bool), seen.told.instance.cells.session
    currents = _Currents(seen.told)
    for k in np.flatnonzero(asked & np.isfinite(cells.room_kw)).tolist():
        found[k] = cells.room_kw[k] < currents.step_kw(int(session[k]), float(cells.power_kw[k]))
    return found


class _Currents:
    """What EVSEs can offer, looked up once for each session."""

    def __init__(self, told: Planned) -> None:
        self._told = told
        self._known: dict[int, tuple[tuple[float, ...] | None, float]] = {}

    def step_kw(self, s: int, power_kw: float) -> float:
        """To the next current that the EVSE of session s can offer; 0 where it can offer any. [kW]"""
        if s not in self._known:
            self._known[s] = self._levels_kw(s)
        levels, least = self._known[s]
        if levels is None:
            levels = (least,) if power_kw < ROOM_KW else ()
        return min((level - power_kw for level in levels if level > power_kw + NOTHING), default=0.0)

    def _levels_kw(self, s: int) -> tuple[tuple[float, ...] | None, float]:
        """All of them where they are few, and the least. [kW]"""
        scenario = self._told.instance.scenario
        session, volts = scenario.sessions[s], scenario.site.voltage_v
        evse = self._told.instance.tree.evses[session.evse]
        if evse.current is not CurrentType.AC or volts is None:
            return (), 0.0
        per_ampere = kw_per_ampere(evse, session.vehicle, volts)
        levels = tuple(level * per_ampere for level in evse.pilot_levels_a or ())
        return levels or None, min_current_a(evse) * per_ampere


def _tightest(seen: Seen, which: Flags) -> Met[Place]:
    """Of some cells the node that leaves least."""
    found: list[tuple[Place, ...]] = [()] * len(which)
    cells = seen.told.instance.cells
    for k in np.flatnonzero(which).tolist():
        period = int(cells.period[k])
        above = powers_above(seen.told, seen.rooms, int(cells.session[k]))
        left = {node: float(left_kw[period]) for node, left_kw in above}
        found[k] = (Place(min(left, key=lambda node: left[node])),) if left else ()
    return met_in_order(found)
