"""What each EVSE may draw for ever when nobody is in contact: its share in the fail-safe.

Every EVSE counts, with or without a car, with cars on as many of its phases as it has or on fewer, and whichever of
them stop. What is known of the future counts as well: a limit or a cap that is still to come must hold without us.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.domain.completion import complete
from models.domain.electrical import conversion_efficiency, evse_max_power_kw, kw_per_ampere, min_current_a
from models.domain.failsafe import FailSafe, Share, SharePolicy
from models.domain.offline import is_uncontrolled
from models.domain.scenario import Scenario
from models.domain.site import CurrentType, Evse, Site
from models.domain.units import HOURS_PER_DAY, hours_from_seconds, seconds_from_hours
from optimizer.failsafe.turns import daily_shares, turns
from optimizer.giving.room import Limits, Room, current_limits, group_limits, joined, power_limits
from optimizer.giving.rules import filled
from optimizer.instance.anybody import anybody
from optimizer.instance.currents import limits_current
from optimizer.instance.generation import generation
from optimizer.instance.groups import groups
from optimizer.instance.held import Held, held_evses
from optimizer.instance.limits import ImportLimits, import_limits
from optimizer.instance.periods import Periods, periods
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
    """By EVSE of a valid scenario what it may draw at any time of day, at evse; of shares that take turns the least."""
    return {
        share.evse: min((step.power_kw for step in share.daily), default=share.power_kw) for share in shares(scenario)
    }


def shares(scenario: Scenario) -> tuple[Share, ...]:
    """Share of every EVSE, in the site's order, for a valid scenario, as told or worked out.

    Each is 0 or at least the minimum of its EVSE, on one of its levels. All of them together stay within every node's
    import limit and line currents, at the least limit and the highest base load from the start of the horizon on. How
    load returns after an event (12) is no such limit: a share that kept it would hold the site to it for good.
    Shares are max-min fair; where that is below somebody's minimum, as many EVSEs as fit get their minimum, by the
    site's policy, and what is left over is spread among them. An EVSE that nothing holds without contact has its
    rating, whatever is left for the others.

    A share of an AC EVSE counts on all of its phases: a car on fewer phases may have the same current on each, not
    the same power.
    """
    completed = complete(scenario).scenario
    if completed.shares:
        return completed.shares
    site, offers = completed.site, _offers(completed.site)
    limits = _worst_limits(completed).binding(offers.most_kw)
    room, rules = limits.of(np.arange(len(site.evses)), 0), site.fail_safe or FailSafe()
    by_turn = np.array([_settled(room, one, offers) for one in _by_turn(room, offers, site, rules)])
    return daily_shares(site, _with_ratings(by_turn, site), rules.guard_minutes)


def _by_turn(room: Room, offers: Offers, site: Site, rules: FailSafe) -> list[Floats]:
    """One for the whole day, or one for each turn of it."""
    fair = filled(room, np.zeros_like(offers.most_kw), offers.most_kw)
    in_site_order = np.arange(len(site.evses))
    if not (fair < offers.least_kw - ROUNDING_KW).any():
        return [fair]
    if rules.policy is SharePolicy.ROTATE:
        return turns(lambda order: _first_n(room, offers, order), in_site_order, rules.turns_a_day)
    return [_first_n(room, offers, _declared_order(site, rules))]


def _declared_order(site: Site, rules: FailSafe) -> Ints:
    """Those that are named first, then the others; by the site's order where nobody is."""
    place = {name: k for k, name in enumerate(rules.order)}
    rank = [place.get(evse.id, len(place)) for evse in site.evses]
    return np.argsort(rank, kind="stable")


def _first_n(room: Room, offers: Offers, order: Ints) -> Floats:
    """Minima in this order for as many as fit, the others 0; what is left over is spread, the least first."""
    shares = np.zeros_like(offers.least_kw)
    in_service = order[offers.least_kw[order] <= offers.most_kw[order] + ROUNDING_KW]
    for k in in_service.tolist():
        least_kw, left_kw = offers.least_kw[k], room.of(shares, k)
        if left_kw >= least_kw - ROUNDING_KW:
            shares[k] = min(least_kw, left_kw)
    served = shares >= offers.least_kw - ROUNDING_KW
    return filled(room, shares, np.where(served, offers.most_kw, 0.0))


def _settled(room: Room, shares: Floats, offers: Offers) -> Floats:
    """On levels, with what they leave over."""
    return _rest_spread(room, _on_levels(shares, offers), offers)


def _with_ratings(shares: Floats, site: Site) -> Floats:
    """Shares (turns, E) with the rating of those that nothing holds. [kW]"""
    assert site.voltage_v is not None
    for k in _uncontrolled(site):
        shares[:, k] = evse_max_power_kw(site.evses[k], None, site.voltage_v)
    return shares


def _uncontrolled(site: Site) -> list[int]:
    """Where the site has a fail-safe at all; without one shares are what each EVSE is sent."""
    return [k for k, evse in enumerate(site.evses) if site.fail_safe is not None and is_uncontrolled(evse, site)]


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
    """Of EVSEs that nothing holds nothing: what they draw is load that nobody controls."""
    assert site.voltage_v is not None
    most = [evse_max_power_kw(evse, None, site.voltage_v) for evse in site.evses]
    for k in _uncontrolled(site):
        most[k] = 0.0
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
    held = _held(scenario, span)
    limits = import_limits(scenario, branches, span, generation(site, branches, span), held)
    limits = replace(limits, high_kw=limits.high_kw + _batteries_kw(site, branches, limits.high_kw.shape))
    power_factor = np.array([evse.power_factor for evse in site.evses], dtype=float)
    powers = power_limits(limits, tuple(e.id for e in site.evses), efficiency, power_factor)
    grouped = _group_rows(scenario, span, limits, efficiency, held)
    rows = joined([powers, grouped, *_current_rows(scenario, branches, span, held)])
    return replace(rows, limit=rows.limit.min(axis=1, keepdims=True), base=rows.base.max(axis=1, keepdims=True))


def _held(scenario: Scenario, span: Periods) -> tuple[Held, ...]:
    """EVSEs out of reach, and those that would not obey a share."""
    away, site = held_evses(scenario, span), scenario.site
    known, volts = {one.evse.id for one in away}, site.voltage_v
    assert volts is not None
    others = [site.evses[k] for k in _uncontrolled(site) if site.evses[k].id not in known]
    return (*away, *(Held(evse, np.full(span.count, evse_max_power_kw(evse, None, volts))) for evse in others))


def _group_rows(
    scenario: Scenario, span: Periods, limits: ImportLimits, efficiency: Floats, held: tuple[Held, ...]
) -> Limits:
    """Capped groups, with every battery charging in full beside the cars."""
    site = scenario.site
    rows = group_limits(limits, groups(scenario, span, held), tuple(evse.id for evse in site.evses), efficiency)
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


def _current_rows(scenario: Scenario, branches: Tree, span: Periods, held: tuple[Held, ...]) -> list[Limits]:
    """A car on every number of phases that an EVSE can serve, as alternatives of one load; none without such limits."""
    if not any(limits_current(node) for node in branches.nodes):
        return []
    cars = anybody(scenario, branches, span, held)
    return [current_limits(p, cars.evse, cars.alternative, len(scenario.site.evses)) for p in cars.points]
