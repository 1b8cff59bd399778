"""What an EVSE follows by itself: what is installed on it, and, out of reach, what it was seen to do (S3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import evse_max_power_kw
from models.domain.installed import Installed, OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.series import How, values
from models.domain.site import Evse, Site
from optimizer.instance.periods import Periods

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Held:
    """An EVSE that cannot be reached."""

    evse: Evse
    power_kw: Floats
    """(T,) what it follows, at evse, with all of its phases in use. [kW]"""


def held_evses(scenario: Scenario, span: Periods) -> tuple[Held, ...]:
    """The EVSEs of a completed scenario that cannot be reached."""
    evses = {evse.id: evse for evse in scenario.site.evses}
    return tuple(
        Held(evses[one.evse], _offline_kw(one, evses[one.evse], scenario.site, span))
        for one in scenario.installed
        if not one.reachable
    )


def _offline_kw(one: Installed, evse: Evse, site: Site, span: Periods) -> Floats:
    if one.offline is OfflineBehaviour.STOPS:
        return np.zeros(span.count)
    if one.offline is OfflineBehaviour.KEEPS:
        return installed_kw(one, evse, site, span)
    rating_kw = _rating_kw(evse, site)
    told = one.default_kw if one.offline is OfflineBehaviour.DEFAULT else None
    return np.full(span.count, rating_kw if told is None else min(told, rating_kw))


def installed_kw(one: Installed, evse: Evse, site: Site, span: Periods) -> Floats:
    """The largest of all that it may be following, at most its rating (T,). [kW at evse]"""
    rating_kw = np.full(span.count, _rating_kw(evse, site))
    if not any(profile.acknowledged for profile in one.profiles):
        return rating_kw
    told = [values(profile.power_kw, span.instants_s, How.LARGEST) for profile in one.profiles]
    return np.asarray(np.minimum(rating_kw, np.max(told, axis=0)))


def _rating_kw(evse: Evse, site: Site) -> float:
    assert site.voltage_v is not None
    return evse_max_power_kw(evse, None, site.voltage_v)
