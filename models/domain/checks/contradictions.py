"""Bounds of one device that leave it no current but 0: no plan can do anything about them.

A bound of 0 is not one of them: that is a device out of service.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import inf

from models.domain.electrical import evse_max_power_kw, kw_per_ampere, min_current_a
from models.domain.findings import Finding
from models.domain.paths import label
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import CurrentType, Evse

TOLERANCE_A = 1e-9
"""Of currents that were computed from a power. [A]"""
_Bound = tuple[str, float]
"""Which datum, as ``bay-1.max_current_a``, and its value. [A]"""


def contradicting_bounds(scenario: Scenario, site_voltage_v: float) -> Iterator[Finding]:
    """One finding for each set of bounds that cannot hold together, named in ``ids``.

    Take any of them away and the contradiction is gone. References of the scenario lead somewhere.
    """
    evses = {evse.id: evse for evse in scenario.site.evses}
    for i, evse in enumerate(scenario.site.evses):
        own = _evse_bounds(evse, site_voltage_v)
        yield from _below_minimum(f"site.evses[{i}].min_current_a", evse, [*own, *_connector_bounds(evse)])
        yield from _no_level(f"site.evses[{i}].pilot_levels_a", evse, own)
    for i, session in enumerate(scenario.sessions):
        evse = evses[session.evse]
        yield from _below_minimum(f"sessions[{i}].vehicle.max_current_a", evse, _vehicle_bounds(session, evse))


def _evse_bounds(evse: Evse, site_voltage_v: float) -> list[_Bound]:
    """What bounds its current from above; the power of a DC EVSE has no current of its own."""
    bounds = [] if evse.max_current_a is None else [(f"{evse.id}.max_current_a", evse.max_current_a)]
    if evse.max_power_kw is not None and evse.current is CurrentType.AC:
        power_kw = evse_max_power_kw(replace(evse, max_current_a=None), None, site_voltage_v)
        bounds.append((f"{evse.id}.max_power_kw", power_kw / kw_per_ampere(evse, None, site_voltage_v)))
    return [bound for bound in bounds if bound[1] > 0]


def _connector_bounds(evse: Evse) -> list[_Bound]:
    found = [(f"{evse.id}.connectors.{c.id}.max_current_a", c.max_current_a) for c in evse.connectors]
    return [(name, current_a) for name, current_a in found if current_a]


def _vehicle_bounds(session: Session, evse: Evse) -> list[_Bound]:
    vehicle = session.vehicle
    if vehicle is None or not vehicle.max_current_a or evse.current is CurrentType.DC:
        return []
    return [(f"{session.id}.vehicle.max_current_a", vehicle.max_current_a)]


def _below_minimum(path: str, evse: Evse, bounds: list[_Bound]) -> Iterator[Finding]:
    least_a = min_current_a(evse)
    for name, highest_a in bounds:
        if highest_a < least_a - TOLERANCE_A:
            message = f"{label(evse)} offers at least {least_a:g} A, but {name} allows {highest_a:.4g} A"
            remedy = "correct one of them; a single-phase EVSE has one of L1, L2, L3 as its phases"
            yield Finding(path=path, message=message, remedy=remedy, ids=(f"{evse.id}.min_current_a", name))


def _no_level(path: str, evse: Evse, bounds: list[_Bound]) -> Iterator[Finding]:
    """Pilot levels of which none but 0 lies between the least and the highest current."""
    if evse.pilot_levels_a is None:
        return
    levels = [level for level in evse.pilot_levels_a if level > 0]
    least = (f"{evse.id}.min_current_a", min_current_a(evse))
    highest = min(bounds, key=lambda bound: bound[1], default=(f"{evse.id}.max_current_a", inf))
    guilty = _guilty(levels, least, highest)
    if guilty is not None:
        yield _level_finding(path, evse, guilty)


def _guilty(levels: list[float], least: _Bound, highest: _Bound) -> list[_Bound] | None:
    """The fewest bounds without which some level would fit; None when one fits."""
    high_enough = [level for level in levels if level >= least[1] - TOLERANCE_A]
    low_enough = [level for level in levels if level <= highest[1] + TOLERANCE_A]
    if not levels:
        return []
    if not high_enough or not low_enough:
        return [highest] if high_enough else [least]
    fits = max(low_enough) >= least[1] - TOLERANCE_A
    # Where the bounds contradict each other, that is a smaller set and told already.
    return None if fits or highest[1] < least[1] - TOLERANCE_A else [least, highest]


def _level_finding(path: str, evse: Evse, bounds: list[_Bound]) -> Finding:
    against = " and ".join(f"{name} {current_a:.4g} A" for name, current_a in bounds) or "that any car could use"
    message = f"{label(evse)}: none of its pilot levels but 0 fits {against}"
    ids = (f"{evse.id}.pilot_levels_a", *(name for name, _ in bounds))
    return Finding(path=path, message=message, remedy="correct the levels or the current that they miss", ids=ids)
