"""(21) on paper: the worst few EVSEs that may get a car while nobody is in contact, direction by direction."""

from cmath import rect
from collections.abc import Callable, Collection
from math import radians

from models.domain.installed import OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import Evse, GridNode
from models.domain.units import seconds_from_minutes
from tests.oracle.paper_loads import LINES, Leg, leg_of, way_up


def is_blind(scenario: Scenario, start_s: float, plan_start_s: float) -> bool:
    rules = scenario.site.fail_safe
    return rules is not None and start_s < plan_start_s + seconds_from_minutes(rules.blind_minutes)


def behaviour(scenario: Scenario, evse: Evse) -> OfflineBehaviour:
    of_all = scenario.site.fail_safe.offline if scenario.site.fail_safe else None
    return evse.offline or of_all or OfflineBehaviour.UNKNOWN


def follows_kw(scenario: Scenario, evse: Evse, rating: float) -> float:
    """Shares of this model are the same all day and nothing older is installed. [kW at evse]"""
    if behaviour(scenario, evse) in (OfflineBehaviour.FULL, OfflineBehaviour.UNKNOWN):
        return rating
    return min(rating, next(share.power_kw for share in scenario.shares if share.evse == evse.id))


def fallen_kw(scenario: Scenario, evse: Evse, rating: float) -> float | None:
    """What an EVSE with a car follows that falls back without contact; None of one that does not."""
    keeps = behaviour(scenario, evse) in (OfflineBehaviour.KEEPS, OfflineBehaviour.STOPS)
    return None if keeps else follows_kw(scenario, evse, rating)


def free_evses(scenario: Scenario, start_s: float, plan_start_s: float) -> list[Evse]:
    """Without a car in a period of the blind time, of those that are there when the plan begins, and within reach."""
    if not is_blind(scenario, start_s, plan_start_s):
        return []
    taken = {
        s.evse
        for s in scenario.sessions
        if s.arrival.timestamp() <= plan_start_s and s.departure is not None and start_s < s.departure.timestamp()
    }
    away = {one.evse for one in scenario.installed if not one.reachable}
    return [evse for evse in scenario.site.evses if evse.id not in taken | away]


def worst_few(scenario: Scenario, amounts: Collection[float]) -> float:
    rules = scenario.site.fail_safe
    count = len(amounts) if rules is None or rules.arrivals is None else rules.arrivals
    return sum(sorted(amounts, reverse=True)[:count])


def reserve_kw(
    scenario: Scenario,
    evses: Collection[Evse],
    start_s: float,
    plan_start_s: float,
    rating_kw: Callable[[Evse], float],
    kappa: Callable[[Evse], float],
) -> float:
    """Of some EVSEs, where a limit measures them."""
    free = [evse for evse in free_evses(scenario, start_s, plan_start_s) if evse in evses]
    return worst_few(scenario, [follows_kw(scenario, e, rating_kw(e)) / kappa(e) for e in free])


def reserve_a(
    scenario: Scenario,
    node: GridNode,
    line: str,
    angle_deg: float,
    free: Collection[Evse],
    amperes: Callable[[Evse], float],
) -> float:
    """What the worst few reach in one direction on one line, and those of unknown phase in size. [A]"""
    placed, loose = [], []
    for evse in free:
        legs = legs_of(scenario, evse, node)
        if not legs[0].known:
            side = "primary " if line.startswith("primary") else ""
            loose.append(amperes(evse) * max(abs(legs[0].phasors(node)[side + other]) for other in LINES))
        else:
            direction = rect(1.0, radians(-angle_deg))
            reached = [(direction * leg.phasors(node)[line]).real for leg in legs]
            placed.append(amperes(evse) * max(0.0, *reached))
    return worst_few(scenario, placed) + worst_few(scenario, loose)


def legs_of(scenario: Scenario, evse: Evse, node: GridNode) -> list[Leg]:
    """The conductors that cars on one, two or three phases load, as the node sees them."""
    way = tuple(n for n in way_up(scenario, evse.node, node.id) if n.transformer is not None)
    return [Leg(label, way) for label in dict.fromkeys(leg_of(_car(evse, count), evse) for count in (1, 2, 3))]


def _car(evse: Evse, phases: int) -> Session:
    vehicle = Vehicle(id="", phases=phases)
    return Session(id="anybody", evse=evse.id, arrival=None, vehicle=vehicle)  # type: ignore[arg-type]  # never asked
