"""What each EVSE may draw for ever when nobody is in contact: its share in the fail-safe.

Every EVSE counts, with or without a car, with cars on as many of its phases as it has or on fewer, and whichever of
them stop. What is known of the future counts as well: a limit or a cap that is still to come must hold without us.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.domain.completion import complete
from models.domain.electrical import (
    conversion_efficiency,
    evse_max_power_kw,
    kw_per_ampere,
    min_current_a,
    phases_used,
)
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import CurrentType, Evse, Site
from models.domain.times import instant
from models.domain.units import HOURS_PER_DAY, hours_from_seconds, seconds_from_hours
from optimizer.heuristics.room import Limits, Room, current_limits, group_limits, joined, power_limits
from optimizer.heuristics.sharing import filled
from optimizer.instance.currents import CurrentPoint, current_points
from optimizer.instance.generation import generation
from optimizer.instance.groups import groups
from optimizer.instance.held import held_evses
from optimizer.instance.limits import ImportLimits, import_limits
from optimizer.instance.periods import Periods, periods
from optimizer.instance.sessions import sessions
from optimizer.instance.tree import Tree, tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDING_KW = 1e-7
"""A minimum or a level that is missed by less is met: under a millionth of an ampere. [kW]"""
_AHEAD_H = 366 * HOURS_PER_DAY
"""How far after the horizon limits and caps are looked for; nobody publishes them for longer. [h]"""


@dataclass(frozen=True, slots=True)
class Offers:
    """What EVSEs can offer (E,), at evse. [kW]"""

    least_kw: Floats
    """Smallest share other than 0."""
    most_kw: Floats
    levels_kw: tuple[Floats | None, ...]
    """Ascending, the only shares it can have; None: any from least to most."""


def fail_safe_shares(scenario: Scenario) -> dict[str, float]:
    """Share of every EVSE, at evse, for a valid scenario: 0 or at least its minimum current, on one of its levels. [kW]

    All of them together stay within every node's import limit and line currents, at the least limit and the highest
    base load from the start of the horizon on. Shares are max-min fair; where that is below somebody's minimum, as
    many EVSEs as fit get their minimum, in the site's order, and what is left over is spread among them.

    A share of an AC EVSE counts on all of its phases: a car on fewer phases may have the same current on each, not
    the same power.
    """
    completed = complete(scenario).scenario
    site = completed.site
    offers = _offers(site)
    limits = _worst_limits(completed).binding(offers.most_kw)
    room = limits.of(np.arange(len(site.evses)), 0)
    shares = filled(room, np.zeros_like(offers.most_kw), offers.most_kw)
    if (shares < offers.least_kw - ROUNDING_KW).any():
        shares = _first_n(room, offers)
    shares = _rest_spread(room, _on_levels(shares, offers), offers)
    return {evse.id: float(share) for evse, share in zip(site.evses, shares, strict=True)}


def _first_n(room: Room, offers: Offers) -> Floats:
    """Minima in the site's order for as many as fit, the others 0; what is left over is spread, the least first."""
    shares = np.zeros_like(offers.least_kw)
    in_service = np.flatnonzero(offers.least_kw <= offers.most_kw + ROUNDING_KW)
    for k in in_service.tolist():
        least_kw, left_kw = offers.least_kw[k], room.of(shares, k)
        if left_kw >= least_kw - ROUNDING_KW:
            shares[k] = min(least_kw, left_kw)
    served = shares >= offers.least_kw - ROUNDING_KW
    return filled(room, shares, np.where(served, offers.most_kw, 0.0))


def _on_levels(shares: Floats, offers: Offers) -> Floats:
    """Down to a level, where there are levels; 0 below the minimum."""
    fitting = [_level_below(share, levels) for share, levels in zip(shares, offers.levels_kw, strict=True)]
    return np.where(shares >= offers.least_kw - ROUNDING_KW, fitting, 0.0)


def _level_below(share_kw: float, levels_kw: Floats | None) -> float:
    if levels_kw is None:
        return share_kw
    return min(share_kw, float(levels_kw[levels_kw <= share_kw + ROUNDING_KW].max(initial=0.0)))


def _rest_spread(room: Room, shares: Floats, offers: Offers) -> Floats:
    """What levels left over: first to those who have a next level that fits, the least first, then to the others."""
    shares = shares.copy()
    above = {k: levels for k, levels in enumerate(offers.levels_kw) if levels is not None}
    while above:
        k = min(above, key=lambda k: (shares[k], k))
        above[k] = above[k][above[k] > shares[k] + ROUNDING_KW]
        if len(above[k]) and room.of(shares, k) >= above[k][0] - shares[k] - ROUNDING_KW:
            shares[k] += min(above[k][0] - shares[k], room.of(shares, k))
        else:
            del above[k]
    stepless = np.array([levels is None for levels in offers.levels_kw], dtype=bool)
    rising = stepless & (shares >= offers.least_kw - ROUNDING_KW)
    return filled(room, shares, np.where(rising, offers.most_kw, shares))


def _offers(site: Site) -> Offers:
    assert site.voltage_v is not None
    most = [evse_max_power_kw(evse, None, site.voltage_v) for evse in site.evses]
    levels = [_levels_kw(evse, most_kw, site.voltage_v) for evse, most_kw in zip(site.evses, most, strict=True)]
    least = [_least_kw(evse, own, site.voltage_v) for evse, own in zip(site.evses, levels, strict=True)]
    return Offers(np.array(least), np.array(most), tuple(levels))


