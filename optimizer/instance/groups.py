"""Equation (13) for a group of EVSEs: what they may draw together on top of what the site's own plants give."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import conversion_efficiency
from models.domain.scenario import Scenario
from models.domain.signal import Cap
from optimizer.instance.held import Held
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Groups:
    """One entry per cap on a group of EVSEs (G,)."""

    ids: tuple[str, ...]
    signal: Ints
    """Position of the cap among the signals of the scenario."""
    evses: tuple[frozenset[str], ...]
    limit_kw: Floats
    """(G, T) at grid; inf outside the window of the cap. [kW]"""
    held_kw: Floats
    """(G, T) what EVSEs out of reach draw of it. [kW at grid]"""
    floor_kw: Floats
    """(G, T) what EVSEs in reach may be following until the new plan is acknowledged. [kW at grid]"""

    @property
    def room_kw(self) -> Floats:
        """What charging may draw (G, T); where what is installed alone exceeds the cap, that."""
        return np.maximum(self.floor_kw, self.limit_kw - self.held_kw)

    def members(self, evse_ids: tuple[str, ...]) -> NDArray[np.bool_]:
        """Whether each of some EVSEs belongs to each group (G, ...)."""
        inside = [[evse in group for evse in evse_ids] for group in self.evses]
        return np.array(inside, dtype=bool).reshape(len(self.ids), len(evse_ids))


def groups(scenario: Scenario, span: Periods, held: tuple[Held, ...] = ()) -> Groups:
    """The caps of a completed scenario that name EVSEs."""
    found = [(i, s) for i, s in enumerate(scenario.signals) if isinstance(s, Cap) and s.evses]
    if not found:
        return _nothing(span.count)
    limit = np.full((len(found), span.count), np.inf)
    for g, (_, cap) in enumerate(found):
        assert cap.import_limit_kw is not None
        limit[g, span.within(cap.start, cap.end)] = cap.import_limit_kw
    members = tuple(frozenset(cap.evses) for _, cap in found)
    return Groups(
        ids=tuple(cap.id for _, cap in found),
        signal=np.array([i for i, _ in found], dtype=np.int64),
        evses=members,
        limit_kw=limit,
        held_kw=_held_kw(held, members, limit.shape),
        floor_kw=np.zeros_like(limit),
    )


@lru_cache(maxsize=64)
def _nothing(periods: int) -> Groups:
    """Where no cap names EVSEs."""
    power = np.zeros((0, periods))
    return Groups((), np.zeros(0, dtype=np.int64), (), power, power, power)


def with_floors(found: Groups, who: Sessions, plugged: Cells, cells: Ints, power_kw: Floats) -> Groups:
    """The same with what some cells may be following, at evse. [kW]"""
    floor, member = found.floor_kw.copy(), found.members(who.evse_ids)
    session = plugged.session[cells]
    for g in range(len(found.ids)):
        inside = member[g, session]
        np.add.at(floor[g], plugged.period[cells[inside]], (power_kw / who.efficiency[session])[inside])
    return replace(found, floor_kw=floor)


def _held_kw(held: tuple[Held, ...], members: tuple[frozenset[str], ...], shape: tuple[int, ...]) -> Floats:
    total = np.zeros(shape)
    for one in held:
        inside = [one.evse.id in group for group in members]
        total[inside] += one.power_kw / conversion_efficiency(one.evse)
    return total
