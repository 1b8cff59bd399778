"""A car at every EVSE, on every set of its phases that a car can load: what flows when nobody knows who comes.

The sets of one EVSE are alternatives of one load with the same current on each of its conductors. Their angles differ:
of an EVSE between three lines, a car on two of them lines up with others that are there.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import conversion_efficiency, kw_per_ampere, phases_used
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import Evse, Site
from models.domain.times import instant
from optimizer.instance.currents import CurrentPoint, current_points
from optimizer.instance.held import Held
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import sessions
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Anybody:
    """Where currents are limited, with a car (C,) for every EVSE and every set of phases as its sessions."""

    points: tuple[CurrentPoint, ...]
    """Their ``amperes_per_kw`` are those of a kW with all phases of the EVSE in use."""
    evse: Ints
    """(C,) position of its EVSE at the site."""
    alternative: Ints
    """(C,) which of the sets of its EVSE."""


def anybody(scenario: Scenario, branches: Tree, span: Periods, held: tuple[Held, ...] = ()) -> Anybody:
    """Of a completed scenario, whoever is there according to it; EVSEs out of reach count in size as well."""
    site, tier = scenario.site, scenario.site.tiers[0].id
    cars = [(k, car) for k, evse in enumerate(site.evses) for car in _cars(evse, tier, span)]
    evse = np.array([k for k, _ in cars], dtype=np.int64)
    everybody = replace(scenario, sessions=tuple(car for _, car in cars))
    points = current_points(everybody, branches, sessions(everybody, branches, span), span, held=held)
    per_kw = _amperes_per_kw(site)[evse]
    counted = tuple(replace(point, amperes_per_kw=per_kw[point.sessions]) for point in points)
    return Anybody(counted, evse, np.arange(len(cars)) - np.searchsorted(evse, evse))


def _amperes_per_kw(site: Site) -> Floats:
    """Current on each conductor per kW at evse, with losses, all phases in use (E,). [A/kW]"""
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
