"""What may happen after the plan has begun: who else may come, and other load or sun, each with its chance."""

from dataclasses import replace
from typing import TYPE_CHECKING

from models.domain.session import Session
from models.domain.site import BaseLoad, PvPlant
from models.domain.value import value

if TYPE_CHECKING:
    from models.domain.scenario import Scenario


@value
class Future:
    """One course that the day may take. What is left of the chances to 1 is the day as it is told without any."""

    id: str
    weight: float
    """Its chance, 0 to 1."""
    sessions: tuple[Session, ...] = ()
    """Who comes then and is not there yet."""
    base_loads: tuple[BaseLoad, ...] | None = None
    """In place of those of the site. None: the same."""
    pv_plants: tuple[PvPlant, ...] | None = None
    """In place of those of the site. None: the same."""


def in_future(scenario: "Scenario", future: Future) -> "Scenario":
    """The scenario as it is when the future has come."""
    site = scenario.site
    loads = site.base_loads if future.base_loads is None else future.base_loads
    plants = site.pv_plants if future.pv_plants is None else future.pv_plants
    site = replace(site, base_loads=loads, pv_plants=plants)
    return replace(scenario, site=site, sessions=(*scenario.sessions, *future.sessions), futures=())


def chance_of_none(scenario: "Scenario") -> float:
    """Of the day as it is told without any future."""
    return max(0.0, 1.0 - sum(future.weight for future in scenario.futures))
