"""What each session's EVSE can be offered, what it was offered before, and what cabinets share: S4, S5 as arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import (
    connector_used,
    conversion_efficiency,
    evse_max_power_kw,
    kw_per_ampere,
    max_charge_power_kw,
    min_current_a,
)
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.setpoints import SetpointRules
from models.domain.site import Allocator, CurrentType, Evse, MeasuringPoint, PowerCabinet, Site
from models.domain.units import hours_from_seconds, seconds_from_hours, seconds_from_minutes
from optimizer.instance.periods import Periods
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ROUNDING_KW = 1e-7
"""A level or a minimum that is missed by less is met: under a millionth of an ampere. [kW]"""
CRUMB_KW = 0.1
"""Where an EVSE has no minimum, less than this is nothing to start for. [kW]"""


@dataclass(frozen=True, slots=True)
class Ladder:
    """What one session can be offered, at evse. [kW]"""

    least_kw: float
    """Smallest offer other than 0; inf where there is none."""
    most_kw: float
    levels_kw: tuple[float, ...] | None
    """Ascending, the only ones other than 0; None: any from least to most."""


@dataclass(frozen=True, slots=True)
class Outlets:
    """Sessions at the outlets of one cabinet that cannot feed all of them, or has whole modules to give."""

    sessions: Ints
    at_once: int
    modules: int | None
    """How many there are; None where the cabinet allocates by itself."""


@dataclass(frozen=True, slots=True)
class Offers:
    """One entry per session (S,)."""

    rules: SetpointRules
    near: int
    """The first so many periods are near."""
    steered: Flags
    """False for sessions whose energy in the battery is followed, or whose EVSE cannot be reached: any power is planned
    for them."""
    ladders: tuple[Ladder, ...]
    module_kw: Floats
    """At evse; inf where there are none to be given. [kW]"""
    wait_h: Floats
    """After a start, until there is power. [h]"""
    on: Flags
    """When the plan begins."""
    since_s: Floats
    """When that began; -inf where it was offered nothing yet. [s]"""
    starts: Ints
    cabinets: tuple[Outlets, ...]

    @property
    def max_starts(self) -> float:
        """Inf for any number."""
        return inf if self.rules.max_starts is None else self.rules.max_starts

    @property
    def min_on_s(self) -> float:
        return seconds_from_minutes(self.rules.min_on_minutes)

    @property
    def min_off_s(self) -> float:
        return seconds_from_minutes(self.rules.min_off_minutes)


def offers(scenario: Scenario, tree: Tree, span: Periods, followed: Ints, unreachable: Flags) -> Offers | None:
    """Of a completed scenario, of which some sessions are followed or out of reach; None without rules of the site."""
    site, rules = scenario.site, scenario.site.setpoints
    if rules is None:
        return None
    evses = [tree.evses[s.evse] for s in scenario.sessions]
    cabinet = {evse: c for c in site.cabinets for evse in c.evses}
    modules = [_module_kw(evse, cabinet.get(evse.id)) for evse in evses]
    histories = [s.offer_history if s.arrival.timestamp() <= span.start_s else None for s in scenario.sessions]
    return Offers(
        rules=rules,
        steered=~np.isin(np.arange(len(evses)), followed) & ~unreachable,
        near=int(np.searchsorted(span.instants_s[:-1], span.start_s + seconds_from_hours(rules.near_h))),
        ladders=tuple(
            _ladder(session, evse, module_kw, _all_kw(cabinet.get(evse.id), module_kw), site)
            for session, evse, module_kw in zip(scenario.sessions, evses, modules, strict=True)
        ),
        module_kw=np.array(modules, dtype=float),
        wait_h=np.array([hours_from_seconds(_switch_over_s(cabinet.get(evse.id))) for evse in evses], dtype=float),
        on=np.array([h is not None and h.on for h in histories], dtype=bool),
        since_s=np.array([-inf if h is None else h.since.timestamp() for h in histories], dtype=float),
        starts=np.array([0 if h is None else h.starts for h in histories], dtype=np.int64),
        cabinets=tuple(_outlets(scenario)),
    )


def _switch_over_s(cabinet: PowerCabinet | None) -> float:
    return 0.0 if cabinet is None else cabinet.switch_over_s


def _module_kw(evse: Evse, cabinet: PowerCabinet | None) -> float:
    if cabinet is None or cabinet.module_kw is None or cabinet.allocates is Allocator.CABINET:
        return inf
    at_grid = cabinet.measured_at is MeasuringPoint.GRID
    return cabinet.module_kw * (conversion_efficiency(evse) if at_grid else 1.0)


def _all_kw(cabinet: PowerCabinet | None, module_kw: float) -> float:
    """What an outlet has with all modules of its cabinet; inf where there are none to be given. [kW at evse]"""
    return inf if cabinet is None or module_kw == inf else module_kw * _count(cabinet)


def _ladder(session: Session, evse: Evse, module_kw: float, all_kw: float, site: Site) -> Ladder:
    """An EVSE cannot offer more than its own limits; a vehicle that takes less than the minimum is offered that."""
    assert site.voltage_v is not None
    takes_kw = max_charge_power_kw(session, evse, site.voltage_v)
    if evse.current is CurrentType.DC:
        return _modules_ladder(min(takes_kw, all_kw), module_kw)
    per_ampere = kw_per_ampere(evse, session.vehicle, site.voltage_v)
    own_kw = _own_kw(session, evse, per_ampere, site.voltage_v)
    least_kw = max(min_current_a(evse) * per_ampere, min(CRUMB_KW, takes_kw))
    if evse.pilot_levels_a is None:
        fits = least_kw <= own_kw + ROUNDING_KW and takes_kw > 0.0
        return Ladder(least_kw, max(least_kw, takes_kw), None) if fits else _nothing()
    levels = [a * per_ampere for a in evse.pilot_levels_a if a >= min_current_a(evse) and a > 0.0]
    offered = [level for level in levels if level <= own_kw + ROUNDING_KW]
    usable = [level for level in offered if level <= takes_kw + ROUNDING_KW] or offered[:1]
    return Ladder(usable[0], usable[-1], tuple(usable)) if usable and takes_kw > 0.0 else _nothing()


def _nothing() -> Ladder:
    return Ladder(inf, 0.0, ())


def _own_kw(session: Session, evse: Evse, per_ampere: float, voltage_v: float) -> float:
    """What EVSE and connector allow, whatever the vehicle takes. [kW]"""
    connector = connector_used(session, evse)
    limits = [evse_max_power_kw(evse, session.vehicle, voltage_v)]
    if connector is not None:
        limits += [] if connector.max_power_kw is None else [connector.max_power_kw]
        limits += [] if connector.max_current_a is None else [connector.max_current_a * per_ampere]
    return min(limits)


def _modules_ladder(takes_kw: float, module_kw: float) -> Ladder:
    """Whole modules, of which the last one need not be used in full; currents are no limits of a DC EVSE."""
    if takes_kw <= 0.0:
        return _nothing()
    if module_kw == inf:
        return Ladder(min(CRUMB_KW, takes_kw), takes_kw, None)
    below = [module_kw * k for k in range(1, 1 + int(takes_kw / module_kw)) if module_kw * k < takes_kw - ROUNDING_KW]
    levels = (*below, takes_kw)
    return Ladder(levels[0], takes_kw, levels)


def _outlets(scenario: Scenario) -> Iterator[Outlets]:
    for cabinet in scenario.site.cabinets:
        gives = cabinet.module_kw is not None and cabinet.allocates is Allocator.OPTIMIZER
        if cabinet.outlets_at_once is not None or gives:
            inside = [s for s, session in enumerate(scenario.sessions) if session.evse in cabinet.evses]
            yield Outlets(
                sessions=np.array(inside, dtype=np.int64),
                at_once=len(scenario.sessions) if cabinet.outlets_at_once is None else cabinet.outlets_at_once,
                modules=_count(cabinet) if gives else None,
            )


def _count(cabinet: PowerCabinet) -> int:
    assert cabinet.module_kw is not None
    return int(cabinet.total_kw / cabinet.module_kw + ROUNDING_KW)
