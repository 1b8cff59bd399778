"""What EVSEs may be following besides the new plan: profiles that are installed, and habits of those out of reach.

Safety rules S2 and S3: a reachable EVSE counts with the larger of old and new until the new plan is acknowledged, one
that cannot be reached by what it was seen to do, whatever is planned.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import kw_per_ampere
from models.domain.installed import OfflineBehaviour
from models.domain.offline import is_uncontrolled, offline_behaviour
from models.domain.scenario import Scenario
from models.domain.site import Evse, Site
from models.domain.units import seconds_from_minutes
from optimizer.instance.arrivals import follows_kw, is_blind
from optimizer.instance.held import Held, held_evses, installed_kw
from optimizer.instance.limits import ImportLimits, drawn_per_kw
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ByEvse = dict[str, list[int]]
"""Positions of the sessions at each EVSE."""
PLAIN, HELD = -1, -2
"""Of a cell: limits count its setpoint, or what its unreachable EVSE follows; from 0 on, its place among ``cell``."""


@dataclass(frozen=True, slots=True)
class Following:
    """Cells in which limits count something else than the setpoint alone."""

    held: tuple[Held, ...]
    cell: Ints
    """(R,) cells in which a reachable EVSE may still follow what is installed ..."""
    least_kw: Floats
    """... and how much that is for the vehicle that is there, at evse. [kW]"""
    kind: Ints | None
    """(N,) ``PLAIN``, ``HELD``, or the place in ``cell``; None where every cell is plain."""
    most_kw: Floats
    """(N,) what setpoints may be: of a vehicle at an unreachable EVSE no more than that follows. [kW at evse]"""

    def unreachable(self, evse_ids: tuple[str, ...]) -> NDArray[np.bool_]:
        """Which of some EVSEs cannot be reached, so that nothing is sent to them."""
        away = {one.evse.id for one in self.held}
        return np.array([evse in away for evse in evse_ids], dtype=bool)

    def free(self, cells: Ints) -> NDArray[np.bool_]:
        """Which of some cells are plain."""
        if self.kind is None:
            return np.ones(len(cells), dtype=bool)
        return np.asarray(self.kind[cells] == PLAIN)

    def out_of_reach(self, cells: Ints) -> NDArray[np.bool_]:
        """Which of some cells are at an EVSE that cannot be reached."""
        if self.kind is None:
            return np.zeros(len(cells), dtype=bool)
        return np.asarray(self.kind[cells] == HELD)

    def counted_kw(self, power_kw: Floats) -> Floats:
        """What limits count of each cell, given its setpoint (N,): nothing where the EVSE is held. [kW at evse]"""
        if self.kind is None:
            return power_kw
        counted = np.where(self.kind == HELD, 0.0, power_kw)
        counted[self.cell] = np.maximum(counted[self.cell], self.least_kw)
        return counted


def at_nodes(limits: ImportLimits, who: Sessions, plugged: Cells, cells: Ints, power_kw: Floats) -> Floats:
    """Power of some cells summed over each node and cabinet above them, where that is measured (M, T). [kW]"""
    total = np.zeros_like(limits.limit_kw)
    for cell, power in zip(cells.tolist(), power_kw.tolist(), strict=True):
        s, t = plugged.session[cell], plugged.period[cell]
        for node in limits.evse_nodes[who.evse_ids[s]]:
            one = np.array([node])
            total[node, t] += power * drawn_per_kw(limits, one, who.efficiency[s], who.power_factor[s])[0]
    return total


def following(scenario: Scenario, who: Sessions, plugged: Cells, span: Periods) -> Following:
    """What the cells of a completed scenario may follow."""
    highest = who.max_power_kw[plugged.session]
    if not scenario.installed and scenario.site.fail_safe is None:
        return Following((), np.zeros(0, dtype=np.int64), np.zeros(0), None, highest)
    held, at = held_evses(scenario, span), _by_evse(who)
    kind, most = np.full(plugged.count, PLAIN), highest.copy()
    for one in held:
        for cell, part in _cells_at(one.evse, scenario, at, plugged):
            kind[cell], most[cell] = HELD, np.minimum(highest[cell], part * one.power_kw[plugged.period[cell]])
    least, may = np.zeros(plugged.count), np.zeros(plugged.count, dtype=bool)
    unsent = {one.evse.id for one in held}
    for cell, power in (
        *_installed_cells(scenario, at, plugged, span),
        *_blind_cells(scenario, at, who, plugged, span, unsent),
    ):
        least[cell], may[cell] = np.maximum(least[cell], power), True
    followed = np.flatnonzero(may)
    kind[followed] = np.arange(len(followed))
    return Following(held, followed, np.minimum(least, highest)[followed], kind, most)


def _installed_cells(scenario: Scenario, at: _ByEvse, plugged: Cells, span: Periods) -> Iterator[tuple[Ints, Floats]]:
    """Cells at reachable EVSEs in periods that begin before the new plan is acknowledged, and installed power."""
    if not scenario.installed:
        return
    assert scenario.acknowledge_minutes is not None
    before_s = span.start_s + seconds_from_minutes(scenario.acknowledge_minutes)
    evses = {evse.id: evse for evse in scenario.site.evses}
    for one in scenario.installed:
        if one.reachable:
            power_kw = installed_kw(one, evses[one.evse], scenario.site, span)
            for cell, part in _cells_at(evses[one.evse], scenario, at, plugged):
                early = cell[span.instants_s[plugged.period[cell]] < before_s]
                yield early, part * power_kw[plugged.period[early]]


def _blind_cells(
    scenario: Scenario, at: _ByEvse, who: Sessions, plugged: Cells, span: Periods, unsent: set[str]
) -> Iterator[tuple[Ints, Floats]]:
    """Cells of the blind time at EVSEs that leave their plan when they lose contact, and what they follow then."""
    site, rules = scenario.site, scenario.site.fail_safe
    if rules is None:
        return
    blind = is_blind(rules, span)
    for evse in site.evses:
        if evse.id in at and evse.id not in unsent and _leaves_its_plan(evse, site):
            power_kw = follows_kw(scenario, evse, span)
            for cell, part in _cells_at(evse, scenario, at, plugged):
                here = who.arrival_s[plugged.session[cell]] <= span.start_s
                soon = cell[here & blind[plugged.period[cell]]]
                yield soon, part * power_kw[plugged.period[soon]]


def _leaves_its_plan(evse: Evse, site: Site) -> bool:
    return is_uncontrolled(evse, site) or offline_behaviour(evse, site) is OfflineBehaviour.DEFAULT


def _by_evse(who: Sessions) -> _ByEvse:
    found: _ByEvse = {}
    for s, evse in enumerate(who.evse_ids):
        found.setdefault(evse, []).append(s)
    return found


def _cells_at(evse: Evse, scenario: Scenario, at: _ByEvse, plugged: Cells) -> Iterator[tuple[Ints, float]]:
    """Cells of each session at an EVSE, and the part of its power that the vehicle takes on the phases that it uses."""
    voltage_v = scenario.site.voltage_v
    assert voltage_v is not None
    for s in at.get(evse.id, ()):
        vehicle = scenario.sessions[s].vehicle
        part = kw_per_ampere(evse, vehicle, voltage_v) / kw_per_ampere(evse, None, voltage_v)
        yield np.arange(plugged.offset[s], plugged.offset[s + 1]), part
