"""S2 and S3 on paper: what EVSEs may be following besides the plan, read from what is installed on each."""

from dataclasses import replace
from math import inf

from models.domain.installed import Installed, OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse
from models.domain.units import amperes_from_kw, seconds_from_minutes
from tests.oracle.paper_arrivals import fallen_kw, is_blind
from tests.oracle.paper_loads import PaperSession, leg_of, max_power_kw, volts_and_conductors
from tests.oracle.paper_time import largest


def of_evse(scenario: Scenario, evse: str) -> Installed | None:
    return next((one for one in scenario.installed if one.evse == evse), None)


def is_held(scenario: Scenario, evse: str) -> bool:
    one = of_evse(scenario, evse)
    return one is not None and not one.reachable


def held_evses(scenario: Scenario) -> list[Evse]:
    return [evse for evse in scenario.site.evses if is_held(scenario, evse.id)]


def held_kw(scenario: Scenario, evse: Evse, start_s: float, end_s: float) -> float:
    """What an EVSE out of reach follows, with all of its phases in use. [kW at evse]"""
    one = of_evse(scenario, evse.id)
    assert one is not None
    if one.offline is OfflineBehaviour.KEEPS:
        return installed_kw(scenario, evse, one, start_s, end_s)
    told = {OfflineBehaviour.STOPS: 0.0, OfflineBehaviour.DEFAULT: one.default_kw}.get(one.offline)
    return rating_kw(scenario, evse) if told is None else min(told, rating_kw(scenario, evse))


def installed_kw(scenario: Scenario, evse: Evse, one: Installed, start_s: float, end_s: float) -> float:
    known = any(profile.acknowledged for profile in one.profiles)
    told = [largest(profile.power_kw, start_s, end_s) for profile in one.profiles] if known else [inf]
    return min(rating_kw(scenario, evse), max(told))


def rating_kw(scenario: Scenario, evse: Evse) -> float:
    return max_power_kw(anybody(evse), replace(evse, connectors=()), site_v(scenario))


def amperes_per_kw(scenario: Scenario, evse: Evse) -> float:
    return amperes_from_kw(1.0, *volts_and_conductors(anybody(evse), evse, site_v(scenario)))


def floor_kw(scenario: Scenario, s: PaperSession, start_s: float, end_s: float, plan_start_s: float) -> float | None:
    """What the EVSE of a session may still follow in a period; None where nothing is installed any more."""
    one, evse = of_evse(scenario, s.evse), next(e for e in scenario.site.evses if e.id == s.evse)
    until_s = plan_start_s + seconds_from_minutes(scenario.acknowledge_minutes or 0.0)
    may = []
    if one is not None and one.reachable and start_s < until_s:
        may.append(installed_kw(scenario, evse, one, start_s, end_s))
    if is_blind(scenario, start_s, plan_start_s) and s.arrival_s <= plan_start_s and not is_held(scenario, s.evse):
        fallen = fallen_kw(scenario, evse, rating_kw(scenario, evse))
        may += [] if fallen is None else [fallen]
    return min(part(scenario, s, evse) * max(may), s.max_power_kw) if may else None


def most_kw(scenario: Scenario, s: PaperSession, start_s: float, end_s: float) -> float:
    """(4), and of a car at an EVSE out of reach no more than that follows."""
    if not is_held(scenario, s.evse):
        return s.max_power_kw
    evse = next(e for e in scenario.site.evses if e.id == s.evse)
    return min(s.max_power_kw, part(scenario, s, evse) * held_kw(scenario, evse, start_s, end_s))


def part(scenario: Scenario, s: PaperSession, evse: Evse) -> float:
    """Of a power with all phases in use, what a vehicle has with the same current on its own."""
    return amperes_per_kw(scenario, evse) / s.amperes_per_kw


def anybody(evse: Evse) -> Session:
    """A car of which nothing is known."""
    return Session(id="anybody", evse=evse.id, arrival=None)  # type: ignore[arg-type]  # it is never asked


def leg_label(evse: Evse) -> str:
    return leg_of(anybody(evse), evse)


def site_v(scenario: Scenario) -> float:
    if scenario.site.voltage_v is None:
        raise ValueError("the paper model takes a completed scenario: the site has no voltage")
    return scenario.site.voltage_v