def _levels_kw(evse: Evse, most_kw: float, voltage_v: float) -> Floats | None:
    """Currents of a DC EVSE say nothing of its power, because its voltage is the battery's."""
    if evse.pilot_levels_a is None or evse.current is CurrentType.DC:
        return None
    levels = sorted(level for level in evse.pilot_levels_a if level > 0 and level >= min_current_a(evse))
    power_kw = np.array(levels) * kw_per_ampere(evse, None, voltage_v)
    return power_kw[power_kw <= most_kw + ROUNDING_KW]


def _least_kw(evse: Evse, levels_kw: Floats | None, voltage_v: float) -> float:
    if levels_kw is not None:
        return float(levels_kw.min(initial=np.inf))
    return 0.0 if evse.current is CurrentType.DC else min_current_a(evse) * kw_per_ampere(evse, None, voltage_v)


def _worst_limits(scenario: Scenario) -> Limits:
    """One row a limit over EVSEs as members, in one period that holds for ever."""
    site, branches, span = scenario.site, tree(scenario.site), _for_ever(scenario)
    efficiency = np.array([conversion_efficiency(evse) for evse in site.evses])
    held = held_evses(scenario, span)
    limits = import_limits(scenario, branches, span, generation(site, branches, span), held)
    limits = replace(limits, high_kw=limits.high_kw + _batteries_kw(site, branches, limits.high_kw.shape))
    power_factor = np.array([evse.power_factor for evse in site.evses], dtype=float)
    powers = power_limits(limits, tuple(e.id for e in site.evses), efficiency, power_factor)
    grouped = _group_rows(scenario, span, limits, efficiency)
    rows = joined([powers, grouped, *_current_rows(scenario, branches, span)])
    return replace(rows, limit=rows.limit.min(axis=1, keepdims=True), base=rows.base.max(axis=1, keepdims=True))


def _group_rows(scenario: Scenario, span: Periods, limits: ImportLimits, efficiency: Floats) -> Limits:
    """Capped groups, with every battery charging in full beside the cars."""
    site = scenario.site
    rows = group_limits(
        limits, groups(scenario, span, held_evses(scenario, span)), tuple(evse.id for evse in site.evses), efficiency
    )
    return replace(rows, base=rows.base + sum(battery.max_charge_kw for battery in site.batteries))


def _batteries_kw(site: Site, branches: Tree, shape: tuple[int, ...]) -> Floats:
    """What stationary batteries draw if each charges in full: nobody knows what they do when all is silent. [kW]"""
    drawn = np.zeros(shape)
    for battery in site.batteries:
        drawn[list(branches.above(battery.node))] += battery.max_charge_kw
    return drawn


def _for_ever(scenario: Scenario) -> Periods:
    """The periods of the horizon, and one more for what is known of the time after it."""
    own = periods(scenario)
    instants = np.append(own.instants_s, own.end_s + seconds_from_hours(_AHEAD_H))
    return Periods(instants, hours_from_seconds(1.0) * np.diff(instants), own.calendar)


def _current_rows(scenario: Scenario, branches: Tree, span: Periods) -> list[Limits]:
    """A car on every number of phases that an EVSE can serve: alternatives of one load with the same current on each.

    Its angle differs: of an EVSE between three lines, a car on two of them lines up with those that are there.
    """
    tier = scenario.site.tiers[0].id
    cars = [(k, car) for k, evse in enumerate(scenario.site.evses) for car in _cars(evse, tier, span)]
    evse_of = np.array([k for k, _ in cars], dtype=np.int64)
    alternative = np.arange(len(cars)) - np.searchsorted(evse_of, evse_of)
    everybody = replace(scenario, sessions=tuple(car for _, car in cars))
    points = current_points(
        everybody, branches, sessions(everybody, branches, span), span, held=held_evses(scenario, span)
    )
    per_kw = _amperes_per_kw(scenario.site)[evse_of]
    return [current_limits(_with_amperes(p, per_kw), evse_of, alternative, len(scenario.site.evses)) for p in points]


def _with_amperes(point: CurrentPoint, amperes_per_kw: Floats) -> CurrentPoint:
    return replace(point, amperes_per_kw=amperes_per_kw[point.sessions])


def _amperes_per_kw(site: Site) -> Floats:
    """Current on each conductor per kW of the share, with losses, all phases in use (E,). [A/kW]"""
    assert site.voltage_v is not None
    return np.array([1.0 / (kw_per_ampere(e, None, site.voltage_v) * conversion_efficiency(e)) for e in site.evses])


def _cars(evse: Evse, tier: str, span: Periods) -> list[Session]:
    """One for each set of phases that a car at this EVSE can load."""
    vehicles = [Vehicle(id=f"{count} phases", phases=count) for count in (1, 2, 3)]
    by_phases = {phases_used(evse, vehicle): vehicle for vehicle in vehicles}
    return [_session(evse, vehicle, tier, span) for vehicle in by_phases.values()]


def _session(evse: Evse, vehicle: Vehicle, tier: str, span: Periods) -> Session:
    return Session(
        id=evse.id,
        evse=evse.id,
        arrival=instant(span.start_s),
        departure=instant(span.end_s),
        energy_target_kwh=0.0,
        tier=tier,
        vehicle=vehicle,
    )
